"""The Processes tab: a tree that stays as it is opened, sorted, and a signal to the process under the cursor."""

from collections.abc import Callable

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from tui.screens import detail
from tui.screens.dashboard import DashboardScreen
from tui.settings import Settings

Compare = Callable[..., bool]


async def open_processes(pilot: Pilot[int], name: str, seen: str = "worker 1") -> DashboardScreen:
    screen = await dashboard(pilot)
    app = pilot.app
    assert isinstance(app, StageApp)
    await pilot.press("slash", *name, "enter", "h")
    await until(pilot, lambda: seen in text_of(app), seen)
    return screen


async def test_a_worker_is_ended_and_another_takes_its_place() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_processes(pilot, "postgres")
        assert all(title in text_of(app) for title in ("PID COMMAND", "CPU", "MEM", "TIME", "USER"))
        before = text_of(app)
        await pilot.press("j", "K")
        await until(pilot, lambda: "SIGTERM" in text_of(app), "the signals")
        await pilot.press("j", "enter")
        await until(pilot, lambda: "Send SIGTERM to a process in" in text_of(app), "the question")
        await pilot.press("y")
        await until(pilot, lambda: "docker exec --user 0" in text_of(app), "the line")
        (entry,) = screen.session.history
        assert entry.outcome == "ok"
        pid = next(line for line in before.splitlines() if "worker 1" in line).split()[0]
        await until(pilot, lambda: pid not in text_of(app) and "worker 1" in text_of(app), "the next reading")


async def test_the_main_process_is_killed_as_the_container_is() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_processes(pilot, "postgres")
        await pilot.press("K")
        await until(pilot, lambda: "SIGKILL" in text_of(app), "the signals")
        await pilot.press("enter")
        await until(pilot, lambda: "Send SIGKILL to 1 container?" in text_of(app), "the question")
        await pilot.press("y")
        await until(pilot, lambda: "it does not run: exited 137" in text_of(app), "why there is nothing")
        assert [entry.line.split()[1] for entry in screen.session.history] == ["kill"]


async def test_a_process_of_another_row_is_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await open_processes(pilot, "postgres")
        monkeypatch.setattr(detail, "SETTLE_SECONDS", 3600.0)
        web = next(c for c in screen.session.state.containers.values() if c.name == "shop-web-1")
        screen.go_to("container", web.id)  # as when the row that was there goes: its tree is still to be seen
        screen.set_focus(screen.detail.body)
        await pilot.press("j", "K")
        await until(pilot, lambda: "the processes of" in text_of(app) and "not read yet" in text_of(app), "why not")


async def test_a_branch_that_was_closed_stays_closed_and_a_list_has_none() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_processes(pilot, "postgres")
        requests = screen.session.engine.transport.requests
        await pilot.press("left")
        await until(pilot, lambda: "worker 1" not in text_of(app), "a closed branch")
        await until(pilot, lambda: screen.session.engine.transport.requests > requests, "the next reading")
        await pilot.pause(0.1)
        assert "worker 1" not in text_of(app)
        await pilot.press("t")
        await until(pilot, lambda: "worker 1" in text_of(app), "the list")
        await pilot.press("o")
        await until(pilot, lambda: "memory, the greatest first" in text_of(app), "what it can be sorted by")
        await pilot.press("escape")


async def test_one_that_is_paused_shows_what_stands_still_and_sends_nothing() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_processes(pilot, "postgres")
        await pilot.press("p")
        await until(pilot, lambda: "they stand still" in text_of(app), "that it is paused")
        await pilot.press("j", "K")
        await until(pilot, lambda: "unpause it first" in " ".join(text_of(app).split()), "why not")
        assert [entry.line.split()[1] for entry in screen.session.history] == ["pause"]


async def test_it_is_there_on_a_small_terminal_too() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_processes(pilot, "postgres")
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: "USER" not in text_of(app), "fewer columns")
        assert all(word in text_of(app) for word in ("PID COMMAND", "CPU", "MEM", "MiB"))


LOOKS = {"80x24": ((80, 24), Settings()), "ascii": ((80, 24), Settings(ascii=True))}


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks(snap_compare: Compare, look: str) -> None:
    size, settings = LOOKS[look]

    async def before(pilot: Pilot[int]) -> None:
        await open_processes(pilot, "postgres", "PID COMMAND")

    assert snap_compare(StageApp(settings), terminal_size=size, run_before=before)
