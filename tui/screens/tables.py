"""The live tables of the fleet's resources and the details beside them: laid out, kept up to date, drawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from textual.app import ComposeResult
from textual.events import Resize
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from tui.commands.command import Command
from tui.commands.fleet import Fleet
from tui.commands.registry import BY_ID, footer
from tui.commands.session import Session
from tui.model.compose import Project, project_id
from tui.model.containers import Container
from tui.model.images import Image
from tui.screens.base import HytheScreen
from tui.screens.container_groups import GroupMemory
from tui.screens.detail import DetailPane
from tui.screens.fleet_header import FleetHeader
from tui.screens.resource_pane import ResourcePane
from tui.screens.resource_views import VIEWS
from tui.screens.show_pace import ShowPace
from tui.screens.table_name import TableName
from tui.screens.watching import watch_projects, watch_swarm, watch_usage
from tui.settings import Settings
from widgets.ground import Ground, GroundStack
from widgets.live_table import LiveTable
from widgets.span_line import KeyHints
from widgets.tab_room import first_shown

TICK_SECONDS = 1.0

STACKED: tuple[TableName, ...] = ("containers", "images")
"""The tables that stand together where there is room; any other stands alone."""

NEWER_SECONDS = 10.0
"""How often it is looked whether it is time to ask registries; each tag is asked about once an hour at most."""

FOLLOW_SECONDS = 0.1
"""How long the cursor rests on a row before the details are those of it."""

TABS_FROM = 16
"""Rows of the terminal from which the line of tabs is worth one."""


class StateChanged(Message):
    """There is a newer state; an older message of the kind that still waits is dropped."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, StateChanged)


class UsageChanged(Message):
    """The usage of these containers of a host is new."""

    def __init__(self, session: Session, keys: set[str]) -> None:
        super().__init__()
        self.host_session = session
        self.keys = keys


class TablesScreen(Ground, HytheScreen):
    """The tables of a fleet with the details of the row under the cursor; what keys do is the dashboard's."""

    def __init__(self, fleet: Fleet, settings: Settings, groups: GroupMemory | None = None) -> None:
        super().__init__()
        groups = groups or GroupMemory(settings.by_project)
        self._fleet = fleet
        self._settings = settings
        self._current: TableName = "containers"
        self._detail_open = False
        self._searching_detail = False
        self._small = False
        self._width = 0
        self._awaited: tuple[Session, str, str] | None = None
        self._following: Timer | None = None
        self._resting: Timer | None = None
        self._usage_changed = False
        self._pace = ShowPace()
        self._panes = {view.name: ResourcePane(fleet, view, ascii=settings.ascii, memory=groups) for view in VIEWS}

    def compose(self) -> ComposeResult:
        self._choose_layout(*self.hythe.size)  # before there is anything whose styles it would change
        ascii_only = self._settings.ascii
        yield FleetHeader(self._fleet, id="header", ascii=ascii_only)
        yield KeyHints(id="tabs", ascii=ascii_only)
        with GroundStack(id="main"):
            with GroundStack(id="tables"):
                yield from self._panes.values()
            yield DetailPane(self._settings, id="detail")
        yield Input(id="filter", placeholder="words that must match; !word must not; enter keeps, esc clears")
        yield KeyHints(id="footer", ascii=ascii_only)

    def on_mount(self) -> None:
        self.query_one("#filter", Input).cursor_blink = False
        for session in self._fleet.sessions:
            self._listen(session)
        self.query_one("#filter", Input).display = False
        self._arrange(self.size.width, self.size.height)
        self.set_focus(self.table)
        self.show_state()
        self.set_interval(TICK_SECONDS, self.tick)
        if self._settings.check_newer:
            self.set_interval(NEWER_SECONDS, self.check_newer)

    def _listen(self, session: Session) -> None:
        session.on_state = lambda: self.post_message(StateChanged())
        session.on_usage = lambda changed: self.post_message(UsageChanged(session, changed))
        session.on_busy = lambda changed: self._touch(session, changed)
        session.on_jobs = self._draw_header
        session.disk.listen(lambda: self._panes["volumes"].sides_changed("size"))

    # the tables

    @property
    def pane(self) -> ResourcePane:
        """The pane that commands act on: the one that had the focus last."""
        return self._panes[self._current]

    @property
    def table(self) -> LiveTable[Any]:
        """The table of that pane."""
        return self.pane.table

    @property
    def containers(self) -> LiveTable[Container]:
        """The table of containers."""
        return self._panes["containers"].table

    @property
    def images(self) -> LiveTable[Image]:
        """The table of images."""
        return self._panes["images"].table

    @property
    def detail(self) -> DetailPane:
        """The detail pane."""
        return self.query_one("#detail", DetailPane)

    def on_state_changed(self, _message: StateChanged) -> None:
        """Show the state: at once, or after a rest if it was shown just now and that took long."""
        if self._resting is not None:
            return
        if rest := self._pace.wait(time.monotonic()):
            self._resting = self.set_timer(rest, self._show_after_rest)
        else:
            self.show_state()

    def _show_after_rest(self) -> None:
        self._resting = None
        self.show_state()

    def on_usage_changed(self, message: UsageChanged) -> None:
        """Show what is new of rows that had no usage yet; the others follow with the next tick, all at once."""
        self._usage_changed = True
        usage = message.host_session.usage.usage
        first = {key for key in message.keys if key in usage and len(usage[key].cpu_history) < 2}
        if first:
            self._touch(message.host_session, first)

    def _shown_panes(self) -> list[ResourcePane]:
        return [pane for pane in self._panes.values() if pane.display]

    def show_state(self) -> None:
        """Hand the latest state of every host to the tables."""
        began = time.thread_time()
        for pane in self._shown_panes():
            pane.show_state()
        self._watch_usage()
        self._watch_more()
        self._draw_header()
        self._draw_tabs()
        self._draw_footer()
        self._follow_cursor()
        self._pace.shown(time.monotonic(), time.thread_time() - began)
        if (awaited := self._awaited) is not None:
            session, noun, id = awaited
            if any(id in view.records(session) for view in VIEWS if view.noun == noun):
                self.go_to(noun, id, session)

    def check_newer(self) -> None:
        """Ask registries about images in use, where the settings want it and it is time."""
        from tui.commands.newer import check_due  # only where the settings want it

        for session in self._fleet.sessions:
            check_due(session)

    def _touch(self, session: Session, keys: set[str]) -> None:
        for pane in self._shown_panes():
            pane.touch(session, keys)

    def tick(self) -> None:
        """Let ages and usage move on: what did not change on the screen is not painted."""
        if self.is_seen:
            if self._usage_changed and self.containers.sort[0] in ("cpu", "memory", "limit", "net", "disk"):
                self.containers.resort()
            self._usage_changed = False
            for pane in self._shown_panes():
                pane.tick()
            self._draw_header()
            for session in self._fleet.sessions:
                if problem := session.stories.take_problem():
                    self.note(problem, "warning")
                if left := session.left_behind.take_words():
                    self.note(left, "warning")

    def _watch_usage(self) -> None:
        watch_usage(self._panes["containers"], seen=self.is_seen)

    def _watch_more(self) -> None:
        """Have what else is in sight read: Compose files and the swarm; nothing while nobody looks."""
        watch_projects(self._panes["projects"], seen=self.is_seen, detailed=self._cursor_project)
        watch_swarm(self._fleet, seen=self.is_seen and self._current in ("services", "nodes"))

    def on_live_table_view_changed(self, message: LiveTable.ViewChanged) -> None:
        if message.table is self.containers:
            self._watch_usage()
        elif message.table is self._panes["projects"].table:
            self._watch_more()

    def on_live_table_highlighted(self, message: LiveTable.Highlighted) -> None:
        if message.table is self.table:
            # a cursor on its way starts nothing to read on each row that it passes
            if self._following is not None:
                self._following.stop()
            self._following = self.set_timer(FOLLOW_SECONDS, self._cursor_rests)
        elif message.table is self.detail.body:
            self._draw_footer()

    def on_live_table_marks_changed(self, _message: LiveTable.MarksChanged) -> None:
        self.pane.draw_title()
        self._draw_footer()

    def on_screen_suspend(self) -> None:
        # behind a dialog it is still seen, and goes on; behind another screen it reads nothing
        self._watch_usage()
        self._watch_more()
        self._follow_cursor()

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.show_state()

    # the frame

    def on_resize(self, event: Resize) -> None:
        self._arrange(event.size.width, event.size.height)

    def _choose_layout(self, width: int, height: int) -> None:
        wide = width >= 170 and height >= 24
        tall = not wide and width >= 120 and height >= 36
        self._small = not wide and not tall
        self.set_class(wide, "-wide")
        self.set_class(tall, "-tall")

    def _arrange(self, width: int, height: int) -> None:
        """Choose the layout: one table, all above each other, or the detail pane at the side."""
        self._choose_layout(width, height)
        if width != self._width:
            self._width = width
            self._draw_tabs()
        # displayed or not at once, not when styles are next looked at: the focus must be able to follow in this step
        small = self._small
        self.query_one("#tabs").display = height >= TABS_FROM
        self.query_one("#tables").display = not (small and self._detail_open)
        self.query_one("#detail").display = not small or self._detail_open
        together = STACKED if not small and self._current in STACKED else (self._current,)
        for name, pane in self._panes.items():
            if name in together and not pane.display:
                pane.show_state()  # what is not seen is not kept up to date
            pane.display = name in together
        self.call_after_refresh(self._follow_cursor)
        self.call_after_refresh(self._watch_usage)
        self.call_after_refresh(self._watch_more)

    def _draw_header(self) -> None:
        self.query_one("#header", FleetHeader).draw()

    def _draw_tabs(self) -> None:
        hints = [
            (f"app.{name}", self.keys_of(BY_ID[f"app.{name}"]).split(" ")[0], name, name == self._current)
            for name in self._offered()
        ]
        lengths = [len(key) + 1 + len(name) + 2 for _, key, name, _ in hints]
        front = self._offered().index(self._current)
        # the gap after the last one needs no room
        first = first_shown(lengths, front, self._width + 2, 0) if self._width else 0
        self.query_one("#tabs", KeyHints).hint(hints[first:])

    def _offered(self) -> list[TableName]:
        """Return the tables that there is a tab for; the one in front always has its tab."""
        sessions = self._fleet.sessions
        return [view.name for view in VIEWS if view.name == self._current or view.is_offered(sessions)]

    def can_run(self) -> Callable[[Command], bool]:
        """Return what says whether a command can be run on what it would act on now."""
        context = self.command_context()
        return lambda command: command.why_not(context) is None

    def _draw_footer(self) -> None:
        can_run = self.can_run()
        self.query_one("#footer", KeyHints).hint(
            [
                (command.id, self.keys_of(command).split(" ")[0], command.short, can_run(command))
                for command in footer(self._current)
                if self.keys_of(command)  # the settings may have given its keys to another
            ]
        )

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.run_worker(partial(self.action_command, message.id), group="hints")

    def _cursor_rests(self) -> None:
        """Let the details and the footer be those of the row under the cursor."""
        self._follow_cursor()
        self._draw_footer()

    def _follow_cursor(self) -> None:
        seen = self.is_seen and (not self._small or self._detail_open)
        if (group := self.pane.cursor_group) is None:
            self.detail.watch_row(self._current, self.pane.cursor, reading=seen)
        elif (project := self._cursor_project) is not None:
            self.detail.watch_row("projects", project, reading=seen)
            self._watch_more()
        else:
            what = f"containers of the project {group[1]}" if group[1] else "containers that no Compose project made"
            self.detail.watch_row(self._current, None, reading=seen, nothing=f"{what}: enter folds and unfolds them")

    @property
    def _cursor_project(self) -> tuple[Session, Project] | None:
        """The project under the cursor, as a row of its own or of a group of containers."""
        if (group := self.pane.cursor_group) is not None:
            project = group[0].projects.get(project_id(group[1])) if group[1] else None
            return None if project is None else (group[0], project)
        return self.pane.cursor if self._current == "projects" else None
