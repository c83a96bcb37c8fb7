"""What an engine refuses, and what hythe does, in the words of who refused."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine_bench import IMAGE, Bench, bench_on
from fault_proxy import fault_proxy
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, Conflict, NotFound, ReadOnly


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench


async def test_what_does_not_exist(bench: Bench) -> None:
    containers, images = bench.engine.containers, bench.engine.images
    nothing = f"{bench.prefix}-nothing"
    calls = [
        containers.read(nothing),
        containers.start(nothing),
        containers.stop(nothing),
        containers.kill(nothing),
        containers.pause(nothing),
        containers.rename(nothing, f"{nothing}-x"),
        containers.remove(nothing),
        containers.top(nothing),
        containers.changes(nothing),
        containers.commit(nothing),
        bench.logs(nothing),
        anext(containers.stats(nothing)),
        images.read(nothing),
        images.tag(nothing, bench.prefix, "x"),
        images.remove(nothing),
        containers.create({"Image": nothing}),
    ]
    for call in calls:
        with pytest.raises(NotFound) as caught:
            await call
        assert nothing in str(caught.value)
        assert caught.value.status == 404


async def test_names_that_are_taken_or_wrong(bench: Bench) -> None:
    first = await bench.create("true", name="first")
    second = await bench.create("true", name="second")
    with pytest.raises(Conflict, match="is already in use by container"):
        await bench.create("true", name="first")
    with pytest.raises(Conflict, match="is already in use by container"):
        await bench.engine.containers.rename(second, f"{bench.prefix}-first")
    with pytest.raises(ApiError, match=r"(?i)invalid container name") as caught:
        await bench.create("true", name="a b")
    assert caught.value.status == 400
    assert (await bench.engine.containers.read(first)).name == f"{bench.prefix}-first"


async def test_states_that_stand_in_the_way(bench: Bench) -> None:
    containers = bench.engine.containers
    made = await bench.run("sleep", "1000")
    with pytest.raises(Conflict, match=r"(?i)container.*running|running container"):
        await containers.remove(made)
    with pytest.raises(ApiError, match=r"(?i)is not paused"):
        await containers.unpause(made)
    await containers.pause(made)
    with pytest.raises(ApiError, match=r"(?i)already paused"):
        await containers.pause(made)
    await containers.remove(made, force=True)


async def test_a_start_that_fails_keeps_the_daemons_words(bench: Bench) -> None:
    made = await bench.create("no-such-program")
    with pytest.raises(ApiError, match="no-such-program") as caught:
        await bench.engine.containers.start(made)
    assert caught.value.status in (400, 404, 500)
    got = await bench.engine.containers.read(made)
    assert (got.state, got.exit_code) in (("created", None), ("exited", 127))
    assert "no-such-program" in got.error


async def test_read_only_refuses_and_sends_nothing(bench: Bench, engine_socket: str, short_tmp: Path) -> None:
    made = await bench.run("sleep", "1000")
    async with fault_proxy(short_tmp, engine_socket) as proxy:
        engine = Engine(Endpoint(f"unix://{proxy.socket}", "test"), read_only=True)
        assert engine.read_only
        assert (await engine.containers.read(made)).state == "running"
        accepted, requests = proxy.accepted, engine.transport.requests
        calls = [
            engine.containers.create({"Image": IMAGE}),
            engine.containers.start(made),
            engine.containers.stop(made),
            engine.containers.restart(made),
            engine.containers.kill(made),
            engine.containers.pause(made),
            engine.containers.unpause(made),
            engine.containers.rename(made, "x"),
            engine.containers.remove(made, force=True),
            engine.containers.commit(made),
            engine.images.tag(IMAGE, bench.prefix, "x"),
            engine.images.remove(IMAGE),
            anext(engine.transfers.pull("busybox", "latest")),
        ]
        for call in calls:
            with pytest.raises(ReadOnly, match="was not sent"):
                await call
        assert (proxy.accepted, engine.transport.requests) == (accepted, requests)
        await engine.close()
    assert (await bench.engine.containers.read(made)).state == "running"
