"""An App mixin that remembers what the terminal shows and writes only the cells that differ."""

import asyncio
import importlib
import inspect
import logging
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from rich.color import ColorSystem
from textual import events
from textual.app import App
from textual.geometry import Offset, Region
from textual.strip import Strip

from widgets.cell_diff_frame import CellFrame
from widgets.line_pace import SLICE, LinePace

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.driver import Driver
    from textual.screen import Screen

    from widgets.terminal_driver import UsedTerminal

    _Base = App[Any]
else:
    _Base = object

log = logging.getLogger(__name__)

SYNC_START, SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
"""Begin and end of a synchronized update, where the terminal has them (DEC private mode 2026)."""

HELD_SECONDS = (0.002, 0.05)
"""The first and the longest time after which a terminal that tells nothing by itself is looked at again."""

ASK = "\x1b[?2026$p"
"""Asks the terminal for the mode of synchronized updates (DECRQM): the answer comes once it has taken all before it."""

_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.STANDARD,
}
_SHAPES = {"LayoutUpdate": ("strips", "region"), "ChopsUpdate": ("chops", "spans", "chop_ends")}
_APP_NAMES = ("_display", "_batch_count", "_running", "_closed", "_driver", "_sync_available")


class _WholeUpdate(Protocol):
    """Textual's LayoutUpdate: all lines of a region."""

    strips: list[list[Strip]]
    region: Region


class _PartUpdate(Protocol):
    """Textual's ChopsUpdate: strips by line and column, and the spans (y, x1, x2) of them that are to be written."""

    chops: list[Mapping[int, Strip | None]]
    spans: list[tuple[int, int, int]]
    chop_ends: list[list[int]]


def _kinds_of_update() -> tuple[type, type] | None:
    """Textual's private classes of updates, if they still are what this module knows; else says so and returns None."""
    kinds: list[type] = []
    try:
        compositor = importlib.import_module("textual._compositor")
    except ImportError as error:
        log.warning("writing whole frames: this Textual is another one: %s", error)
        return None
    for name, expected in _SHAPES.items():
        kind = getattr(compositor, name, None)
        found = tuple(inspect.signature(kind).parameters) if isinstance(kind, type) else ()
        if not isinstance(kind, type) or found != expected:
            log.warning("writing whole frames: this Textual's %s takes %s, not %s", name, found, expected)
            return None
        kinds.append(kind)
    return kinds[0], kinds[1]


class CellDiffDisplay(_Base):
    """Put before `App` among the bases of an app: `class MyApp(CellDiffDisplay, App[int])`.

    A frame that the terminal has not read yet is not queued behind: what comes meanwhile is drawn into the one frame
    that is written when the terminal is ready, in slices on a slow line. Where Textual's inner workings are not as
    expected, in inline mode and without a terminal, Textual writes by itself. Links (OSC 8) are not written.
    """

    used_terminal: "UsedTerminal | None" = None
    """What was shown before the app began, if anything: it stays until `unveil`."""

    _pace: LinePace | None = None
    _frame: CellFrame | None = None
    _held: asyncio.TimerHandle | None = None
    _held_for = HELD_SECONDS[0]
    _suspended = False
    _veiled = False
    _kinds: tuple[type, type] | None = None
    _checked = False

    @property
    def pace(self) -> LinePace:
        """When frames may be written."""
        if self._pace is None:
            self._pace = LinePace("auto", time.monotonic)
        return self._pace

    def get_driver_class(self) -> "type[Driver]":
        """Give Textual's driver for terminals an output that never blocks."""
        found = super().get_driver_class()
        if found.__name__ != "LinuxDriver":
            return found
        from widgets.terminal_driver import TerminalDriver

        return TerminalDriver

    def veil(self) -> None:
        """Write no frame until `unveil`: what is on the terminal stays."""
        self._veiled = True

    def unveil(self) -> None:
        """Write frames from now on."""
        if self._veiled:
            self._veiled = False
            self._write_frame()

    def output_drained(self) -> None:
        """The terminal has taken all that was written."""
        self._write_held()

    def on_terminal_supports_synchronized_output(self) -> None:
        """The terminal has answered."""
        self.pace.answered()
        self._write_held()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(
            event, (events.Key, events.Paste, events.MouseDown, events.MouseScrollDown, events.MouseScrollUp)
        ):
            self.pace.key()
        await super().on_event(event)

    def repaint(self) -> None:
        """Write all of the screen again, after something else may have written to the terminal."""
        if self._frame is not None and self._frame.complete:
            self._frame.forget()
            self._write_frame()
        else:
            self._frame = None
            self.refresh(layout=True)

    def _display(self, screen: "Screen[Any]", renderable: "RenderableType | None") -> None:
        if renderable is None or self._batch_count or not self._can_diff():
            self._display_by_textual(screen, renderable)
            return
        whole, part = self._kinds or (type(None), type(None))
        if not isinstance(renderable, (whole, part)):
            self._frame = None
            self._display_by_textual(screen, renderable)
            return
        try:
            frame = self._frame_now()
            frame.urgent = self.pace.is_urgent
            try:
                if isinstance(renderable, whole):
                    _put_whole(frame, cast("_WholeUpdate", renderable))
                else:
                    _put_part(frame, cast("_PartUpdate", renderable))
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                self._give_up(error)
                return
            self._write_frame()
        finally:
            self.post_display_hook()

    def _display_by_textual(self, screen: "Screen[Any]", renderable: "RenderableType | None") -> None:
        cast("Any", super())._display(screen, renderable)  # its own annotation leaves out the type of a screen's result

    def _can_diff(self) -> bool:
        """Whether frames go to a terminal that this mixin can write to."""
        if not self._checked:
            self._check()
        driver = self._driver
        return (
            self._kinds is not None
            and driver is not None
            and self._running
            and not self._closed
            and not driver.is_headless
            and not driver.is_inline
        )

    def _check(self) -> None:
        """Look once whether Textual is what this module knows, and listen to what makes the screen unknown."""
        self._checked = True
        missing = [name for name in _APP_NAMES if not hasattr(self, name)]
        if missing:
            log.warning("writing whole frames: this Textual's App has no %s", ", ".join(missing))
        elif sys.platform != "win32":
            self._kinds = _kinds_of_update()
        signals = cast("Any", self)  # they are annotated as signals of an App of unknown result
        signals.app_suspend_signal.subscribe(self, self._on_suspended, immediate=True)
        signals.app_resume_signal.subscribe(self, self._on_resumed, immediate=True)

    def _give_up(self, error: Exception) -> None:
        """Leave writing to Textual from now on."""
        log.error("writing whole frames: an update could not be read", exc_info=error)
        self._kinds = self._frame = None
        self.refresh(layout=True)

    def _on_suspended(self, _: App[Any]) -> None:
        """The terminal is somebody else's: frames are drawn, but not written."""
        self._suspended = True

    def _on_resumed(self, _: App[Any]) -> None:
        self._suspended = False
        if self._frame is not None:
            self.repaint()

    async def on_resize(self, event: events.Resize) -> None:
        """Write everything again even at the same size: it may have been another in between."""
        if self._frame is not None and event.size == (self._frame.width, self._frame.height):
            self.repaint()

    def _frame_now(self) -> CellFrame:
        width, height = self.size
        frame = self._frame
        if frame is None or (frame.width, frame.height) != (width, height):
            frame = self._frame = CellFrame(width, height, _SYSTEMS.get(self.console.color_system or ""))
        return frame

    def _write_frame(self) -> None:
        """Write what differs, as soon as the line is free for it."""
        driver, frame, pace = self._driver, self._frame, self.pace
        if driver is None or frame is None or self._suspended or self._veiled:
            return
        backlog = _backlog(driver)
        wait = pace.wait(backlog)
        if wait:
            self._hold(wait, polled=bool(backlog) and not hasattr(driver, "backlog"))
            return
        self._release()
        self._held_for = HELD_SECONDS[0]
        text = frame.changes(self._input_cursor(), SLICE if pace.is_slow else None)
        if text:
            text = f"{SYNC_START}{text}{SYNC_END}" if self._sync_available else text
            size = len(text.encode("utf-8", "replace"))
            asks = pace.asks(size)
            pace.sent(size, asked=asks)
            driver.write(text + ASK if asks else text)
            driver.flush()
        if frame.is_dirty:
            self._hold(0)

    def _hold(self, seconds: float, *, polled: bool = False) -> None:
        """Try again after so long at the latest; `polled`, sooner, for the terminal won't tell."""
        self._release()
        if polled:
            seconds, self._held_for = min(seconds, self._held_for), min(2 * self._held_for, HELD_SECONDS[1])
        self._held = asyncio.get_running_loop().call_later(seconds, self._write_held)

    def _release(self) -> None:
        if self._held is not None:
            self._held.cancel()
            self._held = None

    def _write_held(self) -> None:
        """Try again, if there still is a terminal to write to, and something that waits."""
        if self._held is not None and self._running and not self._closed and not self._batch_count:
            self._write_frame()

    def _input_cursor(self) -> tuple[int, int] | None:
        """Where a focused input has its cursor: input methods open their windows there."""
        if isinstance(getattr(self.focused, "cursor_screen_offset", None), Offset):
            x, y = self.screen.outer_size.clamp_offset(self.cursor_position)
            return x, y
        return None


def _put_whole(frame: CellFrame, update: _WholeUpdate) -> None:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            frame.put(y, x, strip)
            x += strip.cell_length
    frame.complete |= update.region.contains_region(Region(0, 0, frame.width, frame.height))


def _put_part(frame: CellFrame, update: _PartUpdate) -> None:
    """Put in the strips that a span touches, whole: each lies between two cuts, where one widget is on top."""
    for y, first, last in update.spans:
        if y >= len(update.chops):
            continue
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x < last and end > first:
                frame.put(y, x, strip)


def _backlog(driver: object) -> int:
    """How many bytes, or frames at least, still wait for the terminal to take them."""
    backlog: int | None = getattr(driver, "backlog", None)
    if backlog is not None:
        return backlog
    queue = getattr(getattr(driver, "_writer_thread", None), "_queue", None)
    return 0 if queue is None else queue.qsize()
