"""The daemon's events, each once: a reader that only queues, a taker behind it, and a line that is opened anew.

A daemon whose events are not read slows down for everybody, so the reader does nothing that takes time. Behind it the
events are decoded and handed on in slices, between which the rest of the program has its turn.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import aclosing

from tui.engine.engine import Engine
from tui.engine.errors import ConnectionLost
from tui.engine.events import decode_event
from tui.model.events import Event
from tui.store.together import run_together

OVERLAP_NS = 2_000_000_000
"""How far back a resumed stream starts: the daemon's time stamps are not in order to the nanosecond."""

MOST_WAITING = 64 << 20
"""Bytes of events that may wait to be taken; beyond that they are dropped, and everything is read anew."""

MOST_SEEN = 20_000
"""Events that are remembered to be known again. A daemon replays its last 256, or those of the overlap."""

SLICE_SECONDS = 0.004
"""How long events are taken without a pause: a key that is pressed meanwhile waits no longer than that."""


class EventLine:
    """The events of one daemon: `take` gets each, in the order of arrival.

    `opened` is called when a line of events is open, `heard` when something came, `missed` when events were dropped.
    """

    def __init__(
        self,
        engine: Engine,
        take: Callable[[Event], None],
        opened: Callable[[], None],
        heard: Callable[[], None],
        missed: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._take = take
        self._opened = opened
        self._heard = heard
        self._missed = missed
        self._waiting: deque[list[bytes]] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._line: asyncio.Timeout | None = None
        self._marks: deque[int] = deque()
        self._seen: set[int] = set()
        self._last_ns: int | None = None
        self.clock_ns: int | None = None
        """The daemon's clock as it last told it, nanoseconds since the epoch."""
        self.spoke = False
        """Whether an event came since `follow` began."""
        self._last = 0.0

    @property
    def quiet_for(self) -> float:
        """Seconds since something last arrived, or since the line was opened."""
        return time.monotonic() - self._last

    async def follow(self) -> None:
        """Hand on events until the line breaks or the daemon refuses it: always ends by an EngineError."""
        self.spoke = False
        self._waiting.clear()
        self._waiting_bytes = 0
        try:
            await run_together(self._read(), self._hand_on())
        finally:
            self._line = None

    def reopen(self) -> None:
        """Leave the line for a new one, on which the events go on: nobody can see whether a quiet one is dead."""
        if self._line is not None and not self._line.expired():
            self._line.reschedule(asyncio.get_running_loop().time())

    def _since(self) -> int | None:
        """Return where a new stream starts. Without a `since` it misses what happens until the daemon subscribes."""
        known = [moment for moment in (self._last_ns, self.clock_ns) if moment is not None]
        # the earlier one: after a clock was put back the last event lies in the future, and nothing is newer than it
        return max(1, min(known) - OVERLAP_NS) if known else None

    async def _read(self) -> None:
        """Queue what arrives, and nothing else."""
        while True:
            try:
                async with (
                    asyncio.timeout(None) as self._line,
                    aclosing(self._engine.event_documents(self._since())) as batches,
                ):
                    async for batch in batches:
                        self._last = time.monotonic()
                        self._heard()
                        if batch is None:
                            self._opened()
                        else:
                            self._queue(batch)
            except TimeoutError:
                continue  # to be opened anew
            finally:
                self._line = None
            raise ConnectionLost(self._engine.endpoint.url, "the daemon ended the event stream")

    def _queue(self, batch: list[bytes]) -> None:
        self._waiting_bytes += sum(map(len, batch))
        self._waiting.append(batch)
        if self._waiting_bytes > MOST_WAITING:
            self._waiting.clear()
            self._waiting_bytes = 0
            self._missed()
        self._arrived.set()

    async def _hand_on(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            until = time.monotonic() + SLICE_SECONDS
            while self._waiting:
                batch = self._waiting.popleft()
                self._waiting_bytes -= sum(map(len, batch))
                for document in batch:
                    event = decode_event(document)
                    self.spoke = True
                    if self._is_new(event):
                        self._take(event)
                    if time.monotonic() > until:
                        await asyncio.sleep(0)
                        until = time.monotonic() + SLICE_SECONDS

    def _is_new(self, event: Event) -> bool:
        if event.time_ns <= 0:
            return True
        mark = hash((event.time_ns, event.type, event.action, event.id))
        if mark in self._seen:
            return False
        self._seen.add(mark)
        self._marks.append(mark)
        if len(self._marks) > MOST_SEEN:
            self._seen.discard(self._marks.popleft())
        self._last_ns = max(self._last_ns or 0, event.time_ns)
        return True
