"""Programs that hythe runs for itself: started in a group of their own, seen to their end, and ended with all of it."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process, SubprocessStreamProtocol
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, cast

from tui.engine.threads import to_its_end

GRACE_SECONDS: Final = 10.0
"""How long a program may take to end what it does once it is told to."""

LINGER_SECONDS: Final = 0.5
"""How long its pipes are read on after its end: what it started may still have something to say."""

KILL_SECONDS: Final = 5.0
"""How long the end of a program that was killed is waited for: one that hangs in the kernel has none."""

_BUFFER: Final = 1 << 16
_MOST_OF_A_PIPE: Final = 1 << 20
"""Bytes that a pipe may hold, at most."""


class _Pipes(SubprocessStreamProtocol):
    """The pipes of a program: closed a moment after its end, though something that it left behind holds them.

    asyncio alone waits for the pipes, and on Python 3.11 so does `Process.wait`: a helper in the background would
    keep whoever waits for as long as it lives.
    """

    def __init__(self) -> None:
        self._own_loop = asyncio.get_running_loop()
        super().__init__(_BUFFER, self._own_loop)
        self.exited = asyncio.Event()
        self.whole = asyncio.Event()
        """Set once the program has ended, and its pipes with it."""
        self.linger = LINGER_SECONDS
        self._own_transport: asyncio.SubprocessTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._discards = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._own_transport = cast("asyncio.SubprocessTransport", transport)
        super().connection_made(transport)

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        if not self._discards:
            super().pipe_data_received(fd, data)

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()
        self._timer = self._own_loop.call_later(self.linger, self._too_long)
        self._look()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        super().pipe_connection_lost(fd, exc)
        self._look()

    def _look(self) -> None:
        if self.exited.is_set() and not self.held:
            if self._timer is not None:
                self._timer.cancel()
            self.whole.set()

    @property
    def held(self) -> bool:
        """Whether something holds a pipe of a program that has ended."""
        transport = self._own_transport
        if transport is None or not self.exited.is_set():
            return False
        pipes = (transport.get_pipe_transport(fd) for fd in (0, 1, 2))
        return any(pipe is not None and not pipe.is_closing() for pipe in pipes)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program's group."""
        if self._own_transport is not None:
            with suppress(ProcessLookupError, PermissionError):  # the latter where all of it has ended, on macOS
                os.killpg(self._own_transport.get_pid(), number)

    def _too_long(self) -> None:
        # the group's number is still its own: something of it holds the pipes, and it ended only now
        self.signal(signal.SIGTERM)
        self._own_loop.call_later(LINGER_SECONDS, self.signal, signal.SIGKILL)
        self.let_go()

    def discard(self) -> None:
        """Read on, and keep nothing of it: a program that waits for its output to be read would never end."""
        self._discards = True
        for fd in (1, 2):
            pipe = self._own_transport and self._own_transport.get_pipe_transport(fd)
            if isinstance(pipe, asyncio.ReadTransport):
                pipe.resume_reading()

    def let_go(self) -> None:
        """Close the pipes, after what is in them was taken out."""
        for fd in (0, 1, 2):
            pipe = self._own_transport and self._own_transport.get_pipe_transport(fd)
            if pipe is None or pipe.is_closing():
                continue
            if isinstance(pipe, asyncio.ReadTransport):
                with suppress(BlockingIOError):
                    self.pipe_data_received(fd, os.read(pipe.get_extra_info("pipe").fileno(), _MOST_OF_A_PIPE))
            pipe.close()


class Program(Process):
    """A program under way. Its pipes end a moment after it does, whoever holds their other end."""

    def __init__(self, transport: asyncio.SubprocessTransport, pipes: _Pipes, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(transport, pipes, loop)
        self._pipes = pipes

    @property
    def whole(self) -> bool:
        """Whether it has ended and all that it wrote has come."""
        return self._pipes.whole.is_set()

    async def wait(self) -> int:
        """Return the exit code once it has ended, or less than 0 for a signal; nothing else is waited for."""
        await self._pipes.exited.wait()
        return self.returncode or 0

    async def end(self, grace: float | None = None) -> None:
        """End it, if it has not ended, with its process group: kindly first, so that it takes leave of the daemon.

        After `grace` seconds (GRACE_SECONDS) it is killed. Whoever is cancelled meanwhile, however often, is so once
        it has ended.
        """
        await to_its_end(asyncio.ensure_future(self._end(GRACE_SECONDS if grace is None else grace)))

    async def _end(self, grace: float) -> None:
        pipes = self._pipes
        if pipes.exited.is_set() and not pipes.held:
            return  # what it left behind without its output is nobody's business here
        pipes.linger = grace
        pipes.discard()
        pipes.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await pipes.whole.wait()
        except TimeoutError:
            pass
        finally:
            if not pipes.whole.is_set():
                pipes.signal(signal.SIGKILL)
                pipes.let_go()
            with suppress(TimeoutError):
                async with asyncio.timeout(KILL_SECONDS):
                    await pipes.exited.wait()


async def start_program(
    *words: str, stdin: int | None = DEVNULL, stdout: int | None = PIPE, stderr: int | None = PIPE,
    cwd: str | Path | None = None, env: Mapping[str, str] | None = None, terminal: bool = False,
) -> Program:  # fmt: skip
    """Start a program without a shell, in a process group of its own.

    It has no terminal, unless `terminal` says that it keeps that of hythe, in whose background it is. A stream that is
    None is hythe's own.

    Raises:
        OSError: it does not start.
    """
    loop = asyncio.get_running_loop()
    transport, pipes = await loop.subprocess_exec(
        _Pipes, *words, stdin=stdin, stdout=stdout, stderr=stderr, cwd=cwd, env=env,
        start_new_session=not terminal, process_group=0 if terminal else None,
    )  # fmt: skip
    return Program(transport, pipes, loop)
