"""Several series of numbers in one chart, a glyph and a tone each; the greatest value of each is marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textual.events import Resize
from textual.strip import Strip

from widgets.line_view import LineView, Span

GLYPHS = {False: "●■◆○□◇★☆", True: "ox+*#@%&"}
"""What the points of the series are drawn with, by whether only ASCII may be."""

TONES = ("info", "good", "warn", "accent", "bad", "busy", "bold", "plain")
PEAK = {False: "▲", True: "^"}
MOST = len(TONES)
"""Series that can be told apart."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series: a value a column, NaN where there is none."""

    values: Sequence[float]
    glyph: str
    tone: str


def plotted(lines: Sequence[Line], width: int, height: int, top: float, peak_mark: str) -> list[list[Span]]:
    """Return `height` lines of `width` cells; `top` is the full height. Where points meet, the later series is seen.

    Zero is on the lowest line. The peak of each series is drawn last, so that no other one hides it.
    """
    cells: list[list[tuple[str, str]]] = [[(" ", "")] * width for _ in range(height)]
    for line in lines:
        for column, value in enumerate(line.values[:width]):
            if math.isfinite(value):
                cells[_row(value, top, height)][column] = (line.glyph, line.tone)
    for line in lines:
        known = [(value, column) for column, value in enumerate(line.values[:width]) if math.isfinite(value)]
        if known and max(known)[0] > 0:
            value, column = max(known, key=lambda each: (each[0], -each[1]))
            cells[_row(value, top, height)][column] = (peak_mark, line.tone)
    return [_spans(row) for row in cells]


def _row(value: float, top: float, height: int) -> int:
    share = max(0.0, min(1.0, value / top)) if top > 0 else 0.0
    return height - 1 - round(share * (height - 1))


def _spans(row: Sequence[tuple[str, str]]) -> list[Span]:
    spans: list[Span] = []
    for glyph, tone in row:
        if spans and spans[-1][1] == tone:
            spans[-1] = (spans[-1][0] + glyph, tone)
        else:
            spans.append((glyph, tone))
    return spans


class LineChart(LineView, can_focus=True):
    """Draws what it is given: above the lines what stands at the top, below them the axis of time."""

    def __init__(self, *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id)
        self._lines: Sequence[Line] = ()
        self._top = 1.0
        self._words: tuple[str, str, str] = ("", "", "")
        self._drawn: list[list[Span]] = []

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return max(1, self.size.width - 1)

    def show(self, lines: Sequence[Line], top: float, words: tuple[str, str, str]) -> None:
        """Show series; `words` are what the top is, when the first column was, and when the last."""
        self._lines, self._top, self._words = lines, top, words
        self._draw()

    def _draw(self) -> None:
        before, width = self._drawn, self.columns
        height = max(1, self.size.height - 2)
        body = plotted(self._lines, width, height, self._top, PEAK[self.ascii])
        first, last = self._words[1:]
        axis = f"{first}{' ' * max(1, width - len(first) - len(last))}{last}"
        self._drawn = [[(f" {self._words[0]}", "dim")], *([(" ", ""), *row] for row in body), [(f" {axis}", "dim")]]
        for y in range(self.size.height):
            if before[y : y + 1] != self._drawn[y : y + 1]:
                self.refresh_row(y)

    def on_resize(self, _event: Resize) -> None:
        self._draw()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        return self.paint(self._drawn[y], width, self.rich_style) if y < len(self._drawn) else self.blank(width)
