"""A line that breaks at any byte of an event, a list or an inspect: nothing is applied by half, and it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from followed import followed
from raw_engine import CHUNKED, PING, RawEngine, answer, chunk, raw_engine
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ConnectionLost, EngineError
from tui.store.feed import Timing

ID = "a" * 64
ROW = {"Id": ID, "Names": ["/web"], "Image": "busybox", "State": "running", "Status": "Up", "Labels": {"k": "é{}[]\\"}}
INSPECT = {
    "Id": ID, "Name": "/web", "Created": "2026-01-01T00:00:00Z",
    "State": {"Status": "running", "ExitCode": 0}, "Config": {"Image": "busybox", "Labels": {"k": 'é"}'}},
}  # fmt: skip
EVENTS = [
    {
        "Type": "container", "Action": action, "timeNano": 1_700_000_000_000_000_000 + number,
        "Actor": {"ID": ID, "Attributes": {"name": 'é{"}', "image": "[]"}},
    }
    for number, action in enumerate(("create", "start", "rename"))
]  # fmt: skip
STREAM = b"".join(chunk(json.dumps(event).encode() + b"\n") for event in EVENTS)
QUICK = Timing(backoff_first=0.001, backoff_most=0.002, publish=0.001)


@pytest.fixture
async def server(short_tmp: Path) -> AsyncIterator[RawEngine]:
    async with raw_engine(short_tmp) as server:
        server.replies = {
            "/_ping": PING,
            "/containers/json": answer(json.dumps([ROW, ROW | {"Id": "b" * 64}]).encode()),
            f"/containers/{ID}/json": answer(json.dumps(INSPECT).encode()),
            "/images/json": answer(b"[]"),
            "/volumes": answer(b"{}"),
            "/networks": answer(b"[]"),
        }
        yield server


@pytest.fixture
async def engine(server: RawEngine) -> AsyncIterator[Engine]:
    engine = Engine(Endpoint(server.url, "test"))
    await engine.connect()
    yield engine
    await engine.close()


async def listen(engine: Engine, told: list[str]) -> None:
    async with aclosing(engine.events()) as events:
        async for event in events:
            told += [event.action] if event is not None else []


async def test_events_up_to_any_byte(server: RawEngine, engine: Engine) -> None:
    whole = [event["Action"] for event in EVENTS]
    ends = [len(b"".join(chunk(json.dumps(e).encode() + b"\n") for e in EVENTS[:count])) for count in range(4)]
    for size in range(len(STREAM) + 1):

        async def send(writer: asyncio.StreamWriter, size: int = size) -> None:
            writer.write(CHUNKED + STREAM[:size])
            writer.close()

        server.replies["/events"] = send
        told: list[str] = []
        with pytest.raises(ConnectionLost):
            await listen(engine, told)
        # an object is whole with its last brace: the newline, and the end of the chunk, may be cut off
        least = sum(size >= end for end in ends[1:])
        assert told == whole[: len(told)]
        assert least <= len(told) <= sum(size >= end - 3 for end in ends[1:])


@pytest.mark.parametrize("path", ["/containers/json", f"/containers/{ID}/json", "/volumes"])
async def test_answers_up_to_any_byte(server: RawEngine, engine: Engine, path: str) -> None:
    whole = server.replies[path]
    assert isinstance(whole, bytes)
    reads = {
        "/containers/json": engine.containers.list_all,
        f"/containers/{ID}/json": lambda: engine.containers.read(ID),
        "/volumes": engine.volumes.list_all,
    }
    for size in range(len(whole)):

        async def send(writer: asyncio.StreamWriter, size: int = size) -> None:
            writer.write(whole[:size])
            writer.close()

        server.replies[path] = send
        with pytest.raises(EngineError):
            await reads[path]()
    server.replies[path] = whole
    assert await reads[path]() is not None


async def test_a_feed_whose_every_line_breaks_a_little_later(server: RawEngine, engine: Engine) -> None:
    """Each connection of the feed has one more byte than the one before; what it shows is never but the truth."""
    size = 0
    shown: set[tuple[str, ...]] = set()

    async def send(writer: asyncio.StreamWriter) -> None:
        nonlocal size
        size += 3
        writer.write(CHUNKED + STREAM[:size])
        if size < len(STREAM):
            writer.close()
        else:
            server.replies["/events"] = CHUNKED

    server.replies["/events"] = send
    async with followed(engine, QUICK) as watched:
        watched.on_change = lambda: shown.add(tuple(watched.state.containers))
        await watched.until(lambda: size >= len(STREAM), 60)
        await watched.until_live()
        await watched.until(lambda: watched.state.events == len(EVENTS))
        assert [event.action for event in watched.feed.recent] == [event["Action"] for event in EVENTS]
        assert watched.state.containers[ID].state == "running"
    assert shown <= {(), (ID,), (ID, "b" * 64)}
