"""The files of a volume that nothing mounts under a pilot's fingers: a container is made for them, and removed."""

import io
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from stage import StageApp, dashboard, text_of, until
from test_files_screen import answer, noted
from textual.pilot import Pilot

from tui.engine.helpers import VOLUME
from tui.engine.volume_files import volume_container, write_volume
from tui.model.containers import Container
from tui.screens.dashboard import DashboardScreen
from tui.screens.extract import ExtractScreen
from tui.screens.file_view import FileScreen
from tui.screens.volume_files import VolumeFilesScreen
from tui.settings import Settings

SIZE = (100, 40)
IMAGE = "busybox:latest"
LINKS = {"in": "sub/f", "abs": "/etc/passwd", "out": "../../etc", "up": "./sub", "loop": "loop", "lost": "nowhere"}


def a_tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        folder = tarfile.TarInfo("sub")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for name in ("sub/f", "top", "sub/a\nb"):
            info = tarfile.TarInfo(name)
            info.size = 6
            tar.addfile(info, io.BytesIO(b"hello\n"))
        for name, target in LINKS.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return out.getvalue()


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def filled(pilot: Pilot[int], name: str = "lonely") -> DashboardScreen:
    """Make a volume with files that no container mounts, and put the cursor on it."""
    screen = await dashboard(pilot)
    engine = screen.session.engine
    await engine.volumes.create(name)
    async with volume_container(engine, name, IMAGE) as container:
        await write_volume(engine, container, pieces(a_tar()))
    await until(pilot, lambda: name in screen.session.state.volumes, "the volume")
    await until(pilot, lambda: not helpers(screen), "the end of what filled it")
    await pilot.press("3", "slash", *name, "enter")
    return screen


def helpers(screen: DashboardScreen) -> list[Container]:
    return [each for each in screen.session.state.containers.values() if VOLUME in each.labels]


async def opened(pilot: Pilot[int]) -> VolumeFilesScreen:
    app = cast("StageApp", pilot.app)
    await pilot.press("f")
    await until(pilot, lambda: isinstance(app.screen, VolumeFilesScreen), "the files")
    screen = cast("VolumeFilesScreen", app.screen)
    await until(pilot, lambda: "/sub" in screen.pane.files.visible_nodes, "the tree")
    return screen


async def test_a_volume_that_nothing_mounts_is_looked_at_and_left_without_a_trace() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        below = await filled(pilot)
        screen = await opened(pilot)
        shown = text_of(app)
        assert "files of volume lonely" in shown
        assert "sub/" in shown
        assert "hythe-volume" not in shown
        await until(pilot, lambda: len(helpers(below)) == 1, "the event of its making")
        (helper,) = helpers(below)
        assert helper.state == "created"
        made = await screen.session.engine.containers.inspect(helper.id)
        (mount,) = made["HostConfig"]["Mounts"]
        assert (mount["ReadOnly"], mount["VolumeOptions"]["NoCopy"]) == (True, True)

        screen.pane.go_to("/top")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FileScreen) and "hello" in text_of(app), "the file")
        assert "/top" in text_of(app)
        await pilot.press("q")
        await until(pilot, lambda: app.screen is screen, "the tree again")
        await pilot.press("q")
        await until(pilot, lambda: not helpers(below), "its removal")
        lines = [entry.line for entry in screen.session.history]
        assert lines[-1].startswith("docker create --network none --volume lonely:/hythe-volume:ro,nocopy ")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("/abs", "/abs leads out of the volume, to /etc/passwd of whatever container mounts it"),
        ("/out/passwd", "/out leads out of the volume, to /etc of whatever container mounts it"),
        ("/nothing", "/nothing is not there"),
        ("/lost", "/nowhere is not there"),
    ],
    ids=["absolute", "on-the-way", "nothing", "dangling"],
)
async def test_a_way_that_leads_out_of_the_volume_ends_there(given: str, says: str) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await filled(pilot)
        screen = await opened(pilot)
        await pilot.press("f")
        await answer(pilot, given)
        if given.removeprefix("/") in LINKS:  # that puts the cursor on the link
            await until(pilot, lambda: screen.pane.files.cursor_node == given, "the link")
            await pilot.press("enter")
        await until(pilot, lambda: says in noted(app), "why not")
        assert isinstance(app.screen, VolumeFilesScreen)


@pytest.mark.parametrize(("given", "at"), [("/in", "/sub/f"), ("/up/f", "/sub/f")])
async def test_a_link_within_the_volume_is_followed(given: str, at: str) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await filled(pilot)
        screen = await opened(pilot)
        where, about = await screen.look_at(given)
        assert (where, about.is_file) == (at, True)


async def test_a_folder_of_it_is_copied_out(tmp_path: Path) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        below = await filled(pilot)
        screen = await opened(pilot)
        screen.pane.go_to("/sub")
        await pilot.press("e")
        await answer(pilot, str(tmp_path))
        await until(pilot, lambda: isinstance(app.screen, ExtractScreen), "the copy")
        await until(pilot, lambda: (tmp_path / "sub" / "f").exists(), "the file")
        assert (tmp_path / "sub" / "a\nb").read_text() == "hello\n"
        await pilot.press("q")
        await until(pilot, lambda: app.screen is screen, "the tree again")
        await pilot.press("q")
        await until(pilot, lambda: not helpers(below), "its removal")


async def test_without_an_image_it_is_said_what_to_do() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await filled(pilot)
        engine = screen.session.engine
        for container in await engine.containers.list_all():
            await engine.containers.remove(container.id, force=True)
        for image in await engine.images.list_all():
            await engine.images.remove(image.id, force=True)
        await until(pilot, lambda: not screen.session.state.images, "no image")
        await pilot.press("f")
        await until(pilot, lambda: "no image is on this daemon: pull one" in noted(app), "why not")


async def test_nothing_is_made_on_a_host_that_is_read_only() -> None:
    app = StageApp(Settings())
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await filled(pilot)
        screen.session.engine.transport.read_only = True
        await pilot.press("f")
        await until(pilot, lambda: "no container mounts it, and none may be made" in noted(app), "why not")
        assert not helpers(screen)


async def test_a_container_that_somebody_removed_is_made_again() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        below = await filled(pilot)
        screen = await opened(pilot)
        await until(pilot, lambda: len(helpers(below)) == 1, "the event of its making")
        (helper,) = helpers(below)
        await screen.session.engine.containers.remove(helper.id, force=True)
        await until(pilot, lambda: not helpers(below), "its end")
        await pilot.press("r")
        await until(pilot, lambda: bool(helpers(below)), "another one")
        await until(pilot, lambda: not screen.reading.running and not screen.reading.problem, "the files")
        await pilot.press("q")
        await until(pilot, lambda: not helpers(below), "its removal")


async def test_the_end_of_hythe_takes_the_container_along() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        below = await filled(pilot)
        await opened(pilot)
        await until(pilot, lambda: bool(helpers(below)), "the event of its making")
        await app.end_session()
        assert not below.session.engine.helpers._open
