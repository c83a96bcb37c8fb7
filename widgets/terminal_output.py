"""Output to a terminal that never blocks: what the terminal does not take yet waits, and how much waits is known."""

from __future__ import annotations

import asyncio
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress

PIECE = 1 << 14
"""Bytes that are offered to the terminal at once."""


class TerminalOutput:
    """Writes to the terminal on `fd`, in order, as fast as it takes it. Belongs to one event loop.

    The terminal is opened anew where that is possible: then not waiting for it is this opening's own affair, and no
    flag changes for the shell and whoever else has the terminal open. Elsewhere a thread does the waiting.
    `drained` is called in the loop whenever nothing waits any more.
    """

    def __init__(self, fd: int, drained: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._drained = drained
        self._waiting = bytearray()
        self._lock = threading.Condition()
        self._watching = False
        self._ended = False
        self._fd = _opened_anew(fd)
        self._thread: threading.Thread | None = None
        self._blocking_fd = fd
        if self._fd is None:
            self._thread = threading.Thread(target=self._write_in_thread, name="terminal-output", daemon=True)
            self._thread.start()

    @property
    def backlog(self) -> int:
        """How many bytes the terminal has not taken yet."""
        return len(self._waiting)

    def write(self, text: str) -> None:
        """Write now, or as soon as the terminal takes it. What could not be encoded is replaced."""
        self.write_bytes(text.encode("utf-8", "replace"))

    def write_bytes(self, data: bytes) -> None:
        """Write now, or as soon as the terminal takes it."""
        with self._lock:
            self._waiting += data
            if self._thread is not None:
                self._lock.notify()
                return
        if not self._watching:
            self._push()
            if self._waiting:
                self._watch(True)

    def close(self, seconds: float) -> None:
        """Write what waits, but wait no longer than that for the terminal to take it."""
        end = time.monotonic() + seconds
        if self._thread is not None:
            with self._lock:
                self._ended = True
                self._lock.notify()
            self._thread.join(seconds)
            return
        self._watch(False)
        while self._fd is not None and self._waiting and (left := end - time.monotonic()) > 0:
            if select.select([], [self._fd], [], left)[1]:
                self._push()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    # without a thread

    def _push(self) -> None:
        """Offer what waits; whoever is gone takes it all."""
        while self._waiting and self._fd is not None:
            try:
                taken = os.write(self._fd, self._waiting[:PIECE])
            except BlockingIOError:
                return
            except OSError:
                self._waiting.clear()  # the terminal is gone: reading from it says so
                return
            del self._waiting[:taken]

    def _watch(self, on: bool) -> None:
        if self._watching != on and self._fd is not None:
            self._watching = on
            if on:
                self._loop.add_writer(self._fd, self._ready)
            else:
                self._loop.remove_writer(self._fd)

    def _ready(self) -> None:
        self._push()
        if not self._waiting:
            self._watch(False)
            self._drained()

    # with one

    def _write_in_thread(self) -> None:
        while True:
            with self._lock:
                while not self._waiting:
                    if self._ended:
                        return
                    self._lock.wait()
                piece = bytes(self._waiting[:PIECE])
            try:
                taken = os.write(self._blocking_fd, piece)
            except OSError:
                taken = len(piece)
            with self._lock:
                del self._waiting[:taken]
                empty = not self._waiting
            if empty:
                with suppress(RuntimeError):  # the loop is closed
                    self._loop.call_soon_threadsafe(self._drained)


def _opened_anew(fd: int) -> int | None:
    """Another descriptor for the terminal of `fd`, one that never blocks; None where it can't be opened."""
    try:
        return os.open(os.ttyname(fd), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
