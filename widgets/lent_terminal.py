"""The terminal of this process, lent to a program that runs elsewhere: its keys, its size, what it prints."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import termios
import tty
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal

from widgets.terminal_output import TerminalOutput

Typing = Literal["keys", "lines", "none"]
"""How what is typed is taken: every key as it is, for a program with a terminal of its own; whole lines, echoed and
edited here; not at all, but for the keys that leave."""

MOST_WAITING = 64 << 10
"""Bytes that the terminal has not taken yet from which on a writer waits."""

MOST_READ = 4096
CLOSE_SECONDS = 1.0

CTRL_C, CTRL_P, CTRL_Q = 0x03, 0x10, 0x11

RESET = (
    "\x1b[?47l"  # off the alternate screen, with the cursor where it is
    "\x1b7\x1b[r\x1b8"  # scroll in the whole screen
    "\x1b[0m\x1b(B\x0f\x1b[?7h\x1b[?25h\x1b[0 q\x1b[?1l\x1b>"  # plain letters, wrapping, a cursor, keys as usual
    "\x1b[>4m\x1b[=0u"  # keys as usual too where a program asked for other codes: xterm's way, and kitty's
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2004l\x1b[?2026l"
)
"""Takes back what a program may have left a terminal in when it was left, or died, in the middle of something."""

_KEY = re.compile(
    rb"\x1b\[(?P<kitty>9[7-9]|1[01]\d|12[0-2]);5(?::[12])?u"
    rb"|\x1b\[27;5;(?P<xterm>9[7-9]|1[01]\d|12[0-2])~"
    rb"|(?P<released>\x1b\[\d+(?:;\d+)?:3u)"
    rb"|.",
    re.DOTALL,
)
"""A key as terminals send it: ctrl and a letter in three spellings, by what the program inside has asked for."""


class DetachKeys:
    """Finds ctrl+p ctrl+q in what is typed. The first of them is held back until the next key tells."""

    def __init__(self, also: bytes = b"") -> None:
        """`also`: single keys that leave as well."""
        self._also = also
        self._held = b""

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """Return what is to be passed on, and whether to leave; what was typed after those keys is dropped."""
        out = bytearray()
        for token in _KEY.finditer(data):
            if token["released"] and self._held:
                self._held += token[0]
                continue
            letter = token["kitty"] or token["xterm"]
            key = int(letter) & 0x1F if letter else token[0][0]
            if self._held and key == CTRL_Q:
                return bytes(out), True
            out += self._held
            self._held = b""
            if key in self._also:
                return bytes(out), True
            if key == CTRL_P:
                self._held = token[0]
            else:
                out += token[0]
        return bytes(out), False


class LentTerminal:
    """An async context: inside it the terminal takes keys as `typing` says, and afterwards it is as it was found.

    `raw_output` passes on what is printed as it is; else a line feed begins a new line. `resized` is called in the
    event loop whenever the size has changed. What is typed and not read at the end is dropped: it was for the program.
    """

    def __init__(
        self, typing: Typing, resized: Callable[[], object], *, raw_output: bool, keys: int = 0, screen: int = 1
    ) -> None:
        self._typing: Typing = typing
        self._resized = resized
        self._raw_output = raw_output
        self._keys = keys
        self._screen = screen
        self._found: list[Any] | None = None
        self._output: TerminalOutput | None = None
        self._input: asyncio.Queue[bytes] = asyncio.Queue()
        self._drained = asyncio.Event()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows; zeros where the terminal does not know."""
        try:
            found = os.get_terminal_size(self._screen)
            return found.columns, found.lines
        except OSError:
            return 0, 0

    async def __aenter__(self) -> LentTerminal:
        loop = asyncio.get_running_loop()
        self._found = termios.tcgetattr(self._keys)
        self._set_modes()
        self._output = TerminalOutput(self._screen, self._drained.set)
        loop.add_reader(self._keys, self._read_ready)
        loop.add_signal_handler(signal.SIGWINCH, self._resized)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_signal_handler(signal.SIGWINCH)
        loop.remove_reader(self._keys)
        if self._output is not None:
            self._output.write(f"{RESET}\r\n")
            self._output.close(CLOSE_SECONDS)
            self._output = None
        if self._found is not None:
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(self._keys, termios.TCSANOW, self._found)
                termios.tcflush(self._keys, termios.TCIFLUSH)

    def _set_modes(self) -> None:
        """Set how keys are taken. In lines, ctrl+c is a signal, and the keys that leave are passed on at once."""
        modes = termios.tcgetattr(self._keys)
        if self._typing == "keys":
            modes[tty.IFLAG] &= ~(
                termios.BRKINT | termios.ICRNL | termios.INLCR | termios.IGNCR | termios.INPCK | termios.ISTRIP
            )
            modes[tty.CFLAG] = modes[tty.CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
        modes[tty.IFLAG] &= ~(termios.IXON | termios.IXOFF)
        if self._raw_output:
            modes[tty.OFLAG] &= ~termios.OPOST
        if self._typing == "lines":
            modes[tty.LFLAG] |= termios.ICANON | termios.ECHO | termios.ISIG
            control: list[Any] = modes[tty.CC]
            control[termios.VSUSP] = control[termios.VQUIT] = b"\0"
            control[termios.VEOL], control[termios.VEOL2] = bytes([CTRL_P]), bytes([CTRL_Q])
        else:
            modes[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
            modes[tty.CC][termios.VMIN] = 1
            modes[tty.CC][termios.VTIME] = 0
        termios.tcsetattr(self._keys, termios.TCSANOW, modes)

    def _read_ready(self) -> None:
        try:
            data = os.read(self._keys, MOST_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # hung up
        if not data and self._typing != "lines":
            asyncio.get_running_loop().remove_reader(self._keys)
        self._input.put_nowait(data)

    async def read(self) -> bytes:
        """Return what is typed next; b"" at ctrl+d where lines are taken, else once the terminal is gone."""
        return await self._input.get()

    async def write(self, data: bytes) -> None:
        """Print; waits for a terminal that is slow to take it."""
        output = self._output
        if output is None:
            return
        self._drained.clear()
        output.write_bytes(data)
        if output.backlog > MOST_WAITING:
            await self._drained.wait()
