"""News are told at once the first time, then at a bounded rate, and the last of them always."""

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.store.publishing import Publisher
from virtual_time import VirtualLoop, run_virtually

INTERVAL = 1.0


def test_the_first_is_told_at_once_and_the_next_after_the_interval() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        began, told = loop.time(), list[float]()
        publisher = Publisher(lambda: told.append(loop.time() - began), INTERVAL)
        publisher.request()
        publisher.request()
        await asyncio.sleep(0)
        await asyncio.sleep(0.25)
        publisher.request()
        publisher.request()
        await asyncio.sleep(10)
        publisher.request()
        await asyncio.sleep(10)
        assert told == [0.0, 1.0, 10.25]

    run_virtually(main())


def test_in_a_storm_it_tells_less_often_and_after_it_at_once() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        began, told = loop.time(), list[float]()
        publisher = Publisher(lambda: told.append(loop.time() - began), INTERVAL, 2 * INTERVAL)
        for _ in range(80):
            publisher.request()
            await asyncio.sleep(0.1)
        assert told == pytest.approx([0.0, 1.0, 2.5, 4.5, 6.5])
        await asyncio.sleep(10)
        began = loop.time()
        told.clear()
        publisher.request()
        await asyncio.sleep(0.1)
        publisher.request()
        await asyncio.sleep(5)
        assert told == pytest.approx([0.0, 1.0])

    run_virtually(main())


def test_a_call_that_is_asked_for_can_be_dropped() -> None:
    async def main() -> None:
        told: list[int] = []
        publisher = Publisher(lambda: told.append(1), INTERVAL)
        publisher.cancel()
        publisher.request()
        publisher.cancel()
        await asyncio.sleep(5)
        assert not told
        publisher.request()
        await asyncio.sleep(5)
        assert told == [1]

    run_virtually(main())


def test_what_is_asked_for_while_it_tells_is_told_next() -> None:
    async def main() -> None:
        told: list[int] = []

        def publish() -> None:
            told.append(len(told))
            if len(told) < 3:
                publisher.request()

        publisher = Publisher(publish, INTERVAL)
        publisher.request()
        await asyncio.sleep(1.5)
        assert told == [0, 1]
        await asyncio.sleep(5)
        assert told == [0, 1, 2]

    run_virtually(main())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.1, 0.6, 2.0]), max_size=30))
def test_the_last_news_are_told_within_the_interval_and_never_closer(pauses: list[float]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        news, told = 0, list[tuple[float, int]]()
        publisher = Publisher(lambda: told.append((loop.time(), news)), INTERVAL)
        asked = list[float]()
        for pause in pauses:
            news += 1
            publisher.request()
            asked.append(loop.time())
            await asyncio.sleep(pause)
        await asyncio.sleep(INTERVAL)
        for moment, number in zip(asked, range(1, news + 1), strict=True):
            assert any(number <= value and moment <= when <= moment + INTERVAL + 1e-6 for when, value in told), (
                asked,
                told,
            )
        moments = [when for when, _ in told]
        assert all(later - earlier >= INTERVAL - 1e-6 for earlier, later in itertools.pairwise(moments))

    run_virtually(main())
