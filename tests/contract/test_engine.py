"""The life of a container and what it says mean the same on every engine."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from engine_bench import IMAGE, Bench, bench_on
from engines import RealEngine
from tui.engine.connect import first_answering
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, ConnectionFailed, NotFound
from tui.model.events import Event
from tui.model.log_record import Stream

TALKS = "echo out; echo err >&2; echo last"


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench


async def test_connecting_tells_who_answers(bench: Bench) -> None:
    ping = await bench.engine.ping()
    version, info = await bench.engine.version(), await bench.engine.info()
    assert ping.api_version == version.api_version
    assert bench.engine.transport.speaks(1, 41)
    assert not ping.is_podman
    assert ping.time_ns is not None
    assert abs(ping.time_ns / 1e9 - time.time()) < 60
    assert version.version
    assert info.ncpu >= 1
    assert info.mem_total > 1 << 20


async def test_the_first_endpoint_that_answers_is_taken(engine_socket: str, short_tmp: Path) -> None:
    good = Endpoint(f"unix://{engine_socket}", "good")
    found = await first_answering([Endpoint(f"unix://{short_tmp}/none.sock", "a"), good, Endpoint("tcp://never", "b")])
    assert found.engine is not None
    assert found.engine.endpoint == good
    assert [(attempt.endpoint.source, attempt.reason[:9]) for attempt in found.attempts] == [("a", "no socket")]
    await found.engine.close()
    nothing = await first_answering([Endpoint(f"unix://{short_tmp}/none.sock", "a")])
    assert nothing.engine is None
    assert nothing.attempts[0].hint


# the life of a container


async def test_the_life_of_a_container(bench: Bench) -> None:
    containers = bench.engine.containers
    made = await bench.create("sleep", "1000", name="life")
    got = await containers.read(made)
    assert (got.state, got.name, got.image, got.exit_code) == ("created", f"{bench.prefix}-life", IMAGE, None)
    assert got.command == "sleep 1000"
    assert got.started is None
    assert abs(got.created - time.time()) < 60

    await containers.start(made)
    await containers.start(made)
    running = await containers.read(made)
    assert (running.state, running.is_running, running.tty, running.restarts) == ("running", True, False, 0)
    assert running.started is not None
    assert running.pid > 0

    await containers.pause(made)
    assert (await containers.read(made)).state == "paused"
    await containers.unpause(made)
    # 20.10 hears of its own pause a moment later, and then of the end of it
    await bench.until_state(made, "running")
    await containers.rename(made, f"{bench.prefix}-renamed")
    assert (await containers.read(f"{bench.prefix}-renamed")).id == made

    await containers.restart(made, grace=0)
    restarted = await containers.read(made)
    assert restarted.state == "running"
    assert restarted.started is not None
    assert restarted.started > running.started
    await containers.stop(made, grace=0)
    stopped = await containers.read(made)
    assert (stopped.state, stopped.exit_code) == ("exited", 137)
    assert stopped.finished is not None
    await containers.stop(made, grace=0)

    await containers.remove(made)
    with pytest.raises(NotFound, match=r"(?i)no such container"):
        await containers.read(made)


async def test_the_list_agrees_with_the_inspect(bench: Bench) -> None:
    containers = bench.engine.containers
    up = await bench.run("sleep", "1000", name="up", ExposedPorts={"80/tcp": {}})
    down = await bench.run("sh", "-c", "exit 3", name="down")
    assert await bench.ended(down) == 3
    await bench.create("true", name="made")
    ours = {"label": [f"hythe.test={bench.prefix}"]}
    found = await containers.list_all(filters=ours)
    assert {(c.name.rpartition("-")[2], c.state, c.exit_code) for c in found} == {
        ("up", "running", None),
        ("down", "exited", 3),
        ("made", "created", None),
    }
    for listed in found:
        whole = await containers.read(listed.id)
        for name in ("id", "name", "image", "image_id", "state", "created", "exit_code", "command", "labels"):
            assert getattr(whole, name) == getattr(listed, name), name
        assert (whole.ports, whole.mounts) == (listed.ports, listed.mounts)
    assert [c.id for c in await containers.list_all(stopped=False, filters=ours)] == [up]
    assert [c.id for c in await containers.list_all(filters=ours | {"id": [down[:12]]})] == [down]


async def test_signals(bench: Bench) -> None:
    made = await bench.run("sleep", "1000")
    await bench.engine.containers.kill(made)
    assert await bench.ended(made) == 137
    with pytest.raises(ApiError, match=r"(?i)is not running") as caught:
        await bench.engine.containers.kill(made)
    assert caught.value.status == 409
    with pytest.raises(ApiError, match=r"(?i)invalid signal") as caught:
        await bench.engine.containers.kill(made, "SIGNONE")
    assert caught.value.status in (400, 500)


async def test_a_signal_that_a_program_catches(real_engine: RealEngine) -> None:
    """The demo engine's programs catch none."""
    async with bench_on(real_engine.socket) as bench:
        made = await bench.run("sh", "-c", "trap 'exit 9' USR1; echo ready; while :; do sleep 0.05; done")
        await _said(bench, made, "ready")
        await bench.engine.containers.kill(made, "SIGUSR1")
        assert await bench.ended(made) == 9


async def _said(bench: Bench, container: str, text: str) -> None:
    """Wait until a running container has said it."""
    async with asyncio.timeout(15), aclosing(bench.engine.containers.logs(container, tty=False, follow=True)) as logs:
        async for batch in logs:
            if any(record.text == text for record in batch):
                return


async def test_restarting_by_policy(bench: Bench) -> None:
    policy = {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 1}}
    made = await bench.run("sh", "-c", "exit 4", HostConfig=policy)
    async with asyncio.timeout(20), aclosing(bench.engine.events(1)) as events:
        died = 0
        async for event in events:
            died += event is not None and (event.id, event.verb) == (made, "die")
            if died == 2:
                break
    got = await bench.engine.containers.read(made)
    assert (got.restarts, got.exit_code) == (1, 4)


# what it says and does


async def test_logs_keep_the_streams_apart(bench: Bench) -> None:
    began = time.time_ns()
    made = await bench.run("sh", "-c", TALKS)
    await bench.ended(made)
    records = await bench.logs(made)
    assert {(r.text, r.stream) for r in records} == {
        ("out", Stream.STDOUT),
        ("err", Stream.STDERR),
        ("last", Stream.STDOUT),
    }
    assert [r.text for r in records if r.stream is Stream.STDOUT] == ["out", "last"]
    assert all(r.timestamp is not None and began < r.timestamp < time.time_ns() for r in records)
    assert [r.timestamp for r in await bench.logs(made, timestamps=False)] == [None] * 3
    assert len(await bench.logs(made, tail=1)) == 1
    assert await bench.logs(made, tail=0) == []
    assert await bench.logs(made, since=str(time.time_ns() // 10**9 + 5)) == []


async def test_logs_of_a_terminal(bench: Bench) -> None:
    made = await bench.run("sh", "-c", TALKS, Tty=True)
    await bench.ended(made)
    records = await bench.logs(made, tty=True)
    assert [r.text for r in records] == ["out", "err", "last"]
    assert {r.stream for r in records} == {Stream.STDOUT}


async def test_logs_are_followed_to_the_end_of_the_container(bench: Bench) -> None:
    made = await bench.run("sh", "-c", "echo hello; sleep 0.4; echo bye")
    seen: list[str] = []
    async with asyncio.timeout(15):
        async for batch in bench.engine.containers.logs(made, tty=False, follow=True):
            seen += [record.text for record in batch]
    assert seen == ["hello", "bye"]


async def test_stats_of_one_that_runs(bench: Bench) -> None:
    made = await bench.run("sh", "-c", "while :; do :; done")
    async with asyncio.timeout(20), aclosing(bench.engine.containers.stats(made)) as samples:
        first = await anext(samples)
        second = await anext(samples)
        while not second.cpu:
            second = await anext(samples)
    assert first.memory_limit > 1 << 20
    assert 0 < second.memory < second.memory_limit
    assert second.cpu > 1
    assert second.pids >= 1
    assert second.read_ns > first.read_ns


async def test_stats_end_when_it_is_removed(bench: Bench) -> None:
    made = await bench.run("sleep", "1000")
    count = 0
    async with asyncio.timeout(20):
        with suppress(NotFound):
            async for _ in bench.engine.containers.stats(made):
                count += 1
                if count == 1:
                    await bench.engine.containers.remove(made, force=True)
    assert count >= 1


async def test_processes(bench: Bench) -> None:
    made = await bench.run("sleep", "1234")
    found = await bench.engine.containers.top(made)
    column = found.titles.index("CMD")
    assert any("sleep 1234" in row[column] for row in found.processes or [])
    await bench.engine.containers.stop(made, grace=0)
    with pytest.raises(ApiError, match=r"(?i)is not running"):
        await bench.engine.containers.top(made)


async def test_changes_of_the_file_system(bench: Bench) -> None:
    made = await bench.run("sh", "-c", "echo x > /new; mkdir /folder; rm /bin/wget")
    await bench.ended(made)
    changes = {change.path: change.kind for change in await bench.engine.containers.changes(made)}
    assert (changes["/new"], changes["/folder"], changes["/bin/wget"], changes["/bin"]) == (1, 1, 2, 0)
    untouched = await bench.create("true", name="untouched")
    assert await bench.engine.containers.changes(untouched) == []


# events


async def test_events_tell_what_happened(bench: Bench) -> None:
    seen: list[Event] = []
    opened = asyncio.Event()

    async def listen() -> None:
        async with aclosing(bench.engine.events()) as events:
            async for event in events:
                opened.set()
                if event is not None and event.attributes.get("name", "").startswith(bench.prefix):
                    seen.append(event)
                    if event.action == "destroy":
                        return

    listening = asyncio.create_task(listen())
    await opened.wait()
    containers = bench.engine.containers
    ping = await bench.engine.ping()
    made = await bench.run("sleep", "1000", name="told")
    await containers.pause(made)
    await containers.unpause(made)
    await containers.rename(made, f"{bench.prefix}-other")
    await containers.kill(made, "SIGKILL")
    assert await bench.ended(made) == 137
    bench.reference("told")
    await containers.commit(made, repo=bench.prefix, tag="told")
    await containers.remove(made)
    async with asyncio.timeout(60):
        await listening

    ours = [event for event in seen if event.id == made]
    verbs = [event.verb for event in ours]
    assert verbs[:2] == ["create", "start"]
    assert set(verbs) >= {"create", "start", "pause", "unpause", "rename", "kill", "die", "commit", "destroy"}
    by_verb = {event.verb: event for event in ours}
    assert by_verb["rename"].attributes["oldName"] == f"/{bench.prefix}-told"
    assert by_verb["die"].attributes["exitCode"] == "137"
    assert by_verb["kill"].attributes["signal"] in ("9", "SIGKILL")
    assert by_verb["create"].attributes["image"] == IMAGE
    assert by_verb["create"].attributes["hythe.test"] == bench.prefix
    assert ping.time_ns is not None
    assert all(event.time_ns > ping.time_ns - 10**9 for event in ours)

    # what was told is told again to who comes later and says since when
    again: list[str] = []
    async with asyncio.timeout(10), aclosing(bench.engine.events(min(event.time_ns for event in ours))) as events:
        async for event in events:
            if event is not None and event.id == made:
                again.append(event.verb)
                if event.verb == "destroy":
                    break
    assert sorted(again) == sorted(verbs)


async def test_reading_makes_no_events_that_are_told(bench: Bench) -> None:
    made = await bench.run("sleep", "1000")
    seen: list[str] = []
    opened = asyncio.Event()

    async def listen() -> None:
        async with aclosing(bench.engine.events()) as events:
            async for event in events:
                opened.set()
                if event is not None and event.id == made:
                    seen.append(event.verb)
                    if event.verb == "pause":
                        return

    listening = asyncio.create_task(listen())
    await opened.wait()
    containers = bench.engine.containers
    await containers.read(made)
    await containers.top(made)
    await containers.changes(made)
    await bench.logs(made)
    await containers.pause(made)
    async with asyncio.timeout(60):
        await listening
    assert seen == ["pause"]


async def test_a_daemon_that_is_not_there(short_tmp: Path) -> None:
    engine = Engine(Endpoint(f"unix://{short_tmp}/none.sock", "test"))
    with pytest.raises(ConnectionFailed, match="no socket"):
        await engine.containers.list_all()
    await engine.close()
