"""What a container changed in its file system, as a tree: the letters of `docker diff`, tones, counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tui.model.container_tree import ADDED, CHANGED, DELETED
from tui.present.units import size

Span = tuple[str, str]

MARKS = {CHANGED: ("C", "changed"), ADDED: ("A", "added"), DELETED: ("D", "removed")}
"""The letter and the tone of each kind."""

WORDS = {ADDED: "added", CHANGED: "changed", DELETED: "deleted"}


class ChangeTree:
    """A tree of the changed paths; a node is its path. Folders that are only on the way have no letter."""

    def __init__(self, changes: Iterable[tuple[str, int]]) -> None:
        self._kinds: dict[str, int] = {}
        self._children: dict[str, list[str]] = {"": []}
        self._below: dict[str, list[int]] = {"": [0, 0, 0]}
        for path, kind in changes:
            if kind in MARKS and path.strip("/"):
                self._add("/" + path.strip("/"), kind)
        for children in self._children.values():
            children.sort()
        self._sizes: dict[str, int] = {}

    def _add(self, path: str, kind: int) -> None:
        if path in self._kinds:
            return
        self._kinds[path] = kind
        self._link(path)
        parent = path.rpartition("/")[0]
        while True:
            self._below[parent][kind] += 1
            if not parent:
                return
            parent = parent.rpartition("/")[0]

    def _link(self, path: str) -> None:
        while path and path not in self._below:
            self._below[path] = [0, 0, 0]
            parent = path.rpartition("/")[0]
            self._children.setdefault(parent, []).append(path)
            path = parent

    def add_sizes(self, sizes: Mapping[str, int]) -> None:
        """Tell how many bytes the files have that the container wrote; folders have what is in them together."""
        self._sizes = {}
        for path, amount in sizes.items():
            if path not in self._kinds or self._kinds[path] == DELETED:
                continue
            while path:
                self._sizes[path] = self._sizes.get(path, 0) + amount
                path = path.rpartition("/")[0]

    def files(self) -> list[str]:
        """Return the paths that hold something new and may be files, in order."""
        return [node for node in self.leaves() if self._kinds.get(node) in (ADDED, CHANGED)]

    @property
    def counts(self) -> dict[int, int]:
        """How many paths there are of each kind."""
        return dict(enumerate(self._below[""]))

    def count_spans(self) -> list[Span]:
        """Return the counts in words, each with its letter: "  A 3 added  C 1 changed"."""
        counts = self.counts
        return [
            (f"  {MARKS[kind][0]} {counts[kind]} {word}", MARKS[kind][1])
            for kind, word in WORDS.items()
            if counts[kind]
        ]

    def path_to(self, node: str) -> list[str]:
        """Return the nodes from the root's child down to `node`."""
        parts = node.split("/")
        return ["/".join(parts[: number + 1]) for number in range(1, len(parts))]

    def leaves(self) -> Iterable[str]:
        """Yield the nodes that have nothing below them, in order."""
        waiting = list(reversed(self._children[""]))
        while waiting:
            node = waiting.pop()
            below = self._children.get(node)
            if below:
                waiting.extend(reversed(below))
            else:
                yield node

    # what a tree view asks

    def roots(self) -> Sequence[str]:
        """Return the paths right below /."""
        return self._children[""]

    def children(self, node: str) -> Sequence[str]:
        """Return the paths right below one."""
        return self._children.get(node, ())

    def has_children(self, node: str) -> bool:
        """Return whether something below it changed."""
        return node in self._children

    def label(self, node: str) -> Sequence[Span]:
        """Return its letter and its name."""
        name = node.rpartition("/")[2] + ("/" if node in self._children else "")
        if node not in self._kinds:
            return [("  ", ""), (name, "dim")]
        letter, tone = MARKS[self._kinds[node]]
        return [(f"{letter} ", tone), (name, tone)]

    def columns(self, node: str) -> Sequence[Span]:
        """Return how much changed below it, by kind, and how many bytes it has."""
        counts = self._below[node] if node in self._children else (0, 0, 0)
        below = [(f" {MARKS[kind][0]}{counts[kind]}", MARKS[kind][1]) for kind in WORDS if counts[kind]]
        size_text = size(self._sizes[node]) if node in self._sizes else ""
        return [*below, (f"{size_text:>8}", "number")] if self._sizes else below or ()

    def search_text(self, node: str) -> str:
        """Return the path."""
        return node
