"""The dashboard: what keys, commands and the filter do on the tables of the fleet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.widget import Widget
from textual.widgets import Input

from tui.commands.command import Command, Context, Row, Scope, name_of
from tui.commands.registry import BY_ID, COMMANDS, in_scope
from tui.commands.session import Session
from tui.model.compose import ComposeService
from tui.present.units import plural
from tui.screens.base import ALL_BINDINGS
from tui.screens.details import TABS
from tui.screens.resource_views import VIEW_OF, VIEWS
from tui.screens.table_name import TableName
from tui.screens.tables import TablesScreen
from widgets.live_table import LiveTable


class DashboardScreen(TablesScreen):
    """The screen that hythe opens with once it is connected."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *ALL_BINDINGS,
        Binding("tab", "pane(1)", "Next pane", show=False, id="dashboard.next_pane"),
        Binding("shift+tab", "pane(-1)", "Previous pane", show=False, id="dashboard.previous_pane"),
        Binding("escape", "back(False)", "Back", show=False, id="dashboard.back"),
        Binding("q", "back(True)", "Back, quit", show=False, id="dashboard.quit"),
    ]
    own_keys = (
        ("j k ↓ ↑ g G", "move; first, last"),
        ("ctrl+d ctrl+u pgdn pgup", "half a page, a page"),
        ("enter", "open the details"),
        ("space *", "mark; mark all shown"),
        ("tab shift+tab", "next, previous pane"),
        ("esc q", "back or clear; q quits"),
        ("n N", "next, previous hit (in logs and trees)"),
        ("K o t", "signal to a process; sort by; tree or list (in processes)"),
        ("w t u enter", "wrap; times; UTC or local; fold a line out (in logs: l has all keys)"),
    )

    # panes

    def on_descendant_focus(self) -> None:
        focused = self.focused
        pane = next((pane for pane in self._panes.values() if pane.table is focused), None)
        if pane is not None and pane.view.name != self._current:
            self._current = pane.view.name
            self._arrange(self.size.width, self.size.height)
            self._draw_tabs()
            self._draw_footer()

    def action_pane(self, step: int) -> None:
        """Go to the next pane that there is room for; where there is one table at a time, to the next table."""
        self._follow_cursor()  # before the details can have the focus: what is pressed there is meant for this row
        names = self._offered()
        if self._small:
            self._go(names[(names.index(self._current) + step) % len(names)])
            return
        shown: list[Widget] = [pane.table for pane in self._panes.values() if pane.display]
        panes = [*shown, self.detail.body]
        at = next((i for i, pane in enumerate(panes) if pane.has_focus), 0)
        self.set_focus(panes[(at + step) % len(panes)])

    def _go(self, resource: TableName) -> None:
        self._current = resource
        self._detail_open = False
        self._arrange(self.size.width, self.size.height)
        self.set_focus(self.table)
        self._draw_tabs()
        self._draw_footer()

    def named_objects(self) -> Iterator[tuple[Session, str, str, str]]:
        """Yield (host, ID, name, noun) of every object in the tables."""
        for session in self._fleet.sessions:
            for view in VIEWS:
                for id, record in view.records(session).items():
                    yield session, id, name_of(record), view.noun

    def go_to(self, noun: str, id: str, session: Session | None = None) -> bool:
        """Put the cursor on an object, clearing a filter that hides it; on one not known yet as it comes.

        Returns whether the cursor is there: the details are of it then.
        """
        session = session or self._fleet.front
        view = next(view for view in VIEWS if view.noun == noun)
        self._awaited = None if id in view.records(session) else (session, noun, id)
        self._go(view.name)
        there = self._awaited is None and self._move_to(self._fleet.key(session, id))
        self._follow_cursor()
        return there

    def _move_to(self, key: str) -> bool:
        """Put the cursor on a row, whatever holds it back."""
        table = self.table
        if table.move_to(key):
            return True
        self.pane.only_running = False
        self.show_state()
        self._filter("")
        if table.move_to(key):
            return True
        table.thaw()
        self.pane.draw_title()
        return table.move_to(key)

    def show_detail(self, tab: str, noun: str, id: str, session: Session) -> None:
        """Put the cursor on an object and show a tab of its details, whatever is marked."""
        if self.go_to(noun, id, session):
            self._open_detail(tab)

    def _open_detail_of_target(self, tab: str) -> None:
        """Show a tab of the row that a command acts on: where that is a marked one, the cursor goes there."""
        context = self.command_context()
        rows: Sequence[Any] = context.rows
        if len(rows) == 1:
            self.table.move_to(self._fleet.key(context.session, rows[0].id))
        self._open_detail(tab)

    def _open_detail(self, tab: str | None = None) -> None:
        self._follow_cursor()  # what was in front last may be of another resource, and have no such tab
        if tab is not None:
            self.detail.show_tab(tab)
        self._detail_open = True
        self._arrange(self.size.width, self.size.height)
        self.set_focus(self.detail.body)

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        if message.table is self.table:
            self._open_detail()

    def action_back(self, may_quit: bool) -> None:
        """Go one step back: from the details, then the marks, then the filter; at the bottom `q` quits."""
        table = self.table
        if self.query_one("#filter", Input).display:
            self._search("")
            self._close_filter()
        elif self._detail_open or not table.has_focus:
            self._detail_open = False
            self._arrange(self.size.width, self.size.height)
            self.set_focus(table)
        elif table.marks and not may_quit:
            table.clear_marks()
        elif table.filter_text and not may_quit:
            self._filter("")
        elif may_quit:
            self.run_worker(self._quit, group="commands")

    async def _quit(self) -> None:
        running = self._fleet.running_jobs
        if running and not await self.confirm(
            f"Quit and cancel {plural(len(running), 'job')}?", [job.title for job in running], label="Quit", danger=True
        ):
            return
        self.hythe.exit(0)

    # filter

    def _filter(self, text: str) -> None:
        self.table.filter(text)
        self.pane.draw_title()

    def _open_filter(self) -> None:
        field = self.query_one("#filter", Input)
        self._searching_detail = self._detail_open or self.focused is self.detail.body
        field.value = "" if self._searching_detail else self.table.filter_text
        field.display = True
        self.set_focus(field)
        if not self._searching_detail:
            self.table.expect_filter()

    def on_input_changed(self, message: Input.Changed) -> None:
        if self.query_one("#filter", Input).display:
            self._search(message.value)

    def _search(self, text: str) -> None:
        if self._searching_detail:
            self.detail.search(text)
        else:
            self._filter(text)

    def on_input_submitted(self, _message: Input.Submitted) -> None:
        self._close_filter()

    def _close_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = False
        self.set_focus(self.detail.body if self._searching_detail else self.table)

    # commands

    def commands_here(self) -> Sequence[Command]:
        return in_scope(self._current)

    def help_commands(self) -> Sequence[Command]:
        return COMMANDS

    @property
    def session(self) -> Session:
        """The host in front: here it goes along with the cursor and the marks."""
        return self._fleet.front

    def command_context(self) -> Context:
        return self._contexts()[0]

    def _contexts(self) -> list[Context]:
        """Return what a command acts on, one context a host; the first is of the host in front.

        These are the rows of the details while they have the focus and rows, else those of the table.
        """
        inner = self.detail.targets() if self.focused is self.detail.body else None
        if inner is not None:
            found = [self._inner_context(*inner)]
        else:
            group = "" if self.table.shown_marks else self._group_name()
            found = [Context(session, self, self._current, rows, group=group) for session, rows in self.pane.targets()]
        if found:
            self._fleet.front = found[0].session
        return found or [Context(self._fleet.front, self, self._current)]

    def _inner_context(self, session: Session, rows: Sequence[Row]) -> Context:
        """Return what a command acts on in the details; of a group of containers: those of the services there."""
        noun = self.detail.noun
        if self.detail.resource == self._current:
            return Context(session, self, self._current, rows, noun=noun)
        services = [row for row in rows if isinstance(row, ComposeService)]
        known = session.state.containers
        members = [known[each.id] for service in services for each in service.containers if each.id in known]
        group = " ".join(service.name for service in services) if len(members) > 1 else ""
        return Context(session, self, self._current, members, group=group, noun=f"container of a {noun}")

    def _group_name(self) -> str:
        """Return what the group is called whose own row has the cursor; an empty string where none has."""
        group = self.pane.cursor_group
        return "" if group is None else group[1] or "no project"

    async def action_command(self, id: str) -> None:
        """Run a command on each host that has some of the marked rows; a slow one holds up no other."""
        command, contexts = BY_ID[id], self._contexts()
        if len(contexts) < 2 or command.scope == "app":
            await self.start_command(command, contexts[0])
            return
        if reason := _one_at_a_time(command, contexts):
            self.note(f"{command.title}: {reason}", "warning")
            return
        for context in contexts:
            if (reason := command.why_not(context)) is not None:
                self.note(f"{command.title} on {context.session.name}: {reason}", "warning")
        ready = _ready(command, contexts)
        if not command.together:
            self.run_worker(partial(self._run_on, command, ready), group="commands", name=id)
        elif ready:
            await self.start_command(command, ready[0])

    def can_run(self) -> Callable[[Command], bool]:
        contexts = self._contexts()

        def can_run(command: Command) -> bool:
            asked = contexts[:1] if command.scope == "app" else contexts
            return not _one_at_a_time(command, asked) and bool(_ready(command, asked))

        return can_run

    async def _run_on(self, command: Command, contexts: Sequence[Context]) -> None:
        await asyncio.gather(*(self.run_command(command, context) for context in contexts))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let a key mean what it means for the table in front."""
        if action != "command":
            return True
        scope: Scope = BY_ID[str(parameters[0])].scope
        return scope in ("app", self._current)

    def on_key(self, event: Key) -> None:
        """Say of a key that means nothing here for which tables it is."""
        if isinstance(self.focused, Input):
            return
        keys = self.hythe.keys
        meant = [command for command in COMMANDS if event.key in keys.get(command.id, command.keys)]
        elsewhere = [command for command in meant if command.scope in self._panes]
        if elsewhere and not any(command.scope in ("app", self._current) for command in meant):
            self.note("; ".join(f"{command.scope}: {command.title}" for command in elsewhere))

    def view(self, request: str) -> None:
        table = self.table
        if request == "filter":
            self._open_filter()
        elif request == "sort":
            self.run_worker(self._choose_sort, group="commands")
        elif request == "freeze":
            (table.thaw if table.frozen else table.freeze)()
            self.pane.draw_title()
        elif request == "running":
            self._panes["containers"].only_running ^= True
            self.show_state()
        elif request in ("group", "fold", "fold_all"):
            self._view_groups(request)
        elif request == "dangling":
            self._filter("" if table.filter_text == request else request)
        elif request in self._panes:
            if reason := VIEW_OF[request].why_not(self._fleet.sessions):
                self.note(f"{request}: {reason}", "warning")
            else:
                self._go(VIEW_OF[request].name)
        elif request == "project_logs":
            from tui.commands.projects import logs_of  # with the code of the commands on projects, which is late

            targets, title = logs_of(_ready(BY_ID["project.logs"], self._contexts()))
            if targets:
                self.open("logs", targets=targets, title=title)
        elif request in ("logs", "one_off"):
            if targets := self._targets(f"container.{request}"):
                self.open(request, targets=targets)
        elif request == "compare_stats":
            targets = self._targets("container.stats")
            if len(targets) > 1 or self._group_name():
                self.open("stats_compare", targets=targets)
            else:
                self._open_detail_of_target("stats")
        elif request in ("next_detail", "previous_detail"):
            self.detail.turn(1 if request == "next_detail" else -1)
        elif any(kind.name == request for kind in TABS[self._current]):
            self._open_detail_of_target(request)
        else:
            super().view(request)

    def _view_groups(self, request: str) -> None:
        pane = self._panes["containers"]
        if request == "group":
            pane.toggle_groups()
        elif (table := pane.grouped_table) is not None and table.grouped:
            (table.toggle_fold if request == "fold" else table.toggle_all_folds)()
        else:
            key = self.keys_of(BY_ID["container.group"])
            self.note(f"nothing to fold: {key or 'a command'} groups the containers by Compose project")

    def _targets(self, command: str) -> list[tuple[Session, Any]]:
        """Return each row that a command of all hosts acts on, with its host: not those of a host that refuses it."""
        return [(each.session, row) for each in _ready(BY_ID[command], self._contexts()) for row in each.rows]

    async def _choose_sort(self) -> None:
        pane = self.pane
        chosen = await self.choose("Sort by", pane.sort_options())
        if chosen is not None:
            pane.sort_by(chosen)

    def on_paste(self, event: Paste) -> None:
        """Open the run form on a `docker run` line that is pasted over the tables."""
        from tui.model.run_line import looks_like_run  # with the whole grammar: for those who paste

        if looks_like_run(event.text) and BY_ID["app.run"].why_not(self.command_context()) is None:
            self.open("run", line=event.text)


def _one_at_a_time(command: Command, contexts: Sequence[Context]) -> str:
    """Return why a command can't be run on the rows of so many hosts, or an empty string."""
    if len(contexts) < 2 or command.many or command.together:
        return ""
    return f"one at a time, and {sum(len(context.rows) for context in contexts)} are marked"


def _ready(command: Command, contexts: Sequence[Context]) -> list[Context]:
    """Return those of the hosts on which a command can be run now."""
    return [context for context in contexts if command.why_not(context) is None]
