"""The output of one command in several containers, side by side."""

from collections.abc import Callable

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from tui.screens.dashboard import DashboardScreen
from tui.screens.one_off import OneOffScreen

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}


async def run_in_marked(pilot: Pilot[int], app: StageApp, command: str) -> None:
    await dashboard(pilot)
    await pilot.press("space", "j", "j", "space", "x")
    await until(pilot, lambda: "Run in" in text_of(app), "the question")
    await pilot.press(*command, "enter")


def front(app: StageApp) -> OneOffScreen:
    assert isinstance(app.screen, OneOffScreen)
    return app.screen


def ended(app: StageApp) -> bool:
    screen = app.screen
    return isinstance(screen, OneOffScreen) and all(
        pane.run is not None and pane.run.state != "running" for pane in screen.panes
    )


async def test_a_pane_for_each_by_name_and_again() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await run_in_marked(pilot, app, "echo hello")
        await until(pilot, lambda: text_of(app).count("exit 0") == 2)
        names = [pane.target.name for pane in front(app).panes]
        assert len(set(names)) == 2
        shown = text_of(app)
        assert all(name in shown for name in names)
        assert shown.count(" hello") >= 3  # of each, and the title
        first = front(app).panes[0].run
        await pilot.press("r")
        await until(pilot, lambda: front(app).panes[0].run is not first and ended(app))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))
        assert len(app.history) == 4


async def test_leaving_the_question_leaves_the_screen() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard(pilot)
        await pilot.press("x")
        await until(pilot, lambda: "Run in" in text_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))
        assert not len(app.history)


async def test_what_runs_is_cancelled_when_it_is_left() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await run_in_marked(pilot, app, "echo begun; sleep 500")
        await until(pilot, lambda: text_of(app).count("begun") >= 3)
        runs = [pane.run for pane in front(app).panes]
        await pilot.press("q")
        await until(pilot, lambda: all(run is not None and run.state == "cancelled" for run in runs))


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_two_outputs(snap_compare: Callable[..., bool], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.commands.one_off.OneOff.seconds", 1.2)

    async def run(pilot: Pilot[int]) -> None:
        await run_in_marked(pilot, app, "echo hello; echo oh >&2; exit 3")
        await until(pilot, lambda: text_of(app).count("exit 3") == 3 and ended(app))

    app = StageApp()
    assert snap_compare(app, terminal_size=size, run_before=run)
