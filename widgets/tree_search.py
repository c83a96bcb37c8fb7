"""Looks for a text in every node of a tree, a slice of time after the other, and knows which hit is the next."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from time import perf_counter
from typing import Generic

from widgets.flat_tree import NodeT, Place, TreeSource, Walk
from widgets.matching import Matcher

SLICE_SECONDS = 0.008
"""How long the keys may wait for it."""


class TreeSearch(Generic[NodeT]):
    """The hits of a text in a source, in the order of its nodes, as far as they are found. Hits count from 0."""

    def __init__(self, source: TreeSource[NodeT], matcher: Matcher, start: Place | None = None) -> None:
        """`start` is the place from which on the first hit is the `arrival`; with None there is no arrival."""
        self.complete = False
        """Whether these are all."""
        self._source = source
        self._matcher = matcher
        self._hits: list[Place] = []
        self._wanted = start

    @property
    def total(self) -> int:
        """How many hits there are by now."""
        return len(self._hits)

    def place(self, hit: int) -> Place:
        """Return where a hit is."""
        return self._hits[hit]

    def hit_at(self, place: Place | None) -> int | None:
        """Return the hit at a place; None where there is none."""
        at = bisect_left(self._hits, place) if place is not None else self.total
        return at if at < self.total and self._hits[at] == place else None

    async def run(self, news: Callable[[], object]) -> None:
        """Look through the whole source; `news` is called when there are more hits, and at the end."""
        told = 0

        def found(walk: Walk[NodeT], _node: NodeT) -> None:
            self._hits.append(walk.place)

        def paused() -> None:
            nonlocal told
            if self.total != told:
                told = self.total
                news()

        await look_through(self._source, self._matcher, found, paused)
        self.complete = True
        news()

    def next(self, place: Place, direction: int) -> int | None:
        """Return the hit after a place, or before it, and around the end.

        None where there is none, or where it is not known yet: then `arrival` tells it.
        """
        self._wanted = None
        if direction > 0:
            hit = bisect_right(self._hits, place)
            if hit == self.total and not self.complete:
                self._wanted = (*place, -1)
                return None
        else:
            hit = bisect_left(self._hits, place) - 1
        return hit % self.total if self._hits else None

    def arrival(self) -> int | None:
        """Return the hit that was to be gone to, once, as soon as it is known."""
        if self._wanted is None or not self._hits:
            return None
        hit = bisect_left(self._hits, self._wanted)
        if hit == self.total and not self.complete:
            return None
        self._wanted = None
        return hit % self.total


async def look_through(
    source: TreeSource[NodeT],
    matcher: Matcher,
    found: Callable[[Walk[NodeT], NodeT], object],
    paused: Callable[[], object] = lambda: None,
) -> None:
    """Look for a text in every node of a source, closed branches included; others go on in between.

    `found` is told of each node that has it, and of the walk that stands there; `paused` is called at each pause.
    """
    walk, test, search_text = Walk(source), matcher.test, source.search_text
    until = perf_counter() + SLICE_SECONDS
    for number, node in enumerate(walk):
        if test(search_text(node)):
            found(walk, node)
        if not number % 64 and perf_counter() > until:
            paused()
            await asyncio.sleep(0)
            until = perf_counter() + SLICE_SECONDS
