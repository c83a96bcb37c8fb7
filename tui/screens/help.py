"""Help for the screen in front, drawn from the table of commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

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
REMARKS = (
    "space marks a row, * all that the filter shows; a command then takes all the marked",
    "--read-only refuses every write; guarded hosts in the settings ask more often",
)
KEYS = 26
"""Cells that the keys of an entry take where there is room."""

ARROWS = {"←": "left", "→": "right", "↑": "up", "↓": "down"}

GUARDS = {"free": "", "guarded": "asks on a guarded host", "always": "always asks"}


class HelpScreen(ListScreen):
    """Every key of the screen that was in front, with the docker line that a command equals."""

    heading = "help"

    def __init__(self, front: HytheScreen | None) -> None:
        super().__init__()
        self._front = front

    def on_resize(self) -> None:
        self.fill()

    def choices(self) -> Sequence[Choice]:
        front = self._front
        return [] if front is None else list(self._lines(front))

    def _lines(self, front: HytheScreen) -> Iterator[Choice]:
        if front.own_keys:
            yield Choice.heading("On this screen")
            for keys, what in front.own_keys:
                yield from self._entry(f"own:{keys}", self._written(keys), what)
        here = front.command_context().scope
        for scope, heading in sorted(GROUPS, key=lambda group: group[0] != here or here == "app"):
            commands = [command for command in front.help_commands() if command.scope == scope]
            if commands:
                yield Choice.note("", "")
                yield Choice.heading(heading)
                for command in commands:
                    yield from self._command(command)
        yield Choice.note("", "")
        yield Choice.heading("Marks and guards")
        for text in REMARKS:
            for row in wrap(text, max(8, self._room - 1)):
                yield Choice.note(row, "dim")

    def _written(self, keys: str) -> str:
        """Return keys as they can be drawn: the arrows are words in ASCII."""
        return " ".join(ARROWS.get(key, key) for key in keys.split(" ")) if self.ascii else keys

    @property
    def _room(self) -> int:
        """How many cells a line has."""
        return (self.lines.size.width or self.hythe.size.width) - 1

    def _command(self, command: Command) -> Iterator[Choice]:
        """What a command does and the line it equals: side by side where there is room, else one below the other."""
        keys = self.keys_of(command) or ": and its name"
        guard = f"[{GUARDS[command.guard]}]" if GUARDS[command.guard] else ""
        spans = [(f"{keys:<{KEYS}}", "accent"), (f"{command.title:<34}", "")]
        spans += [("  " + command.line, "dim")] if command.line else []
        spans += [("  " + guard, "warn")] if guard else []
        if 2 + sum(len(text.rstrip() if text is spans[-1][0] else text) for text, _ in spans) <= self._room:
            yield Choice(command.id, tuple(spans))
        else:
            yield from self._entry(command.id, keys, command.title, command.line, guard)

    def _entry(self, id: str, keys: str, what: str, line: str = "", guard: str = "") -> Iterator[Choice]:
        """An entry over as many lines as it takes."""
        indent = min(KEYS, max(8, self._room // 3))
        room = max(8, self._room - indent - 2)
        rows = [(row, "") for row in wrap(what, room)]
        rows += [(row, "dim") for row in wrap(line, room)]
        rows += [(guard, "warn")] if guard else []
        if len(keys) >= indent:
            yield Choice(id, ((keys, "accent"),))
        else:
            yield Choice(id, ((f"{keys:<{indent}}", "accent"), *rows[:1]))
            rows = rows[1:]
        for text, tone in rows:
            yield Choice.note(" " * (indent + 1) + text, tone)
