"""Shares, rates and progress as bars: pure functions that draw text, and a thin widget around them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from textual.strip import Strip

from widgets.line_view import LineView, Span
from widgets.literal import fit, literal

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def share_bar(fraction: float, width: int, ascii: bool = False) -> str:
    """A bar exactly `width` cells wide of which `fraction` (0 to 1) is filled; anything above 0 shows a trace."""
    if width <= 0:
        return ""
    share = max(0.0, min(1.0, fraction)) if math.isfinite(fraction) else 0.0
    if ascii:
        full = max(round(share * width), 1 if share > 0 else 0)
        return "#" * full + "." * (width - full)
    eighths = max(round(share * width * 8), 1 if share > 0 else 0)
    full, part = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[part] if part else "")).ljust(width)


def duration(seconds: float) -> str:
    """`0.4s`, `12s`, `3m04s`, `2h05m`, `3d04h`; `?` for what is no time."""
    if not math.isfinite(seconds) or seconds < 0:
        return "?"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole // 60 % 60:02d}m"
    return f"{whole // 86_400}d{whole // 3600 % 24:02d}h"


def amount(size: float) -> str:
    """Bytes in units of 1000, in at most 7 cells: `512 B`, `1.5 kB`, `23.4 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < 999.95:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is: `done` of `total` bytes (None: unknown) at `rate` bytes a second (None: unknown)."""

    text: str
    done: float = 0
    total: float | None = None
    rate: float | None = None

    @property
    def fraction(self) -> float | None:
        """From 0 to 1; None while the total is unknown."""
        return min(1.0, self.done / self.total) if self.total else None

    @property
    def eta(self) -> float | None:
        """The seconds left at this rate; None where that cannot be told."""
        if self.total is None or not self.rate or self.rate <= 0:
            return None
        return max(0.0, self.total - self.done) / self.rate


def progress_spans(progress: Progress, width: int, ascii: bool = False) -> list[Span]:
    """A progress on one line: the text, and as much of bar, share, amount, rate and time left as there is room for."""
    fraction = progress.fraction
    facts = [f"{fraction:4.0%}"] if fraction is not None else []
    facts.append(amount(progress.done) + (f" / {amount(progress.total)}" if progress.total else ""))
    if progress.rate is not None:
        facts.append(f"{amount(progress.rate)}/s")
    if progress.eta is not None:
        facts.append(f"{duration(progress.eta)} left")
    while facts and len("  ".join(facts)) > width // 2:
        facts.pop()
    tail = "  ".join(facts)
    bar = max(0, min(24, width // 4)) if fraction is not None and width >= 24 else 0
    room = max(0, width - len(tail) - bar - (2 if tail else 0) - (1 if bar else 0))
    text = fit(literal(progress.text, room * 4 + 4, ascii=ascii), room, ellipsis="~" if ascii else "…")
    spans: list[Span] = [(text, "plain")]
    if bar and fraction is not None:
        spans += [(" ", "plain"), (share_bar(fraction, bar, ascii), "info")]
    if tail:
        spans.append(("  " + tail, "dim"))
    return spans


class ProgressLine(LineView, can_focus=False):
    """A progress on one line; it is painted when it is told something new, and never by itself."""

    DEFAULT_CSS = "ProgressLine { height: 1; }"

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._progress = Progress("")

    def show(self, progress: Progress) -> None:
        """Show how far it is; nothing is painted if the line says the same."""
        width = self.size.width
        before = progress_spans(self._progress, width, self.ascii)
        self._progress = progress
        if progress_spans(progress, width, self.ascii) != before:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        return self.paint(progress_spans(self._progress, width, self.ascii), width, self.rich_style)
