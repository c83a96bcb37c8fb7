"""The logs of one or several containers as one text: followed at its end, and read further back where it is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol

from tui.jobs.log_merge import Merged, Pool, before, merged
from tui.jobs.log_source import WHOLE_SECOND, LogSource, Target, moment_of
from tui.model.log_record import NO_TIME, LogBatch

WINDOW_SECONDS = 0.15
"""How long a line waits for earlier ones of other containers."""

PATIENCE_SECONDS = 3.0
"""How long what is there at the beginning waits for containers that do not answer."""

MOST_WAITING = 8 << 20
"""Bytes of lines that wait for others at most."""

MOST_COUNTED = 200_000
"""Lines of one container that are passed over to read those before them; further back there is only the start."""


class Sink(Protocol):
    """What takes the lines."""

    def append(self, found: Merged) -> None:
        """Take lines that come after all others."""
        ...


class LogFeed:
    """Follows the logs of `targets`; `run` can be cancelled and called again. Lines go to `sink` with source numbers,
    which are the places of their targets. `on_phase` is called when a source's phase changes."""

    def __init__(
        self,
        targets: Sequence[Target],
        sink: Sink,
        *,
        tail: int,
        on_phase: Callable[[], object],
        growing: bool = False,
    ) -> None:
        """`growing`: there may come more targets (`add`), so that lines name theirs even where there is one."""
        self.many = growing or len(targets) > 1
        self.sources: list[LogSource] = []
        self._tail = tail
        self._on_phase = on_phase
        self._sink = sink
        self._pool = Pool()
        self._numbers: dict[int, int] = {}
        self._group: asyncio.TaskGroup | None = None
        for target in targets:
            self.add(target)

    def add(self, target: Target) -> None:
        """Follow one more."""
        source = LogSource(target, self._tail, self._on_phase, exact=self.many)
        self._numbers[id(source)] = len(self.sources)
        self.sources.append(source)
        if self._group is not None:
            self._group.create_task(source.run(self._take))

    @property
    def oldest(self) -> int:
        """The time of the oldest line that was given out; NO_TIME before the first."""
        return min((source.oldest for source in self._readable()), default=NO_TIME)

    def _readable(self) -> list[LogSource]:
        """The sources that may have lines before those that were given out."""
        return [s for s in self.sources if s.oldest != NO_TIME and s.phase not in ("failed", "gone")]

    @property
    def at_start(self) -> bool:
        """Whether there is nothing before what was given out."""
        return all(source.at_start or source.phase in ("failed", "gone") for source in self.sources)

    @property
    def can_go_back(self) -> bool:
        """Whether lines before the oldest can be had without reading from the start."""
        return all(source.count < MOST_COUNTED for source in self.sources)

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for source in self.sources:
                    group.create_task(source.run(self._take))
                if self.many:
                    group.create_task(self._merge())
        finally:
            self._group = None

    def _take(self, source: LogSource, batch: LogBatch) -> None:
        number = self._numbers[id(source)]
        if not self.many:
            self._give(Merged(batch, [number] * len(batch)))
            return
        self._pool.add(number, batch)
        if self._pool.size > MOST_WAITING:
            self._give(self._pool.release())

    async def _merge(self) -> None:
        """Give out what has waited long enough."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(*(source.caught_up.wait() for source in self.sources))
        except TimeoutError:
            pass  # the others are not kept waiting by one that does not answer
        while True:
            until = max((self._pool.newest(number) for number in range(len(self.sources))), default=NO_TIME)
            if len(self._pool):
                await asyncio.sleep(WINDOW_SECONDS)
                self._give(self._pool.release(until))
            else:
                await asyncio.sleep(WINDOW_SECONDS / 3)

    def _give(self, found: Merged) -> None:
        if len(found):
            self._sink.append(found)

    # ---- further back
    async def older(self, count: int) -> Merged:
        """Return about `count` lines of each container that stand before what was given out; none: there are none.

        Raises:
            EngineError: they can't be read.
        """
        streams = [(self._numbers[id(source)], source) for source in self._readable() if not source.at_start]
        found = await asyncio.gather(*(self._older(source, count) for _, source in streams))
        pool = Pool()
        reach = NO_TIME
        for (number, source), (batch, exhausted) in zip(streams, found, strict=True):
            pool.add(number, batch)
            source.at_start = exhausted
            if not exhausted and len(batch):
                reach = max(reach, batch.times[0])
        everything = pool.release()
        # what is older than the reach of one that has more may have lines of that one in between
        keep = next((at for at, time in enumerate(everything.batch.times) if time >= reach), len(everything))
        if keep:
            for number, source in streams:
                if number in everything.sources[:keep]:
                    source.at_start = False
        kept = Merged(everything.batch.part(keep), everything.sources[keep:])
        times: dict[int, list[int]] = {number: [] for number, _ in streams}
        for time, number in zip(kept.batch.times, kept.sources, strict=True):
            times[number].append(time)
        for number, source in streams:
            source.went_back(times[number])
        return kept

    async def _older(self, source: LogSource, count: int) -> tuple[LogBatch, bool]:
        """Read lines of a source before the oldest; also returns whether they begin where its log begins."""
        container, found, seen = source.container, LogBatch(), 0
        tail = source.count + count
        batches = source.target.access.log_batches(
            container.id, tty=bool(container.tty), tail=tail, until=_until(source)
        )
        async for batch in before(batches, source.oldest, source.at_oldest):
            seen += len(batch)
            found.extend(batch)
        # the daemon counts from the end, where lines may have come meanwhile: fewer than asked for tell of the start
        return found.part(max(0, len(found) - count)), seen < count

    def from_start(self, since_ns: int | None = None) -> AsyncGenerator[Merged]:
        """Return the lines from the start, or from a moment on, up to the oldest of each container that was given out.

        They are read only as far as they are asked for.

        Raises:
            EngineError: they can't be read.
        """
        since = "" if since_ns is None else moment_of(since_ns)
        streams: list[tuple[int, AsyncGenerator[LogBatch]]] = []
        for source in self._readable():
            batches = source.target.access.log_batches(
                source.container.id, tty=bool(source.container.tty), since=since, until=_until(source)
            )
            streams.append((self._numbers[id(source)], before(batches, source.oldest, source.at_oldest)))
        return merged(streams)

    def everything(self) -> AsyncGenerator[Merged]:
        """Return every line that the daemons have now, from the start.

        Raises:
            EngineError: they can't be read.
        """
        return merged(
            [
                (
                    number,
                    source.target.access.log_batches(source.container.id, tty=bool(source.container.tty)),
                )
                for number, source in enumerate(self.sources)
                if source.phase not in ("failed", "gone")
            ]
        )


def _until(source: LogSource) -> str:
    """The moment up to which lines are older than those of a source, or of the same moment."""
    whole = not source.oldest % WHOLE_SECOND
    return moment_of(source.oldest + WHOLE_SECOND - 1 if whole else source.oldest)
