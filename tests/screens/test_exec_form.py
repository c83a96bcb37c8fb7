"""The form of a command in a container, and what is asked before the terminal is lent."""

import re
from collections.abc import Callable

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from tui.commands.lending import Left, Lent
from tui.screens.base import HytheScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.exec_form import ExecFormScreen


class LendingApp(StageApp):
    """A stage whose terminal is taken by a program that ends at once, and written down."""

    can_lend = True  # type: ignore[assignment]  # a headless one has none


async def lend_nothing(screen: HytheScreen, lent: Lent) -> Left:
    await lent.line.write(b"exit 3\n")
    async for _ in lent.line.chunks():
        pass
    return Left("ended")


async def test_a_terminal_that_cannot_be_lent_is_told() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("e")
        await until(pilot, lambda: "here is no terminal to lend" in text_of(app))


async def test_the_form_shows_the_line_and_comes_back_to_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HytheScreen, "lend", lend_nothing)
    app = LendingApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        row = screen.containers.cursor_key
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, ExecFormScreen) and "empty: /bin/" in text_of(app))
        await pilot.press("tab", *"me", "tab", *"/tmp")
        await until(pilot, lambda: re.search(r"docker exec -it --user me --workdir /tmp \S+ /bin/", text_of(app)))
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen) and ": exit 3" in text_of(app))
        assert screen.containers.cursor_key == row
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, ExecFormScreen) and "--user me" in text_of(app))


async def test_a_wrong_command_is_told_while_it_is_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(HytheScreen, "lend", lend_nothing)
    app = LendingApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard(pilot)
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, ExecFormScreen) and "empty: /bin/" in text_of(app))
        await pilot.press(*"ls 'a")
        await until(pilot, lambda: "quote is left open" in text_of(app))


async def test_a_privileged_command_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HytheScreen, "lend", lend_nothing)
    app = LendingApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, ExecFormScreen) and "empty: /bin/" in text_of(app))
        await pilot.press("tab", "tab", "tab", "tab", "space", "f2")
        await until(pilot, lambda: "n, enter, esc cancel" in text_of(app))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, ExecFormScreen))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_the_form(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[int]) -> None:
        await dashboard(pilot)
        await pilot.press("E")
        await until(pilot, lambda: "empty: /bin/" in text_of(app) and "docker exec -it" in text_of(app))

    app = LendingApp()
    assert snap_compare(app, terminal_size=size, run_before=run)
