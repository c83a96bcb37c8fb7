"""The files of a container under a pilot's fingers, on the demo engine."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import cast

import pytest
from stage import StageApp, dashboard, text_of, until
from test_engine_fails import break_engine
from textual.pilot import Pilot

from tui.engine.errors import ConnectionLost
from tui.engine.files import FileStat
from tui.jobs.copy_in import CopyInJob
from tui.screens.dashboard import DashboardScreen
from tui.screens.extract import ExtractScreen
from tui.screens.file_view import FileScreen
from tui.screens.files import FilesScreen
from tui.settings import Settings
from widgets.dialogs import ConfirmDialog, PromptDialog

Compare = Callable[..., bool]
SIZE = (100, 45)
SCRIPT = (
    "mkdir -p /srv/sub; echo 'print(\"hello\", 42)' >/srv/app.py; printf 'a\\0b' >/srv/data.bin; "
    "ln -s sub/../app.py /srv/link; ln -s sub /srv/folder; ln -s /nowhere /srv/lost; echo '#!/bin/sh' >/srv/sub/run; "
    "rm /bin/sh; mkdir -p /data/sub; echo x >/data/sub/f"
)


def noted(app: StageApp) -> str:
    """What the notes say that are shown now."""
    return "\n".join(note.message for note in app._notifications)


async def made(pilot: Pilot[int]) -> str:
    """Make a container that ran the script; return its ID."""
    screen = await dashboard(pilot)
    engine = screen.session.engine
    app = cast("StageApp", pilot.app)
    body = {"Image": "busybox:latest", "Cmd": ["sh", "-c", SCRIPT], "HostConfig": {"Binds": ["data:/data"]}}
    created = await engine.containers.create(body, name="files-made")
    await engine.containers.start(created.id)
    for _ in range(50):
        if (await engine.containers.read(created.id)).state == "exited":
            break
        await app.clock.advance(0.1)

    def ended() -> bool:
        # in the table, not in the state alone: the table is told of it a moment later, and keys are for what it shows
        row = screen.containers.row_of(created.id)
        return row is not None and row.state == "exited"

    await until(pilot, ended, "its end")
    return created.id


async def open_files(pilot: Pilot[int]) -> FilesScreen:
    """Open its files, by keys, and wait for them."""
    app = cast("StageApp", pilot.app)
    await made(pilot)
    await pilot.press("slash", *"files-made", "enter", "f")
    await until(pilot, lambda: isinstance(app.screen, FilesScreen), "the files")
    screen = cast("FilesScreen", app.screen)
    await until(pilot, lambda: "/srv/app.py" in screen.pane.files.visible_nodes, "the tree")
    await until(pilot, lambda: screen.pane.tree_read.changes_known and not screen.reading.running, "what changed")
    return screen


async def answer(pilot: Pilot[int], *texts: str) -> None:
    """Answer questions for texts, one after the other."""
    app = pilot.app
    for text in texts:
        await until(pilot, lambda: isinstance(app.screen, PromptDialog), "the question")
        asked = app.screen
        await pilot.press("ctrl+u", *text, "enter")
        await until(pilot, lambda asked=asked: app.screen is not asked, "the next one")


async def test_the_tree_is_opened_at_what_changed() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_files(pilot)
        shown = text_of(app)
        assert "files of files-made" in shown
        assert "A app.py" in shown
        assert "D sh" in shown
        assert "A link → sub/../app.py" in shown
        assert [entry.line for entry in screen.session.history] == ["docker export files-made | tar -tv"]
        every = screen.pane.files.row_count
        await pilot.press("c")
        await until(pilot, lambda: "only changes" in text_of(app), "only what changed")
        assert screen.pane.files.row_count < every
        await pilot.press("c", "o")
        await until(pilot, lambda: "by size" in text_of(app) and "only changes" not in text_of(app), "all, by size")
        assert screen.pane.files.row_count == every
        sizes = [screen.pane.tree_read.size(path) for path in screen.pane.tree_read.tops() if "/" not in path[1:]]
        assert screen.pane.files.visible_nodes[0] == screen.pane.tree_read.tops()[sizes.index(max(sizes))]


async def test_a_file_is_looked_at_and_a_link_followed() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_files(pilot)
        assert screen.pane.go_to("/srv/app.py")
        await pilot.press("enter")
        await until(pilot, lambda: 'print("hello", 42)' in text_of(app), "the text")
        assert isinstance(app.screen, FileScreen)
        assert "-rw-r--r-- 0:0 19B" in text_of(app)
        await pilot.press("q")
        assert screen.pane.go_to("/srv/data.bin")
        await pilot.press("enter")
        await until(pilot, lambda: "00000000  61 00 62" in text_of(app), "the dump")
        await pilot.press("q")
        assert screen.pane.go_to("/srv/link")
        await pilot.press("enter")
        await until(pilot, lambda: "is what /srv/link leads to" in text_of(app), "what it leads to")
        await pilot.press("q")
        assert screen.pane.go_to("/srv/folder")
        await pilot.press("enter")
        await until(pilot, lambda: screen.pane.files.cursor_node == "/srv/sub", "the folder")
        assert screen.pane.go_to("/srv/lost")
        await pilot.press("enter")
        await until(pilot, lambda: "leads to /nowhere" in noted(app), "why not")
        assert screen.pane.go_to("/bin/sh")
        await pilot.press("enter")
        await until(pilot, lambda: "the container deleted it" in noted(app), "that it is gone")


async def test_a_name_is_searched_and_a_path_gone_to() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_files(pilot)
        await pilot.press("minus", "slash", *"run", "enter")
        await until(pilot, lambda: screen.pane.files.cursor_node == "/srv/sub/run", "the hit")
        await until(pilot, lambda: "run: 1 of" in text_of(app), "which hit")
        await pilot.press("escape", "f")
        await answer(pilot, "/srv/data.bin")
        await until(pilot, lambda: screen.pane.files.cursor_node == "/srv/data.bin", "the path")
        await pilot.press("f")
        await answer(pilot, "/none")
        await until(pilot, lambda: "/none: " in noted(app), "that there is none")


async def test_a_folder_is_copied_out(tmp_path: Path) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_files(pilot)
        assert screen.pane.go_to("/srv")
        await pilot.press("e")
        await answer(pilot, str(tmp_path))
        await until(pilot, lambda: isinstance(app.screen, ExtractScreen), "the copy")
        await until(pilot, lambda: "left out: 1" in text_of(app), "the end")
        assert (tmp_path / "srv" / "app.py").read_text() == 'print("hello", 42)\n'
        assert sorted(os.listdir(tmp_path / "srv")) == ["app.py", "data.bin", "folder", "link", "sub"]
        assert f"docker cp files-made:/srv {tmp_path}" in [entry.line for entry in screen.session.history]


async def test_a_folder_is_put_in_and_seen(tmp_path: Path) -> None:
    app = StageApp()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "one").write_text("1")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_files(pilot)
        assert screen.pane.go_to("/srv/sub")
        await pilot.press("p")
        await answer(pilot, str(tmp_path / "new"))
        await until(pilot, lambda: isinstance(app.screen, PromptDialog), "the place")
        assert "/srv/sub" in text_of(app)
        await pilot.press("enter")
        await until(pilot, lambda: screen.pane.tree_read.find("/srv/sub/new/one") is not None, "what was put in")
        assert f"docker cp {tmp_path / 'new'} files-made:/srv/sub/" in [e.line for e in screen.session.history]
        await pilot.press("p")
        await answer(pilot, str(tmp_path / "new"), "/srv/sub")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        assert "files of the same names" in text_of(app)


async def test_a_daemon_that_takes_long_before_a_copy_is_waited_for_in_sight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_files(pilot)
        files, go_on = screen.session.engine.files, asyncio.Event()
        stat = files.stat

        async def slow(container: str, path: str) -> FileStat:
            await go_on.wait()
            return await stat(container, path)

        monkeypatch.setattr(files, "stat", slow)
        (tmp_path / "given").write_text("x")
        await pilot.press("p")
        await answer(pilot, str(tmp_path / "given"), "/srv/sub")
        await until(pilot, lambda: "which is asked what is in /srv/sub" in text_of(app), "what is waited for")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen, "the files")
        assert not [job for job in screen.session.jobs if isinstance(job, CopyInJob)]

        await pilot.press("p")
        await answer(pilot, str(tmp_path / "given"), "/srv/sub")
        await until(pilot, lambda: "which is asked what is in /srv/sub" in text_of(app), "what is waited for")
        go_on.set()
        await until(pilot, lambda: screen.pane.tree_read.find("/srv/sub/given") is not None, "the file")


async def test_nothing_is_put_in_on_a_host_that_is_read_only(tmp_path: Path) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_files(pilot)
        screen.session.engine.transport.read_only = True
        await pilot.press("p")
        await until(pilot, lambda: "copy a file or folder into it: read-only" in noted(app), "why not")
        assert not [job for job in screen.session.jobs if isinstance(job, CopyInJob)]


async def test_a_reading_that_is_stopped_keeps_what_came() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_files(pilot)
        whole = [chunk async for chunk in screen.session.engine.files.export("files-made")]
        data = b"".join(whole)

        async def slow(_container: str) -> AsyncGenerator[bytes]:
            yield data[: len(data) // 2]
            await asyncio.Event().wait()

        screen.session.engine.files.export = slow  # type: ignore[method-assign]
        await pilot.press("r")
        await until(pilot, lambda: "stop reading" in text_of(app), "the key")
        job = screen.reading.job
        assert job is not None
        await until(pilot, lambda: job.paths > 3, "some paths")
        await pilot.press("x")
        await until(pilot, lambda: "not all was read: the reading was stopped" in text_of(app), "that it was stopped")
        assert "at least" in text_of(app)
        assert screen.pane.files.row_count > 0


async def test_a_line_that_breaks_and_a_container_that_goes_away_leave_what_was_read() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_files(pilot)

        async def broken(_container: str) -> AsyncGenerator[bytes]:
            raise ConnectionLost("unix:///x", "reset")
            yield b""

        screen.session.engine.files.export = broken  # type: ignore[method-assign]
        await pilot.press("r")
        await until(pilot, lambda: "connection lost: reset" in text_of(app), "the reason")
        assert "app.py" in text_of(app)
        await screen.session.engine.containers.remove("files-made")
        await until(
            pilot, lambda: "files-made is gone: this is what was read before" in text_of(app), "that it is gone"
        )
        assert "app.py" in text_of(app)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "back")


async def test_a_daemon_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The screen covers the light in the dashboard's header."""
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_files(pilot)
        with monkeypatch.context() as patch:
            await break_engine(app, patch, "lost")
            await until(pilot, lambda: "the daemon does not answer: " in text_of(app), "its silence")
            assert "app.py" in text_of(app)
        screen.session.feed.refresh()
        await until(pilot, lambda: "does not answer" not in text_of(app), "that it answers")


async def test_what_can_not_be_read_at_all_says_why_and_is_tried_again() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await made(pilot)
        dash = cast("DashboardScreen", app.screen)
        served = dash.session.engine.files.export

        async def broken(_container: str) -> AsyncGenerator[bytes]:
            raise ConnectionLost("unix:///x", "reset")
            yield b""

        dash.session.engine.files.export = broken  # type: ignore[method-assign]
        await pilot.press("slash", *"files-made", "enter", "f")
        await until(pilot, lambda: "r tries again" in text_of(app), "why not")
        assert "connection lost: reset" in text_of(app)
        dash.session.engine.files.export = served  # type: ignore[method-assign]
        await pilot.press("r")
        await until(pilot, lambda: "app.py" in text_of(app), "the tree")


async def test_a_mount_is_read_when_it_is_opened() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_files(pilot)
        assert "data/  volume data  enter reads it" in text_of(app)
        assert screen.pane.go_to("/data")
        await pilot.press("enter")
        await until(pilot, lambda: screen.pane.tree_read.find("/data/sub/f") is not None, "its files")
        await until(pilot, lambda: "enter reads it" not in text_of(app), "that they are read")
        await pilot.press("f")
        await answer(pilot, "/data/sub/f")
        await until(pilot, lambda: screen.pane.files.cursor_node == "/data/sub/f", "the file")
        assert [entry.line for entry in screen.session.history] == [
            "docker cp files-made:/data - | tar -tv",
            "docker export files-made | tar -tv",
        ]


async def test_the_files_of_a_volume_are_those_of_a_container_that_mounts_it() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await dashboard(pilot)
        used = next(
            mount.source
            for container in screen.session.state.containers.values()
            for mount in container.mounts
            if mount.type == "volume"
        )
        await pilot.press("3", "slash", *used, "enter", "f")
        await until(pilot, lambda: isinstance(app.screen, FilesScreen), "the files")


LOOKS = {
    "80x24": ((80, 24), Settings()),
    "40x10": ((40, 10), Settings()),
    "ascii": ((80, 24), Settings(ascii=True)),
}


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks(snap_compare: Compare, look: str) -> None:
    size, settings = LOOKS[look]

    async def before(pilot: Pilot[int]) -> None:
        screen = await open_files(pilot)
        await until(pilot, lambda: not screen.reading.running, "its end")
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: pilot.app.size == size, "the size")
        screen.pane.go_to("/srv/sub")

    assert snap_compare(StageApp(settings), terminal_size=(80, 24), run_before=before)
