"""A table of live records: rows keep their identity, and only cells that changed are painted."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from widgets.live_table_canvas import TableCanvas
from widgets.live_table_layout import Cell, Column
from widgets.live_table_model import Changes, TableModel, nearest

__all__ = ["Cell", "Column", "LiveTable"]

T = TypeVar("T")

READ_AT_ONCE = 400
"""Rows whose texts are made ready for a filter in one go."""

WHEEL = 3
"""Rows that one notch of the mouse wheel scrolls."""


class LiveTable(TableCanvas[T], Generic[T], can_focus=True):
    """A table of records by key, sorted, filtered and drawn line by line; it can hold 10,000 of them with ease.

    It is given the latest records as a whole (`show`) and finds out by itself what differs. The cursor and the marks
    follow the keys. All text is drawn literally.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", id="table.down", show=False),
        Binding("k,up", "move(-1)", "Up", id="table.up", show=False),
        Binding("g,home", "first", "First", id="table.first", show=False),
        Binding("G,end", "last", "Last", id="table.last", show=False),
        Binding("ctrl+d", "page(0.5)", "Half a page down", id="table.half_down", show=False),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", id="table.half_up", show=False),
        Binding("pagedown", "page(1)", "Page down", id="table.page_down", show=False),
        Binding("pageup", "page(-1)", "Page up", id="table.page_up", show=False),
        Binding("space", "mark", "Mark", id="table.mark", show=False),
        # by its name: to look it up, Textual reads a quarter of a megabyte of names of characters
        Binding("asterisk", "mark_all", "Mark all shown", id="table.mark_all", show=False),
        Binding("enter", "open", "Open", id="table.open", show=False),
    ]

    class TableMessage(Message):
        """What a table tells."""

        def __init__(self, table: "LiveTable[Any]") -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> "LiveTable[Any]":
            """The table, for `@on` selectors."""
            return self.table

    class Highlighted(TableMessage):
        """The cursor is on another row now; `key` is None when there is no row."""

        def __init__(self, table: "LiveTable[Any]", key: str | None) -> None:
            super().__init__(table)
            self.key = key

        def can_replace(self, message: Message) -> bool:
            """Only the latest position counts."""
            return isinstance(message, LiveTable.Highlighted) and message.table is self.table

    class Opened(TableMessage):
        """The user wants to see into a row."""

        def __init__(self, table: "LiveTable[Any]", key: str) -> None:
            super().__init__(table)
            self.key = key

    class ViewChanged(TableMessage):
        """Other rows are in sight now."""

        def __init__(self, table: "LiveTable[Any]", visible_keys: tuple[str, ...]) -> None:
            super().__init__(table)
            self.visible_keys = visible_keys

    class MarksChanged(TableMessage):
        """Other rows are marked now."""

        def __init__(self, table: "LiveTable[Any]", marks: frozenset[str]) -> None:
            super().__init__(table)
            self.marks = marks

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        search_text: Callable[[T], str],
        empty: str = "",
        sort: str | None = None,
        descending: bool = False,
        ascii: bool = False,
        row_busy: Callable[[str], bool] | None = None,
        model: TableModel[T] | None = None,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """
        Args:
            columns: The columns, from left to right.
            search_text: What `filter` looks into for a row; the model's own when there is one.
            empty: What to say when there are no rows.
            sort: The key of the column to sort by; None keeps the order in which rows are given.
            descending: Whether to sort from the greatest to the least.
            ascii: Whether to draw nothing but ASCII.
            row_busy: Whether something is under way with a row; asked for visible rows when they are drawn or touched.
            model: What keeps the rows in order; a plain one when there is none.
        """
        super().__init__(
            columns,
            TableModel(search_text) if model is None else model,
            empty=empty,
            ascii=ascii,
            row_busy=row_busy,
            name=name,
            id=id,
            classes=classes,
        )
        self._reported: tuple[str, ...] = ()
        self._report_due = False
        if sort is not None:
            self.sort_by(sort, descending)

    # What there is to read

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor; None when no row is drawn."""
        return self._cursor

    @property
    def cursor_row(self) -> T | None:
        """The record under the cursor."""
        return self._model.row(self._cursor) if self._cursor is not None else None

    def row_of(self, key: str) -> T | None:
        """Return the record of a key; None when there is none."""
        return self._model.row(key) if self._model.has(key) else None

    @property
    def visible_keys(self) -> tuple[str, ...]:
        """The keys of the rows in sight, from top to bottom."""
        return self._keys

    @property
    def order(self) -> tuple[str, ...]:
        """The keys of all rows that the filter lets through, from first to last."""
        return tuple(self._model.passing)

    @property
    def shown_count(self) -> int:
        """How many rows the filter lets through."""
        return self._model.passing_count

    @property
    def total_count(self) -> int:
        """How many rows there are."""
        return self._model.total

    @property
    def marks(self) -> frozenset[str]:
        """The keys that are marked, whether the filter shows them or not."""
        return self._marks

    @property
    def shown_marks(self) -> tuple[str, ...]:
        """The marked keys that the filter lets through, in the order of the table."""
        return tuple(key for key in self._model.passing if key in self._marks) if self._marks else ()

    @property
    def targets(self) -> tuple[str, ...]:
        """What a command applies to: the marked rows in the order of the table, or else the one under the cursor.

        What a filter hides is none of them: the marks on it wait until it is seen again.
        """
        return self.shown_marks or ((self._cursor,) if self._cursor is not None else ())

    @property
    def sort(self) -> tuple[str | None, bool]:
        """The key of the column that sorts, and whether it does so in descending order."""
        return self._sort

    @property
    def filter_text(self) -> str:
        """The filter in force."""
        return self._model.query.text

    @property
    def frozen(self) -> bool:
        """Whether order and membership are held."""
        return self._model.frozen

    @property
    def pending_changes(self) -> int:
        """How many rows will come, go or move at the thaw."""
        return self._model.pending

    # What changes it

    def show(self, rows: Mapping[str, T]) -> None:
        """Show these records and no others. The mapping is kept and must not be changed afterwards."""
        changes = self._rearrange(lambda: self._model.show(rows))
        self._set_marks(self._marks.difference(changes.removed))

    def touch(self, keys: Iterable[str] | None = None) -> None:
        """Draw again what differs, in these rows or all, after something that cells are made of besides the record."""
        self._refresh_view(self._keys if keys is None else self._said_anew(frozenset(keys)))

    def resort(self) -> None:
        """Order the rows anew, after something changed that sort keys are made of besides the record."""
        if not self.frozen:
            self._rearrange(self._model.resort)

    def set_columns(self, columns: Sequence[Column[T]]) -> None:
        """Take other columns; the order stays if the column that sorts is among them."""
        self._columns = tuple(columns)
        key, descending = self._sort
        self.sort_by(key if any(column.key == key for column in columns) else None, descending)
        self._lay_out()

    def sort_by(self, key: str | None, descending: bool = False) -> None:
        """Order by a column; None keeps the order in which rows are given. KeyError when there is no such column."""
        rank = {column.key: column.sort_key for column in self._columns}[key] if key is not None else None
        self._sort = key, descending
        self._rearrange(lambda: self._model.sort_by(rank, descending))
        if self._header_height:
            self.refresh(Region(0, 0, self.size.width, 1))

    def expect_filter(self) -> None:
        """Get ready for a filter, a little at a time: the first letter need not wait for the texts of 10,000 rows."""
        if self._model.read_some(READ_AT_ONCE):
            self.call_later(self.expect_filter)

    def filter(self, query: str) -> None:
        """Show only rows whose search text has all the words, in any case, and none of those after a `!`."""
        self._rearrange(lambda: self._model.filter(query))

    def freeze(self) -> None:
        """Hold the order and the rows as they are; their contents still follow."""
        self._model.freeze()

    def thaw(self) -> None:
        """Let everything that was held happen."""
        self._rearrange(self._model.thaw)

    def set_problem(self, problem: str | None) -> None:
        """Say why the rows can't be read now, above those still known; None when they can."""
        if problem != self._problem:
            self._problem = problem
            self._lay_out()

    def set_empty(self, text: str) -> None:
        """Say another thing where there are no rows."""
        if text != self._empty:
            self._empty = text
            self.refresh()

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or unmark it."""
        if self._cursor is not None and self._model.has(self._cursor):
            self._set_marks(self._marks ^ {self._cursor})

    def mark_all_shown(self) -> None:
        """Mark all rows that the filter shows; when they all are, unmark them."""
        self._toggle_marks(self._model.passing)

    def _toggle_marks(self, keys: Iterable[str]) -> None:
        """Mark these rows besides those that are; when all of them are, unmark them."""
        shown = frozenset(filter(self._model.has, keys))
        self._set_marks(self._marks - shown if shown <= self._marks else self._marks | shown)

    def mark(self, keys: Iterable[str]) -> None:
        """Mark these rows and no others; a key that no row has is passed over."""
        self._set_marks(frozenset(filter(self._model.has, keys)))

    def clear_marks(self) -> None:
        """Unmark all."""
        self._set_marks(frozenset())

    def move_to(self, key: str) -> bool:
        """Put the cursor on a row and bring it into sight. False when the row isn't drawn."""
        index = self._model.index(key)
        if index is not None:
            self._move(index)
        return index is not None

    # How it follows

    def _rearrange(self, change: Callable[[], Changes | None]) -> Changes:
        """Change the model, and keep the cursor on its row (or the nearest left) and that row at its line."""
        model = self._model
        old, position = model.drawn.copy(), self._position()
        anchor, line = self._anchor(position)
        known = bool(model.total)
        changes = change() or Changes((), (), ())
        cursor = self._cursor
        if cursor is None or cursor not in model:
            if cursor is not None:
                cursor = model.stand_in(cursor) or nearest(old, position or 0, model.__contains__)
            anchor = cursor if anchor == self._cursor else anchor
            cursor = cursor or next(iter(model.drawn), None)
        index = model.index(anchor) if anchor is not None else None
        at_head = self._top == 0 and index is not None and index < self._body_height
        self._set_top(self._top if index is None or at_head else index - line)
        self._set_cursor(cursor)
        if self._problem is not None and known != bool(model.total):
            self._lay_out()
        self._refresh_view(self._said_anew(changes.changed))
        return changes

    def _said_anew(self, changed: Collection[str]) -> Collection[str]:
        """The keys whose cells may say something else, as these records did change."""
        return frozenset(changed)

    def _position(self) -> int | None:
        """Where the cursor is in the order."""
        return self._model.index(self._cursor) if self._cursor is not None else None

    def _anchor(self, position: int | None) -> tuple[str | None, int]:
        """The row that should stay at its line when others come and go: the cursor's, or the first in sight."""
        if position is not None and 0 <= position - self._top < max(1, self._body_height):
            return self._cursor, position - self._top
        return next(iter(self._keys), None), 0

    def _move(self, index: int) -> None:
        """Put the cursor on the row at a position, as near as there is one, and bring it into sight."""
        drawn = self._model.drawn
        if not drawn:
            return
        index = max(0, min(index, len(drawn) - 1))
        self._set_cursor(drawn[index])
        self._set_top(min(max(self._top, index - max(1, self._body_height) + 1), index))
        self._refresh_view()

    def _set_cursor(self, key: str | None) -> None:
        if key != self._cursor:
            self._cursor = key
            self.post_message(self.Highlighted(self, key))

    def _set_marks(self, marks: frozenset[str]) -> None:
        if marks != self._marks:
            self._marks = marks
            self._refresh_view(self._said_anew(()))
            self.post_message(self.MarksChanged(self, marks))

    def _view_changed(self) -> None:
        if not self._report_due and self.is_attached:
            self._report_due = self.call_later(self._report_view)

    def _report_view(self) -> None:
        self._report_due = False
        if self._keys != self._reported:
            self._reported = self._keys
            self.post_message(self.ViewChanged(self, self._keys))

    # Keys and mouse

    def action_move(self, rows: int) -> None:
        """Move the cursor by a number of rows."""
        self._move((self._position() or 0) + rows)

    def action_page(self, pages: float) -> None:
        """Move the cursor by a part of what is in sight."""
        rows = max(1, int(abs(pages) * self._body_height))
        self.action_move(rows if pages > 0 else -rows)

    def action_first(self) -> None:
        """Move the cursor to the first row."""
        self._move(0)

    def action_last(self) -> None:
        """Move the cursor to the last row."""
        self._move(len(self._model.drawn) - 1)

    def action_mark(self) -> None:
        """Mark or unmark the row under the cursor and go on to the next."""
        self.toggle_mark()
        self.action_move(1)

    def action_mark_all(self) -> None:
        """Mark or unmark all that the filter shows."""
        self.mark_all_shown()

    def action_open(self) -> None:
        """Ask to see into the row under the cursor."""
        if self._cursor is not None:
            self.post_message(self.Opened(self, self._cursor))

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new size, with the cursor still in sight."""
        self._lay_out()
        position = self._position()
        if position is not None:
            self._move(position)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw the cursor as what it is now."""
        super().watch_has_focus(has_focus)
        self._refresh_view()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the user clicks; open at a double click; sort by the title that was hit."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = self._index_at(offset.y)
        if index is not None:
            self._move(index)
            if event.chain == 2:
                self.action_open()
        elif offset.y < self._header_height:
            self._sort_at(offset.x)

    def _sort_at(self, x: int) -> None:
        """Sort by the column at this cell; the other way round if it does already."""
        for place in self._painter.placed:
            if place.x <= x < place.x + place.width:
                key = self._columns[place.column].key
                sorts, descending = self._sort
                self.sort_by(key, not descending if key == sorts else False)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll the rows; the cursor stays on its row."""
        self._wheel(WHEEL, event)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll the rows; the cursor stays on its row."""
        self._wheel(-WHEEL, event)

    def _wheel(self, rows: int, event: events.MouseEvent) -> None:
        event.stop()
        event.prevent_default()
        self._set_top(self._top + rows)
        self._refresh_view()
