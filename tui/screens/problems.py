"""What is wrong with the containers of all hosts that are shown, live, and what can be done about each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from tui.commands.command import Command, Context
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.present.problems import HELP, MARKS, Problem, problems_of
from tui.screens.base import HytheScreen
from tui.screens.text_list import ListScreen
from widgets.choice_list import Choice, ChoiceList

SECONDS = 1.0
"""How often it is looked again at what hythe knows; that asks no daemon anything."""

MOST_READ = 64
"""Containers that are read one by one at a time."""

VIEWS = ("logs", "stats", "timeline", "inspect")
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

    def on_mount(self) -> None:
        for session in self._sessions():
            # memory is known of what is watched: while this is open that is as many as may be, not those in view
            running = [c.id for c in session.state.containers.values() if c.state == "running"]
            self._watching.enter_context(session.usage.following(running))
        super().on_mount()
        self.set_interval(SECONDS, self.fill)

    def on_unmount(self) -> None:
        self._watching.close()

    def _sessions(self) -> Sequence[Session]:
        return self.hythe.fleet.sessions if self.hythe.fleet else ()

    def _problems(self) -> Iterator[tuple[str, Session, Problem]]:
        for number, session in enumerate(self._sessions()):
            images = list(session.state.images.values())
            for id, container in session.state.containers.items():
                story, usage = session.happenings.of(id), session.usage.usage.get(id)
                for problem in problems_of(container, story, usage, images, session.now()):
                    yield f"{number} {problem.kind} {id}", session, problem

    def _read_missing(self) -> None:
        """Have those read of which a list does not tell enough: why they were killed, how often they were restarted."""
        for session in self._sessions():
            containers = session.state.containers.values()
            doubtful = [c.id for c in containers if not c.inspected and (c.state == "restarting" or c.exit_code == 137)]
            if doubtful:
                session.feed.inspect_missing(doubtful[:MOST_READ])

    def choices(self) -> Sequence[Choice]:
        self._read_missing()
        kinds = list(MARKS)
        found = sorted(self._problems(), key=lambda each: (kinds.index(each[2].kind), each[2].container.name))
        self._found = {key: (session, problem) for key, session, problem in found}
        lines = [Choice(key, self._spans(session, problem)) for key, session, problem in found]
        if not lines:
            lines = [Choice.note("nothing is wrong with any container that is known here", "good")]
        return [*lines, Choice.note("", ""), *self._limits()]

    def _limits(self) -> Iterator[Choice]:
        """Say what was not looked at: nothing found is no proof of health where nobody looked."""
        for session in self._sessions():
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
            (f"{problem.container.name}  ", "bold"),
            (f"{session.name}  " if self.many_hosts else "", session.tone),
            (problem.text, ""),
        )

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        if (found := self._found.get(message.key)) is not None:
            self.run_worker(self._help(*found), group="commands")

    async def _help(self, session: Session, problem: Problem) -> None:
        """Offer the commands, and run the one that is chosen."""
        context = Context(session, self, "containers", (problem.container,))
        commands = [BY_ID[id] for id in HELP[problem.kind]]
        options = [(command.id, command.title, self._hint(command, context)) for command in commands]
        chosen = await self.choose(f"{problem.container.name}: {problem.kind}", options)
        if chosen is None:
            return
        # it may have changed while the list was open
        now = session.state.containers.get(problem.container.id)
        if now is None:
            self.note(f"{problem.container.name} is gone", "warning")
            return
        context = Context(session, self, "containers", (now,))
        if (reason := BY_ID[chosen].why_not(context)) is not None:
            self.note(f"{BY_ID[chosen].title}: {reason}", "warning")
            return
        view = BY_ID[chosen].id.removeprefix("container.")
        if view in VIEWS:
            self._show(session, now.id, view)
        else:
            await self.run_command(BY_ID[chosen], context)

    @staticmethod
    def _hint(command: Command, context: Context) -> str:
        return command.why_not(context) or f"$ {command.line.split(',')[0]}"

    def _show(self, session: Session, id: str, view: str) -> None:
        """Go back to the dashboard, to the container there, and show something of it."""
        self.hythe.pop_screen()
        front: Any = self.hythe.screen
        if isinstance(front, HytheScreen):
            front.go_to("container", id, session)
            front.view(view)
