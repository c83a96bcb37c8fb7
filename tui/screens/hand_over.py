"""hythe steps aside: the terminal is that of a program at the other end of a hijacked connection, until it is left."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tui.commands.lending import Left, Lent, NoTerminal
from tui.engine.errors import ApiError, ConnectionLost, EngineError
from tui.engine.framing import FramingError, StdcopyDecoder
from widgets.lent_terminal import CTRL_C, DetachKeys, LentTerminal
from widgets.literal import literal

if TYPE_CHECKING:
    from tui.app import HytheApp

LEAST_SIZE = (20, 4)
"""Columns and rows that a shell needs to be of any use."""

KEPT_TAIL = 1024
RESIZE_TRIES = 8
END_SECONDS = 5.0


def check_terminal(app: HytheApp) -> None:
    """Raise NoTerminal where there is no terminal to lend, or one that is too small, with what to do."""
    if not app.can_lend:
        raise NoTerminal("here is no terminal to lend to it")
    try:
        columns, rows = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ is not None else 1)
    except OSError:
        return
    least = LEAST_SIZE
    if 0 < columns < least[0] or 0 < rows < least[1]:
        raise NoTerminal(
            f"the terminal is too small: {columns} columns and {rows} rows; make it {least[0]} by {least[1]} or more"
        )


async def run_terminal(app: HytheApp, lent: Lent) -> Left:
    """Lend the terminal to a program until it ends or is left, and come back to the same screen.

    The dashboard's streams are read on meanwhile, but nothing is painted. A signal that ends hythe first ends the
    program (`lent.end`) and leaves the terminal as hythe found it.

    Raises:
        NoTerminal: there is none, or it is too small.
    """
    check_terminal(app)
    left: Left | None = None
    failure: BaseException | None = None
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def tell(number: int) -> None:
        if not told.done():
            told.set_result(number)

    before, app.on_signal = app.on_signal, tell
    try:
        # without the batch a repaint would wait for a driver that is gone
        with suppress(_Ends), app.batch_update(), app.suspend():
            try:
                left = await _Lending(lent, told, ascii=app.settings.ascii).run()
                if left.how == "signal" and lent.end is not None:
                    with suppress(EngineError, TimeoutError):
                        async with asyncio.timeout(END_SECONDS):
                            await lent.end()
            except BaseException as error:  # noqa: BLE001 raised below: textual comes back only from a clean end
                failure = error
            if left is not None and left.how == "signal":
                raise _Ends  # the terminal is as it was found, and is left so
    finally:
        app.on_signal = before
    if failure is not None:
        raise failure
    if left is None:
        raise RuntimeError("suspend did not run")
    if left.how == "signal":
        app.exit(128 + told.result())
    return left


class _Ends(Exception):
    """hythe ends: Textual must not come back to the terminal."""


class _Lending:
    def __init__(self, lent: Lent, told: asyncio.Future[int], *, ascii: bool) -> None:
        self._lent = lent
        self._told = told
        self._ascii = ascii
        self._keys: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._size_changed = asyncio.Event()
        self._decoder = StdcopyDecoder()
        self._tail = b""

    async def run(self) -> Left:
        """Carry bytes both ways until one of the ends is reached."""
        lent = self._lent
        stdin, stdout = (stream.fileno() if stream else fd for fd, stream in enumerate((sys.__stdin__, sys.__stdout__)))
        async with LentTerminal(
            lent.typing, self._size_changed.set, raw_output=not lent.framed, keys=stdin, screen=stdout
        ) as terminal:
            for line in lent.greeting.splitlines():
                await terminal.write(f"{literal(line, 400, ascii=self._ascii)}\r\n".encode("utf-8", "replace"))
            self._size_changed.set()
            tasks: list[asyncio.Task[Left]] = [
                asyncio.create_task(work) for work in (self._print(terminal), self._take(terminal))
            ]
            aside = [asyncio.create_task(self._send()), asyncio.create_task(self._resize(terminal))]
            try:
                await asyncio.wait([*tasks, self._told], return_when=asyncio.FIRST_COMPLETED)
                if self._told.done():
                    return self._interrupted()
                return next(task for task in tasks if task.done()).result()
            finally:
                for task in (*tasks, *aside):
                    task.cancel()
                await asyncio.gather(*tasks, *aside, return_exceptions=True)

    def _interrupted(self) -> Left:
        """ctrl+c only leaves where it is a signal."""
        if self._told.result() == signal.SIGINT and self._lent.typing == "lines":
            return Left("detached", tail=self._tail)
        return Left("signal", tail=self._tail)

    async def _print(self, terminal: LentTerminal) -> Left:
        lent = self._lent
        try:
            async for data in lent.line.chunks():
                if lent.framed:
                    data = b"".join(payload for _, payload in self._decoder.feed(data))
                if lent.screened is not None:
                    data = lent.screened(data)
                self._tail = (self._tail + data)[-KEPT_TAIL:]
                await terminal.write(data)
        except (ConnectionLost, FramingError) as error:
            return Left("lost", str(error), self._tail)
        return Left("ended", tail=self._tail)

    async def _take(self, terminal: LentTerminal) -> Left:
        """Pass on what is typed; it is read on, and the keys that leave are found, while the line takes nothing."""
        typing = self._lent.typing
        keys = DetachKeys(also=bytes([CTRL_C]) if typing == "none" else b"")
        while True:
            data = await terminal.read()
            if not data and typing != "lines":
                if not self._told.done():
                    self._told.set_result(signal.SIGHUP)
                return Left("signal", tail=self._tail)
            passed, leaves = keys.feed(data)
            if leaves:
                return Left("detached", tail=self._tail)
            if typing != "none" and (passed or not data):
                self._keys.put_nowait(passed or None)

    async def _send(self) -> None:
        line = self._lent.line
        with suppress(ConnectionLost):  # the reader tells
            while True:
                data = await self._keys.get()
                if data is None:
                    line.end_writing()
                else:
                    await line.write(data)

    async def _resize(self, terminal: LentTerminal) -> None:
        """Tell the size whenever it changes. A program that is only just starting has no terminal to be resized yet."""
        resize = self._lent.resize
        while resize is not None:
            await self._size_changed.wait()
            self._size_changed.clear()
            columns, rows = terminal.size
            for attempt in range(RESIZE_TRIES if columns and rows else 0):
                try:
                    await resize(columns, rows)
                    break
                except ApiError:
                    await asyncio.sleep(0.02 * 2**attempt)
                except EngineError:
                    break  # the reader tells
