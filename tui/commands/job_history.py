"""Jobs in the history: the docker line that a job equals, and how it ended."""

from __future__ import annotations

from tui.commands.history import Entry
from tui.commands.session import Session
from tui.jobs.job import Job


def end_entry(entry: Entry, job: Job) -> None:
    """Write down how a job ended, once it has."""
    if job.state != "running" and entry.outcome == "running":
        entry.close("ok" if job.state == "done" else "failed" if job.error else "cancelled", job.error)


def start_job(session: Session, job: Job) -> None:
    """Start a job of a host, with its line in the history; a daemon that tells no events is read again at its end."""
    entry = session.history.begin(job.line, session.name)

    def look() -> None:
        over = job.state != "running" and entry.outcome == "running"
        end_entry(entry, job)
        if over and not session.feed.tells_events:
            session.feed.refresh()

    job.listen(look)
    session.jobs.start(job)
