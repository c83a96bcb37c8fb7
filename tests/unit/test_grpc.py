"""gRPC between our two ends: calls of any size, several at once, statuses, and what happens when the line ends."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest

from lines import End, line
from tui.wire.grpc import GrpcConnection, Method, unary
from tui.wire.grpc_call import NOT_FOUND, UNIMPLEMENTED, UNKNOWN, Call, GrpcError, LineEnded, frame


async def echo(message: bytes, _call: Call) -> bytes:
    return message


async def refuse(_message: bytes, _call: Call) -> bytes:
    raise GrpcError(NOT_FOUND, "größer als 100 %\nno")


async def stumble(_message: bytes, _call: Call) -> bytes:
    raise ValueError("a bug")


async def count(call: Call) -> None:
    """Answers with as many messages as the one that came asks for."""
    for number in range(int(await call.receive() or b"0")):
        await call.send(frame(b"%d" % number))


async def everything(call: Call) -> None:
    """Takes all that comes, then tells how much it was."""
    size = 0
    while (message := await call.receive()) is not None:
        size += len(message)
    await call.send(frame(b"%d" % size))


async def hesitant(call: Call) -> None:
    """Takes all that comes, each message some time after it came."""
    size = 0
    while (message := await call.receive()) is not None:
        size += len(message)
        for _ in range(9):
            await asyncio.sleep(0)
    await call.send(frame(b"%d" % size))


async def for_ever(call: Call) -> None:
    await asyncio.Event().wait()


METHODS: Mapping[str, Method] = {
    "/echo": unary(echo),
    "/refuse": unary(refuse),
    "/stumble": unary(stumble),
    "/count": count,
    "/everything": everything,
    "/hesitant": hesitant,
    "/wait": for_ever,
}


@asynccontextmanager
async def connected() -> AsyncGenerator[tuple[GrpcConnection, End, End]]:
    """A client whose server answers METHODS, and the ends of the line between them."""
    ours, theirs = line()
    client, server = GrpcConnection(ours), GrpcConnection(theirs, METHODS)
    tasks = [asyncio.create_task(client.run()), asyncio.create_task(server.run())]
    try:
        yield client, ours, theirs
    finally:
        ours.close()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("size", [0, 1, 16_384, 65_535, 65_536, 3_000_000])
async def test_messages_of_any_size_come_back(size: int) -> None:
    message = bytes(range(256)) * (size // 256 + 1)
    async with connected() as (client, _, _):
        assert await client.ask("/echo", message[:size]) == message[:size]


async def test_many_messages_answer_one() -> None:
    async with connected() as (client, _, _):
        found = [message async for message in client.messages("/count", b"5000")]
    assert found == [b"%d" % number for number in range(5000)]


async def test_calls_go_side_by_side() -> None:
    async with connected() as (client, _, _):
        waiting = asyncio.create_task(client.ask("/wait", b""))
        answers = await asyncio.gather(*(client.ask("/echo", b"x" * 100_000 + b"%d" % n) for n in range(8)))
        assert [answer[100_000:] for answer in answers] == [b"%d" % n for n in range(8)]
        assert not waiting.done()
        waiting.cancel()


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [("/refuse", NOT_FOUND, "größer als 100 %\nno"), ("/none", UNIMPLEMENTED, "/none"), ("/stumble", UNKNOWN, "a bug")],
)
async def test_an_error_comes_with_its_words(path: str, code: int, words: str) -> None:
    async with connected() as (client, _, _):
        with pytest.raises(GrpcError) as caught:
            await client.ask(path, b"")
        assert caught.value.code == code
        assert words in str(caught.value)
        assert await client.ask("/echo", b"still there") == b"still there"


async def test_a_call_that_is_left_ends_at_the_other_side() -> None:
    begun, left = asyncio.Event(), asyncio.Event()

    async def wait(call: Call) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    ours, theirs = line()
    client, server = GrpcConnection(ours), GrpcConnection(theirs, {"/wait": wait})
    tasks = [asyncio.create_task(client.run()), asyncio.create_task(server.run())]
    asking = asyncio.create_task(client.ask("/wait", b""))
    async with asyncio.timeout(20):
        await begun.wait()
        asking.cancel()
        await left.wait()
    ours.close()
    await asyncio.gather(asking, *tasks, return_exceptions=True)


async def test_the_end_of_the_line_ends_what_waits() -> None:
    async with connected() as (client, ours, _):
        waiting = asyncio.create_task(client.ask("/wait", b""))
        await asyncio.sleep(0)
        ours.close()
        with pytest.raises(LineEnded):
            await waiting
        with pytest.raises(LineEnded):
            await client.ask("/echo", b"")


@pytest.mark.parametrize("garbage", [b"HTTP/1.1 200 OK\r\n\r\n", b"\0" * 100])
async def test_what_is_no_http2_is_refused(garbage: bytes) -> None:
    ours, theirs = line()
    server = asyncio.create_task(GrpcConnection(ours, METHODS).run())
    await theirs.write(garbage)
    with pytest.raises(LineEnded, match="no HTTP/2"):
        await server


async def test_a_compressed_message_is_refused() -> None:
    call = Call(GrpcConnection(line()[0]), 1, "", {})
    call.feed(b"\x01\0\0\0\x01x", 6)
    with pytest.raises(GrpcError, match="compressed"):
        await call.receive()


class Lingering(End):
    """An end whose writes are through only some time after the other side has the bytes."""

    async def write(self, data: bytes) -> None:
        await super().write(data)
        for _ in range(7):
            await asyncio.sleep(0)


async def test_room_that_is_given_while_a_write_lingers_is_told() -> None:
    ours, theirs = End(), Lingering()
    ours.other, theirs.other = theirs, ours
    client, server = GrpcConnection(ours), GrpcConnection(theirs, METHODS)
    tasks = [asyncio.create_task(client.run()), asyncio.create_task(server.run())]
    async with asyncio.timeout(20):
        for size in (700, 5_000, 16_000):
            async with client.open("/everything") as call:
                await client.send(call.id, frame(bytes(size)) * (1_000_000 // size), last=True)
                assert await call.receive() == b"%d" % (1_000_000 // size * size)
    ours.close()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("size", [1_000, 16_384, 30_000, 32_700, 32_768, 40_000, 65_000, 100_000])
async def test_who_takes_messages_late_makes_room_for_the_rest_of_the_next(size: int) -> None:
    async with connected() as (client, _, _), asyncio.timeout(20), client.open("/hesitant") as call:
        for _ in range(40):
            await client.send(call.id, frame(bytes(size)))
        await client.send(call.id, b"", last=True)
        assert await call.receive() == b"%d" % (40 * size)


async def test_the_beginning_of_a_message_holds_no_room_once_those_before_it_are_taken() -> None:
    given: list[int] = []
    owner = cast(GrpcConnection, SimpleNamespace(taken=lambda _id, size: given.append(size)))
    call = Call(owner, 1, "/", {})
    call.feed(frame(b"a" * 100) + frame(b"b" * 100)[:50], 155)
    call.feed(frame(b"b" * 100)[50:90], 40)
    assert await call.receive() == b"a" * 100
    assert sum(given) == 195
