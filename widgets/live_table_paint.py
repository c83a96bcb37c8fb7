"""How a live table looks: tones to styles, rows to strips."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.literal import cells, fit, literal
from widgets.live_table_layout import GAP, GUTTER, Cell, Column, Placed

LITERAL_LIMIT = 4
"""A cell looks at this many characters of a text for each of its cells of width, and at a few more."""

SHORTENED = 1024
"""Characters up to which a text may be said in less by its column; a longer one only loses its end."""


class Glyphs(msgspec.Struct, frozen=True):
    """The signs that a table draws by itself."""

    marked: str
    busy: str
    marked_busy: str
    ascending: str
    descending: str
    thumb: str
    ellipsis: str
    problem: str


UNICODE = Glyphs("●", "◌", "◉", "▲", "▼", "▐", "…", "!")
ASCII = Glyphs("*", "~", "#", "^", "v", "#", "~", "!")


class State(NamedTuple):
    """What a row's looks depend on besides its cells."""

    cursor: bool = False
    focused: bool = False
    marked: bool = False
    busy: bool = False
    gone: bool = False


class Line:
    """One drawn row: what it says, how it stands, and the strip made of that."""

    __slots__ = ("bar", "cells", "drawn", "segments", "state", "strip")

    def __init__(self, cells: list[Cell], state: State) -> None:
        self.cells = cells
        self.drawn: list[str | None] = [None] * len(cells)
        """Each cell as it is drawn, with the gap before it; None where that is still to be worked out."""
        self.state = state
        self.segments: list[Segment] | None = None
        self.bar = False
        self.strip: Strip | None = None

    def forget(self) -> None:
        """Have the strip made anew."""
        self.segments = self.strip = None

    def take(self, cells: list[Cell]) -> list[int]:
        """Say something else; returns which cells that are."""
        changed = [index for index, (old, new) in enumerate(zip(self.cells, cells, strict=True)) if old != new]
        if changed:
            self.cells = cells
            for index in changed:
                self.drawn[index] = None
            self.forget()
        return changed


class Palette:
    """The style of each tone in each state, as the theme in force has it."""

    def __init__(self, base: Style, components: dict[str, Style], finish: Callable[[Style], Style]) -> None:
        self.base = base
        self._components = components
        self._finish = finish
        self._styles: dict[State | None, dict[str, Style]] = {}

    def same_as(self, other: "Palette | None") -> bool:
        """Whether strips made with another palette would look the same."""
        return other is not None and self.base == other.base and self._components == other._components

    def style(self, tone: str, state: State | None = None) -> Style:
        """The style of a tone (or of `header`, `thumb`, `problem`, `empty`) in a row of this state."""
        styles = self._styles.setdefault(state, {})
        found = styles.get(tone)
        if found is None:
            found = styles[tone] = self._finish(self._mix(tone, state))
        return found

    def _mix(self, tone: str, state: State | None) -> Style:
        components = self._components
        style = self.base + components.get(tone, Style.null())
        if state is None:
            return style
        if state.gone:
            style += components["gone"]
        if state.cursor:
            style += components["cursor" if state.focused else "cursor-blurred"]
        return style


class Painter:
    """Makes strips of a table's width from cells."""

    def __init__(self, columns: Sequence[Column[Any]], placed: tuple[Placed, ...], width: int, *, ascii: bool) -> None:
        self.placed = placed
        self.width = width
        self.glyphs = ASCII if ascii else UNICODE
        self._ascii = ascii
        self._columns = columns

    def row(self, line: Line, palette: Palette, bar: bool) -> Strip:
        """The strip of a row; the same object as long as nothing in it changed."""
        if line.strip is not None and line.bar == bar:
            return line.strip
        if line.segments is None:
            line.segments = self._segments(line, palette)
        line.bar = bar
        line.strip = Strip([*line.segments, self._bar(palette, bar)] if self.width > 1 else line.segments, self.width)
        return line.strip

    def header(self, sort: str | None, descending: bool, palette: Palette) -> Strip:
        """The strip of the column titles, with an arrow at the one that sorts."""
        text = ""
        arrow = self.glyphs.descending if descending else self.glyphs.ascending
        for place in self.placed:
            column = self._columns[place.column]
            title = self.drawn(column.title, place.width)
            if column.key == sort:
                title = fit(title, min(place.width - 1, cells(title)), ellipsis=self.glyphs.ellipsis) + arrow
            text = text.ljust(place.x) if not text else text + " " * GAP
            text += fit(title, place.width, column.align, self.glyphs.ellipsis)
        return self.text(text, "header", palette)

    def text(self, text: str, tone: str, palette: Palette, bar: bool = False) -> Strip:
        """A strip of one literal text over the whole width."""
        room = self.width - 1 if self.width > 1 else self.width
        segments = [Segment(fit(text, room, ellipsis=self.glyphs.ellipsis), palette.style(tone))]
        return Strip([*segments, self._bar(palette, bar)] if room < self.width else segments, self.width)

    def drawn(self, text: str, width: int) -> str:
        """A text from outside as a cell of this width draws it, not yet fitted."""
        return literal(text, LITERAL_LIMIT * width + 16, ascii=self._ascii)

    def _fitted(self, column: Column[Any], text: str, width: int) -> str:
        """A text from outside as a cell of exactly this width."""
        drawn, ellipsis = self.drawn(text, width), self.glyphs.ellipsis
        if column.shorter is not None and len(text) <= SHORTENED and cells(drawn) > width:
            for short in column.shorter(text, width, ellipsis):
                drawn = literal(short, ascii=self._ascii)
                if cells(drawn) <= width:
                    break
        return fit(drawn, width, column.align, ellipsis)

    def _bar(self, palette: Palette, bar: bool) -> Segment:
        return Segment(self.glyphs.thumb, palette.style("thumb")) if bar else Segment(" ", palette.style("track"))

    def _segments(self, line: Line, palette: Palette) -> list[Segment]:
        """The row without its scrollbar: runs of one tone are one segment."""
        room = self.width - 1 if self.width > 1 else self.width
        runs: list[tuple[str, str]] = [self._gutter(line.state)]
        used = GUTTER
        for index, (place, (text, tone)) in enumerate(zip(self.placed, line.cells, strict=True)):
            drawn = line.drawn[index]
            if drawn is None:
                drawn = self._fitted(self._columns[place.column], text, place.width)
                drawn = line.drawn[index] = " " * (place.x - used) + drawn
            runs.append((drawn, tone))
            used = place.x + place.width
        if used < room:
            runs.append((" " * (room - used), ""))
        segments: list[Segment] = []
        state, before = line.state, ""
        text, style = "", palette.style("", state)
        for run, tone in runs:
            own = style if tone == before else palette.style(tone, state)
            before = tone
            if own is not style and own != style:
                if text:
                    segments.append(Segment(text, style))
                text, style = "", own
            text += run
        segments.append(Segment(text, style))
        return segments if used <= room else list(Strip(segments).crop(0, room))

    def _gutter(self, state: State) -> tuple[str, str]:
        glyphs = self.glyphs
        if state.marked:
            return (glyphs.marked_busy if state.busy else glyphs.marked) + " ", "accent"
        return (glyphs.busy + " ", "busy") if state.busy else ("  ", "")
