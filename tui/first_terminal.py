"""The terminal before Textual has it: raw at once, on its alternate screen when there is something to show.

Keys that are typed meanwhile stay in the terminal's buffer, unechoed, and the application reads them when it comes.
Until then ctrl+c ends the program, as it would any that is only starting; whatever ends it, the terminal is left as it
was found.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
"""Alternate screen, no cursor, no wrapping at the right edge; and all of it back, with no colour left from a line."""

INPUT, LOCAL, CHARACTERS = 0, 3, 6
"""Where termios keeps input modes, local modes and control characters."""

ENDING = (signal.SIGTERM, signal.SIGHUP)


class FirstTerminal:
    """The terminal on stdin and stdout. `repaint` is called after another size, or a return.

    It is taken by `take_raw`, written to by `show`, handed to the application by `hand_over`, and given back by
    `restore`, which may be called at any time and does what is still to be done.
    """

    def __init__(self, repaint: Callable[[], object]) -> None:
        self.found: list[Any] | None = None
        """The modes in which the terminal was found; None while it is not taken."""
        self.shown = False
        """Whether something was written to the alternate screen."""
        self._repaint = repaint
        self._output = sys.__stdout__.fileno() if sys.__stdout__ is not None else -1
        self._input = sys.__stdin__.fileno() if sys.__stdin__ is not None else -1
        self._handlers: dict[int, Any] = {}
        self._lock = threading.RLock()
        self._ours = False

    def take_raw(self) -> bool:
        """Switch echo and line editing off; False where that cannot be done."""
        if not os.isatty(self._output):
            return False
        try:
            self.found = termios.tcgetattr(self._input)
            self._set_raw()
        except termios.error:
            self.found = None
            return False
        self._ours = True
        for number in ENDING:
            self._handlers[number] = signal.signal(number, self._end)
        self._handlers[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._stop)
        self._handlers[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda _number, _frame: self._repaint())
        return True

    def size(self) -> tuple[int, int]:
        """Columns and lines, each at least 1."""
        try:
            columns, lines = os.get_terminal_size(self._output)
        except OSError:
            return 80, 24
        return columns or 80, lines or 24

    def show(self, text: str, size: tuple[int, int]) -> bool:
        """Write what was drawn for that size to the alternate screen, unless the application has the terminal by now.

        Returns False where the size is another one meanwhile: what was drawn for that may be on the screen already.
        """
        with self._lock:
            if not self._ours:
                return True
            if self.size() != size:
                return False
            self._write(text if self.shown else ENTER + text)
            self.shown = True
            return True

    def hand_over(self) -> None:
        """Let the application have the terminal as it is; nothing more is written."""
        with self._lock:
            self._ours = self.shown = False

    def restore(self) -> None:
        """Leave the terminal as it was found."""
        with self._lock:
            if self._ours and self.shown:
                self._write(LEAVE)
            self._ours = self.shown = False
        found, self.found = self.found, None
        if found is None:
            return
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(self._input, termios.TCSANOW, found)

    def _set_raw(self) -> None:
        modes = termios.tcgetattr(self._input)
        # as Textual sets them, so that a key means the same now and later; signals, though, still work
        modes[LOCAL] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        modes[INPUT] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
        modes[CHARACTERS] = [*modes[CHARACTERS]]
        modes[CHARACTERS][termios.VMIN] = 1
        modes[CHARACTERS][termios.VSUSP] = b"\0"  # ctrl+z is a key: the application steps aside by itself
        termios.tcsetattr(self._input, termios.TCSANOW, modes)

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        try:
            while data:
                data = data[os.write(self._output, data) :]
        except OSError:
            pass  # the terminal is gone: whoever needs it next says so

    def _end(self, number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        """Step aside as other programs do when they are stopped, and come back when they go on."""
        with self._lock:
            ours, shown = self._ours, self.shown
            if ours and shown:
                self._write(LEAVE)
        if ours and self.found is not None:
            termios.tcsetattr(self._input, termios.TCSANOW, self.found)
        os.kill(os.getpid(), signal.SIGSTOP)
        if not ours:
            return
        try:
            self._set_raw()
        except termios.error:
            return
        self.shown = False
        if shown:
            self._repaint()
