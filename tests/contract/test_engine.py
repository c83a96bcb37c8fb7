"""Every operation on containers and images means the same on every engine."""

import asyncio
import io
import json
import secrets
import tarfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engines import RealEngine
from fault_proxy import fault_proxy
from tui.engine.connect import first_answering
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, Conflict, ConnectionFailed, NotFound, ReadOnly
from tui.model.events import Event
from tui.model.log_record import LogRecord, Stream

IMAGE = "busybox:latest"
TALKS = "echo out; echo err >&2; echo last"


@dataclass
class Bench:
    """An engine, and what a test left in it."""

    engine: Engine
    prefix: str = field(default_factory=lambda: f"enginetest-{secrets.token_hex(3)}")
    tags: list[str] = field(default_factory=list[str])

    async def create(self, *command: str, name: str = "c", **body: Any) -> str:
        body = {"Image": IMAGE, "Cmd": list(command), "Labels": {"hythe.test": self.prefix}} | body
        created = await self.engine.containers.create(body, name=f"{self.prefix}-{name}")
        assert len(created.id) == 64
        return created.id

    async def run(self, *command: str, name: str = "c", **body: Any) -> str:
        made = await self.create(*command, name=name, **body)
        await self.engine.containers.start(made)
        return made

    async def ended(self, container: str) -> int | None:
        """The exit code of a container, once it has ended."""
        async with asyncio.timeout(15):
            await self.engine.transport.read("POST", f"/containers/{container}/wait")
        return (await self.engine.containers.read(container)).exit_code

    async def logs(self, container: str, **options: Any) -> list[LogRecord]:
        batches = [batch async for batch in self.engine.containers.logs(container, **({"tty": False} | options))]
        return [record for batch in batches for record in batch]

    def reference(self, tag: str) -> str:
        self.tags.append(f"{self.prefix}:{tag}")
        return self.tags[-1]


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench


@asynccontextmanager
async def bench_on(socket: str) -> AsyncIterator[Bench]:
    engine = Engine(Endpoint(f"unix://{socket}", "test"))
    await engine.connect()
    bench = Bench(engine)
    try:
        yield bench
    finally:
        await _clean_up(bench)


async def _clean_up(bench: Bench) -> None:
    engine = bench.engine
    for container in await engine.containers.list_all(filters={"label": [f"hythe.test={bench.prefix}"]}):
        await engine.containers.remove(container.id, force=True, volumes=True)
    for tag in bench.tags:
        with suppress(NotFound):
            await engine.images.remove(tag, force=True)
    await engine.close()


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
    assert (await containers.read(made)).state == "running"
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


# images


async def test_an_image_from_a_container(bench: Bench) -> None:
    made = await bench.run("sh", "-c", "echo data > /file")
    await bench.ended(made)
    reference = bench.reference("one")
    images = bench.engine.images
    image_id = await bench.engine.containers.commit(
        made,
        repo=bench.prefix,
        tag="one",
        author="me; & you",
        message="as é",
        changes=["ENV A=b", 'CMD ["sleep", "1"]'],
    )
    whole = await images.details(reference)
    assert whole.id == image_id
    assert (whole.author, whole.comment) == ("me; & you", "as é")
    assert whole.config is not None
    assert "A=b" in (whole.config.env or [])
    assert whole.config.cmd == ["sleep", "1"]
    assert whole.architecture

    listed = {image.id: image for image in await images.list_all()}[image_id]
    read = await images.read(image_id)
    assert (read.id, read.tags, read.size, read.created) == (listed.id, listed.tags, listed.size, listed.created)
    assert listed.tags == (reference,)
    assert not listed.dangling

    base = await images.read(IMAGE)
    history, before = await images.history(reference), await images.history(IMAGE)
    assert len(history) == len(before) + 1
    assert history[0].comment == "as é"
    assert history[0].size > 0
    assert read.size > base.size


async def test_tags_come_move_and_go(bench: Bench) -> None:
    images = bench.engine.images
    made = await bench.create("true")
    first, second = bench.reference("a"), bench.reference("b")
    one = await bench.engine.containers.commit(made, repo=bench.prefix, tag="a", message="one")
    other = await bench.engine.containers.commit(made, repo=bench.prefix, tag="b", message="other")
    await images.tag(one, bench.prefix, "b")
    assert set((await images.read(one)).tags) == {first, second}
    assert (await images.read(other)).dangling
    bench.tags.append(other)

    removed = await images.remove(first)
    assert [line.untagged for line in removed] == [first]
    removed = await images.remove(second)
    assert {line.untagged for line in removed} - {""} == {second}
    assert one in {line.deleted for line in removed}
    with pytest.raises(NotFound, match=r"(?i)no such image"):
        await images.read(one)
    with pytest.raises(NotFound, match=r"(?i)no such image"):
        await images.history(one)


async def test_an_image_in_use_is_kept(bench: Bench) -> None:
    images = bench.engine.images
    made = await bench.create("true", name="base")
    reference = bench.reference("used")
    image = await bench.engine.containers.commit(made, repo=bench.prefix, tag="used")
    await bench.create("true", name="user", Image=reference)
    with pytest.raises(Conflict, match=r"(?i)container"):
        await images.remove(image)
    assert (await images.read(reference)).id == image


async def test_an_archive_of_an_image(bench: Bench) -> None:
    data = b"".join([chunk async for chunk in bench.engine.images.archive(IMAGE)])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        (described,) = json.loads(manifest.read())
        names = set(archive.getnames())
    assert described["RepoTags"] == [IMAGE]
    assert {described["Config"], *described["Layers"]} <= names


async def test_a_pull_that_cannot_be(bench: Bench) -> None:
    with pytest.raises(ApiError) as caught:
        async for _ in bench.engine.images.pull("localhost:1/nothing/here", "latest"):
            pass
    assert str(caught.value)


async def test_whole_inspects(bench: Bench) -> None:
    made = await bench.create("true")
    assert (await bench.engine.containers.inspect(made))["Id"] == made
    image = await bench.engine.images.inspect(IMAGE)
    assert IMAGE in image["RepoTags"]
    assert (await bench.engine.images.read(IMAGE)).id == image["Id"]


# refusals


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
            anext(engine.images.pull("busybox", "latest")),
        ]
        for call in calls:
            with pytest.raises(ReadOnly, match="was not sent"):
                await call
        assert (proxy.accepted, engine.transport.requests) == (accepted, requests)
        await engine.close()
    assert (await bench.engine.containers.read(made)).state == "running"


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
    async with asyncio.timeout(10):
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
    async with asyncio.timeout(10):
        await listening
    assert seen == ["pause"]


async def test_a_daemon_that_is_not_there(short_tmp: Path) -> None:
    engine = Engine(Endpoint(f"unix://{short_tmp}/none.sock", "test"))
    with pytest.raises(ConnectionFailed, match="no socket"):
        await engine.containers.list_all()
    await engine.close()
