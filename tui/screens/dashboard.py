"""The dashboard: what keys, commands and the filter do on the tables of the fleet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.widget import Widget
from textual.widgets import Input

from tui.commands.command import Command, Context, Row, Scope, name_of
from tui.commands.registry import BY_ID, COMMANDS, in_scope
from tui.commands.session import Session
from tui.present.units import plural
from tui.screens.base import ALL_BINDINGS
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

    def go_to(self, noun: str, id: str, session: Session | None = None) -> None:
        """Put the cursor on an object, clearing a filter that hides it; on one not known yet as it comes."""
        session = session or self._fleet.front
        view = next(view for view in VIEWS if view.noun == noun)
        self._awaited = None if id in view.records(session) else (session, noun, id)
        self._go(view.name)
        key = self._fleet.key(session, id)
        if not self.table.move_to(key):
            self.pane.only_running = False
            self.show_state()
            self._filter("")
            self.table.move_to(key)

    def _open_detail(self, tab: str | None = None) -> None:
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

    def command_context(self) -> Context:
        return self._contexts()[0]

    def _contexts(self) -> list[Context]:
        """Return what a command acts on, one context a host; the first is of the host in front."""
        group = "" if self.table.shown_marks else self._group_name()
        found = [Context(session, self, self._current, rows, group=group) for session, rows in self._targets()]
        if found:
            self._fleet.front = found[0].session
        return found or [Context(self._fleet.front, self, self._current)]

    def _group_name(self) -> str:
        """Return what the group is called whose own row has the cursor; an empty string where none has."""
        group = self.pane.cursor_group
        return "" if group is None else group[1] or "no project"

    def _targets(self) -> list[tuple[Session, Sequence[Row]]]:
        """Return the rows that a command acts on, by host: those of the details while they have the focus and rows."""
        focused = self.focused is self.detail.body and self.detail.resource == self._current
        inner = self.detail.targets() if focused else None
        return [inner] if inner is not None else [(session, rows) for session, rows in self.pane.targets()]

    async def action_command(self, id: str) -> None:
        """Run a command on each host that has some of the marked rows; a slow one holds up no other."""
        command, contexts = BY_ID[id], self._contexts()
        if len(contexts) < 2 or command.scope == "app" or command.together:
            await super().action_command(id)
            return
        marked = sum(len(context.rows) for context in contexts)
        if not command.many:
            self.note(f"{command.title}: one at a time, and {marked} are marked", "warning")
            return
        ready: list[Context] = []
        for context in contexts:
            if (reason := command.why_not(context)) is None:
                ready.append(context)
            else:
                self.note(f"{command.title} on {context.session.name}: {reason}", "warning")
        self.run_worker(partial(self._run_on, command, ready), group="commands", name=id)

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

            targets, title = logs_of(self._contexts())
            if targets:
                self.open("logs", targets=targets, title=title)
        elif request in ("logs", "one_off"):
            self.open(request, targets=self._marked())
        elif request == "compare_stats":
            targets = self._marked()
            if len(targets) > 1 or self._group_name():
                self.open("stats_compare", targets=targets)
            else:
                self._open_detail("stats")
        elif request in ("next_detail", "previous_detail"):
            self.detail.turn(1 if request == "next_detail" else -1)
        elif self.detail.has_tab(request):
            self._open_detail(request)
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

    def _marked(self) -> list[tuple[Session, Any]]:
        """Return each marked row, else the one under the cursor, with its host."""
        return [(session, row) for session, rows in self.pane.targets() for row in rows]

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
