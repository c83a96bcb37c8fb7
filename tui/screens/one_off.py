"""The output of one command in several containers, side by side, by name: run again, cancelled, scrolled, copied."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.events import Resize

from tui.commands.one_off import OneOff
from tui.commands.session import Session
from tui.model.containers import Container
from tui.model.exec_spec import check_command, command_words
from tui.model.log_record import LogBatch, Stream
from tui.present.units import plural
from tui.screens.base import HytheScreen
from widgets.line_view import Span
from widgets.log_view import LogLine, LogView
from widgets.span_line import KeyHints, SpanLine

LEAST_COLUMNS = 38
"""Columns that a pane needs; with fewer to each, panes stand below each other."""

LEAST_ROWS = 6
MOST_LINES = 100_000
MOST_BYTES = 16 << 20
TONES = {"running": "busy", "done": "good", "failed": "bad", "cancelled": "warn"}


class OutputPane(Vertical):
    """One container: its name, how the command stands there, and what it prints."""

    DEFAULT_CSS = """
    OutputPane {
        & > .title { background: $panel; }
        & > LogView { height: 1fr; }
    }
    """

    def __init__(self, session: Session, target: Container, *, many_hosts: bool, ascii: bool) -> None:
        super().__init__()
        self.session = session
        self.target = target
        self._many_hosts = many_hosts
        self._title = SpanLine(ascii=ascii, classes="title")
        self.log_view = LogView(max_lines=MOST_LINES, max_bytes=MOST_BYTES, wrapped=True, ascii=ascii)
        self.run: OneOff | None = None

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.log_view

    def begin(self, command: tuple[str, ...]) -> None:
        """Run a command, with what was printed before forgotten."""
        self.log_view.clear()
        self.log_view.set_notice("nothing printed yet")
        self.run = OneOff(self.session, self.target, command, self._show, self.draw_title)
        self.run.start()
        self.draw_title()

    def _show(self, batch: LogBatch) -> None:
        if self.is_mounted and len(batch):
            self.log_view.append([_line(batch, at) for at in range(len(batch))])

    def draw_title(self) -> None:
        """Say how the command stands."""
        if not self.is_mounted:
            return
        left: list[Span] = [(f" {self.target.name}  ", "accent")]
        if self._many_hosts:
            left.append((f"{self.session.name}  ", self.session.tone))
        if self.run is not None:
            state, code = self.run.state, self.run.exit_code
            left.append((state if code is None or state == "cancelled" else f"exit {code}", TONES[state]))
            left.append((f"  {self.run.seconds:.1f} s", "dim"))
            if self.run.problem:
                left.append((f"  {self.run.problem}", "bad"))
            if state != "running":
                self.log_view.set_notice(self.run.problem or "it printed nothing")
        self._title.show(left)


def _line(batch: LogBatch, at: int) -> LogLine:
    text = batch.texts[at].decode("utf-8", "replace").rstrip("\r")
    return LogLine(text, "stderr" if batch.streams[at] == Stream.STDERR else "stdout")


class OneOffScreen(HytheScreen):
    """Asks for a command, runs it in each of `targets`, and keeps the output until it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "pane(1)", "Next pane", show=False, id="one_off.next_pane"),
        Binding("shift+tab", "pane(-1)", "Previous pane", show=False, id="one_off.previous_pane"),
        Binding("r", "again", "Run again", show=False, id="one_off.again"),
        Binding("e", "other", "Another command", show=False, id="one_off.other"),
        Binding("x", "cancel", "Cancel", show=False, id="one_off.cancel"),
        Binding("escape,q", "leave", "Back", show=False, id="one_off.leave"),
    ]
    DEFAULT_CSS = """
    OneOffScreen {
        & > #panes { height: 1fr; overflow-y: auto; grid-gutter: 0 1; }
    }
    """
    own_keys = (
        ("tab shift+tab", "next, previous pane"),
        ("r", "run it again"),
        ("e", "another command"),
        ("x", "cancel: what runs is ended"),
        ("esc q", "back; what runs is ended"),
    )

    def __init__(self, targets: Sequence[tuple[Session, Container]]) -> None:
        super().__init__()
        self._targets = [(session, row) for session, row in targets if row.state == "running"]
        self._left_out = len(targets) - len(self._targets)
        self._text = ""

    def compose(self) -> ComposeResult:
        yield SpanLine(id="header", ascii=self.ascii)
        with Grid(id="panes"):
            for session, target in self._targets:
                yield OutputPane(session, target, many_hosts=self.many_hosts, ascii=self.ascii)
        yield KeyHints(id="footer", ascii=self.ascii)

    @property
    def panes(self) -> list[OutputPane]:
        """The panes, in the order of the rows."""
        return list(self.query(OutputPane))

    def on_mount(self) -> None:
        hints = (("r", "again"), ("e", "other command"), ("x", "cancel"), ("tab", "next"), ("esc", "back"))
        self.query_one("#footer", KeyHints).hint([(key, key, word, True) for key, word in hints])
        for pane in self.panes:
            pane.draw_title()
        self.panes[0].log_view.focus()
        self._draw_header()
        self.set_interval(0.5, self._tick)
        self.action_other()

    def on_resize(self, event: Resize) -> None:
        count = len(self._targets)
        columns = max(1, min(count, event.size.width // LEAST_COLUMNS))
        grid = self.query_one("#panes", Grid)
        grid.styles.grid_size_columns = columns
        rows = -(-count // columns)
        room = max(1, event.size.height - 2)
        grid.styles.grid_rows = "1fr" if room // rows >= LEAST_ROWS else str(LEAST_ROWS)

    def _draw_header(self) -> None:
        name = self._targets[0][1].name if len(self._targets) == 1 else plural(len(self._targets), "container")
        left: list[Span] = [(" hythe ", "head"), (f"{self._text or 'a command'} in {name}", "accent")]
        if self._left_out:
            left.append((f"  {self._left_out} marked that do not run are left out", "warn"))
        self.query_one("#header", SpanLine).show(left)

    def _tick(self) -> None:
        for pane in self.panes:
            if pane.run is not None and pane.run.state == "running":
                pane.draw_title()

    # commands

    def action_other(self) -> None:
        """Ask for a command and run it."""
        self.run_worker(self._ask, group="ask", exclusive=True)

    async def _ask(self) -> None:
        remembered = self.hythe.forms.recall("one_off") or {}
        names = self._targets[0][1].name if len(self._targets) == 1 else plural(len(self._targets), "container")
        text = await self.prompt(
            f"Run in {names}", "Command", self._text or str(remembered.get("command", "")), check_command
        )
        if text is None:
            if not self._text:
                self.hythe.pop_screen()
            return
        self._text = text
        self.hythe.forms.keep("one_off", {"command": text})
        self._draw_header()
        await self._begin()

    def action_again(self) -> None:
        """Run the same command again."""
        if self._text:
            self.run_worker(self._begin, group="begin", exclusive=True)

    async def _begin(self) -> None:
        guarded = [f"{row.name}  ({session.name})" for session, row in self._targets if session.guarded]
        if guarded and not await self.confirm(
            f"Run {self._text} in {plural(len(self._targets), 'container')}?", guarded, label="Run"
        ):
            return
        await self._end_all()
        for pane in self.panes:
            pane.begin(command_words(self._text))

    def action_cancel(self) -> None:
        """End what runs."""
        self.run_worker(self._end_all, group="cancel", exclusive=True)

    async def _end_all(self) -> None:
        await asyncio.gather(*(pane.run.cancel() for pane in self.panes if pane.run is not None))

    def action_leave(self) -> None:
        """Go back; what runs is ended."""
        runs = [pane.run for pane in self.panes if pane.run is not None and pane.run.state == "running"]
        if runs:
            self.hythe.run_worker(partial(_cancel, runs), group="one_off")
        self.hythe.pop_screen()

    def action_pane(self, step: int) -> None:
        """Go to the next pane."""
        views = [pane.log_view for pane in self.panes]
        at = next((at for at, view in enumerate(views) if view.has_focus), 0)
        views[(at + step) % len(views)].focus()


async def _cancel(runs: Sequence[OneOff]) -> None:
    await asyncio.gather(*(run.cancel() for run in runs))
