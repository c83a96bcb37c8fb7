"""The tables of a swarm: hidden where there is none, live where there is one."""

from collections.abc import Callable

import pytest
from stage import StageApp, dashboard, settle, text_of, until
from textual.pilot import Pilot

from tui.screens.logs import LogsScreen
from tui.screens.swarm import SwarmScreen
from tui.settings import Settings
from tui.store import usage
from widgets.log_buffer import LogLine


async def test_no_tab_and_the_reason_where_there_is_no_swarm() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await until(pilot, lambda: screen.session.swarm.status is not None)
        assert "6 services" not in text_of(app)
        await pilot.press("6")
        await until(pilot, lambda: "services: this daemon is in no swarm" in text_of(app))
        assert screen.table.id == "containers"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (40, 10)])
async def test_services_and_nodes(size: tuple[int, int]) -> None:
    app = StageApp(swarm=True)
    async with app.run_test(size=size, notifications=True) as pilot:
        if size[0] > 40:
            await dashboard(pilot)
            await until(pilot, lambda: "6 services  7 nodes" in text_of(app))
        else:
            await until(pilot, lambda: "shop-api-1" in text_of(app))
        await pilot.press("6")
        await until(pilot, lambda: "ledger" in text_of(app) and "0/2" in text_of(app))
        await pilot.press("7")
        await until(pilot, lambda: "worker-2" in text_of(app) and "down" in text_of(app))


async def test_tasks_tell_their_errors_and_a_scaled_service_its_count() -> None:
    app = StageApp(swarm=True)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("6", "slash", *"ledger", "enter")
        await until(pilot, lambda: "No such image: registry.example.com/team/ledger:9" in text_of(app))
        await pilot.press("slash", "ctrl+u", *"shop_web", "enter", "equals_sign")
        await until(pilot, lambda: "Scale shop_web" in text_of(app))
        await pilot.press("ctrl+u", "5", "enter")
        await until(pilot, lambda: "5/5" in text_of(app))


async def test_logs_of_a_service_come_from_every_node() -> None:
    app = StageApp(swarm=True)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await open_services(pilot)
        await pilot.press("slash", *"web", "enter", "l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        await until(pilot, lambda: "web.2@worker-1" in text_of(app) and "web.1@demo" in text_of(app))
        await pilot.press("c")
        await until(pilot, lambda: "Show or hide" in text_of(app))
        await pilot.press(*"worker", "enter")
        await until(pilot, lambda: "web.2@worker-1" not in text_of(app))
        assert "1 task hidden" in text_of(app)


async def test_logs_of_a_service_that_can_not_run_say_why() -> None:
    app = StageApp(swarm=True)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_services(pilot)
        await pilot.press("slash", *"ledger", "enter", "l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        await until(pilot, lambda: "No such image" in text_of(app))


async def test_tasks_that_wait_for_a_place_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.log_targets.MOST_FOLLOWED", 2)
    monkeypatch.setattr("tui.screens.logs.MOST_FOLLOWED", 2)
    app = StageApp(swarm=True)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await open_services(pilot)
        await pilot.press("slash", *"web", "enter", "l")
        await until(pilot, lambda: "2 tasks are followed, 1 more wait for a place" in text_of(app))
        screen = app.screen
        assert isinstance(screen, LogsScreen)
        assert screen.reading.feed.followed == 2


async def test_a_task_that_was_forgotten_can_still_be_hidden_and_shown() -> None:
    app = StageApp(swarm=True)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await open_services(pilot)
        await pilot.press("slash", *"web", "enter", "l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        screen = app.screen
        assert isinstance(screen, LogsScreen)
        await until(pilot, lambda: "web.2@worker-1" in text_of(app) and "web.1@demo" in text_of(app))
        screen.log_view.buffer.append([LogLine("long ago", source="web.9@gone")])
        await pilot.press("c")
        await until(pilot, lambda: "Show or hide a task" in text_of(app))
        await pilot.press(*"gone", "enter")
        await until(pilot, lambda: "1 task hidden" in text_of(app))
        assert "long ago" not in text_of(app)
        await pilot.press("c")
        await until(pilot, lambda: "hidden: shows it" in text_of(app))


async def open_services(pilot: Pilot[int]) -> None:
    """Go to the services, once they are known."""
    screen = await dashboard(pilot)
    await until(pilot, lambda: screen.session.swarm.status is not None)
    await pilot.press("6")
    await until(pilot, lambda: "shop_web" in text_of(screen.hythe))


async def test_what_belongs_to_the_swarm_by_name_only() -> None:
    app = StageApp(swarm=True)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await screen.action_command("app.swarm")
        await until(pilot, lambda: isinstance(app.screen, SwarmScreen) and "shop_db_password" in text_of(app))
        assert "shop  2 services" in text_of(app)
        assert "manager, 3 nodes, 1 manager" in text_of(app)


async def test_nothing_of_the_swarm_is_read_while_nobody_looks() -> None:
    app = StageApp(swarm=True)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await dashboard(pilot)
        await until(pilot, lambda: screen.session.swarm.status is not None)
        assert not screen.session.swarm.services
        await pilot.press("6")
        await until(pilot, lambda: bool(screen.session.swarm.services))
        await pilot.press("1")
        await until(pilot, lambda: not screen.session.swarm._watched)


@pytest.mark.parametrize(("size", "ascii"), [((80, 24), False), ((120, 40), True)], ids=["80x24", "ascii-120x40"])
def test_it_looks(
    snap_compare: Callable[..., bool], size: tuple[int, int], ascii: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "LINGER_SECONDS", 0.1)

    async def before(pilot: Pilot[int]) -> None:
        await dashboard(pilot)
        app = pilot.app
        assert isinstance(app, StageApp)
        await pilot.press("6")
        await until(pilot, lambda: "0/2" in text_of(app))
        await pilot.press("j")
        if ascii:
            await until(pilot, lambda: "No such image" in text_of(app))
        await until(pilot, lambda: " stream" not in text_of(app), "the end of what was watched in the first table")
        await settle(pilot)

    assert snap_compare(StageApp(Settings(ascii=ascii), swarm=True), terminal_size=size, run_before=before)
