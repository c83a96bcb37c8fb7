"""Marked containers in one chart: a glyph each, another measure by a key, and those that do not run say so."""

from collections.abc import Callable

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from tui.screens.stats_compare import CompareStatsScreen
from tui.settings import Settings

Compare = Callable[..., bool]


async def compare(pilot: Pilot[int], name: str, seconds: int) -> None:
    """Mark what a filter shows, compare it, and let so many samples come."""
    screen = await dashboard(pilot)
    app = pilot.app
    assert isinstance(app, StageApp)
    await pilot.press("slash", *name, "enter", "asterisk", "S")
    await until(pilot, lambda: isinstance(app.screen, CompareStatsScreen), "the chart")
    session = screen.session
    running = [key for key in screen.containers.marks if session.state.containers[key].state == "running"]
    assert len(running) > 1
    for _ in range(seconds):
        known = {key: len(session.usage.histories[key]) for key in running}
        await app.clock.advance(1)
        await until(
            pilot,
            lambda known=known: all(len(session.usage.histories[key]) > known[key] for key in running),
            "the next samples",
        )
    front = app.screen
    assert isinstance(front, CompareStatsScreen)
    front.draw()
    await pilot.pause()


async def test_each_has_its_glyph_and_measures_turn() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await compare(pilot, "shop", 4)
        shown = text_of(app)
        assert "● shop-" in shown
        assert "■ shop-" in shown
        assert "▲" in shown
        assert "%" in shown
        await pilot.press("right")
        await until(pilot, lambda: "MiB" in text_of(app), "the memory")
        await pilot.press("left", "left")
        await until(pilot, lambda: "MiB" in text_of(app), "around the end: the cache")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, CompareStatsScreen), "the dashboard")


async def test_it_is_there_on_a_small_terminal_too() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await compare(pilot, "shop", 3)
        for size in ((40, 10), (1, 1), (40, 10)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await until(pilot, lambda: "● shop-" in text_of(app), "the first of the lines")
        shown = text_of(app).splitlines()
        assert shown[0].startswith(" hythe stats of")
        assert "esc back" in shown[-1]


async def test_one_that_is_started_meanwhile_is_read_too() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        session = screen.session
        idle = next(c.id for c in session.state.containers.values() if c.state == "exited")
        app.open_screen("stats_compare", targets=[(session, session.state.containers[idle])])
        await until(pilot, lambda: "was not watched while it did" in text_of(app), "that it does not run")
        await session.engine.containers.start(idle)
        await until(pilot, lambda: session.state.containers[idle].state == "running", "that it runs")
        await until(pilot, lambda: idle in session.usage.usage, "its first sample")


LOOKS = {"80x24": ((80, 24), Settings()), "ascii": ((80, 24), Settings(ascii=True))}


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks(snap_compare: Compare, look: str) -> None:
    size, settings = LOOKS[look]

    async def before(pilot: Pilot[int]) -> None:
        await compare(pilot, "shop", 12)

    assert snap_compare(StageApp(settings), terminal_size=size, run_before=before)
