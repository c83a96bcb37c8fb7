"""Logs as they are followed and read back, on every engine: nothing lost, nothing doubled, and marks where runs end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from engine_bench import Bench, bench_on
from tui.jobs.log_feed import LogFeed
from tui.jobs.log_merge import Merged
from tui.jobs.log_source import Target
from tui.model.log_record import LogBatch, Stream
from tui.store.feed import Feed
from tui.store.state import State

WAIT_SECONDS = 30


class Taken:
    """What a feed gave out."""

    def __init__(self) -> None:
        self.batch = LogBatch()
        self.sources: list[int] = []

    def append(self, found: Merged) -> None:
        self.batch.extend(found.batch)
        self.sources += found.sources

    @property
    def texts(self) -> list[str]:
        """The lines of containers."""
        return [record.text for record in self.batch.records() if record.stream is not Stream.SYSTEMERR]

    @property
    def marks(self) -> list[str]:
        """What is said between them."""
        return [record.text for record in self.batch.records() if record.stream is Stream.SYSTEMERR]


class Logs:
    """A log feed beside the store's feed, on an engine."""

    def __init__(self, bench: Bench, store: Feed) -> None:
        self.bench = bench
        self.store = store
        self.taken = Taken()
        self.phases = 0

    async def target(self, container: str, label: str = "") -> Target:
        """The target for a container, once the store knows it."""
        await until(lambda: container in self.store.state.containers)
        return Target(
            self.bench.engine.containers, lambda: self.store.state, self.store.state.containers[container], label
        )

    async def feed(self, *containers: str, tail: int = 500) -> LogFeed:
        targets = [await self.target(container, container[:4]) for container in containers]
        return LogFeed(targets, self.taken, tail=tail, on_phase=lambda: None)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not true():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(feed: LogFeed) -> AsyncIterator[None]:
    task = asyncio.create_task(feed.run())
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def logs(engine_socket: str) -> AsyncIterator[Logs]:
    async with bench_on(engine_socket) as bench:
        store = Feed(bench.engine, lambda: None)
        task = asyncio.create_task(store.run())
        try:
            await until(lambda: store.state.condition.is_live)
            yield Logs(bench, store)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def written(logs: Logs, container: str, count: int) -> bool:
    """Whether a log has `count` lines."""
    batches = [batch async for batch in logs.bench.engine.containers.log_batches(container, tty=False)]
    return sum(len(batch) for batch in batches) >= count


def numbers(count: int, start: int = 1) -> list[str]:
    return [str(number) for number in range(start, start + count)]


async def test_a_log_is_followed_over_a_restart(logs: Logs) -> None:
    made = await logs.bench.run("sh", "-c", "echo one; echo two; sleep 600")
    feed = await logs.feed(made)
    async with running(feed):
        await until(lambda: logs.taken.texts == ["one", "two"] and feed.sources[0].phase == "following")
        assert feed.at_start
        await logs.bench.engine.containers.restart(made, grace=0)
        await until(lambda: logs.taken.texts == ["one", "two"] * 2 and feed.sources[0].phase == "following")
        assert "ended" in logs.taken.marks[0]
        assert "started again" in logs.taken.marks[1]
        assert len(logs.taken.marks) == 2
    times = logs.taken.batch.times
    assert times == sorted(times)
    assert feed.oldest == times[0]


async def test_a_restart_is_marked_after_a_run_whose_start_was_not_seen(logs: Logs) -> None:
    """What is known of a container can lag behind: it was read as created when it already ran."""
    made = await logs.bench.create("sh", "-c", "echo one; echo two; sleep 600")
    await until(lambda: made in logs.store.state.containers)
    behind: list[State] = [logs.store.state]
    await logs.bench.engine.containers.start(made)
    await until(lambda: logs.store.state.containers[made].is_running)
    while not await written(logs, made, 2):  # noqa: ASYNC110 - nobody is told of lines that nobody follows
        await asyncio.sleep(0.01)
    access, first = logs.bench.engine.containers, behind[0].containers[made]
    known = Target(access, lambda: behind[0] if behind else logs.store.state, first, "")
    feed = LogFeed([known], logs.taken, tail=500, on_phase=lambda: None)
    async with running(feed):
        await until(lambda: logs.taken.texts == ["one", "two"] and feed.sources[0].phase == "ended")
        await logs.bench.engine.containers.restart(made, grace=0)
        started = await logs.bench.engine.containers.read(made)
        await until(lambda: logs.store.state.containers[made].started == started.started)
        behind.clear()
        await until(lambda: logs.taken.texts == ["one", "two"] * 2)
    kinds = [record.stream is Stream.SYSTEMERR for record in logs.taken.batch.records()]
    assert kinds == [False, False, True, False, False]
    assert "started again" in logs.taken.marks[0]


async def test_a_run_that_ends_is_read_to_its_last_line(logs: Logs) -> None:
    made = await logs.bench.create("sh", "-c", "seq 1 200; exit 3")
    feed = await logs.feed(made)
    async with running(feed):
        await until(lambda: feed.sources[0].phase == "ended")
        assert logs.taken.texts == []
        await logs.bench.engine.containers.start(made)
        await until(lambda: bool(logs.taken.marks))
        assert logs.taken.texts == numbers(200)
        assert "exit code 3" in logs.taken.marks[-1]


async def test_following_goes_on_where_it_was_left(logs: Logs) -> None:
    made = await logs.bench.run("sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done")
    feed = await logs.feed(made)
    for count in (5, 25, 60):
        async with running(feed):
            await until(lambda count=count: len(logs.taken.texts) >= count)
    assert logs.taken.texts == numbers(len(logs.taken.texts))
    assert logs.taken.marks == []


async def test_a_container_that_takes_the_place_of_another_is_followed(logs: Logs) -> None:
    made = await logs.bench.run("sh", "-c", "echo old; sleep 600", name="place")
    feed = await logs.feed(made)
    async with running(feed):
        await until(lambda: logs.taken.texts == ["old"] and feed.sources[0].phase == "following")
        await logs.bench.engine.containers.remove(made, force=True)
        await until(lambda: feed.sources[0].phase == "gone")
        assert "there is no container" in feed.sources[0].problem
        await logs.bench.run("sh", "-c", "echo new; sleep 600", name="place")
        await until(lambda: logs.taken.texts == ["old", "new"])
        assert any("another container now" in mark for mark in logs.taken.marks)


async def test_of_a_container_that_took_the_place_of_another_meanwhile_every_line_is_there(logs: Logs) -> None:
    made = await logs.bench.run("sh", "-c", "echo old; sleep 600", name="place")
    feed = await logs.feed(made)
    async with running(feed):
        await until(lambda: logs.taken.texts == ["old"] and feed.sources[0].phase == "following")
    await logs.bench.engine.containers.remove(made, force=True)
    other = await logs.bench.run("seq", "1", "3000", name="place")
    await logs.bench.ended(other)
    await until(lambda: other in logs.store.state.containers and made not in logs.store.state.containers)
    async with running(feed):
        await until(lambda: feed.sources[0].phase == "ended")
    assert logs.taken.texts == ["old", *numbers(3000)]


async def test_older_lines_are_read_up_to_the_start(logs: Logs) -> None:
    made = await logs.bench.run("seq", "1", "1000")
    await logs.bench.ended(made)
    feed = await logs.feed(made, tail=10)
    async with running(feed):
        await until(lambda: len(logs.taken.texts) == 10)
    assert not feed.at_start
    texts = logs.taken.texts
    sizes: list[int] = []
    for count in (50, 300, 2000):
        found = await feed.older(count)
        sizes.append(len(found))
        texts = [*(text.decode() for text in found.batch.texts), *texts]
    assert texts == numbers(1000)
    assert sizes == [50, 300, 640]
    assert feed.at_start
    assert len(await feed.older(10)) == 0


async def test_the_start_is_read_up_to_what_is_here(logs: Logs) -> None:
    made = await logs.bench.run("seq", "1", "1000")
    await logs.bench.ended(made)
    feed = await logs.feed(made, tail=10)
    async with running(feed):
        await until(lambda: len(logs.taken.texts) == 10)
    head = [text.decode() async for found in feed.from_start() for text in found.batch.texts]
    assert [*head, *logs.taken.texts] == numbers(1000)
    whole = [text.decode() async for found in feed.everything() for text in found.batch.texts]
    assert whole == numbers(1000)


async def test_several_logs_are_one_in_the_order_of_time(logs: Logs) -> None:
    ticks = "i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo {} $i; sleep 0.02; done; sleep 600"
    one = await logs.bench.run("sh", "-c", ticks.format("a"), name="a")
    two = await logs.bench.run("sh", "-c", ticks.format("b"), name="b")
    ended = await logs.bench.run("sh", "-c", "echo c; exit 0", name="c")
    feed = await logs.feed(one, two, ended, tail=15)
    async with running(feed):
        await until(lambda: {"a 20", "b 20", "c"} <= set(logs.taken.texts))
        await until(lambda: all(source.caught_up.is_set() for source in feed.sources))
    for source, letter in enumerate("ab"):
        records = zip(logs.taken.batch.records(), logs.taken.sources, strict=True)
        own = [r.text for r, number in records if number == source and r.stream is not Stream.SYSTEMERR]
        assert own == [f"{letter} {number}" for number in range(21 - len(own), 21)]
    head = [text.decode() async for found in feed.from_start() for text in found.batch.texts]
    expected = [f"{letter} {number}" for letter in "ab" for number in range(1, 21)]
    assert sorted([*head, *logs.taken.texts]) == sorted([*expected, "c"])


async def test_a_driver_that_keeps_nothing_is_told_in_the_daemons_words(logs: Logs) -> None:
    made = await logs.bench.run("sh", "-c", "echo x; sleep 600", HostConfig={"LogConfig": {"Type": "none"}})
    feed = await logs.feed(made)
    async with running(feed):
        await until(lambda: feed.sources[0].phase == "failed")
        assert feed.sources[0].problem == "configured logging driver does not support reading"
        assert logs.taken.texts == []


async def test_the_local_driver_is_read_and_followed(logs: Logs) -> None:
    made = await logs.bench.run("sh", "-c", "seq 1 50; sleep 600", HostConfig={"LogConfig": {"Type": "local"}})
    feed = await logs.feed(made, tail=20)
    async with running(feed):
        # as many as were written when it was asked, 20 at most of those, and all that came afterwards
        await until(lambda: logs.taken.texts[-20:] == numbers(20, 31))
        assert logs.taken.texts == numbers(50)[-len(logs.taken.texts) :]
        await logs.bench.engine.containers.restart(made, grace=0)
        await until(lambda: logs.taken.texts[-50:] == numbers(50) and bool(logs.taken.marks))


async def test_a_line_of_many_pieces_is_one(logs: Logs) -> None:
    script = "i=0; while [ $i -lt 4000 ]; do i=$((i+1)); printf 0123456789; done; echo; echo end"
    made = await logs.bench.run("sh", "-c", script)
    await logs.bench.ended(made)
    batches: Sequence[LogBatch] = [b async for b in logs.bench.engine.containers.log_batches(made, tty=False)]
    texts = [text for batch in batches for text in batch.texts]
    assert [len(text) for text in texts] == [40_000, 3]
