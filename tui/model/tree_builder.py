"""Makes a file tree of paths that come in any order, as a layer's archive tells them."""

from array import array
from typing import Final

from tui.model.file_tree import ESCAPES, IMPLIED, OPAQUE, REPLACES, ROOT, Columns, FileTree, Kind

MAX_PATH: Final = 32 << 10
_FOLDER_MODE: Final = 0o755
_MAX_OWNER: Final = (1 << 32) - 1
_MAX_NUMBER: Final = (1 << 63) - 1
_FILE: Final = int(Kind.FILE)
_WHITEOUT: Final = b".wh."
_OPAQUE: Final = b".wh..wh..opq"
_AUFS: Final = b".wh..wh."
_SEPARATOR: Final = b"/"
_MOST_LOOSE: Final = 1 << 16
"""Names in dictionaries from which they are packed."""
_MOST_REOPENED: Final = 4
"""Names taken out again, for each path, from which packing is given up."""
_KEPT: Final = OPAQUE | REPLACES
"""Flags that a later entry of the same path leaves as they are."""


class PathTooLong(ValueError):
    """A path over MAX_PATH bytes."""


class TreeBuilder:
    """Takes one entry after the other; an entry told twice is the last one. Whiteouts become nodes and flags.

    Archives tell folder by folder. So what is in a folder stands in a dictionary for a while, and is put close together
    once others have come: a tenth of the memory. Archives that jump about stay in dictionaries.
    """

    __slots__ = (
        "_children",
        "_columns",
        "_folders",
        "_last_folder",
        "_last_parent",
        "_layer",
        "_loose_names",
        "_most_loose",
        "_packed",
        "_reopened",
    )

    def __init__(self, *, layer: bool = True) -> None:
        """Without `layer` it is a whole file system, in which a name that begins with `.wh.` is a name as any other."""
        self._layer = layer
        self._columns = Columns()
        self._children: dict[int, dict[bytes, int]] = {}
        self._packed: dict[int, tuple[bytes, array[int]]] = {}
        self._loose_names = 0
        self._most_loose = _MOST_LOOSE
        self._reopened = 0
        self._folders: dict[bytes, int] = {b"": ROOT}
        self._last_folder = b""
        self._last_parent = ROOT
        self._append(Kind.FOLDER, IMPLIED, _FOLDER_MODE)

    def __len__(self) -> int:
        return len(self._columns.kind)

    def add(
        self,
        path: bytes,
        kind: Kind,
        size: int = 0,
        mode: int = 0o644,
        owner: tuple[int, int] = (0, 0),
        mtime: int = 0,
        link: bytes = b"",
    ) -> None:
        """Takes an entry; what `path` has of `..` and roots ends at the tree's root.

        Raises PathTooLong.
        """
        if len(path) > MAX_PATH:
            raise PathTooLong(f"the path has {len(path)} bytes, {MAX_PATH} are allowed")
        clean, flags = normalize(path)
        if self._layer and clean.startswith(_AUFS) and clean != _OPAQUE:
            return  # bookkeeping of aufs, no part of the image
        folder, _, name = clean.rpartition(b"/")
        if folder != self._last_folder:
            self._last_parent = self._folder(folder)
            self._last_folder = folder
        parent = self._last_parent
        if self._layer and name.startswith(_WHITEOUT):
            if name == _OPAQUE:
                self._columns.flags[parent] |= OPAQUE
                return
            self._whiteout(parent, name[len(_WHITEOUT) :])
            return
        if not clean and kind != Kind.FOLDER:
            return  # nothing but a folder can be the root
        node = ROOT if not clean else self._node(parent, name)
        columns = self._columns
        columns.flags[node] = columns.flags[node] & _KEPT | flags
        columns.kind[node] = kind
        columns.mode[node] = mode & 0o7777
        uid, gid = owner
        columns.uid[node] = uid if 0 <= uid <= _MAX_OWNER else _clamp(uid, 0, _MAX_OWNER)
        columns.gid[node] = gid if 0 <= gid <= _MAX_OWNER else _clamp(gid, 0, _MAX_OWNER)
        columns.size[node] = _clamp(size, 0, _MAX_NUMBER) if kind == _FILE else 0
        columns.mtime[node] = _clamp(mtime, -_MAX_NUMBER, _MAX_NUMBER)
        if link:
            columns.link[node] = link
        elif columns.link:
            columns.link.pop(node, None)

    def finish(self) -> FileTree:
        """Returns the tree, and gives back the memory the building took."""
        self._folders.clear()
        order, columns = self._ordered()
        source = self._columns
        columns.kind = bytearray(source.kind[node] for node in order)
        columns.flags = bytearray(source.flags[node] for node in order)
        columns.mode = array("H", (source.mode[node] for node in order))
        columns.uid = array("I", (source.uid[node] for node in order))
        columns.gid = array("I", (source.gid[node] for node in order))
        columns.size = array("q", (source.size[node] for node in order))
        columns.mtime = array("q", (source.mtime[node] for node in order))
        if source.link:
            columns.link = {place: source.link[node] for place, node in enumerate(order) if node in source.link}
        self._columns = Columns()
        return FileTree(columns)

    def _ordered(self) -> tuple["array[int]", Columns]:
        """The nodes breadth first and by name, and the columns that tell their places."""
        columns = Columns()
        columns.place(b"", ROOT)
        order = array("I", [ROOT])
        for place, node in enumerate(order):  # grows as it goes
            children = self._taken(node)
            if not children:
                continue
            columns.first[place] = len(order)
            columns.count[place] = len(children)
            for name in sorted(children):
                columns.place(name, place)
                order.append(children[name])
        return order, columns

    def _append(self, kind: Kind, flags: int, mode: int) -> int:
        columns = self._columns
        node = len(columns.kind)
        columns.kind.append(kind)
        columns.flags.append(flags)
        columns.mode.append(mode)
        columns.uid.append(0)
        columns.gid.append(0)
        columns.size.append(0)
        columns.mtime.append(0)
        return node

    def _in(self, folder: int) -> dict[bytes, int]:
        """What is in a folder, by name; put back into a dictionary where it was packed."""
        children = self._children.get(folder)
        if children is None:
            children = self._children[folder] = self._taken(folder)
            self._loose_names += len(children)
            self._reopened += len(children)
        return children

    def _taken(self, folder: int) -> dict[bytes, int]:
        """What is in a folder, which is forgotten here."""
        if (children := self._children.pop(folder, None)) is not None:
            return children
        names, nodes = self._packed.pop(folder, (b"", None))
        return dict(zip(names.split(_SEPARATOR), nodes, strict=True)) if nodes else {}

    def _pack(self) -> None:
        """Puts the names of all folders close together, unless that was in vain too often."""
        if self._reopened > _MOST_REOPENED * len(self):
            self._most_loose = _MAX_NUMBER
            return
        for folder, children in self._children.items():
            if children:
                self._packed[folder] = _SEPARATOR.join(children), array("I", children.values())
        self._children.clear()
        self._loose_names = 0

    def _node(self, parent: int, name: bytes) -> int:
        children = self._children.get(parent)
        if children is None:
            if self._loose_names > self._most_loose:
                self._pack()
            children = self._in(parent)
        node = children.get(name)
        if node is None:
            node = children[name] = self._append(Kind.FOLDER, IMPLIED, _FOLDER_MODE)
            self._loose_names += 1
        return node

    def _folder(self, path: bytes) -> int:
        """The node of a folder, made with its parents where no entry told of it."""
        known = self._folders.get(path)
        if known is not None and self._columns.kind[known] != Kind.WHITEOUT:
            return known
        node = ROOT
        position = 0
        while position >= 0:
            position = path.find(b"/", position + 1)
            prefix = path if position < 0 else path[:position]
            found = self._folders.get(prefix)
            node = found if found is not None else self._node(node, prefix.rpartition(b"/")[2])
            if found is None:
                self._folders[prefix] = node
            if self._columns.kind[node] == Kind.WHITEOUT:
                self._columns.kind[node] = Kind.FOLDER
                self._columns.flags[node] = OPAQUE | REPLACES | IMPLIED
        return node

    def _whiteout(self, parent: int, name: bytes) -> None:
        """Marks a path as removed; where the layer brings a new one itself, that one stays and hides the old."""
        if not name:
            return
        known = self._in(parent).get(name)
        if known is None:
            node = self._node(parent, name)
            self._columns.kind[node] = Kind.WHITEOUT
            self._columns.flags[node] = _KEPT  # stay, should the layer bring something new under the name
        elif self._columns.kind[known] != Kind.WHITEOUT:
            self._columns.flags[known] |= _KEPT


def _clamp(number: int, low: int, high: int) -> int:
    return low if number < low else high if number > high else number


def normalize(path: bytes) -> tuple[bytes, int]:
    """Returns a path without `.`, empty parts and `..`, which cannot leave the root; and ESCAPES where it tries to."""
    if path.startswith(b"./"):
        path = path[2:]
    path = path.rstrip(b"/")
    if b"//" not in path and b"." not in path[:1] and b"/." not in path and not path.startswith(b"/"):
        return path, 0
    flags = ESCAPES if path.startswith(b"/") else 0
    parts: list[bytes] = []
    for part in path.split(b"/"):
        if part == b"..":
            flags = ESCAPES
            if parts:
                parts.pop()
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/".join(parts), flags
