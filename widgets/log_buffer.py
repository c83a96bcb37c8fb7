"""The lines a log view holds: numbered, bounded, the newest in memory and the older ones in temporary files."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from widgets.log_pages import LINE_COST, NO_TIME, Lines, Page, Stretch
from widgets.spill import Spill

Stream = Literal["stdout", "stderr", "system"]
STREAMS: tuple[Stream, ...] = ("stdout", "stderr", "system")

HEAD = -(1 << 50)
"""The number of the first line of the first head: far before all others, so that numbers tell the order everywhere."""

MOST_SOURCES = 1 << 14
LOADED_PAGES = 24
"""Pages that were put aside and are in memory all the same, because they were looked at last."""


class LogLine(msgspec.Struct, frozen=True):
    """One line, without its line end. `time` is in seconds since 1970, `source` names who wrote it."""

    text: str
    stream: Stream = "stdout"
    time: float | None = None
    source: str = ""


def kind_of(stream: int, source: int) -> int:
    """Stream and source as one number."""
    return stream | source << 2


class LogBuffer:
    """At most `max_lines` lines and `max_bytes` of text; what is over `memory` bytes is put aside in `folder`.

    Without a folder the bytes in memory are all there are. The oldest lines go first. A number is never used again.
    There may be a `head` before the `main` lines, with a gap between: the beginning of a log of which the end is
    followed. The main lines may be added to at both ends, the head at its end only. It gets half of each bound at
    most, so that there is always room for the newest lines; what it takes costs the oldest main ones.
    """

    def __init__(
        self,
        max_lines: int = 1_000_000,
        max_bytes: int = 64 << 20,
        max_line: int = 1 << 20,
        *,
        memory: int = 16 << 20,
        folder: Path | None = None,
    ) -> None:
        self.max_lines = max(1, max_lines)
        self.max_bytes = max_bytes
        self.max_line = max_line
        self.max_memory = memory if folder is not None else max_bytes
        self.spill = Spill(folder) if folder is not None else None
        self.dropped = 0
        """Main lines that were dropped from the beginning to stay within the bounds."""
        self.cuts: dict[int, int] = {}
        """How much (bytes or characters) of a line was not kept, by its number."""
        self.main = Stretch(0)
        self.head: Stretch | None = None
        self._next_head = HEAD
        self.joined = False
        """Whether the main lines follow the head's without a gap."""
        self._loaded: OrderedDict[int, Lines] = OrderedDict()
        self._names: dict[str, int] = {"": 0}
        self.sources: list[str] = [""]

    # ---- what is there
    @property
    def first(self) -> int:
        """The number of the oldest main line."""
        return self.main.first

    @property
    def end(self) -> int:
        """The number that the next line will get."""
        return self.main.end

    def __len__(self) -> int:
        return len(self.main) + (len(self.head) if self.head is not None else 0)

    @property
    def memory(self) -> int:
        """Bytes of text that are held in memory."""
        return sum(stretch.memory for stretch in self.stretches)

    @property
    def size(self) -> int:
        """Bytes of all lines, wherever they are."""
        return sum(stretch.size for stretch in self.stretches)

    @property
    def stretches(self) -> Sequence[Stretch]:
        """The head, where there is one, and the main lines; any may be empty."""
        return (self.main,) if self.head is None else (self.head, self.main)

    def stretch_of(self, number: int) -> Stretch:
        """The stretch that a line of this number belongs to."""
        return self.head if self.head is not None and number < HEAD >> 1 else self.main

    def __iter__(self) -> Iterator[LogLine]:
        for stretch in self.stretches:
            for number in range(stretch.first, stretch.end):
                yield self[number]

    def __getitem__(self, number: int) -> LogLine:
        """A line. Raises IndexError for a number that no line has."""
        return self.line(number)

    def line(self, number: int, most: int | None = None) -> LogLine:
        """A line, or the first `most` bytes of its text. Raises IndexError for a number that no line has."""
        text, time, kind = self.raw(number)
        short = most is not None and len(text) > most
        shown = (text[:most] if short else text).decode("utf-8", "replace")
        if not short and (cut := self.cuts.get(number)) is not None:
            shown = f"{shown}\x1b[0m … cut: {cut:,} more"
        return LogLine(shown, STREAMS[kind & 3], None if time == NO_TIME else time / 1e9, self.sources[kind >> 2])

    def raw(self, number: int) -> tuple[bytes, int, int]:
        """The text as it came, the time in nanoseconds (or NO_TIME) and the kind of a line."""
        stretch = self.stretch_of(number)
        if not stretch.first <= number < stretch.end:
            raise IndexError(number)
        page = stretch.page_of(number)
        if page is None:
            return stretch.open_line(number)
        lines, at = self.lines_of(page), number - page.first
        return lines.text(at), lines.times[at], lines.kinds[at]

    def lines_of(self, page: Page) -> Lines:
        """The lines of a page, read again where they were put aside."""
        if page.lines is not None:
            return page.lines
        lines = self._loaded.get(page.first)
        if lines is None:
            lines = self._load(page)
            self._loaded[page.first] = lines
            if len(self._loaded) > LOADED_PAGES:
                self._loaded.popitem(last=False)
        else:
            self._loaded.move_to_end(page.first)
        return lines

    def _load(self, page: Page) -> Lines:
        assert self.spill is not None
        assert page.place is not None
        return Lines.unpacked(self.spill.get(page.place), page.count)

    def chunk(self, number: int, *, keep: bool = False) -> tuple[int, Lines, Page | None]:
        """The lines that stand together with one: the number of the first of them, they, and their page if closed.

        Lines that were put aside stay in memory for the next look only with `keep`. Raises IndexError.
        """
        stretch = self.stretch_of(number)
        if not stretch.first <= number < stretch.end:
            raise IndexError(number)
        page = stretch.page_of(number)
        if page is None:
            return stretch.open_first, stretch.open_lines(), None
        if keep or page.lines is not None or page.first in self._loaded:
            return page.first, self.lines_of(page), page
        return page.first, self._load(page), page

    # ---- adding
    def source(self, name: str) -> int:
        """The number of a source, to be given with its lines; when there are too many the last name stands for all."""
        number = self._names.get(name)
        if number is None:
            number = len(self.sources)
            if number == MOST_SOURCES:
                return MOST_SOURCES - 1
            self._names[name] = number
            self.sources.append(name)
        return number

    def append(self, lines: Iterable[LogLine]) -> None:
        """Add lines at the end. One longer than `max_line` is cut there, and says so."""
        texts: list[bytes] = []
        times: list[int] = []
        kinds: list[int] = []
        cuts: dict[int, int] = {}
        for line in lines:
            text = line.text
            if len(text) > self.max_line:
                cuts[len(texts)] = len(text) - self.max_line
                text = text[: self.max_line]
            texts.append(text.replace("\n", "␊").encode("utf-8", "replace"))
            times.append(NO_TIME if line.time is None else round(line.time * 1e9))
            kinds.append(kind_of(STREAMS.index(line.stream), self.source(line.source)))
        self.extend(texts, times, kinds, cuts)

    def extend(
        self, texts: Sequence[bytes], times: Sequence[int], kinds: Sequence[int], cuts: dict[int, int] | None = None
    ) -> None:
        """Add lines at the end: texts in UTF-8 without line ends, times in nanoseconds or NO_TIME, kinds by `kind_of`.

        `cuts` tells how much of a line is missing, by its index.
        """
        self._cut(self.main.end, cuts)
        self.main.append(texts, times, kinds)
        self._keep_bounds()

    def extend_head(
        self, texts: Sequence[bytes], times: Sequence[int], kinds: Sequence[int], cuts: dict[int, int] | None = None
    ) -> int:
        """Add lines at the end of the head, which begins with the first of them; returns how many of them fit."""
        head = self.head if self.head is not None else Stretch(self._next_head)
        count = self._room_for(head, texts)
        if count:
            self.head = head
            self._cut(head.end, {at: cut for at, cut in (cuts or {}).items() if at < count})
            head.append(texts[:count], times[:count], kinds[:count])
            self._next_head = head.end
            self._keep_bounds()
        return count

    def _room_for(self, head: Stretch, texts: Sequence[bytes]) -> int:
        """How many of the next lines of a head fit."""
        if self.spill is not None and self.spill.problem and head.memory >= self.max_memory // 2:
            return 0
        count = min(len(texts), self.max_lines // 2 - len(head))
        room = self.max_bytes // 2 - head.size
        if sum(map(len, texts)) + LINE_COST * count <= room:
            return count
        for at in range(count):
            room -= len(texts[at]) + LINE_COST
            if room < 0:
                return at
        return count

    def prepend(
        self, texts: Sequence[bytes], times: Sequence[int], kinds: Sequence[int], cuts: dict[int, int] | None = None
    ) -> None:
        """Add lines before the first main line; none once main lines were dropped, which they would not adjoin."""
        if not texts or self.dropped:
            return
        self.main.prepend(texts, times, kinds)
        self._cut(self.main.first, cuts)
        self._put_aside()

    def _cut(self, first: int, cuts: dict[int, int] | None) -> None:
        for at, cut in (cuts or {}).items():
            self.cuts[first + at] = cut

    # ---- bounds
    def _keep_bounds(self) -> None:
        main = self.main
        if len(self) > self.max_lines and len(main) > 1:
            self._drop(min(main.end - 1, main.first + len(self) - self.max_lines))
        while self.size > self.max_bytes and len(main) > 1:
            self._drop_oldest()
        self._put_aside()

    def _drop_oldest(self) -> None:
        """Drop the oldest page of the main lines, or one line where there is but the open page."""
        main = self.main
        self._drop(main.pages[0].end if main.pages else main.first + 1)

    def _drop(self, number: int) -> None:
        self.dropped += number - self.main.first
        self.joined = False
        for page in self.main.drop(number):
            self._forget(page)
        if self.cuts:
            self.cuts = {at: cut for at, cut in self.cuts.items() if at >= self.main.first or at < HEAD >> 1}

    def _forget(self, page: Page) -> None:
        self._loaded.pop(page.first, None)
        if page.place is not None and self.spill is not None:
            self.spill.forget(page.place)

    def _put_aside(self) -> None:
        """Bring the memory within its bound: by files, and where they can't be written by dropping main lines.

        The head keeps to its half even while files can be written: once they can't, it is too late for that.
        """
        head = self.head
        while head is not None and head.memory > self.max_memory // 2 and self._put(head):
            pass
        while self.memory > self.max_memory:
            if self._put(self.main) or (head is not None and self._put(head)):
                continue
            if not self.main.pages:
                return
            self._drop_oldest()

    def _put(self, stretch: Stretch) -> bool:
        """Put the first page of a stretch aside that is in memory; False where there is none, or it can't be."""
        if self.spill is None or not stretch.waiting:
            return False
        lines = stretch.waiting[0].lines
        assert lines is not None
        place = self.spill.put(lines.packed())
        if place is not None:
            stretch.put_aside(place)
        return place is not None

    # ---- forgetting
    def drop_head(self) -> None:
        """Forget the head."""
        head, self.head, self.joined = self.head, None, False
        if head is not None:
            for page in head.pages:
                self._forget(page)
            self.cuts = {at: cut for at, cut in self.cuts.items() if at >= HEAD >> 1}

    def clear(self) -> None:
        """Forget all lines, and that any were dropped; the numbers begin again."""
        self.main, self.head, self.joined = Stretch(0), None, False
        self._next_head = HEAD
        self._loaded.clear()
        self.cuts.clear()
        self._names, self.sources = {"": 0}, [""]
        self.dropped = 0
        self.close()

    def close(self) -> None:
        """Give up the temporary files; the lines in them are gone."""
        if self.spill is not None:
            self.spill.close()
