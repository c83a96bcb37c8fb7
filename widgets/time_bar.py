"""Draws when something went on as a bar in a row of cells, so that rows below each other show what overlaps."""

from __future__ import annotations

from collections.abc import Sequence

BAR = {False: ("━", "╸"), True: ("=", "-")}
"""What a bar is drawn with, and what stands for less than half a cell; by whether only ASCII may be drawn."""

SPANS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 43_200, 86_400)
"""Seconds that bars of running work span: few, so that they are seldom drawn anew."""


def rounded_end(first: float, last: float) -> float:
    """The end to draw bars against while the last moment still moves: one that holds for a while."""
    return first + next((span for span in SPANS if span >= last - first), last - first)


def time_bar(
    times: Sequence[tuple[float, float]], first: float, last: float, width: int, *, ascii: bool = False
) -> str:
    """A bar exactly `width` cells wide for the times (start, end), drawn between `first` and `last`."""
    whole, part = BAR[ascii]
    drawn = [" "] * width
    scale = width / max(last - first, 1e-9)
    for start, end in times:
        low = min(width - 1, max(0, int((start - first) * scale)))
        exact = (end - first) * scale
        high = min(width, max(low + 1, round(exact)))
        drawn[low:high] = (whole if exact - low >= 0.5 else part) * (high - low)
    return "".join(drawn)
