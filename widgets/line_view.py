"""The ground under the line-drawn widgets: tones to styles, spans to strips, and a list with a cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from widgets.lazy_parts import LazyParts
from widgets.literal import cells, literal

Span = tuple[str, str]
"""A text and its tone. The text may come from anywhere: it is made literal when it is painted."""

TONES = (
    "plain", "dim", "bold", "good", "warn", "bad", "accent", "busy", "info", "head",
    "key", "string", "number", "constant", "added", "changed", "removed", "hit", "hit-current",
)  # fmt: skip
"""What a text means. A tone that is not in this list is drawn plainly."""

WHEEL_ROWS = 3
MORE = {False: "…", True: "~"}
"""Where a text goes on; by whether only ASCII may be drawn."""
HIT_AT_CURSOR = Style(underline=True)


ToneT = TypeVar("ToneT")


def overlay(
    spans: Iterable[tuple[str, ToneT]], ranges: Sequence[tuple[int, int]], tone: ToneT
) -> list[tuple[str, ToneT]]:
    """The same text, with the characters in `ranges` (in order, not overlapping) in another tone."""
    out: list[tuple[str, ToneT]] = []
    start = 0
    for text, own in spans:
        at = 0
        for low, high in ranges:
            low, high = max(0, low - start), min(len(text), high - start)
            if low < high:
                out += [(text[at:low], own), (text[low:high], tone)]
                at = high
        out.append((text[at:], own))
        start += len(text)
    return [span for span in out if span[0]]


def colourless(widget: Widget) -> bool:
    """True where no colour reaches the terminal, so that only text attributes tell things apart."""
    app = widget.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # of any App
    return bool(app.no_color and app.native_ansi_color)


class LineView(LazyParts, can_focus=True):
    """A widget that draws its own lines; subclasses implement `render_line`."""

    ALLOW_SELECT = False
    PARTS: ClassVar[frozenset[str]] = frozenset(
        (*(f"tone--{tone}" for tone in TONES), "line--cursor", "line--cursor-blurred", "line--notice")
    )
    DEFAULT_CSS = """
    LineView {
        height: 1fr;
        width: 1fr;
        & .line--cursor {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
        & .line--cursor-blurred { background: $block-hover-background; text-style: bold; }
        & .tone--hit { color: $text-warning; text-style: bold underline; }
        & .tone--hit-current { color: $text-warning; text-style: bold reverse; }
        & .line--notice { color: $foreground; text-style: dim; }
        & .tone--dim { text-style: dim; }
        & .tone--bold { text-style: bold; }
        & .tone--good, & .tone--added { color: $text-success; }
        & .tone--warn, & .tone--changed { color: $text-warning; }
        & .tone--bad, & .tone--removed { color: $text-error; }
        & .tone--accent, & .tone--constant { color: $text-accent; }
        & .tone--busy, & .tone--number { color: $text-secondary; }
        & .tone--info, & .tone--key { color: $text-primary; }
        & .tone--string { color: $text-success; }
        & .tone--head { text-style: bold; }
    }
    """

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.ascii = ascii
        self._tones: dict[str, Style] = {}

    # ---- styles
    def notify_style_update(self) -> None:
        self._tones.clear()
        super().notify_style_update()

    def tone(self, name: str) -> Style:
        """The style a tone adds to its line, without a background; a null style for an unknown tone."""
        style = self._tones.get(name)
        if style is None:
            known = name in TONES and name != "plain"
            style = self.get_component_rich_style(f"tone--{name}", partial=True) if known else Style.null()
            self._tones[name] = style
        return style

    def line_style(self, cursor: bool) -> Style:
        """The style under a whole line; the cursor is seen without colours too."""
        if not cursor:
            return self.rich_style
        style = self.get_component_rich_style("line--cursor" if self.has_focus else "line--cursor-blurred")
        if colourless(self):
            style += Style(reverse=True) if self.has_focus else Style(underline=True)
        return style

    # ---- strips
    def paint(
        self, spans: Iterable[Span], width: int, base: Style, *, offset: int = 0, flat: bool = False, mark: bool = True
    ) -> Strip:
        """One line exactly `width` cells wide, from cell `offset` of the spans; only what is shown is looked at.

        `flat` ignores tones (the cursor's line); `mark` puts an ellipsis where the line is cut on the right.
        """
        end = offset + width
        used = 0
        segments: list[Segment] = []
        for text, tone in spans:
            if used > end:
                break
            shown = literal(text[: (end - used) * 4 + 16], ascii=self.ascii)
            if shown:
                segments.append(Segment(shown, self._span_style(tone, base, flat)))
                used += cells(shown)
        strip = Strip(segments, used)
        if used > end and mark and width > 1:
            strip = Strip([*strip.crop(offset, end - 1), Segment(MORE[self.ascii], base)])
        elif offset or used > end:
            strip = strip.crop(offset, end)
        return strip.adjust_cell_length(width, base)

    def _span_style(self, tone: str, base: Style, flat: bool) -> Style:
        if not flat:
            return base + self.tone(tone)
        return base + HIT_AT_CURSOR if tone.startswith("hit") else base

    def blank(self, width: int) -> Strip:
        """An empty line."""
        return Strip.blank(width, self.rich_style)

    def refresh_row(self, y: int) -> None:
        """Repaint one visible line."""
        width, height = self.size
        if 0 <= y < height:
            self.refresh(Region(0, y, width, 1))

    # ---- the mouse
    def scroll_rows(self, rows: int) -> None:
        """Move the view by some rows, because a wheel was turned."""

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_rows(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_rows(-WHEEL_ROWS)


class CursorList(LineView):
    """Rows with a cursor on one of them; a subclass tells how many there are and what each one says."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "cursor_by(1)", "Down", show=False, id="list.down"),
        Binding("up,k", "cursor_by(-1)", "Up", show=False, id="list.up"),
        Binding("pagedown", "cursor_page(1)", "Page down", show=False, id="list.page_down"),
        Binding("pageup", "cursor_page(-1)", "Page up", show=False, id="list.page_up"),
        Binding("ctrl+d", "cursor_page(0.5)", "Half a page down", show=False, id="list.half_down"),
        Binding("ctrl+u", "cursor_page(-0.5)", "Half a page up", show=False, id="list.half_up"),
        Binding("g,home", "cursor_to_edge(-1)", "First", show=False, id="list.first"),
        Binding("G,end", "cursor_to_edge(1)", "Last", show=False, id="list.last"),
    ]

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._cursor = 0
        self._top = 0
        self._shift = 0
        self._notice = ""

    # ---- what a subclass says
    @property
    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def row_spans(self, index: int, width: int) -> Sequence[Span]:
        """What a row says; called for visible rows only."""
        raise NotImplementedError

    def row_strip(self, index: int, width: int, base: Style, flat: bool) -> Strip:
        """A row as it is drawn, `width` cells wide."""
        return self.paint(self.row_spans(index, width), width, base, offset=self._shift, flat=flat)

    @property
    def head_rows(self) -> int:
        """How many lines stand above the rows and do not move with them."""
        return 0

    def head_strip(self, y: int, width: int) -> Strip:
        """One of those lines as it is drawn, `width` cells wide."""
        return self.blank(width)

    @property
    def list_height(self) -> int:
        """How many rows there is room for."""
        return max(0, self.size.height - self.head_rows)

    def cursor_moved(self) -> None:
        """Called after the cursor came to another row."""

    def row_clicked(self, index: int, x: int) -> None:
        """Called after the mouse put the cursor on a row."""

    # ---- the cursor
    @property
    def cursor(self) -> int:
        """The row under the cursor; 0 when there is none."""
        return self._cursor

    @property
    def top(self) -> int:
        """The first visible row."""
        return self._top

    def set_notice(self, text: str) -> None:
        """Say why there is nothing to show."""
        self._notice = text
        if not self.row_count:
            self.refresh()

    def move_to(self, index: int) -> bool:
        """Put the cursor on a row, or on the nearest that exists; True if it moved."""
        index = max(0, min(index, self.row_count - 1))
        old, self._cursor = self._cursor, index
        scrolled = self.keep_cursor_visible()
        if not scrolled and old != index:
            self.refresh_row(old - self._top + self.head_rows)
            self.refresh_row(index - self._top + self.head_rows)
        if old != index:
            self.cursor_moved()
        return old != index

    def keep_cursor_visible(self) -> bool:
        """Scroll as little as possible; True if everything was scheduled for repaint because of it."""
        height = self.list_height
        if not height:
            return False  # not laid out yet: the first resize asks again
        top = min(self._top, max(0, self.row_count - height))
        top = max(min(top, self._cursor), self._cursor - height + 1)
        if top == self._top:
            return False
        self._top = top
        self.refresh()
        return True

    def scroll_to_top(self) -> None:
        """Show the first rows, wherever the cursor is."""
        self._top = 0
        self.refresh()

    def rows_changed(self) -> None:
        """Repaint all, with the cursor on a row that exists."""
        self._cursor = max(0, min(self._cursor, self.row_count - 1))
        self.keep_cursor_visible()
        self.refresh()

    # ---- drawing
    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y < self.head_rows:
            return self.head_strip(y, width)
        y -= self.head_rows
        index = self._top + y
        if index < self.row_count:
            at_cursor = index == self._cursor
            base = self.line_style(at_cursor)
            return self.row_strip(index, width, base, at_cursor and self.has_focus)
        if y == 0 and self._notice:
            style = self.rich_style + self.get_component_rich_style("line--notice", partial=True)
            return self.paint([(self._notice, "plain")], width, style)
        return self.blank(width)

    # ---- keys and mouse
    def action_cursor_by(self, rows: int) -> None:
        self.move_to(self._cursor + rows)

    def action_cursor_page(self, pages: float) -> None:
        step = max(1, int(abs(pages) * max(1, self.list_height - 1)))
        self.move_to(self._cursor + (step if pages > 0 else -step))

    def action_cursor_to_edge(self, edge: int) -> None:
        self.move_to(self.row_count - 1 if edge > 0 else 0)

    def scroll_rows(self, rows: int) -> None:
        height = max(1, self.list_height)
        top = max(0, min(self._top + rows, self.row_count - height))
        if top == self._top:
            return
        self._top = top
        self.refresh()
        self.move_to(max(top, min(self._cursor, top + height - 1)))

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self.head_rows:
            return
        index = self._top + offset.y - self.head_rows
        if index < self.row_count:
            event.stop()
            self.move_to(index)
            self.row_clicked(index, offset.x)

    def on_resize(self, event: Resize) -> None:
        self.keep_cursor_visible()
