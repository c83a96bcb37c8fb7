"""Says that there is something new, at once the first time and then at a bounded rate, lower in a storm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SLOWER = 1.5
"""How much longer the interval gets with each call that had to wait for its end."""


class Publisher:
    """Calls `publish` after a `request`, at most once in `interval` seconds; requests in between are merged.

    While each has to wait for the end of the interval, it grows up to `most` seconds: nobody reads faster than that.
    """

    def __init__(self, publish: Callable[[], object], interval: float, most: float = 0.0) -> None:
        self._publish = publish
        self._shortest = interval
        self._longest = max(interval, most)
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None
        self._last = float("-inf")

    def request(self) -> None:
        """Ask for a call."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait = max(0.0, self._last + self._interval - loop.time())
            self._interval = min(self._longest, SLOWER * self._interval) if wait else self._shortest
            self._timer = loop.call_later(wait, self._fire)

    def cancel(self) -> None:
        """Drop a call that is asked for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        self._last = asyncio.get_running_loop().time()
        self._publish()
