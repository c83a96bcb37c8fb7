"""The clock that tests move by hand."""

import asyncio

from tui.demo.clock import NS, ManualClock, rfc3339, rfc3339_fixed


async def test_sleepers_wake_in_the_order_of_their_times() -> None:
    clock, woken = ManualClock(0), list[tuple[str, int]]()

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, clock.now_ns()))

    tasks = [asyncio.ensure_future(sleeper("a", 2, 0.5)), asyncio.ensure_future(sleeper("b", 1, 5))]
    await clock.advance(3)
    assert woken == [("b", NS), ("a", 2 * NS), ("a", 2 * NS + NS // 2)]
    assert clock.now_ns() == 3 * NS
    for task in tasks:
        task.cancel()


async def test_nothing_wakes_before_the_clock_moves() -> None:
    clock = ManualClock(0)
    task = asyncio.ensure_future(clock.sleep(1))
    await asyncio.sleep(0.01)
    assert not task.done()
    await clock.advance(0.999)
    assert not task.done()
    await clock.advance(0.001)
    assert task.done()


def test_moments_are_written_as_go_writes_them() -> None:
    assert rfc3339(0) == "0001-01-01T00:00:00Z"
    assert rfc3339(1_750_000_000 * NS) == "2025-06-15T15:06:40Z"
    assert rfc3339(1_750_000_000 * NS + 120_000_000) == "2025-06-15T15:06:40.12Z"
    assert rfc3339_fixed(1_750_000_000 * NS + 120_000_000) == "2025-06-15T15:06:40.120000000Z"
