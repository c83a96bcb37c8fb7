"""When the log of a container has been read up to now, and the order of the lines of several."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

from tui.jobs.log_merge import Pool
from tui.jobs.log_source import LOOK_SECONDS, LogAccess, LogSource, Target
from tui.model.containers import Container
from tui.model.log_record import LogBatch, Stream
from tui.store.state import State
from tui.store.table import Table

RUNNING = Container(id="c" * 64, name="web", image="busybox", state="running", tty=False, inspected=True)


def lines(*times: int) -> LogBatch:
    batch = LogBatch()
    for time in times:
        batch.add(f"line {time}".encode(), Stream.STDOUT, time)
    return batch


class Slow:
    """A daemon that pauses in the middle of what was written, until `go_on`."""

    def __init__(self) -> None:
        self.paused = asyncio.Event()
        self.go_on = asyncio.Event()

    async def log_batches(
        self, _container: str, *, follow: bool = False, tail: int | None = None, **_more: Any
    ) -> AsyncGenerator[LogBatch]:
        yield LogBatch()
        if not follow:
            yield lines(4)
            return
        yield lines(1, 2)
        self.paused.set()
        await self.go_on.wait()
        yield lines(3, 4)
        await asyncio.Event().wait()


async def test_a_pause_within_what_there_was_is_not_taken_for_its_end() -> None:
    daemon = Slow()
    state = State(tables={"containers": Table(records={RUNNING.id: RUNNING})})
    target = Target(cast(LogAccess, daemon), lambda: state, RUNNING, "web")
    source = LogSource(target, 100, lambda: None, exact=True)
    taken: list[int] = []
    following = asyncio.create_task(source.run(lambda _source, batch: taken.extend(batch.times)))
    await daemon.paused.wait()
    await asyncio.sleep(2 * LOOK_SECONDS)  # the pause itself
    assert not source.caught_up.is_set()
    daemon.go_on.set()
    async with asyncio.timeout(20):
        await source.caught_up.wait()
    assert taken == [1, 2, 3, 4]
    assert source.phase == "following"
    following.cancel()


def test_lines_of_one_moment_stand_in_the_order_of_their_sources() -> None:
    pool = Pool()
    pool.add(1, lines(5, 6))
    pool.add(0, lines(5, 7))
    assert pool.release().sources == [0, 1, 1, 0]
