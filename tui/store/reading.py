"""Which objects to read again: merged by ID, one read of an object at a time, a bounded number at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tui.store.state import Resource

Item = tuple[Resource, str]
"""Resource and ID."""


class ReadQueue:
    """Objects that events, lists or screens ask to be read again.

    An object that is asked for while its read is under way is read once more after it: the answer may be older than
    what asked for it.
    """

    def __init__(self, read: Callable[[Resource, str], Awaitable[None]], workers: int = 4) -> None:
        self._read = read
        self._workers = workers
        self._waiting: dict[Item, None] = {}
        self._busy: set[Item] = set()
        self._again: set[Item] = set()
        self._ready = asyncio.Event()
        self.settled = asyncio.Event()
        """Set while nothing waits and nothing is under way."""
        self.settled.set()

    def has(self, resource: Resource, key: str) -> bool:
        """Whether a read of the object waits or is under way."""
        return (resource, key) in self._waiting or (resource, key) in self._busy

    def put(self, resource: Resource, key: str) -> None:
        """Ask for a read of the object `key`; it starts when a worker is free."""
        item = (resource, key)
        if item in self._busy:
            self._again.add(item)
            return
        self._waiting[item] = None
        self._ready.set()
        self.settled.clear()

    def clear(self) -> None:
        """Forget what waits; what is under way goes on."""
        self._waiting.clear()
        self._again.clear()
        if not self._busy:
            self.settled.set()

    async def run(self) -> None:
        """Read until cancelled; an exception of a read ends it."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._workers):
                    group.create_task(self._work())
        finally:
            self._busy.clear()
            self.clear()

    async def _work(self) -> None:
        while True:
            while not self._waiting:
                self._ready.clear()
                await self._ready.wait()
            item = next(iter(self._waiting))
            del self._waiting[item]
            self._busy.add(item)
            await self._read(*item)
            self._busy.discard(item)
            if item in self._again:
                self._again.discard(item)
                self.put(*item)
            elif not self._waiting and not self._busy:
                self.settled.set()
