"""What is being removed: each object with what became of it, and how much the daemon counts less afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.jobs.clean_up import CleanUpJob, Fate
from tui.present.clean_up import described
from tui.present.units import duration
from tui.screens.text_list import ListScreen
from widgets.choice_list import Choice

MARKS: Mapping[Fate, tuple[str, str, str]] = {
    "kept": ("▲", "!", "warn"),
    "removing": ("◐", "o", "busy"),
    "waiting": ("◌", ".", "dim"),
    "removed": ("●", "+", "good"),
    "gone": ("○", "-", "dim"),
}
"""The glyph, its ASCII stand-in and the tone of each fate; those stand first that there is something to say of."""


class CleanUpJobScreen(ListScreen):
    """One clean-up; it goes on when the screen is left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "cancel", "Cancel", show=False, id="clean_up_job.cancel")]
    heading = "clean up"
    hints = (("x", "cancel"),)
    own_keys = (("x", "cancel: what was not reached stays"), ("esc q", "back, and it goes on"))

    def __init__(self, job: CleanUpJob) -> None:
        super().__init__()
        self._job = job

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(0.5, self.fill)

    def fill(self) -> None:
        if self._job.state != "running" and self.hints:
            self.hints = ()  # nothing goes on that could be cancelled
            self.show_hints()
        super().fill()

    def choices(self) -> Sequence[Choice]:
        return list(self._lines())

    def _lines(self) -> Iterator[Choice]:
        job = self._job
        took = duration((job.ended or self.session.now()) - job.started)
        share = "" if job.fraction is None or job.state != "running" else f"{job.fraction:.0%}  "
        tone = {"running": "busy", "done": "good", "failed": "bad", "cancelled": "warn"}[job.state]
        yield Choice.heading(job.title)
        yield Choice(None, ((f" {job.state}  ", tone), (f"{took}  {share}{job.progress}", "")))
        if job.error:
            yield Choice.note(f" {job.error}", "bad")
        yield Choice.note("", "")
        for wanted, (glyph, ascii_glyph, tone) in MARKS.items():
            for each in job.objects:
                fate, why = job.fates[each.key]
                if fate == wanted:
                    mark = ascii_glyph if self.ascii else glyph
                    yield Choice(each.key, ((f"{mark} {fate:<9} ", tone), (described(each), ""), (f"  {why}", tone)))

    def action_cancel(self) -> None:
        """Cancel it."""
        if self._job.state == "running":
            self.run_worker(self._job.cancel, group="jobs")
