"""The clean-up command against every engine: what it asks, what it removes of the build cache, what it writes down."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from fake_ui import FakeUi
from tui.commands.build import start_build
from tui.commands.command import Context
from tui.commands.disk import PRUNE_OF, objects_of, options, remove
from tui.commands.history import History
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.build_context import open_context
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ConnectionFailed, NotFound
from tui.model.build_spec import BuildSpec
from tui.store.disk import DiskBook


@pytest.fixture
async def session(engine_socket: str) -> AsyncIterator[Session]:
    engine = Engine(Endpoint(f"unix://{engine_socket}", "test"))
    await engine.connect()
    session = Session(engine, History())
    yield session
    await session.close()


async def counted(session: Session) -> None:
    session.disk.read()
    await session.disk.wait()
    assert session.disk.problem == ""


async def test_the_cache_of_one_build_goes_and_no_other(session: Session, tmp_path: Path) -> None:
    await counted(session)
    before = {each.id for each in session.disk.use.cache or ()}
    name = f"cleanup-{secrets.token_hex(4)}:1"
    text = f"FROM busybox\nRUN echo {name} > /one\nRUN echo two > /two\n"
    (tmp_path / "Dockerfile").write_text(text)
    build = start_build(session, BuildSpec(str(tmp_path), tag=name, builder="2"), open_context(tmp_path), text)
    await build.wait()
    assert build.state == "done", build.error
    try:
        await counted(session)
        prune = PRUNE_OF["all-cache"]
        ours = [each for each in objects_of(session, prune) if each.id not in before]
        assert ours, "the build made some"
        ui = FakeUi()
        job = await remove(Context(session, ui, "app"), prune, ours)
        assert job is not None
        await job.wait()
        assert job.state == "done", job.error
        (question,) = ui.asked
        assert question[0] == f"Remove {len(ours)} object{'s' * (len(ours) > 1)} on {session.name}?"
        assert len(question[1]) == len(ours)
        # in their order none is kept for another that builds upon it
        kept = [(each, job.fates[each.key]) for each in ours if job.fates[each.key][0] == "kept"]
        assert not kept, kept
        now = {each.id for each in session.disk.use.cache or ()}
        assert now == before
        lines = [entry.line for entry in session.history if "prune" in entry.line]
        assert len(lines) == len(ours)
        assert all(line.startswith("docker builder prune --all --force --filter id=") for line in lines)
    finally:
        with suppress(NotFound):
            await session.engine.images.remove(name, force=True)


async def test_who_says_no_removes_nothing(session: Session) -> None:
    await counted(session)
    found = objects_of(session, PRUNE_OF["all-cache"])
    assert await remove(Context(session, FakeUi(answer=False), "app"), PRUNE_OF["all-cache"], found) is None
    assert not list(session.history)
    assert not list(session.jobs)


async def test_on_a_guarded_host_the_number_is_typed(session: Session) -> None:
    session.guarded = True
    made = await session.engine.containers.create({"Image": "busybox:latest", "Cmd": ["true"]})
    try:
        await counted(session)
        (ours,) = [each for each in objects_of(session, PRUNE_OF["containers"]) if each.id == made.id]
        ui = FakeUi(answer=False)
        await remove(Context(session, ui, "app"), PRUNE_OF["containers"], [ours])
        assert [typed for _, _, typed in ui.asked] == ["1"]
    finally:
        await session.engine.containers.remove(made.id)


async def test_networks_are_not_judged_without_the_containers(session: Session) -> None:
    await counted(session)
    assert not session.state.listed, "the feed was not begun"
    assert list(objects_of(session, PRUNE_OF["networks"])) == []


async def test_the_prunes_are_offered_with_what_they_would_take(session: Session) -> None:
    assert all(hint.startswith("$ docker") for _, _, hint in options(session)), "nothing is known yet"
    await counted(session)
    assert all("  $ docker" in hint for _, _, hint in options(session))
    ui = FakeUi(choice="volumes")
    await BY_ID["app.clean_up"].run(Context(session, ui, "app"))
    assert ui.opened == [("clean_up", {"prune": "volumes"})]
    assert ui.opened_on == [session]
    session.engine.transport.read_only = True
    assert "read-only" in (BY_ID["app.clean_up"].why_not(Context(session, ui, "app")) or "")


async def test_a_daemon_that_does_not_answer_is_told(tmp_path: Path) -> None:
    engine = Engine(Endpoint(f"unix://{tmp_path}/none.sock", "test"))
    book = DiskBook(engine, lambda: 0.0)
    book.read()
    await book.wait()
    assert "no socket" in book.problem
    assert not book.reading
    assert book.use.total == 0
    with pytest.raises(ConnectionFailed):
        async for _ in engine.disk.use():
            pass
    await engine.close()


async def test_two_readings_of_the_same_daemon_wait_for_each_other(session: Session) -> None:
    """A daemon of 20.10 answers the second one with an error."""
    disk = session.engine.disk
    first, second = await asyncio.gather(disk.volumes(), disk.volumes())
    assert first.keys() == second.keys()
