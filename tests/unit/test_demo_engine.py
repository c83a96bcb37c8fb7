"""The demo engine on a clock of its own: the same seed gives the same answers, nothing moves unless it is moved."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tui.demo.clock import ManualClock
from tui.demo.layers import Node, pack
from tui.demo.server import DemoEngine, serve_demo


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def session(clock: ManualClock) -> AsyncIterator[aiohttp.ClientSession]:
    async with serve_demo(containers=14, clock=clock) as socket:
        connector = aiohttp.UnixConnector(path=str(socket), limit=0)
        async with aiohttp.ClientSession("http://d", connector=connector) as made:
            yield made


async def read(session: aiohttp.ClientSession, path: str) -> Any:
    async with session.get(path) as response:
        return json.loads(await response.read())


async def test_two_engines_of_one_seed_agree() -> None:
    answers: list[Any] = []
    for _ in range(2):
        async with serve_demo(seed=3, containers=40, clock=ManualClock()) as socket:
            connector = aiohttp.UnixConnector(path=str(socket))
            async with aiohttp.ClientSession("http://d", connector=connector) as session:
                paths = ("/containers/json?all=1", "/images/json", "/containers/shop-web-1/json", "/networks")
                answers.append([await read(session, path) for path in paths])
    assert answers[0] == answers[1]


async def test_socket_is_private_and_goes_away(tmp_path: Path) -> None:
    engine, socket = DemoEngine(containers=1), tmp_path / "s.sock"
    await engine.start(socket)
    with pytest.raises(OSError, match="in use"):
        await DemoEngine(containers=1).start(socket)
    assert socket.stat().st_mode & 0o777 == 0o600
    await engine.stop()
    await engine.stop()
    assert not socket.exists()
    async with serve_demo(containers=1) as path:
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not path.parent.exists()


async def test_nothing_moves_until_the_clock_does(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    before = await read(session, "/containers/json?all=1")
    await asyncio.sleep(0.05)
    assert await read(session, "/containers/json?all=1") == before
    await clock.advance(60)
    after = await read(session, "/containers/json?all=1")
    old = {row["Names"][0]: row["Status"] for row in before}
    new = {row["Names"][0]: row["Status"] for row in after}
    assert (old["/reports"], new["/reports"]) == ("Exited (137) 2 minutes ago", "Exited (137) 3 minutes ago")
    events = await read_lines(session, f"/events?since=1&until={clock.now_ns() // 10**9}")
    told = [(e["Action"], e["Actor"]["Attributes"].get("name")) for e in events]
    assert ("start", "shop-payments-1") in told
    assert ("die", "shop-payments-1") in told


async def read_lines(session: aiohttp.ClientSession, path: str) -> list[Any]:
    async with session.get(path) as response:
        return [json.loads(line) for line in (await response.read()).splitlines()]


async def test_followed_logs_come_with_the_clock(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    async with session.get("/containers/shop-worker-1/logs?stdout=1&stderr=1&follow=1&tail=0") as response:
        reading = asyncio.ensure_future(response.content.readexactly(8))
        await asyncio.sleep(0.05)
        assert not reading.done()
        await clock.advance(3)
        assert (await asyncio.wait_for(reading, 60))[0] in (1, 2)


async def test_versions_and_headers(session: aiohttp.ClientSession) -> None:
    async with session.get("/v1.24/_ping") as response:
        assert (response.status, response.headers["Api-Version"], await response.text()) == (200, "1.51", "OK")
    async with session.get("/v1.52/info") as response:
        assert response.status == 400
        assert "client version 1.52 is too new" in await response.text()
    async with session.get("/v1.23/info") as response:
        assert "Minimum supported API version is 1.24" in await response.text()
    async with session.get("/nope") as response:
        assert (response.status, await response.json()) == (404, {"message": "page not found"})
    async with session.post("/containers/shop-queue-1/pause") as response:
        assert response.status == 409
        assert response.headers["Server"].startswith("Docker/")


async def test_one_event_stream_sees_the_whole_life(session: aiohttp.ClientSession) -> None:
    async with session.get("/events") as stream:
        body = {"Image": "busybox", "Cmd": ["sleep", "9"], "HostConfig": {"Binds": ["fresh:/data"]}}
        async with session.post("/containers/create?name=one", json=body) as response:
            assert response.status == 201
        for path in ("start", "kill?signal=USR1", "kill"):
            async with session.post(f"/containers/one/{path}") as response:
                assert response.status == 204
        async with session.delete("/containers/one") as response:
            assert response.status == 204
        told = [json.loads(await asyncio.wait_for(stream.content.readline(), 5)) for _ in range(11)]
    assert [f"{e['Type']} {e['Action']}" for e in told] == [
        "volume create",
        "container create",
        "volume mount",
        "network connect",
        "container start",
        "container kill",
        "container kill",
        "network disconnect",
        "volume unmount",
        "container die",
        "container destroy",
    ]
    times = [event["timeNano"] for event in told]
    assert times == sorted(set(times))


async def test_a_large_context_is_built() -> None:
    nodes = {"Dockerfile": Node(data=b"FROM busybox\nCOPY big /\n"), "big": Node(data=bytes(3 << 20))}
    async with (
        serve_demo(containers=1) as socket,
        aiohttp.ClientSession("http://d", connector=aiohttp.UnixConnector(path=str(socket))) as session,
    ):
        async with session.post("/build?version=2&t=big:1", data=io.BytesIO(pack(nodes))) as response:
            told = [json.loads(line) for line in (await response.read()).splitlines()]
        assert told[-1]["id"] == "moby.image.id"
        assert (await read(session, "/images/big:1/history"))[0]["Size"] == 3 << 20


@pytest.mark.parametrize("cut", [True, False])
async def test_a_build_ends_with_its_connection(session: aiohttp.ClientSession, clock: ManualClock, cut: bool) -> None:
    context = pack({"Dockerfile": Node(data=b"FROM busybox\nRUN sleep 50\n")})
    response = await session.post("/build?version=2&t=slow:1", data=context)
    while (message := base64.b64decode((await read_message(response))["aux"])).count(b"RUN sleep 50") == 0:
        assert message
    if cut:
        response.close()
        # The server runs in this loop: this is time for it to see the connection end.
        await asyncio.sleep(0.05)
    await clock.advance(60)
    if not cut:
        await response.read()
    async with session.get("/images/slow:1/json") as found:
        assert found.status == (404 if cut else 200)


async def read_message(response: aiohttp.ClientResponse) -> Any:
    return json.loads(await asyncio.wait_for(response.content.readline(), 5))


async def test_ten_thousand_containers_start_and_are_listed() -> None:
    async with (
        serve_demo(containers=10_000, clock=ManualClock()) as socket,
        aiohttp.ClientSession("http://d", connector=aiohttp.UnixConnector(path=str(socket))) as session,
    ):
        assert len(await read(session, "/containers/json?all=1")) == 10_000


async def test_churn_makes_about_as_many_events_as_asked() -> None:
    clock = ManualClock()
    async with (
        serve_demo(containers=50, events_per_second=20, clock=clock) as socket,
        aiohttp.ClientSession("http://d", connector=aiohttp.UnixConnector(path=str(socket))) as session,
    ):
        await clock.advance(10)
        told = await read_lines(session, f"/events?since=1&until={clock.now_ns() // 10**9}")
    assert 180 <= len(told) <= 256
