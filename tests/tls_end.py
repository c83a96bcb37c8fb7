"""The server's end of TLS on top of plain streams. Unlike asyncio's own it says why it refuses a handshake."""

import asyncio
import ssl

PIECE = 64 << 10


class TlsEnd:
    """Bytes in the clear on this side of `reader` and `writer`."""

    def __init__(self, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def handshake(self) -> bool:
        """Return whether it came about; where it did not, the client was sent the alert that says why."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._more():
                    return False
            except ssl.SSLError:
                await self._flush()
                return False
            else:
                await self._flush()
                return True

    async def read(self) -> bytes:
        """Return what the client sent next, b"" at the end."""
        while True:
            try:
                return self._tls.read(PIECE)
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._more():
                    return b""
            except ssl.SSLError:
                await self._flush()
                return b""

    async def write(self, data: bytes) -> None:
        """Send."""
        while data:
            data = data[self._tls.write(data) :]
        await self._flush()

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            self._writer.write(data)
            await self._writer.drain()

    async def _more(self) -> bool:
        data = await self._reader.read(PIECE)
        if data:
            self._incoming.write(data)
        return bool(data)
