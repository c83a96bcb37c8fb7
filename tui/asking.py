"""The terminal while hythe steps aside, for the questions of a program that it started: ssh's."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
from collections.abc import Generator
from contextlib import contextmanager, suppress

from widgets.literal import literal

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TerminalAsker:
    """The terminal of this process, which nothing else reads or draws on meanwhile. See tui.engine.ssh_master.Asker."""

    def __init__(self, what: str) -> None:
        """`what`: a line that says who asks, and why."""
        self._what = what

    def say(self, data: bytes) -> None:
        """Write what ssh prints, without the control characters that a server may have put into it."""
        text = CONTROL.sub("", data.decode("utf-8", "replace").replace("\r\n", "\n"))
        if sys.__stdout__ is not None:
            sys.__stdout__.write(text)
            sys.__stdout__.flush()

    @contextmanager
    def lend(self, group: int) -> Generator[None]:
        """Make `group` the one that the terminal's keys and signals go to, and take the terminal back at the end."""
        self.say(f"{literal(self._what)}\n".encode("utf-8", "replace"))
        try:
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except OSError:
            yield  # no terminal to lend: ssh has none to ask on either, and says so
            return
        before = termios.tcgetattr(terminal)
        own = os.getpgrp()
        try:
            _without_suspend(terminal)
            os.tcsetpgrp(terminal, group)
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGCONT)  # in case it wanted the terminal before it had it
            yield
        finally:
            ignored = signal.signal(
                signal.SIGTTOU, signal.SIG_IGN
            )  # who is in the background may not take it otherwise
            try:
                os.tcsetpgrp(terminal, own)
                termios.tcsetattr(terminal, termios.TCSANOW, before)
            finally:
                signal.signal(signal.SIGTTOU, ignored)
                os.close(terminal)


def _without_suspend(terminal: int) -> None:
    """Let ctrl+z stop nothing: nobody could bring a stopped ssh back."""
    attributes = termios.tcgetattr(terminal)
    attributes[6][termios.VSUSP] = b"\0"
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)
