"""When the log of a container has been read up to now, and the order of the lines of several."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from tui.jobs.log_feed import LogFeed
from tui.jobs.log_merge import Pool
from tui.jobs.log_source import LOOK_SECONDS, RESUME_LINES, WHOLE_SECOND, LogAccess, LogSource, Target
from tui.model.containers import Container
from tui.model.log_record import LogBatch, Stream
from tui.store.state import State
from tui.store.table import Table
from waiting import until

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


class Looping:
    """A daemon whose container ends at once and is started again; one run is over before anybody looks at it.

    While it waits to be restarted, its daemon counts the start that is still to come, beside the start of the last run.
    """

    RECORDS = (
        RUN_0 := msgspec.structs.replace(RUNNING, started=100.0, restarts=0),
        msgspec.structs.replace(RUN_0, state="restarting", started=101.0, restarts=2, exit_code=3),
        msgspec.structs.replace(RUN_0, state="running", started=102.0, restarts=2),
        msgspec.structs.replace(RUN_0, state="exited", started=102.0, restarts=2, exit_code=3),
    )

    def __init__(self) -> None:
        self.at = 0
        self.followed: list[str] = []

    @property
    def state(self) -> State:
        return State(tables={"containers": Table(records={RUNNING.id: self.RECORDS[self.at]})})

    async def read(self, _container: str) -> Container:
        return self.RECORDS[self.at]

    async def log_batches(self, _container: str, *, follow: bool = False, **_more: Any) -> AsyncGenerator[LogBatch]:
        if follow:
            self.followed.append(self.RECORDS[self.at].state)
        yield LogBatch()
        yield lines(*(round((100.5 + run) * 1e9) for run in range(self.at + 1 if self.at < 3 else 3)))
        if follow:
            self.at += 1  # it ends, and is started again


async def test_each_restart_is_marked_once_and_by_its_own_number() -> None:
    daemon = Looping()
    target = Target(cast(LogAccess, daemon), lambda: daemon.state, Looping.RUN_0, "web")
    source = LogSource(target, 100, lambda: None)
    said: list[str] = []

    def take(_source: LogSource, batch: LogBatch) -> None:
        said.extend(record.text for record in batch.records() if record.stream is Stream.SYSTEMERR)

    following = asyncio.create_task(source.run(take))
    await until(lambda: sum("ended" in text for text in said) == 2)
    daemon.at = 2
    await until(lambda: daemon.at == 3 and sum("ended" in text for text in said) == 3)
    following.cancel()
    assert [text for text in said if "again" in text] == [
        "— web started again, restart 1 —",
        "— web started again, restart 2 —",
    ]
    assert daemon.followed == ["running", "running"], "one that waits to be restarted is not followed into its next run"


class Replaced:
    """A daemon whose container is another one, with a log of its own, as soon as `at` is 1."""

    RECORDS = (
        FIRST := msgspec.structs.replace(RUNNING, started=1.0),
        msgspec.structs.replace(FIRST, id="d" * 64, started=2.0, created=2.0),
    )
    WRITTEN = (range(1, 4), range(10, 10 + RESUME_LINES + 1_000))

    def __init__(self) -> None:
        self.at = 0

    @property
    def state(self) -> State:
        record = self.RECORDS[self.at]
        return State(tables={"containers": Table(records={record.id: record})})

    async def read(self, container: str) -> Container:
        return next(record for record in self.RECORDS if record.id == container)

    async def log_batches(
        self, container: str, *, follow: bool = False, tail: int | None = None, **_more: Any
    ) -> AsyncGenerator[LogBatch]:
        written = [time * WHOLE_SECOND for time in self.WRITTEN[container == self.RECORDS[1].id]]
        yield lines(*written[max(0, len(written) - tail) if tail is not None else 0 :])
        if follow:
            await asyncio.Event().wait()


async def test_of_a_container_that_took_the_place_of_another_every_line_is_read() -> None:
    daemon = Replaced()
    target = Target(cast(LogAccess, daemon), lambda: daemon.state, Replaced.FIRST, "web")
    said: list[LogBatch] = []
    sink = SimpleNamespace(append=lambda found: said.append(found.batch))
    feed = LogFeed([target], sink, tail=100, on_phase=lambda: None)
    await following(feed, lambda: feed.sources[0].phase == "following")
    daemon.at = 1
    await following(feed, lambda: sum(map(len, said)) >= 4 + RESUME_LINES)
    read = [text.decode() for batch in said for text in batch.texts if text.startswith(b"line")]
    assert read == [f"line {time * WHOLE_SECOND}" for times in Replaced.WRITTEN for time in times]
    assert feed.at_start


class Seconds:
    """A daemon that tells of its lines the second alone, as Podman does; the stream ends when `cut` is set."""

    def __init__(self, times: list[int]) -> None:
        self.written = list(times)
        self.cut = asyncio.Event()
        self.asked: list[tuple[int | None, str]] = []

    async def log_batches(
        self,
        _container: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: str = "",
        until: str = "",
        **_: Any,
    ) -> AsyncGenerator[LogBatch]:
        self.asked.append((tail, since))
        last = float(until) if until else 1e9
        first = float(since) if since else 0.0
        numbered = [(n, time) for n, time in enumerate(self.written) if first <= time <= last]
        numbered = numbered[max(0, len(numbered) - tail) :] if tail is not None else numbered
        for half in (numbered[: len(numbered) // 2], numbered[len(numbered) // 2 :]):
            batch = LogBatch()
            for n, time in half:
                batch.add(b"%d" % n, Stream.STDOUT, time * WHOLE_SECOND)
            yield batch
        if follow:
            await self.cut.wait()

    async def read(self, _container: str) -> Container:
        return RUNNING


def feed_on(daemon: Seconds, container: Container, taken: list[str], *, tail: int = 100) -> LogFeed:
    state = State(tables={"containers": Table(records={container.id: container})})
    target = Target(cast(LogAccess, daemon), lambda: state, container, "web")
    sink = SimpleNamespace(append=lambda found: taken.extend(line.text for line in found.batch.records()))
    return LogFeed([target], sink, tail=tail, on_phase=lambda: None)


async def following(feed: LogFeed, ready: Callable[[], bool]) -> None:
    """Follow until something is so."""
    task = asyncio.create_task(feed.run())
    async with asyncio.timeout(20):
        while not ready():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def texts(*numbers: int) -> list[str]:
    return [str(number) for number in numbers]


async def test_all_is_read_that_was_written_since_there_was_nothing() -> None:
    daemon = Seconds([])
    taken: list[str] = []
    feed = feed_on(daemon, RUNNING, taken, tail=10)
    await following(feed, lambda: feed.sources[0].phase == "following")
    assert feed.at_start
    daemon.written += range(1, 3_001)
    await following(feed, lambda: taken[-1:] == texts(2_999))
    assert taken == texts(*range(3_000))
    assert feed.at_start


async def test_lines_of_one_second_are_neither_lost_nor_doubled_when_a_stream_goes_on() -> None:
    daemon = Seconds([7, 7, 8, 8, 8])
    taken: list[str] = []
    feed = feed_on(daemon, RUNNING, taken)
    await following(feed, lambda: len(taken) == 5)
    daemon.written += [8, 8, 9]
    await following(feed, lambda: len(taken) >= 8)
    assert taken == texts(*range(8))


async def test_a_second_with_more_lines_than_are_looked_at_is_searched_for() -> None:
    daemon = Seconds([7, *[8] * (RESUME_LINES + 50)])
    taken: list[str] = []
    feed = feed_on(daemon, RUNNING, taken, tail=5_000)
    await following(feed, lambda: len(taken) == RESUME_LINES + 51)
    daemon.written += [8, 9]
    await following(feed, lambda: len(taken) >= RESUME_LINES + 53)
    assert taken == texts(*range(RESUME_LINES + 53))
    assert daemon.asked[1:] == [(RESUME_LINES, ""), (None, "8.000000000")]


async def test_older_lines_of_one_second_are_all_there() -> None:
    daemon = Seconds([5, 6, 6, 6, 6, 7, 7])
    taken: list[str] = []
    feed = feed_on(daemon, RUNNING, taken, tail=4)
    await following(feed, lambda: len(taken) == 4)
    assert taken == texts(3, 4, 5, 6)
    older = [await feed.older(1), await feed.older(1)]
    assert [[line.text for line in found.batch.records()] for found in older] == [texts(2), texts(1)]
    rest = [line.text async for found in feed.from_start() for line in found.batch.records()]
    assert rest == texts(0)


async def test_the_first_lines_of_a_container_are_no_earlier_run() -> None:
    """They were written in the second in which it was started, which is told exactly."""
    daemon = Seconds([7, 7, 8])
    taken: list[str] = []
    feed = feed_on(daemon, msgspec.structs.replace(RUNNING, started=7.9), taken)
    await following(feed, lambda: len(taken) >= 3)
    assert taken == texts(0, 1, 2)
    taken.clear()
    feed = feed_on(daemon, msgspec.structs.replace(RUNNING, started=8.1), taken)
    await following(feed, lambda: len(taken) >= 4)
    assert [text for text in taken if "started again" not in text] == texts(0, 1, 2)
    assert "started again" in taken[2]
