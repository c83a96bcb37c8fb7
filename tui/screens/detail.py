"""The detail pane: what the row under the cursor is made of. It reads only while it is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.app import ComposeResult
from textual.widget import Widget

from tui.commands.command import Context, Row, name_of
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.errors import ConnectionFailed, ConnectionLost, EngineError
from tui.screens.base import HytheScreen
from tui.screens.details import TABS
from tui.screens.details.tab import Body, DetailTab
from tui.screens.table_name import TableName
from tui.settings import Settings
from widgets.ground import GroundStack
from widgets.line_view import Span
from widgets.literal import cells, literal
from widgets.span_line import SpanLine
from widgets.tab_room import first_shown

if TYPE_CHECKING:
    from tui.screens.details.processes import ProcessView

SETTLE_SECONDS = 0.12
"""How long the cursor must rest on a row before its details are read."""

AGAIN_SECONDS = 2.0
"""How long after the line to the daemon broke they are read again, if it answers by then."""

GAP = 2
"""Cells between two tabs."""

NAME_SHARE = 4
"""Which part of the line the row's name has where there is no room for all the tabs beside it."""


class DetailPane(GroundStack):
    """The tabs of the row that `watch_row` names, one in front."""

    def __init__(self, settings: Settings, *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._settings = settings
        self._tabs: dict[str, DetailTab] = {}
        """Those that have been in front, by name."""
        self._front: dict[TableName, str] = {resource: kinds[0].name for resource, kinds in TABS.items()}
        self._resource: TableName = "containers"
        self._row: tuple[Session, Any] | None = None
        self._shown: tuple[object, ...] | None = None
        self._reading = False
        self._nothing = ""

    def compose(self) -> ComposeResult:
        yield SpanLine(id="detail-title", classes="title", ascii=self._settings.ascii)
        yield self._in_front.body

    def on_mount(self) -> None:
        self._arrange()

    def on_resize(self) -> None:
        self._draw_title()

    # what is shown

    @property
    def resource(self) -> TableName:
        """What the row that is shown is of: on the row of a group of containers, a project."""
        return self._resource

    @property
    def tab(self) -> str:
        """The name of the tab in front."""
        return self._front[self._resource]

    @property
    def body(self) -> Widget:
        """The widget of the tab in front."""
        return self._in_front.body

    @property
    def _in_front(self) -> DetailTab:
        """The tab in front, made when it first is."""
        name = self.tab
        tab = self._tabs.get(name)
        if tab is None:
            kind = next(kind for kind in TABS[self._resource] if kind.name == name)
            tab = self._tabs[name] = kind.load()(self._settings)
        return tab

    def targets(self) -> tuple[Session, Sequence[Row]] | None:
        """Return what a command acts on while the tab in front has the focus; None for the row of the table.

        Of a tab that has rows that is never the row of the table: without one there that is meant, it is nothing.
        """
        if self._row is None:
            return None
        session, row = self._row
        found = self._in_front.targets(session, row)
        return None if found is None else (session, found)

    @property
    def noun(self) -> str:
        """What such a row is called."""
        return self._in_front.noun

    def search(self, text: str) -> None:
        """Search in the tab in front."""
        cast("Body", self.body).search(text)

    def watch_row(
        self,
        resource: TableName,
        row: tuple[Session, Any] | None,
        *,
        reading: bool,
        nothing: str = "no row under the cursor",
    ) -> None:
        """Show this row of this host, or `nothing` without one; where `reading` is False nothing is read: not seen."""
        self._resource, self._row, self._reading, self._nothing = resource, row, reading, nothing
        self._arrange()

    def has_tab(self, tab: str) -> bool:
        """Whether the resource that is shown has a tab of that name."""
        return any(kind.name == tab for kind in TABS[self._resource])

    def show_tab(self, tab: str) -> None:
        """Bring a tab of the resource to the front."""
        if self.has_tab(tab):
            self._front[self._resource] = tab
            self._arrange()

    def turn(self, step: int) -> None:
        """Bring the next (or previous) tab to the front."""
        names = [kind.name for kind in TABS[self._resource]]
        self.show_tab(names[(names.index(self.tab) + step) % len(names)])

    def _arrange(self) -> None:
        if not self.is_mounted or not self.children:
            return  # not there yet, or no longer: an app that ends takes the children first
        front = self._in_front
        for tab in self._tabs.values():
            tab.body.display = tab is front
        if front.body.parent is None:
            self.mount(front.body)
        self._draw_title()
        wanted = self._wanted()
        if wanted != self._shown:
            self._shown = wanted
            self.run_worker(self._fill, group="detail", exclusive=True)

    def _wanted(self) -> tuple[object, ...] | None:
        """Return what would be read now: a change of it starts a new reading."""
        if not self._reading:
            return None
        if self._row is None:
            return self.tab, self._nothing
        session, row = self._row
        return self.tab, session, self._in_front.wanted(row)

    def _draw_title(self) -> None:
        width, ascii_only = self.size.width, self._settings.ascii
        names = [kind.name for kind in TABS[self._resource]]
        lengths = [len(name) + GAP for name in names]
        name = name_of(self._row[1]) if self._row else ""
        drawn = literal(name, max(width // NAME_SHARE, min(60, width - sum(lengths) - GAP)), ascii=ascii_only)
        more = "~ " if ascii_only else "… "
        room = width - 1 - (cells(drawn) + 1 if name else 0)
        first = first_shown(lengths, names.index(self.tab), room, len(more)) if width else 0
        left: list[Span] = [(" ", ""), (more if first else "", "dim")]
        for each in names[first:]:
            left += [(each, "accent" if each == self.tab else "dim"), (" " * GAP, "")]
        self.query_one("#detail-title", SpanLine).show(left, [(drawn, "bold"), (" ", "")] if name else [])

    # what is pressed in a tab

    def on_process_view_signal_wanted(self, message: ProcessView.SignalWanted) -> None:
        """Run the command on a process, as on the row that the pane shows."""
        screen, command = self.screen, BY_ID["container.signal_process"]
        if self._row is None or not isinstance(screen, HytheScreen):
            return
        session, row = self._row
        if message.owner != (session, row.id):
            screen.note(f"{command.title}: the processes of {name_of(row)} are not read yet", "warning")
            return
        context = Context(session, screen, "containers", (row,), process=message.process)
        if (reason := command.why_not(context)) is not None:
            screen.note(f"{command.title}: {reason}", "warning")
        else:
            screen.run_worker(partial(screen.run_command, command, context), group="commands", name=command.id)

    def on_process_view_order_wanted(self, message: ProcessView.OrderWanted) -> None:
        """Ask what processes are sorted by."""
        self.run_worker(partial(self._ask_order, message.view), group="order", exclusive=True)

    async def _ask_order(self, view: ProcessView) -> None:
        screen = self.screen
        if isinstance(screen, HytheScreen) and (chosen := await screen.choose("Sort by", view.orders())) is not None:
            view.sort_by(chosen)

    # reading

    async def _fill(self) -> None:
        tab = self._in_front
        if self._shown is None or self._row is None:
            tab.empty(self._nothing if self._row is None else "")
            return
        session, row = self._row
        # until the cursor rests: this worker is cancelled when it moves on
        await asyncio.sleep(SETTLE_SECONDS)
        while True:
            try:
                await tab.fill(session, row)
                return
            except EngineError as error:
                tab.failed(str(error))
                if not isinstance(error, (ConnectionFailed, ConnectionLost)):
                    return
            # a row that came through it unchanged would never be read again
            await asyncio.sleep(AGAIN_SECONDS)
            await _answers(session)


async def _answers(session: Session) -> None:
    """Wait until the daemon answers."""
    with session.following() as news:
        while not session.state.condition.answers:
            news.clear()
            await news.wait()
