"""Begins a job that equals one docker line, and writes in the history how that ended."""

from __future__ import annotations

from tui.commands.session import Session
from tui.jobs.job import Job


def start_job(session: Session, job: Job) -> None:
    """Begin a job on a host; its line stands in the history from now on."""
    entry = session.history.begin(job.line, session.name)

    def close() -> None:
        if job.state != "running" and entry.outcome == "running":
            entry.close("ok" if job.state == "done" else job.state, job.error)

    job.listen(close)
    session.jobs.start(job)
