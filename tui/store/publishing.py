"""Says that there is something new, at once the first time and then at a bounded rate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Publisher:
    """Calls `publish` after a `request`, at most once in `interval` seconds; requests in between are merged."""

    def __init__(self, publish: Callable[[], object], interval: float) -> None:
        self._publish = publish
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None
        self._last = float("-inf")

    def request(self) -> None:
        """Ask for a call."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, self._last + self._interval - loop.time()), self._fire)

    def cancel(self) -> None:
        """Drop a call that is asked for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        self._last = asyncio.get_running_loop().time()
        self._publish()
