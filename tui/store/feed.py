"""The feed of one host: it keeps the state equal to the daemon's, and says since when it can't.

It opens the event stream first, then lists, then applies events; an event names the object to read again. A slow
reconciling list closes what events don't tell, and a heartbeat tells a quiet daemon from a silent one. Where the daemon
tells no events, lists are read again and again in their place.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from tui.engine.engine import Engine
from tui.engine.errors import ApiError, ConnectionFailed, ConnectionLost, EngineError, MalformedAnswer
from tui.model.events import Event
from tui.model.system import Ping
from tui.store.kinds import touched
from tui.store.knowledge import Knowledge
from tui.store.listening import EventLine
from tui.store.publishing import Publisher
from tui.store.reader import REFUSED, RESOURCES, Reader
from tui.store.state import Condition, Resource, State
from tui.store.together import run_together

RING = 200
"""Events from which on one may have been lost between early lists and the stream: a daemon replays its last 256."""

SETTLE_SECONDS = 1.0
"""How long the reads that the first list asks for hold up `live`: in a storm of events there are always some."""


SPOILED_LINES = 5
"""So many lines one after the other on which no event came, but what is none, are taken for no lines of events."""


class Timing(msgspec.Struct, frozen=True):
    """The feed's intervals, in seconds.

    A silent daemon is told after `heartbeat` and `silence`, 3 s together, unless its answers are known to take longer;
    one that is back is found within 2 s.
    """

    heartbeat: float = 2.3
    silence: float = 0.7
    most_patience: float = 3.0
    reconcile: float = 90.0
    retry_list: float = 1.5
    poll: float = 5.0
    address: float = 1.0
    backoff_first: float = 0.25
    backoff_most: float = 1.5
    publish: float = 0.04
    publish_in_storm: float = 0.1


def timing_for(url: str) -> Timing:
    """Return the intervals for an endpoint: each try over ssh is a login, which servers count."""
    return Timing(backoff_most=15.0) if url.startswith("ssh://") else Timing()


class _Awoke(Exception):
    """The daemon speaks again after a silence: nobody can tell which of the lines that are open outlived it."""


class Feed:
    """Drives a State from an engine; `publish` is called when there is a newer one, at a bounded rate.

    Whoever looks at `state` then gets the latest, never a difference; it is put together when somebody looks, which
    takes its time where there are thousands of records. `tell` gets each event. `fault` gets an error that is no
    EngineError, which is one of hythe's own: the feed says what the function answers, and begins anew; without one the
    error ends it.
    """

    def __init__(
        self, engine: Engine, publish: Callable[[], object], timing: Timing | None = None,
        tell: Callable[[Event], object] = lambda _event: None, fault: Callable[[Exception], str] | None = None,
    ) -> None:  # fmt: skip
        self.engine = engine
        self._tell = tell
        self._fault = fault
        self.timing = timing or timing_for(engine.endpoint.url)
        self.recent: deque[Event] = deque(maxlen=1000)
        """The last events, oldest first."""
        self._publisher = Publisher(publish, self.timing.publish, self.timing.publish_in_storm)
        self._known = Knowledge(self._publisher.request)
        self._reader = Reader(engine, self._known)
        self._events = EventLine(engine, self._apply, self._opened, self._known.heard, self._doubt_everything)
        self._no_events = ""
        self._spoiled = 0
        self._listable = asyncio.Event()
        self._retry = asyncio.Event()
        self._patience = self.timing.silence

    # what screens and commands may ask for

    @property
    def state(self) -> State:
        """The latest state."""
        return self._known.state

    @property
    def condition(self) -> Condition:
        """How the feed stands, without putting the state together."""
        return self._known.condition

    def records(self, resource: Resource) -> Mapping[str, Any]:
        """Return the latest records of one resource, without putting together the others."""
        return self._known.table(resource).records

    @property
    def tells_events(self) -> bool:
        """Whether the daemon tells what happens; else a change is seen when its list is read next."""
        return not self._no_events

    def refresh(self) -> None:
        """Read everything again, and if the daemon is away try it at once."""
        self._doubt_everything()
        self._retry.set()

    def inspect_missing(self, containers: Iterable[str]) -> None:
        """Say which containers are in view: they are read first and one by one, now where only a list told of them."""
        self._reader.show("containers", containers)

    # the life-cycle

    async def run(self) -> None:
        """Keep the state true until cancelled."""
        attempt = 0
        try:
            while True:
                if self._known.condition.phase != "stale":
                    self._known.enter("reconnecting" if attempt else "connecting", attempt=attempt)
                try:
                    await self._take_ping(self.engine.connect())
                    await self._live()
                except _Awoke:
                    attempt = 0 if self._held() else attempt + 1
                except EngineError as error:
                    attempt = 1 if self._held() else attempt + 1
                    self._known.enter("reconnecting", str(error), error.hint, attempt)
                except Exception as error:  # tables that say "live" for ever would be worse
                    if self._fault is None:
                        raise
                    attempt += 1
                    self._known.enter(
                        "reconnecting", f"unexpected: {type(error).__name__}", self._fault(error), attempt
                    )
                if attempt:
                    await self._pause(attempt)
                await self.engine.renew_connections()  # those that are open may lead to a daemon that was
        finally:
            self._publisher.cancel()

    def _held(self) -> bool:
        """Return whether the line had held for a while: one that breaks again at once is tried less often."""
        condition = self._known.condition
        for_a_while = time.monotonic() - condition.since > self.timing.backoff_most
        return condition.phase in ("live", "polling", "stale") and for_a_while

    async def _pause(self, attempt: int) -> None:
        most = min(self.timing.backoff_most, self.timing.backoff_first * 2 ** min(attempt - 1, 10))
        self._retry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(most * random.uniform(0.5, 1.0)):
                await self._retry.wait()

    async def _live(self) -> None:
        """Be connected until the line breaks; always ends by an EngineError."""
        self._no_events = ""
        self._listable.clear()
        self._reader.clear()
        await run_together(
            self._listen(),
            self._list(),
            self._reader.run(),
            self._beat(),
            self._mind_address(),
            self._reconcile(),
            self._poll(),
        )

    async def _list(self) -> None:
        await self._listable.wait()
        self._known.enter("listing")
        with suppress(TimeoutError):
            await self._reader.read_first(SETTLE_SECONDS)
        self._enter_well()
        await self._reader.run_lists()

    def _enter_well(self) -> None:
        """Enter `live`, or `polling` with the reason where the daemon tells no events."""
        if self._no_events:
            hint = f"changes are seen when the lists are read again, every {self.timing.poll:.0f} s or more"
            self._known.enter("polling", f"no events: {self._no_events}", hint)
        else:
            self._known.enter("live")

    # is it there?

    async def _beat(self) -> None:
        """Ask for a sign of life when nothing was heard for a while; what does not come in time tells of silence."""
        silent = False
        while True:
            # a silent daemon is asked again soon: it may be back at any moment
            wait = self.timing.backoff_first if silent else self.timing.heartbeat - self._quiet_for
            if wait > 0:
                await asyncio.sleep(wait)
                if not silent and self._quiet_for < self.timing.heartbeat:
                    continue
            asked = time.monotonic()
            try:
                await self._take_ping(self.engine.ping(self._patience))
            except ConnectionFailed as error:
                if error.kind != "timed out":
                    raise
                self._patience = min(self.timing.most_patience, 2 * self._patience)
                await self.engine.renew_connections()  # the line may be dead, and the daemon well
                if self._quiet_for >= time.monotonic() - asked:
                    silent = True
                    phase = self._known.condition.phase
                    self._known.enter("stale" if phase in ("live", "polling") else phase, str(error), error.hint)
                    continue
            if silent:
                raise _Awoke

    async def _mind_address(self) -> None:
        """End when another daemon has the socket's path: the one that is spoken to may go on without it."""
        while True:
            await asyncio.sleep(self.timing.address)
            if self.engine.is_moved():
                raise ConnectionLost(self.engine.endpoint.url, "another socket took the place of the daemon's")

    @property
    def _quiet_for(self) -> float:
        return time.monotonic() - self._known.heard_at

    async def _take_ping(self, ping: Awaitable[Ping]) -> None:
        """Take what a ping tells: the daemon's clock, and how long an answer takes on this line."""
        asked = time.monotonic()
        self._events.clock_ns = (await ping).time_ns
        self._patience = max(self.timing.silence, min(self.timing.most_patience, 4 * (time.monotonic() - asked)))
        self._known.heard()

    async def _reconcile(self) -> None:
        """List again what could not be listed, and now and then everything."""
        waited = 0.0
        while True:
            await asyncio.sleep(self.timing.retry_list)
            waited += self.timing.retry_list
            if waited < self.timing.reconcile:
                self._reader.want_failed()
                continue
            waited = 0.0
            if self._events.quiet_for > self.timing.retry_list and not self._no_events:
                self._events.reopen()  # nobody can tell a dead line from a quiet one; a new one leads to lists
            else:
                self._reader.want_lists(*RESOURCES)

    async def _poll(self) -> None:
        """Read the lists again and again while no events are told; at most a tenth of the time."""
        while True:
            await asyncio.sleep(max(self.timing.poll, 10 * self._reader.list_seconds))
            if self._no_events:
                self._reader.want_polled()

    # events

    async def _listen(self) -> None:
        """Follow the events; where the daemon does not tell them, say so, and ask again from time to time."""
        while True:
            try:
                await self._events.follow()
            except (ApiError, MalformedAnswer) as error:
                self._spoiled = 0 if self._events.spoke or isinstance(error, ApiError) else self._spoiled + 1
                if isinstance(error, MalformedAnswer) and self._spoiled < SPOILED_LINES:
                    raise  # what was spoiled on the way comes again on a new line
                self._no_events = str(error)
                self._listable.set()
                if self._known.condition.phase in ("live", "polling"):
                    self._enter_well()
                refused = isinstance(error, ApiError) and error.status in REFUSED
                await asyncio.sleep(self.timing.reconcile if refused else self.timing.retry_list)

    def _opened(self) -> None:
        """Take note of a new line of events: whatever changes after the lists that are sent from now on is told."""
        self._no_events = ""
        if self._known.condition.phase == "polling":
            self._enter_well()
        if self._listable.is_set():
            self._reader.want_lists(*RESOURCES)
        self._listable.set()

    def _doubt_everything(self) -> None:
        self._reader.want_lists(*RESOURCES, anew=True)

    def _apply(self, event: Event) -> None:
        self.recent.append(event)
        self._tell(event)
        self._known.happened()
        if len(self.recent) == RING and self.engine.took_early:
            self._reader.want_lists(*RESOURCES)
        if not event.type:
            self._doubt_everything()
        for resource, touch in touched(event):
            key = touch.key(event)
            if touch.how == "list" or not key:
                self._reader.want_lists(resource)
            elif touch.how == "gone":
                self._known.take_gone(resource, key)
                self._reader.forget(resource, key)
            else:
                self._reader.want(resource, key)
