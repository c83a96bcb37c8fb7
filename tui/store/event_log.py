"""The events of a host as somebody looks at them: from before, and as they come; a bounded number."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import aclosing

import msgspec

from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.engine.events import decode_event, is_noise
from tui.model.events import Event
from tui.store.listening import OVERLAP_NS

MOST = 5000
"""Events that are kept, the newest ones."""

AGAIN_SECONDS = 2.0
"""How long until a stream that broke is opened again."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An event with the document that it came as; `number` tells two apart that are alike in everything else."""

    number: int
    event: Event
    document: bytes
    noise: bool = False

    @property
    def key(self) -> str:
        """What names it among the others, in their order."""
        return f"{self.event.time_ns:020} {self.number:09}"


class EventLog:
    """Reads a stream of its own while it is open, all of it, always: an unread stream slows the whole daemon.

    After a broken line it goes on where it was, as far as the daemon still knows: the last 256 events.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._task: asyncio.Task[None] | None = None
        self._kept: deque[Entry] = deque(maxlen=MOST)
        self._seen: deque[bytes] = deque(maxlen=512)
        self._last_ns: int | None = None
        """The newest event, or the daemon's clock when the reading began: nothing up to there is missing."""
        self._heard = 0.0
        self._range: tuple[int | None, int | None] | None = None
        self._listeners: list[Callable[[], object]] = []
        self.seen = 0
        """How many events came since it was opened, also those that are no longer kept."""
        self.state = "closed"
        """How it stands: closed, opening, live, ended (at the end of the range that was asked for), broken."""
        self.problem = ""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The events that are kept, by their keys."""
        return {entry.key: entry for entry in self._kept}

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` on each change; the function returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def open(self, since_ns: int | None = None, until_ns: int | None = None) -> None:
        """Forget what was kept, and read from `since_ns` on (None: what comes); with `until_ns` no further than that.

        Times are nanoseconds since the epoch by the daemon's clock.
        """
        await self.pause()
        self._kept.clear()
        self._seen.clear()
        self._last_ns = None
        self.seen = 0
        self.state = "closed"
        self._range = (since_ns, until_ns)
        self.resume()

    def resume(self) -> None:
        """Go on reading, if it is open."""
        if self._range is not None and self._task is None and self.state != "ended":
            self._task = asyncio.create_task(self._run())

    async def pause(self) -> None:
        """Stop reading for a while."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        if self.state != "ended" or self._range is None:
            self.state = "closed"

    async def close(self) -> None:
        """Stop reading, and forget everything."""
        self._range = None
        await self.pause()
        self._kept.clear()
        self.state = "closed"

    async def _run(self) -> None:
        while True:
            self._become("opening")
            try:
                await self._read()
            except EngineError as error:
                self._become("broken", str(error))
            else:
                if self._range is not None and self._range[1] is not None:
                    self._become("ended")
                    return
                self._become("broken", "the daemon ended the stream")
            await asyncio.sleep(AGAIN_SECONDS)

    async def _read(self) -> None:
        since, until = self._range or (None, None)
        clock_ns = (await self._engine.ping()).time_ns
        if self._last_ns is None:
            self._last_ns = since or clock_ns
        else:
            since = max(since or 1, self._again_from(self._last_ns, clock_ns))
        self._heard = time.monotonic()
        async with aclosing(self._engine.event_documents(since, until, noise=True)) as batches:
            async for batch in batches:
                self._heard = time.monotonic()
                if batch is None:
                    self._become("live")
                    continue
                for document in batch:
                    self._take(document)
                self._changed()

    def _again_from(self, last_ns: int, clock_ns: int | None) -> int:
        """Return where to go on: a while before what is here already, as events are not quite in order."""
        if clock_ns is not None:  # if it was put back meanwhile, what happened since lies before the newest
            last_ns = min(last_ns, clock_ns - int((time.monotonic() - self._heard) * 1e9))
        return max(1, last_ns - OVERLAP_NS)

    def _take(self, document: bytes) -> None:
        if document in self._seen:  # it was told again after a broken line
            return
        self._seen.append(document)
        self.seen += 1
        event = decode_event(document)
        self._last_ns = max(self._last_ns or 0, event.time_ns)
        self._kept.append(Entry(self.seen, event, document.strip(), is_noise(document)))

    def _become(self, state: str, problem: str = "") -> None:
        self.state, self.problem = state, problem
        self._changed()

    def _changed(self) -> None:
        for listener in tuple(self._listeners):
            listener()
