"""Ways to reach the unix socket of an engine: the transports that contract tests go through."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tls_end import PIECE, TlsEnd


@dataclass
class Door:
    """A server in front of an engine's socket: `url` is where a client connects, `accepted` counts connections."""

    socket: str
    tls: ssl.SSLContext | None
    url: str = ""
    accepted: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    def cut(self) -> None:
        """Break every connection that there is."""
        for writer in list(self.writers):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, each direction to its own end."""
        upstream: asyncio.StreamWriter | None = None
        self.writers.add(writer)
        try:
            with suppress(OSError):
                upstream_reader, upstream = await asyncio.open_unix_connection(self.socket)
                if self.tls is None:
                    await _carry(
                        (lambda: reader.read(PIECE), _sender(upstream), lambda: _end(upstream)),
                        (lambda: upstream_reader.read(PIECE), _sender(writer), lambda: _end(writer)),
                    )
                    return
                end = TlsEnd(self.tls, reader, writer)
                if await end.handshake():
                    await _carry(
                        (end.read, _sender(upstream), lambda: _end(upstream)),
                        (lambda: upstream_reader.read(PIECE), end.write, writer.close),  # TLS ends as a whole
                    )
        finally:
            self.writers.discard(writer)
            writer.close()
            if upstream is not None:
                upstream.close()


Way = tuple[Callable[[], Awaitable[bytes]], Callable[[bytes], Awaitable[None]], Callable[[], object]]
"""How one direction of a connection is read, written, and ended."""


async def _carry(*ways: Way) -> None:
    async def copy(read: Callable[[], Awaitable[bytes]], write: Callable[[bytes], Awaitable[None]],
                   end: Callable[[], object]) -> None:  # fmt: skip
        with suppress(OSError):
            while data := await read():
                await write(data)
        with suppress(OSError):
            end()

    async with asyncio.TaskGroup() as group:
        for way in ways:
            group.create_task(copy(*way))


def _sender(writer: asyncio.StreamWriter) -> Callable[[bytes], Awaitable[None]]:
    async def send(data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    return send


def _end(writer: asyncio.StreamWriter) -> None:
    writer.write_eof()


@asynccontextmanager
async def tcp_door(socket: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Door]:
    """Give a port of the loopback that leads to the engine at `socket`; `tls` is the server's side of TLS."""
    door, tasks = Door(socket, tls), set[asyncio.Task[None]]()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        door.accepted += 1
        task = asyncio.create_task(door.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    door.url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield door
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
