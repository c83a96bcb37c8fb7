"""What is read besides the end of a log: its start, a range of time, all of it, and what is said of that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from test_log_view import Logs
from test_log_view import lines as shown

from tui.engine.errors import ApiError
from tui.jobs.log_source import LogAccess, Target
from tui.model.containers import Container
from tui.model.log_record import LogBatch, Stream
from tui.screens.log_reading import LogReading
from tui.store.state import State
from tui.store.table import Table
from waiting import until

CONTAINER = Container(id="c" * 64, name="web", image="busybox", state="exited", exit_code=0, tty=False, inspected=True)
SECOND = 1_000_000_000


class Daemon:
    """A daemon with one container that has written a line each second, from the first second on.

    What is read besides the end waits while `open` is not set.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: list[tuple[int | None, str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.problem = ""
        """Why nothing more can be read."""

    async def read(self, _container: str) -> Container:
        return CONTAINER

    async def log_batches(
        self, _container: str, *, tail: int | None = None, since: str = "", until: str = "", **_more: Any
    ) -> AsyncGenerator[LogBatch]:
        if self.asked:
            await self.open.wait()
        self.asked.append((tail, since))
        first = max(1, -int(-float(since) // 1)) if since else 1
        last = int(float(until)) if until else self.count
        first = max(first, self.count - tail + 1) if tail is not None else first
        for start in range(first, min(last, self.count) + 1, 1_000):
            batch = LogBatch()
            for number in range(start, min(start + 1_000, last + 1, self.count + 1)):
                batch.add(b"line %d" % number, Stream.STDOUT, number * SECOND)
            if self.problem:
                raise ApiError(500, self.problem)
            yield batch
            await asyncio.sleep(0)


class Stage:
    """A view on a log of `count` lines of which the last `tail` were read."""

    def __init__(self, count: int, tail: int, **options: Any) -> None:
        self.app = Logs(**options)
        self.daemon = Daemon(count)
        self.tail = tail
        self.busy: list[str] = []
        self.reading: LogReading

    @property
    def texts(self) -> list[str]:
        """The lines that are here, without what is said between them."""
        return [line.text for line in self.app.log_view.buffer if line.stream == "stdout"]

    @property
    def seen(self) -> str:
        """What the view shows."""
        return "\n".join(shown(self.app))

    def note(self) -> None:
        if self.reading.busy:
            self.busy.append(self.reading.busy)

    @asynccontextmanager
    async def run(self, *, ended: bool = True, **options: Any) -> AsyncIterator[Any]:
        async with self.app.run_test(size=(100, 12)) as pilot:
            state = State(tables={"containers": Table(records={CONTAINER.id: CONTAINER})})
            target = Target(cast(LogAccess, self.daemon), lambda: state, CONTAINER, "web")
            self.reading = LogReading(
                self.app.log_view,
                [target],
                tail=self.tail,
                on_change=lambda: hasattr(self, "reading") and self.note(),
                **options,
            )
            following = asyncio.create_task(self.reading.run())
            await until(lambda: self.reading.sources[0].phase == ("ended" if ended else "reading"))
            yield pilot
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await self.reading.close()

    async def rest(self) -> None:
        """Wait until nothing but the end is read."""
        await until(lambda: not self.reading.is_reading)


def numbered(first: int, last: int) -> list[str]:
    return [f"line {number}" for number in range(first, last + 1)]


# ---- a range of time


async def test_after_a_range_the_start_can_be_gone_to_and_there_is_more_before_it() -> None:
    stage = Stage(1_000, 10)
    async with stage.run() as pilot:
        stage.reading.look_at(900 * SECOND, None)
        await stage.rest()
        assert stage.texts == numbered(900, 1_000)
        assert stage.reading.read_all() == "all lines of the range are here"
        assert not stage.reading.is_missing
        asked = len(stage.daemon.asked)
        await pilot.press("g")
        assert "older lines" not in stage.seen
        assert len(stage.daemon.asked) == asked
        stage.reading.look_at(None, None)
        assert stage.reading.is_missing
        await pilot.press("k")
        assert "· older lines were not read: g reads from the start" in stage.seen
        await pilot.press("g")
        await stage.rest()
        assert stage.texts == numbered(1, 1_000)
        assert shown(stage.app)[0].split() == ["line", "1"]
        assert not stage.reading.is_missing
        assert stage.reading.read_all() == "the whole log is here"


async def test_after_a_range_all_of_the_log_can_be_read() -> None:
    stage = Stage(1_000, 10)
    async with stage.run():
        stage.reading.look_at(900 * SECOND, None)
        await stage.rest()
        stage.reading.look_at(None, None)
        assert stage.reading.read_all() == ""
        await stage.rest()
        assert stage.texts == numbered(1, 1_000)


async def test_a_range_with_nothing_before_the_lines_that_are_here_is_not_the_whole_log() -> None:
    stage = Stage(1_000, 10)
    async with stage.run() as pilot:
        stage.reading.look_at(990 * SECOND + 1, None)
        await stage.rest()
        stage.reading.look_at(None, None)
        assert stage.texts == numbered(991, 1_000)
        assert stage.reading.is_missing
        await pilot.press("g")
        await stage.rest()
        assert stage.texts == numbered(1, 1_000)


async def test_a_range_that_has_only_an_end_is_read_from_the_start() -> None:
    stage = Stage(100_000, 10)
    async with stage.run():
        stage.reading.look_at(None, 50 * SECOND)
        await stage.rest()
        assert stage.texts[:50] == numbered(1, 50)
        assert len(stage.texts) < 2_000, "nothing is read ahead of what is of the range"
        assert stage.reading.read_all() == "all lines of the range are here"
        stage.reading.look_at(None, None)
        assert stage.reading.read_all() == ""
        await stage.rest()
        assert stage.texts == numbered(1, 100_000)


async def test_a_range_within_what_was_read_is_not_read_again() -> None:
    stage = Stage(1_000, 10)
    async with stage.run():
        for since, until_, requests in (
            (900, None, 1),
            (950, 960, 0),
            (995, None, 0),
            (800, None, 1),
            (None, 5, 1),
            (7, None, 0),
        ):
            asked = len(stage.daemon.asked)
            stage.reading.look_at(since and since * SECOND, until_ and until_ * SECOND)
            await stage.rest()
            assert len(stage.daemon.asked) - asked == requests, (since, until_)


async def test_a_range_that_is_asked_for_before_the_first_line_came_is_read_then() -> None:
    stage = Stage(1_000, 10)
    stage.daemon.open.clear()
    stage.daemon.asked.append((None, ""))
    async with stage.run(ended=False):
        assert stage.reading.read_all() == "no line was read yet"
        stage.reading.look_at(900 * SECOND, None)
        stage.daemon.open.set()
        await until(lambda: len(stage.texts) > 10)
        await stage.rest()
        assert stage.texts == numbered(900, 1_000)


# ---- the bounds


async def test_a_start_that_does_not_fit_ends_where_there_is_no_room_and_says_so() -> None:
    stage = Stage(30_000, 100, max_lines=10_000)
    async with stage.run(no_room="S saves the whole log") as pilot:
        assert stage.reading.read_all() == ""
        await stage.rest()
        buffer = stage.app.log_view.buffer
        assert buffer.head is not None
        assert len(buffer.head) == 5_000
        assert stage.texts == numbered(1, 5_000) + numbered(29_901, 30_000)
        await pilot.press("G", *["pageup"] * 9)
        assert "here are lines for which there is no room: S saves the whole log" in stage.seen
        assert stage.reading.standing == "no room for more: S saves the whole log"
        assert stage.reading.read_all() == stage.reading.standing
        asked = len(stage.daemon.asked)
        await pilot.press(*["pageup"] * 3, *["pagedown"] * 3)
        assert len(stage.daemon.asked) == asked
        stage.reading.look_at(4_000 * SECOND, None)
        await stage.rest()
        assert stage.texts[:5_000] == numbered(4_000, 8_999), "without the lines before it there is more room"
        stage.reading.look_at(29_000 * SECOND, None)
        await stage.rest()
        assert stage.texts == numbered(29_000, 30_000)
        assert stage.reading.standing == ""


async def test_lines_that_were_dropped_are_read_again_from_the_start() -> None:
    stage = Stage(3_000, 5_000, max_lines=1_000)
    async with stage.run() as pilot:
        assert stage.app.log_view.buffer.dropped
        assert "dropped" in stage.app.log_view.lines.edge_text
        await pilot.press("g")
        await stage.rest()
        head = stage.app.log_view.buffer.head
        assert head is not None
        assert stage.texts[: len(head)] == numbered(1, 500)
        assert shown(stage.app)[0].split() == ["line", "1"]


# ---- one thing after another


async def test_the_start_is_gone_to_while_older_lines_are_read() -> None:
    stage = Stage(5_000, 100)
    async with stage.run(cancel="x cancels") as pilot:
        stage.daemon.open.clear()
        await pilot.press(*["pageup"] * 12)
        await until(lambda: stage.reading.busy == "reading older lines …")
        await pilot.press("g")
        words = "looking for the start … x cancels"
        assert stage.reading.busy == words
        await pilot.pause()
        await asyncio.sleep(0)
        assert stage.reading.busy == words, "the reading that was cancelled takes back its own words alone"
        await pilot.press("g", "g")
        stage.daemon.open.set()
        await stage.rest()
        assert shown(stage.app)[0].split() == ["line", "1"]
        assert stage.texts == numbered(1, 5_000)
        assert sum(tail is None for tail, _ in stage.daemon.asked) == 1, "asked again it goes on"
        assert stage.reading.busy == ""


async def test_nothing_is_promised_of_a_log_that_the_daemon_has_no_more() -> None:
    stage = Stage(3_000, 5_000, max_lines=1_000)
    async with stage.run() as pilot:
        await pilot.press("k", "g")
        await stage.rest()
        stage.reading.look_at(2_900 * SECOND, None)
        await stage.rest()
        for range_ in ((None, None), (2_900 * SECOND, None)):
            stage.reading.sources[0].phase = "gone"
            stage.reading.look_at(*range_)
            asked = len(stage.daemon.asked)
            await pilot.press("G", "g")
            assert "g reads" not in stage.seen
            assert not stage.reading.is_missing
            assert stage.reading.read_all() == "the daemon has this log no more"
            assert len(stage.daemon.asked) == asked


async def test_the_start_is_gone_to_while_a_range_is_looked_for_that_is_not_wanted_any_more() -> None:
    stage = Stage(1_000, 10)
    async with stage.run() as pilot:
        stage.daemon.open.clear()
        stage.reading.look_at(900 * SECOND, None)
        stage.reading.look_at(None, None)
        await pilot.press("g")
        stage.daemon.open.set()
        await stage.rest()
        assert stage.texts == numbered(1, 1_000)


async def test_why_lines_in_a_gap_cannot_be_read_is_told_and_it_can_be_tried_again() -> None:
    stage = Stage(50_000, 10)
    async with stage.run() as pilot:
        await pilot.press("g")
        await stage.rest()
        stage.daemon.problem = "the disk is gone"
        assert stage.reading.read_all() == ""
        await stage.rest()
        assert "older lines can't be read: the disk is gone" in stage.app.log_view.lines.edge_text
        assert stage.reading.standing == stage.app.log_view.lines.edge_text
        stage.daemon.problem = ""
        assert stage.reading.read_all() == ""
        await stage.rest()
        assert stage.texts == numbered(1, 50_000)


async def test_in_a_range_that_is_all_here_nothing_is_said_of_older_lines_nor_are_they_read() -> None:
    stage = Stage(1_000, 100)
    async with stage.run() as pilot:
        stage.reading.look_at(950 * SECOND, None)
        asked = len(stage.daemon.asked)
        await pilot.press(*["pageup"] * 12, "g")
        assert "older lines" not in stage.seen
        assert len(stage.daemon.asked) == asked


async def test_no_key_is_named_where_none_cancels() -> None:
    stage = Stage(5_000, 100)
    async with stage.run() as pilot:
        await pilot.press("g")
        await stage.rest()
        assert stage.busy
        assert not any("cancel" in words for words in stage.busy)
