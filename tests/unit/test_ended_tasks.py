"""Tasks of a service that end one after the other: each is read to its end, once, and then forgotten."""

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import pytest

from tui.commands.session import Session
from tui.engine.errors import ApiError, NotFound
from tui.engine.swarm import Swarm
from tui.jobs.log_feed import LogFeed
from tui.jobs.log_merge import Merged
from tui.jobs.log_source import LogSource, Target
from tui.jobs.task_logs import TaskLogs
from tui.model.log_record import LogBatch, Stream
from tui.model.swarm import SwarmNode, SwarmService, SwarmTask
from tui.screens.log_reading import LogReading
from tui.screens.log_targets import MOST_FOLLOWED, LogTargets

WEB = SwarmService("s" * 25, "web")
NODE = SwarmNode("n" * 25, "worker", state="ready")
HISTORY = 5
"""How many tasks of a slot the manager remembers beside the one that runs, as Docker's own does."""

SECOND = 1_000_000_000


@dataclass
class FakeTask:
    """A task that the manager knows."""

    number: int
    state: str = "running"
    error: str = ""
    written: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    unended: str = ""
    """What it wrote last, without a line end."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody follows it."""
    read: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when its lines were asked for and it was not followed."""

    @property
    def id(self) -> str:
        return f"{self.number:025}"

    @property
    def task(self) -> SwarmTask:
        code = 1 if self.state == "failed" else None
        return SwarmTask(
            self.id, WEB.id, NODE.id, 1, state=self.state, error=self.error, exit_code=code, time=1000.0 + self.number
        )


class Manager:
    """A manager whose tasks the tests make, end and forget."""

    def __init__(self) -> None:
        self.known: list[FakeTask] = []
        self.open = 0
        """Streams that are followed now."""
        self.deaf = False
        """Whether what is followed brings nothing, as from a slow node."""
        self.cut = 0
        """How often the lines from the node broke: what was followed before brings nothing more, and does not end."""
        self.node = NODE
        self.failing = False
        self.removed = False
        """Whether the service was removed, whose tasks end now."""
        self._made = 0
        self._wrote = asyncio.Event()
        self.time = 1000 * SECOND

    def start(self, state: str = "running") -> FakeTask:
        self._made += 1
        task = FakeTask(self._made, state)
        self.known.append(task)
        return task

    def write(self, task: FakeTask, text: str, *, same: bool = False) -> None:
        self.time += 0 if same else SECOND
        task.written.append((self.time, text))
        self._wrote.set()
        self._wrote = asyncio.Event()

    def forget(self, task: FakeTask) -> None:
        self.known.remove(task)

    # what a Swarm is asked for

    async def tasks(self, service: str) -> list[SwarmTask]:
        if self.removed:
            raise NotFound(404, f"service {service} not found")
        return [task.task for task in self.known]

    async def nodes(self) -> list[SwarmNode]:
        return [self.node]

    def _find(self, id: str) -> FakeTask:
        found = next((task for task in self.known if task.id == id), None)
        if found is None:
            raise NotFound(404, f"task {id} not found")
        return found

    async def task(self, id: str) -> SwarmTask:
        return self._find(id).task

    async def task_log_batches(
        self,
        id: str,
        *,
        tty: bool,
        follow: bool = False,
        tail: int | None = None,
        since: str = "",
        over: asyncio.Event | None = None,
    ) -> AsyncGenerator[LogBatch]:
        assert not tty
        task = self._find(id)
        if self.failing:
            raise ApiError(400, "no log here")
        yield LogBatch()
        if not follow:
            chosen = list(task.written)[-tail if tail else 0 :]
            yield batch_of([line for line in chosen if line[0] >= moment(since)])
            task.read.set()
            return
        task.asked.set()
        at, line = 0, self.cut
        self.open += 1
        try:
            assert over is not None
            ended = asyncio.ensure_future(over.wait())
            while not over.is_set():
                wrote = self._wrote
                lines = [line for line in task.written[at:] if line[0] >= moment(since)]
                at = len(task.written)
                if lines and not self.deaf and line == self.cut:
                    yield batch_of(lines)
                coming = asyncio.ensure_future(wrote.wait())
                await asyncio.wait([coming, ended], return_when=asyncio.FIRST_COMPLETED)
                coming.cancel()
            if task.unended:
                yield batch_of([(self.time, task.unended)])
        finally:
            ended.cancel()
            self.open -= 1


def moment(since: str) -> int:
    seconds, _, rest = since.partition(".")
    return int(seconds) * SECOND + int(rest) if since else 0


def batch_of(lines: list[tuple[int, str]]) -> LogBatch:
    batch = LogBatch()
    for time, text in lines:
        batch.add(text.encode(), Stream.STDOUT, time)
    return batch


class Reader:
    """In the place of the reading of a screen: keeps what the feed gives out."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.labels: set[str] = set()
        self._changed = asyncio.Event()
        self.feed = LogFeed([], self, tail=100, on_phase=self.changed, growing=True)
        self.run = self.feed.run

    @property
    def sources(self) -> list[LogSource]:
        return list(self.feed.sources)

    def changed(self) -> None:
        self._changed.set()

    def append(self, found: Merged) -> None:
        self.labels |= {self.feed.label(number) for number in found.sources}
        self.lines += [record.text for record in found.batch.records()]
        self._changed.set()

    def phases(self) -> list[str]:
        return [source.phase for source in self.sources]

    async def until(self, true: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until it is true, looking with each line and each new phase."""
        async with asyncio.timeout(seconds):
            while not true():
                self._changed.clear()
                await self._changed.wait()


class Host:
    """In the place of a session."""

    name = "demo"

    def __init__(self, manager: Manager) -> None:
        self.engine = SimpleNamespace(swarm=manager)


@asynccontextmanager
async def following(manager: Manager, reader: Reader) -> AsyncIterator[LogTargets]:
    targets = LogTargets([(cast(Session, Host(manager)), WEB)])
    worker = asyncio.create_task(targets.follow(cast(LogReading, reader), reader.changed))
    try:
        yield targets
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the tasks often, for the tests to take no time."""
    monkeypatch.setattr("tui.jobs.task_logs.POLL_SECONDS", 0.01)
    monkeypatch.setattr("tui.jobs.task_logs.BUSY_SECONDS", 0.01)


def alive(kind: type) -> int:
    gc.collect()
    return sum(type(each) is kind for each in gc.get_objects())


async def test_a_service_that_crashes_again_and_again_is_followed_on_and_on() -> None:
    manager, reader = Manager(), Reader()
    count = MOST_FOLLOWED + 30
    before = alive(Target), alive(LogSource)
    async with following(manager, reader) as targets:
        for number in range(1, count + 1):
            task = manager.start()
            manager.write(task, f"{number} begins")
            async with asyncio.timeout(20):
                await task.asked.wait()
            manager.write(task, f"{number} is about to crash")
            task.state = "failed"
            if len(manager.known) > HISTORY + 1:
                await reader.until(lambda: f"{manager.known[0].number} is about to crash" in reader.lines)
                manager.forget(manager.known[0])
        last = f"— web.1.{task.id[:5]}@worker ended: exit code 1 —"
        await reader.until(lambda: reader.lines.count(last) == count and reader.feed.followed == 0)
        wanted = [f"{number} {what}" for number in range(1, count + 1) for what in ("begins", "is about to crash")]
        assert [line for line in reader.lines if not line.startswith("—")] == wanted
        assert len(reader.lines) == 3 * count, "each end is told once, and that a task was forgotten is not"
        assert targets.left_out == 0
        assert manager.open == 0
        await reader.until(lambda: len(reader.sources) <= len(manager.known))
        assert reader.labels == {"web.1@worker"}
        assert alive(Target) - before[0] <= len(manager.known) + 2
        assert alive(LogSource) - before[1] <= len(manager.known) + 2


async def test_ends_are_told_right_after_the_lines_of_their_tasks() -> None:
    manager, reader = Manager(), Reader()
    task = manager.start()
    manager.write(task, "one")
    async with following(manager, reader):
        await reader.until(lambda: "one" in reader.lines)
        manager.write(task, "two")
        task.state = "complete"
        await reader.until(lambda: len(reader.lines) == 3)
        other = manager.start()
        manager.write(other, "three")
        await reader.until(lambda: len(reader.lines) == 4)
    assert reader.lines == ["one", "two", "— web.1.00000@worker ended —", "three"]


async def test_a_task_that_is_yet_to_run_is_not_given_up() -> None:
    manager, reader = Manager(), Reader()
    task = manager.start("pending")
    async with following(manager, reader):
        await reader.until(lambda: reader.phases() == ["ended"])
        assert reader.feed.followed == 1
        task.state = "preparing"
        manager.write(task, "begins")
        task.state = "running"
        await reader.until(lambda: "begins" in reader.lines and reader.phases() == ["following"])
        task.state = "failed"
        await reader.until(lambda: reader.feed.followed == 0 and len(reader.lines) == 2)
    assert reader.lines == ["begins", "— web.1.00000@worker ended: exit code 1 —"]


async def test_why_a_task_is_not_started_is_told_and_its_log_not_asked_for() -> None:
    manager, reader = Manager(), Reader()
    held_up, soon = manager.start("pending"), manager.start("assigned")
    held_up.error = "no suitable node"
    async with following(manager, reader):
        await reader.until(lambda: reader.phases() == ["ended", "ended"] and len(reader.lines) == 1)
        assert not held_up.read.is_set()
        assert not soon.read.is_set()
        held_up.state = soon.state = "running"
        await reader.until(lambda: reader.phases() == ["following", "following"])
    assert reader.lines == ["— web.1.00000@worker was not started yet: no suitable node —"]


async def test_a_task_that_ran_and_ended_between_two_looks_loses_nothing() -> None:
    manager, reader = Manager(), Reader()
    task = manager.start("starting")

    class Quick(Manager):
        async def task(self, id: str) -> SwarmTask:
            if task.state == "starting":  # its lines were asked for before there were any
                manager.write(task, "all")
                task.state = "failed"
            return await super().task(id)

    manager.__class__ = Quick
    async with following(manager, reader):
        await reader.until(lambda: len(reader.lines) == 2)
        await reader.until(lambda: reader.feed.followed == 0)
    assert reader.lines == ["all", "— web.1.00000@worker ended: exit code 1 —"]


async def test_what_a_slow_node_had_not_sent_when_the_task_ended_is_read() -> None:
    manager, reader = Manager(), Reader()
    task = manager.start()
    manager.write(task, "one")
    async with following(manager, reader):
        await reader.until(lambda: reader.phases() == ["following"] and len(reader.lines) == 1)
        manager.deaf = True
        manager.write(task, "of the same moment", same=True)
        manager.write(task, "last words")
        task.state = "failed"
        await reader.until(lambda: reader.feed.followed == 0 and len(reader.lines) == 4)
    assert reader.lines == ["one", "of the same moment", "last words", "— web.1.00000@worker ended: exit code 1 —"]


async def test_a_node_that_is_back_is_asked_anew() -> None:
    """The manager's stream goes on, but nothing comes on it any more: the node has forgotten what it was asked."""
    manager, reader = Manager(), Reader()
    task = manager.start()
    manager.write(task, "one")
    async with following(manager, reader):
        await reader.until(lambda: reader.phases() == ["following"] and len(reader.lines) == 1)
        manager.cut += 1
        manager.node = SwarmNode(NODE.id, NODE.name, state="disconnected")
        await reader.until(lambda: len(reader.lines) == 2)
        manager.write(task, "while it was away")
        manager.node = NODE
        await reader.until(lambda: "while it was away" in reader.lines)
        manager.write(task, "and on")
        await reader.until(lambda: "and on" in reader.lines)
    marks = ["— its node worker is disconnected —", "— its node is back —"]
    assert reader.lines == ["one", *marks, "while it was away", "and on"]


async def test_what_is_over_looks_at_nothing_any_more() -> None:
    manager, reader = Manager(), Reader()
    task = manager.start("failed")
    manager.write(task, "boom")
    async with following(manager, reader):
        await reader.until(lambda: reader.feed.followed == 0 and len(reader.lines) == 2)
        source = reader.sources[0]
    async with asyncio.timeout(5):
        await source.run(lambda _source, _batch: pytest.fail("it was read again"))


async def test_a_manager_that_takes_long_to_tell_its_tasks_is_asked_less_often() -> None:
    clock = asyncio.get_running_loop().time
    looks: list[tuple[float, float]] = []

    class Slow(Manager):
        async def nodes(self) -> list[SwarmNode]:
            began = clock()
            await asyncio.sleep(0.05)
            looks.append((began, clock()))
            self.start("failed")  # there is always something new
            return await super().nodes()

    tasks = TaskLogs(cast(Swarm, Slow()), [WEB])
    third = asyncio.Event()
    following = asyncio.create_task(tasks.follow(lambda _found: third.set() if len(looks) > 2 else None))
    async with asyncio.timeout(20):
        await third.wait()
    following.cancel()
    for (began, ended), (next_began, _) in pairwise(looks):
        assert next_began - ended >= 3.9 * (ended - began)


async def test_tasks_that_found_no_place_get_those_that_become_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.log_targets.MOST_FOLLOWED", 2)
    manager, reader = Manager(), Reader()
    ended = manager.start("complete")
    manager.write(ended, "long ago")
    running = [manager.start() for _ in range(4)]
    for task in running:
        manager.write(task, f"{task.number} begins")
    async with following(manager, reader) as targets:
        await reader.until(lambda: len(reader.lines) == 2 and targets.left_out == 3)
        assert {"5 begins", "4 begins"} == set(reader.lines), "the newest of those that run come first"
        gone = running[0]
        manager.forget(gone)
        await reader.until(lambda: targets.left_out == 2)
        for task in running[2:]:
            task.state = "failed"
        await reader.until(lambda: {"3 begins", "long ago"} <= {*reader.lines} or targets.left_out == 0)
        await reader.until(lambda: {"3 begins", "long ago"} <= {*reader.lines})
        assert targets.left_out == 0
    assert "2 begins" not in reader.lines


async def test_a_task_that_the_manager_forgot_while_it_was_followed_gives_its_place_back() -> None:
    manager, reader = Manager(), Reader()
    task = manager.start()
    manager.write(task, "one")
    async with following(manager, reader):
        await reader.until(lambda: reader.phases() == ["following"] and len(reader.lines) == 1)
        task.unended = "a last word"
        manager.time += SECOND
        manager.forget(task)
        await reader.until(lambda: reader.feed.followed == 0 and len(reader.lines) == 3)
        await reader.until(lambda: not reader.sources)
    assert reader.lines == ["one", "a last word", "— web.1.00000@worker was removed —"]


async def test_the_last_words_of_the_tasks_of_a_service_that_was_removed_are_read() -> None:
    manager, reader = Manager(), Reader()
    ended, running, next_one = manager.start("failed"), manager.start(), manager.start("ready")
    manager.write(ended, "long ago")
    manager.write(running, "one")
    async with following(manager, reader) as targets:
        await reader.until(lambda: len(reader.lines) == 3 and "following" in reader.phases())
        manager.removed = True
        manager.forget(ended)
        manager.forget(next_one)
        await reader.until(lambda: len(reader.sources) == 1)
        manager.write(running, "told to stop")
        running.state = "shutdown"
        await reader.until(lambda: len(reader.lines) == 5)
        manager.forget(running)
        await reader.until(lambda: not reader.sources)
        assert targets.looked
    assert reader.lines[-2:] == ["told to stop", "— web.1.00000@worker ended —"]


async def test_a_task_that_can_not_be_read_gives_its_place_back_when_it_has_ended() -> None:
    manager, reader = Manager(), Reader()
    task = manager.start()
    manager.failing = True
    async with following(manager, reader):
        await reader.until(lambda: reader.phases() == ["failed"])
        assert reader.feed.followed == 1
        task.state = "failed"
        await reader.until(lambda: reader.feed.followed == 0)
        assert reader.phases() == ["failed"]
        assert reader.sources[0].problem == "no log here"


async def test_reading_back_goes_on_without_tasks_that_were_forgotten_meanwhile() -> None:
    manager, reader = Manager(), Reader()
    ended, running = manager.start("failed"), manager.start()
    for task in (ended, running):
        for number in range(150):
            manager.write(task, f"{task.number}: {number}")
    async with following(manager, reader):
        await reader.until(lambda: len(reader.lines) == 201 and "following" in reader.phases())
    manager.forget(ended)  # nobody has told of it yet
    older = await reader.feed.older(10)
    assert [record.text for record in older.batch.records()] == [f"2: {number}" for number in range(40, 50)]
    rest = [record.text async for found in reader.feed.from_start() for record in found.batch.records()]
    assert rest == [f"2: {number}" for number in range(40)]
    whole = [record.text async for found in reader.feed.everything() for record in found.batch.records()]
    assert whole == [f"2: {number}" for number in range(150)]


async def test_lines_of_ended_tasks_can_be_read_back_and_what_is_being_read_is_not_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.jobs.log_feed.MOST_KEPT", 3)
    manager, reader = Manager(), Reader()
    tasks = [manager.start("failed") for _ in range(6)]
    for number in range(150):
        for task in tasks:
            manager.write(task, f"{task.number}: {number}")
    async with following(manager, reader):
        await reader.until(lambda: len(reader.lines) == 606 and reader.feed.followed == 0)
        assert len(reader.sources) == 3
        start = reader.feed.from_start()
        first = await anext(start)
        for task in tasks:
            manager.forget(task)
        running = manager.start()
        manager.write(running, "on it goes")
        await reader.until(lambda: "on it goes" in reader.lines)
        assert {reader.feed.label(number) for number in first.sources} == {"web.1@worker"}
        await start.aclose()
        await reader.until(lambda: len(reader.sources) == 1)
