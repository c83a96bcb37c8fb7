"""What a log view shows: the logs that a feed follows, and what is read further back as the user goes there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from textual.worker import Worker

from tui.engine.errors import EngineError
from tui.jobs.log_feed import Held, LogFeed
from tui.jobs.log_merge import Merged
from tui.jobs.log_source import LogSource, Target
from tui.model.log_record import NO_TIME
from tui.present.logs import why_empty
from widgets.log_buffer import STREAMS, kind_of
from widgets.log_view import LogView, Where

OLDER_LINES = 1_000
"""Lines of each container that are read when the user comes to the oldest, doubled each time."""

MOST_OLDER = 32_000

AHEAD_LINES = 20_000
"""Lines of the start that are read beyond what is seen."""

_STREAMS = bytes((0, 0, 1, 2)) + bytes(252)
"""From the daemon's number of a stream to the view's: stdin and stdout, stderr, what is said by the system."""

_SYSTEM = STREAMS.index("system")


class LogReading:
    """Connects a view with the feed of some targets. `run` follows until cancelled, and can be called again.

    `on_change` is called when there is something new to say of how it stands. `cancel` says which key cancels what is
    read besides the end, and `no_room` what there is to do where the start of a log does not fit; both may be empty.
    """

    def __init__(
        self,
        view: LogView,
        targets: Sequence[Target],
        *,
        tail: int,
        on_change: Callable[[], object],
        growing: bool = False,
        cancel: str = "",
        no_room: str = "",
    ) -> None:
        self.view = view
        self.feed = LogFeed(targets, self, tail=tail, on_phase=self._phase_changed, growing=growing)
        self.busy = ""
        """What is read besides the end; empty: nothing."""
        self.problem = ""
        """Why the last of it failed."""
        self._on_change = on_change
        self._cancel = f" {cancel}" if cancel else ""
        self._no_room = f": {no_room}" if no_room else ""
        self._count = OLDER_LINES
        self._worker: Worker[None] | None = None
        self._aim: tuple[int | None] | None = None
        """From which moment on it reads; None: it goes on, or back."""
        self._start: Ahead | None = None
        self._whole = False
        self._range: tuple[int | None, int | None] = (None, None)
        """Of which moments lines are looked at, from and to; None: of all."""
        self._is_range_waiting = False
        """Whether it is read as soon as it is known what there is."""
        self._since: int | None = None
        """From which moment on the head was read, or was to be; None: from the start of the log."""
        self._head_time = NO_TIME
        """The time of the latest line of the head."""
        self._full = False
        """Whether the head ends where there is no more room for it."""
        self._dropped = 0
        """Main lines that had been dropped when the head was begun, which is read up to those that were left."""
        view.clear()
        view.ask = self._ask
        self._phase_changed()

    @property
    def sources(self) -> Sequence[LogSource]:
        """The containers that are followed, and after them those that have ended and can be read back."""
        return self.feed.sources

    async def run(self) -> None:
        """Follow until cancelled."""
        await self.feed.run()

    async def close(self) -> None:
        """Give up the reading of the start."""
        self.cancel()
        await self._drop_start()

    async def _drop_start(self) -> None:
        start, self._start = self._start, None
        if start is not None:
            await start.close()

    # ---- lines
    def append(self, found: Merged) -> None:
        """Take lines that come after all others."""
        batch = found.batch
        self.view.buffer.extend(batch.texts, batch.times, self._kinds(found), batch.cuts)
        if self._is_range_waiting and self.feed.oldest != NO_TIME:
            self.look_at(*self._range)
        else:
            self._changed()

    def _kinds(self, found: Merged) -> Sequence[int]:
        streams = found.batch.streams.translate(_STREAMS)
        if not self.feed.many:
            return streams
        number = {source: self.view.buffer.source(self.feed.label(source)) for source in set(found.sources)}
        return [kind_of(stream, number[source]) for stream, source in zip(streams, found.sources, strict=True)]

    def _changed(self) -> None:
        self._look_above()
        self.view.lines_changed()
        self._on_change()

    # ---- what is not here
    @property
    def is_reading(self) -> bool:
        """Whether anything but the end is being read."""
        return self._worker is not None and not self._worker.is_finished

    @property
    def standing(self) -> str:
        """What is read besides the end, or why no more of it is; empty: nothing, and for no reason."""
        full = self._full and self._is_gap_missing()
        return self.busy or self.problem or (f"no room for more{self._no_room}" if full else "")

    @property
    def is_missing(self) -> bool:
        """Whether lines are not here that are looked at, and the daemon may have."""
        return self._is_start_missing() or self._is_gap_missing()

    def _is_start_missing(self) -> bool:
        """Whether that is so of lines before the first one that is here."""
        buffer, since = self.view.buffer, self._range[0]
        if self.feed.oldest == NO_TIME or (buffer.head is None and not self._is_more_above()):
            return False
        if buffer.head is not None or buffer.joined:
            return self._since is not None and (since is None or since < self._since)
        return since is None or since < self._main_time()

    def _is_gap_missing(self) -> bool:
        """Whether that is so of lines between the head and the main ones."""
        buffer, (since, until) = self.view.buffer, self._range
        if buffer.head is None or buffer.joined or self.feed.oldest == NO_TIME:
            return False
        return (since is None or since < self._main_time()) and (until is None or until >= self._head_time)

    def _is_more_above(self) -> bool:
        """Whether there are lines before the main ones that the daemon may have."""
        return not self.feed.at_start or self.view.buffer.dropped > 0

    def _main_time(self) -> int:
        """The time of the oldest main line; NO_TIME where there is none."""
        held = self._held()
        return self.feed.oldest if held is None else held.time

    def _held(self) -> Held | None:
        """What is left of the main lines of which some were dropped; None where none were."""
        buffer = self.view.buffer
        if not buffer.dropped:
            return None
        # where there is one only, its lines do not name it
        numbers = {self.feed.label(number) if self.feed.many else "": number for number in self.feed.numbers}
        time, counts = NO_TIME, Counter[int]()
        try:
            for line in range(buffer.main.first, buffer.main.end):
                _, moment, kind = buffer.raw(line)
                if time == NO_TIME:
                    time = moment
                elif moment > time:
                    break
                number = numbers.get(buffer.sources[kind >> 2])
                if moment == time and kind & 3 != _SYSTEM and number is not None:
                    counts[number] += 1
        except OSError:
            return None  # it is told where those lines are seen
        return Held(time, counts) if time != NO_TIME else None

    def _look_above(self) -> None:
        """Say what there is before the lines."""
        view = self.view
        view.more_above = self._is_more_above()
        view.more_before_head = more = view.buffer.head is not None and self._is_start_missing()
        view.set_edge(self._edge(), "older lines were not read: g reads from the start" if more else "")

    def _edge(self) -> str:
        """What is said of the lines before the main ones."""
        buffer, feed = self.view.buffer, self.feed
        if not len(buffer.main):
            return ""
        if self.busy or self.problem:
            return self.busy or self.problem
        if buffer.head is not None:
            return "" if buffer.joined else self._gap()
        if not self._is_start_missing():
            return ""
        if not feed.can_go_back or buffer.dropped:
            return f"{buffer.dropped:,} older lines were dropped: g reads from the start"
        return "older lines: go on up to read them, g reads from the start"

    def _gap(self) -> str:
        """What is said of the lines between the head and the main ones."""
        if self._full:
            return f"here are lines for which there is no room{self._no_room}"
        dropped = self.view.buffer.dropped - self._dropped
        held = f"{dropped:,} lines that were dropped" if dropped and self._start is None else "lines that were not read"
        return f"here are {held}{': go on to read them' if self._can_go_on() else ''}"

    def _can_go_on(self) -> bool:
        """Whether more of the start can be read, and would be of the range that is looked at."""
        return self._start is not None and not self._full and self._is_gap_missing()

    def _can_go_up(self) -> bool:
        """Whether lines before the main ones can be read a few at a time, and would be of the range."""
        feed = self.feed
        return self._is_start_missing() and feed.can_go_back and not feed.at_start and not self.view.buffer.dropped

    def _phase_changed(self) -> None:
        reasons = [why_empty(source.container, source.phase, source.problem) for source in self.sources[:20]]
        self.view.set_notice("; ".join(reasons))
        self._look_above()  # by now it may be known that this is all
        self._on_change()

    # ---- further back
    def look_at(self, since_ns: int | None, until_ns: int | None) -> None:
        """Read lines of a range of time that are not here; None: it has no beginning, or no end."""
        self._range = (since_ns, until_ns)
        is_range = (since_ns, until_ns) != (None, None)
        self._is_range_waiting = is_range and self.feed.oldest == NO_TIME
        if is_range and self._is_beginning_missing():
            self.read_from(since_ns)
        else:
            self._changed()

    def _is_beginning_missing(self) -> bool:
        """Whether the first lines of the range are not here, or take less room without those before them."""
        if self._is_start_missing():
            return True
        since = self._range[0]
        if since is None or not self._is_gap_missing():
            return False
        return since > self._head_time or (self._full and (self._since is None or since > self._since))

    def _ask(self, where: Where) -> None:
        if where == "start":
            since = self._range[0]
            if self._is_start_missing() and not (self.is_reading and self._aim == (since,)):
                self.read_from(since)
        elif self.is_reading:
            return
        elif where == "gap" and self._can_go_on():
            self._begin(self._read_on, "reading on from the start …")
        elif where == "above" and self._can_go_up():
            self._begin(self._read_older, "reading older lines …")

    def read_from(self, since_ns: int | None, *, whole: bool = False) -> None:
        """Read from the start, or from a moment on: as far as is looked at, or with `whole` up to what is here."""
        if self.feed.oldest == NO_TIME:
            return
        self.cancel()
        self._whole = whole

        async def read() -> None:
            await self._drop_start()
            buffer, held = self.view.buffer, self._held()
            buffer.drop_head()
            self._since, self._head_time, self._full, self._dropped = since_ns, NO_TIME, False, buffer.dropped
            self._start = Ahead(self.feed.from_start(since_ns, held))
            await self._read_on(first=True)

        self._begin(read, f"looking for the {'start' if since_ns is None else 'range'} …{self._cancel}")
        self._aim = (since_ns,)

    def read_all(self) -> str:
        """Read all that is looked at and not here; returns why there is nothing to read, or an empty string."""
        if self.feed.oldest == NO_TIME and not self.feed.at_start:
            return "no line was read yet"
        if self.feed.oldest == NO_TIME and len(self.view.buffer):
            return "the daemon has this log no more"
        if not self.is_missing:
            whole = self._range == (None, None)
            return "the whole log is here" if whole else "all lines of the range are here"
        if self._full and not self._is_start_missing():
            return self.standing
        if self._start is None or self._is_start_missing():
            self.read_from(self._range[0], whole=True)
        else:
            self.cancel()
            self._whole = True
            self._begin(self._read_on, f"reading the whole log …{self._cancel}")
        return ""

    def cancel(self) -> bool:
        """Stop reading what is read besides the end; False where nothing is."""
        is_reading, worker = self.is_reading, self._worker
        self._worker, self._aim, self._whole, self.busy = None, None, False, ""
        if worker is not None and is_reading:
            worker.cancel()
            self._changed()
        return is_reading

    def _begin(self, read: Callable[[], Awaitable[None]], words: str) -> None:
        self.busy, self.problem = words, ""

        async def run() -> None:
            try:
                await read()
            except EngineError as error:
                if self._worker is worker:
                    self.problem, self._start = f"older lines can't be read: {error}", None
            finally:
                if self._worker is worker:  # else it was cancelled, and another may be at work
                    self.busy = ""
                    self._changed()

        self._aim = None
        self._worker = worker = self.view.run_worker(run, group="log-history")
        self._changed()

    async def _read_older(self) -> None:
        """Read some more lines before the oldest."""
        found = await self.feed.older(self._count)
        self._count = min(MOST_OLDER, self._count * 2)
        batch = found.batch
        self.view.buffer.prepend(batch.texts, batch.times, self._kinds(found), batch.cuts)

    async def _read_on(self, *, first: bool = False) -> None:
        """Read on from the start, as far ahead of what is seen as is useful, or all of it."""
        start, buffer = self._start, self.view.buffer
        if start is None:
            return
        goal = (len(buffer.head) if buffer.head is not None else 0) + AHEAD_LINES
        while True:
            found = await start.next()
            if found is None:
                self._start = None
                buffer.joined = buffer.dropped == self._dropped
                return
            batch = found.batch
            taken = buffer.extend_head(batch.texts, batch.times, self._kinds(found), batch.cuts)
            self._full = taken < len(batch)
            self._head_time = max(self._head_time, *batch.times[:taken], NO_TIME)
            if buffer.head is not None:
                self.busy = f"reading from the start: {len(buffer.head):,} lines …{self._cancel}"
                if first:
                    first = False
                    self.view.show_start()
                self._changed()
            if self._full:
                await self._drop_start()
                return
            until = self._range[1]
            if until is not None and self._head_time > until:
                return  # what follows is not looked at
            if buffer.head is not None and len(buffer.head) >= goal and not self._whole:
                return


class Ahead:
    """Lines that are read as they are asked for; who waits for the next ones may give up, and ask again later."""

    def __init__(self, lines: AsyncGenerator[Merged]) -> None:
        self._lines = lines
        self._coming: asyncio.Future[Merged | None] | None = None

    async def next(self) -> Merged | None:
        """Return the next lines; None at the end.

        Raises:
            EngineError: they can't be read.
        """
        if self._coming is None:
            self._coming = asyncio.ensure_future(anext(self._lines, None))
        await asyncio.wait([self._coming])  # unlike the future itself, this can be given up
        found, self._coming = self._coming.result(), None
        return found

    async def close(self) -> None:
        """End the reading."""
        coming, self._coming = self._coming, None
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await self._lines.aclose()
