"""Reads are merged by object, bounded in number, and an object that changed meanwhile is read once more."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.store.feed import run_together
from tui.store.reading import ReadQueue
from tui.store.state import Resource
from virtual_time import run_virtually


class Reads:
    """Reads that take a second each of virtual time, and what came of them."""

    def __init__(self, workers: int = 4) -> None:
        self.begun: list[tuple[str, str]] = []
        self.under_way: Counter[tuple[str, str]] = Counter()
        self.most = 0
        self.told: dict[str, int] = {}
        self.truth: dict[str, int] = {}
        self.queue = ReadQueue(self._read, workers)

    async def _read(self, resource: Resource, key: str) -> None:
        item = (resource, key)
        self.begun.append(item)
        self.under_way[item] += 1
        assert self.under_way[item] == 1, "one read of an object at a time"
        self.most = max(self.most, self.under_way.total())
        found = self.truth.get(key, 0)
        await asyncio.sleep(1)
        self.told[key] = found
        self.under_way[item] -= 1


def virtually(act: Callable[[Reads], Awaitable[None]], workers: int = 4) -> None:
    """Run a queue in virtual time while `act` lasts."""

    async def main() -> None:
        reads = Reads(workers)
        running = asyncio.create_task(reads.queue.run())
        try:
            await act(reads)
        finally:
            running.cancel()
            await asyncio.wait([running])

    run_virtually(main())


def test_objects_that_wait_are_merged_and_read_in_order() -> None:
    async def act(reads: Reads) -> None:
        for key in ("a", "b", "a", "c", "b"):
            reads.queue.put("containers", key)
        assert not reads.queue.settled.is_set()
        await reads.queue.settled.wait()
        assert reads.begun == [("containers", "a"), ("containers", "b"), ("containers", "c")]

    virtually(act, workers=1)


def test_what_changes_while_it_is_read_is_read_once_more() -> None:
    async def act(reads: Reads) -> None:
        reads.queue.put("containers", "a")
        await asyncio.sleep(0.5)
        assert reads.queue.has("containers", "a")
        reads.truth["a"] = 7
        for _ in range(3):
            reads.queue.put("containers", "a")
        await reads.queue.settled.wait()
        assert reads.told == {"a": 7}
        assert len(reads.begun) == 2
        assert not reads.queue.has("containers", "a")

    virtually(act)


def test_a_bounded_number_at_once() -> None:
    async def act(reads: Reads) -> None:
        for number in range(20):
            reads.queue.put("images", str(number))
        await reads.queue.settled.wait()
        assert reads.most == 3
        assert len(reads.told) == 20

    virtually(act, workers=3)


def test_what_waits_can_be_forgotten() -> None:
    async def act(reads: Reads) -> None:
        for key in ("a", "b", "c"):
            reads.queue.put("containers", key)
        await asyncio.sleep(0.5)
        reads.queue.put("containers", "a")
        reads.queue.clear()
        assert not reads.queue.settled.is_set(), "one is under way"
        await reads.queue.settled.wait()
        assert reads.begun == [("containers", "a")]
        reads.queue.clear()
        assert reads.queue.settled.is_set()

    virtually(act, workers=1)


def test_a_failed_read_ends_it_and_it_can_be_run_again() -> None:
    async def main() -> None:
        broken = True
        done: list[str] = []

        async def read(resource: Resource, key: str) -> None:
            await asyncio.sleep(1)
            if broken:
                raise OSError("cut")
            done.append(key)

        queue = ReadQueue(read)
        queue.put("containers", "a")
        queue.put("containers", "b")
        with pytest.raises(OSError, match="cut"):
            await run_together(queue.run())
        assert queue.settled.is_set(), "a new connection starts with nothing to read"
        broken = False
        queue.put("containers", "c")
        running = asyncio.create_task(queue.run())
        await queue.settled.wait()
        assert done == ["c"]
        running.cancel()
        await asyncio.wait([running])

    run_virtually(main())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 0.3, 1.0])), max_size=20), st.integers(1, 4))
def test_every_object_ends_up_as_it_is(changes: list[tuple[str, float]], workers: int) -> None:
    async def act(reads: Reads) -> None:
        for number, (key, pause) in enumerate(changes):
            reads.truth[key] = number
            reads.queue.put("containers", key)
            await asyncio.sleep(pause)
        await reads.queue.settled.wait()
        assert reads.told == reads.truth
        assert reads.most <= workers

    virtually(act, workers)
