"""A view of lines that keep coming: it follows their end, scrolls, wraps, searches, filters, and draws what is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.timer import Timer
from textual.worker import Worker

from widgets import sgr
from widgets.literal import cells
from widgets.log_buffer import LogBuffer, LogLine
from widgets.log_canvas import Emphasis, FoldOut
from widgets.log_moves import LogMoves, Where
from widgets.log_query import Query, QueryError
from widgets.log_rows import Row
from widgets.log_search import Both, LogSearch, QueryTest, Test

__all__ = ["LogLine", "LogView", "Where"]

PAINT_SECONDS = 0.1
"""The least time between two paints for lines that came."""

SLICE_SECONDS = 0.008


class LogView(LogMoves):
    """Shows the lines given to `append`; see `LogBuffer` for the bounds, `LogMoves` for the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next_hit(1)", "Next hit", show=False, id="log.next_hit"),
        Binding("N", "next_hit(-1)", "Previous hit", show=False, id="log.previous_hit"),
    ]

    class Event(Message):
        """Something about a view; of several that wait, only the latest is told."""

        def __init__(self, log: LogView) -> None:
            super().__init__()
            self.log_view = log

        @property
        def control(self) -> LogView:
            return self.log_view

        def can_replace(self, message: Message) -> bool:
            return type(message) is type(self)

    class SearchChanged(Event):
        """How the search stands: the hit gone to last (from 1; 0: none), lines that match, and if all were searched.

        `problem` says why nothing, or not everything, was searched.
        """

        def __init__(self, log: LogView, hit: int, total: int, complete: bool, problem: str = "") -> None:
            super().__init__(log)
            self.hit = hit
            self.total = total
            self.complete = complete
            self.problem = problem

    class FilterChanged(Event):
        """How the filter stands: how many lines pass, and if all were looked at; `problem` says why not."""

        def __init__(self, log: LogView, shown: int, complete: bool, problem: str = "") -> None:
            super().__init__(log)
            self.shown = shown
            self.complete = complete
            self.problem = problem

    class FollowChanged(Event):
        """The view began or ceased to follow the end."""

        def __init__(self, log: LogView, following: bool) -> None:
            super().__init__(log)
            self.following = following

    class LookChanged(Event):
        """Lines are shown in another way: `wrapped` or not, with other `times`."""

    class Copied(Event):
        """Lines were put on the clipboard; `cut` tells that there were more than fit."""

        def __init__(self, log: LogView, lines: int, characters: int, cut: bool) -> None:
            super().__init__(log)
            self.lines = lines
            self.characters = characters
            self.cut = cut

    def __init__(
        self,
        *,
        max_lines: int = 1_000_000,
        max_bytes: int = 64 << 20,
        folder: Path | None = None,
        wrapped: bool = False,
        fold_out: FoldOut | None = None,
        emphasis: Emphasis | None = None,
        ascii: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        buffer = LogBuffer(max_lines, max_bytes, folder=folder)
        super().__init__(
            buffer, wrapped=wrapped, fold_out=fold_out, emphasis=emphasis, ascii=ascii, id=id, classes=classes
        )
        self._search: LogSearch | None = None
        self._test: Test | None = None
        self._hit: int | None = None
        self._direction = 0  # where the search goes once it finds something: 1 down, -1 up, 0 nowhere
        self._scanning: Worker[None] | None = None
        self._pending: Timer | None = None
        self._painted = 0.0

    # ---- lines
    def append(self, lines: Iterable[LogLine]) -> None:
        """Add lines at the end. They are drawn at once, or together with what else comes within a tenth of a second."""
        self.buffer.append(lines)
        self.lines_changed()

    def lines_changed(self) -> None:
        """Draw what became of the buffer's lines, soon."""
        self._learn_sources()
        if self._pending is None and self.is_running:
            wait = self._painted + PAINT_SECONDS - monotonic()
            if wait <= 0:
                self._paint_new()
            else:
                self._pending = self.set_timer(wait, self._paint_new)

    def clear(self) -> None:
        """Forget all lines and follow again; what is searched for and filtered by stays."""
        self.buffer.clear()
        self._tones_of.clear()
        self._source_width = 0
        self.lines.edge = self.lines.top_edge = ""
        self.more_above = self.more_before_head = False
        self._hit = self._cursor = self._range_from = None
        self._marks.clear()
        self._folded_out.clear()
        self._start_again(anchor=0)
        self._relayout()
        self.action_follow()

    def set_notice(self, text: str) -> None:
        """Say why there is nothing to show; it is seen while there are no lines."""
        if text != self._notice:
            self._notice = text
            if self.lines.first() is None:
                self.refresh()

    def set_edge(self, text: str, top: str = "") -> None:
        """Say what is not here before the main lines (empty: only how many were dropped), and before the head."""
        if (text, top) != (self.lines.edge, self.lines.top_edge):
            first = self.lines.first()
            self.lines.edge, self.lines.top_edge = text, top
            if first is not None and self._top == Row(first):
                self._top = Row(self.lines.first() or 0)  # who is at the start sees what is said of it
            self._screen = None
            self.refresh()

    def on_mount(self) -> None:
        self._learn_sources()
        self._paint_new()

    def on_unmount(self) -> None:
        self.buffer.close()

    def _paint_new(self) -> None:
        """Draw what came: the rows that changed, or only how many lines there are below."""
        self._pending = None
        self._painted = monotonic()
        if not all(search.step(SLICE_SECONDS) for search in self._searches()):
            self._scan()
        self._tell()
        before = self._screen
        self._keep_at_start()
        self._screen = None
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

    def follow_changed(self, following: bool) -> None:
        self.post_message(self.FollowChanged(self, following))

    def look_changed(self) -> None:
        self.post_message(self.LookChanged(self))

    def copied(self, lines: int, characters: int, cut: bool) -> None:
        self.post_message(self.Copied(self, lines, characters, cut))

    # ---- search and filter
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "next_hit":
            return self._search is not None
        return True

    def search(self, query: str) -> None:
        """Look for a query in all lines that are shown and go to the nearest hit: upwards while following, else down.

        An empty query ends the search. The scan leaves the keys alive; `SearchChanged` tells how it goes.
        """
        self._search, self._query = None, None
        if not query:
            self._hit, self._direction = None, 0
            self.post_message(self.SearchChanged(self, 0, 0, True))
            self._relayout()
            return
        try:
            self._query = Query(query)
        except QueryError as error:
            self.post_message(self.SearchChanged(self, 0, 0, True, str(error)))
            self._relayout()
            return
        backward, hit = self._following, self._hit
        anchor = hit if hit is not None else self.buffer.end if backward else self._top.line
        self._search = LogSearch(self.buffer, self._search_test(self._query), anchor, backward)
        self._direction = -1 if backward else 1
        self._hit = anchor + (hit is not None) if backward else anchor - 1  # the hit itself may match again
        self._scan()
        self._relayout()

    def _search_test(self, query: Query) -> Test:
        test = QueryTest(query)
        return test if self._test is None else Both(self._test, test)

    def next_hit(self, direction: int) -> None:
        """Go to the next line that matches, or the previous one (-1), and around the end."""
        search = self._search
        if search is None or not search.count:
            return
        here = self._cursor if self._cursor is not None else self.buffer.end if self._following else self._top.line
        ordinal = search.ordinal(here + 1) if direction > 0 else search.ordinal(here) - 1
        self._go_to_hit(search.at(ordinal % search.count))

    def action_next_hit(self, direction: int) -> None:
        self.next_hit(direction)

    def set_filter(self, query: str) -> None:
        """Show only the lines that pass a query; empty: all of them. A wrong one is told, and filters nothing."""
        try:
            test = Query(query) if query else None
        except QueryError as error:
            self.set_test(None)
            self.post_message(self.FilterChanged(self, len(self.buffer), True, str(error)))
            return
        self.set_test(QueryTest(test) if test is not None else None, test)

    def set_test(self, test: Test | None, marked: Query | None = None) -> None:
        """Show only the lines that pass a test; None: all of them. What `marked` finds in them is marked."""
        self._stays_at_start = False
        self._test, self._filter_query = test, marked
        self._start_again()
        self._relayout()
        if test is None:
            self.post_message(self.FilterChanged(self, len(self.buffer), True))
        else:
            self._scan()

    def _start_again(self, anchor: int | None = None) -> None:
        """Look through all lines again, from what is seen now."""
        if anchor is None:
            anchor = self.buffer.end if self._following else self._cursor if self._cursor is not None else 0
        test = self._test
        self.lines.filter = None if test is None else LogSearch(self.buffer, test, anchor, self._following)
        if self._search is not None and self._query is not None:
            self._search = LogSearch(self.buffer, self._search_test(self._query), anchor, self._following)
            self._scan()

    def _searches(self) -> list[LogSearch]:
        return [search for search in (self._search, self.lines.filter) if search is not None]

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
        if self.lines.filter is not None:
            self._keep_at_start()
            self._screen = None
            self.refresh()
        if search is not None and self._direction and search.count and self._hit is not None:
            ordinal = search.ordinal(self._hit + 1) if self._direction > 0 else search.ordinal(self._hit) - 1
            if 0 <= ordinal < search.count or search.complete:
                self._go_to_hit(search.at(ordinal % search.count))
                self._tell()
                return
        if search is not None and search.complete and self._direction:
            self._direction, self._hit = 0, None  # nothing found: a line that matches later does not pull the view
        self._tell()

    def _tell(self) -> None:
        search, shown = self._search, self.lines.filter
        if search is not None:
            on_hit = self._hit is not None and not self._direction and search.count
            hit = search.ordinal(self._hit) + 1 if on_hit and self._hit is not None else 0
            total = search.count
            self.post_message(self.SearchChanged(self, min(hit, total), total, search.complete, search.problem))
        if shown is not None:
            self.post_message(self.FilterChanged(self, shown.count, shown.complete, shown.problem))

    def _go_to_hit(self, number: int) -> None:
        """Show a line that matches: with as little movement as possible, else in the middle."""
        self._hit, self._direction = number, 0
        visible = {row.line for row in self._rows()}
        self._layouts.clear()
        self._set_following(False)
        self._cursor = number
        self._show_match(number)
        if number not in visible:
            self._top = self.lines.move(Row(number), -(self.size.height // 2)) or Row(number)
        self._screen = None
        self.refresh()
        self._ask_for_more()
        self._tell()

    def _show_match(self, number: int) -> None:
        """Shift sideways so that the match is seen."""
        if self._is_wrapped or self._query is None:
            return
        text = "".join(text for text, _ in sgr.visible(self._line(number).text, None, self.ascii))
        ranges = self._query.ranges(text)
        if ranges:
            room = max(1, self._room)
            start, end = cells(text[: ranges[0][0]]), cells(text[: ranges[0][1]])
            if start < self._shift or end > self._shift + room:
                self._shift = max(0, min(start - room // 3, start)) if end > room else 0
