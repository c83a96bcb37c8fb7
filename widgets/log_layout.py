"""A line as rows: laid out a block at a time, so that of a huge line only what is looked at costs anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.strip import Strip

from widgets import sgr

BLOCK = 4096
"""Characters of a long line that are laid out together; a block begins on a new row."""


class Laid:
    """The rows of a line: made already, or in blocks that are made when they are asked for."""

    __slots__ = ("_made", "_make", "blocks")

    def __init__(self, blocks: int, make: Callable[[int], Sequence[Strip]]) -> None:
        self.blocks = blocks
        self._make = make
        self._made: dict[int, Sequence[Strip]] = {}
        if blocks == 1:
            self.rows(0)
            self._make = _nothing  # what rows are made of may be large

    def rows(self, block: int) -> Sequence[Strip]:
        """The rows of a block; at least one."""
        rows = self._made.get(block)
        if rows is None:
            rows = self._made[block] = self._make(block)
        return rows

    def height(self, block: int) -> int:
        """How many rows a block takes."""
        return len(self.rows(block))


def _nothing(_block: int) -> Sequence[Strip]:
    return ()


def blocks_of(text: str, room: int) -> list[tuple[int, sgr.Look]]:
    """Where the blocks of a text begin that is broken into rows of `room` cells, and the look at each."""
    if len(text) <= BLOCK:
        return [(0, sgr.PLAIN)]
    # of plain text every row is full, so no block need end in the middle of one
    step = room * max(1, BLOCK // room) if text.isascii() else BLOCK
    return sgr.starts(text, step)
