"""One gRPC call: its metadata, the messages put together from the pieces that come, and how it ends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import unquote

OK, CANCELLED, UNKNOWN, NOT_FOUND, UNIMPLEMENTED, UNAVAILABLE = 0, 1, 2, 5, 12, 14
"""gRPC's codes, as far as they are used here."""

MOST_MESSAGE: Final = 16 << 20
"""Bytes of the largest message that is taken in."""

_PREFIX: Final = 5

Metadata = Mapping[str, tuple[str, ...]]


class LineEnded(Exception):
    """The line ended in an orderly way while a call was under way, or what came over it is no HTTP/2."""


class GrpcError(Exception):
    """A call that ended with another status than OK; `str()` is the other side's words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message or f"gRPC status {code}")
        self.code = code


def frame(message: bytes) -> bytes:
    """Return a message with its prefix. Many of them may be sent at once."""
    return b"\0" + len(message).to_bytes(4, "big") + message


class Owner(Protocol):
    """What a call is of: the connection that carries it."""

    def taken(self, id: int, size: int) -> None:
        """Give the other side room for as many bytes again."""
        ...

    async def send(self, id: int, data: bytes) -> None:
        """Send data of a call, as the windows allow."""
        ...


class Call:
    """One call, seen from either side: its metadata, the messages that come, and those that are sent."""

    def __init__(self, owner: Owner, id: int, path: str, metadata: Metadata) -> None:
        self.path = path
        self.metadata = metadata
        self.trailers: Metadata = {}
        self.id = id
        self._owner = owner
        self._buffer = bytearray()
        self._messages: deque[tuple[bytes, int]] = deque()
        self._owed = 0
        self._ended = False
        self._error: Exception | None = None
        self._news = asyncio.Event()

    def option(self, name: str) -> tuple[str, ...]:
        """The values of a key of the metadata; those that were encoded to be ASCII are decoded."""
        values = self.metadata.get(name, ())
        return tuple(map(unquote, values)) if f"{name}-encoded" in self.metadata else values

    async def receive(self) -> bytes | None:
        """Return the next message, or None when the other side has sent its last.

        Raises:
            GrpcError: the call was given up.
            LineEnded: the line ended before.
            Exception: what the line raised when it broke.
        """
        while not self._messages:
            if self._error is not None:
                raise self._error
            if self._ended:
                return None
            self._news.clear()
            await self._news.wait()
        message, size = self._messages.popleft()
        if not self._messages:  # the rest of the next one may wait for the room that its beginning takes
            size, self._owed = size + self._owed, 0
        self._owner.taken(self.id, size)
        return message

    @property
    def waiting(self) -> bool:
        """Whether there is a message that `receive` returns at once."""
        return bool(self._messages)

    async def send(self, frames: bytes) -> None:
        """Send messages that have their prefixes, as much at a time as the other side has room for."""
        await self._owner.send(self.id, frames)

    # what the connection calls

    def feed(self, data: bytes, size: int) -> None:
        """Take a piece of the messages; `size` is what it counts against the window."""
        self._buffer += data
        self._owed += size
        while len(self._buffer) >= _PREFIX:
            length = int.from_bytes(self._buffer[1:_PREFIX], "big")
            if self._buffer[0] or length > MOST_MESSAGE:
                self.end(GrpcError(UNIMPLEMENTED, "a message that is compressed or too long"))
                return
            if len(self._buffer) < _PREFIX + length:
                break
            self._messages.append((bytes(self._buffer[_PREFIX : _PREFIX + length]), self._owed))
            self._owed = 0
            del self._buffer[: _PREFIX + length]
        if self._messages:
            self._news.set()
        else:
            self._owner.taken(self.id, self._owed)  # a message larger than the window goes on coming
            self._owed = 0

    def end(self, error: Exception | None = None) -> None:
        """Note that nothing more comes."""
        self._ended = True
        self._error = self._error or error
        self._news.set()
