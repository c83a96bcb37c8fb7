"""An App mixin that remembers what the terminal shows and writes only the cells that differ."""

import asyncio
import importlib
import inspect
import logging
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from rich.color import ColorSystem
from textual import events
from textual.app import App
from textual.geometry import Offset, Region
from textual.strip import Strip

from widgets.cell_diff_frame import CellFrame

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.screen import Screen

    _Base = App[Any]
else:
    _Base = object

log = logging.getLogger(__name__)

SYNC_START, SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
"""Begin and end of a synchronized update, where the terminal has them (DEC private mode 2026)."""

HELD_SECONDS = (0.002, 0.05)
"""After a frame was held back because the terminal hasn't taken an earlier one: the first wait, and the longest."""

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
    that is written when the terminal is ready. Where Textual's inner workings are not as expected, in inline mode
    and without a terminal, Textual writes by itself. Links (OSC 8) are not written.
    """

    _frame: CellFrame | None = None
    _held: asyncio.TimerHandle | None = None
    _held_for = HELD_SECONDS[0]
    _suspended = False
    _kinds: tuple[type, type] | None = None
    _checked = False

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
        """Write what differs, unless the terminal is still busy with an earlier frame."""
        driver, frame = self._driver, self._frame
        if driver is None or frame is None or self._held is not None or self._suspended:
            return
        if _backlog(driver):
            self._held = asyncio.get_running_loop().call_later(self._held_for, self._write_held)
            self._held_for = min(2 * self._held_for, HELD_SECONDS[1])
            return
        self._held_for = HELD_SECONDS[0]
        text = frame.changes(self._input_cursor())
        if text:
            driver.write(f"{SYNC_START}{text}{SYNC_END}" if self._sync_available else text)
            driver.flush()

    def _write_held(self) -> None:
        """Try again, if there still is a terminal to write to."""
        self._held = None
        if self._running and not self._closed and not self._batch_count:
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


def _backlog(driver: object) -> bool:
    """Whether a frame written earlier still waits for the terminal to take it."""
    queue = getattr(getattr(driver, "_writer_thread", None), "_queue", None)
    return queue is not None and queue.qsize() > 0
