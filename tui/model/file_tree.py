"""A tree of files held in arrays: some 70 bytes a path, so that a million paths fit in memory."""

import enum
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

ROOT: Final = 0
_SEPARATOR: Final = b"/"


class Kind(enum.IntEnum):
    """What a path is."""

    FOLDER = 0
    FILE = 1
    SYMLINK = 2
    HARDLINK = 3
    CHARACTER_DEVICE = 4
    BLOCK_DEVICE = 5
    FIFO = 6
    OTHER = 7
    WHITEOUT = 8
    """A mark of a layer: the path of the layers below is removed."""

    @property
    def special(self) -> bool:
        """Whether it is a device, a pipe or something unknown."""
        return Kind.CHARACTER_DEVICE <= self <= Kind.OTHER


class Change(enum.IntEnum):
    """What a layer does to a path of the layers below it."""

    SAME = 0
    ADDED = 1
    CHANGED = 2
    REMOVED = 3
    WITHIN = 4
    """A folder that is the same itself and holds something that is not."""


OPAQUE: Final = 1
"""Flag: the folder hides all that the layers below have in it."""
ESCAPES: Final = 2
"""Flag: the path was written with `..` or from the root."""
IMPLIED: Final = 4
"""Flag: no entry of its own, only paths below it."""
REPLACES: Final = 8
"""Flag: the layer removes the path first, and then brings it anew."""


class FileTree:
    """Nodes are numbers, the root is 0; parents stand before their children, a folder's children side by side by name.

    Names and links are decoded with surrogateescape, and are to be drawn literally. Sizes are bytes, times seconds
    since the epoch. Made by TreeBuilder and by merge. In a merged tree `change` holds a Change a node, and `layer` the
    number of the layer it comes from; they are empty in the tree of one layer.
    """

    __slots__ = (
        "_blob",
        "_count",
        "_file_count",
        "_first",
        "_flags",
        "_folded",
        "_gid",
        "_kind",
        "_link",
        "_mode",
        "_mtime",
        "_offset",
        "_parent",
        "_size",
        "_total",
        "_uid",
        "change",
        "layer",
    )

    def __init__(self, columns: "Columns", totals: "tuple[array[int], array[int]] | None" = None) -> None:
        """Takes the columns over; `totals` are the bytes and files below each node, counted where they are not told."""
        self._blob = bytes(columns.blob)
        self._offset = columns.offset
        self._parent = columns.parent
        self._first = columns.first
        self._count = columns.count
        self._kind = bytes(columns.kind)
        self._flags = bytes(columns.flags)
        self._mode = columns.mode
        self._uid = columns.uid
        self._gid = columns.gid
        self._size = columns.size
        self._mtime = columns.mtime
        self._link = columns.link
        self.change = bytes(columns.change)
        self.layer = columns.layer
        self._total, self._file_count = totals or _totals(columns)
        self._folded: bytes | None = None

    def __len__(self) -> int:
        return len(self._parent)

    def name_bytes(self, node: int) -> bytes:
        """The last part of the path, raw; empty for the root."""
        return self._blob[self._offset[node] : self._offset[node + 1] - 1]

    def name(self, node: int) -> str:
        """The last part of the path; empty for the root."""
        return self.name_bytes(node).decode("utf-8", "surrogateescape")

    def path(self, node: int) -> str:
        """The whole path, from `/`."""
        parts: list[bytes] = []
        while node != ROOT:
            parts.append(self.name_bytes(node))
            node = self._parent[node]
        return "/" + _SEPARATOR.join(reversed(parts)).decode("utf-8", "surrogateescape")

    def parent(self, node: int) -> int:
        """The folder a node is in; the root is its own."""
        return self._parent[node]

    def children(self, node: int) -> range:
        """The nodes in a folder, by name."""
        first = self._first[node]
        return range(first, first + self._count[node])

    def child(self, node: int, name: bytes) -> int | None:
        """The node with that raw name in a folder, or None."""
        low = self._first[node]
        high = low + self._count[node]
        while low < high:
            middle = (low + high) // 2
            found = self.name_bytes(middle)
            if found == name:
                return middle
            if found < name:
                low = middle + 1
            else:
                high = middle
        return None

    def find(self, path: str) -> int | None:
        """The node of a path, or None."""
        node: int | None = ROOT
        for part in path.encode("utf-8", "surrogateescape").split(_SEPARATOR):
            if part and node is not None:
                node = self.child(node, part)
        return node

    def search(self, text: str) -> Iterator[int]:
        """Yields the nodes whose name holds `text`, in whatever case (of ASCII letters), in the order of the tree."""
        needle = text.encode("utf-8", "surrogateescape").lower()
        if not needle or _SEPARATOR in needle:
            return
        if self._folded is None:
            self._folded = self._blob.lower()
        place = self._folded.find(needle)
        while place >= 0:
            node = bisect_right(self._offset, place) - 1
            yield node
            place = self._folded.find(needle, self._offset[node + 1])

    def kind(self, node: int) -> Kind:
        """What the node is."""
        return Kind(self._kind[node])

    def flags(self, node: int) -> int:
        """OPAQUE, ESCAPES and IMPLIED, or'ed."""
        return self._flags[node]

    def mode(self, node: int) -> int:
        """Permission bits with set-uid, set-gid and sticky."""
        return self._mode[node]

    def owner(self, node: int) -> tuple[int, int]:
        """User and group by number."""
        return self._uid[node], self._gid[node]

    def size(self, node: int) -> int:
        """The size of a file; 0 for all else."""
        return self._size[node]

    def mtime(self, node: int) -> int:
        """When it was changed, in seconds since the epoch."""
        return self._mtime[node]

    def link(self, node: int) -> str:
        """What a symbolic or hard link points to, as it is written; empty for all else."""
        return self._link.get(node, b"").decode("utf-8", "surrogateescape")

    def total_size(self, node: int) -> int:
        """The size of a file, or of all files below a folder, without what is removed."""
        return self._total[node]

    def file_count(self, node: int) -> int:
        """The paths below a folder that are no folders, without what is removed."""
        return self._file_count[node]

    def copy_node(self, node: int, place: int, columns: "Columns") -> None:
        """Appends a node, without its children, to the columns of another tree, under the parent at `place`."""
        columns.place(self.name_bytes(node), place)
        columns.kind.append(self._kind[node])
        columns.flags.append(self._flags[node])
        columns.mode.append(self._mode[node])
        columns.uid.append(self._uid[node])
        columns.gid.append(self._gid[node])
        columns.size.append(self._size[node])
        columns.mtime.append(self._mtime[node])
        if link := self._link.get(node):
            columns.link[len(columns.kind) - 1] = link

    def copy_children(self, node: int, place: int, columns: "Columns") -> list[tuple[int, int]]:
        """Appends a folder's nodes to another tree's columns, under `place`; returns pairs of (folder here, there)."""
        first = self._first[node]
        end = first + self._count[node]
        start = len(columns.kind)
        kinds = self._kind[first:end]
        shift = len(columns.blob) - self._offset[first]
        columns.blob += self._blob[self._offset[first] : self._offset[end]]
        columns.offset.extend(offset + shift for offset in self._offset[first + 1 : end + 1])
        columns.parent.extend(array("I", [place]) * (end - first))
        columns.first.extend(array("I", bytes(4 * (end - first))))
        columns.count.extend(array("I", bytes(4 * (end - first))))
        columns.kind += kinds
        columns.flags += self._flags[first:end]
        columns.mode.extend(self._mode[first:end])
        columns.uid.extend(self._uid[first:end])
        columns.gid.extend(self._gid[first:end])
        columns.size.extend(self._size[first:end])
        columns.mtime.extend(self._mtime[first:end])
        folders: list[tuple[int, int]] = []
        for step, kind in enumerate(kinds):
            if kind == Kind.FILE:
                continue
            if self._count[first + step]:
                folders.append((first + step, start + step))
            if link := self._link.get(first + step):
                columns.link[start + step] = link
        return folders

    def columns(self) -> "Columns":
        """Returns the arrays the tree is made of, to be read only."""
        columns = Columns()
        columns.blob, columns.kind = bytearray(self._blob), bytearray(self._kind)
        columns.flags, columns.change = bytearray(self._flags), bytearray(self.change)
        columns.offset, columns.parent, columns.first = self._offset, self._parent, self._first
        columns.count, columns.mode, columns.uid, columns.gid = self._count, self._mode, self._uid, self._gid
        columns.size, columns.mtime, columns.link, columns.layer = self._size, self._mtime, self._link, self.layer
        return columns

    def totals(self) -> "tuple[array[int], array[int]]":
        """Returns the bytes and the files below each node, to be read only."""
        return self._total, self._file_count

    @property
    def whiteouts(self) -> int:
        """How many paths of the layers below it the layer removes."""
        return self._kind.count(Kind.WHITEOUT)

    def has_whiteout(self, node: int) -> bool:
        """Whether the folder holds a mark of removal."""
        first = self._first[node]
        return self._kind.find(Kind.WHITEOUT, first, first + self._count[node]) >= 0


class Columns:
    """The arrays of a tree while it is made, one place a node."""

    __slots__ = (
        "blob",
        "change",
        "count",
        "first",
        "flags",
        "gid",
        "kind",
        "layer",
        "link",
        "mode",
        "mtime",
        "offset",
        "parent",
        "size",
        "uid",
    )

    def __init__(self) -> None:
        self.blob = bytearray()
        self.offset = array("I", [0])
        self.parent = array("I")
        self.first = array("I")
        self.count = array("I")
        self.kind = bytearray()
        self.flags = bytearray()
        self.mode = array("H")
        self.uid = array("I")
        self.gid = array("I")
        self.size = array("q")
        self.mtime = array("q")
        self.link: dict[int, bytes] = {}
        self.change = bytearray()
        self.layer = array("H")

    def place(self, name: bytes, parent: int) -> None:
        """Appends a node's name and parent; its children are still to come."""
        self.blob += name
        self.blob += _SEPARATOR
        self.offset.append(len(self.blob))
        self.parent.append(parent)
        self.first.append(0)
        self.count.append(0)


def _totals(columns: Columns) -> tuple["array[int]", "array[int]"]:
    """Sizes and counts below each folder; children stand behind their parents, so one pass from the end does."""
    total = array("q", columns.size)
    files = array("I", bytes(4 * len(total)))
    parent, kind, change = columns.parent, columns.kind, columns.change
    folder, whiteout, removed = int(Kind.FOLDER), int(Kind.WHITEOUT), int(Change.REMOVED)
    for node in range(len(total) - 1, 0, -1):
        if change and change[node] == removed:
            continue
        above = parent[node]
        total[above] += total[node]
        what = kind[node]
        files[above] += files[node] + (what != folder and what != whiteout)
    return total, files
