"""A connection that an answer of 101 turned into bytes both ways: exec, attach, the build session."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping

import aiohttp

from tui.engine.errors import ConnectionLost, EngineError, MalformedAnswer

MOST_UNREAD = 256 << 10
"""Bytes kept for a slow reader before the socket is left alone, so that the daemon waits."""


class Hijacked(asyncio.Protocol):
    """Bytes both ways with what the daemon runs. `Transport.hijack` gives one, and closes it.

    Reading ends with b"" when the daemon ends its side. That is no success: a daemon that is stopped ends its streams
    cleanly too, so ask it (an exec's exit code is in `GET /exec/{id}/json`). One task may read while another writes.
    """

    def __init__(self, transport: asyncio.Transport, before: asyncio.BaseProtocol, headers: Mapping[str, str],
                 endpoint: str) -> None:  # fmt: skip
        self.headers = headers
        """The 101's: Content-Type tells raw bytes (a TTY's) from framed ones where the API is 1.42 or newer."""
        self._transport = transport
        self._before = before
        self._endpoint = endpoint
        self._unread: deque[bytes] = deque()
        self.unread = 0
        """Bytes that have come and were not read yet."""
        self._paused = False
        self._ended = False
        self._error: EngineError | None = None
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    # what callers use

    async def read(self) -> bytes:
        """Return the next bytes, as many as there are, or b"" once the daemon has ended its side.

        Raises:
            ConnectionLost: the line broke.
        """
        while not self._unread:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            self._readable.clear()
            await self._readable.wait()
        data = self._unread.popleft()
        self.unread -= len(data)
        if self._paused and self.unread <= MOST_UNREAD // 2:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what `read` returns, to the end."""
        while data := await self.read():
            yield data

    async def write(self, data: bytes) -> None:
        """Send bytes, and wait while the daemon is slow to take them.

        Raises:
            ConnectionLost: the line is down, or the daemon has closed it.
        """
        if self._error is None and not self._transport.is_closing():
            self._transport.write(data)
            await self._writable.wait()
        if self._error is not None or self._transport.is_closing():
            raise self._error or ConnectionLost(self._endpoint, "the daemon closed the connection")

    @property
    def can_end_writing(self) -> bool:
        """Whether this line can tell the daemon the end of its input alone; TLS can't."""
        return self._transport.can_write_eof()

    def end_writing(self) -> bool:
        """Tell the daemon the end of its input while its output goes on; return whether this line can tell it.

        Where it can't (TLS), only `^D` on a terminal, or closing the whole connection, ends a program that reads on.
        """
        if self._transport.is_closing() or not self._transport.can_write_eof():
            return False
        self._transport.write_eof()
        return True

    def close(self) -> None:
        """Close both directions; a program on a terminal of its own goes on running."""
        self._transport.close()

    # what the event loop calls

    def data_received(self, data: bytes) -> None:
        """Keep what came for `read`; past `MOST_UNREAD` let the daemon wait."""
        self._unread.append(data)
        self.unread += len(data)
        if self.unread > MOST_UNREAD and not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()
        self._readable.set()

    def eof_received(self) -> bool:
        """Note the end of the daemon's side, and keep ours open where the line can do that."""
        self._ended = True
        self._readable.set()
        return self._transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake who waits, and let the connection pool forget the connection."""
        self._ended = True
        if exc is not None:
            self._error = ConnectionLost(self._endpoint, getattr(exc, "strerror", None) or str(exc))
        self._readable.set()
        self._writable.set()
        self._before.connection_lost(exc)

    def pause_writing(self) -> None:
        """Make `write` wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let `write` go on."""
        self._writable.set()


class _Collector:
    """Takes what the connection has already received, in the shape that aiohttp asks of a parser."""

    def __init__(self) -> None:
        self.data = bytearray()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """Nothing more is to come; the connection itself tells that too."""


def take_over(response: aiohttp.ClientResponse, request: str, endpoint: str) -> Hijacked:
    """Return the connection of an answer as a duplex stream.

    Raises:
        MalformedAnswer: the answer is not 101.
        ConnectionLost: the connection is gone already.
    """
    if response.status != 101:
        raise MalformedAnswer(
            request, f"HTTP {response.status} where 101 was due; is a proxy in between that passes on no upgrade?"
        )
    connection = response.connection
    transport = connection.transport if connection is not None else None
    protocol = connection.protocol if connection is not None else None
    if transport is None or protocol is None or transport.is_closing():
        raise ConnectionLost(endpoint, "the daemon closed the connection")
    collector = _Collector()
    protocol.set_parser(collector, None)
    hijacked = Hijacked(transport, protocol, response.headers, endpoint)
    transport.set_protocol(hijacked)
    if collector.data:
        hijacked.data_received(bytes(collector.data))
    return hijacked
