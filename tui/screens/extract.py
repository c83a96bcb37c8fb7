"""What is being taken out of an image or a container: how far it is, what came of it, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.jobs.copy_out import CopyOutJob
from tui.jobs.extract import ExtractJob
from tui.present.units import duration, plural, size
from tui.screens.text_list import ListScreen
from widgets.choice_list import Choice


class ExtractScreen(ListScreen):
    """One extraction; it goes on when the screen is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel", "Cancel", show=False, id="extract.cancel"),
        Binding("y", "copy", "Copy the path", show=False, id="extract.copy"),
    ]
    heading = "extract"
    hints = (("x", "cancel"), ("y", "copy path"))
    own_keys = (("x", "cancel; nothing stays of it"), ("y", "copy where it went"), ("esc q", "back, and it goes on"))

    def __init__(self, job: ExtractJob | CopyOutJob) -> None:
        super().__init__()
        self._job = job

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(0.5, self.fill)

    def choices(self) -> Sequence[Choice]:
        job = self._job
        took = duration((job.ended or self.session.now()) - job.started)
        share = "" if job.fraction is None or job.state != "running" else f"  {job.fraction:.0%}"
        lines = [
            Choice.heading(job.title),
            Choice.note(f"{job.state} ({took}){share}", "bad" if job.error else "good" if job.state == "done" else ""),
            Choice("target", (("to     ", "dim"), (str(job.target), "accent"))),
        ]
        if job.state in ("running", "done"):  # of one that failed nothing is there
            lines.append(Choice.note(f"that is {plural(job.files, 'file')}, {size(job.total or job.written)}", "dim"))
        if job.error or job.progress:
            lines.append(Choice.note(job.error or job.progress, "bad" if job.error else ""))
        if job.state == "running":
            lines.append(Choice.note("nothing is seen there before all of it is; x cancels and leaves nothing", "dim"))
        if job.left_out_count:
            lines.append(Choice.heading(f"left out: {job.left_out_count:,}"))
            lines += [Choice(f"out{at}", ((f"{words}", "warn"),)) for at, words in enumerate(job.left_out)]
            if job.left_out_count > len(job.left_out):
                lines.append(Choice.note(f"and {job.left_out_count - len(job.left_out):,} more", "dim"))
        return lines

    def action_cancel(self) -> None:
        """Cancel it."""
        if self._job.state == "running":
            self.run_worker(self._job.cancel, group="jobs")

    def action_copy(self) -> None:
        """Copy where it goes."""
        self.copy(str(self._job.target))
