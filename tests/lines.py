"""Two ends of a line of bytes, in memory, as a connection that was taken over is."""

import asyncio

from tui.wire.grpc_call import LineEnded


class End:
    """One end. What is written comes out at the other; at most `most` bytes wait there."""

    def __init__(self, most: int = 1 << 16) -> None:
        self.other: End = self
        self._most = most
        self._data = bytearray()
        self._closed = False
        self._changed = asyncio.Event()

    async def read(self) -> bytes:
        while not self._data:
            if self._closed:
                return b""
            self._changed.clear()
            await self._changed.wait()
        data = bytes(self._data)
        self._data.clear()
        self.other._changed.set()
        return data

    async def write(self, data: bytes) -> None:
        if self._closed:
            raise LineEnded("it was closed")
        self.other._data += data
        self.other._changed.set()
        while len(self.other._data) > self._most and not self._closed:
            self._changed.clear()
            await self._changed.wait()

    def close(self) -> None:
        for end in (self, self.other):
            end._closed = True
            end._changed.set()


def line(most: int = 1 << 16) -> tuple[End, End]:
    """Both ends of a new line."""
    here, there = End(most), End(most)
    here.other, there.other = there, here
    return here, there
