"""What is done from the layers screen, under a pilot's fingers: files opened, extracted, images compared, reports."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from stage import StageApp, dashboard, text_of, until
from test_layers_screen import SIZE, archive, committed, read_layers
from textual.pilot import Pilot

from tui.engine.context_tar import BuildContext
from tui.engine.errors import ApiError
from tui.jobs.build import BuildJob
from tui.jobs.build_ways import Plan
from tui.jobs.layers import LayersJob
from tui.model.build import BuildResult, BuildState
from tui.model.build_spec import BuildSpec
from tui.model.build_way import Way
from tui.screens.dashboard import DashboardScreen
from tui.screens.extract import ExtractScreen
from tui.screens.layers import LayersScreen
from tui.screens.layers_compare import CompareScreen
from tui.screens.layers_file import LayerFileScreen
from tui.screens.layers_waste import LayerWasteScreen
from widgets.choice_dialog import ChoiceDialog
from widgets.dialogs import PromptDialog

SCRIPT = (
    "mkdir -p /srv/sub; echo 'print(\"hello\", 42)' >/srv/app.py; printf 'a\\0b' >/srv/data.bin; "
    "ln -s sub/../app.py /srv/link; ln -s /nowhere /srv/lost; echo '#!/bin/sh' >/srv/sub/run"
)


def block_cache(home: Path) -> None:
    """Let a file be where the cache would."""
    home.mkdir(parents=True, exist_ok=True)
    (home / ".cache").write_text("in the way")


def noted(app: StageApp) -> str:
    """What the notes say that are shown now."""
    return "\n".join(note.message for note in app._notifications)


async def made(pilot: Pilot[int]) -> LayersScreen:
    """The layers of an image with files to look at."""
    await committed(pilot, SCRIPT)
    return await read_layers(pilot, "layers-made")


async def aim(pilot: Pilot[int], screen: LayersScreen, path: str) -> None:
    """Put the cursor on a path."""
    await pilot.press("tab")
    await until(pilot, lambda: screen.pane.go_to(path), f"the way to {path}")
    assert screen.pane.files.cursor_node == path


async def answer(pilot: Pilot[int], text: str) -> None:
    """Answer a question for a text."""
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, PromptDialog), "the question")
    await pilot.press("ctrl+u", *text, "enter")


async def test_a_text_is_seen_in_its_layer() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await made(pilot)
        await aim(pilot, screen, "/srv/app.py")
        await pilot.press("enter")
        await until(pilot, lambda: 'print("hello", 42)' in text_of(app), "the text")
        assert isinstance(app.screen, LayerFileScreen)
        shown = text_of(app)
        assert "/srv/app.py" in shown
        assert "layer 3" in shown
        assert "-rw-r--r-- 19B" in shown
        await pilot.press("h")
        await until(pilot, lambda: "00000000  70 72 69 6e 74" in text_of(app), "the dump")
        await pilot.press("h", "slash", *"hello", "enter")
        await until(pilot, lambda: "hello: 1 of 1 lines" in text_of(app), "the hit")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is screen, "back")
        assert [entry.outcome for entry in screen.session.history] == ["ok", "ok"]


async def test_what_is_no_text_is_a_dump_and_links_are_followed() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await made(pilot)
        await aim(pilot, screen, "/srv/data.bin")
        await pilot.press("enter")
        await until(pilot, lambda: "00000000  61 00 62" in text_of(app), "the dump")
        await pilot.press("q")
        assert screen.pane.go_to("/srv/link")
        await pilot.press("enter")
        await until(pilot, lambda: 'print("hello", 42)' in text_of(app), "the text")
        assert "is /srv/app.py" in text_of(app)
        await pilot.press("q")
        assert screen.pane.go_to("/srv/lost")
        await pilot.press("enter")
        await until(pilot, lambda: "/nowhere, which is not in the image" in noted(app), "why not")
        assert app.screen is screen


@pytest.mark.parametrize("kind", ["refused", "cancelled"])
async def test_a_file_that_can_not_be_read_says_why(kind: str) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await made(pilot)
        served = screen.session.engine.images.archive
        closed = asyncio.Event()

        async def broken(_image: str) -> AsyncGenerator[bytes]:
            if kind == "refused":
                raise ApiError(500, "no space left", "GET")
            try:
                await asyncio.Event().wait()
                yield b""
            finally:
                closed.set()

        archive(screen, broken)
        await aim(pilot, screen, "/srv/app.py")
        await pilot.press("enter")
        if kind == "cancelled":
            await until(pilot, lambda: "daemon is preparing" in text_of(app), "the waiting")
            await pilot.press("x")
            await until(pilot, closed.is_set, "the archive is closed")
        await until(pilot, lambda: ("no space left" if kind == "refused" else "was cancelled") in text_of(app), "why")
        archive(screen, served)
        await pilot.press("r")
        await until(pilot, lambda: 'print("hello", 42)' in text_of(app), "the second try")


async def test_a_folder_is_extracted(tmp_path: Path) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await made(pilot)
        await aim(pilot, screen, "/srv")
        await pilot.press("e")
        await answer(pilot, str(tmp_path / "none"))
        await until(pilot, lambda: "no such folder" in text_of(app), "what is wrong with it")
        await answer(pilot, str(tmp_path))
        await until(pilot, lambda: isinstance(app.screen, ExtractScreen), "the extraction")
        await until(pilot, lambda: "left out: 1" in text_of(app), "the end")
        assert "/srv/lost: a link to /nowhere" in text_of(app)
        assert (tmp_path / "srv" / "app.py").read_text() == 'print("hello", 42)\n'
        assert sorted(os.listdir(tmp_path / "srv")) == ["app.py", "data.bin", "link", "sub"]
        await pilot.press("q", "e")
        await answer(pilot, str(tmp_path))
        await until(pilot, lambda: "is there already" in text_of(app), "nothing is written over")
        await pilot.press("q", "J")
        await until(pilot, lambda: "extract /srv of layers-made:1" in text_of(app), "the job in the list")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ExtractScreen), "the job from the list")


async def test_the_report_is_written_once(tmp_path: Path) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await made(pilot)
        await until(pilot, lambda: "efficiency" in text_of(app), "the analysis")
        path = tmp_path / "report.json"
        await pilot.press("E")
        await answer(pilot, str(path))
        await until(pilot, path.exists, "the file")
        await until(pilot, lambda: "written: " in noted(app), "the word")
        report = json.loads(path.read_bytes())
        assert report["image"] == "layers-made:1"
        assert report["id"] == screen.session.state.images[report["id"]].id
        await pilot.press("E")
        await answer(pilot, str(path))
        await until(pilot, lambda: "is there already" in text_of(app), "nothing is written over")


async def test_two_marked_images_are_compared() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await committed(pilot, SCRIPT)
        await pilot.press("2", "slash", *"busybox:latest", "enter")
        await pilot.press("equals_sign")
        await until(pilot, lambda: "mark two images" in noted(app), "why not")
        await pilot.press("space", "slash", "ctrl+u", *"layers-made", "enter", "space", "slash", "ctrl+u", "enter")
        await pilot.press("equals_sign")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen), "the comparison")
        await until(pilot, lambda: "layers in common" in text_of(app) or "layer in common" in text_of(app), "the words")
        shown = text_of(app)
        assert "A app.py" in shown
        assert "only in the second" in shown
        await pilot.press("f", "f", "f")
        await until(pilot, lambda: "no file is deleted" in text_of(app), "only what was deleted")
        await pilot.press("f", "f", "v")
        await until(pilot, lambda: "all files" in text_of(app) and "  bin/" in text_of(app), "all files")
        await pilot.press("v", "o", "slash", *"run", "enter")
        await until(pilot, lambda: "run: 1 of 1" in text_of(app), "the hit")
        await pilot.press("tab", "j", "tab", "y", "escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "back")


async def test_an_image_is_compared_with_a_chosen_one() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await read_layers(pilot, "grafana")
        await pilot.press("equals_sign")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog), "the choice")
        await pilot.press("slash", *"busybox", "enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen), "the comparison")
        await until(pilot, lambda: "configuration" in text_of(app), "the words")
        assert "entrypoint" in text_of(app)


async def test_an_image_that_can_not_be_compared_is_told() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await dashboard(pilot)
        gone = "sha256:" + "0" * 64
        app.open_screen("compare", first=(gone, "gone:1"), second=(gone, "gone:2"))
        await until(pilot, lambda: "gone:1 cannot be compared" in text_of(app), "why not")
        assert "No such image" in text_of(app)
        await pilot.press("v", "f", "o", "n", "tab", "y", "x", "enter", "r")
        await until(pilot, lambda: "gone:1 cannot be compared" in text_of(app), "still")
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "back")


async def test_only_what_is_big() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await read_layers(pilot)
        await pilot.press("v", "f", "f", "f", "f")
        await until(pilot, lambda: "only big, 1% or more" in text_of(app), "the filter")
        view = screen.pane.view
        assert view is not None
        total = view.tree.total_size(0)
        shown = screen.pane.files.visible_nodes
        assert shown
        assert all(view.tree.total_size(node.node) >= total // 100 for node in shown)
        await pilot.press("f")
        await until(pilot, lambda: "only big" not in text_of(app), "all again")


async def test_waste_and_advice_without_any() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await read_layers(pilot)
        await until(pilot, lambda: "efficiency" in text_of(app), "the analysis")
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, LayerWasteScreen), "the waste")
        await until(pilot, lambda: "no layer rewrites or deletes" in text_of(app), "that there is none")
        await pilot.press("tab", "j", "tab", "enter", "y", "slash", "x", "enter", "escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, LayersScreen), "back")


async def test_lines_of_the_dockerfile_where_it_was_built_here() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await dashboard(pilot)
        session = screen.session
        image = next(image for image in session.state.images.values() if "grafana" in image.reference)
        text = "FROM alpine\n\nRUN set -x\nCOPY a /\nEXPOSE 3000\nENTRYPOINT x\n# said\nCMD y\n"
        context = BuildContext(Path("/nowhere"), "Dockerfile", Path("/nowhere/Dockerfile"))
        plan = Plan(BuildSpec("/nowhere"), Way("archive", ""), context, text)
        job = BuildJob(session.engine, plan, "docker build")
        job.build = BuildState(result=BuildResult(image.id))
        job.state = "done"
        session.jobs._jobs.append(job)
        await read_layers(pilot)
        await until(pilot, lambda: "   3 RUN set -x" in text_of(app), "the line")
        assert "   8 CMD" in text_of(app)


async def test_a_cache_that_can_not_be_kept_is_told_once(isolated_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block_cache(isolated_home)
    told: list[str] = []
    monkeypatch.setattr(LayersScreen, "note", lambda _screen, text, _severity="": told.append(text))
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await read_layers(pilot)
        await asyncio.to_thread(screen.session.layer_cache.close)  # all was tried
        for image in ("busybox:latest", "nginx"):
            await pilot.press("q")
            await read_layers(pilot, image)
        assert len(told) == 1
        assert told[0].startswith("layers are not kept in")


async def test_jobs_that_ended_hold_no_layers_and_open_again() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await read_layers(pilot)
        (job,) = screen.session.jobs
        assert isinstance(job, LayersJob)
        assert job.layers is None
        await pilot.press("q")
        app.open_screen("layers", job=job)
        await until(pilot, lambda: isinstance(app.screen, LayersScreen), "the layers")
        again = app.screen
        assert isinstance(again, LayersScreen)
        await until(pilot, lambda: again.pane.view is not None, "the files")
        assert [entry.line for entry in screen.session.history] == ["docker save grafana/grafana:11.1.0"]
