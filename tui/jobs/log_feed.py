"""The logs of one or several containers as one text: followed at its end, and read further back where it is wanted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Sequence
from contextlib import aclosing, contextmanager
from typing import NamedTuple, Protocol

from tui.engine.errors import NotFound
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

MOST_KEPT = 100
"""Sources that are over and can be read back all the same: the last ones to end."""


class Held(NamedTuple):
    """The time of the oldest line that is held still, and how many lines of that moment are, by their sources."""

    time: int
    counts: Counter[int]


class Sink(Protocol):
    """What takes the lines."""

    def append(self, found: Merged) -> None:
        """Take lines that come after all others."""
        ...


class LogFeed:
    """Follows the logs of `targets`; `run` can be cancelled and called again. Lines go to `sink` with source numbers,
    which count their targets as they came. `on_phase` is called when a source's phase changes.

    A source that is over is kept for a while to be read back (`forget`), and `on_end` is called: its place is free.
    """

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
        self.on_end: Callable[[], object] = lambda: None
        self._sources: dict[int, LogSource] = {}
        self._next = 0
        self._over: list[int] = []
        """Those of the sources that are over, in the order in which they ended."""
        self._held: Counter[int] = Counter()
        """Sources whose lines are being read back, and by how many readers."""
        self._came = asyncio.Event()
        self._tail = tail
        self._on_phase = on_phase
        self._sink = sink
        self._pool = Pool()
        self._group: asyncio.TaskGroup | None = None
        for target in targets:
            self.add(target)

    def add(self, target: Target) -> None:
        """Follow one more."""
        source = LogSource(target, self._tail, self._on_phase, exact=self.many)
        number, self._next = self._next, self._next + 1
        self._sources[number] = source
        if self._group is not None:
            self._group.create_task(self._follow(number, source))

    @property
    def sources(self) -> list[LogSource]:
        """Those that are followed, in the order in which they came; then those that are over, the last one first."""
        over = set(self._over)
        on = [source for number, source in self._sources.items() if number not in over]
        return on + [self._sources[number] for number in reversed(self._over)]

    @property
    def numbers(self) -> list[int]:
        """The numbers of the sources, which lines are given out with."""
        return list(self._sources)

    @property
    def followed(self) -> int:
        """How many have a place, because more may come from them."""
        return len(self._sources) - len(self._over)

    def label(self, number: int) -> str:
        """Return what the lines of a source, which was given out just now, are told apart by."""
        return self._sources[number].label

    def forget(self) -> None:
        """Forget sources that are over: those that the daemon has forgotten too, and all but the last `MOST_KEPT`."""
        busy = self._held.keys() | self._pool.waiting if self._over else set[int]()
        kept: list[int] = []
        for at, number in enumerate(self._over):
            spare = at < len(self._over) - MOST_KEPT or self._sources[number].is_forgotten
            if spare and number not in busy:
                del self._sources[number]
                self._pool.forget(number)
            else:
                kept.append(number)
        self._over = kept

    @property
    def oldest(self) -> int:
        """The time of the oldest line that was given out; NO_TIME before the first."""
        return min((source.oldest for _, source in self._readable()), default=NO_TIME)

    def _readable(self) -> list[tuple[int, LogSource]]:
        """The sources that may have lines before those that were given out, with their numbers."""
        return [
            (number, source)
            for number, source in self._sources.items()
            if source.oldest != NO_TIME and source.phase not in ("failed", "gone")
        ]

    @contextmanager
    def _holding(self, numbers: Iterable[int]) -> Generator[None]:
        """Keep sources while their lines are read back."""
        held = list(numbers)
        self._held.update(held)
        try:
            yield
        finally:
            self._held = self._held - Counter(held)

    @property
    def at_start(self) -> bool:
        """Whether there is nothing before what was given out."""
        return all(source.at_start or source.phase in ("failed", "gone") for source in self._sources.values())

    @property
    def can_go_back(self) -> bool:
        """Whether lines before the oldest can be had without reading from the start."""
        return all(source.count < MOST_COUNTED for source in self._sources.values())

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for number, source in self._sources.items():
                    if not source.over:
                        group.create_task(self._follow(number, source))
                if self.many:
                    group.create_task(self._merge())
        finally:
            self._group = None

    async def _follow(self, number: int, source: LogSource) -> None:
        await source.run(lambda _source, batch: self._take(number, batch))
        self._over.append(number)
        self.forget()
        self.on_end()

    def _take(self, number: int, batch: LogBatch) -> None:
        if not self.many:
            self._give(Merged(batch, [number] * len(batch)))
            return
        self._pool.add(number, batch)
        self._came.set()
        if self._pool.size > MOST_WAITING:
            self._give(self._pool.release())

    async def _merge(self) -> None:
        """Give out what has waited long enough."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(*(source.caught_up.wait() for source in self._sources.values()))
        except TimeoutError:
            pass  # the others are not kept waiting by one that does not answer
        while True:
            await self._came.wait()
            until = self._pool.latest
            await asyncio.sleep(WINDOW_SECONDS)
            self._give(self._pool.release(until))
            if not len(self._pool):
                self._came.clear()

    def _give(self, found: Merged) -> None:
        if len(found):
            self._sink.append(found)
        if len(self._over) > MOST_KEPT:
            self.forget()  # now that its lines are given out

    # ---- further back
    async def older(self, count: int) -> Merged:
        """Return about `count` lines of each container that stand before what was given out; none: there are none.

        Raises:
            EngineError: they can't be read.
        """
        streams = [(number, source) for number, source in self._readable() if not source.at_start]
        with self._holding(number for number, _ in streams):
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
        found, seen = LogBatch(), 0
        tail = source.count + count
        batches = _lines(source, tail=tail, until=_until(source.oldest))
        async for batch in before(batches, source.oldest, source.at_oldest):
            seen += len(batch)
            found.extend(batch)
        # the daemon counts from the end, where lines may have come meanwhile: fewer than asked for tell of the start
        return found.part(max(0, len(found) - count)), seen < count

    async def from_start(self, since_ns: int | None = None, held: Held | None = None) -> AsyncGenerator[Merged]:
        """Yield the lines from the start, or from a moment on, up to the oldest of each container that was given out,
        or to the oldest that are still `held` of all.

        They are read only as far as they are asked for.

        Raises:
            EngineError: they can't be read.
        """
        since = "" if since_ns is None else moment_of(since_ns)
        streams: list[tuple[int, AsyncGenerator[LogBatch]]] = []
        for number, source in self._readable():
            time, count = (source.oldest, source.at_oldest) if held is None else (held.time, held.counts[number])
            streams.append((number, before(_lines(source, since=since, until=_until(time)), time, count)))
        async with aclosing(self._read(streams)) as lines:
            async for found in lines:
                yield found

    async def everything(self) -> AsyncGenerator[Merged]:
        """Yield every line that the daemons have now, from the start.

        Raises:
            EngineError: they can't be read.
        """
        readable = [pair for pair in self._sources.items() if pair[1].phase not in ("failed", "gone")]
        async with aclosing(self._read([(number, _lines(source)) for number, source in readable])) as lines:
            async for found in lines:
                yield found

    async def _read(self, streams: Sequence[tuple[int, AsyncGenerator[LogBatch]]]) -> AsyncGenerator[Merged]:
        with self._holding(number for number, _ in streams):
            async with aclosing(merged(streams)) as lines:
                async for found in lines:
                    yield found


async def _lines(
    source: LogSource, *, tail: int | None = None, since: str = "", until: str = ""
) -> AsyncGenerator[LogBatch]:
    """Yield what a source has now: nothing, where the daemon has forgotten it meanwhile."""
    container = source.container
    batches = source.target.access.log_batches(
        container.id, tty=bool(container.tty), tail=tail, since=since, until=until
    )
    try:
        async with aclosing(batches):
            async for batch in batches:
                yield batch
    except NotFound:
        return


def _until(time: int) -> str:
    """The moment up to which lines are not later than a time that the daemon told."""
    return moment_of(time if time % WHOLE_SECOND else time + WHOLE_SECOND - 1)
