"""Which lines of a buffer stand on which rows of a view, with or without a filter; nothing here draws."""

from __future__ import annotations

from collections.abc import Callable

from widgets.log_buffer import LogBuffer, LogLine, LogSearch

Row = tuple[int, int]
"""The number of a line, and which of its wrapped rows."""


class LogRows:
    """The lines of a buffer that pass `filter`. `height_of` tells how many rows a line takes."""

    def __init__(self, buffer: LogBuffer, height_of: Callable[[int], int]) -> None:
        self.buffer = buffer
        self.filter: LogSearch | None = None
        self._height_of = height_of

    def first(self) -> int | None:
        """The first line; the one before the buffer's first, where that tells how many were dropped. None: no line."""
        if self.filter is not None:
            return self.filter.at(0) if self.filter.count else None
        return self.buffer.first - (self.buffer.first > 0) if len(self.buffer) else None

    def last(self) -> int | None:
        """The last line."""
        if self.filter is not None:
            return self.filter.at(self.filter.count - 1) if self.filter.count else None
        return self.buffer.end - 1 if len(self.buffer) else None

    def after(self, number: int) -> int | None:
        """The line after one that may itself be gone."""
        if self.filter is None:
            return number + 1 if number + 1 < self.buffer.end else None
        ordinal = self.filter.ordinal(number + 1)
        return self.filter.at(ordinal) if ordinal < self.filter.count else None

    def before(self, number: int) -> int | None:
        """The line before one that may itself be gone."""
        if self.filter is None:
            return number - 1 if number > (self.first() or 0) else None
        ordinal = self.filter.ordinal(number) - 1
        return self.filter.at(ordinal) if ordinal >= 0 else None

    def line(self, number: int) -> LogLine:
        """What a line says. Raises IndexError for one that has not come yet."""
        if number < self.buffer.first:
            return LogLine(f"{self.buffer.first:,} older lines were dropped", "system")
        return self.buffer[number]

    def up(self, height: int) -> list[Row]:
        """The last rows of all, from top to bottom, as many as there are up to `height`."""
        rows: list[Row] = []
        number = self.last()
        while number is not None and len(rows) < height:
            count = self._height_of(number)
            rows += [(number, part) for part in range(count - 1, max(-1, count - 1 - height + len(rows)), -1)]
            number = self.before(number)
        rows.reverse()
        return rows

    def down(self, top: Row, height: int) -> list[Row]:
        """The rows from `top` on, or from the nearest row that leaves none empty while there are lines above."""
        top_line = self._nearest(top[0])
        if top_line is None:
            return []
        part = min(top[1], self._height_of(top_line) - 1) if top_line == top[0] else 0
        rows: list[Row] = []
        at: int | None = top_line
        while at is not None and len(rows) < height:
            count = self._height_of(at)
            rows += [(at, row) for row in range(part, min(count, part + height - len(rows)))]
            part = 0
            at = self.after(at)
        return rows if len(rows) == height else self.up(height)

    def _nearest(self, number: int) -> int | None:
        """The line itself if it is shown, else the next one, else the last."""
        first, last = self.first(), self.last()
        if first is None or last is None:
            return None
        if self.filter is None:
            return max(first, min(number, last))
        shown = self.after(number - 1)
        return last if shown is None else shown
