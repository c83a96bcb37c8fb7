"""Raw connections: after the upgrade of attach and exec, bytes both ways instead of HTTP."""

import asyncio

from aiohttp import web

from tui.demo.api import HEADERS
from tui.demo.logs import frame

_START_SECONDS = 0.02


class RawConnection(asyncio.Protocol):
    """Takes a request's connection over: `read` until b"" at the client's end of file, `send`, `finish`."""

    def __init__(self, request: web.BaseRequest) -> None:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has gone")
        self._transport = transport
        self._before = self._transport.get_protocol()
        self._input: asyncio.Queue[bytes] = asyncio.Queue()
        self._writable = asyncio.Event()
        self._writable.set()
        self.lost = False

    async def upgrade(self, request: web.BaseRequest, content_type: str, *, protocol: str = "tcp") -> None:
        """Answer 101 to a client that asked for an upgrade, else 200, and take the connection."""
        kind = [f"Content-Type: {content_type}"] if content_type else []
        lines = ["HTTP/1.1 200 OK", *kind]
        if "upgrade" in request.headers.get("Connection", "").lower():
            lines = ["HTTP/1.1 101 UPGRADED", *kind, "Connection: Upgrade", f"Upgrade: {protocol}"]
        lines += [f"{name}: {value}" for name, value in HEADERS.items()]
        self._transport.set_protocol(self)
        self._transport.write("\r\n".join([*lines, "", ""]).encode())
        # No real process prints at once, and docker-py loses output that arrives in one segment with the headers.
        await asyncio.sleep(_START_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Keep what the client sent for `read`."""
        self._input.put_nowait(data)

    def hang_up(self) -> None:
        """Let `read` find the end of the input, as a process does whose terminal is closed."""
        self._input.put_nowait(b"")

    def eof_received(self) -> bool:
        """Note the client's half-close and keep the other direction open."""
        self._input.put_nowait(b"")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the server forget the connection and cancel the handler."""
        self.lost = True
        self._input.put_nowait(b"")
        self._writable.set()
        self._before.connection_lost(exc)

    def pause_writing(self) -> None:
        """Make `send` wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let `send` go on."""
        self._writable.set()

    async def read(self) -> bytes:
        """Return the next bytes; b"" once there are no more."""
        return await self._input.get()

    async def send(self, data: bytes) -> None:
        """Write, waiting for a slow reader."""
        if data and not self.lost:
            self._transport.write(data)
            await self._writable.wait()

    async def print(self, stream: int, data: bytes, *, tty: bool) -> None:
        """Send output: raw with \\r\\n on a terminal, else framed."""
        if data:
            await self.send(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if tty else frame(stream, data))

    def finish(self) -> web.StreamResponse:
        """Close the connection; return what the handler hands to aiohttp."""
        if not self.lost:
            self._transport.close()
        return _Gone()


class _Gone(web.StreamResponse):
    """A response of which all has been said."""

    async def prepare(self, request: web.BaseRequest) -> None:  # type: ignore[override]
        self.force_close()

    async def write_eof(self, data: bytes = b"") -> None:
        return
