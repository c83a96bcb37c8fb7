"""Reads are merged by object, what is in view comes first, and many are read together rather than one by one."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.store.reading import BURST, GATHER_IN_STORM, GATHER_SECONDS, PER_SECOND, WORKERS, ReadQueue
from tui.store.state import Resource
from tui.store.together import run_together
from virtual_time import run_virtually


class Reads:
    """Reads that take a second each of virtual time, and what came of them."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.begun: list[tuple[str, str]] = []
        self.together: list[list[str]] = []
        self.under_way: Counter[tuple[str, str]] = Counter()
        self.most = 0
        self.told: dict[str, int] = {}
        self.truth: dict[str, int] = {}
        self.queue = ReadQueue(self._read, self._read_many)

    async def _read(self, resource: Resource, key: str) -> None:
        self.begun.append((resource, key))
        self.most = max(self.most, self.under_way.total() + 1)
        await self._answer(resource, [key])

    async def _read_many(self, resource: Resource, keys: Sequence[str]) -> None:
        self.together.append(list(keys))
        await self._answer(resource, keys)

    async def _answer(self, resource: Resource, keys: Sequence[str]) -> None:
        for key in keys:
            self.under_way[resource, key] += 1
            assert self.under_way[resource, key] == 1, "one read of an object at a time"
        found = {key: self.truth.get(key, 0) for key in keys}
        await asyncio.sleep(self.seconds)
        self.told |= found
        for key in keys:
            self.under_way[resource, key] -= 1


def virtually(act: Callable[[Reads], Awaitable[None]], seconds: float = 1.0) -> None:
    """Run a queue in virtual time while `act` lasts."""

    async def main() -> None:
        reads = Reads(seconds)
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

    virtually(act)


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
        assert reads.most == WORKERS
        assert len(reads.told) == 20
        assert not reads.together

    virtually(act)


def test_many_are_read_together_and_what_comes_meanwhile_after_them() -> None:
    async def act(reads: Reads) -> None:
        keys = [f"c{number}" for number in range(100)]
        for key in keys:
            reads.queue.put("containers", key)
        await asyncio.sleep(0.5)
        reads.truth["c1"] = 7
        reads.queue.put("containers", "c1")
        await reads.queue.settled.wait()
        assert reads.together == [keys]
        assert reads.begun == [("containers", "c1")]
        assert reads.told == dict.fromkeys(keys, 0) | {"c1": 7}

    virtually(act)


def test_what_is_in_view_does_not_wait_for_the_others_and_is_read_by_itself() -> None:
    async def act(reads: Reads) -> None:
        reads.queue.watch("containers", ["c90", "c95"])
        for number in range(100):
            reads.queue.put("containers", f"c{number}")
        await asyncio.sleep(0.1)
        assert reads.begun == [("containers", "c90"), ("containers", "c95")]
        await reads.queue.settled.wait()
        assert len(reads.together[0]) == 98

    virtually(act)


def test_a_storm_in_view_is_told_by_lists_and_each_object_read_by_itself_in_time() -> None:
    """All of 50 rows in view change 20 times a second: no more single reads than allowed, and no news late."""

    async def act(reads: Reads) -> None:
        keys = [f"c{number}" for number in range(50)]
        reads.queue.watch("containers", keys)
        for moment in range(1000):
            for key in keys[moment % 2 :: 2]:
                reads.truth[key] = moment
                reads.queue.put("containers", key)
            await asyncio.sleep(0.01)
        assert len(reads.begun) <= BURST + 10 * PER_SECOND + WORKERS
        assert min(reads.told.values()) > 950, "no news is older than half a second"
        by_itself = Counter(key for _, key in reads.begun)
        assert min(by_itself[key] for key in keys) >= 5
        await reads.queue.settled.wait()
        assert reads.told == reads.truth
        assert len(reads.together) <= 10 / GATHER_SECONDS + 1

    virtually(act, seconds=0.002)


def test_what_leaves_the_view_before_its_turn_is_left_to_the_lists() -> None:
    async def act(reads: Reads) -> None:
        keys = [f"c{number}" for number in range(300)]
        reads.queue.watch("containers", keys)
        for key in keys:
            reads.queue.put("containers", key)
        await asyncio.sleep(0.3)
        reads.queue.watch("containers", [])
        async with asyncio.timeout(2):
            await reads.queue.settled.wait()
        assert set(reads.told) == set(keys)
        assert len(reads.begun) < 100

    virtually(act, seconds=0.01)


def test_a_storm_out_of_view_costs_a_list_in_a_while() -> None:
    async def act(reads: Reads) -> None:
        for moment in range(10_000):
            key = f"c{moment % 1000}"
            reads.truth[key] = moment
            reads.queue.put("containers", key)
            await asyncio.sleep(0.001)
        await reads.queue.settled.wait()
        assert reads.told == reads.truth
        assert len(reads.begun) <= BURST + 10 * PER_SECOND + WORKERS
        assert len(reads.together) <= 10 / GATHER_IN_STORM + 2

    virtually(act, seconds=0.002)


def test_one_that_is_gone_is_left_out() -> None:
    async def act(reads: Reads) -> None:
        for number in range(100):
            reads.queue.put("containers", f"c{number}")
        for number in range(99):
            reads.queue.drop("containers", f"c{number}")
        await reads.queue.settled.wait()
        assert reads.begun == [("containers", "c99")]
        reads.queue.put("containers", "c1")
        reads.queue.drop("containers", "c1")
        assert reads.queue.settled.is_set()

    virtually(act)


def test_a_new_connection_begins_with_nothing_to_read() -> None:
    async def main() -> None:
        broken = True
        done: list[str] = []

        async def read(resource: Resource, key: str) -> None:
            await asyncio.sleep(1)
            if broken:
                raise OSError("cut")
            done.append(key)

        async def read_many(resource: Resource, keys: Sequence[str]) -> None:
            raise OSError("cut")

        for number in (2, 200):
            queue = ReadQueue(read, read_many)
            for key in range(number):
                queue.put("containers", str(key))
            with pytest.raises(OSError, match="cut"):
                await run_together(queue.run())
            assert queue.settled.is_set()
            assert not queue.has("containers", "0")
            broken = False
            queue.put("containers", "c")
            running = asyncio.create_task(queue.run())
            await queue.settled.wait()
            assert done == ["c"]
            running.cancel()
            await asyncio.wait([running])
            broken, done = True, []

    run_virtually(main())


def test_what_waits_can_be_forgotten() -> None:
    async def act(reads: Reads) -> None:
        reads.queue.put("containers", "a")
        await asyncio.sleep(0.5)
        reads.queue.put("containers", "a")
        reads.queue.put("containers", "b")
        reads.queue.clear()
        assert not reads.queue.settled.is_set(), "one is under way"
        await reads.queue.settled.wait()
        assert reads.begun == [("containers", "a")]
        reads.queue.clear()
        assert reads.queue.settled.is_set()

    virtually(act)


KEYS = st.sampled_from([f"c{number}" for number in range(60)])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.lists(KEYS, max_size=60), st.sampled_from([0.0, 0.05, 0.3, 1.0])), max_size=12),
    st.sets(KEYS, max_size=10),
)
def test_every_object_ends_up_as_it_is(changes: list[tuple[list[str], float]], view: set[str]) -> None:
    async def act(reads: Reads) -> None:
        reads.queue.watch("containers", view)
        for number, (keys, pause) in enumerate(changes):
            for key in keys:
                reads.truth[key] = number
                reads.queue.put("containers", key)
            await asyncio.sleep(pause)
        await reads.queue.settled.wait()
        assert reads.told == reads.truth
        assert reads.most <= WORKERS + 60

    virtually(act)
