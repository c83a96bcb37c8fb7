"""The files of a container as far as they were read: trees of some of its folders, and what it changed of its image."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tui.model.containers import Mount
from tui.model.file_tree import ROOT, FileTree, Kind
from tui.model.surroundings import clean, is_below, unseen

CHANGED, ADDED, DELETED = range(3)
"""The kinds of `GET /containers/{id}/changes`."""


class FilePath(str):
    """A path, from `/`, that knows its node in the tree it was taken from; equal paths are the same place.

    `node` is -1 for a path that the container deleted.
    """

    __slots__ = ("node", "tree")
    tree: FileTree
    node: int

    @classmethod
    def of(cls, path: str, tree: FileTree, node: int) -> FilePath:
        """Return the path of a node."""
        made = cls(path)
        made.tree, made.node = tree, node
        return made

    @property
    def deleted(self) -> bool:
        """Whether the container deleted it: only its name is known."""
        return self.node < 0

    @property
    def kind(self) -> Kind:
        """What it is; of a deleted one nothing is known."""
        return Kind.WHITEOUT if self.node < 0 else self.tree.kind(self.node)


class Part(msgspec.Struct, frozen=True):
    """A folder that was read with all below it: `seen` bytes of archive passed, all of them if it is `complete`."""

    path: str
    tree: FileTree
    seen: int = 0
    complete: bool = True


class ContainerTree:
    """What was read of a container's files. A part that was read of its own stands in the place of what is above it.

    Paths are text, decoded with surrogateescape, and are to be drawn literally.
    """

    def __init__(self) -> None:
        self.version = 0
        """Another number whenever more is known."""
        self.parts: Mapping[str, Part] = {}
        self.mounts: Mapping[str, Mount] = {}
        self.changes: Mapping[str, int] = {}
        self.changes_known = False
        self._deleted: dict[str, list[str]] = {}
        self._changing: set[str] = set()

    # what is learned

    def add_part(self, part: Part) -> None:
        """Take a folder that was read; an older reading of it, and of what is below it, is forgotten."""
        kept = {path: old for path, old in self.parts.items() if not is_below(path, part.path)}
        self.parts = {**kept, part.path: part}
        self.version += 1

    def set_mounts(self, mounts: Sequence[Mount]) -> None:
        """Take what is mounted where."""
        self.mounts = {clean(mount.destination): mount for mount in mounts}
        self.version += 1

    def set_changes(self, changes: Iterable[tuple[str, int]]) -> None:
        """Take the answer of `GET /containers/{id}/changes`; may be called in a thread."""
        kinds = {clean(path): kind for path, kind in changes}
        deleted: dict[str, list[str]] = {}
        changing: set[str] = set()
        for path, kind in sorted(kinds.items()):
            if kind == DELETED:
                deleted.setdefault(posixpath.dirname(path), []).append(path)
            above = path
            while above not in changing:
                changing.add(above)
                above = posixpath.dirname(above)
        self.changes, self._deleted, self._changing, self.changes_known = kinds, deleted, changing, True
        self.version += 1

    # what there is

    def tops(self) -> list[FilePath]:
        """Return the first level: what is in `/`, and the folders that were read while those above were not."""
        alone = [FilePath.of(path, part.tree, ROOT) for path, part in sorted(self.parts.items()) if self.is_top(path)]
        return (self.children("/") if "/" in self.parts else []) + alone

    def is_top(self, path: str) -> bool:
        """Return whether a folder was read of its own, and stands in no other that was."""
        if path not in self.parts or path == "/":
            return False
        above = self._part_of(posixpath.dirname(path))
        return above is None or above.tree.find(_within(path, above)) is None

    def find(self, path: str) -> FilePath | None:
        """Return a path where it was read, or was deleted; None where it is not known."""
        path = clean(path)
        part = self._part_of(path)
        if part is not None:
            node = part.tree.find(_within(path, part))
            if node is not None:
                return FilePath.of(path, part.tree, node)
            if self.changes.get(path) == DELETED:
                return FilePath.of(path, part.tree, -1)
        return None

    def children(self, folder: str | FilePath) -> list[FilePath]:
        """Return what is in a folder, by name; what was deleted of it last."""
        own = self.parts.get(folder)
        if own is not None:
            tree, node = own.tree, ROOT
        elif isinstance(folder, FilePath):
            tree, node = folder.tree, folder.node
        else:
            found = self.find(folder)
            if found is None:
                return []
            tree, node = found.tree, found.node
        if node < 0:
            return []
        above = "" if folder == "/" else str(folder)
        of, name = FilePath.of, tree.name
        listed = [of(f"{above}/{name(child)}", tree, child) for child in tree.children(node)]
        gone = self._deleted.get(str(folder))
        if gone:
            there = {str(path) for path in listed}
            listed += [of(path, tree, -1) for path in gone if path not in there]
        return listed

    def has_children(self, path: FilePath) -> bool:
        """Return whether something is known to be in a path."""
        own = self.parts.get(path)
        tree, node = (own.tree, ROOT) if own is not None else (path.tree, path.node)
        return node >= 0 and (bool(tree.children(node)) or str(path) in self._deleted)

    def size(self, path: FilePath) -> int:
        """Return the bytes of a file, or of all files below a folder as far as they were read."""
        if path.node < 0:
            return 0
        own = self.parts.get(path)
        return own.tree.total_size(ROOT) if own is not None else path.tree.total_size(path.node)

    def change(self, path: str) -> int | None:
        """Return what the container did to a path; None where nothing, or where that is not known."""
        return self.changes.get(path)

    def changes_below(self, path: str) -> bool:
        """Return whether a path, or something below it, was changed."""
        return path in self._changing

    def way(self, path: str) -> list[FilePath]:
        """Return the nodes from the first level down to a path; empty where it is not known."""
        path = clean(path)
        part = self._part_of(path)
        while part is not None and part.path != "/" and not self.is_top(part.path):
            part = self._part_of(posixpath.dirname(part.path))
        if part is None:
            return []
        found: list[FilePath] = []
        above, top = "", part.path if part.path != "/" else ""
        for name in path.strip("/").split("/"):
            above = f"{above}/{name}"
            if len(above) < len(top):
                continue
            node = self.find(above)
            if node is None:
                return []
            found.append(node)
        return found

    def unread_mount(self, path: str) -> Mount | None:
        """Return the mount at a path whose files are not read; None for any other path."""
        mount = self.mounts.get(path)
        if mount is None or mount.type == "tmpfs":
            return None
        part = self._part_of(path)
        inside = part is not None and part.path != "/"  # what is read of a folder below the root has its mounts in it
        return None if inside else mount

    def unseen(self, path: str) -> str:
        """Return why a daemon does not show what is in a folder; empty where it does."""
        return unseen(path, self.mounts.values())

    def covering(self, path: str) -> Part | None:
        """Return the part that a path was read with."""
        return self._part_of(clean(path))

    def _part_of(self, path: str) -> Part | None:
        above = path
        while above not in self.parts:
            if above == "/":
                return None
            above = posixpath.dirname(above)
        return self.parts[above]


def place_in(root: str, path: str) -> str:
    """Return where a path is that counts from `root`, a folder of the container; with none it is itself."""
    return path if not root else root if path == "/" else root + path


def _within(path: str, part: Part) -> str:
    """A path as it counts from a part that it is in."""
    return path if part.path == "/" else path[len(part.path) :]
