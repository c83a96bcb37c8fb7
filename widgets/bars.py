"""Shares, rates and progress as bars: pure functions that draw text, and two thin widgets around them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from widgets.line_view import LineView, Span
from widgets.literal import cells, fit, literal

_BLOCKS = "▁▂▃▄▅▆▇█"
_BLOCKS_ASCII = "_.-=oO#@"
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def sparkline(values: Sequence[float], width: int, maximum: float | None = None, ascii: bool = False) -> str:
    """The last `width` values as bars of eight heights, exactly `width` cells wide; the newest is on the right.

    `maximum` is the full height, the greatest value if None. What is not a number leaves a gap.
    """
    if width <= 0:
        return ""
    last = list(values)[-width:]
    finite = [value for value in last if math.isfinite(value)]
    top = maximum if maximum is not None else max(finite, default=0.0)
    return "".join(_bar(value, top, _BLOCKS_ASCII if ascii else _BLOCKS) for value in last).rjust(width)


def _bar(value: float, top: float, blocks: str) -> str:
    if not math.isfinite(value):
        return " "
    share = max(0.0, min(1.0, value / top)) if top > 0 else 0.0
    return blocks[max(0, min(len(blocks) - 1, math.ceil(share * len(blocks)) - 1))]


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


def split_width(weights: Sequence[float], width: int) -> list[int]:
    """Cells for each weight, `width` in all: in proportion, and at least one for each weight above 0 if there is room.

    Where there are more weights than cells, the greatest get one each.
    """
    finite = [weight if math.isfinite(weight) and weight > 0 else 0.0 for weight in weights]
    seen = [at for at, weight in enumerate(finite) if weight]
    greatest = max(finite, default=0.0) or 1.0
    shares = [weight / greatest for weight in finite]  # so that their sum stays finite
    out = [0] * len(shares)
    if not seen or width <= 0:
        return out
    if len(seen) >= width:
        for at in sorted(seen, key=lambda at: -shares[at])[:width]:
            out[at] = 1
        return out
    total, spare = sum(shares), width - len(seen)
    exact = {at: shares[at] / total * spare for at in seen}
    for at in seen:
        out[at] = 1 + int(exact[at])
    left = width - sum(out)
    for at in sorted(seen, key=lambda at: int(exact[at]) - exact[at])[:left]:
        out[at] += 1
    return out


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a stack: `key` names it, `weight` is its share, `label` stands in it where there is room."""

    key: str
    weight: float
    label: str = ""
    tone: str = "info"


class StackBar(LineView):
    """Parts beside each other, as wide as their share; one of them is selected with left and right."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "select_by(1)", "Next part", show=False, id="stack.next"),
        Binding("left", "select_by(-1)", "Previous part", show=False, id="stack.previous"),
    ]
    DEFAULT_CSS = "StackBar { height: 1; }"

    class Selected(Message):
        """Another part was selected."""

        def __init__(self, bar: StackBar, key: str) -> None:
            super().__init__()
            self.bar = bar
            self.key = key

        @property
        def control(self) -> StackBar:
            return self.bar

    def __init__(
        self, parts: Sequence[Part] = (), *, ascii: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._parts = list(parts)
        self._at = 0

    def set_parts(self, parts: Sequence[Part]) -> None:
        """Show other parts; the one with the same key stays selected."""
        key = self.selected
        self._parts = list(parts)
        self._at = next((at for at, part in enumerate(self._parts) if part.key == key), 0)
        self.refresh()

    @property
    def selected(self) -> str | None:
        """The key of the selected part."""
        return self._parts[self._at].key if self._parts else None

    def select(self, key: str) -> None:
        """Select a part; an unknown key changes nothing."""
        for at, part in enumerate(self._parts):
            if part.key == key and at != self._at:
                self._at = at
                self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        segments: list[Segment] = []
        for at, size in enumerate(split_width([part.weight for part in self._parts], width)):
            if size:
                segments.append(self._segment(at, size))
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _segment(self, at: int, size: int) -> Segment:
        """A part, with a rule at its right edge so that neighbours are told apart without colour."""
        part = self._parts[at]
        label = literal(part.label, size * 4, ascii=self.ascii)
        text = fit(label, size - 1) if cells(label) < size else "".ljust(size - 1, "=" if self.ascii else "─")
        text += "|" if self.ascii else "│"
        if at == self._at:
            return Segment(text, self.line_style(True))
        return Segment(text, self.rich_style + self.tone(part.tone))

    def action_select_by(self, step: int) -> None:
        if self._parts:
            self._choose(max(0, min(self._at + step, len(self._parts) - 1)))

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        edge = 0
        for at, size in enumerate(split_width([part.weight for part in self._parts], self.size.width)):
            edge += size
            if offset.x < edge:
                self._choose(at)
                return

    def _choose(self, at: int) -> None:
        if at != self._at:
            self._at = at
            self.refresh()
            self.post_message(self.Selected(self, self._parts[at].key))


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
