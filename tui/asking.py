"""The terminal while hythe steps aside, for the questions of a program that it started: ssh's."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

from textual.app import App, SuspendNotSupported

from tui.engine.engine import Engine
from tui.engine.errors import ConnectionFailed
from widgets.literal import literal

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


async def let_ssh_ask(app: App[Any], engine: Engine) -> None:
    """Let the app step aside, and ssh put its questions to the terminal, to reach `engine`.

    Raises:
        ConnectionFailed: the answers were not enough, or there is no terminal to ask on.
    """
    asker = TerminalAsker(f"hythe: connecting to {engine.endpoint.label} (ctrl+c gives up)")
    failure: BaseException | None = None
    try:
        with app.batch_update(), app.suspend():
            try:
                await engine.transport.connections.answer_questions(asker)
            except BaseException as error:  # noqa: BLE001 raised below: textual comes back only from a clean end
                failure = error
    except SuspendNotSupported:
        raise ConnectionFailed(engine.endpoint.url, "ssh", "it asks something, and here is no terminal") from None
    if failure is not None:
        raise failure


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
            with suppress(ProcessLookupError):  # it has ended already, and said why
                os.tcsetpgrp(terminal, group)
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
