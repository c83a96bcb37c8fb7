"""A request's body: what its source raises is told, and a source that is left is closed, whatever it does just then."""

import asyncio
import threading
from collections.abc import AsyncGenerator

import pytest

from tui.engine.errors import ConnectionLost
from tui.engine.request_body import RequestBody
from tui.engine.threads import in_thread


async def test_what_the_source_raises_stands_in_for_what_the_client_made_of_it() -> None:
    async def source() -> AsyncGenerator[bytes]:
        yield b"a"
        raise OSError("the disk is gone")

    async def request() -> None:
        async with RequestBody(source()) as body:
            try:
                async for _ in body.chunks():
                    pass
            except OSError:
                raise ConnectionLost("unix:///x", "cut") from None

    with pytest.raises(OSError, match="the disk is gone"):
        await request()


async def test_a_source_that_is_just_being_read_is_closed_once_it_has_ended() -> None:
    """A daemon may refuse while the next chunk is read in a thread: the client cancels that, which takes a moment."""
    reading, go_on = threading.Event(), threading.Event()
    closed: list[str] = []

    def read() -> bytes:
        reading.set()
        assert go_on.wait(10)
        return b"b"

    async def source() -> AsyncGenerator[bytes]:
        try:
            yield b"a"
            yield await in_thread(read)
        finally:
            closed.append("closed")

    async def send(body: RequestBody) -> None:
        async for _ in body.chunks():
            pass

    async def request() -> None:
        async with RequestBody(source()) as body:
            sending = asyncio.ensure_future(send(body))
            await asyncio.to_thread(reading.wait, 10)
            sending.cancel()
            asyncio.get_running_loop().call_later(0.01, go_on.set)
            raise ConnectionLost("unix:///x", "refused")

    with pytest.raises(ConnectionLost):
        await request()
    assert closed == ["closed"]


async def test_a_source_that_was_left_between_two_chunks_is_closed() -> None:
    closed: list[str] = []

    async def source() -> AsyncGenerator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append("closed")

    async with RequestBody(source()) as body:
        chunks = body.chunks()
        assert await anext(chunks) == b"a"
    assert closed == ["closed"]
    with pytest.raises(StopAsyncIteration):
        await anext(chunks)
