"""The terminal while hythe steps aside: for a program of this machine, or for one in a container."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
import termios
import tty
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from textual.app import App, SuspendNotSupported

from tui.engine.errors import EngineError
from tui.engine.interactive import Interactive

STOP_SECONDS = 0.2
"""How often is looked whether the program was stopped (ctrl+z), since nobody could bring it back."""


class NoTerminal(Exception):
    """There is no terminal to hand over."""


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


async def run_program(app: App[Any], words: Sequence[str]) -> int:
    """Run a program on the terminal and return its exit code; keys that send signals reach it alone.

    Raises:
        NoTerminal: there is no terminal.
        OSError: the program does not start.
    """
    code = 0

    async def work() -> None:
        nonlocal code
        process = await asyncio.create_subprocess_exec(*words, process_group=0)
        with _lent(process.pid):
            code = await _ended(process)

    await stepped_aside(app, work)
    return code


async def _ended(process: asyncio.subprocess.Process) -> int:
    waiting = asyncio.create_task(process.wait())
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=STOP_SECONDS)
            if done:
                return waiting.result()
            _go_on(process.pid)
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


async def use_terminal(app: App[Any], program: Interactive, greeting: str = "") -> None:
    """Make the terminal that of a program in a container, until the program ends or is detached from.

    `greeting` is a line that says where one is and how to leave; it must be literal.

    Raises:
        NoTerminal: there is no terminal.
        EngineError: the line broke.
    """

    async def work() -> None:
        if greeting:
            _write(f"{greeting}\r\n".encode())
        async with _raw(program) as keys:
            typing = asyncio.create_task(_type(keys, program))
            try:
                async for data in program.line.chunks():
                    await asyncio.to_thread(_write, data)
            finally:
                typing.cancel()
                await asyncio.gather(typing, return_exceptions=True)

    await stepped_aside(app, work)


@asynccontextmanager
async def _raw(program: Interactive) -> AsyncGenerator[asyncio.Queue[bytes]]:
    """Let every key through, and tell the program the size of the terminal whenever it changes; gives what is typed."""
    loop = asyncio.get_running_loop()
    keys: asyncio.Queue[bytes] = asyncio.Queue()
    stdin = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
    before = termios.tcgetattr(stdin)
    resizing: set[asyncio.Task[None]] = set()

    def resized() -> None:
        width, height = os.get_terminal_size(stdin)
        task = asyncio.create_task(_quietly(program.resize(width, height)))
        resizing.add(task)
        task.add_done_callback(resizing.discard)

    def typed() -> None:
        data = os.read(stdin, 4096)
        keys.put_nowait(data)
        if not data:  # the terminal was closed
            loop.remove_reader(stdin)

    tty.setraw(stdin)
    loop.add_reader(stdin, typed)
    loop.add_signal_handler(signal.SIGWINCH, resized)
    try:
        resized()
        yield keys
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)
        loop.remove_reader(stdin)
        for task in resizing:
            task.cancel()
        termios.tcsetattr(stdin, termios.TCSAFLUSH, before)
        _write(b"\x1b[0m\x1b[?25h\r\n")


async def _quietly(work: Awaitable[None]) -> None:
    with suppress(EngineError):  # the program has ended: its output tells
        await work


async def _type(keys: asyncio.Queue[bytes], program: Interactive) -> None:
    with suppress(EngineError):
        while data := await keys.get():
            await program.line.write(data)


def _write(data: bytes) -> None:
    """Write all of it: a terminal that is slow to read takes it in parts."""
    out = sys.__stdout__.fileno() if sys.__stdout__ is not None else 1
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(out, view) :]
        except BlockingIOError:
            os.set_blocking(out, True)
