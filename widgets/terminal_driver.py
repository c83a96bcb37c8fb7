"""Textual's driver for terminals, with output that never blocks, input that may be anything, and a start on a terminal
that is in use already."""

from __future__ import annotations

import os
import selectors
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from textual.drivers.linux_driver import LinuxDriver

from widgets.terminal_input import TerminalInput
from widgets.terminal_output import TerminalOutput

if TYPE_CHECKING:
    from textual.app import App

ALTERNATE_SCREEN = "\x1b[?1049h"

CLOSE_SECONDS = 1.0
"""How long the end waits for a terminal that reads nothing."""


class UsedTerminal(Protocol):
    """A terminal that something was shown on before the app began."""

    found: list[Any] | None
    """The modes to restore it to, as termios has them; None where they were not changed."""

    shown: bool
    """Whether it is on its alternate screen, with something on it."""

    def hand_over(self) -> None:
        """Write nothing more to it; `shown` is False from then on."""
        ...


class TerminalDriver(LinuxDriver):
    """A LinuxDriver whose writes go through a TerminalOutput.

    The app may have `used_terminal`, a UsedTerminal: then what is on the screen stays until the first frame. Its
    `output_drained` is called whenever the terminal has taken all that was written.
    """

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)  # pyright: ignore[reportUnknownMemberType] of any App
        if sys.__stdout__ is not None and sys.__stdout__.isatty():
            self._file = sys.__stdout__  # stderr may go elsewhere
        self._output: TerminalOutput | None = None
        self._is_on_alternate = False
        self._woken, self._wake = _wake_pipe()
        """What ends the wait for input, and where to write for that; closed while somebody else has the terminal."""

    @property
    def backlog(self) -> int:
        """How many bytes the terminal has not taken yet."""
        return 0 if self._output is None else self._output.backlog

    def write(self, data: str) -> None:
        if data == ALTERNATE_SCREEN and self._is_on_alternate:
            self._is_on_alternate = False  # some terminals would clear it
        elif self._output is not None:
            self._output.write(data)

    def start_application_mode(self) -> None:
        used: UsedTerminal | None = getattr(self._app, "used_terminal", None)
        if self._wake < 0:
            self._woken, self._wake = _wake_pipe()
        if self._output is None:
            self._output = TerminalOutput(self._file.fileno(), getattr(self._app, "output_drained", _nothing))
        if used is not None:
            self._is_on_alternate = used.shown
            used.hand_over()
        super().start_application_mode()
        if used is not None and used.found is not None:
            self.attrs_before = used.found

    def run_input_thread(self) -> None:
        """Hand on what is typed until the app ends; end it where the terminal is gone."""
        typed = TerminalInput(debug=self._debug)
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                ready = {key.fd for key, _ in selector.select(typed.seconds)}
                if self._woken in ready:
                    return
                if ready:
                    try:
                        data = os.read(self.fileno, 4096)
                    except OSError:
                        data = b""
                    if not data:
                        self._app.call_later(self._app.exit, 128 + signal.SIGHUP)
                        return
                    for event in typed.feed(data):
                        self.process_message(event)
                for event in typed.tick():
                    self.process_message(event)

    def disable_input(self) -> None:
        """Disable further input. The thread that waits for it is woken; it does not look by itself now and then."""
        if self._wake < 0:
            return
        os.write(self._wake, b"\0")
        super().disable_input()
        with suppress(BlockingIOError):
            os.read(self._woken, 1)

    def close(self) -> None:
        output, self._output = self._output, None
        if output is not None:
            output.close(CLOSE_SECONDS)
        super().close()
        if self._wake >= 0:
            os.close(self._wake)
            os.close(self._woken)
            self._woken = self._wake = -1


def _wake_pipe() -> tuple[int, int]:
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    return woken, wake


def _nothing() -> None:
    pass
