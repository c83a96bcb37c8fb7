"""No daemon answered: what was tried and why it failed, and what can be tried instead."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.commands.command import Command
from tui.commands.registry import BY_ID
from tui.engine.connect import Attempt, first_answering
from tui.engine.endpoint import Endpoint, read_contexts, well_known
from tui.engine.errors import EndpointError
from tui.screens.base import HytheScreen, bindings_of
from widgets.choice_list import Choice, ChoiceList
from widgets.span_line import KeyHints, SpanLine

DEMO = "demo"
LOOK_SECONDS = 2.0
"""How long it is until those that did not answer are asked again."""


class ConnectScreen(HytheScreen):
    """Shown when no daemon answers: each endpoint tried with its reason, then what else there is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of([BY_ID["app.hosts"]]),
        Binding("r,f5", "retry", "Retry", show=False, id="connect.retry"),
        Binding("d", "demo", "Demo engine", show=False, id="connect.demo"),
        Binding("escape,q", "leave", "Quit", show=False, id="connect.leave"),
    ]
    own_keys = (
        ("enter", "connect to the host under the cursor"),
        ("r", "try again what the settings name"),
        ("d", "look around in the demo engine"),
        ("q", "quit; where a host is connected, go back to it"),
    )

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        super().__init__()
        self._attempts = tuple(attempts)
        self._endpoints: dict[str, Endpoint] = {}

    def compose(self) -> ComposeResult:
        yield SpanLine(id="header", ascii=self.ascii)
        yield ChoiceList(id="hosts", ascii=self.ascii)
        yield KeyHints(id="footer", ascii=self.ascii)

    def on_mount(self) -> None:
        leave = "quit" if self.hythe.session is None else "back"
        hints = (("enter", "connect"), ("r", "retry"), ("D", "hosts"), ("d", "demo engine"), ("q", leave))
        self.query_one("#footer", KeyHints).hint([(key, key, word, True) for key, word in hints])
        self.fill()
        self.query_one("#hosts", ChoiceList).focus()
        self.run_worker(self._look_again, group="look")

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.press_hint(message.id)

    def show(self, attempts: Sequence[Attempt]) -> None:
        """Show another round of attempts."""
        self._attempts = tuple(attempts)
        self.fill()

    def fill(self) -> None:
        """List what was tried, and what there is to connect to besides."""
        title = [(" hythe ", "head"), ("no Docker daemon answers", "accent")]
        if self._watched():
            title.append((f"; looking again every {LOOK_SECONDS:g} s", "dim"))
        self.query_one("#header", SpanLine).show(title)
        self.query_one("#hosts", ChoiceList).show(self.choices())

    def commands_here(self) -> Sequence[Command]:
        return [BY_ID["app.hosts"], *super().commands_here()]

    def choices(self) -> list[Choice]:
        """Return a line for each endpoint, those that can't be used with the reason."""
        self._endpoints = {}
        others = self._others()
        lines = [Choice.heading("Tried")]
        for number, attempt in enumerate(self._attempts):
            lines += self._tried(f"tried:{number}", attempt)
        hints = dict.fromkeys(attempt.hint for attempt in self._attempts if attempt.hint)
        for hint in hints:
            lines += self._wrapped(hint, 2, "warn")
        tried = {attempt.endpoint.url for attempt in self._attempts}
        untried = [choice for choice in others if choice.key not in tried]
        return [*lines, Choice.note("", ""), *without_empty_headings(untried)]

    def _others(self) -> list[Choice]:
        lines: list[Choice] = [Choice.heading("Docker contexts")]
        contexts = read_contexts(self.hythe.environment)
        for name, endpoint in contexts.items():
            if isinstance(endpoint, EndpointError):
                lines.append(Choice.note(f"{name}: {endpoint}", "bad"))
            else:
                lines.append(self._line(f"context:{name}", endpoint, name))
        if not contexts:
            lines.append(Choice.note("none besides the default one", "dim"))
        lines.append(Choice.heading("Sockets"))
        lines += [self._line(known.url, known, known.source) for known in well_known(self.hythe.environment)]
        lines.append(Choice.heading("No Docker at hand"))
        lines.append(
            Choice(DEMO, (("demo engine", "accent"), ("  simulated containers, nothing of yours is touched", "dim")))
        )
        return lines

    def _line(self, key: str, endpoint: Endpoint, name: str) -> Choice:
        self._endpoints[key] = endpoint
        return Choice(key, ((f"{name:<24.24} ", "accent"), (endpoint.url, "")))

    def _tried(self, key: str, attempt: Attempt) -> list[Choice]:
        endpoint = attempt.endpoint
        where = ((f"{endpoint.source:<24.24} ", "accent"), (f"{endpoint.url}  ", ""))
        if attempt.usable:
            self._endpoints[key] = endpoint
            return [Choice(key, where), *self._wrapped(attempt.reason, 4, "bad")]
        return [Choice(None, where), *self._wrapped(attempt.reason, 4, "bad")]

    def _wrapped(self, text: str, indent: int, tone: str) -> list[Choice]:
        """Return a text as notes that are no wider than the screen; the file that a reason names stands at its end."""
        room = max(20, self.hythe.size.width - indent - 4)
        return [Choice.note(f"{' ' * indent}{line}", tone) for line in wrap(text, room)]

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        self.run_worker(partial(self._connect, message.key), group="connect", exclusive=True)

    async def _connect(self, key: str) -> None:
        endpoint = await self.hythe.demo_endpoint() if key == DEMO else self._endpoints[key]
        self.note(f"connecting to {endpoint.label} …")
        # not in this screen's worker: connecting takes this screen away
        self.hythe.run_worker(partial(self.hythe.connect, endpoint), group="connect", exclusive=True)

    def _watched(self) -> list[Endpoint]:
        """Return those that are asked again: none while a host is connected, and none by ssh, which may ask back."""
        if self.hythe.session is not None:
            return []
        usable = (attempt.endpoint for attempt in self._attempts if attempt.usable)
        return [endpoint for endpoint in usable if not endpoint.url.startswith("ssh://")]

    async def _look_again(self) -> None:
        """Connect once a daemon answers that only was not there yet; whoever connects by hand meanwhile goes first."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._may_connect() or (found := await first_answering(self._watched())).engine is None:
                continue
            endpoint = found.engine.endpoint
            await found.engine.close()
            if self._may_connect():
                self.hythe.run_worker(partial(self.hythe.connect, endpoint), group="connect", exclusive=True)

    def _may_connect(self) -> bool:
        connecting = any(worker.group == "connect" and worker.is_running for worker in self.hythe.workers)
        return self.hythe.screen is self and not connecting

    def action_retry(self) -> None:
        """Try again what the command line, the environment and the contexts lead to."""
        self.note("trying again …")
        self.hythe.run_worker(self.hythe.connect, group="connect", exclusive=True)

    def action_demo(self) -> None:
        """Connect to the demo engine."""
        self.run_worker(partial(self._connect, DEMO), group="connect", exclusive=True)

    def action_leave(self) -> None:
        """Go back to the host that is connected still; without one there is nothing behind this screen."""
        if self.hythe.session is None:
            self.hythe.exit(0)
        else:
            self.hythe.pop_screen()


def without_empty_headings(choices: Sequence[Choice]) -> list[Choice]:
    """Return the lines without a heading that has none below it."""
    kept: list[Choice] = []
    for choice in choices:
        if choice.is_heading and kept and kept[-1].is_heading:
            kept.pop()
        kept.append(choice)
    return kept
