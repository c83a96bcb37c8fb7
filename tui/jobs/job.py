"""Long work that outlives the screen which started it: state, progress, cancel."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Literal

JobState = Literal["running", "done", "failed", "cancelled"]
_numbers = itertools.count(1)


class Job:
    """One piece of work. Subclasses do it in `work` and call `changed` as it goes on.

    `line` is the docker command that it equals; times are seconds since the epoch; `fraction` is 0 to 1, None where it
    can't be known; `progress` says in words where it stands; `error` keeps the daemon's own words; `screen` is the
    name of the screen that shows it.
    """

    screen = "jobs"

    def __init__(self, title: str, line: str) -> None:
        self.id = next(_numbers)
        self.title = title
        self.line = line
        self.state: JobState = "running"
        self.started = time.time()
        self.ended: float | None = None
        self.progress = ""
        self.fraction: float | None = None
        self.error = ""
        self._listeners: list[Callable[[], object]] = []
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False

    async def work(self) -> None:
        """Do it. Returns when it is done; raises what ends it."""
        raise TypeError(f"{type(self).__name__} does not say how it works")

    def failure(self, error: Exception) -> str:
        """Return the sentence that tells of `error`."""
        return str(error) or type(error).__name__

    def start(self) -> None:
        """Begin. Needs a running event loop."""
        self._task = asyncio.create_task(self._run())

    async def cancel(self) -> None:
        """Stop it, and return when it has stopped; one that has ended is left as it is.

        Who asks again meanwhile waits with the first: to be cancelled twice would break off its tidying up.
        """
        if self._task is not None and not self._task.done():
            if not self._cancelled:
                self._cancelled = True
                self._task.cancel()
            await asyncio.wait([self._task])
            if self.state == "running":  # cancelled before its task ever ran: nothing of it was entered
                self._end("cancelled")

    async def wait(self) -> None:
        """Return when it has ended, however."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def wait_or_cancel(self) -> None:
        """Return when it has ended, however; cancelled meanwhile, as when a screen is left, this cancels it too."""
        try:
            await self.wait()
        except asyncio.CancelledError:
            await self.cancel()
            raise

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` on each change; the function returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def changed(self) -> None:
        """Tell the listeners that something is new."""
        for listener in tuple(self._listeners):
            listener()

    async def _run(self) -> None:
        try:
            await self.work()
        except asyncio.CancelledError:
            self._end("cancelled")
        except Exception as error:  # noqa: BLE001 - whatever ends a job is told in the job, not lost in a task
            self.error = self.failure(error)
            self._end("failed")
        else:
            self._end("done")

    def _end(self, state: JobState) -> None:
        self.state = state
        self.ended = time.time()
        self.changed()


class Jobs:
    """The jobs of this run of hythe, newest first, the last 100 ended ones kept; `on_change` follows every job."""

    def __init__(self, on_change: Callable[[], object]) -> None:
        self._jobs: list[Job] = []
        self._on_change = on_change

    def __iter__(self):
        return iter(self._jobs)

    @property
    def running(self) -> list[Job]:
        """Those that are under way."""
        return [job for job in self._jobs if job.state == "running"]

    def start(self, job: Job) -> None:
        """Begin a job and keep it here."""
        ended = [old for old in self._jobs if old.state != "running"]
        self._jobs = [job, *(old for old in self._jobs if old.state == "running" or old in ended[:99])]
        job.listen(self._on_change)
        job.start()
        self._on_change()

    async def close(self) -> None:
        """Cancel whatever runs, and what ended jobs still look at, and wait for it."""
        await asyncio.gather(*(job.cancel() for job in self._jobs))
