"""What the layers of an image say: a row a layer, and the files of a layer or of the image up to it as a tree."""

from __future__ import annotations

from collections.abc import Sequence

from tui.model.file_tree import ROOT, Change, FileTree, Kind
from tui.model.layers import Layer
from tui.present.units import size

Span = tuple[str, str]

MARKS = {
    Change.SAME: (" ", "dim"),
    Change.ADDED: ("A", "added"),
    Change.CHANGED: ("C", "changed"),
    Change.REMOVED: ("D", "removed"),
    Change.WITHIN: ("·", "changed"),
}
"""The letter and tone of a change, letters as `docker diff` has them; colour never tells it alone."""

_KINDS = {
    Kind.SYMLINK: "l",
    Kind.FOLDER: "d",
    Kind.CHARACTER_DEVICE: "c",
    Kind.BLOCK_DEVICE: "b",
    Kind.FIFO: "p",
    Kind.HARDLINK: "h",
}
_RIGHTS = "rwxrwxrwx"
BAR_CELLS = 8


def bar(share: float, ascii_only: bool) -> str:
    """Return a bar of eight cells, filled as far as `share` (0 to 1) says; anything above nothing shows."""
    filled = min(BAR_CELLS, max(1 if share > 0 else 0, round(share * BAR_CELLS)))
    full, empty = ("#", ".") if ascii_only else ("█", "·")
    return full * filled + empty * (BAR_CELLS - filled)


def instruction_spans(text: str, *, empty: bool) -> list[Span]:
    """Return an instruction on one line, its first word told apart; one that brings no files is dim."""
    word, _, rest = " ".join(text.split()).partition(" ")
    return [(word or "(no instruction)", "dim" if empty else "key"), (f" {rest}", "dim" if empty else "")]


def layer_spans(layer: Layer, whole: int, ascii_only: bool) -> list[Span]:
    """Return the row of a layer: its share of the image's `whole` bytes, its size, its instruction."""
    if layer.empty:
        return [(" " * BAR_CELLS, ""), (f"{'-':>9}  ", "dim"), *instruction_spans(layer.instruction, empty=True)]
    share = layer.size / whole if whole else 0.0
    text = layer.instruction or layer.comment
    return [
        (bar(share, ascii_only), "accent"),
        (f"{size(layer.size):>9}  ", "number"),
        *instruction_spans(text, empty=False),
    ]


def mode_text(kind: Kind, mode: int) -> str:
    """Return a mode as `ls -l` writes it."""
    bits = "".join(letter if mode >> (8 - at) & 1 else "-" for at, letter in enumerate(_RIGHTS))
    return _KINDS.get(kind, "-") + bits


class FilesSource:
    """The files of a merged view as a tree; nodes are paths, so that what is open stays open in the next layer's tree.

    `changed_only` shows what the layer itself did, `only` one kind of change; `by_size` puts the greatest first.
    """

    def __init__(
        self, tree: FileTree, *, changed_only: bool, only: Change | None = None, by_size: bool = False
    ) -> None:
        self._tree = tree
        self._changed_only = changed_only
        self._only = only
        self._by_size = by_size
        self._kept = None if only is None else _ways_to(tree, only)

    def roots(self) -> Sequence[str]:
        """The entries of the root folder."""
        return self._below(ROOT, "")

    def children(self, node: str) -> Sequence[str]:
        """The entries of a folder."""
        found = self._tree.find(node)
        return [] if found is None else self._below(found, node)

    def has_children(self, node: str) -> bool:
        """Whether anything is to be seen below."""
        found = self._tree.find(node)
        return found is not None and any(self._seen(child) for child in self._tree.children(found))

    def label(self, node: str) -> Sequence[Span]:
        """The change's mark, the name, and where a link leads."""
        found = self._tree.find(node)
        if found is None:
            return [(node, "bad")]
        letter, tone = MARKS[Change(self._tree.change[found])]
        kind = self._tree.kind(found)
        name = self._tree.name(found) + ("/" if kind is Kind.FOLDER else "")
        shown = tone if letter in "ACD" else "info" if kind is Kind.FOLDER else ""
        spans = [(f"{letter} ", tone), (name, shown)]
        if link := self._tree.link(found):
            spans.append((f" -> {link}", "dim"))
        return spans

    def columns(self, node: str) -> Sequence[Span]:
        """The mode, the owner and the size; a folder's is that of all it holds."""
        found = self._tree.find(node)
        if found is None:
            return []
        kind = self._tree.kind(found)
        user, group = self._tree.owner(found)
        mode = mode_text(kind, self._tree.mode(found))
        return [(mode, "dim"), (f"{user}:{group}", "dim"), (size(self._tree.total_size(found)), "number")]

    def search_text(self, node: str) -> str:
        """The name."""
        return node.rpartition("/")[2]

    def _below(self, found: int, path: str) -> list[str]:
        nodes = [child for child in self._tree.children(found) if self._seen(child)]
        if self._by_size:
            nodes.sort(key=self._tree.total_size, reverse=True)
        return [f"{path}/{self._tree.name(child)}" for child in nodes]

    def _seen(self, node: int) -> bool:
        if self._kept is not None:
            return node in self._kept
        return not self._changed_only or self._tree.change[node] != Change.SAME


def _ways_to(tree: FileTree, only: Change) -> set[int]:
    """Return the nodes of one kind of change with the folders that lead to them."""
    kept: set[int] = set()
    for node in range(len(tree)):
        if tree.change[node] == only:
            while node not in kept:
                kept.add(node)
                if node == ROOT:
                    break
                node = tree.parent(node)
    return kept


def change_counts(tree: FileTree) -> dict[Change, int]:
    """Return how many paths of each change a merged view has."""
    return {change: tree.change.count(change) for change in Change}
