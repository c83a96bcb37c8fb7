"""How long the dashboard rests between two showings of its state: by what one costs, longer while news never ends."""

from __future__ import annotations

SHARE = 40.0
"""A showing rests so many times the processor time that it took: a busy machine makes it longer, but no dearer."""

MOST_SHARE, GROWTH = 80.0, 1.2
"""With each that had to wait the rest grows, up to that: in a storm on 10,000 containers there is always a new one."""

DEAR = 0.005
"""Seconds of the processor from which on a showing tells of a storm: of a change here and there it takes less, and a
rest that grew by those would keep itself long, as each event brings two states and the second has to wait."""


class ShowPace:
    """Tells how long a new state has to wait. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._share = SHARE
        self._cost = 0.0
        self._ended = 0.0

    def wait(self, now: float) -> float:
        """Return after how many seconds a state that is new now is to be shown, 0 for at once."""
        wait = max(0.0, self._ended + self._share * self._cost - now)
        self._share = min(MOST_SHARE, GROWTH * self._share) if wait and self._cost >= DEAR else SHARE
        return wait

    def shown(self, now: float, cost: float) -> None:
        """Note that a state was shown by now, which took so many seconds of the processor."""
        self._ended, self._cost = now, cost
