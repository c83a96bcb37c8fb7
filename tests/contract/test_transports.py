"""The same operations over every transport: requests, events, logs that follow, statistics, a build, an archive."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from engine_bench import IMAGE, Bench, bench_on
from tui.commands.build import start_build
from tui.commands.history import History
from tui.commands.session import Session
from tui.engine.build_context import open_context
from tui.engine.errors import Conflict, ConnectionFailed, NotFound, ReadOnly
from tui.engine.transport import Transport
from tui.model.build_spec import BuildSpec
from ways import Way


@pytest.fixture
async def bench(way: Way, engine_socket: str) -> AsyncIterator[Bench]:
    async with way.to(engine_socket) as endpoint, bench_on(endpoint) as bench:
        yield bench


async def test_a_container_from_its_making_to_its_end(bench: Bench) -> None:
    """Its events come, its log is followed to the end, and refusals keep the daemon's words."""
    seen: list[str] = []
    opened = asyncio.Event()
    gone = asyncio.Event()

    async def listen() -> None:
        async with aclosing(bench.engine.events()) as events:
            async for event in events:
                if event is None:
                    opened.set()
                elif event.attributes.get("name", "").startswith(bench.prefix):
                    seen.append(event.verb)
                    if event.verb == "destroy":
                        gone.set()

    listening = asyncio.create_task(listen())
    async with asyncio.timeout(60):
        await opened.wait()
        made = await bench.run("sh", "-c", "echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three")
        lines = [record.text async for batch in bench.engine.containers.logs(made, tty=False, follow=True)
                 for record in batch]  # fmt: skip
        assert lines == ["one", "two", "three"]
        assert await bench.ended(made) == 0
        with pytest.raises(Conflict, match="already in use"):
            await bench.create("true")
        await bench.engine.containers.remove(made)
        await gone.wait()
        with pytest.raises(NotFound):
            await bench.engine.containers.read(made)
    assert [verb for verb in seen if verb in ("create", "start", "die", "destroy")] == [
        "create", "start", "die", "destroy",
    ]  # fmt: skip
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening


async def test_statistics_stream_and_a_stream_that_is_left_is_closed(bench: Bench) -> None:
    made = await bench.run("sleep", "1000")
    async with asyncio.timeout(60):
        for _ in range(2):
            async with aclosing(bench.engine.containers.stats(made)) as samples:
                async for sample in samples:
                    assert sample.memory_limit > 0
                    break
        await asyncio.gather(*(bench.engine.containers.read(made) for _ in range(20)))


async def test_a_build_sends_its_context(bench: Bench, tmp_path: Path) -> None:
    """A context larger than any buffer on the way, of bytes that shrink by no compression."""
    noise = secrets.token_bytes(1 << 20) * 6
    (tmp_path / "noise.bin").write_bytes(noise)
    text = "FROM busybox\nCOPY noise.bin /noise.bin\n"
    (tmp_path / "Dockerfile").write_text(text)
    session = Session(bench.engine, History())
    tag = bench.reference("built")
    job = start_build(session, BuildSpec(str(tmp_path), tag=tag), open_context(tmp_path), text)
    async with asyncio.timeout(120):
        await job.wait()
    assert (job.state, job.error) == ("done", "")
    history = await bench.engine.images.history(tag)
    assert max(entry.size for entry in history) >= len(noise)
    await session.jobs.close()


async def test_an_image_comes_as_an_archive(bench: Bench) -> None:
    size, start = 0, b""
    async with asyncio.timeout(120):
        async for chunk in bench.engine.images.archive(IMAGE):
            start = start or chunk
            size += len(chunk)
    assert size > 10_240
    assert b"ustar" in start[:512]


async def test_read_only_writes_over_no_transport(bench: Bench) -> None:
    made = await bench.create("true")
    bench.engine.transport.read_only = True
    with pytest.raises(ReadOnly):
        await bench.engine.containers.remove(made)
    bench.engine.transport.read_only = False
    assert (await bench.engine.containers.read(made)).state == "created"


async def test_a_daemon_that_is_not_there_is_a_failure_to_connect(way: Way, short_tmp: Path) -> None:
    async with way.to(str(short_tmp / "none.sock")) as endpoint:
        transport = Transport(endpoint)
        with pytest.raises(ConnectionFailed) as caught:
            await transport.negotiate()
        await transport.close()
    # who stands before the daemon can only hang up
    assert caught.value.kind == ("unreachable" if way.kind in ("tcp", "tls") else "no socket")
    assert caught.value.hint
