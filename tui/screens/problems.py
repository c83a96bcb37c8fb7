"""What is wrong with the containers and disks of all hosts that are shown, live, and what can be done about each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

from tui.commands.command import Command, Context
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.data_root import disk_space
from tui.engine.errors import EngineError
from tui.model.containers import Container
from tui.model.system import DiskSpace
from tui.present.problems import HELP, MARKS, NO_SPACE, RECENT_SECONDS, Problem, disk_problem, problems_of
from tui.screens.base import HytheScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.text_list import ListScreen
from widgets.choice_list import Choice, ChoiceList

SECONDS = 1.0
"""How often it is looked again at what hythe knows; that asks no daemon anything."""

MOST_READ = 64
"""Containers that are read one by one at a time."""

DISK_SECONDS = 10.0
"""How often a disk is looked at."""

VIEWS = ("logs", "stats", "processes", "timeline", "inspect")
"""What is shown on the dashboard, with the cursor on the container."""


class ProblemsScreen(ListScreen):
    """One line a problem, the worst kind first; `enter` offers the commands that may help."""

    heading = "problems"
    hints = (("enter", "what can be done"),)
    own_keys = (("enter", "what can be done about it, as commands"), ("esc q", "back"))

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, tuple[Session, Problem]] = {}
        self._watching = ExitStack()
        self._disks: dict[Session, DiskSpace] = {}

    def on_mount(self) -> None:
        for session in self.hosts:
            # memory is known of what is watched: while this is open that is as many as may be, not those in view
            running = [c.id for c in session.state.containers.values() if c.state == "running"]
            self._watching.enter_context(session.usage.following(running))
        super().on_mount()
        self.set_interval(SECONDS, self.fill)
        for session in self.hosts:
            self.run_worker(partial(self._watch_disk, session), group="disk")

    def on_unmount(self) -> None:
        self._watching.close()

    async def _watch_disk(self, session: Session) -> None:
        """Look at the disk of a daemon now and then, as long as this is open; of one elsewhere nothing is known."""
        with suppress(EngineError):
            folder = (await session.engine.info()).root_dir
            while (space := await asyncio.to_thread(disk_space, session.engine.endpoint, folder)) is not None:
                self._disks[session] = space
                await asyncio.sleep(DISK_SECONDS)

    @staticmethod
    def _said_of_disk(session: Session) -> str:
        """Return what the daemon said last of a disk without room: to a command, or of a failed start."""
        for entry in session.history:
            is_recent = entry.ended is not None and session.now() - entry.ended < RECENT_SECONDS
            if is_recent and entry.host == session.name and NO_SPACE in entry.detail.lower():
                return f"{entry.line}: {entry.detail}"
        for container in session.state.containers.values():
            if NO_SPACE in container.error.lower():
                return f"{container.name}: {container.error}"
        return ""

    def _problems(self) -> Iterator[tuple[str, Session, Problem]]:
        for number, session in enumerate(self.hosts):
            if (full := disk_problem(self._disks.get(session), self._said_of_disk(session))) is not None:
                yield f"{number} {full.kind}", session, full
            images = list(session.state.images.values())
            for id, container in session.state.containers.items():
                story, usage = session.happenings.of(id), session.usage.usage.get(id)
                for problem in problems_of(container, story, usage, images, session.now()):
                    yield f"{number} {problem.kind} {id}", session, problem

    def _read_missing(self) -> None:
        """Have those read of which a list does not tell enough: why they were killed, how often they were restarted."""
        for session in self.hosts:
            containers = session.state.containers.values()
            doubtful = [c.id for c in containers if not c.inspected and (c.state == "restarting" or c.exit_code == 137)]
            if doubtful:
                session.feed.inspect_missing(doubtful[:MOST_READ])

    def choices(self) -> Sequence[Choice]:
        self._read_missing()
        kinds = list(MARKS)
        found = sorted(self._problems(), key=lambda each: (kinds.index(each[2].kind), _subject(each[1], each[2])))
        self._found = {key: (session, problem) for key, session, problem in found}
        lines = [Choice(key, self._spans(session, problem)) for key, session, problem in found]
        if not lines:
            lines = [Choice.note("nothing is wrong with any container that is known here", "good")]
        return [*lines, Choice.note("", ""), *self._limits()]

    def _limits(self) -> Iterator[Choice]:
        """Say what was not looked at: nothing found is no proof of health where nobody looked."""
        for session in self.hosts:
            running = sum(c.state == "running" for c in session.state.containers.values())
            seen = len(session.usage.usage)
            if seen < running:
                yield Choice.note(f"{session.name}: memory is known of {seen} of {running} that run", "dim")
            if problem := session.happenings.past_problem:
                yield Choice.note(f"{session.name}: what happened before is not told: {problem}", "warn")

    def _spans(self, session: Session, problem: Problem) -> tuple[tuple[str, str], ...]:
        glyph, ascii_glyph, tone = MARKS[problem.kind]
        return (
            (f"{ascii_glyph if self.ascii else glyph} {problem.kind:<15}", tone),
            (f"{_subject(session, problem)}  " if problem.container or self.many_hosts else "", "bold"),
            (f"{session.name}  " if self.many_hosts and problem.container is not None else "", session.tone),
            (problem.text, ""),
        )

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        if (found := self._found.get(message.key)) is not None:
            self.run_worker(partial(self._help, *found), group="commands")

    async def _help(self, session: Session, problem: Problem) -> None:
        """Offer the commands, and run the one that is chosen."""
        target = problem.container
        context = self._acting_on(session, target)
        commands = [BY_ID[id] for id in HELP[problem.kind]]
        options = [(command.id, command.title, self._hint(command, context)) for command in commands]
        chosen = await self.choose(f"{_subject(session, problem)}: {problem.kind}", options)
        if chosen is None:
            return
        if target is None:
            await self._run_on_dashboard(session, BY_ID[chosen])
            return
        # it may have changed while the list was open
        now = session.state.containers.get(target.id)
        if now is None:
            self.note(f"{target.name} is gone", "warning")
            return
        context = self._acting_on(session, now)
        if (reason := BY_ID[chosen].why_not(context)) is not None:
            self.note(f"{BY_ID[chosen].title}: {reason}", "warning")
            return
        view = BY_ID[chosen].id.removeprefix("container.")
        if view in VIEWS:
            self._show(session, now, view)
        else:
            await self.run_command(BY_ID[chosen], context)

    def _acting_on(self, session: Session, container: Container | None) -> Context:
        if container is None:
            return Context(session, self, "app")
        return Context(session, self, "containers", (container,))

    async def _run_on_dashboard(self, session: Session, command: Command) -> None:
        """Go back to the dashboard, and run a command of that host there, whichever host has the cursor."""
        self.hythe.pop_screen()
        front: Any = self.hythe.screen
        if isinstance(front, HytheScreen):
            await front.start_command(command, Context(session, front, "app"))

    @staticmethod
    def _hint(command: Command, context: Context) -> str:
        line = command.line.split(",")[0]
        return command.why_not(context) or (f"$ {line}" if line else "")

    def _show(self, session: Session, container: Container, view: str) -> None:
        """Go back to the dashboard, to the container there, and show something of it; others may be marked there."""
        self.hythe.pop_screen()
        front: Any = self.hythe.screen
        if not isinstance(front, DashboardScreen):
            return
        if view == "logs":
            front.go_to("container", container.id, session)
            front.open("logs", session=session, targets=[(session, container)])
        else:
            front.show_detail(view, "container", container.id, session)


def _subject(session: Session, problem: Problem) -> str:
    """Return what has the problem: a container, or the host."""
    return f"disk of {session.name}" if problem.container is None else problem.container.name
