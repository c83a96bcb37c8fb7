"""An app with the mixin: what reaches the terminal, and when Textual writes by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from queue import Queue
from types import SimpleNamespace
from typing import Any

import pyte
import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.messages import TerminalSupportsSynchronizedOutput
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from widgets import cell_diff, line_pace
from widgets.cell_diff import CellDiffDisplay
from widgets.line_pace import LinePace

WIDTH, HEIGHT = 60, 16


class RecordingDriver(HeadlessDriver):
    """A terminal that keeps what is written, shows it, and takes no more while it is `busy`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.stream = pyte.Stream(self.screen)
        self.written: list[str] = []
        self.queue: Queue[str] = Queue()
        self._writer_thread = SimpleNamespace(_queue=self.queue)

    @property
    def is_headless(self) -> bool:
        return False

    @property
    def can_suspend(self) -> bool:
        return True

    def write(self, data: str) -> None:
        self.written.append(data)
        self.stream.feed(data)

    def suspend_application_mode(self) -> None:
        self.stream.feed("\x1b[2J\x1b[Hshell")

    def resume_application_mode(self) -> None:
        self.stream.feed("\x1b[2J")

    def take(self) -> str:
        data, self.written = "".join(self.written), []
        return data


class Dialog(ModalScreen[None]):
    CSS = "Dialog { align: center middle; } #dialog { width: 20; height: 3; background: red; }"

    def compose(self) -> ComposeResult:
        yield Static("are you sure?", id="dialog")


class Page(CellDiffDisplay, App[None]):
    CSS = "#list { height: 6; } #count { height: 1; }"

    def __init__(self) -> None:
        super().__init__(driver_class=RecordingDriver)

    def compose(self) -> ComposeResult:
        yield Static("0", id="count")
        with VerticalScroll(id="list"):
            for number in range(30):
                yield Label(f"line {number} 中文 e\u0301 " + "·" * number)
        yield Input(id="input")
        yield Static("foot " * 20, id="foot", markup=False)


def driver_of(app: App[Any]) -> RecordingDriver:
    driver = app._driver
    assert isinstance(driver, RecordingDriver)
    return driver


def drive(app: App[None], act: Callable[[Pilot[None]], Awaitable[None]]) -> Awaitable[None]:
    return app.run_async(size=(WIDTH, HEIGHT), auto_pilot=act, mouse=False)


def composed(app: App[Any]) -> pyte.Screen:
    """A terminal that shows what Textual has composed."""
    expected = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(expected)
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        stream.feed(f"\x1b[{y + 1}H" + strip.render(app.console))
    return expected


def check(app: App[Any]) -> None:
    """What the terminal shows is what Textual has composed."""
    expected, shown = composed(app), driver_of(app).screen
    for y in range(HEIGHT):
        assert shown.display[y] == expected.display[y]
        for x in range(WIDTH):
            assert shown.buffer[y][x] == expected.buffer[y][x], (y, x)


async def resize(app: App[Any], pilot: Pilot[None], width: int, height: int) -> None:
    """Resize a terminal that lost its content, and wait until the screen has the size and is written anew."""
    size = Size(width, height)
    driver_of(app).stream.feed("\x1b[2J")
    app.post_message(events.Resize(size, size))
    async with asyncio.timeout(20):
        while app.screen.size != size or driver_of(app).screen.display != composed(app).display:
            await pilot.pause(0.01)


async def test_the_terminal_shows_what_is_composed() -> None:
    app = Page()

    async def act(pilot: Pilot[None]) -> None:
        check(app)
        app.query_one("#list").scroll_to(y=7, animate=False)
        await pilot.pause()
        check(app)
        await app.push_screen(Dialog())
        await pilot.pause()
        check(app)
        app.screen_stack[0].query_one("#count", Static).update("under the dialog")
        await pilot.pause()
        check(app)
        app.pop_screen()
        await pilot.pause()
        check(app)
        await pilot.press("a", "b", "left")
        await pilot.pause()
        app.query_one("#list").display = False
        await pilot.pause()
        check(app)
        app.theme = "textual-light"
        await pilot.pause()
        check(app)
        app.exit()

    await drive(app, act)


async def test_a_small_change_is_a_few_bytes() -> None:
    app = Page()
    sizes: list[int] = []

    async def act(pilot: Pilot[None]) -> None:
        driver, count = driver_of(app), app.query_one("#count", Static)
        app.set_focus(None)
        await pilot.pause()
        driver.take()
        for number in range(1, 4):
            count.update(str(number))
            await pilot.pause()
            sizes.append(len(driver.take()))
        count.refresh()
        await pilot.pause()
        sizes.append(len(driver.take()))
        app.refresh()
        await pilot.pause()
        sizes.append(len(driver.take()))
        app.exit()

    await drive(app, act)
    assert 0 < max(sizes[:3]) < 64
    assert sizes[3:] == [0, 0]


async def test_nothing_is_queued_behind_a_terminal_that_does_not_read() -> None:
    app = Page()

    async def act(pilot: Pilot[None]) -> None:
        driver, count = driver_of(app), app.query_one("#count", Static)
        app.set_focus(None)
        await pilot.pause()
        driver.take()
        driver.queue.put("an earlier frame")
        for number in range(50):
            count.update(f"number {number}")
            await pilot.pause()
        assert driver.take() == ""
        driver.queue.get()
        async with asyncio.timeout(60):
            while not driver.written:
                await pilot.pause(0.01)
        assert driver.take().count("number") == 1
        check(app)
        app.exit()

    await drive(app, act)


async def test_a_frame_waits_for_the_answer_to_the_one_before_and_is_then_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line_pace, "WINDOW", 100)
    app = Page()
    app._pace = LinePace("auto", lambda: 0.0)  # time stands still: what is waited for is an answer, not patience

    async def act(pilot: Pilot[None]) -> None:
        driver, count = driver_of(app), app.query_one("#count", Static)
        app.set_focus(None)
        app.post_message(TerminalSupportsSynchronizedOutput())
        await pilot.pause()
        app.repaint()
        assert driver.take().endswith(cell_diff.SYNC_END + cell_diff.ASK)
        for number in range(50):
            count.update(f"number {number}")
            await pilot.pause()
        assert driver.take() == ""
        app.post_message(TerminalSupportsSynchronizedOutput())
        await pilot.pause()
        assert driver.take().count("number") == 1
        check(app)
        app.exit()

    await drive(app, act)


async def test_on_a_slow_line_a_frame_comes_in_slices_and_what_a_key_did_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cell_diff, "SLICE", 200)
    app = Page()
    clock = 0.0
    app._pace = LinePace(True, lambda: clock)

    async def act(pilot: Pilot[None]) -> None:
        driver = driver_of(app)
        app.set_focus(None)
        app.post_message(TerminalSupportsSynchronizedOutput())
        app.pace.key()
        await whole(pilot, app)
        driver.take()
        app.repaint()
        assert 0 < len(driver.take()) < 600
        frame = app._frame
        assert frame is not None
        assert frame.is_dirty
        app.query_one("#foot", Static).update("what the key did")
        await pilot.pause()
        app.post_message(TerminalSupportsSynchronizedOutput())
        await pilot.pause()
        assert "what the key did" in driver.take()
        await whole(pilot, app)
        check(app)
        app.exit()

    await drive(app, act)


async def whole(pilot: Pilot[None], app: Page) -> None:
    """Answer for the terminal until all of the frame is written, and nothing is on its way."""
    async with asyncio.timeout(30):
        while app._frame is None or app._frame.is_dirty or app.pace._flying:
            app.post_message(TerminalSupportsSynchronizedOutput())
            await pilot.pause(0.01)


async def test_behind_a_veil_nothing_is_written_and_then_everything() -> None:
    app = Page()
    app.veil()

    async def act(pilot: Pilot[None]) -> None:
        driver = driver_of(app)
        app.query_one("#count", Static).update("later")
        await pilot.pause()
        assert not any("later" in text or "foot" in text for text in driver.written)
        app.unveil()
        check(app)
        app.unveil()
        app.exit()

    await drive(app, act)


async def test_a_suspended_app_writes_nothing_and_then_everything() -> None:
    app = Page()

    async def act(pilot: Pilot[None]) -> None:
        driver, count = driver_of(app), app.query_one("#count", Static)
        await pilot.pause()
        with app.suspend():
            driver.take()
            count.update("meanwhile")
            await pilot.pause()
            assert driver.take() == ""
            assert driver.screen.display[0].startswith("shell")
        await pilot.pause()
        check(app)
        assert driver.screen.display[0].startswith("meanwhile")
        app.exit()

    await drive(app, act)


async def test_repaint_and_resizes_write_everything() -> None:
    app = Page()

    async def act(pilot: Pilot[None]) -> None:
        driver = driver_of(app)
        driver.stream.feed("\x1b[2J")
        app.repaint()
        check(app)
        for width, height in [(WIDTH, HEIGHT), (1, 1), (20, 5), (WIDTH, HEIGHT)]:
            await resize(app, pilot, width, height)
        check(app)
        app.exit()

    await drive(app, act)


async def test_updates_are_synchronized_where_the_terminal_can() -> None:
    app = Page()

    async def act(pilot: Pilot[None]) -> None:
        driver = driver_of(app)
        app._sync_available = True
        driver.take()
        app.query_one("#count", Static).update("sync")
        await pilot.pause()
        written = driver.take()
        assert written.startswith("\x1b[?2026h")
        assert written.endswith("\x1b[?2026l")
        app.exit()

    await drive(app, act)


async def test_the_cursor_is_left_in_a_focused_input() -> None:
    app = Page()

    async def act(pilot: Pilot[None]) -> None:
        driver = driver_of(app)
        app.query_one(Input).focus()
        await pilot.press("h", "i")
        await pilot.pause()
        cursor = app.query_one(Input).cursor_screen_offset
        assert (driver.screen.cursor.x, driver.screen.cursor.y) == cursor
        app.exit()

    await drive(app, act)


async def test_a_batch_is_one_frame() -> None:
    app = Page()

    async def act(pilot: Pilot[None]) -> None:
        driver, count = driver_of(app), app.query_one("#count", Static)
        driver.take()
        with app.batch_update():
            count.update("one")
            await pilot.pause()
            count.update("two")
            await pilot.pause()
            assert driver.take() == ""
        await pilot.pause()
        check(app)
        app.exit()

    await drive(app, act)


async def test_control_characters_of_a_widget_are_not_written() -> None:
    app = Page()

    async def act(pilot: Pilot[None]) -> None:
        driver = driver_of(app)
        driver.take()
        foot = app.query_one("#foot", Static)
        foot.update("a\x1b]0;title\x07b\x9b2J\u202ec")
        await pilot.pause()
        written = driver.take()
        assert "a␛]0;title" in driver.screen.display[app.query_one("#foot").region.y]
        assert not set(written) & set("\x07\x9b\u202e\n\r")
        assert "\x1b]" not in written
        app.exit()

    await drive(app, act)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("_SHAPES", {"LineUpdate": ("lines",)}, "LineUpdate"),
        ("_SHAPES", {"LayoutUpdate": ("strips", "area")}, "area"),
        ("_APP_NAMES", ("_display", "_gone"), "_gone"),
    ],
)
async def test_where_textual_is_another_it_writes_by_itself(
    name: str, value: object, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cell_diff, name, value)
    app = Page()

    async def act(pilot: Pilot[None]) -> None:
        await pilot.pause()
        assert app._frame is None
        check(app)
        app.query_one("#count", Static).update("still here")
        await pilot.pause()
        check(app)
        app.exit()

    await drive(app, act)
    assert "writing whole frames" in caplog.text
    assert said in caplog.text


async def test_an_update_that_can_t_be_read_is_left_to_textual(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = Page()

    async def act(pilot: Pilot[None]) -> None:
        def fail(*_: object) -> None:
            raise TypeError("not what it was")

        monkeypatch.setattr(cell_diff, "_put_part", fail)
        app.query_one("#count", Static).update("later")
        await pilot.pause()
        check(app)
        app.query_one("#count", Static).update("and later")
        await pilot.pause()
        check(app)
        app.exit()

    await drive(app, act)
    assert "not what it was" in caplog.text


async def test_headless_tests_go_on_as_ever() -> None:
    app = Page()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.repaint()
        await pilot.pause()
        assert app._frame is None
