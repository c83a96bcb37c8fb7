"""Which tabs of a line are shown where there is no room for all: the one in front, and what stands around it."""

from __future__ import annotations

from collections.abc import Sequence


def first_shown(lengths: Sequence[int], front: int, room: int, more: int) -> int:
    """Return the first tab to show, so that the one in front is within the room.

    `lengths` are the cells of each tab with its gap, `more` those of the mark that stands for what is left out before.
    The line begins with the first tab wherever the one in front is seen then.
    """
    first, used = 0, sum(lengths[: front + 1])
    while first < front and used + (more if first else 0) > room:
        used -= lengths[first]
        first += 1
    return first
