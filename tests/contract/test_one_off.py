"""One command in a container with its output kept, against every engine: output, exit code, refusals, cancelling."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from engine_bench import Bench, bench_on
from tui.commands.history import History
from tui.commands.one_off import OneOff
from tui.commands.session import Session
from tui.engine.engine import Engine
from tui.model.exec_spec import command_words
from tui.model.log_record import LogBatch, Stream
from waiting import until


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench


@pytest.fixture
async def session(bench: Bench) -> AsyncIterator[Session]:
    session = Session(Engine(bench.engine.endpoint), History())
    yield session
    await session.close()


class Kept:
    """What a command printed."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, bytes]] = []

    def show(self, batch: LogBatch) -> None:
        self.lines += zip(batch.streams, batch.texts, strict=True)


async def begun(session: Session, bench: Bench, text: str) -> tuple[OneOff, Kept]:
    target = await bench.engine.containers.read(await bench.run("sleep", "1000"))
    kept = Kept()
    run = OneOff(session, target, command_words(text), kept.show, lambda: None)
    run.start()
    return run, kept


async def test_output_errors_and_exit_code(session: Session, bench: Bench) -> None:
    run, kept = await begun(session, bench, "echo one; echo two >&2; exit 3")
    async with asyncio.timeout(30):
        await run.wait()
    assert sorted(kept.lines) == [(Stream.STDOUT, b"one"), (Stream.STDERR, b"two")]
    assert (run.state, run.exit_code, run.problem) == ("failed", 3, "")
    (entry,) = session.history
    assert entry.line == f"docker exec {run.target.name} sh -c 'echo one; echo two >&2; exit 3'"
    assert (entry.outcome, entry.detail) == ("failed", "exit 3")


async def test_all_went_well(session: Session, bench: Bench) -> None:
    run, kept = await begun(session, bench, "echo 'a b'")
    async with asyncio.timeout(30):
        await run.wait()
    assert kept.lines == [(Stream.STDOUT, b"a b")]
    assert (run.state, run.exit_code) == ("done", 0)
    before = run.seconds
    assert run.seconds == before, "it took what it took"


async def test_what_the_daemon_refuses_is_said(session: Session, bench: Bench) -> None:
    session.engine.transport.read_only = True
    run, _ = await begun(session, bench, "true")
    async with asyncio.timeout(30):
        await run.wait()
    assert run.state == "failed"
    assert "read-only" in run.problem


async def test_cancelling_ends_it_inside_the_container(session: Session, bench: Bench) -> None:
    run, kept = await begun(session, bench, "echo begun; sleep 500; echo never")
    await until(lambda: bool(kept.lines))
    async with asyncio.timeout(30):
        await run.cancel()
    assert (run.state, run.problem) == ("cancelled", "")
    assert kept.lines == [(Stream.STDOUT, b"begun")]
    (entry,) = session.history
    assert entry.outcome == "cancelled"
