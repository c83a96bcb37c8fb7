"""The lines a log view holds: a bounded ring numbered from the first line ever, and a search that goes along."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Literal

from widgets import sgr
from widgets.matching import Matcher

Stream = Literal["stdout", "stderr", "system"]

LINE_COST = 160
"""Bytes that a line costs beside its text."""

STEP = 256
"""Lines that are searched between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, without its line end. `time` is in seconds since 1970, `source` names who wrote it."""

    text: str
    stream: Stream = "stdout"
    time: float | None = None
    source: str = ""


_GONE = LogLine("")


class LogBuffer:
    """At most `max_lines` lines and about `max_bytes` of memory; the oldest go first. Numbers are never used again."""

    def __init__(self, max_lines: int = 1_000_000, max_bytes: int = 256 << 20, max_line: int = 1 << 16) -> None:
        self.max_lines = max(1, max_lines)
        self.max_bytes = max_bytes
        self.max_line = max_line
        self.bytes = 0
        self.first = 0
        """The number of the oldest line held, which is how many were dropped."""
        self._lines: list[LogLine] = []
        self._skip = 0

    @property
    def end(self) -> int:
        """The number that the next line will get."""
        return self.first + len(self._lines) - self._skip

    def __len__(self) -> int:
        return len(self._lines) - self._skip

    def __getitem__(self, number: int) -> LogLine:
        """The line with a number from `first` to `end` - 1. Raises IndexError for any other."""
        at = number - self.first
        if not 0 <= at < len(self):
            raise IndexError(number)
        return self._lines[self._skip + at]

    def __iter__(self) -> Iterator[LogLine]:
        return iter(self._lines[self._skip :])

    def append(self, lines: Iterable[LogLine]) -> None:
        """Add lines at the end. One longer than `max_line` characters is cut there, and says so."""
        for line in lines:
            if len(line.text) > self.max_line:
                more = len(line.text) - self.max_line
                line = replace(line, text=f"{line.text[: self.max_line]}\x1b[0m … cut: {more:,} more characters")
            self._lines.append(line)
            self.bytes += _cost(line)
        while len(self) > self.max_lines or (self.bytes > self.max_bytes and len(self) > 1):
            self.bytes -= _cost(self._lines[self._skip])
            self._lines[self._skip] = _GONE
            self._skip += 1
            self.first += 1
        if self._skip > 1024 and self._skip * 2 > len(self._lines):
            del self._lines[: self._skip]
            self._skip = 0

    def clear(self) -> None:
        """Forget all lines, and that any were dropped."""
        self._lines.clear()
        self._skip = self.first = self.bytes = 0


def _cost(line: LogLine) -> int:
    return LINE_COST + len(line.text) * (1 if line.text.isascii() else 4)


class LogSearch:
    """Finds the lines that match, in steps: from an anchor to one end, then to the other, then along with new lines."""

    def __init__(self, buffer: LogBuffer, query: str, anchor: int, backward: bool) -> None:
        self.matcher = Matcher(query)
        self._buffer = buffer
        self._backward = backward
        self._low = self._high = max(buffer.first, min(anchor + (1 if backward else 0), buffer.end))
        self._before: list[int] = []  # descending: found on the way up, dropped from the end
        self._after: list[int] = []  # ascending
        self._skip = 0

    @property
    def complete(self) -> bool:
        """Whether every line that is held was looked at."""
        return self._low <= self._buffer.first and self._high >= self._buffer.end

    @property
    def count(self) -> int:
        """How many lines match, as far as it is known."""
        return len(self._before) + len(self._after) - self._skip

    def step(self, seconds: float) -> bool:
        """Search on for about that long; True when complete."""
        until = perf_counter() + seconds
        self._drop()
        while not self.complete:
            up = self._low > self._buffer.first and (self._backward or self._high >= self._buffer.end)
            if up:
                self._step_up()
            else:
                self._step_down()
            if perf_counter() > until:
                break
        return self.complete

    def matches(self, line: LogLine) -> bool:
        """Whether the text of a line, as it is seen, holds the query."""
        return self.matcher.test(sgr.strip(line.text))

    def _step_up(self) -> None:
        low = max(self._buffer.first, self._low - STEP)
        self._before += [n for n in range(self._low - 1, low - 1, -1) if self.matches(self._buffer[n])]
        self._low = low

    def _step_down(self) -> None:
        high = min(self._buffer.end, self._high + STEP)
        self._after += [n for n in range(self._high, high) if self.matches(self._buffer[n])]
        self._high = high

    def _drop(self) -> None:
        first = self._buffer.first
        while self._before and self._before[-1] < first:
            self._before.pop()
        while self._skip < len(self._after) and self._after[self._skip] < first:
            self._skip += 1
        if self._skip > 1024 and self._skip * 2 > len(self._after):
            del self._after[: self._skip]
            self._skip = 0
        self._low, self._high = max(self._low, first), max(self._high, first)

    def at(self, ordinal: int) -> int:
        """The number of the line with the hit of an ordinal from 0 to `count` - 1."""
        before = len(self._before)
        return self._before[before - 1 - ordinal] if ordinal < before else self._after[self._skip + ordinal - before]

    def ordinal(self, number: int) -> int:
        """How many hits stand before a line."""
        before = len(self._before)
        if before and number <= self._before[0]:
            return before - bisect_right(self._before, -number, key=lambda n: -n)
        return before + bisect_left(self._after, number, self._skip) - self._skip
