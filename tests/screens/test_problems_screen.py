"""The problems screen: what is wrong on every host, live, with commands that may help."""

from collections.abc import Callable

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from tui.screens.dashboard import DashboardScreen
from tui.screens.disk import DiskScreen
from tui.settings import Settings

Compare = Callable[..., bool]


async def open_problems(pilot: Pilot[int], front: str = "1") -> DashboardScreen:
    """Open the problems, with the table of that key in front of the dashboard."""
    screen = await dashboard(pilot)
    app = pilot.app
    assert isinstance(app, StageApp)
    await pilot.press(front, "W")
    await until(pilot, lambda: all(word in text_of(app) for word in ("restart loop", "unhealthy", "out of memory")))
    return screen


async def test_what_is_cured_goes_by_itself_and_the_commands_run() -> None:
    app = StageApp()
    async with app.run_test(size=(100, 24), notifications=True) as pilot:
        screen = await open_problems(pilot)
        assert "payments" in text_of(app)
        await pilot.press("enter")
        await until(pilot, lambda: "docker stop CONTAINER" in text_of(app), "the commands")
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: "restart loop" not in text_of(app), "the loop ends")
        assert [entry.line for entry in screen.session.history] == ["docker stop shop-payments-1"]


@pytest.mark.parametrize("front", ["1", "2", "5"], ids=["containers", "images", "projects"])
async def test_the_timeline_of_one_is_a_key_away(front: str) -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_problems(pilot, front)
        await pilot.press("G", "enter")
        await until(pilot, lambda: "why it died" in text_of(app), "the commands")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen and "times in a row" in text_of(app), "the timeline")
        key = screen.containers.cursor_key
        assert key is not None
        assert screen.session.state.containers[key].health == "unhealthy"


async def test_the_stats_of_one_are_its_own_though_others_are_marked() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("asterisk")
        screen.view("stats")
        await until(pilot, lambda: app.screen is screen and screen.detail.tab == "stats", "the tab")
        await pilot.press("escape", "S")
        await until(pilot, lambda: app.screen is not screen, "the comparison of the marked ones")


async def test_one_that_a_frozen_table_does_not_show_yet_is_gone_to() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("exclamation_mark")
        engine = screen.session.engine
        id = (await engine.containers.create({"Image": "busybox:latest"}, name="late")).id
        await until(pilot, lambda: id in screen.session.state.containers, "the container")
        screen.show_detail("timeline", "container", id, screen.session)
        assert screen.containers.cursor_key == id
        assert screen.detail.tab == "timeline"


async def test_the_details_that_a_command_shows_are_those_of_the_marked_row() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("g", "space", "G", "w")
        await until(pilot, lambda: screen.detail.tab == "timeline" and screen.detail.body.has_focus, "the timeline")
        assert screen.containers.cursor_key in screen.containers.marks


async def test_nothing_is_changed_on_a_host_that_is_read_only() -> None:
    app = StageApp(Settings(read_only=True))
    async with app.run_test(size=(100, 24), notifications=True) as pilot:
        screen = await open_problems(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "read-only" in text_of(app), "why not")
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: "stop or start: read-only" in text_of(app))
        assert not list(screen.session.history)


async def test_a_daemon_that_speaks_of_a_full_disk_is_a_problem_with_ways_out() -> None:
    app = StageApp()
    async with app.run_test(size=(100, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        entry = screen.session.history.begin("docker start web", screen.session.name)
        entry.close("failed", "mkdir /var/lib/docker/x: No space left on device")
        entry.ended = screen.session.now()
        await pilot.press("W")
        await until(pilot, lambda: "disk full" in text_of(app), "the problem")
        assert "No space left on device" in text_of(app)
        await pilot.press("enter")
        await until(pilot, lambda: "go to the images" in text_of(app), "what can be done")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DiskScreen), "what takes the disk")


@pytest.mark.parametrize("look", ["80x24", "ascii"])
def test_it_looks(snap_compare: Compare, look: str) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await open_problems(pilot)

    assert snap_compare(StageApp(Settings(ascii=look == "ascii")), terminal_size=(80, 24), run_before=before)
