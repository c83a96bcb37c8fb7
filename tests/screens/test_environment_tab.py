"""The Environment tab: secrets masked until asked, mounts whose files are a key away, ports, networks, labels."""

from collections.abc import Callable
from typing import cast

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from tui.screens.details.environment import EnvironmentView
from tui.screens.files import FilesScreen
from tui.settings import Settings

Compare = Callable[..., bool]


async def open_environment(pilot: Pilot[int], name: str) -> EnvironmentView:
    """Open the tab of a container of the dashboard, by keys."""
    app = cast("StageApp", pilot.app)
    screen = await dashboard(pilot)
    await pilot.press("slash", *name, "enter", "v")
    await until(pilot, lambda: "variable" in text_of(app) and "networks" in text_of(app), "the tab")
    return cast("EnvironmentView", screen.detail.body)


async def test_a_secret_is_masked_until_it_is_asked_for_and_again_when_it_was_left() -> None:
    app = StageApp()
    async with app.run_test(size=(100, 24)) as pilot:
        screen = await dashboard(pilot)
        body = {"Image": "busybox:latest", "Cmd": ["sleep", "60"], "Env": ["A=1", "DB_PASSWORD=hunter2"]}
        await screen.session.engine.containers.create(body, name="secretive")
        await until(pilot, lambda: "secretive" in text_of(app), "the container")
        view = await open_environment(pilot, "secretive")
        assert "DB_PASSWORD=********" in text_of(app)
        assert "1 masked by name" in text_of(app)
        assert view.go_to([("environment",), ("environment", "DB_PASSWORD")])
        await pilot.press("enter")
        await until(pilot, lambda: "DB_PASSWORD=hunter2" in text_of(app), "the secret")
        await pilot.press("enter")
        await until(pilot, lambda: "hunter2" not in text_of(app), "the mask")
        await pilot.press("enter")
        await until(pilot, lambda: "DB_PASSWORD=hunter2" in text_of(app), "the secret again")
        await pilot.press("escape")
        await until(pilot, lambda: "variable" not in text_of(app), "the table")
        await pilot.press("v")
        await until(pilot, lambda: "DB_PASSWORD=********" in text_of(app), "the mask after it was left")


async def test_the_files_of_a_mount_are_a_key_away() -> None:
    app = StageApp()
    async with app.run_test(size=(100, 40)) as pilot:
        screen = await dashboard(pilot)
        rows = screen.session.state.containers.values()
        row = next(c for c in rows if any(mount.type == "volume" for mount in c.mounts))
        mount = next(mount for mount in row.mounts if mount.type == "volume")
        view = await open_environment(pilot, row.name)
        assert f"volume {mount.source}" in text_of(app)
        assert view.go_to([("mounts",), ("mounts", mount.destination)])
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FilesScreen), "the files")
        await until(pilot, lambda: "files of " in text_of(app), "its title")


LOOKS = {"80x24": ((80, 24), Settings()), "ascii": ((80, 24), Settings(ascii=True))}


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks(snap_compare: Compare, look: str) -> None:
    size, settings = LOOKS[look]

    async def before(pilot: Pilot[int]) -> None:
        await open_environment(pilot, "db")

    assert snap_compare(StageApp(settings), terminal_size=size, run_before=before)
