"""Helper containers that outlive their hythe, on every engine: found by the next one, told of, removed if wanted."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from engine_bench import IMAGE, Bench, bench_on
from fake_ui import FakeUi
from fault_proxy import fault_proxy
from tui.commands.command import Context
from tui.commands.history import History
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.helpers import HOST, OWNER, VOLUME
from tui.engine.owner import this_process
from tui.engine.volume_files import open_volume
from waiting import until

CODE = """
import asyncio, sys
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.volume_files import open_volume
async def main():
    engine = Engine(Endpoint("unix://" + sys.argv[1], "test"))
    await engine.connect()
    print(await open_volume(engine, sys.argv[2], sys.argv[3]), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench
        for left in await bench.engine.containers.list_all(filters={"label": [f"{VOLUME}={bench.prefix}-v"]}):
            await bench.engine.containers.remove(left.id, force=True)
        for volume in await bench.engine.volumes.list_all(filters={"label": [f"hythe.test={bench.prefix}"]}):
            await bench.engine.volumes.remove(volume.name, force=True)


async def a_volume(bench: Bench) -> str:
    return (await bench.engine.volumes.create(f"{bench.prefix}-v", labels={"hythe.test": bench.prefix})).name


async def live_session(bench: Bench, *, guarded: bool = False) -> Session:
    session = Session(Engine(bench.engine.endpoint), History(), guarded=guarded, name="box")
    session.start()
    await until(lambda: session.left_behind.has_looked)
    return session


def why_not(session: Session) -> str | None:
    return BY_ID["app.left_behind"].why_not(Context(session, FakeUi(), "app"))


async def helpers_of(bench: Bench, volume: str) -> dict[str, str]:
    """The helpers of a volume: IDs by name."""
    found = await bench.engine.containers.list_all(filters={"label": [f"{VOLUME}={volume}"]})
    return {each.name: each.id for each in found}


async def test_a_killed_hythe_leaves_one_and_the_next_removes_it(bench: Bench, engine_socket: str) -> None:
    volume = await a_volume(bench)
    hythe = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CODE, engine_socket, volume, IMAGE, stdout=asyncio.subprocess.PIPE
    )
    assert hythe.stdout is not None
    made = (await hythe.stdout.readline()).decode().strip()
    assert made

    session = await live_session(bench)
    assert made in session.state.containers
    assert session.left_behind.take_words() == "", "its hythe runs"
    assert why_not(session) == "no hythe left one behind here"
    await session.close()

    hythe.kill()
    await hythe.wait()
    session = await live_session(bench, guarded=True)
    (name,) = await helpers_of(bench, volume)
    words = session.left_behind.take_words()
    assert words.startswith(f"box: a hythe that was killed left 1 helper container behind: {name}\n")
    assert session.left_behind.take_words() == "", "once"
    assert why_not(session) is None

    refusing = FakeUi(answer=False)
    command = BY_ID["app.left_behind"]
    await command.run(Context(session, refusing, "app"))
    assert await helpers_of(bench, volume)
    (title, lines, typed) = refusing.asked[0]
    assert (title, typed) == ("Remove 1 helper container on box?", "1")
    assert lines[0].startswith(f"{name}  files of volume {volume}, made ")

    await command.run(Context(session, FakeUi(), "app"))
    assert not await helpers_of(bench, volume)
    assert [entry.line for entry in session.history] == [f"docker rm --force --volumes {name}"]
    await until(lambda: made not in session.state.containers)
    assert why_not(session) == "no hythe left one behind here"
    await session.close()


async def test_of_a_hythe_elsewhere_nothing_is_touched(bench: Bench) -> None:
    elsewhere = msgspec.structs.replace(this_process(), machine="elsewhere").mark
    labels = {"hythe.test": bench.prefix, VOLUME: "v", HOST: "web1"}
    await bench.create(name="far", Labels=labels | {OWNER: elsewhere})
    await bench.create(name="old", Labels=labels)
    await bench.create(name="odd", Labels=labels | {OWNER: "no mark"})
    session = await live_session(bench)
    assert session.left_behind.take_words() == ""
    reason = why_not(session)
    assert reason is not None
    assert reason.startswith("of 3 helper containers it is not known here")
    assert f"docker rm --force --volumes {bench.prefix}-far removes one" in reason
    await session.close()


async def test_a_host_that_is_read_only_is_told_and_left_alone(bench: Bench) -> None:
    dead = msgspec.structs.replace(this_process(), start="1").mark
    await bench.create(name="dead", Labels={"hythe.test": bench.prefix, VOLUME: "v", OWNER: dead})
    session = Session(Engine(bench.engine.endpoint, read_only=True), History(), name="box")
    session.start()
    await until(lambda: session.left_behind.has_looked)
    words = session.left_behind.take_words()
    assert words.endswith(f"{bench.prefix}-dead\nread-only: nothing is removed here")
    assert "read-only" in (why_not(session) or "")
    await session.close()


async def test_one_that_nobody_waits_for_any_more_is_removed(bench: Bench) -> None:
    volume = await a_volume(bench)
    for _ in range(10):
        making = asyncio.create_task(open_volume(bench.engine, volume, IMAGE))
        await asyncio.sleep(0)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        assert not await helpers_of(bench, volume)


async def test_the_end_of_the_connection_takes_its_helpers_along(bench: Bench) -> None:
    volume = await a_volume(bench)
    engine = Engine(bench.engine.endpoint)
    await engine.connect()
    await open_volume(engine, volume, IMAGE)
    busy = asyncio.Event()
    engine.helpers.let_go(await open_volume(engine, volume, IMAGE), [busy.wait()])
    assert len(await helpers_of(bench, volume)) == 2
    await engine.close()
    assert not await helpers_of(bench, volume)


@pytest.mark.parametrize("fault", ["down", "stall"])
async def test_one_whose_removal_does_not_get_through_is_offered(
    bench: Bench, engine_socket: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.engine.helpers.REMOVE_SECONDS", 0.5)
    volume = await a_volume(bench)
    async with fault_proxy(tmp_path, engine_socket) as proxy:
        engine = Engine(Endpoint(f"unix://{proxy.socket}", "proxy"))
        await engine.connect()
        made = await open_volume(engine, volume, IMAGE)
        getattr(proxy, fault)()
        await engine.helpers.remove(made)
        (helper,) = await bench.engine.containers.list_all(filters={"label": [f"{VOLUME}={volume}"]})
        assert engine.helpers.left_behind([helper]) == [helper]
        assert bench.engine.helpers.left_behind([helper]) == [], "another connection of this hythe may use it"
        proxy.down()
        await engine.close()
    await bench.engine.containers.remove(made, force=True)
