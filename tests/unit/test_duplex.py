"""A connection taken over from HTTP, against a server that says exactly what it is told to."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from raw_engine import RawEngine, answer, raw_engine
from tui.engine.endpoint import Endpoint
from tui.engine.errors import ConnectionLost, MalformedAnswer
from tui.engine.hijack import MOST_UNREAD
from tui.engine.transport import Transport

UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/x-test\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"


@pytest.fixture
async def engine(short_tmp: Path) -> AsyncIterator[RawEngine]:
    async with raw_engine(short_tmp) as engine:
        yield engine


@pytest.fixture
async def transport(engine: RawEngine) -> AsyncIterator[Transport]:
    transport = Transport(Endpoint(engine.url, "test"))
    await transport.negotiate()
    yield transport
    await transport.close()


async def test_what_comes_in_one_piece_with_the_answer_is_kept(engine: RawEngine, transport: Transport) -> None:
    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(UPGRADED + b"early")
        await writer.drain()
        writer.write(b" late")
        writer.close()

    engine.replies["/attach"] = reply
    async with transport.hijack("POST", "/attach", params={"stdin": True}, body={"a": 1}) as line:
        assert line.headers["Content-Type"] == "application/x-test"
        assert b"".join([data async for data in line.chunks()]) == b"early late"
        assert await line.read() == b"", "the end stays the end"
        with pytest.raises(ConnectionLost):
            await line.write(b"too late")
        assert not line.end_writing()
    request = engine.requests[-1]
    assert (request.method, request.target, request.body) == ("POST", "/v1.41/attach?stdin=1", b'{"a":1}')
    assert (request.headers["connection"], request.headers["upgrade"]) == ("Upgrade", "tcp")


@pytest.mark.parametrize(
    ("reply", "words"),
    [(answer(b"{}"), "HTTP 200 where 101 was due"), (answer(b"", "204 No Content"), "HTTP 204 where 101 was due")],
)
async def test_an_answer_that_upgrades_nothing(
    engine: RawEngine, transport: Transport, reply: bytes, words: str
) -> None:
    engine.replies["/attach"] = reply
    with pytest.raises(MalformedAnswer, match=words):
        async with transport.hijack("POST", "/attach"):
            pass


async def test_a_line_that_breaks_is_told_to_reader_and_writer(engine: RawEngine, transport: Transport) -> None:
    broken = asyncio.Event()

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(UPGRADED + b"x")
        await writer.drain()
        await broken.wait()
        writer.transport.abort()

    engine.replies["/attach"] = reply
    async with transport.hijack("POST", "/attach") as line:
        assert await line.read() == b"x"
        big = b"y" * (8 << 20)
        writing = asyncio.create_task(line.write(big))
        await asyncio.sleep(0)
        assert not writing.done(), "nobody takes that much in"
        broken.set()
        with pytest.raises(ConnectionLost):
            await writing
        with pytest.raises(ConnectionLost):
            await line.read()


async def test_a_daemon_that_never_answers_is_a_timeout(engine: RawEngine, transport: Transport) -> None:
    async def reply(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    engine.replies["/attach"] = reply
    with pytest.raises(Exception, match="timed out"):
        async with transport.hijack("POST", "/attach", seconds=0.1):
            pass


async def test_a_slow_reader_makes_the_daemon_wait(engine: RawEngine, transport: Transport) -> None:
    """However much the daemon has to say, no more than a bounded part of it is held."""
    total, written = 32 << 20, 0
    stuck = asyncio.Event()

    async def reply(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(UPGRADED)
        while written < total:
            writer.write(b"z" * (64 << 10))
            written += 64 << 10
            if writer.transport.get_write_buffer_size():
                stuck.set()
            await writer.drain()
        writer.close()

    engine.replies["/attach"] = reply
    async with transport.hijack("POST", "/attach") as line:
        async with asyncio.timeout(10):
            await stuck.wait()
        for _ in range(100):  # whatever the loop can still move without a reader
            await asyncio.sleep(0)
        assert written < total // 2
        got = 0
        async with asyncio.timeout(30):
            async for data in line.chunks():
                got += len(data)
                assert line.unread <= MOST_UNREAD + (256 << 10)
    assert got == total
