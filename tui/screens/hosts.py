"""The hosts: docker's contexts and the sockets of this machine, each with its state, to change to and to edit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize

from tui.commands.command import Command, Context
from tui.commands.host_desk import HostDesk
from tui.commands.registry import BY_ID, in_scope
from tui.commands.session import Session
from tui.engine.endpoint import Endpoint
from tui.engine.errors import EndpointError
from tui.engine.hosts import find_hosts
from tui.engine.probe import Prober, probe
from tui.model.hosts import ANSWERS, HostRow
from tui.present.columns import sort_after, sort_options
from tui.present.hosts import HostRows, search_text
from tui.present.units import plural
from tui.screens.base import EVERYWHERE, HytheScreen, bindings_of
from tui.screens.host_rows import host_rows, named_hosts
from tui.store.hosts import Finder, HostBook
from widgets.line_view import Span
from widgets.live_table import LiveTable
from widgets.search_bar import SearchBar
from widgets.span_line import KeyHints, SpanLine
from widgets.text_pane import TextPane

DRAW_SECONDS = 0.05
LOOK_SECONDS = 2.0
"""How often docker's files are looked at for what other programs changed."""
ASK_SECONDS = 15.0
"""How often hosts are asked again while the screen is in front; those behind ssh only when the user wants it."""

VIEW_COMMANDS = ("app.filter", "app.sort", "app.freeze")
HERE = [command for command in in_scope("hosts") if command.scope == "hosts" or command.id in VIEW_COMMANDS]
FOOTER = sorted((command for command in (*HERE, BY_ID["app.help"]) if command.hint), key=lambda command: command.hint)


class HostsScreen(HytheScreen):
    """A live table of hosts. `prober` asks one, `find` lists them, `now` is the clock of ages in seconds."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of(HERE),
        Binding("f5", "ask_all", "Ask all again", show=False, id="hosts.ask"),
        Binding("escape", "back", "Back", show=False, id="hosts.back"),
        Binding("q", "leave", "Back", show=False, id="hosts.leave"),
    ]
    DEFAULT_CSS = """
    HostsScreen {
        & .title { background: $panel; }
        & #about { height: 7; padding: 0 1; border-top: solid $panel; }
        &.-tall #about { height: 9; }
        &.-low #about { height: 4; }
        &.-flat #about { display: none; }
    }
    """
    own_keys = (
        ("j k ↓ ↑ g G", "move; first, last"),
        ("space *", "mark; mark all shown"),
        ("f5", "ask every host again"),
        ("esc q", "back"),
    )

    def __init__(
        self, *, prober: Prober = probe, find: Finder = find_hosts, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._prober, self._find, self._now = prober, find, now
        self._shown: Mapping[str, HostRow] = {}
        self._due = self._looking = False
        self._turn = 0
        self._connecting: frozenset[str] = frozenset()
        self._about: list[Span] = []
        self._awaited: str | None = None

    def compose(self) -> ComposeResult:
        yield SpanLine(id="header", ascii=self.ascii)
        yield SpanLine(id="hosts-title", classes="title", ascii=self.ascii)
        self._cells = HostRows(self._now, lambda key: key in self._book.probing, self.ascii)
        yield LiveTable[HostRow](
            self._cells.columns(),
            search_text=search_text,
            empty="reading docker's contexts",
            ascii=self.ascii,
            row_busy=lambda key: key in self._connecting,
            id="hosts",
        )
        pane = TextPane(ascii=self.ascii, id="about")
        pane.can_focus = False
        yield pane
        yield SearchBar(ascii=self.ascii, id="hosts-search")
        yield KeyHints(id="footer", ascii=self.ascii)

    def on_mount(self) -> None:
        named = named_hosts(self.hythe.settings, self._connected())
        self._book = HostBook(self.hythe.environment, named, self._changed, prober=self._prober, find=self._find)
        self._desk = HostDesk(self._book, self.hythe.history, self.connect)
        self.query_one("#header", SpanLine).show([(" hythe ", "head"), ("hosts", "accent")])
        self._arrange(self.size.height)
        self.table.focus()
        self.draw()
        self.run_worker(self._begin, group="hosts")
        self.set_interval(LOOK_SECONDS, self.look)
        self.set_interval(ASK_SECONDS, self.ask_near)

    async def on_unmount(self) -> None:
        await self._book.close()

    def on_resize(self, event: Resize) -> None:
        self._arrange(event.size.height)

    def _arrange(self, height: int) -> None:
        self.set_class(height >= 36, "-tall")
        self.set_class(height < 24, "-low")
        self.set_class(height < 14, "-flat")

    # what there is

    @property
    def table(self) -> LiveTable[HostRow]:
        """The table."""
        return cast("LiveTable[HostRow]", self.query_one("#hosts"))

    @property
    def rows(self) -> Mapping[str, HostRow]:
        """The hosts that the table was given last, by key."""
        return self._shown

    def _connected(self) -> list[tuple[str, Endpoint]]:
        fleet = self.hythe.fleet
        return [(session.name, session.engine.endpoint) for session in fleet.sessions] if fleet is not None else []

    async def _begin(self) -> None:
        await self._book.reload()
        self.draw()
        rows = self._shown.values()
        first = next((row.host.key for row in rows if row.in_use), None)
        self.table.move_to(first or next((row.host.key for row in rows if row.host.current), ""))
        self._book.probe()

    async def _look(self) -> None:
        self._looking = True
        try:
            if changed := await self._book.reload_if_changed():
                self._book.probe(changed)
        finally:
            self._looking = False

    def look(self) -> None:
        """Take in what other programs did to docker's contexts, and let ages move on."""
        if self.is_current and not self._looking:
            self.run_worker(self._look, group="look")
            self.table.touch()

    def ask_near(self) -> None:
        """Ask the hosts again that cost nobody a login."""
        if self.is_current:
            self._book.probe([key for key, found in self._book.found.items() if found.host.link != "ssh"])

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.look()

    def _changed(self) -> None:
        """Draw soon, once for all that comes until then: a thousand hosts may answer in the same moment."""
        if self.is_mounted and not self._due:
            self._due = True
            self.set_timer(DRAW_SECONDS, self.draw)

    # what is drawn

    def draw(self) -> None:
        """Show what is known now."""
        table = self.table
        self._due = False
        self._shown = host_rows(self._book, self.hythe.settings, self._connected())
        table.show(self._shown)
        table.touch()
        table.set_problem(self._book.problem or None)
        if self._awaited is not None and table.move_to(self._awaited):
            self._awaited = None
        self._draw_title()
        self._draw_about()
        self._draw_footer()

    def _draw_title(self) -> None:
        table = self.table
        shown, total = table.shown_count, table.total_count
        left: list[Span] = [(f" {shown}" if shown == total else f" {shown} of {total}", "")]
        if answering := sum(result.state == ANSWERS for result in self._book.probes.values()):
            left.append((f"  {answering} answering", "good"))
        if asked := len(self._book.probing):
            left.append((f"  asking {asked}", "info"))
        if table.filter_text:
            left.append((f"  filter: {table.filter_text}", "warn"))
        if table.marks:
            left.append((f"  {len(table.marks)} marked", "accent"))
        if table.frozen:
            left.append((f"  frozen, {plural(table.pending_changes, 'change')} held", "warn"))
        self.query_one("#hosts-title", SpanLine).show(left, [(f"{self._book.store.folder} ", "dim")])

    def _draw_about(self) -> None:
        row = self.table.cursor_row
        lines = self._cells.about(row) if row is not None else []
        if lines != self._about:
            self._about = lines
            self.query_one("#about", TextPane).set_lines(lines)

    def _draw_footer(self) -> None:
        context = self.command_context()
        hints = [
            (command.id, self.keys_of(command).split(" ")[0], command.short, command.why_not(context) is None)
            for command in FOOTER
            if self.keys_of(command)
        ]
        self.query_one("#footer", KeyHints).hint([*hints, ("hosts.ask", "f5", "ask again", True)])

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        if message.id in BY_ID:
            self.run_worker(partial(self.action_command, message.id), group="hints")
        else:
            self.action_ask_all()

    def on_live_table_highlighted(self, _message: LiveTable.Highlighted) -> None:
        self._draw_about()
        self._draw_footer()

    def on_live_table_marks_changed(self, _message: LiveTable.MarksChanged) -> None:
        self._draw_title()
        self._draw_footer()

    async def on_live_table_opened(self, _message: LiveTable.Opened) -> None:
        await self.action_command("host.connect")

    # commands

    def commands_here(self) -> Sequence[Command]:
        return [*HERE, *(BY_ID[id] for id in EVERYWHERE)]

    def command_context(self) -> Context:
        rows = tuple(self._shown[key] for key in self.table.targets if key in self._shown)
        return Context(self.hythe.session, self, "hosts", rows, self._desk)

    def open(self, screen: str, *, session: Session | None = None, **arguments: object) -> None:
        if screen == "context":
            arguments["saved"] = self.saved
            arguments["prober"] = self._prober
        super().open(screen, session=session, **arguments)

    async def saved(self, name: str) -> None:
        """Put the cursor on a context that was written just now, and ask its host."""
        stored = self._book.store.find(name)
        if stored is None:
            return
        key = self._awaited = f"context:{stored.folder}"
        await self._book.reload()
        self._book.probe([key])

    def action_ask_all(self) -> None:
        """Read docker's contexts again, and ask every host."""
        self.run_worker(self._ask_all, group="ask", exclusive=True)

    async def _ask_all(self) -> None:
        await self._book.reload()
        self._book.probe()

    # changing to others

    async def connect(self, rows: Sequence[HostRow]) -> None:
        """Change to a host, or to several together; where it does not answer, stay and say why."""
        if [row.host.key for row in rows] == [row.host.key for row in self._shown.values() if row.in_use]:
            self.hythe.pop_screen()
            return
        if not await self._may_leave():
            return
        self._turn += 1
        turn = self._turn
        self._mark_connecting(frozenset(row.host.key for row in rows))
        try:
            endpoints = [await self._endpoint(row) for row in rows]
            if len(rows) == 1 and rows[0].host.link not in ("ssh", "") and not await self._answers(rows[0]):
                return
        finally:
            if turn == self._turn:
                self._mark_connecting(frozenset())
        if turn != self._turn:
            return  # another one was chosen meanwhile
        # not in this screen's worker: connecting takes this screen away
        hythe = self.hythe
        connecting = partial(hythe.connect, endpoints[0]) if len(rows) == 1 else partial(hythe.show_together, endpoints)
        hythe.run_worker(connecting, group="connect", exclusive=True)

    async def _may_leave(self) -> bool:
        """Ask before jobs are cancelled: they end with the connection."""
        fleet = self.hythe.fleet
        running = fleet.running_jobs if fleet is not None else []
        title = f"Change hosts and cancel {plural(len(running), 'job')}?"
        return not running or await self.confirm(title, [job.title for job in running], label="Change", danger=True)

    async def _endpoint(self, row: HostRow) -> Endpoint:
        if row.host.kind == "demo":
            return await self.hythe.demo_endpoint()
        endpoint = self._book.found[row.host.key].endpoint
        if endpoint is None:
            raise EndpointError(row.host.problem, row.host.hint)
        return endpoint

    async def _answers(self, row: HostRow) -> bool:
        """Ask the host, so that one that is dead costs nobody the dashboard they have."""
        result = await self._book.ask(row.host.key)
        if result.state != ANSWERS:
            hint = f"\n{result.hint}" if result.hint else ""
            self.note(f"{row.title}: {result.reason or result.state}{hint}", "error")
        return result.state == ANSWERS

    def _mark_connecting(self, keys: frozenset[str]) -> None:
        changed, self._connecting = keys | self._connecting, keys
        if self.is_mounted:
            self.table.touch(changed)

    # filter, sort, freeze

    def view(self, request: str) -> None:
        table = self.table
        if request == "filter":
            self.query_one("#hosts-search", SearchBar).open(table.filter_text)
        elif request == "sort":
            self.run_worker(self._choose_sort, group="commands")
        elif request == "freeze":
            (table.thaw if table.frozen else table.freeze)()
            self._draw_title()
        else:
            super().view(request)

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        self.table.filter(message.query)
        self._draw_title()

    def on_search_bar_closed(self, _message: SearchBar.Closed) -> None:
        self.table.focus()

    async def _choose_sort(self) -> None:
        options = sort_options(self._cells.columns(), self.table.sort[0])
        chosen = await self.choose("Sort by", [("", "as docker lists them", ""), *options])
        if chosen is not None:
            self.table.sort_by(*sort_after(chosen, self.table.sort))

    # leaving

    def action_back(self) -> None:
        """Take away the marks, then the filter, then leave."""
        table = self.table
        if table.marks:
            table.clear_marks()
        elif table.filter_text:
            table.filter("")
            self._draw_title()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Go back to where we were."""
        self.hythe.pop_screen()
