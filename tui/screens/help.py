"""Help for the screen in front, drawn from the table of commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tui.commands.command import Command
from tui.screens.base import HytheScreen
from tui.screens.text_list import ListScreen
from widgets.choice_list import Choice

GROUPS = (
    ("containers", "On containers"),
    ("images", "On images"),
    ("volumes", "On volumes"),
    ("networks", "On networks"),
    ("projects", "On Compose projects and their services"),
    ("services", "On services of a swarm"),
    ("nodes", "On nodes of a swarm"),
    ("hosts", "On hosts"),
    ("app", "Everywhere"),
)
GUARDS = {"free": "", "guarded": "asks on a guarded host", "always": "always asks"}


class HelpScreen(ListScreen):
    """Every key of the screen that was in front, with the docker line that a command equals."""

    heading = "help"

    def __init__(self, front: HytheScreen | None) -> None:
        super().__init__()
        self._front = front

    def choices(self) -> Sequence[Choice]:
        front = self._front
        return [] if front is None else list(self._lines(front))

    def _lines(self, front: HytheScreen) -> Iterator[Choice]:
        if front.own_keys:
            yield Choice.heading("On this screen")
            for keys, what in front.own_keys:
                yield Choice(f"own:{keys}", ((f"{keys:<26}", "accent"), (what, "")))
        for scope, heading in GROUPS:
            commands = [command for command in front.help_commands() if command.scope == scope]
            if commands:
                yield Choice.note("", "")
                yield Choice.heading(heading)
                for command in commands:
                    yield self._line(command)
        yield Choice.note("", "")
        yield Choice.heading("Marks and guards")
        yield Choice.note("space marks a row, * all that the filter shows; a command then takes all the marked", "dim")
        yield Choice.note("--read-only refuses every write; guarded hosts in the settings ask more often", "dim")

    def _line(self, command: Command) -> Choice:
        more = [("  " + command.line, "dim")] if command.line else []
        if guard := GUARDS[command.guard]:
            more.append((f"  [{guard}]", "warn"))
        keys = self.keys_of(command) or ": and its name"
        return Choice(
            command.id,
            ((f"{keys:<26}", "accent"), (f"{command.title:<34}", ""), *more),
        )
