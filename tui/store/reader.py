"""Asks the daemon for lists and objects, and brings what it answers to what is known."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

from tui.engine.engine import Engine
from tui.engine.errors import ApiError, ConnectionFailed, ConnectionLost, EngineError, NotFound
from tui.store.kinds import KINDS
from tui.store.knowledge import Knowledge
from tui.store.reading import ReadQueue
from tui.store.state import Resource

T = TypeVar("T")

RESOURCES: tuple[Resource, ...] = tuple(KINDS)

REFUSED = (401, 403, 405, 501)
"""Statuses that say that asking again soon is of no use."""

TOGETHER = 100
"""Objects that are asked for by their IDs in one list: a request line may have 8 KiB on some servers."""

STUCK_SECONDS = 10.0
"""How long the answer about one object may take: the daemon may be well, and only this object hang."""

STUCK_PAUSE = 60.0
"""Seconds until an object that hung is asked for again."""

LOOK_AGAIN = 1.0
"""Seconds after many changes until the list is read once more: one read in the middle of them may lag behind them."""


class Reader:
    """Reads what it is told to, and tries again what failed; a broken line ends `run` by an EngineError."""

    def __init__(self, engine: Engine, known: Knowledge) -> None:
        self._engine = engine
        self._known = known
        self._queue = ReadQueue(self._read, self._read_many)
        self._unread: dict[tuple[Resource, str], float] = {}
        self._unreadable: set[Resource] = set()
        self._refused: set[Resource] = set()
        self._wanted: dict[Resource, bool] = {}
        self._wanted_ready = asyncio.Event()
        self._looks: dict[Resource, asyncio.TimerHandle] = {}
        self.list_seconds = 0.0
        """How long the last round of lists took."""

    # what is to be read

    def want(self, resource: Resource, key: str) -> None:
        """Have an object read again."""
        if resource in self._unreadable:
            self.want_lists(resource)
        else:
            self._queue.put(resource, key)

    def want_lists(self, *resources: Resource, anew: bool = False) -> None:
        """Have lists read again; `anew` replaces what only single reads tell, too."""
        for resource in resources:
            self._wanted[resource] = anew or self._wanted.get(resource, False)
        if resources:
            self._wanted_ready.set()

    def want_failed(self) -> None:
        """Have the lists read again that failed, but not those that the daemon refuses."""
        self.want_lists(*filter(self._may_be_asked, self._known.problems))

    def want_polled(self) -> None:
        """Have the lists read again that the daemon does not refuse."""
        self.want_lists(*filter(self._may_be_asked, RESOURCES))

    def _may_be_asked(self, resource: Resource) -> bool:
        return resource not in self._refused

    def forget(self, resource: Resource, key: str) -> None:
        """Leave out what was to be read of an object that is gone."""
        self._queue.drop(resource, key)

    def show(self, resource: Resource, keys: Iterable[str]) -> None:
        """Say which objects are in view: they are read first and by themselves, now where only a list told of them."""
        kind, view = KINDS[resource], list(keys)
        self._queue.watch(resource, view)
        if resource in self._unreadable:
            return
        known = self._known.table(resource).records
        for key in view:
            if key in known and not kind.outranks(known[key]) and not self._queue.has(resource, key):
                self._queue.put(resource, key)

    # reading

    def clear(self) -> None:
        """Begin a new connection: what failed or was refused on another says nothing."""
        self._queue.clear()
        self._unread.clear()
        self._unreadable.clear()
        self._refused.clear()
        self._wanted.clear()
        self._wanted_ready.clear()

    async def run(self) -> None:
        """Read single objects until cancelled."""
        try:
            await self._queue.run()
        finally:
            for look in self._looks.values():
                look.cancel()
            self._looks.clear()

    async def read_first(self, settle: float) -> None:
        """Read every list, and wait at most `settle` seconds for the single reads that they ask for."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for resource in RESOURCES:
                group.create_task(self._list(resource, anew=True))
        self.list_seconds = time.monotonic() - began
        async with asyncio.timeout(settle):
            await self._queue.settled.wait()

    async def run_lists(self) -> None:
        """Read the lists that are wanted, one after the other, until cancelled."""
        while True:
            await self._wanted_ready.wait()
            self._wanted_ready.clear()
            wanted, self._wanted = self._wanted, {}
            began = time.monotonic()
            for resource, anew in wanted.items():
                await self._list(resource, anew=anew)
            self.list_seconds = time.monotonic() - began
            # a storm of image events must not keep the daemon listing: at most a quarter of the time
            await asyncio.sleep(min(2.0, 3 * self.list_seconds))

    async def _list(self, resource: Resource, changed: Collection[str] = (), *, anew: bool = False) -> None:
        """Read a whole list. `changed`: what is known of these is old; with `anew`, what is known of any."""
        kind, view = KINDS[resource], self._queue.in_view(resource)
        with self._known.asking() as moment:
            try:
                listed = await kind.list_all(self._engine)
            except EngineError as error:
                self._failed(resource, error, changed)
                return
            self._known.heard()
            self._refused.discard(resource)
            records = self._known.table(resource).records
            doubtful = [key for key in view if key in records] if anew else kind.doubtful(records, listed)
            self._known.take_list(resource, moment, listed, kind.chooser(view, changed, anew=anew))
        for key in doubtful:
            self.want(resource, key)
        now = time.monotonic()
        for of, key in [item for item, due in self._unread.items() if item[0] == resource and due <= now]:
            self.want(of, key)

    async def _read(self, resource: Resource, key: str) -> None:
        self._unread.pop((resource, key), None)
        with self._known.asking() as moment:
            try:
                async with asyncio.timeout(STUCK_SECONDS):
                    record = await _or_gone(KINDS[resource].read(self._engine, key))
            except TimeoutError:
                self._unread[resource, key] = time.monotonic() + STUCK_PAUSE
                return
            except EngineError as error:
                if isinstance(error, ApiError) and error.status in REFUSED:
                    # a proxy that lets lists through and no single objects: then the lists have to tell everything
                    self._unreadable.add(resource)
                    self.want_lists(resource, anew=True)
                else:
                    self._failed(resource, error, [key])
                return
            self._known.heard()
            self._known.take(resource, moment, key, record)

    async def _read_many(self, resource: Resource, keys: Sequence[str]) -> None:
        kind = KINDS[resource]
        if (look := self._looks.pop(resource, None)) is not None:
            look.cancel()  # the changes are not over
        if kind.list_some is None or len(keys) > max(TOGETHER, self._known.count(resource) // 4):
            await self._list(resource, frozenset(keys))
        else:
            for start in range(0, len(keys), TOGETHER):
                await self._list_some(kind.list_some, resource, keys[start : start + TOGETHER])
        if kind.lags:
            self._looks[resource] = asyncio.get_running_loop().call_later(LOOK_AGAIN, self.want_lists, resource)

    async def _list_some(
        self,
        list_some: Callable[[Engine, Sequence[str]], Awaitable[list[Any]]],
        resource: Resource,
        keys: Sequence[str],
    ) -> None:
        with self._known.asking() as moment:
            try:
                listed = await list_some(self._engine, keys)
            except EngineError as error:
                self._failed(resource, error, keys)
                return
            self._known.heard()
            found = {record.id: record for record in listed}
            records = self._known.latest(resource, keys)
            choose = KINDS[resource].chooser(self._queue.in_view(resource), keys)
            for key in keys:
                record, before = found.get(key), records.get(key)
                self._known.take(resource, moment, key, choose(before, record) if before and record else record)

    def _failed(self, resource: Resource, error: EngineError, keys: Iterable[str]) -> None:
        """Note what could not be read and why; a broken line is raised again."""
        if isinstance(error, ConnectionLost) or (isinstance(error, ConnectionFailed) and error.kind != "timed out"):
            raise error
        if isinstance(error, ApiError) and error.status in REFUSED:
            self._refused.add(resource)
        # an inspected record is not replaced by what the retried list says of it: it has to be read again itself
        for key in keys:
            self._unread[resource, key] = 0.0
        self._known.take_problem(resource, str(error))


async def _or_gone(read: Awaitable[T]) -> T | None:
    try:
        return await read
    except NotFound:
        return None
    except ApiError as error:
        # an object that is being removed answers 409 or 500 for a moment; its destroy event follows
        if "no such" in error.message.lower():
            return None
        raise
