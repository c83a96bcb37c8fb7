"""Lines packed into pages: text as bytes, times and kinds as arrays, so that a million lines cost what they say."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence

from widgets.spill import Place

PAGE_LINES = 4096
PAGE_BYTES = 256 << 10
"""A page is closed at whichever it reaches first."""

NO_TIME = -(1 << 63)
"""Stands in `times` for a line that has none."""

LINE_COST = 11
"""Bytes that a line takes beside its text: its end, its time and its kind."""


class Lines:
    """Lines that follow each other: their texts joined by line ends, nanoseconds since 1970, and kinds.

    A kind is a number that the owner gives a meaning: stream and source, packed.
    """

    __slots__ = ("_ends", "blob", "count", "kinds", "times")

    def __init__(self, blob: bytes, times: array[int], kinds: array[int]) -> None:
        self.blob = blob
        self.times = times
        self.kinds = kinds
        self.count = len(times)
        self._ends: array[int] | None = None

    @property
    def ends(self) -> array[int]:
        """Where each line's text ends in the blob."""
        if self._ends is None:
            self._ends = array("Q", _ends(self.blob, self.count))
        return self._ends

    def text(self, at: int) -> bytes:
        """The text of a line."""
        return self.blob[self.ends[at - 1] + 1 if at else 0 : self.ends[at]]

    def part(self, start: int, stop: int) -> Lines:
        """Those of the lines from `start` up to `stop`; at least one."""
        if start == 0 and stop == self.count:
            return self
        low = self.ends[start - 1] + 1 if start else 0
        return Lines(self.blob[low : self.ends[stop - 1]], self.times[start:stop], self.kinds[start:stop])

    def packed(self) -> bytes:
        """The lines as bytes, to be put aside."""
        return b"".join((self.times.tobytes(), self.kinds.tobytes(), self.blob))

    @classmethod
    def unpacked(cls, data: bytes, count: int) -> Lines:
        """The lines that `packed` made bytes of."""
        times, kinds = array("q"), array("H")
        times.frombytes(data[: 8 * count])
        kinds.frombytes(data[8 * count : 10 * count])
        return cls(data[10 * count :], times, kinds)


def _ends(blob: bytes, count: int) -> Iterator[int]:
    at = -1
    for _ in range(count - 1):
        at = blob.index(b"\n", at + 1)
        yield at
    yield len(blob)


class Page:
    """Some lines, in memory (`lines`) or put aside (`place`); `first` is the number of the first one."""

    __slots__ = ("count", "first", "latest", "lines", "place", "size")

    def __init__(self, first: int, lines: Lines) -> None:
        self.first = first
        self.count = lines.count
        self.size = len(lines.blob) + LINE_COST * lines.count
        self.lines: Lines | None = lines
        self.place: Place | None = None
        timed = [time for time in (min(lines.times), max(lines.times)) if time != NO_TIME]
        self.latest = max(timed) if len(timed) == 2 else 1 << 62
        """No line is later than this; lines without a time may be anything."""

    @property
    def end(self) -> int:
        """The number after the last line."""
        return self.first + self.count


class Stretch:
    """Lines without a gap, numbered from `first` up to `end` - 1: pages, and the open one that is still being filled.

    It grows at both ends, and is dropped from its beginning.
    """

    def __init__(self, number: int) -> None:
        self.first = number
        self.pages: list[Page] = []
        self.waiting: deque[Page] = deque()
        """The closed pages in memory, the first of them first."""
        self._waiting_bytes = 0
        self._firsts: list[int] = []
        self._texts: list[bytes] = []
        self._times: array[int] = array("q")
        self._kinds: array[int] = array("H")
        self._open_bytes = 0
        self._closed_bytes = 0
        self._open_first = number
        self._open: Lines | None = None

    @property
    def end(self) -> int:
        """The number that the next line will get."""
        return self._open_first + len(self._texts)

    @property
    def memory(self) -> int:
        """Bytes of what is in memory."""
        return self._waiting_bytes + self._open_bytes

    @property
    def size(self) -> int:
        """Bytes of all pages, wherever they are."""
        return self._closed_bytes + self._open_bytes

    def __len__(self) -> int:
        return self.end - self.first

    def append(self, texts: Sequence[bytes], times: Sequence[int], kinds: Sequence[int]) -> None:
        """Add lines at the end."""
        at, count = 0, len(texts)
        while at < count:
            stop = min(count, at + PAGE_LINES - len(self._texts))
            size = sum(map(len, texts[at:stop])) + LINE_COST * (stop - at)
            if self._open_bytes + size > PAGE_BYTES:
                stop, size = self._until_full(texts, at, stop)
            self._texts += texts[at:stop]
            self._times.extend(times[at:stop])
            self._kinds.extend(kinds[at:stop])
            self._open_bytes += size
            at = stop
            if self._open_bytes >= PAGE_BYTES or len(self._texts) >= PAGE_LINES:
                self._close()
        self._open = None

    def _until_full(self, texts: Sequence[bytes], at: int, stop: int) -> tuple[int, int]:
        size = 0
        while at < stop and self._open_bytes + size < PAGE_BYTES:
            size += len(texts[at]) + LINE_COST
            at += 1
        return at, size

    def _close(self) -> None:
        page = Page(self._open_first, Lines(b"\n".join(self._texts), self._times, self._kinds))
        self.pages.append(page)
        self.waiting.append(page)
        self._waiting_bytes += page.size
        self._firsts.append(page.first)
        self._closed_bytes += page.size
        self._open_first = page.end
        self._texts, self._times, self._kinds = [], array("q"), array("H")
        self._open_bytes, self._open = 0, None

    def prepend(self, texts: Sequence[bytes], times: Sequence[int], kinds: Sequence[int]) -> None:
        """Add lines before the first one."""
        other = Stretch(self.first - len(texts))
        other.append(texts, times, kinds)
        if other._texts:
            other._close()
        self.pages[:0] = other.pages
        self._firsts[:0] = other._firsts
        self._closed_bytes += other._closed_bytes
        self.waiting.extendleft(reversed(other.waiting))
        self._waiting_bytes += other._waiting_bytes
        self.first = other.first

    def put_aside(self, place: Place) -> None:
        """Let go of the lines of the first page in memory, which are at a place now."""
        page = self.waiting.popleft()
        page.place, page.lines = place, None
        self._waiting_bytes -= page.size

    def page_of(self, number: int) -> Page | None:
        """The page of a line; None for one of the open page."""
        return None if number >= self._open_first else self.pages[bisect_right(self._firsts, number) - 1]

    @property
    def open_first(self) -> int:
        """The number of the first line of the open page."""
        return self._open_first

    def open_lines(self) -> Lines:
        """The lines of the open page, which is not empty."""
        if self._open is None:
            self._open = Lines(b"\n".join(self._texts), self._times[:], self._kinds[:])
        return self._open

    def open_line(self, number: int) -> tuple[bytes, int, int]:
        """Text, time and kind of a line of the open page."""
        at = number - self._open_first
        return self._texts[at], self._times[at], self._kinds[at]

    def drop(self, number: int) -> list[Page]:
        """Drop the lines before a number; returns the pages that are dropped whole."""
        dropped: list[Page] = []
        while self.pages and self.pages[0].end <= number:
            dropped.append(self.pages.pop(0))
            self._closed_bytes -= dropped[-1].size
            del self._firsts[0]
        while self.waiting and self.waiting[0].end <= number:
            self._waiting_bytes -= self.waiting.popleft().size
        gone = number - self._open_first
        if not self.pages and gone > 0:
            self._open_bytes -= sum(map(len, self._texts[:gone])) + LINE_COST * gone
            del self._texts[:gone], self._times[:gone], self._kinds[:gone]
            self._open_first, self._open = number, None
        self.first = max(self.first, number)
        return dropped
