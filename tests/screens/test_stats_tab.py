"""The Stats tab: charts that go on while they are seen, of a container that is out of sight of the table too."""

from collections.abc import Callable

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from tui.settings import Settings

Compare = Callable[..., bool]


async def open_stats(pilot: Pilot[int], name: str, seconds: int) -> None:
    """Open the stats of a container, and let so many samples come."""
    screen = await dashboard(pilot)
    app = pilot.app
    assert isinstance(app, StageApp)
    await pilot.press("slash", *name, "enter", "S")
    key = screen.containers.cursor_key
    assert key is not None
    histories = screen.session.usage.histories
    for _ in range(seconds):
        known = len(histories[key])
        await app.clock.advance(1)
        await until(pilot, lambda known=known: len(histories[key]) > known, "the next sample")
    last = histories[key].last
    assert last is not None
    await until(pilot, lambda: f"pids {last.sample.pids}" in text_of(app), "the charts")
    screen.tick()  # the table behind them follows once a second, by a clock of its own


async def test_each_sample_is_told_and_goes_on_while_the_table_is_not_seen() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_stats(pilot, "web", 5)
        shown = text_of(app)
        for title in ("CPU", "memory", "net in", "net out", "disk read", "disk write", "pids", "cache", "▲"):
            assert title in shown


async def test_a_container_that_ends_keeps_what_was_read_and_says_why_it_ends() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_stats(pilot, "web", 3)
        screen = await dashboard(pilot)
        key = screen.containers.cursor_key
        assert key is not None
        await screen.session.engine.containers.kill(key)
        await until(pilot, lambda: "exited 137" in text_of(app) and "until then" in text_of(app), "the reason")
        assert "CPU" in text_of(app)


async def test_one_that_never_ran_says_so() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        states = screen.session.state.containers.values()
        name = next(container.name for container in states if container.state == "exited")
        await pilot.press("slash", *name, "enter", "S")
        await until(pilot, lambda: "it does not run: exited" in text_of(app))


async def test_one_that_is_paused_is_not_said_to_have_ended() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        states = screen.session.state.containers.values()
        name = next(container.name for container in states if container.state == "paused")
        await pilot.press("slash", *name, "enter", "S")
        await until(pilot, lambda: "it is paused" in text_of(app), "why there is nothing")


LOOKS = {"80x24": ((80, 24), Settings()), "120x40": ((120, 40), Settings()), "ascii": ((80, 24), Settings(ascii=True))}


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks(snap_compare: Compare, look: str) -> None:
    size, settings = LOOKS[look]

    async def before(pilot: Pilot[int]) -> None:
        await open_stats(pilot, "web", 24)

    assert snap_compare(StageApp(settings), terminal_size=size, run_before=before)
