"""A job's life: done, failed, cancelled, also before it began."""

import asyncio

import pytest

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
