"""How well an image uses its bytes, by the formula that dive made known.

Each path that is a leaf of a layer (it has nothing below it there) counts with its size there; a removal counts with
what is below the removed folder, or nothing for a file. The score is the sum over all paths of the least of these,
divided by the sum of all of them. So folders that are removed cost nothing, unlike in `waste`, which counts bytes lost.
"""

from collections.abc import Sequence

import msgspec

from tui.model.file_tree import IMPLIED, REPLACES, ROOT, FileTree, Kind

Source = tuple[int, int]
"""The number of a layer and a node of its tree."""


class Efficiency(msgspec.Struct, frozen=True):
    """`score` is 0 to 1. `wasted` are the bytes of all paths that occur more than once, each time counted."""

    score: float
    wasted: int


def efficiency(trees: Sequence[FileTree]) -> Efficiency:
    """Returns the score of layers on top of each other, the lowest first.

    A removal of what no layer has counts nothing (dive reads such a layer no further).
    """
    return _Count(trees).run()


class _Count:
    def __init__(self, trees: Sequence[FileTree]) -> None:
        self._trees = trees
        self._plain = [not tree.whiteouts for tree in trees]
        self._least = self._all = self._wasted = 0

    def run(self) -> Efficiency:
        roots = [(number, ROOT) for number in range(len(self._trees))]
        folders: list[tuple[list[Source], tuple[int, ...]]] = [(roots, ())]
        while folders:
            sources, removals = folders.pop()
            if len(sources) == 1 and self._plain[sources[0][0]]:
                length = self._trees[sources[0][0]].total_size(sources[0][1])
                self._least += length
                self._all += length
                continue
            for found in self._entries(sources).values():
                below, removed = self._entry(found, removals)
                if below:
                    folders.append((below, removed))
        return Efficiency(self._least / self._all if self._all else 1.0, self._wasted)

    def _entries(self, sources: list[Source]) -> dict[bytes, list[Source]]:
        entries: dict[bytes, list[Source]] = {}
        for number, node in sources:
            tree = self._trees[number]
            for child in tree.children(node):
                entries.setdefault(tree.name_bytes(child), []).append((number, child))
        return entries

    def _entry(self, found: list[Source], removals: tuple[int, ...]) -> tuple[list[Source], tuple[int, ...]]:
        """Counts a name of a folder; returns the folders of that name, and the layers that remove what is in them."""
        sizes: list[int] = []
        below: list[Source] = []
        removed = set(removals)
        for place, (number, node) in enumerate(found):
            tree = self._trees[number]
            gone = tree.kind(node) is Kind.WHITEOUT
            if gone or tree.flags(node) & REPLACES:
                barrier = max((layer for layer in removed if layer < number), default=-1)
                sizes.append(self._removed([source for source in found[:place] if source[0] > barrier]))
                removed.add(number)
            if not gone:
                if tree.children(node):
                    below.append((number, node))
                else:
                    sizes.append(tree.size(node))
        if sizes:
            self._least += min(sizes)
            self._all += sum(sizes)
            if len(sizes) > 1:
                self._wasted += sum(sizes)
        return below, tuple(sorted(removed))

    def _removed(self, sources: list[Source]) -> int:
        """The bytes below a folder as the layers so far have it; nothing where it is none."""
        if not sources:
            return 0
        tree, node = self._trees[sources[-1][0]], sources[-1][1]
        if tree.kind(node) is not Kind.FOLDER or tree.flags(node) & IMPLIED:
            return 0
        return self._stacked(sources)

    def _stacked(self, sources: list[Source]) -> int:
        total = 0
        waiting = [sources]
        while waiting:
            seen: list[Source] = []
            for source in waiting.pop():
                tree, node = self._trees[source[0]], source[1]
                if tree.kind(node) is Kind.WHITEOUT:
                    seen.clear()
                    continue
                if tree.flags(node) & REPLACES:
                    seen.clear()
                seen.append(source)
            if not seen:
                continue
            total += self._trees[seen[-1][0]].size(seen[-1][1])
            if len(seen) == 1 and self._plain[seen[0][0]]:
                total += self._below(seen[0])
            else:
                waiting += self._entries(seen).values()
        return total

    def _below(self, source: Source) -> int:
        tree, node = self._trees[source[0]], source[1]
        return tree.total_size(node) - tree.size(node)
