"""How one moves in a log: following its end, a cursor, pages, sideways; and the lines that are chosen to be copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.events import Click, Resize

from widgets import sgr
from widgets.literal import literal
from widgets.log_buffer import LogBuffer
from widgets.log_canvas import Emphasis, FoldOut, LogCanvas
from widgets.log_rows import Row
from widgets.log_text import TimeMode, next_mode

SHIFT_CELLS = 8
MOST_COPIED = 1 << 20
"""Characters that are put on the clipboard at most; terminals take fewer."""

Where = Literal["start", "above", "gap"]


class LogMoves(LogCanvas):
    """A cursor marks one line as soon as the user moves up; moving past the last line follows the end again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move_cursor(1)", "Down", show=False, id="log.down"),
        Binding("up,k", "move_cursor(-1)", "Up", show=False, id="log.up"),
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
        Binding("u", "toggle_local", "UTC or local time", show=False, id="log.local"),
        Binding("enter", "fold_out", "Fold the line out", show=False, id="log.fold_out"),
        Binding("space", "mark", "Mark the line", show=False, id="log.mark"),
        Binding("v", "range", "Choose lines from here", show=False, id="log.range"),
        Binding("y", "copy", "Copy the line, or what is chosen", show=False, id="log.copy"),
    ]

    def __init__(
        self,
        buffer: LogBuffer,
        *,
        wrapped: bool = False,
        fold_out: FoldOut | None = None,
        emphasis: Emphasis | None = None,
        ascii: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(
            buffer, wrapped=wrapped, fold_out=fold_out, emphasis=emphasis, ascii=ascii, id=id, classes=classes
        )
        self._stays_at_start = False
        self.more_above = False
        """Whether there are lines before the first main one that can be had: moving there asks for them."""
        self.more_before_head = False
        """Whether there are lines before the head that can be had: going to the start asks for them."""
        self.ask: Callable[[Where], object] = lambda _where: None
        """Called when lines are wanted that are not here: the `start`, those `above` the main ones, or in the `gap`."""

    # ---- what a subclass is told
    def follow_changed(self, following: bool) -> None:
        """The view began or ceased to follow the end."""

    def look_changed(self) -> None:
        """Lines are shown in another way: wrapped or not, with other times."""

    def copied(self, lines: int, characters: int, cut: bool) -> None:
        """Lines were put on the clipboard; `cut` tells that there were more than fit."""

    # ---- how it stands
    @property
    def following(self) -> bool:
        """Whether new lines scroll the view."""
        return self._following

    @property
    def times(self) -> TimeMode:
        """How the time of a line is shown."""
        return self._times

    @property
    def local_times(self) -> bool:
        """Whether times are shown in the local zone rather than in UTC."""
        return self._local_times

    @property
    def wrapped(self) -> bool:
        """Whether long lines are wrapped."""
        return self._wrapped

    @property
    def cursor(self) -> int | None:
        """The number of the line under the cursor; None while the view follows."""
        return None if self._following else self._cursor

    def on_resize(self, event: Resize) -> None:
        self._relayout()

    # ---- moving
    def scroll_rows(self, rows: int) -> None:
        """Scroll; at the end the view follows again, and anywhere else it no longer does."""
        screen = self._rows()
        if not screen or (rows > 0 and self._following):
            return
        top = self.lines.move(self._top, rows)
        bottom = self.lines.up(max(1, self.size.height))
        if top is None or (rows > 0 and top >= bottom[0]):
            self.action_follow()
            return
        self._go_to(top)
        self._keep_cursor_in_view()
        self._ask_for_more()

    def _go_to(self, top: Row) -> None:
        self._set_following(False)
        self._top = top
        self._screen = None
        self.refresh()

    def _set_following(self, following: bool) -> None:
        self._stays_at_start = False
        if following != self._following:
            self._following = following
            self._seen_end = self.buffer.end
            if following:
                self._range_from = None
            elif self._cursor is None or self._cursor < self.buffer.first:
                self._cursor = self.lines.last()
            self.follow_changed(following)

    def _keep_cursor_in_view(self) -> None:
        """Put the cursor on the nearest line that is seen."""
        seen = [row.line for row in self._rows()]
        if seen and self._cursor is not None and self._cursor not in seen:
            self._cursor = seen[0] if self._cursor < seen[0] else seen[-1]

    def _put_cursor(self, number: int) -> None:
        """Put the cursor on a line, and scroll as little as is needed to see as much of it as fits."""
        self._set_following(False)
        self._cursor = number
        height = max(1, self.size.height)
        rows = self._rows()
        seen = [row.line for row in rows]
        if number not in seen or (seen[-1] == number and self._is_cut(rows[-1])) or rows[0].line == number:
            if not seen or number < seen[0] or rows[0].line == number:
                self._top = Row(number)
            else:
                own = self._height(number, height)
                self._top = self.lines.move(Row(number), -max(0, height - own)) or Row(number)
        self._screen = None
        self.refresh()
        self._ask_for_more()

    def _is_cut(self, row: Row) -> bool:
        laid = self._laid(row.line)
        return row.block < laid.blocks - 1 or row.row < laid.height(row.block) - 1

    def _height(self, number: int, most: int) -> int:
        """How many rows a line takes, counted no further than `most`."""
        laid, rows = self._laid(number), 0
        for block in range(laid.blocks):
            rows += laid.height(block)
            if rows >= most:
                return most
        return rows

    def action_move_cursor(self, lines: int) -> None:
        """Go to the next line, or the previous one; through a line that is higher than the view, a row at a time."""
        if self._following and lines > 0:
            return
        if self.lines.last() is None:
            return
        if self._following:
            self._cursor = None
        self._set_following(False)
        here = self._cursor if self._cursor is not None else self._top.line
        rows = self._rows()
        if lines > 0 and rows[-1].line == here and self._is_cut(rows[-1]):
            self.scroll_rows(1)
            return
        if lines < 0 and rows[0].line == here and rows[0] > Row(here):
            self.scroll_rows(-1)
            return
        target = self.lines.after(here) if lines > 0 else self.lines.before(here)
        if target is not None:
            self._put_cursor(target)
        elif lines > 0:
            self.action_follow()
        else:
            self._put_cursor(here)

    def action_scroll_page(self, pages: float) -> None:
        step = max(1, int(abs(pages) * max(1, self.size.height - 1)))
        before = self._top
        self.scroll_rows(step if pages > 0 else -step)
        if not self._following and pages < 0 and self._top == before:
            first = self._rows()
            if first:
                self._put_cursor(first[0].line)

    def action_to_start(self) -> None:
        """Go to the oldest line, and ask for the start of all where that is not here."""
        if self.more_above if self.buffer.head is None else self.more_before_head:
            self.ask("start")
        self.show_start()

    def show_start(self) -> None:
        """Go to the oldest line that is shown, and stay there as the filter finds older ones."""
        first = self.lines.first()
        if first is not None:
            self._go_to(Row(first))
            self._cursor = first
            self._ask_for_more()
        if self.lines.filter is not None:
            self._set_following(False)
            self._stays_at_start = True

    def _keep_at_start(self) -> None:
        """Go on to a line that is older than the one that was the oldest, unless the user has moved since."""
        first = self.lines.first()
        if self._stays_at_start and first is not None and first != self._top.line:
            self._top, self._cursor, self._screen = Row(first), first, None

    def _ask_for_more(self) -> None:
        """Ask for the lines that will be seen when the user goes on."""
        rows = self._rows()
        if not rows or self._following:
            return
        height, head = len(rows), self.buffer.head
        if head is not None and not self.buffer.joined:
            if rows[0].line < head.end and rows[-1].line >= head.end - 2 * height:
                self.ask("gap")
        elif head is None and self.more_above and rows[0].line <= self.buffer.first + height:
            self.ask("above")

    def action_follow(self) -> None:
        """Go to the newest line and stay there as others come."""
        self._set_following(True)
        self._cursor = None
        self._screen = None
        self.refresh()

    def action_shift(self, direction: int) -> None:
        if not self._is_wrapped:
            self._shift = max(0, self._shift + direction * SHIFT_CELLS)
            self._relayout()

    def action_toggle_wrap(self) -> None:
        self._wrapped = not self._wrapped
        self._shift = 0
        self._top = Row(self._top.line)
        self._relayout()
        self.look_changed()

    def action_next_times(self) -> None:
        """Show no times, then the time since the line before, then the time of day."""
        self._times = next_mode(self._times)
        self._relayout()
        self.look_changed()

    def action_toggle_local(self) -> None:
        """Show times of day in the local zone, or in UTC again; shows them where they were hidden."""
        if self._times == "absolute":
            self._local_times = not self._local_times
        self._times = "absolute"
        self._relayout()
        self.look_changed()

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        rows = self._rows()
        if offset is not None and 0 <= offset.y < len(rows):
            event.stop()
            self._set_following(False)
            self._cursor = rows[offset.y].line
            self.refresh()

    # ---- what is chosen
    def _here(self) -> int | None:
        """The line that a key acts on; the view stops following there."""
        if self.lines.last() is None:
            return None
        self._set_following(False)
        here = self._cursor if self._cursor is not None else self._top.line
        nearest = self.lines.nearest(Row(here))  # a filter may hide the line that the cursor was on
        self._cursor = here if nearest is None else nearest.line
        return self._cursor

    def action_fold_out(self) -> None:
        """Show all of the line under the cursor: its fields where it has some, else wrapped; or no longer."""
        here = self._here()
        if here is None or self.lines.is_edge(here):
            return
        self._folded_out ^= {here}
        self._layouts.discard(here)
        self._screen = None
        self._put_cursor(here)

    def action_mark(self) -> None:
        """Mark the line under the cursor, or no longer, and go to the next."""
        here = self._here()
        if here is None:
            return
        if not self.lines.is_edge(here):
            self._marks ^= {here}
        self._layouts.discard(here)
        following = self.lines.after(here)
        if following is not None:
            self._put_cursor(following)
        self.refresh()

    def action_range(self) -> None:
        """Choose the lines from the one under the cursor to wherever it is moved; or choose none."""
        here = self._here()
        self._range_from = here if self._range_from is None else None
        self.refresh()

    @property
    def has_selection(self) -> bool:
        """Whether lines are marked, or chosen as a range."""
        return bool(self._marks) or self._range_from is not None

    def clear_selection(self) -> None:
        """Choose no lines."""
        self._marks.clear()
        self._range_from = None
        self._relayout()

    def chosen(self) -> list[int]:
        """The lines that are chosen and shown: the range and the marked ones, else the one under the cursor."""
        numbers = {number for number in self._marks if self._is_shown(number)}
        here = self._cursor
        if self._range_from is not None and here is not None:
            low, high = min(here, self._range_from), max(here, self._range_from)
            number: int | None = low if self._is_shown(low) else self.lines.after(low)
            while number is not None and number <= high and len(numbers) < MOST_COPIED:
                numbers.add(number)
                number = self.lines.after(number)
        numbers -= {self.lines.edge_number, self.lines.top_number}
        if not numbers and here is not None:
            numbers = {here}
        return sorted(numbers)

    def _is_shown(self, number: int) -> bool:
        before = self.lines.after(number - 1)
        return before == number

    def action_copy(self) -> None:
        """Put the lines that are chosen on the clipboard of the terminal, as they are seen."""
        if self._here() is None:
            return
        parts: list[str] = []
        size = 0
        numbers = self.chosen()
        for number in numbers:
            text = literal(sgr.strip(self._line(number).text).expandtabs(sgr.TAB), ascii=self.ascii)
            size += len(text) + 1
            if size > MOST_COPIED and parts:
                break
            parts.append(text[:MOST_COPIED])
        self.app.copy_to_clipboard("\n".join(parts))  # pyright: ignore[reportUnknownMemberType]  # of any App
        self._range_from = None
        self.refresh()
        self.copied(len(parts), min(size, MOST_COPIED), size > MOST_COPIED)
