"""The rows of a tree that is partly open: kept as flat lists, so that any row is found at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from widgets.line_view import Span

NodeT = TypeVar("NodeT", bound=Hashable)

Place = tuple[int, ...]
"""Where a node stands: its number among its siblings, from the root down. Sorts as rows do."""

CHUNK = 4096


class TreeSource(Protocol[NodeT]):
    """Where a tree's nodes come from. A node is a hashable key that means the same thing in the next source too."""

    def roots(self) -> Sequence[NodeT]:
        """The nodes of the first level."""
        ...

    def children(self, node: NodeT) -> Sequence[NodeT]:
        """The nodes below one, in order; the same each time it is asked."""
        ...

    def has_children(self, node: NodeT) -> bool:
        """Whether a node can be opened; asked for visible rows, so it should be quick."""
        ...

    def label(self, node: NodeT) -> Sequence[Span]:
        """What the row says."""
        ...

    def columns(self, node: NodeT) -> Sequence[Span]:
        """Further cells, aligned to the right; may be empty."""
        ...

    def search_text(self, node: NodeT) -> str:
        """What a search looks at."""
        ...


class FlatTree(Generic[NodeT]):
    """The visible nodes of a source in order (`nodes`) and how deep each stands (`depths`)."""

    def __init__(self, source: TreeSource[NodeT]) -> None:
        self.source = source
        self.expanded: set[NodeT] = set()
        self.nodes: list[NodeT] = []
        self.depths: list[int] = []
        self._branches: set[NodeT] | None = None
        self._matches: set[NodeT] = set()
        self.rebuild()

    def rebuild(self) -> None:
        """Read the whole tree again as far as it is open."""
        self.nodes, self.depths = self._flatten(self._kept(self.source.roots()), 0)

    def restrict(self, branches: set[NodeT] | None, matches: set[NodeT]) -> None:
        """Show only nodes in `branches` and what is below `matches`; None shows everything again."""
        self._branches, self._matches = branches, matches
        self.rebuild()

    # ---- rows
    def index_of(self, node: NodeT, start: int = 0) -> int | None:
        """The row of a visible node."""
        try:
            return self.nodes.index(node, start)
        except ValueError:
            return None

    def parent_of(self, index: int) -> int | None:
        """The row of the node above; None for a root."""
        wanted = self.depths[index] - 1
        if wanted < 0:
            return None
        high = index
        while high > 0:
            low = max(0, high - CHUNK)
            chunk = self.depths[low:high]
            if wanted in chunk:
                return high - 1 - chunk[::-1].index(wanted)
            high = low
        return None

    def end_of(self, index: int) -> int:
        """The row after the last one that stands below a node."""
        depth, depths = self.depths[index], self.depths
        for row in range(index + 1, len(depths)):
            if depths[row] <= depth:
                return row
        return len(depths)

    def path_of(self, index: int) -> list[NodeT]:
        """The nodes from the root down to a row."""
        path: list[NodeT] = []
        at: int | None = index
        while at is not None:
            path.append(self.nodes[at])
            at = self.parent_of(at)
        return path[::-1]

    # ---- opening and closing
    def expand(self, index: int) -> int:
        """Open a node as it was when it was last open; returns how many rows appeared."""
        node = self.nodes[index]
        if node in self.expanded or not self.source.has_children(node):
            return 0
        self.expanded.add(node)
        nodes, depths = self._flatten(self._children(node), self.depths[index] + 1)
        self.nodes[index + 1 : index + 1] = nodes
        self.depths[index + 1 : index + 1] = depths
        return len(nodes)

    def collapse(self, index: int) -> int:
        """Close a node; what is open below stays so for the next time. Returns how many rows went."""
        node = self.nodes[index]
        if node not in self.expanded:
            return 0
        self.expanded.discard(node)
        end = self.end_of(index)
        del self.nodes[index + 1 : end]
        del self.depths[index + 1 : end]
        return end - index - 1

    def expand_all(self, index: int, limit: int) -> bool:
        """Open everything below a row, level by level, until `limit` nodes are shown there; False if it was cut."""
        top = self.nodes[index]
        level: list[NodeT] = [top] if self.source.has_children(top) else []
        shown, complete = 0, True
        while level and complete:
            below: list[NodeT] = []
            for node in level:
                children = self._children(node)
                if shown + len(children) > limit:
                    complete = False
                    break
                shown += len(children)
                self.expanded.add(node)
                below += [child for child in children if self.source.has_children(child)]
            level = below
        self._refill(index)
        return complete

    def reveal(self, path: Sequence[NodeT]) -> int | None:
        """Open what is above the last node of a path from the root; its row, or None if there is no such node."""
        row: int | None = 0
        for node in path[:-1]:
            row = self.index_of(node, row)
            if row is None:
                return None
            self.expand(row)
        return self.index_of(path[-1], row) if path else None

    # ---- how
    def _kept(self, nodes: Sequence[NodeT]) -> Sequence[NodeT]:
        if self._branches is None:
            return nodes
        return [node for node in nodes if node in self._branches]

    def _children(self, node: NodeT) -> Sequence[NodeT]:
        children = self.source.children(node)
        if self._branches is None or node in self._matches or node not in self._branches:
            return children
        return self._kept(children)

    def _refill(self, index: int) -> None:
        end, node = self.end_of(index), self.nodes[index]
        below = self._children(node) if node in self.expanded else ()
        self.nodes[index + 1 : end], self.depths[index + 1 : end] = self._flatten(below, self.depths[index] + 1)

    def _flatten(self, top: Sequence[NodeT], depth: int) -> tuple[list[NodeT], list[int]]:
        nodes: list[NodeT] = []
        depths: list[int] = []
        expanded = self.expanded
        stack: list[Iterator[NodeT]] = []
        level: Iterator[NodeT] | None = iter(top)
        if expanded.isdisjoint(top):
            return list(top), [depth] * len(top)
        while level is not None:
            for node in level:
                nodes.append(node)
                depths.append(depth + len(stack))
                if node in expanded:
                    children = self._children(node)
                    if expanded.isdisjoint(children):
                        nodes.extend(children)
                        depths.extend([depth + len(stack) + 1] * len(children))
                    else:
                        stack.append(level)
                        level = iter(children)
                        break
            else:
                level = stack.pop() if stack else None
        return nodes, depths


class Walk(Generic[NodeT]):
    """Every node of a source in order, whether it is shown or not; can be left and taken up again."""

    def __init__(self, source: TreeSource[NodeT]) -> None:
        self._source = source
        self._levels: list[Sequence[NodeT]] = [source.roots()]
        self._places = [-1]

    @property
    def place(self) -> Place:
        """Where the node that came last stands."""
        return tuple(self._places)

    def path(self) -> list[NodeT]:
        """The nodes from the root down to the one that came last."""
        return [level[place] for level, place in zip(self._levels, self._places, strict=True)]

    def __iter__(self) -> Iterator[NodeT]:
        levels, places, source = self._levels, self._places, self._source
        while levels:
            places[-1] += 1
            if places[-1] >= len(levels[-1]):
                levels.pop()
                places.pop()
                continue
            node = levels[-1][places[-1]]
            yield node
            if source.has_children(node):
                levels.append(source.children(node))
                places.append(-1)


def place_of(source: TreeSource[NodeT], path: Sequence[NodeT]) -> Place:
    """The place of the last node of a path. Raises ValueError if the source has no such path."""
    places: list[int] = []
    level = source.roots()
    for depth, node in enumerate(path):
        places.append(list(level).index(node))
        if depth + 1 < len(path):
            level = source.children(node)
    return tuple(places)


def path_at(source: TreeSource[NodeT], place: Place) -> list[NodeT]:
    """The nodes from the root down to a place. Raises IndexError if the source has no such place."""
    path: list[NodeT] = []
    level = source.roots()
    for depth, number in enumerate(place):
        path.append(level[number])
        if depth + 1 < len(place):
            level = source.children(path[-1])
    return path
