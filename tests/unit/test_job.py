"""A job's life: done, failed, cancelled, also before it began."""

import asyncio
import threading

import pytest

from tui.engine.threads import in_thread
from tui.jobs.job import Job, Jobs


class Waits(Job):
    """A job that ends when it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__("wait", "docker wait")
        self.go = asyncio.Event()
        self._error = error

    async def work(self) -> None:
        await self.go.wait()
        if self._error is not None:
            raise self._error


async def test_done() -> None:
    job = Waits()
    job.start()
    job.go.set()
    await job.wait()
    assert (job.state, job.error) == ("done", "")
    assert job.ended is not None


async def test_failed_keeps_the_words() -> None:
    job = Waits(ValueError("no space left"))
    job.start()
    job.go.set()
    await job.wait()
    assert (job.state, job.error) == ("failed", "no space left")


@pytest.mark.parametrize("begun", [True, False])
async def test_cancelled(begun: bool) -> None:
    job = Waits()
    seen: list[str] = []
    job.listen(lambda: seen.append(job.state))
    job.start()
    if begun:
        await asyncio.sleep(0)
    await job.cancel()
    assert job.state == "cancelled"
    assert job.ended is not None
    assert seen == ["cancelled"]


class Tidies(Job):
    """A job that takes its time to tidy up."""

    def __init__(self) -> None:
        super().__init__("tidy", "docker wait")
        self.go = asyncio.Event()
        self.tidy = False

    async def work(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await self.go.wait()
            self.tidy = True


async def test_who_cancels_again_waits_for_the_first_to_tidy_up() -> None:
    jobs = Jobs(lambda: None)
    job = Tidies()
    jobs.start(job)
    await asyncio.sleep(0)
    first = asyncio.create_task(job.cancel())
    await asyncio.sleep(0)
    again = asyncio.create_task(jobs.close())
    await asyncio.sleep(0.01)
    assert job.state == "running"
    assert not again.done()
    job.go.set()
    await asyncio.gather(first, again)
    assert job.tidy
    assert job.state == "cancelled"


async def test_a_thread_is_waited_for_however_often_one_is_cancelled() -> None:
    ended, go = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(10)
        ended.set()

    waiting = asyncio.create_task(in_thread(work))
    for _ in range(3):
        await asyncio.sleep(0.01)
        waiting.cancel()
    await asyncio.sleep(0.01)
    assert not waiting.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


async def test_who_waits_and_is_cancelled_takes_the_job_along() -> None:
    job = Waits()
    job.start()
    waiting = asyncio.create_task(job.wait_or_cancel())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert job.state == "cancelled"


async def test_the_list_ends_all_that_runs() -> None:
    jobs = Jobs(lambda: None)
    for _ in range(3):
        jobs.start(Waits())
    assert len(jobs.running) == 3
    await jobs.close()
    assert not jobs.running
    assert [job.state for job in jobs] == ["cancelled"] * 3
