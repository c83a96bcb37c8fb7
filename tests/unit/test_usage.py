"""The usage of the containers in view: a stream each, which comes and goes with its row and never leaks."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import SimpleNamespace
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.engine.engine import Engine
from tui.engine.errors import ConnectionLost, NotFound
from tui.model.stats import Sample
from tui.store.usage import HISTORY, LINGER_SECONDS, MOST_KEPT, MOST_WATCHED, RETRY_SECONDS, UsageWatch
from virtual_time import run_virtually

SECOND = 10**9


class Stats:
    """Containers whose every sample counts one more second, 10 bytes received in each."""

    def __init__(self) -> None:
        self.open: Counter[str] = Counter()
        self.opened: list[str] = []
        self.gone: set[str] = set()
        self.broken: set[str] = set()
        self.most = 0

    async def stats(self, key: str) -> AsyncGenerator[Sample]:
        if key in self.gone:
            raise NotFound(404, f"No such container: {key}")
        self.open[key] += 1
        self.opened.append(key)
        self.most = max(self.most, self.open.total())
        try:
            second = 0
            while key not in self.gone:
                if key in self.broken:
                    raise ConnectionLost("", "cut")
                cpu = None if second == 0 else float(second)
                yield Sample(cpu, second, 1000, rx=10 * second, read_ns=(second + 1) * SECOND)
                second += 1
                await asyncio.sleep(1)
        finally:
            self.open[key] -= 1

    @property
    def now_open(self) -> set[str]:
        return {key for key, count in self.open.items() if count}


def virtually(act: Callable[[Stats, UsageWatch, list[set[str]]], Awaitable[None]]) -> None:
    """Run a watch in virtual time; afterwards no stream is open."""

    async def main() -> None:
        stats = Stats()
        told: list[set[str]] = []
        watch = UsageWatch(cast(Engine, SimpleNamespace(containers=stats, local_cgroups=lambda: None)), told.append)
        await act(stats, watch, told)
        await watch.close()
        assert not stats.now_open
        assert not watch.usage
        count = len(told)
        await asyncio.sleep(10)
        assert len(told) == count

    run_virtually(main())


def test_samples_become_usage_with_rates_and_history() -> None:
    async def act(stats: Stats, watch: UsageWatch, told: list[set[str]]) -> None:
        watch.watch(["a", "b"])
        await asyncio.sleep(3.9)
        usage = watch.usage["a"]
        assert (usage.sample.cpu, usage.cpu_history) == (3.0, (1.0, 2.0, 3.0))
        assert usage.rx_rate == 10.0
        assert told[0] == {"a", "b"}

    virtually(act)


def test_the_history_is_bounded() -> None:
    async def act(stats: Stats, watch: UsageWatch, told: list[set[str]]) -> None:
        watch.watch(["a"])
        await asyncio.sleep(HISTORY + 50)
        assert len(watch.usage["a"].cpu_history) == HISTORY

    virtually(act)


def test_a_row_that_leaves_the_view_for_a_moment_keeps_its_stream() -> None:
    async def act(stats: Stats, watch: UsageWatch, told: list[set[str]]) -> None:
        watch.watch(["a", "b"])
        await asyncio.sleep(1)
        watch.watch(["b"])
        await asyncio.sleep(LINGER_SECONDS - 0.5)
        watch.watch(["b", "a"])
        await asyncio.sleep(2 * LINGER_SECONDS)
        assert stats.opened == ["a", "b"]
        watch.watch([])
        await asyncio.sleep(LINGER_SECONDS + 0.1)
        assert not stats.now_open
        assert not watch.usage

    virtually(act)


def test_at_most_so_many_streams_and_those_in_view_keep_theirs() -> None:
    async def act(stats: Stats, watch: UsageWatch, told: list[set[str]]) -> None:
        first = [f"a{number}" for number in range(MOST_WATCHED)]
        watch.watch([*first, "beyond"])
        await asyncio.sleep(0.1)
        assert stats.now_open == set(first)
        watch.watch(first[1:])
        await asyncio.sleep(0.1)
        watch.watch(["new", *first])
        await asyncio.sleep(0.1)
        assert stats.now_open == {"new", *first[:-1]}
        assert stats.opened.count("a0") == 1, "back in view before its stream was ended"
        watch.watch([f"b{number}" for number in range(MOST_WATCHED)])
        await asyncio.sleep(0.1)
        assert stats.now_open == {f"b{number}" for number in range(MOST_WATCHED)}
        assert stats.most <= MOST_WATCHED

    virtually(act)


def test_a_stream_that_broke_or_ended_is_opened_again() -> None:
    async def act(stats: Stats, watch: UsageWatch, told: list[set[str]]) -> None:
        watch.watch(["a"])
        await asyncio.sleep(1.5)
        stats.broken.add("a")
        await asyncio.sleep(1)
        assert "a" not in watch.usage, "no number on the screen that nothing tells any more"
        stats.broken.clear()
        await asyncio.sleep(RETRY_SECONDS + 0.5)
        assert watch.usage["a"].sample.memory == 0
        stats.gone.add("a")
        await asyncio.sleep(2 * RETRY_SECONDS)
        assert "a" not in watch.usage
        assert not stats.now_open

    virtually(act)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sets(st.integers(0, 90), max_size=80), st.sampled_from([0.0, 0.5, 2.0, 4.0])), max_size=8))
def test_whatever_is_looked_at_the_streams_are_those_in_view(views: list[tuple[set[int], float]]) -> None:
    async def act(stats: Stats, watch: UsageWatch, told: list[set[str]]) -> None:
        wanted: list[str] = []
        for view, pause in views:
            wanted = [f"c{number}" for number in sorted(view)]
            watch.watch(wanted)
            await asyncio.sleep(pause)
        await asyncio.sleep(2 * LINGER_SECONDS)
        assert stats.now_open == set(wanted[:MOST_WATCHED]) == set(watch.usage)
        assert stats.most <= MOST_WATCHED

    virtually(act)


def test_what_is_followed_is_watched_wherever_the_view_is_and_its_history_stays() -> None:
    async def act(stats: Stats, watch: UsageWatch, told: list[set[str]]) -> None:
        watch.watch(["a"])
        with watch.following(["b"]) as news:
            await asyncio.sleep(1.5)
            assert news.is_set()
            watch.watch(["c"])
            await asyncio.sleep(LINGER_SECONDS + 1)
            assert stats.now_open == {"b", "c"}
        await asyncio.sleep(LINGER_SECONDS + 1)
        assert stats.now_open == {"c"}
        assert list(watch.histories["b"].series["memory"].values)[:4] == [1, 2, 3, 4]
        watch.watch([])

    virtually(act)


def test_histories_are_bounded() -> None:
    async def act(stats: Stats, watch: UsageWatch, told: list[set[str]]) -> None:
        for first in range(0, 300, 50):
            watch.watch([f"c{number}" for number in range(first, first + 50)])
            await asyncio.sleep(LINGER_SECONDS + 2)
        assert len(watch.histories) == MOST_KEPT
        assert "c299" in watch.histories
        assert "c0" not in watch.histories
        watch.watch([])

    virtually(act)
