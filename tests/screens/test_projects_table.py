"""The table of Compose projects, the services in its details, and what their keys do."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from stage import StageApp, dashboard, settle, text_of, until
from textual.pilot import Pilot

from tui.commands.command import Context
from tui.commands.compose_runs import run_job
from tui.model.compose import ProjectPlace
from tui.screens import detail
from tui.screens.details.services import ServiceTable
from tui.screens.logs import LogsScreen
from tui.screens.output import OutputScreen
from tui.settings import Settings
from tui.store import usage


async def test_projects_of_the_labels_live() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("5")
        await until(pilot, lambda: "/srv/shop/compose.yaml" in text_of(app))
        await until(pilot, lambda: "monitoring" in text_of(app) and "not known" in text_of(app))
        assert screen.table.cursor_key == "project:monitoring"
        assert "6/9" in text_of(app)
        worker = next(c for c in screen.session.state.containers.values() if c.name == "shop-worker-1")
        await screen.session.engine.containers.remove(worker.id, force=True)
        await until(pilot, lambda: "5/8" in text_of(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (40, 10)])
async def test_services_are_rows_of_the_details(size: tuple[int, int]) -> None:
    app = StageApp()
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = await dashboard(pilot) if size[0] > 40 else None
        if screen is None:
            await until(pilot, lambda: type(app.screen).__name__ == "DashboardScreen" and "shop-api-1" in text_of(app))
            screen = app.screen
        await pilot.press("5", "slash", *"shop", "enter", "enter")
        await until(pilot, lambda: "SERVICE" in text_of(app) and "cache" in text_of(app))
        await pilot.press("g", "l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        assert "shop-api-1" in text_of(app)


async def test_a_key_in_the_details_acts_on_the_service_alone_in_the_details() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("5", "slash", *"shop", "enter", "enter")
        await until(pilot, lambda: "worker" in text_of(app))
        await pilot.press("slash", *"migrate", "enter")
        await until(pilot, lambda: "worker" not in text_of(app))
        await pilot.press("s")
        await until(pilot, lambda: "docker start shop-migrate-1" in text_of(app))
        assert [entry.line for entry in screen.session.history] == ["docker start shop-migrate-1"]


async def test_a_service_that_is_marked_and_hidden_by_a_filter_is_not_acted_on() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("5", "slash", *"shop", "enter", "enter")
        await until(pilot, lambda: "worker" in text_of(app))
        await pilot.press("slash", *"worker", "enter", "space", "slash", *"migrate", "enter")
        await until(pilot, lambda: "worker" not in text_of(app))
        await pilot.press("s")
        await until(pilot, lambda: "docker start shop-migrate-1" in text_of(app))
        assert [entry.line for entry in screen.session.history] == ["docker start shop-migrate-1"]


async def test_a_key_in_the_details_without_a_service_there_takes_nothing() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("5", "slash", *"shop", "enter", "enter")
        await until(pilot, lambda: "worker" in text_of(app))
        await pilot.press("slash", *"nosuch", "enter")
        await until(pilot, lambda: "worker" not in text_of(app))
        await pilot.press("s")
        await until(pilot, lambda: "no service under the cursor" in text_of(app), "why not")
        assert not list(screen.session.history)


async def test_a_key_in_details_that_do_not_show_the_row_yet_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("5")
        body = screen.detail.body
        assert isinstance(body, ServiceTable)
        await until(pilot, lambda: body.cursor_row is not None, "the services of the first project")
        monkeypatch.setattr(detail, "SETTLE_SECONDS", 3600.0)
        await pilot.press("j", "enter", "s")
        await until(pilot, lambda: "no service under the cursor" in text_of(app), "why not")
        assert not list(screen.session.history)


async def test_up_without_compose_says_why() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("5", "u")
        await until(pilot, lambda: "there is no docker CLI on the PATH" in text_of(app))


async def test_the_output_of_compose_is_drawn_literally(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text(
        "#!/bin/sh\nprintf 'one [red]x[/] \\033]52;c;eA==\\007 two\\n'; [ \"$2\" = version ] || exit 7\n"
    )
    program.chmod(0o755)
    app = StageApp()
    app.environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("5", "C")
        await until(pilot, lambda: "Start a Compose project" in text_of(app))
        await pilot.press("ctrl+u", *str(tmp_path), "enter")
        await until(pilot, lambda: "failed" in [job.state for _, job in app.jobs()])
        await pilot.press("J", "enter")
        await until(pilot, lambda: isinstance(app.screen, OutputScreen) and "one [red]x[/]" in text_of(app))
        assert "\x1b]" not in text_of(app)
        assert "x cancel" not in text_of(app)  # it has ended
        await pilot.press("q", "q")


async def test_a_project_can_be_started_when_the_folder_of_the_start_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, folder = tmp_path / "docker", tmp_path / "gone"
    program.write_text("#!/bin/sh\necho 2.40\n")
    program.chmod(0o755)
    app = StageApp()
    app.environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        folder.mkdir()
        monkeypatch.chdir(folder)
        folder.rmdir()
        await pilot.press("5", "C")
        await until(pilot, lambda: "Start a Compose project" in text_of(app))
        await pilot.press("ctrl+u", "full_stop", "enter")
        await until(pilot, lambda: "is gone: write a path from /" in text_of(app))


async def test_a_key_pressed_twice_runs_compose_once(tmp_path: Path) -> None:
    program, counted = tmp_path / "docker", tmp_path / "counted"
    program.write_text(f'#!/bin/sh\nsleep 0.2\ncase "$*" in *pull*) echo x >>{counted};; esac\n')
    program.chmod(0o755)
    app = StageApp()
    app.environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        place = ProjectPlace("shop", str(tmp_path), (str(program),))
        context = Context(screen.session, screen, "projects")
        async with asyncio.TaskGroup() as both:
            for _ in range(2):
                both.create_task(run_job(context, place, ["pull"], "compose pull shop", "project:shop"))
        assert counted.read_text() == "x\n"
        assert not screen.session.busy


@pytest.mark.parametrize(("size", "ascii"), [((80, 24), False), ((80, 24), True), ((120, 40), False)],
                         ids=["80x24", "ascii", "120x40"])  # fmt: skip
def test_it_looks(
    snap_compare: Callable[..., bool], size: tuple[int, int], ascii: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "LINGER_SECONDS", 0.1)

    async def before(pilot: Pilot[int]) -> None:
        await dashboard(pilot)
        await pilot.press("5", "j", *(["enter"] if ascii else []))
        app = pilot.app
        assert isinstance(app, StageApp)
        await until(pilot, lambda: text_of(app).count("not known") > 1, "what there is to say of both projects")
        if ascii or size[0] > 100:
            await until(pilot, lambda: "is not known: there is no docker CLI" in text_of(app))
        await until(pilot, lambda: " stream" not in text_of(app), "the end of what was watched in the first table")
        await settle(pilot)

    assert snap_compare(StageApp(Settings(ascii=ascii)), terminal_size=size, run_before=before)
