"""Which objects to read again: merged by key, those in view first and one by one, many others together.

A read of one object costs the daemon and hythe about the same as a read of fifty in one list, so the reads of single
objects have a budget. What a budget of single reads does not cover, and what nobody looks at, is gathered for a moment
and read together.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

from tui.store.state import Resource

Item = tuple[Resource, str]
"""Resource and key."""

WORKERS = 4
"""Single reads at once."""

BURST = 50
"""Single reads that may follow each other without a pause."""

PER_SECOND = 50
"""Single reads a second that go on for ever."""

GATHER_SECONDS = 0.1
"""How long reads are gathered after others were sent. A list lags behind the events by less than that."""

GATHER_IN_STORM = 0.25
"""How long they are gathered after so many that a list was asked for: what changes again meanwhile is read once."""


class ReadQueue:
    """Objects that events, lists or screens ask to be read again.

    `read` reads one object by itself, `read_many` several of a resource by a list, which tells less of each.

    An object that is asked for while its read is under way is read once more after it: the answer may be older than
    what asked for it.
    """

    def __init__(
        self,
        read: Callable[[Resource, str], Awaitable[None]],
        read_many: Callable[[Resource, Sequence[str]], Awaitable[None]],
    ) -> None:
        self._read = read
        self._read_many = read_many
        self._view: dict[Resource, frozenset[str]] = {}
        # with each whether there is news of it that not even a list told yet
        self._waiting: dict[Resource, dict[str, bool]] = {}
        self._single: deque[Item] = deque()
        self._together: deque[tuple[Resource, list[str]]] = deque()
        self._busy: set[Item] = set()
        self._again: set[Item] = set()
        self._changed = asyncio.Event()
        self._single_ready = asyncio.Event()
        self._together_ready = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._gather_at = 0.0
        self._budget = float(BURST)
        self._budget_at = 0.0
        self.settled = asyncio.Event()
        """Set while nothing waits and nothing is under way."""
        self.settled.set()

    def watch(self, resource: Resource, keys: Iterable[str]) -> None:
        """Say which objects are in view: they are read first, and by themselves, since a list tells less of them."""
        self._view[resource] = frozenset(keys)

    def in_view(self, resource: Resource) -> frozenset[str]:
        """Return which objects are in view."""
        return self._view.get(resource, frozenset())

    def has(self, resource: Resource, key: str) -> bool:
        """Whether a read of the object waits or is under way."""
        return key in self._waiting.get(resource, ()) or (resource, key) in self._busy

    def put(self, resource: Resource, key: str) -> None:
        """Ask for a read of an object."""
        if (resource, key) in self._busy:
            self._again.add((resource, key))
            return
        self._waiting.setdefault(resource, {})[key] = True
        self.settled.clear()
        self._changed.set()

    def drop(self, resource: Resource, key: str) -> None:
        """Forget an object that is gone; a read that is under way goes on."""
        self._waiting.get(resource, {}).pop(key, None)
        self._again.discard((resource, key))
        self._settle()

    def clear(self) -> None:
        """Forget what waits; what is under way goes on."""
        self._waiting.clear()
        self._again.clear()
        self._settle()

    async def run(self) -> None:
        """Read until cancelled; an exception of a read ends it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._dispatch())
                group.create_task(self._work_together())
                for _ in range(WORKERS):
                    group.create_task(self._work())
        finally:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._single.clear()
            self._together.clear()
            self._busy.clear()
            self.clear()

    # what is read how

    async def _dispatch(self) -> None:
        """Send what waits to those who read."""
        loop = asyncio.get_running_loop()
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._refill(loop.time())
            self._send_urgent()
            if not any(self._waiting.values()):
                continue
            if loop.time() >= self._gather_at and not self._together:
                self._gather_at = loop.time() + GATHER_SECONDS
                for resource in list(self._waiting):
                    self._send_gathered(resource)
                if self._together:
                    self._gather_at = loop.time() + GATHER_IN_STORM
                self._settle()
            if any(self._waiting.values()):
                self._timer = loop.call_at(max(self._gather_at, loop.time() + 1 / PER_SECOND), self._changed.set)

    def _refill(self, now: float) -> None:
        self._budget = min(float(BURST), self._budget + (now - self._budget_at) * PER_SECOND)
        self._budget_at = now

    def _send_urgent(self) -> None:
        """Send the reads of single objects that can't wait, as far as the budget goes."""
        for resource, keys in self._waiting.items():
            view = self.in_view(resource)
            # this runs with each batch of events: of hundreds of keys that wait, mostly none is in view
            if self._budget < 1 or view.isdisjoint(keys):
                continue
            urgent = [key for key in keys if key in view]
            for key in urgent[: int(self._budget)]:
                del keys[key]
                self._send_single(resource, key)

    def _send_gathered(self, resource: Resource) -> None:
        """Send what was gathered: few by themselves, many together."""
        waiting, view = self._waiting[resource], self.in_view(resource)
        keys = [key for key, untold in waiting.items() if untold]
        # of one that left the view meanwhile a list has told enough
        self._waiting[resource] = {key: False for key, untold in waiting.items() if not untold and key in view}
        if len(keys) <= self._budget / 2:
            for key in keys:
                self._send_single(resource, key)
        else:
            self._busy.update((resource, key) for key in keys)
            self._together.append((resource, keys))
            self._together_ready.set()

    def _send_single(self, resource: Resource, key: str) -> None:
        self._budget -= 1
        self._busy.add((resource, key))
        self._single.append((resource, key))
        self._single_ready.set()

    # reading

    async def _work(self) -> None:
        while True:
            while not self._single:
                self._single_ready.clear()
                await self._single_ready.wait()
            item = self._single.popleft()
            await self._read(*item)
            self._done(item)
            self._settle()

    async def _work_together(self) -> None:
        while True:
            while not self._together:
                self._together_ready.clear()
                await self._together_ready.wait()
            resource, keys = self._together[0]
            await self._read_many(resource, keys)
            self._together.popleft()
            for key in keys:
                self._done((resource, key))
                if key in self.in_view(resource):
                    # a list told the news: the rest is read when the budget allows it
                    self._waiting.setdefault(resource, {}).setdefault(key, False)
                    self.settled.clear()
            self._settle()
            self._changed.set()

    def _done(self, item: Item) -> None:
        self._busy.discard(item)
        if item in self._again:
            self._again.discard(item)
            self.put(*item)

    def _settle(self) -> None:
        if not self._busy and not any(self._waiting.values()):
            self.settled.set()
