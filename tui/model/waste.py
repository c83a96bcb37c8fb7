"""What later layers of an image hide: which bytes, and which layer hid them."""

import heapq
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from tui.model.file_tree import OPAQUE, ROOT, FileTree, Kind

MOST_FILES: Final = 500
"""Files named for each layer that hides some, the greatest first."""

How = Literal["deleted", "rewritten", "owner"]
"""What a layer did to a file; `owner`: it has the same size and time as before, but another owner or mode."""

Source = tuple[int, int]
"""The number of a layer and a node of its tree."""


class Lost(msgspec.Struct, frozen=True):
    """A file of `size` bytes that `layer` brought and that `by` hid; layers count from 0."""

    path: str
    size: int
    layer: int
    by: int
    how: How


class LayerWaste(msgspec.Struct, frozen=True):
    """What one layer hides of those below it: `lost` and `counts` are bytes and files by what it did to them.

    `files` are the greatest of them; `brought` has the bytes by the layer that they came with.
    """

    by: int
    lost: dict[How, int]
    counts: dict[How, int]
    brought: dict[int, int]
    files: tuple[Lost, ...]

    @property
    def size(self) -> int:
        """The bytes that it hides."""
        return sum(self.lost.values())

    @property
    def count(self) -> int:
        """The files that it hides."""
        return sum(self.counts.values())


class Waste(msgspec.Struct, frozen=True):
    """All that is hidden in an image, by the layer that hides it, the greatest first."""

    layers: tuple[LayerWaste, ...] = ()

    @property
    def size(self) -> int:
        """The bytes that are hidden."""
        return sum(layer.size for layer in self.layers)

    def files(self, most: int = MOST_FILES) -> list[Lost]:
        """Returns the greatest files of all."""
        found = [lost for layer in self.layers for lost in layer.files]
        return sorted(found, key=lambda lost: (-lost.size, lost.path, lost.layer))[:most]


def waste_of(trees: Sequence[FileTree], most: int = MOST_FILES) -> Waste:
    """Returns what the layers, the lowest first, hide of each other; empty files are no waste.

    Takes a second for a million files that are hidden, and little for those that are not.
    """
    return _Search(trees, most).run()


class _Tally:
    """What one layer hides, while it is found."""

    def __init__(self, most: int) -> None:
        self.lost: dict[How, int] = {}
        self.counts: dict[How, int] = {}
        self.brought: dict[int, int] = {}
        self.heap: list[tuple[int, int, int, int, How]] = []
        self._most = most

    def add(self, size: int, layer: int, node: int, how: How) -> None:
        self.lost[how] = self.lost.get(how, 0) + size
        self.counts[how] = self.counts.get(how, 0) + 1
        self.brought[layer] = self.brought.get(layer, 0) + size
        entry = (size, -layer, -node, layer, how)
        if len(self.heap) < self._most:
            heapq.heappush(self.heap, entry)
        elif entry > self.heap[0]:
            heapq.heapreplace(self.heap, entry)


class _Search:
    """Walks all trees at once, folder by folder; `hides` are the layers that hide all that is in a folder."""

    def __init__(self, trees: Sequence[FileTree], most: int) -> None:
        self._trees = trees
        self._most = most
        self._tallies: dict[int, _Tally] = {}

    def run(self) -> Waste:
        roots = [(number, ROOT) for number in range(len(self._trees))]
        hides = tuple(number for number, node in roots if self._trees[number].flags(node) & OPAQUE)
        folders = [(roots, hides)]
        while folders:
            sources, hides = folders.pop()
            if len(sources) == 1:
                self._whole(sources[0], hides)
                continue
            for found in self._entries(sources):
                below, hiding = self._entry(found, hides)
                if below:
                    folders.append((below, hiding))
        layers = [self._layer(by, tally) for by, tally in self._tallies.items()]
        return Waste(tuple(sorted(layers, key=lambda layer: (-layer.size, layer.by))))

    def _layer(self, by: int, tally: _Tally) -> LayerWaste:
        files = tuple(
            Lost(self._trees[layer].path(-node), size, layer, by, how)
            for size, _, node, layer, how in sorted(tally.heap, reverse=True)
        )
        return LayerWaste(by, tally.lost, tally.counts, tally.brought, files)

    def _entries(self, sources: list[Source]) -> Iterator[list[Source]]:
        entries: dict[bytes, list[Source]] = {}
        for number, node in sources:
            tree = self._trees[number]
            for child in tree.children(node):
                entries.setdefault(tree.name_bytes(child), []).append((number, child))
        yield from entries.values()

    def _entry(self, found: list[Source], hides: tuple[int, ...]) -> tuple[list[Source], tuple[int, ...]]:
        """Takes note of what is lost of one name; returns its folders, and the layers that hide what is in them."""
        below: list[Source] = []
        hiding = set(hides)
        for place, (number, node) in enumerate(found):
            tree = self._trees[number]
            kind = tree.kind(node)
            if kind is not Kind.FOLDER or tree.flags(node) & OPAQUE:
                hiding.add(number)
            if kind is Kind.FOLDER:
                if tree.children(node):
                    below.append((number, node))
            elif length := tree.size(node):
                self._file(length, number, node, found[place + 1] if place + 1 < len(found) else None, hides)
        return below, tuple(sorted(hiding))

    def _file(self, length: int, number: int, node: int, after: Source | None, hides: tuple[int, ...]) -> None:
        place = bisect_right(hides, number)
        by, how = (hides[place], "deleted") if place < len(hides) else (-1, "deleted")
        if after is not None and (by < 0 or after[0] <= by):
            by, how = after[0], self._how(number, node, after)
        if by >= 0:
            self._tally(by).add(length, number, node, how)

    def _how(self, number: int, node: int, after: Source) -> How:
        """What a layer does with a file by what it has under the same name."""
        tree, later, there = self._trees[number], self._trees[after[0]], after[1]
        kind = later.kind(there)
        if kind is Kind.WHITEOUT or kind is Kind.FOLDER:
            return "deleted"
        same = kind is tree.kind(node) and later.size(there) == tree.size(node)
        same = same and later.mtime(there) == tree.mtime(node)
        other = (later.mode(there), later.owner(there)) != (tree.mode(node), tree.owner(node))
        return "owner" if same and other else "rewritten"

    def _whole(self, source: Source, hides: tuple[int, ...]) -> None:
        """A folder that one layer alone has: all of it is lost, or nothing."""
        number, top = source
        place = bisect_right(hides, number)
        if place == len(hides):
            return
        tree, tally = self._trees[number], self._tally(hides[place])
        waiting = [top]
        while waiting:
            for node in tree.children(waiting.pop()):
                if length := tree.size(node):
                    tally.add(length, number, node, "deleted")
                elif tree.children(node):
                    waiting.append(node)

    def _tally(self, by: int) -> _Tally:
        return self._tallies.setdefault(by, _Tally(self._most))
