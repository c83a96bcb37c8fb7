"""Time for the demo engine: the real clock, or one that a test moves by hand."""

import asyncio
import heapq
import time
from typing import Protocol

NS = 1_000_000_000

# Turns of the event loop given to whatever a woken sleeper started before the next sleeper is woken.
_SETTLE_TURNS = 12


class Clock(Protocol):
    """What the demo engine asks of time."""

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` of this clock have passed."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        """Sleep in real time."""
        await asyncio.sleep(max(0.0, seconds))


class ManualClock:
    """A clock that stands still until `advance` moves it."""

    def __init__(self, start_ns: int = 1_750_000_000 * NS) -> None:
        self._now = start_ns
        self._order = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until `advance` has carried the clock `seconds` further."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self._now + round(seconds * NS), self._order, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move the clock, waking sleepers one by one in the order of their times, then of their calls."""
        target = self._now + round(seconds * NS)
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            when, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self._now = max(self._now, when)
            future.set_result(None)
            await _settle()
        self._now = target
        await _settle()


async def _settle() -> None:
    for _ in range(_SETTLE_TURNS):
        await asyncio.sleep(0)


def rfc3339(ns: int) -> str:
    """Return the daemon's text of a moment: RFC 3339, up to nine digits, no trailing zeros; 0 is Go's zero time."""
    if ns <= 0:
        return "0001-01-01T00:00:00Z"
    seconds, rest = divmod(ns, NS)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{text}.{rest:09d}".rstrip("0") + "Z" if rest else text + "Z"


def rfc3339_fixed(ns: int) -> str:
    """Return the text of a moment as log timestamps have it: always nine digits."""
    seconds, rest = divmod(ns, NS)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09d}Z"
