"""What stands before a log line (stream, time), and how a long one is broken into rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import accumulate
from typing import Literal, get_args

from rich.cells import split_graphemes
from rich.segment import Segment

from widgets.line_view import Span
from widgets.literal import widths
from widgets.log_buffer import Stream

TimeMode = Literal["off", "relative", "absolute"]

STAMP_CELLS: dict[TimeMode, int] = {"off": 0, "relative": 10, "absolute": 24}

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
_MARKED: dict[bool, Span] = {False: ("◆ ", "accent"), True: ("# ", "accent")}


def gutter(stream: Stream, ascii: bool, marked: bool = False) -> Span:
    """Two cells that tell the streams, and marked lines, apart without colour."""
    return _MARKED[ascii] if marked else _GUTTERS[stream, ascii]


def next_mode(mode: TimeMode) -> TimeMode:
    """The mode after one, and around."""
    modes: tuple[TimeMode, ...] = get_args(TimeMode)
    return modes[(modes.index(mode) + 1) % len(modes)]


def stamp(time: float | None, earlier: float | None, mode: TimeMode, *, local: bool = False) -> str:
    """The time of a line: 24 cells `2026-11-24 07:15:35.123 `, in UTC or local; or 10 cells since the line before."""
    if mode == "relative":
        return f"{_since(time - earlier) if time is not None and earlier is not None else '':>9} "
    if time is None:
        return " " * 24
    try:
        moment = datetime.fromtimestamp(time, None if local else UTC)
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
        cuts, used = _cuts(text, width, used)
        start = 0
        for cut in cuts:
            if cut > start:
                rows[-1].append(Segment(text[start:cut], style))
            rows.append([])
            start = cut
        if len(text) > start:
            rows[-1].append(Segment(text[start:], style))
    return rows


def _cuts(text: str, width: int, used: int) -> tuple[list[int], int]:
    """Where rows end in a text that begins `used` cells into a row, and the cells that its last row then has."""
    if text.isascii() and text.isprintable():
        first = max(0, width - used)
        cuts = list(range(first, len(text), width)) if first < len(text) else []
        return cuts, len(text) - cuts[-1] if cuts else used + len(text)
    each = widths(text)
    if each is None:
        return _slow_cuts(text, width, used)
    ends = list(accumulate(each.encode("latin-1")))
    cuts, done = list[int](), -used
    while ends and ends[-1] - done > width:
        at = bisect_right(ends, done + width)
        if cuts and at <= cuts[-1]:
            at = cuts[-1] + 1  # one that is wider than a row stands alone
        elif not cuts and not used and at == 0:
            at = 1
        if at >= len(text):
            break
        cuts.append(at)
        done = ends[at - 1] if at else 0
    return cuts, (ends[-1] if ends else 0) - done


def _slow_cuts(text: str, width: int, used: int) -> tuple[list[int], int]:
    """The same where a width depends on neighbours: emoji that are joined or chosen by a selector."""
    cuts: list[int] = []
    for start, _, size in split_graphemes(text)[0]:
        if used + size > width and (used or start):
            cuts.append(start)
            used = 0
        used += size
    return cuts, used
