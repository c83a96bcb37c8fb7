"""Series of numbers as columns of dots: pure functions that draw text, and a grid of such charts that scrolls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.strip import Strip

from widgets.line_view import LineView, Span
from widgets.literal import cells, fit, literal

Look = Literal["braille", "block", "ascii"]
"""What columns are made of: dots, eighths of a cell, or characters of every terminal."""

_LEVELS = {"braille": 4, "block": 8, "ascii": 3}
_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII = " .:|"
# the dots of a braille cell from the bottom to the top, of its left and of its right column
_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)

PEAK = {"braille": "▲", "block": "▲", "ascii": "^"}
"""Stands at the top of the greatest column."""

TWO_FROM = 64
"""Cells from which two charts stand beside each other."""

MOST_HEIGHT = 8


def columns_in(width: int, look: Look) -> int:
    """Return how many columns there are in so many cells."""
    return width * (2 if look == "braille" else 1)


def grouped(values: Sequence[float], most: int) -> tuple[list[float], int]:
    """Return at most so many values, and how many of the given ones each is the greatest of: a power of two.

    The groups stay where they are as values are added, so that only the last one changes.
    """
    step = 1
    while most > 0 and len(values) > most * step:
        step *= 2
    return [_greatest(values[at : at + step]) for at in range(0, len(values), step)], step


def _greatest(values: Sequence[float]) -> float:
    return max((value for value in values if math.isfinite(value)), default=math.nan)


def nice_top(peak: float, *, binary: bool = False) -> float:
    """Return a round number that is not less: 1, 2 or 5 times a power of ten, or a power of two; 1 for no peak."""
    if not math.isfinite(peak) or peak <= 1:
        return 1.0
    if binary:
        return float(2 ** math.ceil(math.log2(peak)))
    power = 10.0 ** math.floor(math.log10(peak))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= peak)


def chart_lines(values: Sequence[float], width: int, height: int, top: float, look: Look) -> list[str]:
    """Return the columns from left to right, `height` lines of `width` cells; `top` is the full height.

    What is measured has at least the lowest dot, so that nothing used and nothing known (a gap) are told apart.
    """
    per_cell = _LEVELS[look]
    levels = [_level(value, top, per_cell * height) for value in values[: columns_in(width, look)]]
    lines: list[str] = []
    for row in reversed(range(height)):
        inside = [max(0, min(per_cell, level - row * per_cell)) for level in levels]
        if look == "braille":
            pairs = zip(inside[::2], [*inside[1::2], 0], strict=False)
            text = "".join(chr(0x2800 + _LEFT[left] + _RIGHT[right]) if left or right else " " for left, right in pairs)
        else:
            text = "".join((_BLOCKS if look == "block" else _ASCII)[level] for level in inside)
        lines.append(text.ljust(width))
    return lines


def _level(value: float, top: float, full: int) -> int:
    if not math.isfinite(value):
        return 0
    return max(1, math.ceil(max(0.0, min(1.0, value / top)) * full)) if top > 0 else 1


@dataclass(frozen=True, slots=True)
class Chart:
    """One series: what stands above it, its values from the oldest on, the full height, and which value is the peak."""

    head: Sequence[Span]
    values: Sequence[float]
    top: float
    peak: int | None = None
    tone: str = "info"


def drawn(chart: Chart, width: int, height: int, look: Look) -> list[list[Span]]:
    """Return the lines of a chart without its head, each exactly `width` cells wide, its peak marked."""
    values, step = grouped(chart.values, columns_in(width, look))
    lines = chart_lines(values, width, height, chart.top, look)
    rows: list[list[Span]] = [[(line, chart.tone)] for line in lines]
    if chart.peak is not None and chart.peak // step < len(values):
        at = chart.peak // step
        cell = at // 2 if look == "braille" else at
        level = _level(values[at], chart.top, _LEVELS[look] * height)
        row = height - 1 - (max(1, level) - 1) // _LEVELS[look]
        line = lines[row]
        rows[row] = [(line[:cell], chart.tone), (PEAK[look], "warn"), (line[cell + 1 :], chart.tone)]
    return rows


class ChartGrid(LineView):
    """Charts beside and below each other, as high as there is room for, and lines of text below them.

    Nothing is painted but the lines that changed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_by(1)", "Down", show=False, id="chart.down"),
        Binding("up,k", "scroll_by(-1)", "Up", show=False, id="chart.up"),
        Binding("pagedown,ctrl+d", "scroll_by(8)", "Page down", show=False, id="chart.page_down"),
        Binding("pageup,ctrl+u", "scroll_by(-8)", "Page up", show=False, id="chart.page_up"),
    ]

    def __init__(
        self, *, look: Look = "braille", ascii: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self.look: Look = "ascii" if ascii else look
        self._charts: Sequence[Chart] = ()
        self._foot: Sequence[Sequence[Span]] = ()
        self._lines: list[list[Span]] = []
        self._top = 0
        self._notice = ""

    def show(self, charts: Sequence[Chart], foot: Sequence[Span] = (), *more: Sequence[Span]) -> None:
        """Show these charts, and a line below them, or several."""
        self._charts, self._foot, self._notice = charts, (foot, *more), ""
        self._draw()

    def set_notice(self, notice: str) -> None:
        """Say why there is nothing to show."""
        self._charts, self._foot, self._notice = (), (), notice
        self._draw()

    def search(self, query: str) -> None:
        """There is no text in it to look for."""

    def step_of(self, count: int) -> int:
        """Return how many of so many values a column is the greatest of, as wide as the grid is now."""
        return grouped([0.0] * count, columns_in(self._chart_width(), self.look))[1]

    def _across(self) -> int:
        return 2 if self.size.width >= TWO_FROM else 1

    def _chart_width(self) -> int:
        across = self._across()
        return max(1, (self.size.width - 1 - 2 * (across - 1)) // across)

    def _draw(self) -> None:
        before, self._lines = self._lines, self._laid_out()
        top, self._top = self._top, max(0, min(self._top, len(self._lines) - self.size.height))
        if top != self._top:
            self.refresh()
            return
        for y in range(self.size.height):
            at = self._top + y
            if before[at : at + 1] != self._lines[at : at + 1]:
                self.refresh_row(y)

    def _laid_out(self) -> list[list[Span]]:
        if not self._charts:
            return [[(self._notice, "dim")]] if self._notice else []
        across, width = self._across(), self._chart_width()
        groups = [self._charts[at : at + across] for at in range(0, len(self._charts), across)]
        height = max(1, min(MOST_HEIGHT, (self.size.height - len(self._foot)) // len(groups) - 1))
        lines: list[list[Span]] = []
        for group in groups:
            blocks = [[self._head(chart, width), *drawn(chart, width, height, self.look)] for chart in group]
            for rows in zip(*blocks, strict=True):
                line: list[Span] = [(" ", "")]
                for index, row in enumerate(rows):
                    line += [("  ", ""), *row] if index else row
                lines.append(line)
        return [*lines, *([(" ", ""), *foot] for foot in self._foot)]

    def _head(self, chart: Chart, width: int) -> list[Span]:
        """Return what stands above a chart, exactly as wide as it."""
        spans: list[Span] = []
        left = width
        for text, tone in chart.head:
            shown = literal(text, 4 * left + 16, ascii=self.ascii)
            if cells(shown) > left:
                spans.append((fit(shown, left, ellipsis="~" if self.ascii else "…"), tone))
                left = 0
                break
            spans.append((shown, tone))
            left -= cells(shown)
        return [*spans, (" " * left, "")]

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        at = self._top + y
        if at >= len(self._lines):
            return self.blank(width)
        return self.paint(self._lines[at], width, self.rich_style)

    def on_resize(self, event: Resize) -> None:
        self._draw()
        self.refresh()

    def scroll_rows(self, rows: int) -> None:
        self.action_scroll_by(rows)

    def action_scroll_by(self, rows: int) -> None:
        """Move over the charts that there is no room for."""
        top = max(0, min(self._top + rows, len(self._lines) - self.size.height))
        if top != self._top:
            self._top = top
            self.refresh()
