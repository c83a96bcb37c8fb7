"""The Timeline tab: sentences on top, what happened below, live."""

from collections.abc import Callable

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from tui.settings import Settings

Compare = Callable[..., bool]


async def open_timeline(pilot: Pilot[int], name: str, seen: str) -> None:
    await dashboard(pilot)
    app = pilot.app
    assert isinstance(app, StageApp)
    await pilot.press("slash", *name, "enter", "w")
    await until(pilot, lambda: seen in text_of(app), seen)


async def test_a_kill_from_here_is_named_as_it_happens() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_timeline(pilot, "grafana", "running for")
        await pilot.press("escape", "K")
        await until(pilot, lambda: "SIGHUP" in text_of(app), "the signals")
        await pilot.press("enter")
        await until(pilot, lambda: "Send SIG" in text_of(app) and "SIGHUP" not in text_of(app), "the question")
        await pilot.press("y", "w")
        await until(pilot, lambda: "exit 137: SIGKILL, sent through Docker" in text_of(app), "the sentence")
        assert "SIGKILL sent, by $ docker kill" in text_of(app)


async def test_a_search_finds_a_row() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_timeline(pilot, "search", "times in a row")
        await pilot.press("slash", *"created from", "enter")
        await until(pilot, lambda: "created from opensearch" in text_of(app))


LOOKS = {
    "oom": ("reports", "memory limit", (80, 24), Settings()),
    "sick": ("search", "times in a row", (120, 40), Settings()),
    "loop": ("payments", "restarted", (80, 24), Settings(ascii=True)),
}


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks(snap_compare: Compare, look: str) -> None:
    name, seen, size, settings = LOOKS[look]

    async def before(pilot: Pilot[int]) -> None:
        await open_timeline(pilot, name, seen)

    assert snap_compare(StageApp(settings), terminal_size=size, run_before=before)
