"""The run form under a pilot's fingers, on the demo engine."""

from typing import cast

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tui.screens.dashboard import DashboardScreen
from tui.screens.help import HelpScreen
from tui.screens.run import RunScreen
from tui.screens.run_checks import RunChecks
from widgets.choice_dialog import ChoiceDialog
from widgets.choice_fields import ToggleField
from widgets.dialogs import ConfirmDialog
from widgets.fields import ListField
from widgets.span_line import KeyHints

SIZE = (120, 40)


async def open_form(pilot: Pilot[int], image: str = "busybox") -> RunScreen:
    """Open the run form on an image of the dashboard, by keys."""
    screen = await dashboard(pilot)
    await pilot.press("2", "slash", *image, "enter", "n")
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.is_mounted, "the run form")
    assert screen.images.shown_count == 1
    return cast("RunScreen", app.screen)


def fill(screen: RunScreen, name: str, value: str) -> None:
    """Type into a field, all at once. Its group is open, or is opened and its fields come in time."""
    field = screen.form.field(name)
    if isinstance(field, ListField):
        field.query_one(TextArea).load_text(value)
    else:
        field.query_one(Input).value = value


def error_of(screen: RunScreen, name: str) -> str:
    return screen.form.field(name).error or ""


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)], ids=str)
async def test_it_opens_with_what_the_image_brings(size: tuple[int, int]) -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot, "nginx")
        await pilot.resize_terminal(*size)
        assert screen.form.values()["image"] == "nginx:1.27-alpine"
        await until(pilot, lambda: "80/tcp" in screen.form.field("publish").hint)
        assert "nginx -g" in screen.form.field("command").query_one(Input).placeholder
        assert "$ docker run -d nginx:1.27-alpine" in text_of(app)


async def test_it_runs_and_the_cursor_stands_on_the_new_container() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_form(pilot)
        image = screen.form.values()["image"]
        await pilot.press("tab", *"made-here", "tab", *"sleep 60", "tab", "tab", *"18080:80")
        await until(pilot, lambda: "docker run -d --name made-here -p 18080:80 busybox" in text_of(app))
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        front = cast("DashboardScreen", app.screen)

        def there() -> bool:
            row = front.containers.cursor_row
            return row is not None and row.name == "made-here" and row.state == "running"

        await until(pilot, there, "the cursor on the new container")
        row = front.containers.cursor_row
        assert row is not None
        assert {(port.private, port.public) for port in row.ports} == {(80, 18080)}
        entry = next(iter(front.session.history))
        assert entry.line == f"docker run -d --name made-here -p 18080:80 {image} sleep 60"
        assert entry.outcome == "ok"
        assert not front.session.busy


async def test_secrets_stand_in_the_line_and_not_in_the_history() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "command", "sleep 60")
        fill(screen, "env", "DB_PASSWORD=hunter2\nMODE=fast")
        await until(pilot, lambda: "DB_PASSWORD=hunter2" in text_of(app))
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))
        line = next(iter(screen.session.history)).line
        assert "hunter2" not in line
        assert "DB_PASSWORD=***" in line
        assert "MODE=fast" in line


WRONG = [
    ("image", "Upper", "lower case"),
    ("name", "-x", "starts with"),
    ("name", "toolbox", "toolbox is the name of a container"),
    ("command", "sh -c 'x", "quot"),
    ("publish", "80:80\n99999", "65535"),
    ("publish", "18080:80\n18080:81", "asked for twice"),
    ("env", "A=1\n=B", "line 2, =B"),
    ("volume", "data:relative", "absolute"),
    ("restart", "sometimes", "unknown"),
    ("label", "=x", "name is missing"),
]


async def test_a_line_that_is_copied_is_told_without_its_secrets() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_form(pilot)
        screen.fill({**screen.form.values(), "env": ["DB_PASSWORD=hunter2"]})
        await until(pilot, lambda: "hunter2" in screen.line_of(screen.form.values()))
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog), "the choice")
        await until(pilot, lambda: "DB_PASSWORD=***" in text_of(app), "the masked line in the choice")
        await pilot.press("enter")
        await until(pilot, lambda: bool(app.clipboard), "the copy")
        assert "DB_PASSWORD=hunter2" in app.clipboard
        told = "".join(note.message for note in app._notifications)
        assert "copied: docker run -d -e 'DB_PASSWORD=***' busybox" in told
        assert "hunter2" not in told


async def test_what_is_wrong_is_told_at_its_field_while_it_is_typed() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        for name, value, part in WRONG:
            before = screen.form.values()[name]
            screen.form.go_to(name)  # opens its group
            await until(pilot, lambda name=name: bool(screen.form.field(name).query(".field--message")))
            fill(screen, name, value)
            await until(pilot, lambda name=name, part=part: part in error_of(screen, name), f"{name}: {part}")
            await pilot.press("f2")
            await pilot.pause()
            assert app.screen is screen
            assert not list(screen.session.history), "nothing is sent while something is wrong"
            fill(screen, name, "\n".join(before) if isinstance(before, list) else str(before))
            await until(pilot, lambda name=name: not error_of(screen, name), f"{name} is good again")


async def test_a_port_that_another_container_publishes_names_it() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        holder, port = next(
            (c, port.public) for c in screen.session.state.containers.values() for port in c.ports if port.public
        )
        fill(screen, "publish", f"{port}:80")
        await until(pilot, lambda: f"published by {holder.name}" in error_of(screen, "publish"))


async def test_auto_remove_and_restart_exclude_each_other_at_once() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "restart", "always")
        toggle = cast(ToggleField, screen.form.field("rm"))
        toggle.take_focus()
        await pilot.press("space")
        await until(pilot, lambda: "auto-remove (--rm) is on" in error_of(screen, "restart"))
        await pilot.press("space")
        await until(pilot, lambda: not error_of(screen, "restart"))


async def test_the_networks_of_the_host_can_be_chosen() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        known = await screen.session.engine.networks.list_all()
        name = next(n.name for n in known if n.driver == "bridge" and n.name != "bridge")
        await until(pilot, lambda: name in screen.form.field("network").hint, "the networks below the field")
        screen.form.field("network").take_focus()
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog), "the choice")
        await pilot.press("slash", *name, "enter")
        await until(pilot, lambda: f"--network {name} " in text_of(app).replace("\n", " "))
        fill(screen, "network", "nowhere")
        await until(pilot, lambda: "no network nowhere" in error_of(screen, "network"))


async def test_a_name_taken_in_the_meantime_keeps_the_form_and_offers_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # taken between the check, which sees the last known state, and the request
    def nothing(_checks: RunChecks, _name: str) -> None:
        return None

    monkeypatch.setattr(RunChecks, "_name", nothing)
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "name", "wanted")
        fill(screen, "command", "sleep 60")
        await until(pilot, lambda: "--name wanted" in text_of(app))
        await pilot.pause()
        other = await screen.session.engine.containers.create(
            {"Image": "busybox:latest", "Cmd": ["sleep", "9"]}, name="wanted"
        )
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog), "the offer")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen, "back in the form")
        assert "already in use" in error_of(screen, "name")
        assert screen.form.values()["command"] == "sleep 60"
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog), "the offer again")
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        front = cast("DashboardScreen", app.screen)
        await until(pilot, lambda: front.containers.cursor_key == other.id, "the cursor on the other container")
        assert [entry.outcome for entry in front.session.history] == ["failed", "failed"]


async def test_a_start_that_fails_says_why_and_offers_to_remove_what_is_left() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "name", "no-start")
        fill(screen, "command", "/no/such/program")
        await until(pilot, lambda: "--name no-start" in text_of(app))
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the offer to remove it")
        assert "no-start was created and does not start" in text_of(app)
        assert "/no/such/program" in text_of(app)
        await pilot.press("y")
        session = screen.session
        await until(pilot, lambda: app.screen is screen, "back in the form")
        assert "/no/such/program" in error_of(screen, "command")
        names = {c.name for c in await session.engine.containers.list_all()}
        assert "no-start" not in names
        assert [(entry.line.split()[1], entry.outcome) for entry in session.history] == [
            ("rm", "ok"),
            ("run", "failed"),
        ]


async def test_an_image_that_is_not_here_is_pulled_and_run() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "image", "hello-world:latest")
        await until(pilot, lambda: "not on this host" in screen.form.field("image").hint)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog), "the offer to pull")
        assert "docker pull hello-world:latest" in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert "No such image" in error_of(screen, "image")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog), "the offer again")
        await pilot.press("enter")
        session = screen.session
        await until(pilot, lambda: bool(list(session.jobs)), "the job")
        for _ in range(120):
            if not session.jobs.running:
                break
            await app.clock.advance(1)
            await pilot.pause(0.01)
        job = next(iter(session.jobs))
        assert (job.line, job.state) == ("docker pull hello-world:latest", "done")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        lines = [(entry.line, entry.outcome) for entry in session.history]
        assert lines[:2] == [("docker run -d hello-world:latest", "ok"), ("docker pull hello-world:latest", "ok")]


async def test_escape_keeps_what_was_filled_in_and_f4_starts_over() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "name", "half-done")
        fill(screen, "env", "A=1\nB=2")
        await until(pilot, lambda: "-e B=2" in text_of(app))
        left = screen.form.values()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.is_mounted)
        again = cast("RunScreen", app.screen)
        assert again is not screen
        assert again.form.values() == left
        await until(pilot, lambda: "as it was left" in text_of(app))
        await pilot.press("f4")
        await until(pilot, lambda: again.form.values()["name"] == "", "the form as it was first")
        await until(pilot, lambda: "as it was left" not in text_of(app))
        assert again.form.values()["env"] == []
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.is_mounted)
        assert cast("RunScreen", app.screen).form.values()["name"] == ""


async def test_text_from_outside_is_drawn_literally() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        fill(screen, "command", "echo '[red]x[/red] [/]'")
        await until(pilot, lambda: "[red]x[/red] [/]" in text_of(app).split("$ docker", 1)[1])
        assert "\x1b" not in text_of(app)
        for name in ("command", "env"):
            screen.form.field(name).take_focus()
            await pilot.pause()
            assert screen.focused is not None
            screen.focused.post_message(Paste("A=\x1b[31mred\u202e\tx"))
            await until(pilot, lambda: text_of(app).count("[31mred") >= 2)
        assert not {"\x1b", "\u202e"} & set(text_of(app))
        screen.show_problem("the daemon says [bold]no[/bold] \x1b]52;c;x\x07")
        await until(pilot, lambda: "[bold]no[/bold]" in text_of(app))
        assert "\x1b" not in text_of(app)


async def test_a_form_has_its_help_and_its_hints_can_be_clicked() -> None:
    app = StageApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_form(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and app.screen.is_mounted, "the help")
        await until(pilot, lambda: "start over with what stood there first" in text_of(app), "the form's keys")
        await clicked(pilot, "back")
        await until(pilot, lambda: app.screen is screen, "the form again")
        await clicked(pilot, "help")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and app.screen.is_mounted, "the help again")
        await clicked(pilot, "back")
        await until(pilot, lambda: app.screen is screen, "the form once more")
        await clicked(pilot, "back")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the tables")


async def clicked(pilot: Pilot[int], word: str) -> None:
    """Click on a hint of the footer."""
    app = cast("StageApp", pilot.app)
    footer = app.screen.query_one("#footer", KeyHints)
    await until(pilot, lambda: word in text_of(app).splitlines()[footer.region.y], f"the hint {word}")
    at = text_of(app).splitlines()[footer.region.y].index(word)
    await pilot.click(offset=(at, footer.region.y))
