"""The log screen on the demo engine: what is seen in each state, and what its keys lead to."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from stage import StageApp, dashboard, text_of, until
from test_snapshots import settle
from textual.pilot import Pilot

from tui.engine.engine import Engine
from tui.model.containers import Container
from tui.model.log_level import Level
from tui.screens.dashboard import DashboardScreen
from tui.screens.logs import LogsScreen
from tui.settings import Settings
from widgets.log_view import LogView

Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the lines of several containers wait for the slowest, however busy the machine: their order is looked at."""
    monkeypatch.setattr("tui.jobs.log_feed.PATIENCE_SECONDS", 3600.0)


async def opened(pilot: Pilot[int], *keys: str, lines: int = 20) -> LogsScreen:
    """Return the log screen, opened on what the keys choose in the dashboard, once it shows lines."""
    await dashboard(pilot)
    app = pilot.app
    assert isinstance(app, StageApp)
    await app.clock.advance(120)
    await pilot.press(*keys, "l")
    await until(pilot, lambda: isinstance(app.screen, LogsScreen) and app.screen.is_mounted, "the log screen")
    screen = app.screen
    assert isinstance(screen, LogsScreen)
    await until(pilot, lambda: len(screen.log_view.buffer) >= lines, f"{lines} lines")
    await until(pilot, lambda: all(source.caught_up.is_set() for source in screen.reading.sources), "what there was")
    return screen


def typed(name: str) -> tuple[str, ...]:
    return ("slash", *name, "enter")


def shows(
    name: str, *keys: str, seen: str | tuple[str, ...] = "", lines: int = 20, marked: bool = False
) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Return what opens the logs of a container, presses keys, and waits until `seen` is on the screen."""

    async def run(pilot: Pilot[int]) -> None:
        screen = await opened(pilot, *typed(name), *(("asterisk",) if marked else ()), lines=lines)
        app = pilot.app
        assert isinstance(app, StageApp)
        for key in keys:
            if key.startswith("+"):  # more is written meanwhile
                held = len(screen.log_view.buffer)
                await app.clock.advance(int(key))
                await until(pilot, lambda held=held: len(screen.log_view.buffer) > held, "more lines")
            else:
                await pilot.press(key)
        for words in (seen,) if isinstance(seen, str) else seen:
            await until(pilot, lambda words=words: words in text_of(app), words)
        await settle(pilot)

    return run


LOOKS: dict[str, Callable[[Pilot[int]], Awaitable[None]]] = {
    "following": shows("shop-api-1", seen="following"),
    "scrolled-up": shows("shop-api-1", "k", "k", "+5", seen="new line"),
    "search": shows("shop-api-1", "slash", *"cache", "enter", "n", seen="114 of 173"),
    "filter": shows("shop-api-1", "f", *"~ca.he", "enter", seen="~ca.he"),
    "filter-wrong": shows("shop-api-1", "f", *"~(", seen="missing )"),
    "filter-level": shows("shop-api-1", "l", "l", "t", "t", seen="warn and worse"),
    "filter-hides-all": shows("shop-api-1", "f", *"nothing like it", "enter", seen="hides all"),
    "unfolded": shows("shop-api-1", "k", "enter", seen="msg"),
    "chosen": shows("shop-api-1", "k", "space", "k", "k", "v", "k", "k"),
    "merged": shows("shop", "t", "t", marked=True, seen=("following", "3,522 lines")),
    "range": shows("shop-api-1", "r", seen="range of time"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_looks(snap_compare: Compare, name: str) -> None:
    assert snap_compare(StageApp(), terminal_size=(80, 24), run_before=LOOKS[name])


def test_looks_wide(snap_compare: Compare) -> None:
    assert snap_compare(
        StageApp(), terminal_size=(120, 40), run_before=shows("shop", "t", marked=True, seen="following")
    )


def test_looks_in_ascii_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = StageApp(Settings(ascii=True, color="none"))
    assert snap_compare(app, terminal_size=(80, 24), run_before=LOOKS["scrolled-up"])


async def with_container(pilot: Pilot[int], name: str, *command: str, start: bool = True, driver: str = "") -> None:
    """Make a container in the demo engine."""
    app = pilot.app
    assert isinstance(app, StageApp)
    screen = await dashboard(pilot)
    engine: Engine = screen.session.engine
    host = {"LogConfig": {"Type": driver}} if driver else {}
    made = await engine.containers.create({"Image": "busybox", "Cmd": list(command), "HostConfig": host}, name=name)
    if start:
        await engine.containers.start(made.id)
    # in the table, which is told of it later than the state: the keys to come are for what it shows
    await until(pilot, lambda: screen.containers.row_of(made.id) is not None, "the container")


def known_now(screen: DashboardScreen) -> list[Container]:
    """The containers that the dashboard knows."""
    return list(screen.session.state.containers.values())


REASONS = {
    "no-driver": (("sleep", "600"), {"driver": "none"}, "configured logging driver"),
    "not-started": (("sleep", "600"), {"start": False}, "was not started yet"),
    "nothing-written": (("sleep", "600"), {}, "has not written anything yet"),
    "ended": (("true",), {}, "ended without writing anything"),
}


@pytest.mark.parametrize("reason", REASONS)
def test_why_there_is_nothing(snap_compare: Compare, reason: str) -> None:
    command, more, seen = REASONS[reason]

    async def run(pilot: Pilot[int]) -> None:
        await with_container(pilot, "silent", *command, **more)
        if reason == "ended":
            app = pilot.app
            assert isinstance(app, StageApp)
            await app.clock.advance(1)
            screen = app.screen
            assert isinstance(screen, DashboardScreen)
            await until(
                pilot,
                lambda: any(c.name == "silent" and c.state == "exited" for c in known_now(screen)),
                "its end",
            )
        await shows("silent", seen=seen, lines=0)(pilot)

    assert snap_compare(StageApp(), terminal_size=(80, 24), run_before=run)


async def test_marked_containers_of_a_project_are_one_text() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, *typed("shop"), "asterisk")
        names = {source.label for source in screen.reading.sources}
        assert len(names) > 2
        assert names >= {line.source for line in screen.log_view.buffer if line.source}
        times = [line.time for line in screen.log_view.buffer if line.time is not None]
        assert times == sorted(times)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        await pilot.press("escape", "escape", *typed("shop-api-1"), "ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen) and app.screen.is_mounted, "the log screen")
        assert isinstance(app.screen, LogsScreen)
        assert {source.label for source in app.screen.reading.sources} >= names


async def test_filters_add_up_and_leave_one_by_one() -> None:
    app = StageApp()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, *typed("shop-api-1"))
        await pilot.press("s", "l", "l", "l", "f", *"time", "enter")
        view = screen.log_view
        await until(pilot, lambda: view.lines.filter is not None and view.lines.filter.complete, "the filter")
        shown = view.lines.filter
        assert shown is not None
        lines = [view.buffer[shown.at(n)] for n in range(shown.count)]
        assert all(line.stream == "stderr" and "error" in line.text and "time" in line.text for line in lines)
        assert screen._filter.level is Level.ERROR
        await pilot.press("slash", *"out", "enter", "escape")
        assert view.lines.filter is not None
        await pilot.press("escape")
        assert view.lines.filter is None
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


async def test_a_range_of_time_before_the_tail_is_read_from_the_daemon() -> None:
    app = StageApp(replace(Settings(), log_tail=5))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, *typed("shop-api-1"), lines=5)
        view = screen.log_view
        assert len(view.buffer) == 5
        await pilot.press("r")
        await until(pilot, lambda: "range of time" in text_of(app), "the question")
        await pilot.press(*"1m..", "enter")
        await until(pilot, lambda: view.buffer.joined, "all of the range")
        await until(pilot, lambda: view.lines.filter is not None and view.lines.filter.complete, "the filter")
        assert view.lines.filter is not None
        since = screen.session.now() - 60
        assert view.lines.filter.count == len(view.buffer) > 20
        assert all(line.time is not None and line.time >= since for line in view.buffer)
        first = min(line.time or 0 for line in view.buffer)
        await pilot.press("g", "A")
        await until(pilot, lambda: "all lines of the range are here" in notes(app), "that nothing of it is missing")
        await pilot.press("escape")
        await until(pilot, lambda: "older lines were not read: g reads from the start" in text_of(app), "the edge")
        await pilot.press("g")
        await until(pilot, lambda: any((line.time or first) < first for line in view.buffer), "earlier lines")
        await until(pilot, lambda: view.buffer.joined, "the start")
        read = [line.text for line in view.buffer if line.stream != "system"]
        assert read == await log_of(screen, "shop-api-1")
        await until(pilot, lambda: read[0][:60] in text_of(app).splitlines()[1], "the first line")
        await pilot.press("A")
        await until(pilot, lambda: "the whole log is here" in notes(app), "that nothing is missing")


def notes(app: StageApp) -> list[str]:
    """What was told in passing."""
    return [note.message for note in app._notifications]


async def log_of(screen: LogsScreen, name: str) -> list[str]:
    """Return what the daemon has of the log of a container."""
    engine = screen.session.engine
    found = next(one for one in screen.session.state.containers.values() if one.name == name)
    batches = engine.containers.log_batches(found.id, tty=bool(found.tty))
    return [record.text async for batch in batches for record in batch.records()]


async def test_a_range_of_time_without_a_beginning_is_read_from_the_start() -> None:
    app = StageApp(replace(Settings(), log_tail=5))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, *typed("shop-api-1"), lines=5)
        view = screen.log_view
        await pilot.press("r")
        await until(pilot, lambda: "range of time" in text_of(app), "the question")
        await pilot.press(*"..1m", "enter")
        await until(pilot, lambda: view.lines.filter is not None and view.lines.filter.complete, "the filter")
        await until(pilot, lambda: not screen.reading.is_reading, "what was written before")
        assert view.lines.filter is not None
        shown = [view.buffer[view.lines.filter.at(n)] for n in range(view.lines.filter.count)]
        whole = await log_of(screen, "shop-api-1")
        assert [line.text for line in shown] == whole[: len(shown)]
        assert 0 < len(shown) < len(whole)


async def test_in_the_details_no_key_is_said_to_cancel_the_reading() -> None:
    app = StageApp(replace(Settings(), log_tail=5))
    async with app.run_test(size=(120, 40)) as pilot:
        await with_container(pilot, "many", "seq", "1", "3000")
        await pilot.press(*typed("many"))
        await until(pilot, lambda: "3000" in text_of(app), "the log in the details")
        view = app.screen.query_one("#detail-logs", LogView)
        edges: list[str] = []
        told = view.set_edge
        view.set_edge = lambda text, top="": (edges.append(text), told(text, top))[1]
        view.focus()
        await pilot.press("g")
        await until(pilot, lambda: view.buffer.joined, "the start")
        assert any("looking for the start" in words for words in edges)
        assert any("reading from the start" in words for words in edges)
        assert not any("cancel" in words for words in edges)


async def test_the_start_is_fetched_and_older_lines_are() -> None:
    app = StageApp(replace(Settings(), log_tail=50))
    async with app.run_test(size=(100, 20)) as pilot:
        await with_container(pilot, "many", "seq", "1", "3000")
        screen = await opened(pilot, *typed("many"), lines=50)
        view = screen.log_view
        await pilot.press(*["pageup"] * 4)
        await until(pilot, lambda: len(view.buffer.main) >= 1000, "older lines")
        await pilot.press("g")
        await until(pilot, lambda: view.buffer.joined, "the start")
        assert [line.text for line in view.buffer if line.stream != "system"] == [str(n) for n in range(1, 3001)]
        await until(pilot, lambda: "  1 " in text_of(app).splitlines()[1], "the first line")


async def test_what_is_shown_is_saved_for_its_owner_alone(tmp_path: Path) -> None:
    app = StageApp()
    async with app.run_test(size=(100, 30)) as pilot:
        await with_container(pilot, "talks", "sh", "-c", "printf '\\033[31mred\\033[0m \\033]0;x\\007\\n'; echo two")
        screen = await opened(pilot, *typed("talks"), lines=2)
        place = tmp_path / "out.log"
        await pilot.press("S")
        await until(pilot, lambda: "Save the log" in text_of(app), "the question")
        await pilot.press("ctrl+u", *str(place), "enter")
        await until(pilot, place.exists, "the file")
        assert place.read_text().startswith("red ␛]0;x")
        assert "\ntwo\n" in place.read_text()
        assert "\x1b" not in place.read_text()
        assert os.stat(place).st_mode & 0o777 == 0o600
        await until(pilot, lambda: app.screen is screen, "the log screen")
        await pilot.press("f", *"two", "enter", "S")
        await until(pilot, lambda: "the lines that pass the filter" in text_of(app), "the choice")
        await pilot.press("enter")
        await until(pilot, lambda: "Save the log" in text_of(app), "the question")
        await pilot.press("ctrl+u", *str(place), "enter")
        await until(pilot, lambda: "Replace this file?" in text_of(app), "whether to replace it")
        assert "red" in place.read_text()
        await pilot.press("y")
        await until(pilot, lambda: "Replace this file?" not in text_of(app), "the answer")
        await until(pilot, lambda: place.read_text().startswith("two\n"), "the other file")
        assert [name for name in os.listdir(tmp_path) if name != "home"] == ["out.log"]


async def test_a_place_that_cannot_be_written_is_told_at_the_field(tmp_path: Path) -> None:
    app = StageApp()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, *typed("shop-api-1"))
        await pilot.press("S")
        await until(pilot, lambda: "File" in text_of(app) or "all lines" in text_of(app), "a question")
        if "all lines that are here" in text_of(app):
            await pilot.press("enter")
        await until(pilot, lambda: "Save the log" in text_of(app), "the question")
        await pilot.press("ctrl+u", *f"{tmp_path}/none/x.log", "enter")
        await until(pilot, lambda: "there is no folder" in text_of(app), "what is wrong")


async def test_the_stream_ends_with_the_screen_and_goes_on_behind_a_dialog() -> None:
    app = StageApp()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, *typed("shop-api-1"))
        held = len(screen.log_view.buffer)
        await pilot.press("r")
        await until(pilot, lambda: "range of time" in text_of(app), "the question")
        await app.clock.advance(10)
        await until(pilot, lambda: len(screen.log_view.buffer) > held, "lines behind a dialog")
        await pilot.press("escape", "question_mark")
        await until(pilot, lambda: app.screen is not screen, "the help")
        await until(pilot, lambda: not [w for w in app.workers if w.group == "log-follow"], "the end of the stream")
        held = len(screen.log_view.buffer)
        await app.clock.advance(10)
        await pilot.press("escape")
        await until(pilot, lambda: len(screen.log_view.buffer) > held, "the lines since")
        texts = [line.text for line in screen.log_view.buffer]
        assert len(texts) == len(set(texts))


async def test_the_title_tells_the_state_of_a_container_that_writes_nothing() -> None:
    app = StageApp()
    async with app.run_test(size=(100, 30)) as pilot:
        await with_container(pilot, "still", "sh", "-c", "echo one; sleep 100000")
        screen = await opened(pilot, *typed("still"), lines=1)
        engine, container = screen.session.engine, screen.reading.sources[0].container
        await engine.containers.pause(container.id)
        await until(pilot, lambda: "paused" in text_of(app).splitlines()[0], "paused")
        await engine.containers.unpause(container.id)
        await until(pilot, lambda: "running" in text_of(app).splitlines()[0], "running")
