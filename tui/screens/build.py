"""One build: its Dockerfile and steps, the output of the step under the cursor, what went wrong, what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container as Box
from textual.containers import Vertical
from textual.events import Resize
from textual.message import Message

from tui.jobs.build import BuildJob
from tui.model.build import BuildStep, StepLog
from tui.present.build import (
    Upload,
    failure_lines,
    header_spans,
    last_good_image,
    result_lines,
    step_rows,
    upload_is_over,
    upload_spans,
    warning_lines,
    way_title,
)
from tui.present.build_report import rebuilt_lines
from tui.screens.base import HytheScreen
from tui.screens.build_actions import edit, open_shell, rebuild
from tui.screens.build_panes import STATES, ImagePane, OutputPane, SourcePane
from widgets.log_view import LogView
from widgets.source_view import SourceView
from widgets.span_line import KeyHints, SpanLine
from widgets.steps_view import Step, StepsView
from widgets.text_pane import TextPane
from widgets.weights_view import WeightsView

WIDE = 110
"""From this many columns on the Dockerfile stands beside the steps."""

View = Literal["output", "source", "image"]


class JobChanged(Message):
    """The job shown has news; an older message of the kind that still waits is dropped."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, JobChanged)


class BuildScreen(HytheScreen):
    """Shows a build while it runs and after it. Leaving it lets the build go on."""

    DEFAULT_CSS = """
    BuildScreen {
        & #build-main { height: 1fr; layout: grid; grid-size: 1 2; grid-rows: 2fr 3fr; }
        & #source-pane, & #image-pane { display: none; }
        & #outcome { height: auto; max-height: 9; display: none; border-top: hkey $panel; padding: 0 1; }
        & #outcome.-shown { display: block; }
        &.-view-source #build-main { grid-rows: 3fr 2fr; }
        &.-view-source #source-pane { display: block; }
        &.-view-source #output-pane { display: none; }
        &.-view-image #image-pane { display: block; }
        &.-view-image #output-pane { display: none; }
        &.-wide.-sourced #build-main { grid-size: 2 2; grid-columns: 2fr 3fr; grid-rows: 2fr 3fr; }
        &.-wide.-sourced #source-pane { display: block; row-span: 2; border-right: vkey $panel; }
        &.-wide.-sourced.-view-source #output-pane { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel", "Cancel", show=False, id="build.cancel"),
        Binding("b", "again", "Change and build again", show=False, id="build.again"),
        Binding("r", "rebuild", "Build again", show=False, id="build.rebuild"),
        Binding("e", "edit", "Edit the Dockerfile", show=False, id="build.edit"),
        Binding("s", "shell", "Shell in the last good image", show=False, id="build.shell"),
        Binding("v", "view", "Output, Dockerfile, image", show=False, id="build.view"),
        Binding("L", "layers", "Layers", show=False, id="build.layers"),
        Binding("n", "run", "Run", show=False, id="build.run"),
        Binding("W", "warnings", "Warnings", show=False, id="build.warnings"),
        Binding("escape,q", "leave", "Back", show=False, id="build.leave"),
    ]
    own_keys = (
        ("j k ↓ ↑", "choose a step; its output is shown, and its line of the Dockerfile"),
        ("← →", "fold and open a stage"),
        ("f", "follow the running step again"),
        ("v", "the output, the Dockerfile, the layers of the image"),
        ("tab", "between the panes"),
        ("x", "cancel the build"),
        ("e", "edit the Dockerfile in $VISUAL or $EDITOR"),
        ("r", "build again as it is"),
        ("b", "build again, the form first"),
        ("s", "a shell in the image of the last good step (classic builder)"),
        ("L", "the files of the image's layers"),
        ("n", "run a container from the image"),
        ("W", "all warnings of the builder"),
        ("esc q", "back; the build goes on, J lists it"),
    )

    def __init__(self, job: BuildJob) -> None:
        super().__init__()
        self.job = job
        self._view: View = "output"
        self._chosen = False
        self._outcome: list[tuple[str, str]] = []
        self._unlisten: Callable[[], None] | None = None

    def compose(self) -> ComposeResult:
        ascii_only = self.hythe.settings.ascii
        job = self.job
        yield SpanLine(id="header", ascii=ascii_only)
        with Box(id="build-main"):
            yield SourcePane(job.dockerfile, job.spec.dockerfile, ascii=ascii_only, id="source-pane")
            with Vertical(id="steps-pane", classes="pane"):
                yield SpanLine(id="steps-title", classes="title", ascii=ascii_only)
                yield StepsView(id="steps", ascii=ascii_only)
            yield OutputPane(job.dockerfile, ascii=ascii_only, id="output-pane")
            yield ImagePane(ascii=ascii_only, id="image-pane")
        yield TextPane(id="outcome", ascii=ascii_only)
        yield KeyHints(id="footer", ascii=ascii_only)

    def on_mount(self) -> None:
        self._unlisten = self.job.listen(lambda: self.post_message(JobChanged()))
        self.set_interval(1.0, self._tick)
        self.set_class(bool(self.job.dockerfile), "-sourced")
        self.steps.focus()
        self.show()

    def on_unmount(self) -> None:
        if self._unlisten is not None:
            self._unlisten()

    @property
    def steps(self) -> StepsView:
        """The tree of steps."""
        return self.query_one("#steps", StepsView)

    @property
    def source(self) -> SourcePane:
        """The Dockerfile."""
        return self.query_one("#source-pane", SourcePane)

    @property
    def output(self) -> OutputPane:
        """The output of the step under the cursor."""
        return self.query_one("#output-pane", OutputPane)

    @property
    def log_view(self) -> LogView:
        """The lines of that output."""
        return self.output.view

    @property
    def image(self) -> ImagePane:
        """The layers of the image."""
        return self.query_one("#image-pane", ImagePane)

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
        self._show_upload(now)
        rows = step_rows(job.build, job.dockerfile)
        self.steps.set_notice("no step was told of" if job.ended else "waiting for the builder's first step …")
        self.steps.set_steps(
            [Step(r.id, r.title, STATES[r.state.value], r.started, r.ended, r.detail, r.group) for r in rows],
            job.ended or now,
        )
        if job.dockerfile:
            self.source.show(job.build)
        self._show_step()
        self._show_image()
        self._show_outcome(now)
        self._show_hints()

    def _show_upload(self, now: float) -> None:
        job, sending = self.job, self.job.sending
        upload = Upload(
            sending.sent,
            sending.started,
            sending.ended,
            sending.total,
            job.plan.way.kind in ("session", "control"),
            upload_is_over(job.build, ended=job.ended is not None),
        )
        who = way_title(job.plan.way.kind, podman=self.session.ping.is_podman)
        self.query_one("#steps-title", SpanLine).show(upload_spans(upload, now), [(f"{who} ", "dim")])

    def on_steps_view_highlighted(self, _message: StepsView.Highlighted) -> None:
        self._show_step()
        step = self._step()
        if step is not None and self.job.dockerfile:
            self.source.go_to(step)

    def on_source_view_highlighted(self, message: SourceView.Highlighted) -> None:
        if (step := self.source.step_at(self.job.build, message.number)) and self.focused is self.source.view:
            self.steps.select(step)

    def on_weights_view_highlighted(self, message: WeightsView.Highlighted) -> None:
        if message.weight.key is not None and self.job.dockerfile:
            self.source.view.go_to(message.weight.key)

    def _step(self) -> BuildStep | None:
        here = self.steps.cursor_step
        return self.job.build.steps.get(here.id) if here is not None else None

    def _show_step(self) -> None:
        step = self._step()
        self.output.show(step, self.job.build.logs.get(step.id, StepLog()) if step is not None else StepLog())

    def _show_image(self) -> None:
        report = self.job.report
        if report is None:
            built = self.job.build.result is not None
            self.image.show((), "looking at the image …" if built else "there is no image yet")
            return
        self.image.show(report.layers, report.problem or "the daemon tells of no layers")
        self._give_room()
        if not self._chosen and self._view == "output" and self.steps.following:
            self._chosen = True
            self._set_view("image")

    def _give_room(self) -> None:
        """Let the image's layers have the rows that they need, within their share, and the steps all others."""
        main = self.query_one("#build-main", Box)
        needed = self.image.view.row_count + 1
        if self._view == "image" and 1 < needed < main.size.height * 3 // 5:
            main.styles.grid_rows = f"1fr {needed}"
        else:
            main.styles.clear_rule("grid_rows")

    def _show_outcome(self, now: float) -> None:
        job = self.job
        lines = failure_lines(job.build, job.dockerfile, job.hint) or result_lines(job.build, job.spec.tag)
        if job.state == "cancelled":
            lines = [("cancelled: the connection was closed, which stops the build at the daemon", "warn")]
        elif job.state == "failed" and not lines:
            lines = [(job.error, "bad")]
        if job.report is not None:
            # the age of the last build as it was at the end, so that it stands still
            lines = [*lines, *rebuilt_lines(job.report.rebuilt, job.report.before, job.ended or now)]
            lines += [(job.report.problem, "warn")] if job.report.problem else []
        lines = [*lines, *warning_lines(job.build)]
        if lines != self._outcome:
            self._outcome = lines
            pane = self.query_one("#outcome", TextPane)
            pane.set_lines(lines)
            pane.set_class(bool(lines), "-shown")

    def _show_hints(self) -> None:
        running = self.job.state == "running"
        built = self.job.build.result is not None and not running
        local = self.job.plan.context is not None
        hints = [
            ("layers", "L", "layers", built),
            ("run", "n", "run", built),
            ("cancel", "x", "cancel", running),
            ("shell", "s", "shell", self.job.state == "failed" and bool(last_good_image(self.job.build))),
            ("edit", "e", "edit", local and not running),
            ("rebuild", "r", "build again", not running),
            ("again", "b", "form", True),
            ("view", "v", "view", True),
            ("follow", "f", "follow", running),
            ("warnings", "W", "warnings", bool(self.job.build.warnings)),
            ("command('app.jobs')", "J", "jobs", running),
            ("leave", "q", "back, and it goes on" if running else "back", True),
        ]
        self.query_one("#footer", KeyHints).hint([hint for hint in hints if hint[3]])

    # views

    def _views(self) -> Sequence[View]:
        """What can be seen in the lower pane; the Dockerfile too where it does not stand beside."""
        beside = self.has_class("-wide") or not self.job.dockerfile
        views: list[View] = ["output"] if beside else ["output", "source"]
        return [*views, "image"] if self.job.build.result is not None else views

    def _set_view(self, view: View) -> None:
        self._view = view
        for one in ("output", "source", "image"):
            self.set_class(one == view, f"-view-{one}")
        self._give_room()
        if self.focused is None or not self.focused.display or not self.focused.is_on_screen:
            self.steps.focus()

    def action_view(self) -> None:
        """Show the next of the output, the Dockerfile and the image."""
        self._chosen = True
        views = self._views()
        at = views.index(self._view) + 1 if self._view in views else 0
        self._set_view(views[at % len(views)])

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-wide")
        if self._view not in self._views():
            self._set_view("output")
        self.call_after_refresh(self._give_room)

    # keys

    def action_cancel(self) -> None:
        """Stop the build."""
        if self.job.state == "running":
            self.run_worker(self.job.cancel, group="cancel")

    def action_again(self) -> None:
        """Open the form as it was filled in for this build."""
        self.open("build", spec=self.job.spec)

    def action_rebuild(self) -> None:
        """Build the same again."""
        if self.job.state == "running":
            self.note("this build is still running: x cancels it", "warning")
        else:
            # not in this screen's worker, which would end with the screen
            self.hythe.run_worker(partial(rebuild, self, self.job), group="again", exclusive=True)

    def action_edit(self) -> None:
        """Open the Dockerfile in the user's editor."""
        context = self.job.plan.context
        if context is None:
            self.note("the daemon fetched this Dockerfile: there is none here to edit", "warning")
            return
        self.run_worker(partial(edit, self, str(context.source)), group="aside", exclusive=True)

    def action_shell(self) -> None:
        """Open a shell in the image that the last good step left."""
        image = last_good_image(self.job.build)
        if not image:
            self.note("BuildKit keeps no images of steps: build with the classic builder for a shell in one", "warning")
            return
        self.run_worker(partial(open_shell, self, image), group="aside", exclusive=True)

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
            self.run_worker(partial(self.tell, "Warnings", "\n".join(text for text, _ in lines)), group="warnings")

    def action_leave(self) -> None:
        """Go back; the build goes on."""
        self.hythe.pop_screen()

    async def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        await self.run_action(message.id)
