"""Reads an image's layers for a screen: as a job, with the docker line in the history where the daemon was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tui.commands.history import Entry
from tui.commands.job_history import end_entry
from tui.commands.session import Session
from tui.jobs.layers import LayersJob
from tui.present.units import duration
from tui.screens.base import HytheScreen

T = TypeVar("T")


class LayersReading:
    """The readings of one screen; `on_progress` is called as they go on. A reading ends with the screen."""

    def __init__(self, screen: HytheScreen, on_progress: Callable[[], object]) -> None:
        self._screen = screen
        self._on_progress = on_progress
        self.job: LayersJob | None = None

    @property
    def running(self) -> bool:
        """Whether an archive is being read."""
        return self.job is not None and self.job.state == "running"

    async def read(
        self, session: Session, image: str, title: str, expected: int = 0, job: LayersJob | None = None
    ) -> LayersJob:
        """Return the job that read an image, once it has ended; `job` is one that is under way, or ended, already."""
        entries: list[Entry] = []
        if job is None:
            made = LayersJob(session.engine, session.layer_cache, image, title, expected)
            made.on_ask = lambda: entries.append(session.history.begin(made.line, session.name))
            job = made
            self.job = job
            session.jobs.start(job)
        self.job = job
        clock = self._screen.set_interval(1.0, self._on_progress)
        stop = job.listen(self._on_progress)
        self._on_progress()
        try:
            await job.wait_or_cancel()
        finally:
            stop()
            clock.stop()
            for entry in entries:
                end_entry(entry, job)
        if problem := session.layer_cache.take_problem():
            self._screen.note(problem, "warning")
        return job

    async def cancel(self) -> None:
        """Cancel the reading."""
        if self.job is not None:
            await self.job.cancel()

    def waiting_words(self, now: float) -> str:
        """Return what is being waited for before the first byte; empty once something came."""
        job = self.job
        if job is None or job.state != "running" or job.seen:
            return ""
        if not job.asked:
            return f"{job.progress} ..."
        return (
            f"The daemon is preparing the archive ({duration(max(0.0, now - job.started))}).\n"
            "It sends nothing before it has the whole, so how far it is can't be told.\nx cancels."
        )


async def begin(work: Coroutine[Any, Any, T], begun: Callable[[], object]) -> T:
    """Return what some work returns; `begun` is called when it has taken its first step.

    Cancelled meanwhile it cancels the work, and waits for its end.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.sleep(0)
        begun()
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait([task])
        raise
