"""What stands before a log line (stream, time), and how a long one is broken into rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, get_args

from rich.cells import split_graphemes
from rich.segment import Segment

from widgets.line_view import Span
from widgets.log_buffer import Stream

TimeMode = Literal["off", "relative", "absolute"]

SOURCE_TONES = ("accent", "info", "busy", "warn", "good", "bad")
"""Told in turn to the sources of a view, in the order in which they first wrote."""

_GUTTERS: dict[tuple[Stream, bool], Span] = {
    ("stdout", False): ("  ", "plain"),
    ("stderr", False): ("┃ ", "bad"),
    ("system", False): ("· ", "dim"),
    ("stdout", True): ("  ", "plain"),
    ("stderr", True): ("! ", "bad"),
    ("system", True): ("* ", "dim"),
}


def gutter(stream: Stream, ascii: bool) -> Span:
    """Two cells that tell the streams apart without colour."""
    return _GUTTERS[stream, ascii]


def next_mode(mode: TimeMode) -> TimeMode:
    """The mode after one, and around."""
    modes: tuple[TimeMode, ...] = get_args(TimeMode)
    return modes[(modes.index(mode) + 1) % len(modes)]


def stamp(time: float | None, earlier: float | None, mode: TimeMode) -> str:
    """The time of a line: 24 cells `2026-11-24 07:15:35.123 ` in UTC, or 10 cells since the line before."""
    if mode == "relative":
        return f"{_since(time - earlier) if time is not None and earlier is not None else '':>9} "
    if time is None:
        return " " * 24
    try:
        moment = datetime.fromtimestamp(time, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{'no such time':<23} "
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} "


def _since(seconds: float) -> str:
    """At most 9 cells: `+0.013s`, `+12.5s`, `+3m04s`, `+5h02m`, `+12d03h`."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    if seconds < 10:
        return f"{sign}{seconds:.3f}s"
    if seconds < 60:
        return f"{sign}{seconds:.1f}s"
    whole = min(int(seconds), 999 * 86_400)
    if whole < 3600:
        return f"{sign}{whole // 60}m{whole % 60:02d}s"
    if whole < 86_400:
        return f"{sign}{whole // 3600}h{whole // 60 % 60:02d}m"
    return f"{sign}{whole // 86_400}d{whole // 3600 % 24:02d}h"


def chop(segments: Iterable[Segment], width: int) -> list[list[Segment]]:
    """The segments broken into rows of at most `width` cells, at least one row; nothing wide is cut in half."""
    rows: list[list[Segment]] = [[]]
    used = 0
    for text, style, _ in segments:
        start = at = 0
        for at, size in _steps(text, width):
            if used + size > width:
                if at > start:
                    rows[-1].append(Segment(text[start:at], style))
                rows.append([])
                start, used = at, 0
            used += size
        if len(text) > start:
            rows[-1].append(Segment(text[start:], style))
    return rows


def _steps(text: str, width: int) -> Iterable[tuple[int, int]]:
    """Where a text may be broken, and the cells from there to the next such place."""
    if text.isascii() and text.isprintable():
        return ((at, 1) for at in range(len(text)))
    return ((start, size) for start, _, size in split_graphemes(text)[0])
