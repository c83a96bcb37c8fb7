"""The dashboard under a pilot's fingers, on the demo engine."""

import sys

import pytest
from stage import StageApp, dashboard, text_of, until

from tui.engine.engine import Engine
from tui.engine.errors import ConnectionLost
from tui.model.system import Version
from tui.screens.dashboard import DashboardScreen
from tui.screens.details import TABS
from tui.screens.help import HelpScreen
from tui.settings import Settings
from widgets.choice_list import ChoiceList

SIZES = {"small": (80, 24), "tall": (120, 40), "wide": (200, 60)}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_it_comes_up_live_and_full(size: tuple[int, int]) -> None:
    app = StageApp()
    async with app.run_test(size=size) as pilot:
        screen = await dashboard(pilot)
        await until(pilot, lambda: "live" in text_of(app))
        shown = text_of(app)
        assert "shop-web-1" in shown
        assert screen.containers.total_count == 12
        assert ("nginx:1.27-alpine" in shown) == (size != (80, 24))


async def test_a_burst_of_keys_goes_where_the_first_one_leads() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("slash", *"web", "enter", "i")
        await until(pilot, lambda: screen.detail.tab == "inspect")
        assert screen.containers.filter_text == "web"
        assert screen.containers.shown_count == 1


async def test_the_cursor_stays_on_its_container_while_rows_come_and_go() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("j", "j", "j")
        held = screen.containers.cursor_row
        assert held is not None
        engine = screen.session.engine
        made = await engine.containers.create({"Image": "busybox:latest", "Cmd": ["sleep", "60"]}, name="aaa-first")
        await until(pilot, lambda: made.id in screen.containers.order)
        assert screen.containers.order[0] == made.id
        assert screen.containers.cursor_key == held.id
        await engine.containers.rename(held.id, "zzz-last")
        await until(pilot, lambda: screen.containers.order[-1] == held.id)
        assert screen.containers.cursor_key == held.id


async def test_stop_is_seen_when_the_daemon_says_so() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("slash", *"toolbox", "enter")
        key = screen.containers.cursor_key
        assert key is not None
        await pilot.press("s")
        await until(pilot, lambda: key in screen.session.busy or screen.session.state.containers[key].state == "exited")
        for _ in range(12):  # it ignores SIGTERM: ten seconds later it is killed
            await app.clock.advance(1)
        await until(pilot, lambda: screen.session.state.containers[key].state == "exited")
        await until(pilot, lambda: "exited" in text_of(app))
        assert [entry.line for entry in screen.session.history] == ["docker stop toolbox"]


async def test_marks_take_a_command_together_and_removal_asks_first() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("slash", *"exited", "enter", "asterisk")
        marked = screen.containers.marks
        assert len(marked) == 2
        await pilot.press("d")
        await until(pilot, lambda: "Remove 2 containers?" in text_of(app))
        await pilot.press("n")
        assert marked <= set(screen.session.state.containers)
        await pilot.press("d")
        await until(pilot, lambda: "Remove 2 containers?" in text_of(app))
        await pilot.press("y")
        await until(pilot, lambda: not marked & set(screen.session.state.containers))


async def test_read_only_says_so_and_sends_nothing() -> None:
    app = StageApp(Settings(read_only=True))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("d")
        await until(pilot, lambda: "read-only: nothing" in text_of(app))
        assert len(screen.session.history) == 0
        assert len(screen.session.state.containers) == 12


async def test_help_comes_from_the_table_of_commands() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 60)) as pilot:
        await dashboard(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await until(pilot, lambda: "docker commit CONTAINER" in text_of(app))
        await pilot.press("q")
        await dashboard(pilot)


async def test_names_from_outside_are_drawn_literally() -> None:
    labels = {"a": "[/]", "b": "[@click=app.quit]x", "c": "\x1b[2J\x1b]52;c;QUFB\x07", "d": "\u202eevil", "e": "n\nl"}
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        body = {"Image": "busybox:latest", "Cmd": ["echo", "[red]x[/] \x1b[2J"], "Labels": labels}
        made = await screen.session.engine.containers.create(body, name="odd")
        await until(pilot, lambda: made.id in screen.containers.order)
        await pilot.press("slash", *"odd", "enter", "i")
        await until(pilot, lambda: "State:" in text_of(app))
        await pilot.press("asterisk")
        for _ in range(3):
            await pilot.press("pagedown")
            await pilot.pause()
            shown = text_of(app)
            assert "\x1b" not in shown
            assert "\x07" not in shown
            assert "\u202e" not in shown


@pytest.mark.parametrize("size", [(1, 1), (10, 3), (40, 10), (80, 24), (300, 100)])
async def test_no_size_is_too_odd(size: tuple[int, int]) -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.resize_terminal(*size)
        await pilot.press("j", "enter", "q", "tab", "question_mark", "q")
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "shop-web-1" in text_of(app))


async def test_a_command_leaves_marks_alone_that_the_filter_hides() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("slash", *"shop", "enter", "asterisk", "slash", "ctrl+u", *"toolbox", "enter")
        assert len(screen.containers.marks) > 1
        assert [row.name for row in screen.command_context().containers] == ["toolbox"]
        await until(pilot, lambda: "of them hidden" in text_of(app))
        await pilot.press("slash", "ctrl+u", *"shop-web", "enter")
        assert [row.name for row in screen.command_context().containers] == ["shop-web-1"]


async def test_rows_that_tie_are_in_the_order_of_their_names() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await dashboard(pilot)
        screen.containers.sort_by("project")
        names = [screen.session.state.containers[key].name for key in screen.containers.order]
        assert names[-9:] == sorted(names[-9:])


async def test_ascii_draws_nothing_else() -> None:
    app = StageApp(Settings(ascii=True))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        screen.note("a note")
        await until(pilot, lambda: "a note" in text_of(app))
        assert text_of(app).isascii(), [char for char in text_of(app) if not char.isascii()]
        await pilot.press("d")
        await until(pilot, lambda: "Remove 1 container" in text_of(app))
        assert text_of(app).isascii(), [char for char in text_of(app) if not char.isascii()]
        await pilot.press("escape", "colon")
        await until(pilot, lambda: "docker restart CONTAINER" in text_of(app), "the palette")
        assert text_of(app).isascii(), [char for char in text_of(app) if not char.isascii()]


async def test_the_footer_leaves_out_a_command_whose_key_is_gone() -> None:
    app = StageApp(Settings(keys={"container.stop": (), "container.remove": ("s",)}))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard(pilot)
        footer = text_of(app).splitlines()[-1]
        assert "s remove" in footer
        assert "stop/start" not in footer


async def test_a_version_that_could_not_be_read_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = StageApp()
    asked = 0
    version = Engine.version

    async def fails_first(engine: Engine) -> Version:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ConnectionLost("unix:///run/demo.sock", "it broke")
        return await version(engine)

    monkeypatch.setattr(Engine, "version", fails_first)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "Engine 28.5" in text_of(app), "the engine's version")
        assert asked == 2


async def test_a_name_that_is_no_utf8_is_copied_as_far_as_it_is() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        screen.copy("/srv/caf\udce9 é")
        assert app.clipboard == "/srv/caf\ufffd é"
        await until(pilot, lambda: r"copied: /srv/caf\udce9 é" in text_of(app), "the note")


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
async def test_the_help_begins_with_the_table_in_front_and_is_cut_nowhere(size: tuple[int, int]) -> None:
    app = StageApp()
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))
        await pilot.press("3", "question_mark")
        await until(pilot, lambda: "On this screen" in text_of(app))
        lines = app.screen.query_one(ChoiceList)
        rows = ["".join(text for text, _ in lines.row_spans(at, size[0])) for at in range(lines.row_count)]
        assert [row for row in rows if len(row.rstrip()) > size[0] - 1] == []
        headings = [row.strip() for row in rows if row.strip().startswith("On ")]
        assert headings[:3] == ["On this screen", "On volumes", "On containers"]
        said = " ".join(" ".join(rows).split())
        assert "docker run --rm --volume VOLUME:/v:ro IMAGE tar c -C /v . > FILE" in said
        assert "guarded hosts in the settings ask more often" in said
        await pilot.press("escape", "colon")
        await until(pilot, lambda: "Search for commands" in text_of(app))
        await until(pilot, lambda: size[0] == 40 or "back up to a tar file" in text_of(app), "those on volumes first")


@pytest.mark.parametrize("width", [40, 60, 80])
async def test_the_tab_in_front_is_always_seen(width: int) -> None:
    app = StageApp(swarm=True)
    async with app.run_test(size=(width, 24), notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen))
        screen = app.screen
        assert isinstance(screen, DashboardScreen)
        await until(pilot, lambda: screen.session.state.condition.is_live)
        made = await screen.session.engine.containers.create({"Image": "busybox:latest"}, name="n" * 70)
        await until(pilot, lambda: made.id in screen.session.state.containers)
        screen.go_to("container", made.id)
        await pilot.press("enter")
        for _ in TABS["containers"]:
            tab = screen.detail.tab
            await until(pilot, lambda tab=tab: f" {tab}  " in text_of(app).splitlines()[2], tab)
            await pilot.press("right_square_bracket")
        await pilot.press("escape", "7")
        await until(pilot, lambda: "7 nodes" in text_of(app).splitlines()[1])
        await pilot.press("1")
        await until(pilot, lambda: text_of(app).splitlines()[1].startswith("1 containers"))


async def test_a_key_of_another_table_says_which() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("3")
        await until(pilot, lambda: screen.pane.view.name == "volumes")
        await pilot.press("p")
        await until(pilot, lambda: "containers: pause or unpause" in text_of(app))
        assert not list(screen.session.history)
        await pilot.press("4", "slash", "m", "escape")
        await until(pilot, lambda: screen.pane.view.name == "networks")
        assert "limits" not in text_of(app), "what is typed is no command"
        await pilot.press("1", "enter", "enter")
        await pilot.pause()
        assert "connect" not in text_of(app), "the keys of other screens are none of another table"


async def test_notes_are_ascii_where_all_is() -> None:
    app = StageApp(Settings(ascii=True))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        screen.note("cancelling caf\u00e9 …")
        await until(pilot, lambda: "cancelling caf\\xe9 ..." in text_of(app))


async def test_a_command_whose_code_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when hythe is upgraded while it runs."""
    monkeypatch.setitem(sys.modules, "tui.commands.remake", None)  # type: ignore[arg-type]
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("N")
        await until(pilot, lambda: "anew" in text_of(app))
    assert app.failure is None
