"""What the containers in view use of the machine: read from the kernel where the daemon is here, else streamed by it.

It costs by what is visible: a stream or a read a second for each row in view, opened and closed as the view moves.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import aclosing, contextmanager

import msgspec

from tui.engine.cgroups import Cgroup, LocalCgroups
from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.model.cgroups import Counts, HostTimes, sample_between
from tui.model.containers import Container
from tui.model.stats import Sample, Usage, usage_from
from tui.model.usage_history import UsageHistory
from tui.store.publishing import Publisher

MOST_WATCHED = 64
HISTORY = 120
RETRY_SECONDS = 2.0
READ_SECONDS = 1.0

MOST_KEPT = 200
"""Containers whose history is kept, those that were watched last: about 15 kB each."""

LINGER_SECONDS = 3.0
"""How long a row is watched after it left the view: a filter being typed, or a glance further down, ends nothing."""

MISSES = 3
"""So many containers whose files are not found, and none whose are, tell that the daemon is not this machine's."""


class _History(msgspec.Struct):
    """What was seen of one container while it is watched."""

    before: Sample | None = None
    cpu: deque[float] = msgspec.field(default_factory=lambda: deque[float](maxlen=HISTORY))

    def usage(self, sample: Sample) -> Usage:
        if sample.cpu is not None:
            self.cpu.append(sample.cpu)
        before, self.before = self.before, sample
        return usage_from(sample, before, tuple(self.cpu))


class UsageWatch:
    """Keeps the usage of the containers that are watched; `publish` gets the IDs whose usage changed.

    `known` gives a container as it is known already, to spare asking for it.
    """

    def __init__(
        self,
        engine: Engine,
        publish: Callable[[set[str]], object],
        interval: float = 0.5,
        known: Callable[[str], Container | None] = lambda _key: None,
    ) -> None:
        self._engine = engine
        self._publish = publish
        self._known = known
        self._watched: dict[str, asyncio.Task[None]] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._changed: set[str] = set()
        self._publisher = Publisher(self._fire, interval)
        self._streaming: set[str] = set()
        self._reading: set[str] = set()
        self._cgroups = engine.local_cgroups()
        self._trusted = False
        self._misses = 0
        self._one_proof = asyncio.Lock()
        self._tick: asyncio.Future[HostTimes] | None = None
        self._wanted: list[str] = []
        self._followers: dict[str, list[asyncio.Event]] = {}
        self.usage: dict[str, Usage] = {}
        """The last usage of each container watched now."""
        self.histories: dict[str, UsageHistory] = {}
        """What was seen of each container since it was first watched; of the last 200, gone ones too."""

    @property
    def streams(self) -> int:
        """How many streams the daemon is asked for now."""
        return len(self._streaming)

    @property
    def reads(self) -> int:
        """How many containers are read from this machine's cgroups, once a second and at no cost to the daemon."""
        return len(self._reading)

    def watch(self, containers: Iterable[str]) -> None:
        """Watch these (running) containers and, after a moment in which they may come back, no others; at most 64."""
        self._wanted = list(containers)
        wanted = list(dict.fromkeys([*self._followers, *self._wanted]))[:MOST_WATCHED]
        loop = asyncio.get_running_loop()
        for key in wanted:
            if (leaving := self._leaving.pop(key, None)) is not None:
                leaving.cancel()
        for key in set(self._watched) - set(wanted) - set(self._leaving):
            self._leaving[key] = loop.call_later(LINGER_SECONDS, self._end, key)
        # a view that moves on for good must not hold more than its share
        for key in list(self._leaving)[: max(0, len(self._watched.keys() | set(wanted)) - MOST_WATCHED)]:
            self._end(key)
        for key in wanted:
            task = self._watched.get(key)
            if task is None or task.done():
                self._watched[key] = asyncio.create_task(self._follow(key))

    @contextmanager
    def following(self, keys: Iterable[str]) -> Generator[asyncio.Event]:
        """Watch these (running) containers too, wherever the view is; the event that is yielded is set by each sample.

        They go before those in view, so that of more than 64 some of these are watched.
        """
        followed = list(dict.fromkeys(keys))
        event = asyncio.Event()
        for key in followed:
            self._followers.setdefault(key, []).append(event)
        self.watch(self._wanted)
        try:
            yield event
        finally:
            for key in followed:
                self._followers[key].remove(event)
                if not self._followers[key]:
                    del self._followers[key]
            self.watch(self._wanted)

    def _end(self, key: str) -> None:
        if (leaving := self._leaving.pop(key, None)) is not None:
            leaving.cancel()
        if (task := self._watched.pop(key, None)) is not None:
            task.cancel()
        self.usage.pop(key, None)

    async def close(self) -> None:
        """End every stream and every read."""
        tasks = list(self._watched.values())
        for key in list(self._watched):
            self._end(key)
        self._publisher.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, key: str) -> None:
        while True:
            try:
                if (cgroup := await self._own_cgroup(key)) is not None:
                    await self._read(key, cgroup)
                else:
                    await self._stream(key)
            except (EngineError, OSError, ValueError):
                # the feed tells what is wrong with the daemon; a container that ended leaves the view by itself
                self.usage.pop(key, None)
            await asyncio.sleep(RETRY_SECONDS)

    def _note(self, key: str, usage: Usage) -> None:
        self.usage[key] = usage
        self._keep(key, usage)
        for event in self._followers.get(key, ()):
            event.set()
        self._changed.add(key)
        self._publisher.request()

    def _keep(self, key: str, usage: Usage) -> None:
        history = self.histories.pop(key, None) or UsageHistory()
        history.add(usage)
        self.histories[key] = history  # at the end: what was not watched for longest goes first
        if len(self.histories) > MOST_KEPT:
            del self.histories[next(iter(self.histories))]

    def _fire(self) -> None:
        changed, self._changed = self._changed, set()
        self._publish(changed)

    # from the daemon

    async def _stream(self, key: str) -> None:
        history = _History()
        self._streaming.add(key)
        try:
            async with aclosing(self._engine.containers.stats(key)) as samples:
                async for sample in samples:
                    self._note(key, history.usage(sample))
        finally:
            self._streaming.discard(key)

    # from the kernel

    async def _read(self, key: str, cgroup: Cgroup) -> None:
        """Read a container once a second, all of them at the same time, until it ends."""
        history = _History()
        before: Counts | None = None
        self._reading.add(key)
        try:
            while self._cgroups is not None:
                now = cgroup.read(self._cgroups.host() if before is None else await self._next_tick(self._cgroups))
                self._note(key, history.usage(sample_between(before, now)))
                before = now
        finally:
            self._reading.discard(key)

    async def _next_tick(self, cgroups: LocalCgroups) -> HostTimes:
        """Return what the processors did up to the next full second: read once for all containers."""
        if self._tick is None or self._tick.done():
            loop = asyncio.get_running_loop()
            self._tick = loop.create_future()
            loop.call_later(READ_SECONDS - loop.time() % READ_SECONDS, _tell, self._tick, cgroups)
        return await asyncio.shield(self._tick)

    async def _own_cgroup(self, key: str) -> Cgroup | None:
        """Return where the kernel counts for a container, or None where it has to be streamed."""
        cgroups = self._cgroups
        if cgroups is None:
            return None
        found = _find(cgroups, self._known(key))
        if found is None:
            container = await self._engine.containers.read(key)
            if self._trusted and not container.pid:
                raise ProcessLookupError(f"{key} does not run")  # it may be started again: no reason to stream it
            found = _find(cgroups, container)
        if found is None:
            self._misses += 1
            if self._misses >= MISSES and not self._trusted:
                self._cgroups = None
        elif not await self._is_trusted(key, found):
            self._cgroups = None
            return None
        return found

    async def _is_trusted(self, key: str, cgroup: Cgroup) -> bool:
        """Whether the daemon says of one container what the files say: it was counted between two reads of them."""
        async with self._one_proof:
            if not self._trusted and self._cgroups is not None:
                first = cgroup.read(self._cgroups.host())
                told = await self._engine.containers.counts(key)
                last = cgroup.read(self._cgroups.host())
                self._trusted = _is_between(first, told, last)
            return self._trusted


def _find(cgroups: LocalCgroups, container: Container | None) -> Cgroup | None:
    if container is None or not container.pid:
        return None
    return cgroups.find(container.id, container.pid, own_network="host" not in dict(container.networks))


def _is_between(first: Counts, told: Counts, last: Counts) -> bool:
    return told.memory_limit == last.memory_limit and all(
        low <= middle <= high
        for low, middle, high in (
            (first.cpu_ns, told.cpu_ns, last.cpu_ns),
            (first.rx, told.rx, last.rx),
            (first.tx, told.tx, last.tx),
            (first.disk_read, told.disk_read, last.disk_read),
            (first.disk_write, told.disk_write, last.disk_write),
        )
    )


def _tell(tick: asyncio.Future[HostTimes], cgroups: LocalCgroups) -> None:
    if tick.done():
        return
    try:
        tick.set_result(cgroups.host())
    except (OSError, ValueError) as error:
        tick.set_exception(error)
        tick.exception()  # whoever waited may be gone by now
