"""A screen that is one table with a title, and with the keys that every table has: filter, sort, freeze, back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.commands.command import Command
from tui.commands.registry import BY_ID
from tui.present.columns import Column, sort_after, sort_options
from tui.present.units import plural
from tui.screens.base import EVERYWHERE, HytheScreen, bindings_of
from widgets.line_view import Span
from widgets.live_table import LiveTable
from widgets.search_bar import SearchBar
from widgets.span_line import KeyHints, SpanLine

R = TypeVar("R")

VIEW_COMMANDS = ("app.filter", "app.sort", "app.freeze")


class TableScreen(HytheScreen, Generic[R]):
    """Subclasses say which columns there are, what the filter looks into, what the header and the title read.

    A subclass calls `show_rows` with the latest rows, and `draw_title` when what it says may be another thing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of([BY_ID[id] for id in VIEW_COMMANDS]),
        Binding("escape", "back", "Back", show=False, id="table_screen.back"),
        Binding("q", "leave", "Back", show=False, id="table_screen.leave"),
    ]
    DEFAULT_CSS = """
    TableScreen {
        & .title { background: $panel; }
    }
    """
    hints: Sequence[tuple[str, str]] = ()
    sort: ClassVar[tuple[str | None, bool]] = (None, False)
    """The column to sort by at first, and whether from the greatest to the least."""
    greatest: ClassVar[frozenset[str]] = frozenset()
    """The columns that sort from the greatest to the least when they are chosen."""
    empty: ClassVar[str] = ""

    # what a subclass says

    def columns(self) -> Sequence[Column[R]]:
        """Return the columns."""
        raise NotImplementedError

    def search_text(self) -> Callable[[R], str]:
        """Return what says what the filter looks into."""
        raise NotImplementedError

    def heading(self) -> Sequence[Span]:
        """Return what the header says after the program's name."""
        raise NotImplementedError

    def title_spans(self) -> Sequence[Span]:
        """Return what the title says besides the number of rows."""
        return ()

    def compose_above(self) -> ComposeResult:
        """What stands between the header and the table."""
        yield from ()

    def compose_below(self) -> ComposeResult:
        """What stands between the table and the footer."""
        yield from ()

    # the frame

    def compose(self) -> ComposeResult:
        yield SpanLine(id="header", ascii=self.ascii)
        yield from self.compose_above()
        yield SpanLine(id="table-title", classes="title", ascii=self.ascii)
        self._columns = tuple(self.columns())
        yield LiveTable[R](
            self._columns,
            search_text=self.search_text(),
            sort=self.sort[0],
            descending=self.sort[1],
            empty=self.empty,
            ascii=self.ascii,
            id="rows",
        )
        yield from self.compose_below()
        yield SearchBar(ascii=self.ascii, id="table-search")
        yield KeyHints(id="footer", ascii=self.ascii)

    def on_mount(self) -> None:
        self.show_hints()
        self.draw_header()
        self.draw_title()
        self.table.focus()

    def show_hints(self) -> None:
        """Show in the footer what the keys do now."""
        hints = (*self.hints, ("/", "filter"), ("o", "sort"), ("?", "help"), ("esc", "back"))
        self.query_one("#footer", KeyHints).hint([(key, key, word, True) for key, word in hints])

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.press_hint(message.id)

    @property
    def table(self) -> LiveTable[R]:
        """The table."""
        return cast("LiveTable[R]", self.query_one("#rows"))

    @property
    def stands(self) -> bool:
        """Whether it can be drawn: one that is taken away loses its parts while others still tell it what is new."""
        parts = len(self.query("#header, #table-title, #rows"))
        return self in self.hythe.screen_stack and self.is_attached and parts == 3

    def commands_here(self) -> Sequence[Command]:
        return [BY_ID[id] for id in (*VIEW_COMMANDS, *EVERYWHERE)]

    # what is drawn

    def draw_header(self) -> None:
        """Say what the screen is about, and of which host."""
        host: list[Span] = [(f"{self.session.name} ", self.session.tone)]
        self.query_one("#header", SpanLine).show([(" hythe ", "head"), *self.heading()], host)

    def tick(self) -> None:
        """Let ages move on."""
        if self.stands:
            self.table.touch()
            self.draw_header()

    def draw_title(self) -> None:
        """Say how many rows there are, which are shown, and what holds them."""
        table = self.table
        shown, total = table.shown_count, table.total_count
        left: list[Span] = [(f" {shown}" if shown == total else f" {shown} of {total}", ""), *self.title_spans()]
        if table.filter_text:
            left.append((f"  filter: {table.filter_text}", "warn"))
        if table.frozen:
            left.append((f"  frozen, {plural(table.pending_changes, 'change')} held", "warn"))
        self.query_one("#table-title", SpanLine).show(left)

    def show_rows(self, rows: dict[str, R], *, from_top: bool = False) -> None:
        """Show these rows. With `from_top` a cursor on the first row stays there, whichever row that is now."""
        table = self.table
        at_top = from_top and table.order[:1] == (table.cursor_key,)
        table.show(rows)
        if at_top:
            table.action_first()
        self.draw_title()

    def on_live_table_marks_changed(self, _message: LiveTable.MarksChanged) -> None:
        self.draw_title()

    # filter, sort, freeze

    def view(self, request: str) -> None:
        table: LiveTable[Any] = self.table
        if request == "filter":
            self.query_one("#table-search", SearchBar).open(table.filter_text)
        elif request == "sort":
            self.run_worker(self._choose_sort, group="commands")
        elif request == "freeze":
            (table.thaw if table.frozen else table.freeze)()
            self.draw_title()
        else:
            super().view(request)

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        self.table.filter(message.query)
        self.draw_title()

    def on_search_bar_closed(self, _message: SearchBar.Closed) -> None:
        self.table.focus()

    async def _choose_sort(self) -> None:
        chosen = await self.choose("Sort by", sort_options(self._columns, self.table.sort[0]))
        if chosen is not None:
            self.table.sort_by(*sort_after(chosen, self.table.sort, self.greatest))

    # leaving

    def action_back(self) -> None:
        """Take away the filter, then leave."""
        if self.table.filter_text:
            self.table.filter("")
            self.draw_title()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Go back to where we were."""
        self.hythe.pop_screen()
