"""The drawing side of a live table: which rows are in sight, and which of their cells have to be painted again."""

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from widgets.lazy_parts import LazyParts
from widgets.literal import literal, wrap
from widgets.live_table_layout import GAP, GUTTER, TONES, Cell, Column, place, thumb
from widgets.live_table_model import TableModel
from widgets.live_table_paint import Line, Painter, Palette, State

T = TypeVar("T")

PROBLEM_LINES = 3
"""Lines that a problem may take from the rows that are still known."""

MANY = 24
"""Regions from which on fewer and larger ones are cheaper to compose, though more cells are compared then."""

_PARTS = ("header", "cursor", "cursor-blurred", "gone", "thumb", "track", "problem", "empty")
_PREFIX = "live-table--"


class TableCanvas(LazyParts, Generic[T]):
    """Draws the rows of a model line by line; strips are kept as long as what they say stays the same."""

    ALLOW_SELECT = False
    PARTS: ClassVar[frozenset[str]] = frozenset(_PREFIX + part for part in (*_PARTS, *TONES))
    DEFAULT_CSS = """
    TableCanvas {
        height: 1fr;
        width: 1fr;
        & .live-table--header { text-style: bold; background: $panel; }
        & .live-table--cursor {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: bold;
        }
        & .live-table--cursor-blurred { background: $block-cursor-blurred-background; text-style: bold; }
        & .live-table--gone { text-style: strike dim; }
        & .live-table--thumb { color: $primary; }
        & .live-table--problem { color: $warning; text-style: bold; }
        & .live-table--empty, & .live-table--muted { color: $text-muted; }
        & .live-table--good { color: $success; }
        & .live-table--warn { color: $warning; }
        & .live-table--bad { color: $error; }
        & .live-table--busy, & .live-table--accent { color: $accent; }
        & .live-table--info { color: $primary; }
        & .live-table--head { text-style: bold; }
        &:ansi .live-table--muted, &:ansi .live-table--empty { color: ansi_default; text-style: dim; }
        &:ansi .live-table--header { background: ansi_default; text-style: bold underline; }
        &:ansi .live-table--cursor { color: ansi_default; background: ansi_default; text-style: bold reverse; }
        &:ansi .live-table--cursor-blurred { text-style: bold underline; }
        &:nocolor .live-table--muted { text-style: dim; }
        &:nocolor .live-table--header { text-style: bold underline; }
        &:nocolor .live-table--cursor { color: $foreground; background: $background; text-style: bold reverse; }
        &:nocolor .live-table--cursor-blurred { text-style: bold underline; }
        &:nocolor .live-table--bad { text-style: bold; }
    }
    """

    def __init__(
        self,
        columns: Sequence[Column[T]],
        model: TableModel[T],
        *,
        empty: str,
        ascii: bool,
        row_busy: Callable[[str], bool] | None,
        name: str | None,
        id: str | None,
        classes: str | None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.row_busy = row_busy
        self._columns = tuple(columns)
        self._model = model
        self._empty = empty
        self._ascii = ascii
        self._sort: tuple[str | None, bool] = (None, False)
        self._cursor: str | None = None
        self._marks: frozenset[str] = frozenset()
        self._problem: str | None = None
        self._notice: list[str] = []
        self._size_laid_out = Size(0, 0)
        self._header_height = self._body_top = self._body_height = 0
        self._top = 0
        self._keys: tuple[str, ...] = ()
        self._lines: dict[str, Line] = {}
        self._bar = range(0)
        self._painter = Painter((), (), 0, ascii=ascii)
        self._palette: Palette | None = None
        self._palette_stale = True

    # Geometry, in lines of the widget

    def _index_at(self, y: int) -> int | None:
        """The position of the row drawn at a line of the widget."""
        index = y - self._body_top
        return self._top + index if 0 <= index < len(self._keys) else None

    def _set_top(self, top: int) -> None:
        """Have the row at this position drawn first, as far as there are rows to fill the lines below."""
        self._top = max(0, min(top, len(self._model.drawn) - self._body_height))

    # What has to be painted again

    def _lay_out(self) -> None:
        """Lay all out anew: for another size, other columns, another problem."""
        width, height = self._size_laid_out = self.size
        self._header_height = 1 if height > 1 else 0
        self._notice = self._problem_lines()
        self._body_top = self._header_height + len(self._notice)
        self._body_height = max(0, height - self._body_top)
        room = width - 1 if width > 1 else width
        self._painter = Painter(self._columns, place(self._columns, room), width, ascii=self._ascii)
        self._lines = {}
        self._keys = ()
        self._set_top(self._top)
        self._refresh_view()
        self.refresh()

    def _problem_lines(self) -> list[str]:
        """The problem broken into lines: a few when there are rows to be seen below, else as many as it takes."""
        width, height = self.size
        if not self._problem or width < 4:
            return []
        said = [literal(line, 16 * width, ascii=self._ascii) for line in self._problem.splitlines()[:height]]
        lines = [part for line in said for part in wrap(line, width - 3)]
        most = height - self._header_height
        if self._model.total:
            most = min(PROBLEM_LINES, most - 1)
        return [("  " if index else "! ") + line for index, line in enumerate(lines[: max(0, most)])]

    def _refresh_view(self, dirty: Collection[str] = ()) -> None:
        """Work out what is in sight, and ask for a repaint of just what differs from what was drawn last.

        `dirty` holds the keys of rows whose cells may say something else now.
        """
        height = self._body_height
        keys = tuple(self._model.drawn[self._top : self._top + height])
        before, old = self._keys, self._lines
        lines: dict[str, Line] = {}
        regions: list[Region] = []
        width, body_top = self.size.width, self._body_top
        for y, key in enumerate(keys):
            line = old.get(key)
            if line is None:
                line = Line(self._cells_of(key), self._state_of(key))
                regions.append(Region(0, body_top + y, width, 1))
            elif y >= len(before) or before[y] != key:
                self._update(line, key, key in dirty)
                regions.append(Region(0, body_top + y, width, 1))
            else:
                spans = self._update(line, key, key in dirty)
                regions += [Region(x, body_top + y, span, 1) for x, span in spans]
            lines[key] = line
        if len(keys) < len(before) or not keys:
            regions.append(Region(0, body_top + len(keys), width, height - len(keys)))
        bar = thumb(height, len(self._model.drawn), self._top)
        if bar != self._bar:
            self._bar = bar
            regions.append(Region(width - 1, body_top, 1, height))
        self._keys, self._lines = keys, lines
        if regions:
            self.refresh(*(regions if len(regions) <= MANY else merged(regions)))
        if keys != before:
            self._view_changed()

    def _update(self, line: Line, key: str, dirty: bool) -> list[tuple[int, int]]:
        """Bring a drawn row up to date; returns the spans (x, width) that look different."""
        spans: list[tuple[int, int]] = []
        state = self._state_of(key)
        if dirty:
            placed = self._painter.placed
            changed = line.take(self._cells_of(key))
            spans = [(placed[index].x - GAP, placed[index].width + GAP) for index in changed]
        if state != line.state:
            same_row = (state.cursor, state.focused, state.gone) == (
                line.state.cursor,
                line.state.focused,
                line.state.gone,
            )
            spans = [*spans, (0, GUTTER)] if same_row else [(0, self.size.width)]
            line.state = state
            line.forget()
        return spans

    def _cells_of(self, key: str) -> list[Cell]:
        row = self._model.row(key)
        columns = self._columns
        return [columns[place.column].cell(row) for place in self._painter.placed]

    def _state_of(self, key: str) -> State:
        cursor = key == self._cursor
        return State(
            cursor,
            cursor and self.has_focus,
            key in self._marks,
            self.row_busy is not None and self.row_busy(key),
            self._model.is_gone(key),
        )

    def _view_changed(self) -> None:
        """Called when other rows came into sight."""

    # Styles

    def notify_style_update(self) -> None:
        """Have the styles read again before the next line is drawn."""
        self._palette_stale = True
        super().notify_style_update()

    def _styles_now(self) -> Palette:
        """The palette for the theme and the state in force; strips made with another one are forgotten."""
        base = self.rich_style
        palette = self._palette
        if palette is None or self._palette_stale or palette.base != base:
            components = {name.removeprefix(_PREFIX): self._component(name) for name in self.PARTS}
            fresh = Palette(base, components, self._filtered)
            if palette is None or not fresh.same_as(palette):
                palette = self._palette = fresh
                for line in self._lines.values():
                    line.forget()
            self._palette_stale = False
        return palette

    def _component(self, name: str) -> Style:
        """What a component class sets, as colours on the background they stand on."""
        styles = self.part_styles(name)
        whole = styles.rich_style
        coloured = styles.has_rule("color") or styles.has_rule("auto_color")
        filled = styles.has_rule("background") and styles.background.a > 0
        return (
            Style(color=whole.color if coloured else None, bgcolor=whole.bgcolor if filled else None)
            + styles.text_style
        )

    def _filtered(self, style: Style) -> Style:
        """A style after the app's filters (no colour, ANSI to true colour), which Textual applies to whole lines."""
        segments = [Segment(" ", style)]
        for line_filter in self.get_line_filters():
            segments = line_filter.apply(segments, self.background_colors[1])
        return segments[0].style or Style.null()

    # Lines

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a region. Textual's own way is taken only for what a table doesn't draw by itself: borders,
        padding, opacity and tint."""
        if self.outer_size != self.size or self.opacity < 1 or self.styles.tint.a:
            return super().render_lines(crop)
        if self.size != self._size_laid_out:
            self._lay_out()  # the compositor may ask before the Resize event arrives
        palette = self._styles_now()
        strips = [self._line(y, palette) for y in crop.line_range]
        first, last = crop.column_span
        return strips if (first, last) == (0, self.size.width) else [strip.crop(first, last) for strip in strips]

    def render_line(self, y: int) -> Strip:
        """One line of the table."""
        return self._line(y, self._styles_now())

    def _line(self, y: int, palette: Palette) -> Strip:
        painter = self._painter
        if y < self._header_height:
            return painter.header(*self._sort, palette)
        index = y - self._header_height
        if index < len(self._notice):
            return painter.text(self._notice[index], "problem", palette)
        index = y - self._body_top
        bar = index in self._bar
        if index < len(self._keys):
            return painter.row(self._lines[self._keys[index]], palette, bar)
        return painter.text(self._nothing() if index == 0 else "", "empty", palette, bar)

    def _nothing(self) -> str:
        """What to say where no row is."""
        if self._keys or self._notice:
            return ""
        text = f"Nothing matches {self._model.query.text}" if self._model.total else self._empty
        return self._painter.drawn("  " + text, self.size.width)


def merged(regions: Sequence[Region]) -> list[Region]:
    """Regions of one line each, from top to bottom, as few larger ones: one a line, and one for lines alike."""
    out: list[Region] = []
    for region in regions:
        if out and out[-1].bottom > region.y >= out[-1].y and region.height == out[-1].height == 1:
            region = out.pop().union(region)
        if out and (out[-1].x, out[-1].width, out[-1].bottom) == (region.x, region.width, region.y):
            region = out.pop().union(region)
        out.append(region)
    return out
