"""The feed of one host: it keeps the state equal to the daemon's, and says since when it can't.

It opens the event stream first, then lists, then applies events; an event names the object to read again. A slow
reconciling list closes what events don't tell, and a heartbeat tells a quiet daemon from a silent one.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import aclosing, suppress
from typing import Any

import msgspec

from tui.engine.engine import Engine
from tui.engine.errors import ApiError, ConnectionFailed, ConnectionLost, EngineError, NotFound
from tui.model.events import Event
from tui.store.kinds import KINDS, touched
from tui.store.publishing import Publisher
from tui.store.reading import ReadQueue
from tui.store.state import Condition, Phase, Resource, State, with_condition, with_problem, with_table
from tui.store.table import with_list, with_reads

OVERLAP_NS = 2_000_000_000
"""How far back a resumed stream starts: the daemon's time stamps are not in order to the nanosecond."""

RING = 200
"""Events from which on one may have been lost between early lists and the stream: a daemon replays its last 256."""

SETTLE_SECONDS = 1.0
"""How long the reads that the first list asks for hold up `live`: in a storm of events there are always some."""

RESOURCES: tuple[Resource, ...] = tuple(KINDS)


class Timing(msgspec.Struct, frozen=True):
    """The feed's intervals, in seconds.

    A silent daemon is told after `heartbeat` and `silence`, 3 s together; one that is back is found within 2 s.
    """

    heartbeat: float = 2.2
    silence: float = 0.8
    reconcile: float = 90.0
    retry_list: float = 5.0
    backoff_first: float = 0.25
    backoff_most: float = 1.5
    publish: float = 0.04


class Feed:
    """Drives a State from an engine; `publish` gets the latest state, never a difference, at a bounded rate."""

    def __init__(self, engine: Engine, publish: Callable[[State], object], timing: Timing | None = None) -> None:
        self.engine = engine
        self.timing = timing or Timing()
        self.state = State(Condition("connecting", time.monotonic()))
        self.recent: deque[Event] = deque(maxlen=1000)
        """The last events, oldest first."""
        self._publisher = Publisher(lambda: publish(self.state), self.timing.publish)
        self._queue = ReadQueue(self._read)
        self._unread: set[tuple[Resource, str]] = set()
        self._moment = 0
        self._relist: set[Resource] = set()
        self._relist_ready = asyncio.Event()
        self._retry = asyncio.Event()
        self._last_ns: int | None = None
        self._seen: OrderedDict[tuple[int, str, str, str], None] = OrderedDict()

    # what screens and commands may ask for

    def refresh(self) -> None:
        """Read everything again, and if the daemon is away try it at once."""
        self._doubt_everything()
        self._retry.set()

    def read_again(self, resource: Resource, keys: Iterable[str]) -> None:
        """Read these objects again."""
        for key in keys:
            self._queue.put(resource, key)

    def inspect_missing(self, containers: Iterable[str]) -> None:
        """Read those of the containers that are known from a list only (the ones in view: it tells more)."""
        known = self.state.containers
        for key in containers:
            if key in known and not known[key].inspected and not self._queue.has("containers", key):
                self._queue.put("containers", key)

    # the life-cycle

    async def run(self) -> None:
        """Keep the state true until cancelled."""
        attempt = 0
        try:
            while True:
                self._enter("reconnecting" if attempt else "connecting", attempt=attempt)
                try:
                    ping = await self.engine.connect()
                    await self._live(ping.time_ns)
                except EngineError as error:
                    attempt = 1 if self.state.condition.phase in ("live", "stale", "listing") else attempt + 1
                    self._enter("reconnecting", error=error, attempt=attempt)
                await self._pause(attempt)
        finally:
            self._publisher.cancel()

    async def _pause(self, attempt: int) -> None:
        most = min(self.timing.backoff_most, self.timing.backoff_first * 2 ** min(attempt - 1, 10))
        self._retry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(most * random.uniform(0.5, 1.0)):
                await self._retry.wait()

    async def _live(self, clock_ns: int | None) -> None:
        """Be connected until the line breaks; always ends by an EngineError. `clock_ns` is the daemon's time now."""
        opened = asyncio.Event()
        self._relist.clear()
        self._queue.clear()
        self._unread.clear()
        # a daemon sends the headers a moment before it subscribes: only a resumed stream misses nothing from here on
        since = clock_ns if self._last_ns is None else self._last_ns
        await run_together(
            self._listen(opened, since),
            self._list_when_asked(opened),
            self._queue.run(),
            self._beat(),
            self._reconcile(),
        )

    async def _listen(self, opened: asyncio.Event, since_ns: int | None) -> None:
        since = None if since_ns is None else max(1, since_ns - OVERLAP_NS)
        async with aclosing(self.engine.events(since)) as events:
            async for event in events:
                self._heard()
                if event is None:
                    opened.set()
                elif self._is_new(event):
                    self._apply(event)
        raise ConnectionLost(self.engine.endpoint.url, "the daemon ended the event stream")

    def _is_new(self, event: Event) -> bool:
        if event.time_ns <= 0:
            return True
        mark = (event.time_ns, event.type, event.action, event.id)
        if mark in self._seen:
            return False
        self._seen[mark] = None
        if len(self._seen) > 4096:
            self._seen.popitem(last=False)
        self._last_ns = max(self._last_ns or 0, event.time_ns)
        return True

    async def _list_when_asked(self, opened: asyncio.Event) -> None:
        await opened.wait()
        self._enter("listing")
        known = [key for key, container in self.state.containers.items() if container.inspected]
        async with asyncio.TaskGroup() as group:
            for resource in RESOURCES:
                group.create_task(self._list(resource))
        # what only inspects tell (since when it runs, how often it was restarted) may have changed while away
        self.read_again("containers", [key for key in known if key in self.state.containers])
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._queue.settled.wait()
        self._enter("live")
        while True:
            await self._relist_ready.wait()
            self._relist_ready.clear()
            wanted, self._relist = self._relist, set()
            began = time.monotonic()
            for resource in wanted:
                await self._list(resource)
            # a storm of image events must not keep the daemon listing: at most a quarter of the time
            await asyncio.sleep(min(2.0, 3 * (time.monotonic() - began)))

    async def _beat(self) -> None:
        answers = True
        while True:
            # one that is silent is asked again soon: it may be back at any moment
            await asyncio.sleep(self.timing.heartbeat if answers else self.timing.backoff_first)
            answers = False
            try:
                await self.engine.ping(self.timing.silence)
            except ConnectionFailed as error:
                if error.kind != "timed out":
                    raise
                phase = self.state.condition.phase
                self._enter("stale" if phase == "live" else phase, error=error)
                continue
            answers = True
            self._heard()
            condition = self.state.condition
            if condition.phase == "stale":
                self._enter("live")
                self._ask_list(*RESOURCES)
            elif condition.error:
                self._put(with_condition(self.state, msgspec.structs.replace(condition, error="", hint="")))

    async def _reconcile(self) -> None:
        waited = 0.0
        while True:
            await asyncio.sleep(self.timing.retry_list)
            waited += self.timing.retry_list
            if self.state.problems or waited >= self.timing.reconcile:
                waited = 0.0
                self._ask_list(*RESOURCES)

    # reading

    def _ask_list(self, *resources: Resource) -> None:
        self._relist.update(resources)
        self._relist_ready.set()

    def _doubt_everything(self) -> None:
        self._ask_list(*RESOURCES)
        known = self.state.containers
        self.read_again("containers", [key for key, container in known.items() if container.inspected])

    def _next_moment(self) -> int:
        self._moment += 1
        return self._moment

    async def _list(self, resource: Resource) -> None:
        kind, moment = KINDS[resource], self._next_moment()
        try:
            listed = await kind.list_all(self.engine)
        except (ConnectionFailed, ConnectionLost):
            raise
        except EngineError as error:
            self._put(with_problem(self.state, resource, str(error)))
            return
        self._heard()
        table = self.state.table(resource)
        self.read_again(resource, kind.doubtful(table.records, listed))
        self.read_again(resource, [key for failed, key in self._unread if failed == resource])
        state = with_table(self.state, resource, with_list(table, moment, listed, kind.keeps))
        self._put(with_problem(msgspec.structs.replace(state, listed=state.listed | {resource}), resource, ""))

    async def _read(self, resource: Resource, key: str) -> None:
        moment = self._next_moment()
        self._unread.discard((resource, key))
        try:
            record = await self._or_gone(KINDS[resource].read(self.engine, key))
        except (ConnectionFailed, ConnectionLost):
            raise
        except EngineError as error:
            # an inspected record is not replaced by what the retried list says of it: it has to be read again itself
            self._unread.add((resource, key))
            self._put(with_problem(self.state, resource, str(error)))
            return
        self._take(resource, moment, key, record)

    def _take(self, resource: Resource, moment: int, key: str, record: Any) -> None:
        """Take a record that was read, or None for one that is gone."""
        table = with_reads(self.state.table(resource), [(moment, key, record)])
        self._put(with_table(self.state, resource, table))

    @staticmethod
    async def _or_gone(read: Awaitable[Any]) -> Any:
        try:
            return await read
        except NotFound:
            return None
        except ApiError as error:
            # an object that is being removed answers 409 or 500 for a moment; its destroy event follows
            if "no such" in error.message.lower():
                return None
            raise

    # events

    def _apply(self, event: Event) -> None:
        self.recent.append(event)
        # not published by itself: what the event changes is, and the count goes with it
        self.state = msgspec.structs.replace(self.state, events=self.state.events + 1)
        if self.state.events == RING and self.engine.took_early:
            self._ask_list(*RESOURCES)
        if not event.type:
            self._doubt_everything()
        for resource, touch in touched(event):
            key = touch.key(event)
            if touch.how == "list" or not key:
                self._ask_list(resource)
            elif touch.how == "gone":
                self._take(resource, self._next_moment(), key, None)
            else:
                self._queue.put(resource, key)

    # publishing

    def _put(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._publisher.request()

    def _heard(self) -> None:
        condition = self.state.condition
        self.state = with_condition(self.state, msgspec.structs.replace(condition, heard=time.monotonic()))

    def _enter(self, phase: Phase, *, error: EngineError | None = None, attempt: int = 0) -> None:
        before = self.state.condition
        keep = before.phase == phase and phase != "live"
        condition = Condition(
            phase,
            before.since if keep else time.monotonic(),
            before.heard,
            str(error) if error else (before.error if keep else ""),
            error.hint if error else (before.hint if keep else ""),
            attempt,
        )
        self._put(with_condition(self.state, condition))


async def run_together(*jobs: Coroutine[Any, Any, None]) -> None:
    """Run coroutines until the first ends, end the others, and raise what it raised.

    Unlike a TaskGroup it raises the first exception itself, not a group of them.
    """
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for task, result in zip(tasks, results, strict=True):
        if task in done and isinstance(result, BaseException):
            raise _single(result)


def _single(error: BaseException) -> BaseException:
    """Return the first exception inside nested groups, so that callers can name what they catch."""
    while isinstance(error, BaseExceptionGroup):
        inner: tuple[BaseException, ...] = error.exceptions  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] a group's type is lost in isinstance
        error = inner[0]
    return error
