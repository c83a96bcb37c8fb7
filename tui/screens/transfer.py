"""A pull or a push as it goes on: one bar a layer, how fast, how long still, and what the daemon said at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.jobs.transfer import LayerProgress, TransferJob
from tui.present.units import duration, plural, rate
from tui.screens.jobs import TONES
from tui.screens.text_list import ListScreen
from widgets.bars import Progress, progress_spans
from widgets.choice_list import Choice
from widgets.line_view import Span
from widgets.literal import literal, wrap

SECONDS = 0.25
MOST_WORDS = 2_000


class TransferScreen(ListScreen):
    """One line for the whole, then one a layer."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "cancel", "Cancel", show=False, id="transfer.cancel")]
    heading = "transfer"
    hints = (("x", "cancel"), ("esc", "back, it goes on"))
    own_keys = (("x", "cancel it"), ("esc q", "back; it goes on, J lists it"))

    def __init__(self, job: TransferJob) -> None:
        super().__init__()
        self._job = job

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(SECONDS, self.fill)

    def fill(self) -> None:
        if self._job.state != "running" and self.hints:
            self.hints = ()  # nothing goes on that could be cancelled
            self.show_hints()
        super().fill()

    def choices(self) -> Sequence[Choice]:
        job = self._job
        width = max(20, self.lines.size.width - 1)
        took = duration((job.ended or self.session.now()) - job.started)
        head: list[Span] = [(f"{job.state:<10}", TONES[job.state]), (f"{job.title}  ", "bold"), (took, "dim")]
        if (left := job.time_left) is not None:
            head.append((f"  {duration(left)} left", "accent"))
        lines = [Choice(None, tuple(head)), Choice(None, tuple(self._whole(width)))]
        if job.error:
            lines += [Choice.note(line, "bad") for line in self._wrapped(job.error, width)]
            lines += [Choice.note(line, "warn") for line in self._wrapped(job.hint, width)]
        # what can be chosen stands one cell further in
        lines += [Choice(layer.id, tuple(self._layer(layer, width - 1))) for layer in job.picture.layers]
        lines += [Choice.note(text, "dim") for text in job.said[-4:]]
        return [*lines, Choice.note(f"$ {job.line}", "dim")]

    def _whole(self, width: int) -> list[Span]:
        picture = self._job.picture
        sized = picture.total or None
        finished = sum(layer.finished for layer in picture.layers)
        text = f"{finished} of {plural(len(picture.layers), 'layer')}" if picture.layers else self._job.progress
        if not picture.layers and self._job.state == "done":
            text = "no layer had to be moved"
        if sized and not picture.is_sized:
            text += ", not all sizes known yet"
        speed = self._job.pace.rate if self._job.state == "running" else None
        if speed is not None and not picture.is_sized:
            # as a fact of the bar it would promise an end that nobody knows yet
            text, speed = f"{text}, {rate(speed)}", None
        return progress_spans(Progress(text, picture.got, sized, speed), width, self.ascii)

    def _layer(self, layer: LayerProgress, width: int) -> list[Span]:
        text = f"{layer.id[:12]}  {layer.words}"
        if layer.total and not layer.finished:
            return progress_spans(Progress(text, layer.got, layer.total), width, self.ascii)
        return [(text, "good" if layer.finished else "dim")]

    def _wrapped(self, text: str, width: int) -> list[str]:
        lines = (literal(line, MOST_WORDS, ascii=self.ascii) for line in text.splitlines())
        return [part for line in lines for part in wrap(line, width)]

    def action_cancel(self) -> None:
        """Cancel it: the daemon ends it when the connection is closed."""
        if self._job.state == "running":
            self.run_worker(self._job.cancel, group="jobs")
            self.note(f"cancelling {self._job.title} …")
