"""The terminal while hythe steps aside for a program of this machine; see hand_over.py for one in a container."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import termios
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from textual.app import App, SuspendNotSupported

from tui.commands.lending import NoTerminal
from tui.engine.program import Program, start_program

if TYPE_CHECKING:
    from tui.app import HytheApp

END_SECONDS = 2.0
"""How long a program may take to end what it does where hythe ends before it."""

STOP_SECONDS = 0.2
"""How often is looked whether the program was stopped (ctrl+z), since nobody could bring it back."""


def editor_words(environment: Mapping[str, str]) -> list[str]:
    """Return the user's editor and its arguments, as other programs find it."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environment.get(name, ""))
        except ValueError:
            continue
        if words:
            return words
    return ["vi"]


async def stepped_aside(app: App[Any], work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` with the terminal as it was before hythe, and come back whatever becomes of it.

    Raises:
        NoTerminal: there is none.
        Exception: what `work` raised.
    """
    failure: BaseException | None = None
    try:
        # without the batch a repaint would wait for a driver that is gone, and an error must not pass through suspend,
        # which comes back from a clean end alone
        with app.batch_update(), app.suspend():
            try:
                await work()
            except BaseException as error:  # noqa: BLE001 - raised below
                failure = error
    except SuspendNotSupported:
        raise NoTerminal("there is no terminal to hand over") from None
    if failure is not None:
        raise failure


async def run_program(app: HytheApp, words: Sequence[str]) -> int:
    """Run a program on the terminal and return its exit code; keys that send signals reach it alone.

    A signal that ends hythe first ends the program, which may put aside what was not saved.

    Raises:
        NoTerminal: there is no terminal.
        OSError: the program does not start.
    """
    code = 0
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def tell(number: int) -> None:
        if not told.done():
            told.set_result(number)

    async def work() -> None:
        nonlocal code
        process = await start_program(*words, stdin=None, stdout=None, stderr=None, terminal=True)
        with _lent(process.pid):
            try:
                code = await _ended(process, told)
            finally:
                await process.end(END_SECONDS)  # while it has the terminal: in the background it would be stopped

    before, app.on_signal = app.on_signal, tell
    try:
        await stepped_aside(app, work)
    finally:
        app.on_signal = before
        if told.done():
            before(told.result())
    return code


async def _ended(process: Program, told: asyncio.Future[int]) -> int:
    """Return the exit code once it has ended; -15, as it will be, where a signal comes before."""
    waiting = asyncio.create_task(process.wait())
    try:
        while not told.done():
            await asyncio.wait({waiting, told}, timeout=STOP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            _go_on(process.pid)
        return -signal.SIGTERM
    finally:
        waiting.cancel()


def _go_on(pid: int) -> None:
    """Let a program go on that was stopped."""
    with suppress(OSError):
        stopped = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG)
        if stopped is not None:
            os.killpg(pid, signal.SIGCONT)


@contextmanager
def _lent(group: int) -> Generator[None]:
    """Make `group` the one that the terminal's keys and signals go to, and take the terminal back at the end."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        yield  # no terminal that could be lent: the program runs all the same
        return
    before = termios.tcgetattr(terminal)
    own = os.getpgrp()
    try:
        with suppress(OSError):  # it has ended already
            os.tcsetpgrp(terminal, group)
            os.killpg(group, signal.SIGCONT)  # in case it wanted the terminal before it had it
        yield
    finally:
        # who is in the background may not take the terminal otherwise
        ignored = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            os.tcsetpgrp(terminal, own)
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        finally:
            signal.signal(signal.SIGTTOU, ignored)
            os.close(terminal)
