"""Ways to reach the unix socket of an engine: the transports that contract tests go through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

PIECE = 64 << 10


@dataclass
class Door:
    """A server in front of an engine's socket: `url` is where a client connects, `accepted` counts connections."""

    url: str = ""
    accepted: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    def cut(self) -> None:
        """Break every connection that there is."""
        for writer in list(self.writers):
            writer.transport.abort()


@asynccontextmanager
async def tcp_door(socket: str) -> AsyncIterator[Door]:
    """Give a TCP port of the loopback that leads to the engine at `socket`."""
    door, tasks = Door(), set[asyncio.Task[None]]()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        door.accepted += 1
        task = asyncio.create_task(_pass_on(door, socket, reader, writer))
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


async def _pass_on(door: Door, socket: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        upstream_reader, upstream = await asyncio.open_unix_connection(socket)
    except OSError:
        writer.transport.abort()
        return
    door.writers.add(writer)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(reader, upstream))
            group.create_task(_copy(upstream_reader, writer))
    finally:
        door.writers.discard(writer)
        writer.close()
        upstream.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy to the end, and then end that direction alone."""
    with suppress(OSError):
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()
