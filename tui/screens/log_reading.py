"""What a log view shows: the logs that a feed follows, and what is read further back as the user goes there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from textual.worker import Worker

from tui.engine.errors import EngineError
from tui.jobs.log_feed import LogFeed
from tui.jobs.log_merge import Merged
from tui.jobs.log_source import LogSource, Target
from tui.model.log_record import NO_TIME
from tui.present.logs import why_empty
from widgets.log_buffer import kind_of
from widgets.log_view import LogView, Where

OLDER_LINES = 1_000
"""Lines of each container that are read when the user comes to the oldest, doubled each time."""

MOST_OLDER = 32_000

AHEAD_LINES = 20_000
"""Lines of the start that are read beyond what is seen."""

_STREAMS = bytes((0, 0, 1, 2)) + bytes(252)
"""From the daemon's number of a stream to the view's: stdin and stdout, stderr, what is said by the system."""


class LogReading:
    """Connects a view with the feed of some targets. `run` follows until cancelled, and can be called again.

    `on_change` is called when there is something new to say of how it stands.
    """

    def __init__(
        self,
        view: LogView,
        targets: Sequence[Target],
        *,
        tail: int,
        on_change: Callable[[], object],
        growing: bool = False,
    ) -> None:
        self.view = view
        self.feed = LogFeed(targets, self, tail=tail, on_phase=self._phase_changed, growing=growing)
        self.busy = ""
        """What is read besides the end; empty: nothing."""
        self.problem = ""
        """Why the last of it failed."""
        self._on_change = on_change
        self._count = OLDER_LINES
        self._worker: Worker[None] | None = None
        self._start: Ahead | None = None
        self._whole = False
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

    def _look_above(self) -> None:
        """Say what there is before the lines."""
        self.view.more_above = not self.feed.at_start or self.view.buffer.dropped > 0
        self.view.set_edge(self._edge())

    def _edge(self) -> str:
        """What is said of the lines before the main ones."""
        buffer, feed = self.view.buffer, self.feed
        if not len(buffer.main) or buffer.joined:
            return ""
        if buffer.head is not None:
            held = f"{buffer.dropped:,} lines that were dropped" if buffer.dropped else "lines that were not read"
            return f"{self.busy or 'here are ' + held + (': go on to read them' if self._start is not None else '')}"
        if self.busy or self.problem:
            return self.busy or self.problem
        if feed.at_start and not buffer.dropped:
            return ""
        if not feed.can_go_back or buffer.dropped:
            return f"{buffer.dropped:,} older lines were dropped: g reads from the start"
        return "older lines: go on up to read them, g reads from the start"

    def _phase_changed(self) -> None:
        reasons = [why_empty(source.container, source.phase, source.problem) for source in self.sources[:20]]
        self.view.set_notice("; ".join(reasons))
        self._look_above()  # by now it may be known that this is all
        self._on_change()

    # ---- further back
    def _ask(self, where: Where) -> None:
        if self._worker is not None and not self._worker.is_finished:
            return
        if where == "start":
            self.read_from(None)
        elif where == "gap" and self._start is not None:
            self._work(self._read_on, "reading on from the start …")
        elif where == "above" and self.feed.can_go_back and not self.feed.at_start and not self.view.buffer.dropped:
            self._work(self._read_older, "reading older lines …")

    def read_from(self, since_ns: int | None, *, whole: bool = False) -> None:
        """Read from the start, or from a moment on: as far as is looked at, or with `whole` up to what is here."""
        if self.feed.oldest == NO_TIME:
            return
        self.cancel()
        self._whole = whole

        async def read() -> None:
            await self._drop_start()
            self.view.buffer.drop_head()
            self._start = Ahead(self.feed.from_start(since_ns))
            await self._read_on(first=True)

        self._work(read, "looking for the start in the daemon's log … x cancels")

    def read_all(self) -> None:
        """Read all that lies between the start and the lines that are here."""
        if self._start is None:
            self.read_from(None, whole=True)
        else:
            self.cancel()
            self._whole = True
            self._work(self._read_on, "reading the whole log … x cancels")

    def cancel(self) -> bool:
        """Stop reading what is read besides the end; False where nothing is."""
        worker, self._worker = self._worker, None
        self._whole = False
        if worker is None or worker.is_finished:
            return False
        worker.cancel()
        return True

    def _work(self, work: Callable[[], Awaitable[None]], words: str) -> None:
        self.busy, self.problem = words, ""
        self._changed()

        async def run() -> None:
            try:
                await work()
            except EngineError as error:
                self.problem = f"older lines can't be read: {error}"
                self._start = None
            finally:
                self.busy = ""
                self._changed()

        self._worker = self.view.run_worker(run, group="log-history")

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
                buffer.joined = buffer.dropped == 0
                return
            batch = found.batch
            buffer.extend_head(batch.texts, batch.times, self._kinds(found), batch.cuts)
            if buffer.head is None:
                continue
            self.busy = f"reading from the start: {len(buffer.head):,} lines … x cancels"
            if first:
                first = False
                self.view.show_start()
            self._changed()
            if len(buffer.head) >= goal and not self._whole:
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
