"""One build: its steps, the output of the step under the cursor, what went wrong, and what to do with the image."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container as Box
from textual.containers import Vertical
from textual.events import Resize
from textual.message import Message

from tui.jobs.build import BuildJob
from tui.model.build import BuildLog, StepLog
from tui.model.log_record import Stream
from tui.present.build import (
    Upload,
    failure_lines,
    header_spans,
    result_lines,
    step_rows,
    step_title,
    upload_spans,
    warning_lines,
)
from tui.screens.base import HytheScreen
from widgets.log_view import LogLine, LogView
from widgets.span_line import KeyHints, SpanLine
from widgets.steps_view import Step, StepsView
from widgets.text_pane import TextPane

WIDE = 110
"""From this many columns on the output stands beside the steps."""

FLOOD = 1_000
"""With more lines than this between two looks, only the last few of them are drawn, until it is calm again."""

GLIMPSE = 100


class JobChanged(Message):
    """The job shown has news; an older message of the kind that still waits is dropped."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, JobChanged)


class BuildScreen(HytheScreen):
    """Shows a build while it runs and after it. Leaving it lets the build go on."""

    DEFAULT_CSS = """
    BuildScreen {
        & #build-main { height: 1fr; }
        & #steps-pane { height: 2fr; }
        & #log-pane { height: 3fr; }
        & #open-line { display: none; text-style: italic; }
        & #open-line.-shown { display: block; }
        & #outcome { height: auto; max-height: 9; display: none; border-top: hkey $panel; padding: 0 1; }
        & #outcome.-shown { display: block; }
        &.-wide #build-main { layout: horizontal; }
        &.-wide #steps-pane { width: 2fr; height: 1fr; }
        &.-wide #log-pane { width: 3fr; height: 1fr; border-left: vkey $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel", "Cancel", show=False, id="build.cancel"),
        Binding("b", "again", "Build again", show=False, id="build.again"),
        Binding("L", "layers", "Layers", show=False, id="build.layers"),
        Binding("n", "run", "Run", show=False, id="build.run"),
        Binding("W", "warnings", "Warnings", show=False, id="build.warnings"),
        Binding("escape,q", "leave", "Back", show=False, id="build.leave"),
    ]
    own_keys = (
        ("j k ↓ ↑", "choose a step; its output is shown"),
        ("f", "follow the running step again"),
        ("tab", "between steps, output and outcome"),
        ("x", "cancel the build"),
        ("b", "build again, with the same form"),
        ("L", "the layers of the image"),
        ("n", "run a container from the image"),
        ("W", "all warnings of the builder"),
        ("esc q", "back; the build goes on, J lists it"),
    )

    def __init__(self, job: BuildJob) -> None:
        super().__init__()
        self.job = job
        self._shown: tuple[str, int] = ("", 0)
        self._gap = False
        self._outcome: list[tuple[str, str]] = []
        self._unlisten: Callable[[], None] | None = None

    def compose(self) -> ComposeResult:
        ascii_only = self.hythe.settings.ascii
        yield SpanLine(id="header", ascii=ascii_only)
        with Box(id="build-main"):
            with Vertical(id="steps-pane", classes="pane"):
                yield SpanLine(id="steps-title", classes="title", ascii=ascii_only)
                yield StepsView(id="steps", ascii=ascii_only)
            with Vertical(id="log-pane", classes="pane"):
                yield SpanLine(id="log-title", classes="title", ascii=ascii_only)
                yield LogView(id="log", ascii=ascii_only, wrapped=True)
                yield SpanLine(id="open-line", ascii=ascii_only)
        yield TextPane(id="outcome", ascii=ascii_only)
        yield KeyHints(id="footer", ascii=ascii_only)

    def on_mount(self) -> None:
        self._unlisten = self.job.listen(lambda: self.post_message(JobChanged()))
        self.set_interval(1.0, self._tick)
        self.steps.focus()
        self.show()

    def on_unmount(self) -> None:
        if self._unlisten is not None:
            self._unlisten()

    @property
    def steps(self) -> StepsView:
        """The list of steps."""
        return self.query_one("#steps", StepsView)

    @property
    def log_view(self) -> LogView:
        """The output of the step under the cursor."""
        return self.query_one("#log", LogView)

    # showing

    def on_job_changed(self, _message: JobChanged) -> None:
        if self.is_current:
            self.show()

    def on_screen_resume(self) -> None:
        self.show()

    def _tick(self) -> None:
        """Let the time go on."""
        if self.job.state == "running" and self.is_current:
            self.show()

    def show(self) -> None:
        """Show the build as it is now."""
        job, now = self.job, time.time()
        ascii_only = self.hythe.settings.ascii
        seconds = (job.ended or now) - job.started
        left, right = header_spans(job.title, job.state, seconds, job.build, ascii_only=ascii_only)
        self.query_one("#header", SpanLine).show(left, right)
        sending = job.sending
        upload = Upload(sending.sent, sending.started, sending.ended, sending.total)
        self.query_one("#steps-title", SpanLine).show(upload_spans(upload, now, bool(job.build.steps)))
        rows = step_rows(job.build)
        self.steps.set_notice("no step was told of" if job.ended else "waiting for the builder's first step …")
        self.steps.set_steps(
            [Step(r.id, r.title, r.state.value, r.started, r.ended, r.detail, r.group) for r in rows], now
        )
        self._show_log()
        self._show_outcome()
        self._show_hints()

    def on_steps_view_highlighted(self, _message: StepsView.Highlighted) -> None:
        self._show_log()

    def _show_log(self) -> None:
        """Show the output of the step under the cursor: all of it for another step, else what came."""
        here = self.steps.cursor_step
        step = self.job.build.steps.get(here.id) if here is not None else None
        if step is None:
            self.log_view.set_notice("")
            return
        log = self.job.build.logs.get(step.id, StepLog())
        lines = log.lines
        unfinished = lines.pop() if log.open_line and not step.state.ended else None
        end = log.dropped + len(lines)
        self.log_view.set_notice("no output yet" if not step.state.ended else f"{step.state.value}, without output")
        if self._shown[0] != step.id:
            self.query_one("#log-title", SpanLine).show(*step_title(step, self.job.dockerfile))
        came = end - self._shown[1]
        calm = step.state.ended or came <= FLOOD
        if self._shown[0] != step.id or (self._gap and calm and self.log_view.following):
            self._show_whole(lines, log.dropped)
        elif not calm:
            self._gap = True
            skipped = LogLine(f"{came - GLIMPSE:,} lines passed too fast to be shown", "system")
            self.log_view.append([skipped, *map(log_line, lines[-GLIMPSE:])])
        elif came:
            self.log_view.append([log_line(line) for line in lines[-came:]])
        self._shown = (step.id, end)
        open_line = self.query_one("#open-line", SpanLine)
        open_line.show([(unfinished.text.rstrip("\r"), "")] if unfinished else [])
        open_line.set_class(unfinished is not None, "-shown")

    def _show_whole(self, lines: Sequence[BuildLog], dropped: int) -> None:
        self._gap = False
        self.log_view.clear()
        older = [LogLine(f"{dropped:,} older lines were dropped", "system")] if dropped else []
        self.log_view.append([*older, *map(log_line, lines)])

    def _show_outcome(self) -> None:
        job = self.job
        lines = failure_lines(job.build, job.dockerfile, job.hint) or result_lines(job.build, job.spec.tag)
        if job.state == "cancelled":
            lines = [("cancelled: the connection was closed, which stops the build at the daemon", "warn")]
        elif job.state == "failed" and not lines:
            lines = [(job.error, "bad")]
        lines = [*lines, *warning_lines(job.build)]
        if lines != self._outcome:
            self._outcome = lines
            pane = self.query_one("#outcome", TextPane)
            pane.set_lines(lines)
            pane.set_class(bool(lines), "-shown")

    def _show_hints(self) -> None:
        running = self.job.state == "running"
        built = self.job.build.result is not None and not running
        hints = [
            ("layers", "L", "layers", built),
            ("run", "n", "run", built),
            ("cancel", "x", "cancel", running),
            ("again", "b", "build again", True),
            ("follow", "f", "follow", running),
            ("warnings", "W", "warnings", bool(self.job.build.warnings)),
            ("command('app.jobs')", "J", "jobs", True),
            ("leave", "q", "back, and it goes on" if running else "back", True),
        ]
        self.query_one("#footer", KeyHints).hint([hint for hint in hints if hint[3]])

    # keys

    def action_cancel(self) -> None:
        """Stop the build."""
        if self.job.state == "running":
            self.run_worker(self.job.cancel(), group="cancel")

    def action_again(self) -> None:
        """Open the form as it was filled in for this build."""
        self.open("build", spec=self.job.spec)

    def action_follow(self) -> None:
        """Go along with the running step."""
        self.steps.action_follow()

    def action_layers(self) -> None:
        """Open the layers of the image."""
        if (image := self._image()) is not None:
            self.open("layers", image=image, title=self.job.spec.tag or image)

    def action_run(self) -> None:
        """Open the form that runs a container from the image."""
        if (image := self._image()) is not None:
            self.open("run", image=self.job.spec.tag or image)

    def _image(self) -> str | None:
        """Return the ID of the image, or say that there is none."""
        result = self.job.build.result
        if result is None or self.job.state == "running":
            self.note("there is no image yet" if self.job.state == "running" else "the build made no image", "warning")
            return None
        return result.image_id

    def action_warnings(self) -> None:
        """Show all that the builder warned of."""
        lines = warning_lines(self.job.build, len(self.job.build.warnings))
        if lines:
            self.run_worker(self.tell("Warnings", "\n".join(text for text, _ in lines)), group="warnings")

    def action_leave(self) -> None:
        """Go back; the build goes on."""
        self.hythe.pop_screen()

    async def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        await self.run_action(message.id)

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-wide")


def log_line(line: BuildLog) -> LogLine:
    """Return a line of a step's output as the log view takes it."""
    return LogLine(line.text.rstrip("\r"), "stderr" if line.stream is Stream.STDERR else "stdout")
