"""A view of lines that keep coming: it follows their end, scrolls, wraps, searches, filters, and draws what is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.events import Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.worker import Worker

from widgets import sgr
from widgets.line_view import LineView, Span, overlay
from widgets.literal import cells, fit, literal, wrap
from widgets.log_buffer import LogBuffer, LogLine, LogSearch
from widgets.log_rows import LogRows, Row
from widgets.log_text import SOURCE_TONES, TimeMode, chop, gutter, next_mode, stamp

__all__ = ["LogLine", "LogView"]

PAINT_SECONDS = 0.1
"""The least time between two paints for lines that came."""

SLICE_SECONDS = 0.008
SHIFT_CELLS = 8
LEAST_TEXT = 4
"""With less room than this for the text, lines are not wrapped and have no prefix."""


class LogView(LineView):
    """Shows the lines given to `append`; see `LogBuffer` for the bounds."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_by(1)", "Down", show=False, id="log.down"),
        Binding("up,k", "scroll_by(-1)", "Up", show=False, id="log.up"),
        Binding("pagedown,ctrl+f", "scroll_page(1)", "Page down", show=False, id="log.page_down"),
        Binding("pageup", "scroll_page(-1)", "Page up", show=False, id="log.page_up"),
        Binding("ctrl+d", "scroll_page(0.5)", "Half a page down", show=False, id="log.half_down"),
        Binding("ctrl+u", "scroll_page(-0.5)", "Half a page up", show=False, id="log.half_up"),
        Binding("g,home", "to_start", "Oldest line", show=False, id="log.first"),
        Binding("G,end", "follow", "Newest line, and follow", show=False, id="log.follow"),
        Binding("right", "shift(1)", "See further right", show=False, id="log.shift_right"),
        Binding("left", "shift(-1)", "See further left", show=False, id="log.shift_left"),
        Binding("w", "toggle_wrap", "Wrap long lines", show=False, id="log.wrap"),
        Binding("t", "next_times", "Timestamps", show=False, id="log.times"),
        Binding("n", "next_hit(1)", "Next hit", show=False, id="log.next_hit"),
        Binding("N", "next_hit(-1)", "Previous hit", show=False, id="log.previous_hit"),
    ]
    PARTS: ClassVar[frozenset[str]] = frozenset(("log--new",))
    DEFAULT_CSS = """
    LogView {
        & .log--new { color: $block-cursor-foreground; background: $block-cursor-background; text-style: bold; }
    }
    """

    class SearchChanged(Message):
        """How the search stands: the hit gone to last (from 1; 0: none), lines that match, and if all were searched."""

        def __init__(self, log: LogView, hit: int, total: int, complete: bool) -> None:
            super().__init__()
            self.log_view = log
            self.hit = hit
            self.total = total
            self.complete = complete

        @property
        def control(self) -> LogView:
            return self.log_view

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.SearchChanged)

    class FollowChanged(Message):
        """The view began or ceased to follow the end."""

        def __init__(self, log: LogView, following: bool) -> None:
            super().__init__()
            self.log_view = log
            self.following = following

        @property
        def control(self) -> LogView:
            return self.log_view

    def __init__(
        self,
        *,
        max_lines: int = 1_000_000,
        max_bytes: int = 256 << 20,
        times: TimeMode = "off",
        wrapped: bool = False,
        ascii: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self.buffer = LogBuffer(max_lines, max_bytes)
        self._times: TimeMode = times
        self._wrapped = wrapped
        self._following = True
        self._top: Row = (0, 0)
        self._shift = 0
        self._seen_end = 0
        self._screen: list[Row] | None = None
        self._strips: LRUCache[int, list[Strip]] = LRUCache(512)
        self._sources: dict[str, str] = {}
        self._source_width = 0
        self._notice = ""
        self._search: LogSearch | None = None
        self._lines = LogRows(self.buffer, self._height_of)
        self._hit: int | None = None
        self._wanted = 0
        self._scanning: Worker[None] | None = None
        self._pending: Timer | None = None
        self._painted = 0.0

    # ---- lines
    @property
    def following(self) -> bool:
        """Whether new lines scroll the view."""
        return self._following

    @property
    def new_lines(self) -> int:
        """Lines that came since the view ceased to follow."""
        return 0 if self._following else self.buffer.end - max(self._seen_end, self.buffer.first)

    @property
    def times(self) -> TimeMode:
        """How the time of a line is shown."""
        return self._times

    @property
    def wrapped(self) -> bool:
        """Whether long lines are wrapped."""
        return self._wrapped

    def append(self, lines: Sequence[LogLine]) -> None:
        """Add lines at the end. They are drawn at once, or together with what else comes within a tenth of a second."""
        self.buffer.append(lines)
        for line in lines:
            if line.source and line.source not in self._sources:
                self._sources[line.source] = SOURCE_TONES[len(self._sources) % len(SOURCE_TONES)]
                self._source_width = min(20, max(self._source_width, cells(literal(line.source, 40))))
                self._relayout()
        if self._pending is None and self.is_running:
            wait = self._painted + PAINT_SECONDS - monotonic()
            if wait <= 0:
                self._paint_new()
            else:
                self._pending = self.set_timer(wait, self._paint_new)

    def clear(self) -> None:
        """Forget all lines and follow again; what is searched for and filtered by stays."""
        self.buffer.clear()
        self._sources.clear()
        self._source_width = 0
        self._hit = None
        search, filtered = self._search, self._lines.filter
        if search is not None:
            self._search = LogSearch(self.buffer, search.matcher.query, 0, backward=False)
        if filtered is not None:
            self._lines.filter = LogSearch(self.buffer, filtered.matcher.query, 0, backward=False)
        self._relayout()
        self.action_follow()

    def set_notice(self, text: str) -> None:
        """Say why there is nothing to show; it is seen while there are no lines."""
        if text != self._notice:
            self._notice = text
            if self._lines.first() is None:
                self.refresh()

    def on_mount(self) -> None:
        self._paint_new()

    def _paint_new(self) -> None:
        """Draw what came: the rows that changed, or only how many lines there are below."""
        self._pending = None
        self._painted = monotonic()
        if not all(search.step(SLICE_SECONDS) for search in self._searches()):
            self._scan()
        if self._search is not None:
            self._tell_search()
        before, self._screen = self._screen, None
        rows = self._rows()
        if before is None or not before or not rows:
            self.refresh()
            return
        width, height = self.size
        last = max(len(rows), len(before))
        changed = [y for y in range(last) if rows[y : y + 1] != before[y : y + 1]]
        if changed:
            self.refresh(Region(0, changed[0], width, changed[-1] - changed[0] + 1))
        if not self._following:
            self.refresh(Region(max(0, width - 24), height - 1, min(width, 24), 1))

    # ---- which rows are seen
    def _rows(self) -> list[Row]:
        """What stands on each visible row, from the top."""
        if self._screen is None:
            height = max(1, self.size.height)
            self._screen = self._lines.up(height) if self._following else self._lines.down(self._top, height)
            self._top = self._screen[0] if self._screen else (self.buffer.first, 0)
        return self._screen

    def _height_of(self, number: int) -> int:
        return len(self._wrapped_strips(number)) if self._is_wrapped else 1

    # ---- drawing
    @property
    def _is_wrapped(self) -> bool:
        return self._wrapped and self.size.width - self._prefix_width >= LEAST_TEXT

    @property
    def _prefix_width(self) -> int:
        width = {"off": 0, "relative": 10, "absolute": 24}[self._times] + 2
        width += self._source_width + 1 if self._source_width else 0
        return width if self.size.width >= width + LEAST_TEXT else 0

    def notify_style_update(self) -> None:
        self._strips.clear()
        super().notify_style_update()

    def _relayout(self) -> None:
        """Forget how lines are laid out, and repaint all."""
        self._strips.clear()
        self._screen = None
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        self._relayout()

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        rows = self._rows()
        if not rows:
            return self._notice_line(y, width)
        if y >= len(rows):
            return self.blank(width)
        number, sub = rows[y]
        strip = self._wrapped_strips(number)[sub] if self._is_wrapped else self._strip(number)
        if y == height - 1 and self.new_lines:
            strip = self._with_count(strip, width)
        return strip

    def _notice_line(self, y: int, width: int) -> Strip:
        lines = wrap(literal(self._notice, 4_000, ascii=self.ascii), max(1, width - 1))
        if y >= len(lines):
            return self.blank(width)
        style = self.rich_style + self.get_component_rich_style("line--notice", partial=True)
        return self.paint([(lines[y], "plain")], width, style, mark=False)

    def _with_count(self, strip: Strip, width: int) -> Strip:
        """The last row with the number of lines that came below it."""
        count = self.new_lines
        text = f" {count:,} new line{'s' if count > 1 else ''} {'v' if self.ascii else '↓'} "
        text = fit(text, min(cells(text), width))
        label = Segment(text, self.get_component_rich_style("log--new"))
        return Strip.join([strip.crop(0, width - cells(text)), Strip([label], cells(text))])

    def _prefix(self, number: int, line: LogLine) -> list[Span]:
        if not self._prefix_width:
            return []
        spans: list[Span] = [gutter(line.stream, self.ascii)]
        if self._times != "off":
            before = self._lines.before(number) if self._times == "relative" else None
            earlier = self._lines.line(before).time if before is not None else None
            spans.append((stamp(line.time, earlier, self._times), "dim"))
        if self._source_width:
            name = fit(literal(line.source, 40, ascii=self.ascii), self._source_width)
            spans.append((name + " ", self._sources.get(line.source, "plain")))
        return spans

    def _pieces(self, number: int, line: LogLine, most: int | None) -> list[tuple[str, Style]]:
        """The text of a line with its styles, hits marked; at least as far as `most` cells."""
        base = self.rich_style + (self.tone("dim") if line.stream == "system" else Style.null())
        looks = sgr.visible(line.text, most, self.ascii)
        pieces = [(text, base + sgr.style_of(look) if look is not sgr.PLAIN else base) for text, look in looks]
        search = self._search or self._lines.filter
        if search is not None:
            ranges = search.matcher.ranges("".join(text for text, _ in pieces))
            tone = "hit-current" if number == self._hit else "hit"
            pieces = overlay(pieces, ranges, base + self.tone(tone))
        return pieces

    def _strip(self, number: int) -> Strip:
        """A line that is not wrapped, from the sideways shift on."""
        width, line = self.size.width, self._lines.line(number)
        room = width - self._prefix_width
        pieces = self._pieces(number, line, self._shift + room + 1)
        strip = Strip([Segment(text, style) for text, style in pieces])
        more = strip.cell_length > self._shift + room and room > 1
        strip = strip.crop(self._shift, self._shift + room - more)
        if more:
            strip = Strip([*strip, Segment("~" if self.ascii else "…", self.rich_style + self.tone("dim"))])
        strip = strip.adjust_cell_length(room, self.rich_style)
        prefix = self._prefix(number, line)
        return Strip.join([self.paint(prefix, self._prefix_width, self.rich_style), strip]) if prefix else strip

    def _wrapped_strips(self, number: int) -> list[Strip]:
        """The rows of a wrapped line; the later ones are indented to where its text begins."""
        strips = self._strips.get(number) if number >= self.buffer.first else None
        if strips is None:
            line = self._lines.line(number)
            prefix = self._prefix_width
            room = self.size.width - prefix
            segments = [Segment(text, style) for text, style in self._pieces(number, line, None)]
            first = self.paint(self._prefix(number, line), prefix, self.rich_style)
            indent = self.blank(prefix)
            strips = [
                Strip.join([indent if sub else first, Strip(row).adjust_cell_length(room, self.rich_style)])
                for sub, row in enumerate(chop(segments, room))
            ]
            if number >= self.buffer.first:
                self._strips[number] = strips
        return strips

    # ---- moving
    def scroll_rows(self, rows: int) -> None:
        """Scroll; at the end the view follows again, and anywhere else it no longer does."""
        screen = self._rows()
        if not screen or (rows > 0 and self._following) or (rows < 0 and self._top == (self._lines.first(), 0)):
            return
        number, sub = self._top
        sub += rows
        while sub < 0 and (previous := self._lines.before(number)) is not None:
            number = previous
            sub += self._height_of(number)
        while sub >= (height := self._height_of(number)) and (following := self._lines.after(number)) is not None:
            sub -= height
            number = following
        bottom = self._lines.up(max(1, self.size.height))
        if rows > 0 and (number, sub) >= bottom[0]:
            self.action_follow()
            return
        self._go_to((number, max(0, sub)))

    def _go_to(self, top: Row) -> None:
        self._set_following(False)
        self._top = top
        self._screen = None
        self.refresh()

    def _set_following(self, following: bool) -> None:
        if following != self._following:
            self._following = following
            self._seen_end = self.buffer.end
            self.post_message(self.FollowChanged(self, following))

    def action_scroll_by(self, rows: int) -> None:
        self.scroll_rows(rows)

    def action_scroll_page(self, pages: float) -> None:
        step = max(1, int(abs(pages) * max(1, self.size.height - 1)))
        self.scroll_rows(step if pages > 0 else -step)

    def action_to_start(self) -> None:
        first = self._lines.first()
        if first is not None:
            self._go_to((first, 0))

    def action_follow(self) -> None:
        """Go to the newest line and stay there as others come."""
        self._set_following(True)
        self._screen = None
        self.refresh()

    def action_shift(self, direction: int) -> None:
        if not self._is_wrapped:
            self._shift = max(0, self._shift + direction * SHIFT_CELLS)
            self.refresh()

    def action_toggle_wrap(self) -> None:
        self._wrapped = not self._wrapped
        self._shift = 0
        self._top = (self._top[0], 0)
        self._relayout()

    def action_next_times(self) -> None:
        """Show no times, then the time since the line before, then the time of day in UTC."""
        self._times = next_mode(self._times)
        self._relayout()

    # ---- search and filter
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "next_hit":
            return self._search is not None
        return True

    def search(self, query: str) -> None:
        """Look for a text in all lines and go to the nearest hit: upwards while following, else downwards.

        An empty query ends the search. The scan leaves the keys alive; `SearchChanged` tells how it goes.
        """
        if not query:
            self._search, self._hit, self._wanted = None, None, 0
            self.post_message(self.SearchChanged(self, 0, 0, True))
        else:
            backward, hit = self._following, self._hit
            anchor = hit if hit is not None else self.buffer.end if backward else self._top[0]
            self._search = LogSearch(self.buffer, query, anchor, backward)
            self._wanted = -1 if backward else 1
            self._hit = anchor + (hit is not None) if backward else anchor - 1  # the hit itself may match again
            self._scan()
        self._relayout()

    def next_hit(self, direction: int) -> None:
        """Go to the next line that matches, or the previous one (-1), and around the end."""
        search = self._search
        if search is None or not search.count:
            return
        here = self._hit if self._hit is not None else self._top[0]
        ordinal = search.ordinal(here + 1) if direction > 0 else search.ordinal(here) - 1
        self._go_to_hit(search.at(ordinal % search.count))

    def action_next_hit(self, direction: int) -> None:
        self.next_hit(direction)

    def set_filter(self, query: str) -> None:
        """Show only the lines that match; empty: all of them."""
        anchor = self.buffer.end if self._following else self._top[0]
        self._lines.filter = LogSearch(self.buffer, query, anchor, self._following) if query else None
        self._relayout()
        if query:
            self._scan()

    def _searches(self) -> list[LogSearch]:
        return [search for search in (self._search, self._lines.filter) if search is not None]

    def _scan(self) -> None:
        if self._scanning is None or self._scanning.is_finished:
            self._scanning = self.run_worker(self._scan_all, group="log-search")

    async def _scan_all(self) -> None:
        """Search in slices, so that keys are handled in between."""
        while not all(search.step(SLICE_SECONDS) for search in self._searches()):
            self._found()
            await asyncio.sleep(0)
        self._found()

    def _found(self) -> None:
        """Go where the search was to go as soon as that is known, show what the filter lets through, and tell."""
        search = self._search
        if self._lines.filter is not None:
            self._screen = None
            self.refresh()
        if search is None:
            return
        if self._wanted and search.count and self._hit is not None:
            ordinal = search.ordinal(self._hit + 1) if self._wanted > 0 else search.ordinal(self._hit) - 1
            if 0 <= ordinal < search.count or search.complete:
                self._go_to_hit(search.at(ordinal % search.count))
                return
        if search.complete and self._wanted:
            self._wanted, self._hit = 0, None  # nothing found: a line that matches later does not pull the view
        self._tell_search()

    def _tell_search(self) -> None:
        search = self._search
        if search is not None:
            on_hit = self._hit is not None and not self._wanted and search.count
            hit = search.ordinal(self._hit) + 1 if on_hit and self._hit is not None else 0
            self.post_message(self.SearchChanged(self, min(hit, search.count), search.count, search.complete))

    def _go_to_hit(self, number: int) -> None:
        """Show a line that matches: with as little movement as possible, else in the middle."""
        self._hit, self._wanted = number, 0
        visible = {row[0] for row in self._rows()}
        self._strips.clear()
        self._set_following(False)
        if number not in visible:
            self._top = (number, 0)
            self._screen = None
            self._rows()
            self.scroll_rows(-(self.size.height // 2))
        self._show_match(number)
        self.refresh()
        self._tell_search()

    def _show_match(self, number: int) -> None:
        """Shift sideways so that the match is seen."""
        if self._is_wrapped or self._search is None or number < self.buffer.first:
            return
        text = "".join(text for text, _ in sgr.visible(self.buffer[number].text, None, self.ascii))
        ranges = self._search.matcher.ranges(text)
        if ranges:
            room = max(1, self.size.width - self._prefix_width)
            start, end = cells(text[: ranges[0][0]]), cells(text[: ranges[0][1]])
            if start < self._shift or end > self._shift + room:
                self._shift = max(0, min(start - room // 3, start)) if end > room else 0
