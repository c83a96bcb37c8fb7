"""A proxy between a client and a daemon, both on unix sockets, whose line can be cut, stalled, slowed and corrupted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

PIECE = 64 << 10


@dataclass(eq=False)
class _Line:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    daemon: asyncio.StreamWriter
    left: int | None
    dead: bool = False

    def abort(self) -> None:
        for writer in (self.client, self.daemon):
            writer.transport.abort()


@dataclass
class FaultProxy:
    """`socket` is where the client connects; the fields may be changed at any moment.

    `delay`: seconds that each byte of an answer is late. `rate`: bytes a second that all answers share.
    `cut_after`: bytes after which a new connection's answers break off. `corrupt`: what becomes of a piece.
    """

    socket: str
    upstream: str
    delay: float = 0.0
    rate: float | None = None
    cut_after: int | None = None
    corrupt: Callable[[bytes], bytes] | None = None
    lines: set[_Line] = field(default_factory=set[_Line])
    accepted: int = 0
    passed: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _free_at: float = 0.0

    async def up(self) -> None:
        """Listen."""
        self._flowing.set()
        if self._server is None:
            self._remove()
            self._server = await asyncio.start_unix_server(self._accept, self.socket)

    def down(self) -> None:
        """Be gone: the socket file too, as after a clean stop of a daemon."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._remove()
        self.cut()

    def die(self) -> None:
        """Be gone and leave the socket file, as a killed daemon does."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Break every connection that there is."""
        for line in list(self.lines):
            line.abort()

    def deaden(self) -> None:
        """Pass nothing more on the connections that there are, which stay open: their other end is gone unnoticed."""
        for line in self.lines:
            line.dead = True

    def stall(self) -> None:
        """Pass nothing on, in either direction, as a daemon that was stopped by a signal."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass on again, with all that was held back."""
        self._flowing.set()

    async def close(self) -> None:
        """Break every connection and end every task."""
        self.down()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _remove(self) -> None:
        Path(self.socket).unlink(missing_ok=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream = await asyncio.open_unix_connection(self.upstream)
        except OSError:
            writer.transport.abort()
            return
        line = _Line(writer, upstream, self.cut_after)
        self.lines.add(line)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._requests(reader, upstream))
                group.create_task(self._answers(upstream_reader, line))
        finally:
            self.lines.discard(line)
            line.abort()

    async def _requests(self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(PIECE):
                await self._flowing.wait()
                upstream.write(data)
                await upstream.drain()
        with suppress(OSError):
            upstream.write_eof()

    async def _answers(self, reader: asyncio.StreamReader, line: _Line) -> None:
        """Pass answers on, each piece at its time; those that are on their way do not hold up each other."""
        on_its_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.create_task(self._arrive(on_its_way, line))
        with suppress(OSError):
            while data := await reader.read(PIECE if self.rate is None else 512):
                now = asyncio.get_running_loop().time()
                if self.rate is not None:
                    now = self._free_at = max(now, self._free_at) + len(data) / self.rate
                    await asyncio.sleep(now - asyncio.get_running_loop().time())
                on_its_way.put_nowait((now + self.delay, data))
        on_its_way.put_nowait((0.0, b""))
        try:
            await arriving
        finally:
            arriving.cancel()
        line.client.close()
        line.daemon.transport.abort()

    async def _arrive(self, on_its_way: asyncio.Queue[tuple[float, bytes]], line: _Line) -> None:
        with suppress(OSError):
            while True:
                due, data = await on_its_way.get()
                await asyncio.sleep(due - asyncio.get_running_loop().time())
                await self._flowing.wait()
                if not data:
                    return
                if line.dead:
                    continue
                if self.corrupt is not None:
                    data = self.corrupt(data)
                if line.left is not None:
                    data, line.left = data[: line.left], line.left - len(data)
                self.passed += len(data)
                line.client.write(data)
                await line.client.drain()
                if line.left is not None and line.left <= 0:
                    line.abort()
                    return


@asynccontextmanager
async def fault_proxy(folder: Path, upstream: str) -> AsyncIterator[FaultProxy]:
    """Give a proxy that listens in `folder` in front of the daemon at `upstream`."""
    proxy = FaultProxy(str(folder / "proxy.sock"), upstream)
    await proxy.up()
    try:
        yield proxy
    finally:
        await proxy.close()
