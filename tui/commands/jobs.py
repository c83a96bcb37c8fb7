"""Starts a job of a command: its entry in the history is closed when the job ends."""

from __future__ import annotations

from tui.commands.history import Entry
from tui.commands.session import Session
from tui.jobs.job import Job


def start_job(session: Session, job: Job) -> None:
    """Start a job on a host, and write its docker line down."""
    entry = session.history.begin(job.line, session.name)
    job.listen(lambda: _close(session, entry, job))
    session.jobs.start(job)


def _close(session: Session, entry: Entry, job: Job) -> None:
    if job.state != "running" and entry.outcome == "running":
        entry.close("ok" if job.state == "done" else job.state, job.error)
        if not session.feed.tells_events:
            session.feed.refresh()
