"""Lines, groups and choices of the run form under a pilot's fingers, on the demo engine."""

import threading
from pathlib import Path
from typing import cast

import pytest
import yaml
from stage import StageApp, dashboard, text_of, until
from test_run_screen import SIZE, error_of, fill, open_form
from textual.events import Paste
from textual.pilot import Pilot

from tui.engine.host_ports import Listener
from tui.present.run import free_name
from tui.screens import run_checks
from tui.screens.dashboard import DashboardScreen
from tui.screens.logs import LogsScreen
from tui.screens.run import RunScreen
from widgets.choice_dialog import ChoiceDialog
from widgets.form_group import GroupHeading
from widgets.line_dialog import LineDialog

LINE = (
    "$ sudo docker run -d --name=from-line \\\r  -p 18080:80 -e A='b c' \\\r  --memory=64m --cap-add NET_ADMIN busybox "
    "sleep 60\r"
)


def paste(app: StageApp, text: str) -> None:
    assert app.focused is not None
    app.focused.post_message(Paste(text))


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=str)
@pytest.mark.parametrize("field", ["image", "env"])
async def test_a_pasted_line_fills_the_form_wherever_the_cursor_is(size: tuple[int, int], field: str) -> None:
    app = StageApp()
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = await open_form(pilot)
        screen.form.go_to(field)
        await pilot.pause()
        paste(app, LINE)
        await until(pilot, lambda: screen.form.values()["name"] == "from-line", "the form is filled in")
        values = screen.form.values()
        assert (values["image"], values["command"], values["publish"]) == ("busybox", "sleep 60", ["18080:80"])
        assert (values["env"], values["memory"], values["cap-add"]) == (["A=b c"], "64m", ["NET_ADMIN"])
        line = "docker run -d --name from-line -p 18080:80 -e 'A=b c' -m 64m --cap-add NET_ADMIN busybox sleep 60"
        assert screen.line_of(values) == line
        await until(pilot, lambda: "docker run -d --name from-line" in text_of(app))
        await pilot.press("f4")
        await until(pilot, lambda: screen.form.values()["name"] == "", "what stood there first")


async def test_what_is_wrong_in_a_pasted_line_is_told_at_its_place_before_anything_is_filled_in() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        before = screen.form.values()
        paste(app, "docker run \\\n -v $(pwd)/x:/x --volme a:b 'busybox")
        await until(pilot, lambda: "this quote is never closed" in text_of(app), "the dialog")
        shown = text_of(app)
        assert "2:5 $(pwd) would be run by a shell, never by this" in shown
        assert "--volme is unknown: did you mean --volume?" in shown
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert screen.form.values() == before
        await pilot.press("f7")
        await until(pilot, lambda: "every word is understood" in text_of(app), "the dialog again")
        assert "docker run -d busybox" in cast("LineDialog", app.screen).text
        await pilot.press("escape")


async def test_the_line_can_be_edited_and_goes_back_into_the_form() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        await pilot.press("f7")
        await until(pilot, lambda: isinstance(app.screen, LineDialog))
        await pilot.press(*" sh -c 'x", "f2")
        await until(pilot, lambda: app.screen is screen)
        await until(pilot, lambda: screen.form.values()["command"] == "sh -c x")
        assert screen.form.values()["detach"] is True


async def test_text_that_is_no_line_is_pasted_as_it_is() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        screen.form.go_to("command")
        await pilot.pause()
        paste(app, "echo docker run")
        await until(pilot, lambda: screen.form.values()["command"] == "echo docker run")


async def test_every_group_can_be_opened_and_filled_in_by_keys_alone_at_80_by_24() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_form(pilot)
        heading = next(h for h in screen.query(GroupHeading) if h.group.title == "Limits")
        for _ in range(60):
            await pilot.press("tab")
            if heading.has_focus:
                break
        assert heading.has_focus
        await pilot.press("space")
        await until(pilot, lambda: heading.opened)
        await until(pilot, lambda: bool(screen.form.field("memory").query(".field--message")), "the fields")
        await pilot.press("tab", *"lots")
        await until(pilot, lambda: "is not a size" in error_of(screen, "memory"))
        assert "'lots' is not a size" in text_of(app)
        screen.form.go_to("image")
        heading.action_open(False)
        await until(pilot, lambda: not heading.opened)
        await pilot.press("f2")
        await until(pilot, lambda: heading.opened and screen.form.field("memory").editor.has_focus, "the fault")
        assert not list(screen.session.history)


async def test_a_port_that_a_program_has_names_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def bound(_endpoint: object) -> list[Listener]:
        return [Listener("tcp", 18081, "127.0.0.1", 7)]

    def known(listener: Listener) -> Listener:
        return Listener(listener.protocol, listener.port, listener.ip, listener.inode, "nginx", 4711)

    monkeypatch.setattr(run_checks, "listeners", bound)
    monkeypatch.setattr(run_checks, "with_program", known)
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "publish", "18081:80")
        await until(pilot, lambda: "is taken by nginx (PID 4711)" in error_of(screen, "publish"))
        fill(screen, "publish", "18082:80")
        await until(pilot, lambda: not error_of(screen, "publish"))


async def test_ports_that_are_told_after_the_form_has_gone_end_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, told = threading.Event(), threading.Event()

    def bound(_endpoint: object) -> list[Listener]:
        asked.set()
        told.wait(20)
        return []

    monkeypatch.setattr(run_checks, "listeners", bound)
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "publish", "18081:80")
        await until(pilot, asked.is_set, "the question")
        worker = next(worker for worker in app.workers if worker.group == "listeners")
        await screen.form.remove()
        told.set()
        await until(pilot, lambda: worker.is_finished, "the answer")
        assert worker.error is None


async def test_choices_come_from_the_image_and_the_host() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot, "nginx")
        await until(pilot, lambda: "80/tcp" in screen.form.field("publish").hint)
        screen.form.go_to("publish")
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog) and "8080:80" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: screen.form.values()["publish"] == ["8080:80"])
        screen.form.go_to("restart")
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("slash", *"unless", "enter")
        await until(pilot, lambda: screen.form.values()["restart"] == "unless-stopped")
        assert {name for name, _, _ in await screen.choices("link")} == {
            c.name for c in screen.session.state.containers.values()
        }


async def test_the_line_and_a_compose_service_can_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    app = StageApp()
    copied: list[str] = []
    monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "env", "A=b")
        fill(screen, "name", "copied")
        await pilot.pause()
        for keys in (("enter",), ("j", "enter")):
            await pilot.press("f3")
            await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
            await pilot.press(*keys)
            await until(pilot, lambda: app.screen is screen)
        await until(pilot, lambda: len(copied) == 2)
        image = screen.form.values()["image"]
        assert copied[0] == f"docker run -d --name copied -e A=b {image}"
        assert yaml.safe_load(copied[1])["services"]["copied"]["environment"] == ["A=b"]


@pytest.mark.parametrize("marked", [False, True], ids=["no marks", "all marked"])
async def test_one_that_is_not_detached_shows_its_own_output(marked: bool) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        front = await dashboard(pilot)
        if marked:
            front.containers.mark_all_shown()
        screen = await open_form(pilot)
        screen.form.field("detach").insert("false")
        fill(screen, "command", "sh -c 'echo hello from it; sleep 60'")
        await until(pilot, lambda: "docker run busybox" in text_of(app))
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen), "its log")
        await until(pilot, lambda: "hello from it" in text_of(app), "its output")
        made = next(c for c in front.session.state.containers.values() if "hello" in c.command)
        assert text_of(app).startswith(f" logs {made.name} ")


async def test_what_has_ended_and_removed_itself_has_no_log_to_show(monkeypatch: pytest.MonkeyPatch) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_form(pilot)
        engine = screen.session.engine
        start = engine.containers.start

        async def start_and_end(container: str) -> None:
            await start(container)
            await engine.containers.remove(container, force=True)

        monkeypatch.setattr(engine.containers, "start", start_and_end)
        screen.form.field("detach").insert("false")
        await pilot.press("f2")
        await until(pilot, lambda: "and its log with it" in text_of(app), "what became of it")
        assert isinstance(app.screen, DashboardScreen)


async def test_files_of_variables_are_read_here_and_what_is_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "good.env").write_text("FROM_FILE=1\nWITH_SPACE= x \n")
    (tmp_path / "bad.env").write_text("A B=1\n")
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "env-file", str(tmp_path / "none.env"))
        await until(pilot, lambda: "No such file" in error_of(screen, "env-file"))
        fill(screen, "env-file", str(tmp_path / "bad.env"))
        await until(pilot, lambda: not error_of(screen, "env-file"))
        await pilot.press("f2")
        await until(pilot, lambda: "line 1: the name 'A B' holds a blank" in error_of(screen, "env-file"))
        fill(screen, "env-file", str(tmp_path / "good.env"))
        fill(screen, "name", "from-file")
        fill(screen, "command", "sleep 60")
        await pilot.pause()
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        found = await screen.session.engine.containers.inspect("from-file")
        assert {"FROM_FILE=1", "WITH_SPACE= x "} <= set(found["Config"]["Env"])
        assert f"--env-file {tmp_path / 'good.env'}" in next(iter(screen.session.history)).line


async def clone(pilot: Pilot[int], name: str) -> RunScreen:
    """Open the run form on a copy of a container, by keys."""
    await dashboard(pilot)
    await pilot.press("slash", *name, "enter", "N")
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.is_mounted, "the run form")
    return cast("RunScreen", app.screen)


async def test_a_clone_is_filled_in_and_tells_what_it_cannot_share() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await dashboard(pilot)
        assert app.session is not None
        original = next(c for c in app.session.state.containers.values() if any(p.public for p in c.ports))
        port = next(p.public for p in original.ports if p.public)
        screen = await clone(pilot, original.name)
        assert f"run a copy of {original.name}" in text_of(app)
        name = free_name(original.name, (c.name for c in screen.session.state.containers.values()))
        assert screen.form.values()["name"] == name
        await until(pilot, lambda: f"{port} is published by {original.name}" in error_of(screen, "publish"))
        fill(screen, "publish", "18099:80")
        await until(pilot, lambda: not error_of(screen, "publish"))
        assert screen.form.first_error() is None
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        copy = await screen.session.engine.containers.read(name)
        assert copy.image_id == original.image_id


async def test_a_line_that_is_pasted_over_the_tables_opens_the_form() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        await dashboard(pilot)
        paste(app, "nothing of interest")
        paste(app, LINE)
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.is_mounted, "the run form")
        screen = cast("RunScreen", app.screen)
        await until(pilot, lambda: screen.form.values()["name"] == "from-line", "the form is filled in")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "an empty form")
