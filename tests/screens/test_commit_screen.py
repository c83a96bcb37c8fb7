"""The commit form under a pilot's fingers, on the demo engine."""

from typing import cast

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tui.engine.errors import ConnectionLost
from tui.model.containers import Container
from tui.screens.commit import CommitScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.layers import LayersScreen
from tui.settings import Settings
from widgets.dialogs import ConfirmDialog

SIZE = (120, 40)


async def open_form(pilot: Pilot[int], name: str = "toolbox") -> CommitScreen:
    """Open the commit form on a container of the dashboard, by keys."""
    await dashboard(pilot)
    await pilot.press("slash", *name, "enter", "c")
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, CommitScreen) and app.screen.is_mounted, "the commit form")
    screen = cast("CommitScreen", app.screen)
    await until(pilot, lambda: screen.changes.source is not None, "what the container changed")
    return screen


def fill(screen: CommitScreen, name: str, value: str) -> None:
    """Type into a field, all at once."""
    screen.form.field(name).query_one(Input).value = value


def toolbox(screen: CommitScreen) -> Container:
    return next(c for c in screen.session.state.containers.values() if c.name == "toolbox")


async def change_something(screen: CommitScreen) -> None:
    """Let the container write files."""
    transport = screen.session.engine.transport
    script = "mkdir -p /srv/www && touch /ready && echo 123456789 > /srv/www/index.html"
    body = {"Cmd": ["sh", "-c", script], "AttachStdout": True}
    path = f"/containers/{toolbox(screen).id}/exec"
    made = await transport.post(path, dict[str, str], body=body)
    await transport.read("POST", f"/exec/{made['Id']}/start", body={"Detach": False})


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)], ids=str)
async def test_it_shows_what_the_new_layer_will_hold(size: tuple[int, int]) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        await pilot.resize_terminal(*size)
        await change_something(screen)
        await pilot.press("f5")
        await until(pilot, lambda: "/srv" in (screen.changes.source.roots() if screen.changes.source else ()))
        beside = screen.query_one("#changes-pane").region.x > 0
        assert beside == (size[0] >= 110)
        assert "$ docker commit toolbox" in text_of(app)
        if size[1] >= 24:
            await until(pilot, lambda: "srv/" in text_of(app))
            assert " added" in text_of(app)


async def test_it_commits_and_the_cursor_stands_on_the_new_image() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_form(pilot)
        await pilot.press(*"kept/toolbox:v1", "tab", *"Me", "tab", *"as it is", "tab", "space", "tab", *"USER nobody")
        await pilot.press("tab", "space")  # not the layers
        line = "docker commit -a Me -m 'as it is' --pause=false -c 'USER nobody' toolbox kept/toolbox:v1"
        await until(pilot, lambda: line in text_of(app), line)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        front = cast("DashboardScreen", app.screen)

        def there() -> bool:
            row = front.images.cursor_row
            return front.table is front.images and row is not None and "kept/toolbox:v1" in row.tags

        await until(pilot, there, "the cursor on the new image")
        row = front.images.cursor_row
        assert row is not None
        details = await front.session.engine.images.details(row.id)
        assert (details.author, details.comment) == ("Me", "as it is")
        assert details.config is not None
        assert details.config.user == "nobody"
        assert [(entry.line, entry.outcome) for entry in front.session.history] == [(line, "ok")]
        assert not front.session.busy


async def test_it_opens_the_new_layer_afterwards() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        await change_something(screen)
        fill(screen, "reference", "kept/toolbox:v1")
        await pilot.pause()
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, LayersScreen), "the layers")
        layers = cast("LayersScreen", app.screen)
        await until(pilot, lambda: "index.html" in text_of(app) or "www/" in text_of(app) or "srv/" in text_of(app))
        assert layers.number == layers.stack.row_count - 1
        assert "layers of kept/toolbox:v1" in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        front = cast("DashboardScreen", app.screen)
        await until(pilot, lambda: "kept/toolbox:v1" in getattr(front.images.cursor_row, "tags", ()), "the new image")


async def test_what_the_files_weigh_is_told() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        await change_something(screen)
        await pilot.press("f5")
        await until(pilot, lambda: "10B" in text_of(app), "the ten bytes")
        assert "weighing" not in text_of(app)


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [("reference", "Upper", "lower case"), ("reference", "a@sha256:" + "0" * 64, "digest"),
     ("changes", "USER a\nRUN x", "line 2, RUN x")],
)  # fmt: skip
async def test_what_is_wrong_is_told_at_its_field_and_nothing_is_sent(name: str, value: str, part: str) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        if name == "changes":
            screen.form.field(name).query_one(TextArea).load_text(value)
        else:
            fill(screen, name, value)
        await until(pilot, lambda: part in (screen.form.field(name).error or ""))
        await pilot.press("f2")
        await pilot.pause()
        assert app.screen is screen
        assert not list(screen.session.history)


async def test_what_the_daemon_refuses_keeps_the_form_and_lands_at_the_changes() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "reference", "kept:v1")
        # an instruction that only the daemon can tell to be wrong
        screen.form.field("changes").query_one(TextArea).load_text("EXPOSE $PORT")
        await until(pilot, lambda: "EXPOSE" in text_of(app).split("$ docker", 1)[1])
        await pilot.press("f2")
        await until(pilot, lambda: bool(screen.form.field("changes").error), "the daemon's words")
        assert screen.form.values()["reference"] == "kept:v1"
        entry = next(iter(screen.session.history))
        assert entry.outcome == "failed"
        assert entry.detail in str(screen.form.field("changes").error)
        assert not screen.session.busy


@pytest.mark.parametrize("guarded", [False, True])
async def test_a_reference_that_another_image_holds_is_asked_about(guarded: bool) -> None:
    app = StageApp(Settings(guarded=guarded))
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        holder = next(image for image in screen.session.state.images.values() if "busybox:latest" in image.tags)
        fill(screen, "reference", "busybox")
        screen.form.field("layers").insert("false")
        await pilot.pause()
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        assert "busybox:latest is now busybox:latest" in text_of(app)
        assert "it would lose this reference" in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert not list(screen.session.history)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question again")
        await pilot.press(*((*"busybox:latest", "enter") if guarded else ("y",)))
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        front = cast("DashboardScreen", app.screen)

        def moved() -> bool:
            row = front.images.cursor_row
            return row is not None and row.id != holder.id and "busybox:latest" in row.tags

        await until(pilot, moved, "the cursor on the image that has the reference now")


async def test_escape_keeps_what_was_filled_in() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "reference", "kept:v1")
        await until(pilot, lambda: "toolbox kept:v1" in text_of(app))
        screen.set_focus(screen.changes)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, CommitScreen) and app.screen.is_mounted)
        again = cast("CommitScreen", app.screen)
        assert again.form.values()["reference"] == "kept:v1"


async def test_a_line_that_broke_leaves_open_what_became_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_arguments: object, **_more: object) -> str:
        raise ConnectionLost("unix:///x", "Server disconnected")

    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        monkeypatch.setattr(screen.session.engine.containers, "commit", broken)
        await pilot.press("f2")
        await until(pilot, lambda: "whether the image was made nobody told" in text_of(app), "what is not known")


async def test_a_container_that_is_gone_is_told_and_the_form_stays() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "message", "too late")
        await screen.session.engine.containers.remove(toolbox(screen).id, force=True)
        await pilot.press("f2")
        await until(pilot, lambda: "toolbox is gone: somebody removed it" in text_of(app), "why")
        assert app.screen is screen
        assert screen.form.values()["message"] == "too late"
