"""The layers screen under a pilot's fingers, on the demo engine."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from typing import cast

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from tui.engine.errors import ApiError, ConnectionLost
from tui.screens.dashboard import DashboardScreen
from tui.screens.layers import LayersScreen
from tui.screens.layers_waste import LayerWasteScreen
from widgets.dialogs import MessageDialog

SIZE = (120, 40)
Archive = Callable[[str], AsyncGenerator[bytes]]


async def open_layers(pilot: Pilot[int], image: str = "grafana") -> LayersScreen:
    """Open the layers of an image of the dashboard, by keys."""
    await dashboard(pilot)
    await pilot.press("2", "slash", *image, "enter", "L")
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, LayersScreen) and app.screen.is_mounted, "the layers")
    return cast("LayersScreen", app.screen)


async def read_layers(pilot: Pilot[int], image: str = "grafana") -> LayersScreen:
    """The same, and its files are there."""
    screen = await open_layers(pilot, image)
    await until(pilot, lambda: screen.pane.view is not None and screen.pane.files.row_count > 0, "the files")
    return screen


async def committed(pilot: Pilot[int], script: str) -> str:
    """Commit a container that ran a script; return the image's ID."""
    screen = await dashboard(pilot)
    engine = screen.session.engine
    app = cast("StageApp", pilot.app)
    made = await engine.containers.create({"Image": "busybox:latest", "Cmd": ["sh", "-c", script]}, name="layers-made")
    await engine.containers.start(made.id)
    for _ in range(50):
        if (await engine.containers.read(made.id)).state == "exited":
            break
        await app.clock.advance(0.1)
    image = await engine.containers.commit(made.id, repo="layers-made", tag="1")
    await until(pilot, lambda: image in screen.session.state.images, "the image")
    return image


def archive(screen: DashboardScreen | LayersScreen, served: Archive) -> None:
    """Let the engine's archives be these."""
    screen.session.engine.images.archive = served  # type: ignore[method-assign]


async def test_the_stack_and_the_files_of_the_newest_layer() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await read_layers(pilot)
        shown = text_of(app)
        assert "layers of grafana/grafana:11.1.0" in shown
        assert "oldest first" in shown
        lines = shown.splitlines()
        assert shown.index("ADD alpine") < shown.index("RUN set -x") < shown.index('CMD ["grafana"]')
        assert any("waste none" in line for line in lines[:1])
        assert "docker-entrypoint.sh" in shown  # opened: it is all that the layer does
        entries = list(screen.session.history)
        assert [(entry.line, entry.outcome) for entry in entries] == [("docker save grafana/grafana:11.1.0", "ok")]


async def test_a_name_that_moves_to_another_image_meanwhile_is_told() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await read_layers(pilot)
        other = next(image for image in screen.session.state.images.values() if "busybox:latest" in image.tags)
        await screen.session.engine.images.tag(other.id, "grafana/grafana", "11.1.0")
        await until(pilot, lambda: f"name moved to {other.short_id}" in text_of(app), "what has the name now")


async def test_a_cursor_that_comes_to_rest_while_the_screen_is_taken_down_is_no_failure() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await read_layers(pilot)
        await screen.pane.remove_children()
        screen.pane.run_worker(screen.pane._settle, group="layer-settle", exclusive=True)
        await until(pilot, lambda: not app.workers, "the worker's end")


async def test_keys_turn_what_is_seen() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await read_layers(pilot)
        alone = set(screen.pane.files.visible_nodes)
        assert "/bin" not in alone
        await pilot.press("v")
        await until(pilot, lambda: "image up to 4" in text_of(app))
        assert "/bin" in screen.pane.files.visible_nodes
        await pilot.press("v", "f", "f")
        await until(pilot, lambda: "nothing is changed here" in text_of(app))
        await pilot.press("f", "f", "v", "o")
        await until(pilot, lambda: "by size" in text_of(app))
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: screen.pane.view is not None and screen.pane.view.number == 2)
        source = screen.pane.files.source
        assert source is not None
        sizes = [screen.pane.view.tree.total_size(node.node) for node in source.roots()] if screen.pane.view else []
        assert sizes == sorted(sizes, reverse=True)


async def test_a_layer_of_metadata_says_so() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await read_layers(pilot)
        await pilot.press("G")
        await until(pilot, lambda: "metadata only: no files" in text_of(app))
        await pilot.press("v")
        await until(pilot, lambda: "/bin" in screen.pane.files.visible_nodes)


async def test_what_a_container_wrote_is_in_the_top_layer() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await committed(pilot, "mkdir -p /data/sub; echo hello >/data/sub/note.txt; rm /bin/cat")
        screen = await read_layers(pilot, "layers-made")
        await until(pilot, lambda: "note.txt" in text_of(app))
        lines = {line.split("▏")[-1].strip() for line in text_of(app).splitlines()}
        assert any(line.endswith("A note.txt") and " 6B " in line for line in lines)
        assert any("D cat" in line for line in lines)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, LayerWasteScreen), "the waste")
        await until(pilot, lambda: "D /bin/cat" in text_of(app), "the file")
        assert "deletes 1" in text_of(app)
        await pilot.press("j", "enter")
        await until(pilot, lambda: screen.pane.files.cursor_node == "/bin/cat", "the file in its layer")
        await until(pilot, lambda: screen.pane.view is not None and screen.pane.view.number == 0, "that layer")
        assert screen.number == 0


async def test_search_finds_a_name_in_closed_folders() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await read_layers(pilot)
        await pilot.press("v", "slash", *"grafana", "enter")
        await until(pilot, lambda: "grafana" in str(screen.pane.files.cursor_node or ""), "a hit")
        first = screen.pane.files.cursor_node
        await until(pilot, lambda: re.search(r"grafana: \d of \d ", text_of(app)) is not None, "how many hits")
        await pilot.press("n")
        await until(pilot, lambda: screen.pane.files.cursor_node != first, "the next hit")
        await pilot.press("escape")
        await until(pilot, lambda: "grafana: " not in text_of(app))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))


async def test_the_second_time_nothing_is_asked_for() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await read_layers(pilot)

        async def never(_image: str) -> AsyncGenerator[bytes]:
            raise AssertionError("the archive was asked for again")
            yield b""

        await pilot.press("q")
        archive(screen, never)
        again = await read_layers(pilot)
        assert again is not screen
        assert len(screen.session.history) == 1


async def test_a_daemon_that_prepares_is_told_of_and_can_be_cancelled() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        first = await dashboard(pilot)
        closed = asyncio.Event()

        async def silent(_image: str) -> AsyncGenerator[bytes]:
            try:
                await asyncio.Event().wait()
                yield b""
            finally:
                closed.set()

        archive(first, silent)
        screen = await open_layers(pilot)
        await until(pilot, lambda: "daemon is preparing the archive" in text_of(app))
        assert screen.stack.row_count == 7  # the history is there at once
        assert "x cancel" in text_of(app)
        await pilot.press("x")
        await until(pilot, lambda: "was cancelled" in text_of(app))
        assert closed.is_set()
        assert [entry.outcome for entry in screen.session.history] == ["cancelled"]
        closed.clear()
        await pilot.press("r")
        await until(pilot, lambda: screen.reading, "reading again")
        await until(pilot, lambda: "daemon is preparing the archive" in text_of(app))
        await pilot.press("q")
        await until(pilot, closed.is_set, "an archive that nobody waits for is closed")
        await until(pilot, lambda: not first.session.jobs.running)
        assert [entry.outcome for entry in first.session.history] == ["cancelled", "cancelled"]


async def test_progress_tells_bytes_of_the_expected() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        first = await dashboard(pilot)
        served = first.session.engine.images.archive
        go_on = asyncio.Event()

        async def halting(image: str) -> AsyncGenerator[bytes]:
            sent = 0
            async for chunk in served(image):
                for start in range(0, len(chunk), 65_536):
                    yield chunk[start : start + 65_536]
                    sent += 65_536
                    if sent > 1_000_000:
                        await go_on.wait()

        archive(first, halting)
        screen = await open_layers(pilot)
        await until(pilot, lambda: "reading the archive" in text_of(app))
        await until(pilot, lambda: " / 3.7 MB" in text_of(app), "how much is expected")
        await pilot.press("k", "k")
        await until(pilot, lambda: screen.number == 1, "keys while it reads")
        go_on.set()
        await until(pilot, lambda: screen.pane.view is not None)
        await until(pilot, lambda: "reading the archive" not in text_of(app))


@pytest.mark.parametrize("kind", ["refused", "lost", "cut", "rubbish"])
async def test_what_went_wrong_stands_where_the_files_would(kind: str) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        first = await dashboard(pilot)
        served = first.session.engine.images.archive

        async def broken(image: str) -> AsyncGenerator[bytes]:
            if kind == "refused":
                raise ApiError(500, "no space [/] left\x1b[2J on device", "GET")
            if kind == "rubbish":
                yield b"<html>" * 1000
                return
            async for chunk in served(image):
                yield chunk[: len(chunk) // 2]
                break
            if kind == "lost":
                raise ConnectionLost("unix:///x", "reset by peer")

        archive(first, broken)
        screen = await open_layers(pilot)
        await until(pilot, lambda: "cannot be read" in text_of(app))
        shown = text_of(app)
        words = {
            "refused": "no space [/] left␛[2J on device",
            "lost": "connection lost: reset by peer",
            "rubbish": "wrong checksum",
        }
        assert words.get(kind, "archive") in shown
        assert "r tries again" in shown
        assert screen.stack.row_count == 7
        assert [entry.outcome for entry in screen.session.history] == ["failed"]
        archive(first, served)
        await pilot.press("r")
        await until(pilot, lambda: screen.pane.view is not None, "the second try")
        assert "cannot be read" not in text_of(app)


async def test_an_image_that_is_gone_is_told_of() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await dashboard(pilot)
        app.open_screen("layers", image="sha256:" + "0" * 64, title="gone:1")
        await until(pilot, lambda: "No such image" in text_of(app))
        await pilot.press("j", "v", "f", "o", "n", "tab", "i", "w", "y", "x", "right_square_bracket", "r")
        await until(pilot, lambda: "No such image" in text_of(app))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))


async def test_names_from_outside_are_drawn_literally() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await committed(pilot, "echo x >'/[red]a[/]'; echo x >'/\x1b[2J'; echo x >'/\u202eevil'")
        await read_layers(pilot, "layers-made")
        await until(pilot, lambda: "[red]a[/]" in text_of(app) or "evil" in text_of(app))
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, MessageDialog))
        shown = text_of(app)
        await pilot.press("escape")
        shown += text_of(app)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "\\u202eevil" in shown


@pytest.mark.parametrize("size", [(1, 1), (10, 3), (40, 10), (80, 24), (200, 60)], ids=str)
async def test_no_size_is_too_odd(size: tuple[int, int]) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await read_layers(pilot)
        await pilot.resize_terminal(*size)
        await pilot.press("tab", "asterisk", "v", "j", "tab", "k", "enter", "o", "slash", "u", "enter", "n", "escape")
        if size == (40, 10):
            await until(pilot, lambda: screen.pane.files.has_focus and not screen.stack.is_on_screen)
            await pilot.press("tab")
            await until(pilot, lambda: screen.stack.has_focus and " layers old" in text_of(app))
        await pilot.resize_terminal(*SIZE)
        await until(pilot, lambda: "layers of grafana" in text_of(app))
