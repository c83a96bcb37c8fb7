"""What a job prints, as it comes: followed, searched, scrolled; the job goes on when the screen is left."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.jobs.compose import MOST_LINES, PrintingJob
from tui.present.units import duration
from tui.screens.base import HytheScreen
from widgets.line_view import Span
from widgets.log_view import LogLine, LogView
from widgets.span_line import KeyHints, SpanLine

MOST_BYTES = 16 << 20
TONES = {"running": "busy", "done": "good", "failed": "bad", "cancelled": "warn"}
SECONDS = 0.25
"""How often it is looked what is new: a builder prints hundreds of lines a second."""


class OutputScreen(HytheScreen):
    """The output of one run of a program."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel", "Cancel", show=False, id="output.cancel"),
        Binding("escape,q", "leave", "Back", show=False, id="output.leave"),
    ]
    DEFAULT_CSS = "OutputScreen > #output { height: 1fr; }"
    own_keys = (
        ("j k ↓ ↑ g G", "move; first, last"),
        ("w", "wrap"),
        ("x", "cancel: the program is told to end"),
        ("esc q", "back; the job goes on"),
    )

    def __init__(self, job: PrintingJob) -> None:
        super().__init__()
        self._job = job
        self._seen = 0

    def compose(self) -> ComposeResult:
        yield SpanLine(id="header", ascii=self.ascii)
        yield LogView(id="output", max_lines=MOST_LINES, max_bytes=MOST_BYTES, wrapped=True, ascii=self.ascii)
        yield KeyHints(id="footer", ascii=self.ascii)

    def on_mount(self) -> None:
        view = self.query_one("#output", LogView)
        view.set_notice("nothing printed yet")
        view.focus()
        self.fill()
        self.set_interval(SECONDS, self.fill)

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.press_hint(message.id)

    def fill(self) -> None:
        """Show what is new."""
        job, view = self._job, self.query_one("#output", LogView)
        lines = job.output.since(self._seen)
        self._seen = job.output.count
        if lines:
            view.append([LogLine(line) for line in lines])
        elif not self._seen and job.state != "running":
            view.set_notice(job.error or "it printed nothing")
        self._draw_header()

    def _draw_header(self) -> None:
        job = self._job
        cancel = (("x", "cancel"),) if job.state == "running" else ()
        hints = (*cancel, ("w", "wrap"), ("q", "back"))
        self.query_one("#footer", KeyHints).hint([(key, key, word, True) for key, word in hints])
        took = duration((job.ended or self.hythe.now()) - job.started)
        left: list[Span] = [(" hythe ", "head"), (f"{job.title}  ", "accent"), (job.state, TONES[job.state])]
        left.append((f"  {took}", "dim"))
        if job.error:
            left.append((f"  {job.error}", "bad"))
        self.query_one("#header", SpanLine).show(left)

    def action_cancel(self) -> None:
        """Tell the program to end."""
        if self._job.state == "running":
            self.run_worker(self._job.cancel, group="cancel", exclusive=True)
            self.note(f"cancelling {self._job.title} …")

    def action_leave(self) -> None:
        """Go back."""
        self.hythe.pop_screen()
