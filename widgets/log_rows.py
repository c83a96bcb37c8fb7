"""Which lines of a buffer stand on which rows of a view, with or without a filter; nothing here draws."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from widgets.log_buffer import LogBuffer, LogLine
from widgets.log_layout import Laid
from widgets.log_search import LogSearch


class Row(NamedTuple):
    """The number of a line, which block of it, and which row of that."""

    line: int
    block: int = 0
    row: int = 0


class LogRows:
    """The lines of a buffer that pass `filter`; `laid` tells the rows of each.

    Before the main lines there may be a row of its own, the `edge`: what it says of the lines that are not here. So
    there may be before the head: the `top_edge`.
    """

    def __init__(self, buffer: LogBuffer, laid: Callable[[int], Laid]) -> None:
        self.buffer = buffer
        self.filter: LogSearch | None = None
        self.edge = ""
        self.top_edge = ""
        self.laid = laid

    # ---- lines
    @property
    def edge_text(self) -> str:
        """What is said of the lines before the main ones; empty: nothing."""
        if self.edge or not self.buffer.dropped:
            return self.edge
        return f"{self.buffer.dropped:,} older lines were dropped"

    @property
    def edge_number(self) -> int | None:
        """The number that the edge's row has."""
        joined = self.buffer.head is not None and self.buffer.joined
        return self.buffer.first - 1 if self.edge_text and not joined else None

    @property
    def top_number(self) -> int | None:
        """The number that the row of the top edge has."""
        return self.buffer.head.first - 1 if self.top_edge and self.buffer.head is not None else None

    def is_edge(self, number: int | None) -> bool:
        """Whether a number is that of an edge's row."""
        return number is not None and number in (self.edge_number, self.top_number)

    def first(self) -> int | None:
        """The first line, or an edge. None: there is no line."""
        found = self._first()
        if found is None:
            return None
        return min(number for number in (found, self.edge_number, self.top_number) if number is not None)

    def last(self) -> int | None:
        """The last line, or the edge."""
        found = self._last()
        edge = self.edge_number
        return found if found is None or edge is None else max(found, edge)

    def after(self, number: int) -> int | None:
        """The line after one that may itself be gone."""
        found = self._after(number)
        for edge in (self.top_number, self.edge_number):
            if edge is not None and number < edge and (found is None or found > edge) and self._first() is not None:
                return edge
        return found

    def before(self, number: int) -> int | None:
        """The line before one that may itself be gone."""
        found = self._before(number)
        for edge in (self.edge_number, self.top_number):
            if edge is not None and number > edge and (found is None or found < edge) and self._first() is not None:
                return edge
        return found

    def _first(self) -> int | None:
        if self.filter is not None:
            return self.filter.at(0) if self.filter.count else None
        return next((stretch.first for stretch in self.buffer.stretches if len(stretch)), None)

    def _last(self) -> int | None:
        if self.filter is not None:
            return self.filter.at(self.filter.count - 1) if self.filter.count else None
        return next((stretch.end - 1 for stretch in reversed(self.buffer.stretches) if len(stretch)), None)

    def _after(self, number: int) -> int | None:
        if self.filter is not None:
            ordinal = self.filter.ordinal(number + 1)
            return self.filter.at(ordinal) if ordinal < self.filter.count else None
        for stretch in self.buffer.stretches:
            if number + 1 < stretch.end and len(stretch):
                return max(number + 1, stretch.first)
        return None

    def _before(self, number: int) -> int | None:
        if self.filter is not None:
            ordinal = self.filter.ordinal(number) - 1
            return self.filter.at(ordinal) if ordinal >= 0 else None
        for stretch in reversed(self.buffer.stretches):
            if number > stretch.first and len(stretch):
                return min(number, stretch.end) - 1
        return None

    def line(self, number: int, most: int | None = None) -> LogLine:
        """What a line (or the first `most` bytes of it), or an edge, says. Raises IndexError where there is none."""
        if number == self.edge_number:
            return LogLine(self.edge_text, "system")
        if number == self.top_number:
            return LogLine(self.top_edge, "system")
        return self.buffer.line(number, most)

    # ---- rows
    def upwards(self, row: Row) -> Iterator[Row]:
        """The rows above one, the nearest first."""
        number: int | None = row.line
        block, part = row.block, row.row - 1
        while number is not None:
            laid = self.laid(number)
            block = min(block, laid.blocks - 1)
            while block >= 0:
                part = min(part, laid.height(block) - 1)
                while part >= 0:
                    yield Row(number, block, part)
                    part -= 1
                block -= 1
                part = 1 << 60
            number = self.before(number)
            block = part = 1 << 60

    def downwards(self, row: Row) -> Iterator[Row]:
        """The rows from one on."""
        number: int | None = row.line
        block, part = row.block, row.row
        while number is not None:
            laid = self.laid(number)
            while block < laid.blocks:
                for at in range(part, laid.height(block)):
                    yield Row(number, block, at)
                block, part = block + 1, 0
            number, block, part = self.after(number), 0, 0

    def up(self, height: int) -> list[Row]:
        """The last rows of all, from top to bottom, as many as there are up to `height`."""
        last = self.last()
        return [] if last is None else self._above(Row(last, 1 << 60, 1 << 60), height)

    def _above(self, row: Row, count: int) -> list[Row]:
        rows = list(islice(self.upwards(row), count))
        rows.reverse()
        return rows

    def down(self, top: Row, height: int) -> list[Row]:
        """The rows from `top` on, or from the nearest row that leaves none empty while there are lines above."""
        start = self.nearest(top)
        if start is None:
            return []
        rows = list(islice(self.downwards(start), height))
        return rows if len(rows) == height else [*self._above(start, height - len(rows)), *rows]

    def move(self, top: Row, rows: int) -> Row | None:
        """The row so many rows below another (above, where negative), as far as there are rows; None: there is none."""
        start = self.nearest(top)
        if start is None:
            return None
        way = islice(self.upwards(start), -rows) if rows < 0 else islice(self.downwards(start), rows + 1)
        return next(iter(deque(way, maxlen=1)), start)

    def nearest(self, row: Row) -> Row | None:
        """The row itself if its line is shown, else the first of the next line, else that of the last."""
        number = self.after(row.line - 1)
        if number is None:
            number = self.last()
        if number is None:
            return None
        if number != row.line:
            return Row(number)
        laid = self.laid(number)
        block = min(row.block, laid.blocks - 1)
        return Row(number, block, min(row.row, laid.height(block) - 1))
