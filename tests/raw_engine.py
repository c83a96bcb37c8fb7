"""A server on a unix socket that answers with exactly the bytes it was told, for what no proper server would send."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

Reply = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]

PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nDate: Tue, 24 Nov 2026 07:30:00 GMT\r\nContent-Length: 2\r\n\r\nOK"


def answer(body: bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Return a whole HTTP answer."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def chunk(data: bytes) -> bytes:
    """Return one chunk of a chunked body; an empty one ends it."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Request:
    """A request as it came: `target` is the path and query, undecoded."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    protocol: str


@dataclass
class RawEngine:
    """`replies` by the start of the target, without the API version; what has none gets a 404."""

    socket: str
    replies: dict[str, Reply] = field(default_factory=dict[str, Reply])
    requests: list[Request] = field(default_factory=list[Request])
    lines: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.add(writer)
        try:
            while request := await _request(reader):
                self.requests.append(request)
                reply = self._reply(request)
                if isinstance(reply, bytes):
                    writer.write(reply)
                    await writer.drain()
                else:
                    await reply(writer)
                if writer.is_closing():
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.lines.discard(writer)
            writer.close()

    def _reply(self, request: Request) -> Reply:
        target = re.sub(r"^/v[\d.]+/", "/", request.target)
        for start, reply in self.replies.items():
            if target.startswith(start):
                return reply
        return PING if target == "/_ping" else answer(b'{"message":"page not found"}', "404 Not Found")


async def _request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    method, target, protocol = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body, protocol)


@asynccontextmanager
async def raw_engine(folder: Path) -> AsyncIterator[RawEngine]:
    """Serve on a socket in `folder` for as long as the block lasts."""
    engine = RawEngine(str(folder / "raw.sock"))
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(engine.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_unix_server(accept, engine.socket)
    try:
        yield engine
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        for task in list(tasks):
            with suppress(asyncio.CancelledError):
                await task
        await server.wait_closed()
