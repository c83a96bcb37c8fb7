"""Long work: what runs, how far it is, and a key to cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.commands.session import Session
from tui.jobs.job import Job
from tui.present.units import duration
from tui.screens.text_list import ListScreen
from widgets.choice_list import Choice, ChoiceList

TONES = {"running": "busy", "done": "good", "failed": "bad", "cancelled": "warn"}


class JobsScreen(ListScreen):
    """The jobs of this run, newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "cancel", "Cancel", show=False, id="jobs.cancel")]
    heading = "jobs"
    hints = (("enter", "open"), ("x", "cancel"))
    own_keys = (("enter", "open the job"), ("x", "cancel the job"), ("esc q", "back"))

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(0.5, self.fill)

    def choices(self) -> Sequence[Choice]:
        lines = [Choice(str(job.id), self._spans(session, job)) for session, job in self.hythe.jobs()]
        return lines or [
            Choice.note("no jobs yet: builds, pulls, backups and others are listed here, the ended ones too", "dim")
        ]

    def _spans(self, session: Session, job: Job) -> tuple[tuple[str, str], ...]:
        took = duration((job.ended or session.now()) - job.started)
        share = "" if job.fraction is None or job.state != "running" else f"{job.fraction:4.0%} "
        return (
            (f"{job.state:<10}", TONES[job.state]),
            (f"{took:>8}  ", "dim"),
            (f"{job.title}  ", ""),
            (f"{session.name}  " if self.hythe.many_hosts else "", session.tone),
            (f"{share}{job.error or job.progress}", "bad" if job.error else "dim"),
        )

    def _job(self, key: str | None) -> tuple[Session, Job] | None:
        return next(((session, job) for session, job in self.hythe.jobs() if str(job.id) == key), None)

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        if (found := self._job(message.key)) is None:
            return
        session, job = found
        if job.screen == "jobs":
            text = "\n".join(filter(None, (f"$ {job.line}", job.progress, job.error)))
            self.run_worker(partial(self.tell, f"{job.title}: {job.state}", text), group="tell")
        else:
            self.open(job.screen, session=session, job=job)

    def action_cancel(self) -> None:
        """Cancel the job under the cursor."""
        found = self._job(self.lines.chosen)
        if found is not None and (job := found[1]).state == "running":
            self.run_worker(job.cancel, group="jobs")
            self.note(f"cancelling {job.title} …")
