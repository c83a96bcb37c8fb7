"""Lines of several logs in the order of their times."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing

from tui.model.log_record import NO_TIME, LogBatch, picked


class Merged:
    """Lines with the number of the source of each."""

    __slots__ = ("batch", "sources")

    def __init__(self, batch: LogBatch, sources: Sequence[int]) -> None:
        self.batch = batch
        self.sources = sources

    def __len__(self) -> int:
        return len(self.batch)


class Pool:
    """Lines of several sources that wait for those of the others: `release` gives out those up to a moment, in order.

    A line without a time of its own goes with the line of its source before it. Lines of one moment stand in the order
    of their sources.
    """

    def __init__(self) -> None:
        self._batch = LogBatch()
        self._sources: list[int] = []
        self._keys: list[int] = []
        self._last: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._sources)

    @property
    def size(self) -> int:
        """Bytes of text that wait."""
        return sum(map(len, self._batch.texts))

    def add(self, source: int, batch: LogBatch) -> None:
        """Add lines of a source, which come in its own order."""
        last = self._last.get(source, NO_TIME)
        for time in batch.times:
            last = last if time == NO_TIME else time
            self._keys.append(last)
        self._last[source] = last
        self._batch.extend(batch)
        self._sources += [source] * len(batch)

    @property
    def waiting(self) -> set[int]:
        """The sources of the lines that wait."""
        return set(self._sources)

    @property
    def latest(self) -> int:
        """The time of the last line of the source that is furthest on; NO_TIME before the first line."""
        return max(self._last.values(), default=NO_TIME)

    def forget(self, source: int) -> None:
        """Forget a source from which nothing more comes, and of which no line waits."""
        self._last.pop(source, None)

    def newest(self, source: int) -> int:
        """Return the time of the last line of a source."""
        return self._last.get(source, NO_TIME)

    def release(self, until: int | None = None) -> Merged:
        """Return the lines not later than a moment, or all of them, in the order of their times."""
        keys = self._keys
        order = sorted(range(len(keys)), key=lambda at: (keys[at], self._sources[at]))
        if until is not None:
            order = [at for at in order if keys[at] <= until]
        merged = Merged(picked(self._batch, order), [self._sources[at] for at in order])
        if until is None or len(order) == len(keys):
            self._batch, self._sources, self._keys = LogBatch(), [], []
        else:
            rest = [at for at in range(len(keys)) if keys[at] > until]
            self._batch = picked(self._batch, rest)
            self._sources = [self._sources[at] for at in rest]
            self._keys = [keys[at] for at in rest]
        return merged


async def merged(streams: Sequence[tuple[int, AsyncGenerator[LogBatch]]]) -> AsyncGenerator[Merged]:
    """Yield the lines of streams that end, in the order of their times; only as far as is asked for is read."""
    async with AsyncExitStack() as stack:
        for _, stream in streams:
            await stack.enter_async_context(aclosing(stream))
        if len(streams) == 1:
            source, stream = streams[0]
            async for batch in stream:
                if len(batch):
                    yield Merged(batch, [source] * len(batch))
            return
        pool = Pool()
        open_streams = dict(streams)
        while open_streams:
            # the one that is furthest behind holds up all others
            source = min(open_streams, key=pool.newest)
            batch = await anext(open_streams[source], None)
            if batch is None:
                del open_streams[source]
            else:
                pool.add(source, batch)
            until = min(map(pool.newest, open_streams), default=None)
            if len(found := pool.release(until)):
                yield found


async def before(batches: AsyncGenerator[LogBatch], time: int, last: int = 0) -> AsyncGenerator[LogBatch]:
    """Yield the lines of a stream up to those later than a moment, without the `last` ones of that moment itself."""
    same = LogBatch()
    async with aclosing(batches):
        async for batch in batches:
            at = next((at for at, found in enumerate(batch.times) if found >= time), len(batch))
            if at:
                yield batch.part(0, at) if at < len(batch) else batch
            end = next((end for end in range(at, len(batch)) if batch.times[end] > time), len(batch))
            same.extend(batch.part(at, end))
            if end < len(batch):
                break
    if len(same) > last:
        yield same.part(0, len(same) - last)
