"""The limits form: what was before and what comes, checked as it is typed; what is refused stays at its field."""

from collections.abc import Callable

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from tui.screens.dashboard import DashboardScreen
from tui.screens.limits import LimitsScreen
from tui.settings import Settings

Compare = Callable[..., bool]


async def open_limits(pilot: Pilot[int], name: str, *marks: str) -> DashboardScreen:
    screen = await dashboard(pilot)
    app = pilot.app
    assert isinstance(app, StageApp)
    await pilot.press("slash", *name, "enter", *marks, "m")
    await until(pilot, lambda: isinstance(app.screen, LimitsScreen) and "now" in text_of(app), "the form")
    return screen


async def limits_of(screen: DashboardScreen, key: str) -> tuple[int, int]:
    host = (await screen.session.engine.containers.made(key)).host_config
    return host.memory, host.nano_cpus


async def fill(pilot: Pilot[int], **texts: str) -> None:
    """Fill in fields as if they were typed."""
    form = pilot.app.screen
    assert isinstance(form, LimitsScreen)
    for name, text in texts.items():
        form.form.go_to(name.replace("_", "-"))
        await pilot.pause()
        await pilot.press("ctrl+u", "ctrl+k", *text)
        await pilot.pause()


async def test_before_and_after_the_line_and_what_is_sent() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_limits(pilot, "postgres")
        key = screen.containers.cursor_key
        assert key is not None
        await fill(pilot, memory="3g", memory_swap="4g", cpus="1.5")
        await until(pilot, lambda: "→ 3g" in text_of(app) and "all → 1.5" in text_of(app), "before and after")
        assert "docker update --memory 3g --memory-swap 4g --cpus 1.5" in text_of(app)
        await pilot.press("f2")
        await until(pilot, lambda: app.screen is screen, "the dashboard")
        assert await limits_of(screen, key) == (3 << 30, 1_500_000_000)
        (entry,) = screen.session.history
        assert entry.outcome == "ok"


async def test_what_is_wrong_is_told_while_it_is_typed_and_not_sent() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_limits(pilot, "postgres")
        await fill(pilot, memory="2m")
        await until(pilot, lambda: "the least memory is 6m" in text_of(app), "the fault")
        await fill(pilot, memory="2g", memory_swap="1g")
        await until(pilot, lambda: "it counts the memory too" in text_of(app), "the fault between two")
        await pilot.press("f2")
        await pilot.pause()
        assert isinstance(app.screen, LimitsScreen)
        assert not list(screen.session.history)


async def test_what_the_daemon_refuses_is_told_at_the_field_and_the_limit_stays() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_limits(pilot, "postgres")
        key = screen.containers.cursor_key
        assert key is not None
        before = await limits_of(screen, key)
        await fill(pilot, cpus="9999")
        await pilot.press("f2")
        await until(pilot, lambda: "range of CPUs" in text_of(app), "the daemon's words")
        assert isinstance(app.screen, LimitsScreen)
        assert await limits_of(screen, key) == before
        assert [entry.outcome for entry in screen.session.history] == ["failed"]


async def test_one_that_is_gone_is_told_once_and_not_at_a_field() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_limits(pilot, "postgres")
        key = screen.containers.cursor_key
        assert key is not None
        name = screen.session.state.containers[key].name
        await fill(pilot, memory="3g")
        await screen.session.engine.containers.remove(key, force=True)
        await pilot.press("f2")
        await until(pilot, lambda: f"{name}: it is gone: somebody removed it" in text_of(app), "why")
        assert isinstance(app.screen, LimitsScreen)
        assert "No such container" not in text_of(app)


async def test_several_keep_what_is_left_empty() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_limits(pilot, "shop", "asterisk")
        assert "limits of" in text_of(app)
        await fill(pilot, pids_limit="77")
        await pilot.press("f2")
        await until(pilot, lambda: app.screen is screen, "the dashboard")
        names = {entry.line.split()[-1] for entry in screen.session.history}
        assert len(names) > 1
        assert {tuple(entry.line.split()[:4]) for entry in screen.session.history} == {
            ("docker", "update", "--pids-limit", "77")
        }


async def test_what_the_daemon_warns_of_and_what_it_did_otherwise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_limits(pilot, "postgres")

        async def update(_id: str, _changes: object) -> list[str]:
            return ["Your kernel does not support it"]

        monkeypatch.setattr(screen.session.engine.containers, "update", update)
        await fill(pilot, cpus="1")
        await pilot.press("f2")
        await until(pilot, lambda: "the daemon warns" in text_of(app), "the warning")
        assert "CPUs is all, not 1" in text_of(app)


async def test_a_guarded_host_is_asked_about_and_a_no_sends_nothing() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_limits(pilot, "postgres")
        screen.session.guarded = True
        await fill(pilot, cpus="1")
        await pilot.press("f2")
        await until(pilot, lambda: "Update 1 container on" in text_of(app), "the question")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, LimitsScreen), "the form")
        assert not list(screen.session.history)


async def test_it_is_there_on_a_small_terminal_too() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_limits(pilot, "postgres")
        await pilot.resize_terminal(40, 10)
        await fill(pilot, cpus="2")
        await until(pilot, lambda: "all → 2" in text_of(app), "before and after")
        assert "docker update --cpus 2" in text_of(app)


LOOKS = {"80x24": ((80, 24), Settings()), "ascii": ((80, 24), Settings(ascii=True))}


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks(snap_compare: Compare, look: str) -> None:
    size, settings = LOOKS[look]

    async def before(pilot: Pilot[int]) -> None:
        await open_limits(pilot, "postgres")
        await fill(pilot, cpus="2")

    assert snap_compare(StageApp(settings), terminal_size=size, run_before=before)
