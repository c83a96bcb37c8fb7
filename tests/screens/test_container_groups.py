"""Containers by Compose project: what is folded, what a command on the row of a group means, what is remembered."""

from collections.abc import Callable, Sequence

import pytest
from stage import StageApp, dashboard, settle, text_of, until
from test_fleet import FleetApp, fleet
from textual.pilot import Pilot

from tui.screens.dashboard import DashboardScreen
from tui.screens.logs import LogsScreen
from tui.settings import HostSettings, Settings
from widgets.live_table_groups import HEAD

Compare = Callable[..., bool]


async def grouped(pilot: Pilot[int]) -> DashboardScreen:
    """Return the dashboard with its containers in groups, the cursor on the row of the first group."""
    screen = await dashboard(pilot)
    await pilot.press("t", "g")
    await until(pilot, lambda: "by project" in text_of(screen.hythe))
    return screen


def row(app: StageApp, name: str) -> str:
    """Return the line of the screen that begins with a name, without the signs before it."""
    lines = [line.lstrip(" ▾▸v>●*") for line in text_of(app).splitlines()]
    return next((line for line in lines if line.startswith(name)), "")


async def test_groups_say_how_many_run_and_what_is_worst() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await grouped(pilot)
        assert "▲ unwell" in row(app, "shop ")
        assert "6/9 running" in row(app, "shop ")
        await pilot.press("Z")
        assert "1/2 running" in row(app, "no project")
        assert [key.startswith(HEAD) for key in screen.containers.visible_keys] == [True] * 3
        worker = next(c for c in screen.session.state.containers.values() if c.name == "shop-worker-1")
        await screen.session.engine.containers.kill(worker.id, "SIGKILL")
        await until(pilot, lambda: "5/9 running" in row(app, "shop "))


async def test_what_folded_containers_use_is_read_and_summed_up() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await grouped(pilot)
        await pilot.press("Z")
        running = {
            c.id for c in screen.session.state.containers.values() if c.project == "shop" and c.state == "running"
        }
        usage = screen.session.usage.usage
        await until(pilot, lambda: running <= usage.keys(), "a sample of each")
        await app.clock.advance(1)
        await until(pilot, lambda: all(usage[key].sample.cpu is not None for key in running), "a second of each")
        screen.tick()
        total = sum(usage[key].sample.cpu or 0 for key in running)
        await until(pilot, lambda: f"{total:.1f}%" in row(app, "shop ") and "≥" not in row(app, "shop "))


async def test_enter_on_the_row_of_a_group_folds_it_and_the_cursor_of_a_folded_row_goes_there() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await grouped(pilot)
        table = screen.containers
        assert table.cursor_key == HEAD + "0:monitoring"
        await pilot.press("enter")
        assert "monitoring-grafana-1" not in text_of(app)
        await pilot.press("j", "j", "z")
        assert table.cursor_key == HEAD + "0:shop"
        assert "shop-api-1" not in text_of(app)
        await pilot.press("t")
        assert table.cursor_row is not None
        assert table.cursor_row.name == "shop-api-1"


async def test_a_filter_shows_what_it_finds_below_its_group_and_counts_it() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await grouped(pilot)
        await pilot.press("Z", "slash", *"redis", "enter")
        await until(pilot, lambda: "6/9 running, 1 match" in row(app, "shop "))
        assert "shop-cache-1" in text_of(app)
        assert "monitoring" not in row(app, "monitoring")
        await pilot.press("escape")
        await until(pilot, lambda: "shop-cache-1" not in text_of(app))


async def test_a_command_on_the_row_of_a_group_lists_the_containers_and_acts_on_them() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await grouped(pilot)
        await pilot.press("slash", *"shop", "enter", "g", "z", "s")
        await until(pilot, lambda: "Stop 8 containers" in text_of(app))
        assert "shop-api-1 (" in text_of(app)
        assert "shop-migrate-1 (" not in text_of(app)
        await pilot.press("y")
        for _ in range(8):
            await pilot.pause(0.2)
            await app.clock.advance(11)  # one that ignores the signal is killed after 10 seconds
        await until(pilot, lambda: "0/9 running" in row(app, "shop "))
        lines = sorted(entry.line for entry in screen.session.history)
        assert len(lines) == 8
        assert lines[0] == "docker stop shop-api-1"
        await pilot.press("s")
        await until(pilot, lambda: "docker start shop-api-1" in [entry.line for entry in screen.session.history])


async def test_what_the_filter_hides_of_a_group_is_not_removed() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await grouped(pilot)
        await pilot.press("slash", *"shop-w", "enter", "g", "d")
        await until(pilot, lambda: "Remove 2 containers?" in text_of(app))
        await pilot.press("y")
        await until(pilot, lambda: not any("shop-w" in c.name for c in screen.session.state.containers.values()))
        assert sum(c.project == "shop" for c in screen.session.state.containers.values()) == 7


async def test_a_guarded_host_wants_the_number_typed_for_a_group() -> None:
    async with FleetApp(("a",), Settings(guarded=True)).run_test(size=(120, 40)) as _:
        pass
    app = StageApp(Settings(hosts={"x": HostSettings("x", url="unix://*", guarded=True)}))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await grouped(pilot)
        await pilot.press("slash", *"shop", "enter", "g", "d")
        await until(pilot, lambda: "Remove 9 containers?" in text_of(app))
        assert "9" in text_of(app).split("Remove 9 containers?")[1]


async def test_a_command_for_one_container_says_so_on_the_row_of_a_group() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await grouped(pilot)
        await pilot.press("R")
        await until(pilot, lambda: "monitoring is a" in text_of(app))
        await pilot.press("Z", "G", "R")
        await until(pilot, lambda: "no project is a" in text_of(app))


async def test_logs_of_a_group_are_those_of_its_containers() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await grouped(pilot)
        await pilot.press("Z", "j", "l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        await until(pilot, lambda: "shop-api-1" in text_of(app))


async def test_a_mark_on_the_row_of_a_group_marks_its_containers_and_they_stay_marked_folded() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await grouped(pilot)
        await pilot.press("Z", "j", "space")
        assert len(screen.containers.marks) == 9
        await until(pilot, lambda: "9 marked" in text_of(app))
        await pilot.press("Z", "g", "j", "j", "j", "space")
        await until(pilot, lambda: "6/9 running, 8 marked" in row(app, "shop "))
        await pilot.press("Z", "d")
        await until(pilot, lambda: "Remove 8 containers?" in text_of(app))


async def test_what_is_grouped_and_folded_is_remembered_for_the_next_connection() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        first = await grouped(pilot)
        await pilot.press("j", "j", "z")
        await app.connect()
        await until(pilot, lambda: app.screen is not first and isinstance(app.screen, DashboardScreen))
        await until(pilot, lambda: "6/9 running" in row(app, "shop "))
        assert "shop-api-1" not in text_of(app)
        assert "monitoring-grafana-1" in text_of(app)


async def test_the_settings_can_have_it_grouped_from_the_start() -> None:
    app = StageApp(Settings(by_project=True))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: "6/9 running" in row(app, "shop "))


async def test_what_is_gone_to_by_name_is_folded_out() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await grouped(pilot)
        await pilot.press("Z")
        cache = next(c for c in screen.session.state.containers.values() if c.name == "shop-cache-1")
        screen.go_to("container", cache.id)
        assert screen.containers.cursor_key == cache.id
        await until(pilot, lambda: "shop-cache-1" in text_of(app))


async def test_folding_keys_say_what_they_need_while_nothing_is_grouped() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("z")
        await until(pilot, lambda: "nothing to fold" in text_of(app))


async def test_the_details_of_a_group_are_those_of_its_project() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await grouped(pilot)
        await pilot.press("Z", "j")
        await until(pilot, lambda: "SERVICE" in text_of(app) and "payments" in text_of(app))
        await pilot.press("G")
        await until(pilot, lambda: "no Compose project made" in text_of(app))
        assert screen.detail.resource == "containers"


async def test_a_command_in_the_services_of_a_group_takes_the_containers_of_that_service() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await grouped(pilot)

        def services() -> Sequence[object]:
            return (screen.detail.targets() or (None, ()))[1] if screen.detail.resource == "projects" else ()

        await pilot.press("slash", *"shop", "enter", "g")
        await until(pilot, lambda: bool(services()), "the services")
        await pilot.press("shift+tab")
        await until(pilot, lambda: screen.detail.body.has_focus, "the services in front")
        await pilot.press("slash", *"migrate", "enter", "s")
        await until(pilot, lambda: "docker start shop-migrate-1" in text_of(app))
        assert [entry.line for entry in screen.session.history] == ["docker start shop-migrate-1"]


async def test_projects_of_several_hosts_are_groups_of_their_own() -> None:
    app = FleetApp(("alpha", "beta"))
    async with fleet(app) as (pilot, screen, text):
        await pilot.press("t", "Z", "g")
        await until(pilot, lambda: "by project" in text())
        heads = [key for key in screen.containers.visible_keys if key.startswith(HEAD)]
        assert len(heads) == len(screen.containers.visible_keys) == len(set(heads))
        names = [line.split()[:1] for line in text().splitlines() if "running" in line and "▸" in line]
        assert names.count(["alpha"]) == names.count(["beta"]) == len(heads) // 2
        await pilot.press("s")
        await until(pilot, lambda: "on alpha" in text())


SHOWN = {
    "80x24": ((80, 24), Settings(), ("j", "j", "space")),
    "120x40": ((120, 40), Settings(), ("Z", "G")),
    "ascii": ((80, 24), Settings(ascii=True), ("j", "space")),
    "no-colour": ((80, 24), Settings(color="none"), ("j", "j", "z")),
}


@pytest.mark.parametrize(("size", "settings", "keys"), SHOWN.values(), ids=SHOWN)
def test_groups_on_the_screen(
    snap_compare: Compare, size: tuple[int, int], settings: Settings, keys: tuple[str, ...]
) -> None:
    app = StageApp(settings)

    async def run(pilot: Pilot[int]) -> None:
        screen = await grouped(pilot)
        await pilot.press(*keys)
        usage = screen.session.usage.usage
        running = {c.id for c in screen.session.state.containers.values() if c.state == "running"}
        await until(pilot, lambda: running <= usage.keys(), "a sample of each, in sight or folded")
        await app.clock.advance(1)
        await until(pilot, lambda: all(usage[key].sample.cpu is not None for key in running), "a second of each")
        screen.tick()
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=run)
