"""The way for a server that forwards no sockets: each connection is a `docker system dial-stdio` on the remote side.

A local socket is listened on; a connection that comes becomes the input and output of an ssh that goes through an
authenticated connection, so that nothing has to be copied here. sshd lets 10 sessions through one connection
(MaxSessions): past 8 another is made, one after the other, so that its MaxStartups is never met.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from tui.engine.errors import ConnectionFailed
from tui.engine.program import start_program
from tui.engine.ssh_guard import Guard
from tui.engine.ssh_master import KEPT_LINES, STOP_SECONDS, SshMaster
from tui.engine.ssh_words import clean_lines

SESSIONS = 8
"""Through one connection; sshd's MaxSessions is 10 where nobody set it."""

MOST_MASTERS = 12


@dataclass
class _Pooled:
    """A connection and how many sessions go through it."""

    master: SshMaster
    used: int = 0


class StdioDoor:
    """Listens at `path` in the guard's folder. `lines` are the last words of a session that failed."""

    def __init__(self, first: SshMaster, guard: Guard, docker: str) -> None:
        """`docker`: the remote docker command with its options, for a remote shell."""
        self.path: Path = guard.folder / "stdio.sock"
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._guard = guard
        self._command = f"{docker} system dial-stdio"
        self._pool = [_Pooled(first)]
        self._growing = asyncio.Lock()
        self._sessions: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None

    def listen(self) -> None:
        """Begin to take connections."""
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.setblocking(False)
        self._listener.bind(str(self.path))
        self._listener.listen(128)
        self._accepting = asyncio.create_task(self._accept(self._listener))

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            session = asyncio.create_task(self._serve(connection))
            self._sessions.add(session)
            session.add_done_callback(self._sessions.discard)

    async def _serve(self, connection: socket.socket) -> None:
        """Give a connection to a session, and see it to its end."""
        with connection:
            try:
                pooled = await self._slot()
            except (ConnectionFailed, OSError) as error:
                self.lines.append(str(error))
                return
            try:
                connection.setblocking(True)
                process = await start_program(
                    *pooled.master.client(), self._command, stdin=connection.fileno(), stdout=connection.fileno()
                )
                connection.close()  # the session has it now, and its end must be seen on the other side
                try:
                    _, errors = await process.communicate()
                finally:
                    await process.end(STOP_SECONDS)
                if process.returncode:
                    self.lines.extend(clean_lines(errors) or [f"ssh ended with {process.returncode}"])
            except OSError as error:  # no process could be made
                self.lines.append(str(error))
            finally:
                pooled.used -= 1

    async def _slot(self) -> _Pooled:
        """Return a connection with room for one more session, made now if there is none.

        Raises:
            ConnectionFailed: a further connection could not be made, or there are too many.
        """
        if (free := self._free()) is not None:
            return free
        async with self._growing:
            if (free := self._free()) is not None:
                return free
            first = self._pool[0].master
            self._pool = [pooled for pooled in self._pool if pooled.master.alive or pooled.master is first]
            if not first.alive:
                raise ConnectionFailed(first.address.url, "ssh", "the connection through ssh has ended")
            if len(self._pool) >= MOST_MASTERS:
                raise ConnectionFailed(first.address.url, "ssh", "too many connections through ssh at once")
            numbers = {pooled.master.number for pooled in self._pool}
            number = next(n for n in range(1, MOST_MASTERS + 1) if n not in numbers)
            more = SshMaster(first.address, self._guard, number)
            await more.start()
            self._pool.append(_Pooled(more, 1))
            return self._pool[-1]

    def _free(self) -> _Pooled | None:
        for pooled in self._pool:
            if pooled.used < SESSIONS and pooled.master.alive:
                pooled.used += 1
                return pooled
        return None

    async def last_words(self) -> list[str]:
        """Return what the sessions that failed said last, once those under way have had the time to end."""
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=2)
        return list(self.lines)

    async def close(self) -> None:
        """End every session, and each connection but the first."""
        tasks = [*self._sessions, *([self._accepting] if self._accepting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listener is not None:
            self._listener.close()
        self.path.unlink(missing_ok=True)
        await asyncio.gather(*(pooled.master.stop() for pooled in self._pool[1:]))
