"""The files of a layer, or of the image up to it, as a tree: marks, modes, owners and sizes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final, Literal

from tui.model.file_tree import ESCAPES, IMPLIED, ROOT, Change, FileTree, Kind
from tui.model.layers import ImageLayers
from tui.present.file_rights import rights_spans
from tui.present.units import size

Span = tuple[str, str]
Show = Literal["all", "added", "changed", "deleted", "big"]

SHOWS: Final[tuple[Show, ...]] = ("all", "added", "changed", "deleted", "big")
"""What the tree can be narrowed to, in the order in which a key goes through them."""

MARKS: Final = {Change.ADDED: ("A", "added"), Change.CHANGED: ("C", "changed"), Change.REMOVED: ("D", "removed")}
"""The letter of `docker diff` and the tone of each change."""

BIG_SHARE: Final = 0.01
"""The share of all that is shown from which a file or a folder is big."""

WORDS: Final = {Change.ADDED: "added", Change.CHANGED: "changed", Change.REMOVED: "deleted"}

_BITS: Final = {"added": 1 << Change.ADDED, "changed": 1 << Change.CHANGED, "deleted": 1 << Change.REMOVED}
_ANY_CHANGE: Final = sum(_BITS.values())
_BRINGS: Final = _BITS["added"] | _BITS["changed"]


class LayerView:
    """The image up to a layer with what that layer does, and what follows from it for each folder; or a comparison.

    Takes some seconds to make for a million paths. `own` are the bytes that the layer brings to a node and below,
    `gone` those that it takes away, `below` has a bit for each Change that is found below a node. `counts` are the
    paths that are no folders, by Change.
    """

    def __init__(self, tree: FileTree, number: int) -> None:
        """`tree` is a merged one."""
        self.number = number
        self.tree = tree
        count = len(tree)
        self.own = own = array("q", bytes(8 * count))
        self.gone = gone = array("q", bytes(8 * count))
        self.below = below = bytearray(count)
        counts = [0] * len(Change)
        same, removed, within = int(Change.SAME), int(Change.REMOVED), int(Change.WITHIN)
        change, parent, kind, length = tree.change, tree.parent, tree.kind, tree.size
        for node in range(count - 1, 0, -1):  # children stand behind their parents
            what = change[node]
            if what == same:
                continue
            if what != within:
                bytes_of = gone if what == removed else own
                bytes_of[node] += length(node)
                counts[what] += kind(node) is not Kind.FOLDER
            above = parent(node)
            below[above] |= below[node] | 1 << what
            own[above] += own[node]
            gone[above] += gone[node]
        self.counts: dict[Change, int] = {what: counts[what] for what in MARKS}

    @classmethod
    def of(cls, image: ImageLayers, number: int) -> LayerView:
        """Return the view of the image up to a layer."""
        return cls(image.view(number), number)

    def spans(self) -> list[Span]:
        """Return what the layer does in words, each with its letter: "  A 12 added 3MB  D 1 deleted 8kB"."""
        sizes = {Change.ADDED: self.own[ROOT] if not self.counts[Change.CHANGED] else 0}
        sizes[Change.REMOVED] = self.gone[ROOT]
        found: list[Span] = []
        for change, (letter, tone) in MARKS.items():
            if self.counts[change]:
                amount = f" {size(sizes[change])}" if sizes.get(change) else ""
                found.append((f"  {letter} {self.counts[change]:,} {WORDS[change]}{amount}", tone))
        return found


class TreePath(str):
    """A path that knows the number of its node in the tree it was taken from; equal paths are the same place."""

    __slots__ = ("node",)
    node: int

    @classmethod
    def of(cls, path: str, node: int) -> TreePath:
        """Return the path of a node."""
        made = cls(path)
        made.node = node
        return made


class LayerTree:
    """A view as a tree widget asks for it: narrowed to what the layer does, or the `whole` image up to it.

    Nodes are paths, so that the cursor and open folders stay where they are when another layer comes.
    """

    def __init__(
        self,
        view: LayerView,
        *,
        whole: bool,
        show: Show = "all",
        by_size: bool = False,
        wide: bool = False,
        arrow: str = "→",
    ) -> None:
        """`by_size`: the greatest first. `wide`: with columns of modes and owners."""
        self.wide = wide
        self._view = view
        self._tree = view.tree
        self._whole = whole
        self._wanted = _BITS.get(show, 0 if whole else _ANY_CHANGE)
        self._by_size = by_size or show == "big"
        self._least = 0
        if show == "big":
            self._least = max(1, int(BIG_SHARE * sum(self.size_of(node.node) for node in self.roots())))
        self._arrow = arrow

    def size_of(self, node: int) -> int:
        """The bytes that are told of a node: what the layer does to it and below, or what the image has there."""
        change = self._tree.change[node]
        if change == Change.REMOVED:
            return self._view.gone[node]
        if self._whole:
            return self._tree.total_size(node)
        brings = (self._view.below[node] | 1 << change) & _BRINGS
        return self._view.own[node] if brings else self._view.gone[node]

    def path_to(self, path: str) -> list[TreePath]:
        """Return the nodes from the first level down to a path; empty where the tree does not show it."""
        found: list[TreePath] = []
        node: int | None = ROOT
        above = ""
        for part in path.strip("/").split("/"):
            node = self._tree.child(node, part.encode("utf-8", "surrogateescape"))
            if node is None or not self._shown(node):
                return []
            above = f"{above}/{part}"
            found.append(TreePath.of(above, node))
        return found

    def big_paths(self) -> list[list[TreePath]]:
        """Return the way to each big file, and to each big folder that has none; none where all is shown."""
        ways: list[list[TreePath]] = []
        waiting: list[list[TreePath]] = [[node] for node in reversed(self.roots())] if self._least else []
        while waiting:
            way = waiting.pop()
            children = self.children(way[-1])
            if not children:
                ways.append(way)
            waiting += [[*way, child] for child in reversed(children)]
        return ways

    def changed_paths(self, most: int) -> list[list[TreePath]]:
        """Return the way to each path that the layer changes; none where there are more than `most`."""
        if sum(self._view.counts.values()) > most:
            return []
        ways: list[list[TreePath]] = []
        waiting: list[list[TreePath]] = [[node] for node in reversed(self.roots())]
        while waiting:
            way = waiting.pop()
            node = way[-1].node
            if self._tree.change[node] in MARKS and self._tree.kind(node) is not Kind.FOLDER:
                ways.append(way)
            if self._view.below[node]:
                waiting += [[*way, child] for child in reversed(self.children(way[-1]))]
        return ways

    # what a tree view asks

    def roots(self) -> Sequence[TreePath]:
        """Return what is in `/`."""
        return self._in(ROOT, "")

    def children(self, node: TreePath) -> Sequence[TreePath]:
        """Return what is in a folder, by name or the greatest first."""
        return self._in(node.node, node)

    def has_children(self, node: TreePath) -> bool:
        """Return whether a folder has something that is shown."""
        if self._least:
            return any(self._shown(child) for child in self._tree.children(node.node))
        if self._wanted:
            return bool(self._view.below[node.node] & self._wanted)
        return bool(self._tree.children(node.node))

    def label(self, node: TreePath) -> Sequence[Span]:
        """Return mark, name and where a link points."""
        tree, number = self._tree, node.node
        kind = tree.kind(number)
        letter, tone = MARKS.get(Change(tree.change[number]), (" ", ""))
        name = tree.name(number) + ("/" if kind is Kind.FOLDER else "")
        spans: list[Span] = [(f"{letter} ", tone), (name, tone or ("bold" if kind is Kind.FOLDER else ""))]
        if kind is Kind.SYMLINK:
            spans.append((f" {self._arrow} {tree.link(number)}", "dim"))
        elif kind is Kind.HARDLINK:
            spans.append((f" = {tree.link(number)}", "dim"))
        elif kind.special:
            spans.append((f" ({kind.name.lower().replace('_', ' ')})", "dim"))
        if tree.flags(number) & ESCAPES:
            spans.append((" (its archive writes it from the root or with ..)", "warn"))
        return spans

    def columns(self, node: TreePath) -> Sequence[Span]:
        """Return mode, owner and size, or the size alone."""
        number = node.node
        kind = self._tree.kind(number)
        length: Span = (size(self.size_of(number)) if kind in (Kind.FILE, Kind.FOLDER) else "", "number")
        if not self.wide:
            return [length]
        if self._tree.flags(number) & IMPLIED:
            return [("", "dim"), ("", "dim"), length]
        return [*rights_spans(self._tree, number), length]

    def search_text(self, node: TreePath) -> str:
        """Return the name."""
        return self._tree.name(node.node)

    # how

    def _shown(self, node: int) -> bool:
        if self._least and self.size_of(node) < self._least:
            return False
        return not self._wanted or bool((self._view.below[node] | 1 << self._tree.change[node]) & self._wanted)

    def _in(self, folder: int, path: str) -> list[TreePath]:
        nodes: Sequence[int] = self._tree.children(folder)
        if self._wanted or self._least:
            nodes = [node for node in nodes if self._shown(node)]
        if self._by_size:
            nodes = sorted(nodes, key=self.size_of, reverse=True)
        name, of = self._tree.name, TreePath.of
        return [of(f"{path}/{name(node)}", node) for node in nodes]
