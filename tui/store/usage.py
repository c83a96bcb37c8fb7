"""What the containers in view use of the machine: one stats stream each, opened and closed as the view moves."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import aclosing

from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.model.stats import Sample, Usage, usage_from
from tui.store.publishing import Publisher

MOST_STREAMS = 64
HISTORY = 120
RETRY_SECONDS = 2.0

LINGER_SECONDS = 3.0
"""How long a stream outlives its row in view: a filter being typed, or a glance further down, ends and opens none."""


class UsageWatch:
    """Streams the stats of the containers that are watched; `publish` gets the IDs whose usage changed."""

    def __init__(self, engine: Engine, publish: Callable[[set[str]], object], interval: float = 0.5) -> None:
        self._engine = engine
        self._publish = publish
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._changed: set[str] = set()
        self._publisher = Publisher(self._fire, interval)
        self.usage: dict[str, Usage] = {}
        """The last usage of each container watched now."""

    def watch(self, containers: Iterable[str]) -> None:
        """Watch these (running) containers and, after a moment in which they may come back, no others; at most 64."""
        wanted = list(dict.fromkeys(containers))[:MOST_STREAMS]
        loop = asyncio.get_running_loop()
        for key in wanted:
            if (leaving := self._leaving.pop(key, None)) is not None:
                leaving.cancel()
        for key in set(self._streams) - set(wanted) - set(self._leaving):
            self._leaving[key] = loop.call_later(LINGER_SECONDS, self._end, key)
        # a view that moves on for good must not hold more than its share
        for key in list(self._leaving)[: max(0, len(self._streams.keys() | set(wanted)) - MOST_STREAMS)]:
            self._end(key)
        for key in wanted:
            stream = self._streams.get(key)
            if stream is None or stream.done():
                self._streams[key] = asyncio.create_task(self._follow(key))

    def _end(self, key: str) -> None:
        if (leaving := self._leaving.pop(key, None)) is not None:
            leaving.cancel()
        if (stream := self._streams.pop(key, None)) is not None:
            stream.cancel()
        self.usage.pop(key, None)

    async def close(self) -> None:
        """End every stream."""
        tasks = list(self._streams.values())
        for key in list(self._streams):
            self._end(key)
        self._publisher.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, key: str) -> None:
        while True:
            try:
                await self._read(key)
            except EngineError:
                # the feed tells what is wrong with the daemon; a container that is gone leaves the view by itself
                self.usage.pop(key, None)
            await asyncio.sleep(RETRY_SECONDS)

    async def _read(self, key: str) -> None:
        before: Sample | None = None
        cpu: deque[float] = deque(maxlen=HISTORY)
        memory: deque[int] = deque(maxlen=HISTORY)
        async with aclosing(self._engine.containers.stats(key)) as samples:
            async for sample in samples:
                if sample.cpu is not None:
                    cpu.append(sample.cpu)
                    memory.append(sample.memory)
                self.usage[key] = usage_from(sample, before, tuple(cpu), tuple(memory))
                before = sample
                self._changed.add(key)
                self._publisher.request()

    def _fire(self) -> None:
        changed, self._changed = self._changed, set()
        self._publish(changed)
