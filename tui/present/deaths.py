"""How often a container ended lately."""

from __future__ import annotations

from collections.abc import Iterable

from tui.model.happenings import Happening

SECOND = 10**9
"""Nanoseconds."""


def deaths(happenings: Iterable[Happening], now: float, seconds: float) -> int:
    """Return how often it ended in the last so many seconds."""
    since = (now - seconds) * SECOND
    return sum(each.verb == "die" and each.time_ns >= since for each in happenings)
