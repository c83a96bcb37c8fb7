"""Finds lines of a buffer, in steps that leave time for keys, and goes along as lines come and go."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from time import perf_counter
from typing import Protocol

from widgets import sgr
from widgets.log_buffer import LogBuffer
from widgets.log_pages import Lines, Stretch
from widgets.log_query import Query, TooSlow


class Piece:
    """Lines that are looked at together; what is asked of them is worked out once."""

    def __init__(self, number: int, lines: Lines) -> None:
        self.number = number
        self.lines = lines
        self._text: str | None = None

    @property
    def text(self) -> str:
        """The texts as they are seen, without colours, joined by line ends."""
        if self._text is None:
            self._text = sgr.strip(self.lines.blob.decode("utf-8", "replace"))
        return self._text


class Test(Protocol):
    """What lines are looked for."""

    def pick(self, piece: Piece) -> Sequence[int]:
        """The indexes of the lines that pass, in order.

        Raises:
            TooSlow: that can't be told in a reasonable time.
        """
        ...


class QueryTest:
    """Lines that a query finds."""

    def __init__(self, query: Query) -> None:
        self.query = query

    def pick(self, piece: Piece) -> Sequence[int]:
        return self.query.lines(piece.text, piece.lines.count)


class Both:
    """Lines that pass two tests."""

    def __init__(self, first: Test, second: Test) -> None:
        self._first = first
        self._second = second

    def pick(self, piece: Piece) -> Sequence[int]:
        found = self._first.pick(piece)
        if not found:
            return ()
        second = set(self._second.pick(piece))
        return [at for at in found if at in second]


class _Found:
    """What was found in one stretch: upwards from an anchor, and downwards."""

    def __init__(self, stretch: Stretch, anchor: int) -> None:
        self.stretch = stretch
        self.low = self.high = max(stretch.first, min(anchor, stretch.end))
        self.before: array[int] = array("q")  # descending, so that it grows at its end
        self.after: array[int] = array("q")
        self.skip = 0

    @property
    def complete(self) -> bool:
        return self.low <= self.stretch.first and self.high >= self.stretch.end

    @property
    def count(self) -> int:
        return len(self.before) + len(self.after) - self.skip

    def drop(self) -> None:
        """Forget what stands before the first line that is still there."""
        first = self.stretch.first
        while self.before and self.before[-1] < first:
            self.before.pop()
        if self.skip < len(self.after) and self.after[self.skip] < first:
            self.skip = bisect_left(self.after, first, self.skip)
        if self.skip > 1024 and self.skip * 2 > len(self.after):
            del self.after[: self.skip]
            self.skip = 0
        self.low, self.high = max(self.low, first), max(self.high, first)

    def at(self, ordinal: int) -> int:
        before = len(self.before)
        return self.before[before - 1 - ordinal] if ordinal < before else self.after[self.skip + ordinal - before]

    def ordinal(self, number: int) -> int:
        """How many of them stand before a line."""
        before = len(self.before)
        if before and number <= self.before[0]:
            return before - bisect_left(self.before, 1 - number, key=lambda n: -n)
        return before + bisect_left(self.after, number, self.skip) - self.skip


class LogSearch:
    """The lines that pass a test: looked for from an anchor to one end, then to the other, then as new ones come."""

    def __init__(self, buffer: LogBuffer, test: Test, anchor: int, backward: bool) -> None:
        self.test = test
        self.problem = ""
        """Why it ended before it was complete."""
        self._buffer = buffer
        self._backward = backward
        self._anchor = anchor + (1 if backward else 0)
        self._parts: list[_Found] = []
        self._refresh()

    def _refresh(self) -> list[_Found]:
        """One part for each stretch, those of before kept."""
        stretches = self._buffer.stretches
        if [part.stretch for part in self._parts] != list(stretches):
            known = {id(part.stretch): part for part in self._parts}
            self._parts = [known.get(id(stretch)) or _Found(stretch, self._anchor) for stretch in stretches]
        for part in self._parts:
            part.drop()
        return self._parts

    @property
    def complete(self) -> bool:
        """Whether every line that is held was looked at, or none will be any more."""
        parts = self._refresh()
        return bool(self.problem) or all(part.complete for part in parts)

    @property
    def count(self) -> int:
        """How many lines pass, as far as it is known."""
        return sum(part.count for part in self._parts)

    def step(self, seconds: float) -> bool:
        """Search on for about that long; True when complete."""
        until = perf_counter() + seconds
        while not self.complete:
            try:
                self._step()
            except TooSlow:
                self.problem = "the expression takes too long on these lines"
            except OSError as error:
                self.problem = f"older lines can't be read: {error.strerror or error}"
            if perf_counter() > until:
                break
        return self.complete

    def _step(self) -> None:
        parts = [part for part in self._refresh() if not part.complete]
        here = self._buffer.stretch_of(self._anchor)
        part = next((part for part in parts if part.stretch is here), parts[0])
        up = part.low > part.stretch.first and (self._backward or part.high >= part.stretch.end)
        first, lines, _page = self._buffer.chunk(part.low - 1 if up else part.high)
        start = max(first, part.stretch.first) if up else part.high
        stop = part.low if up else first + lines.count
        found = self.test.pick(Piece(start, lines.part(start - first, stop - first)))
        if up:
            part.before.extend(start + at for at in reversed(found))
            part.low = start
        else:
            part.after.extend(start + at for at in found)
            part.high = stop

    def at(self, ordinal: int) -> int:
        """The number of the line with the hit of an ordinal from 0 to `count` - 1."""
        for part in self._parts:
            if ordinal < part.count:
                return part.at(ordinal)
            ordinal -= part.count
        raise IndexError(ordinal)

    def ordinal(self, number: int) -> int:
        """How many hits stand before a line."""
        before = 0
        for part in self._parts:
            if part.stretch is self._buffer.stretch_of(number):
                return before + part.ordinal(number)
            before += part.count
        return before
