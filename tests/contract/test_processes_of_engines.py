"""The processes of a container on every engine: read, told apart inside with and without the kernel, sent signals."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fake_ui import FakeUi
from tui.commands.command import Context
from tui.commands.history import History
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import Conflict, ExecFailed, ProcessUnknown
from tui.model.containers import Container
from tui.model.processes import WAYS, Process, ProcessTree, processes_from

SHELL = "/bin/sh"
SCRIPT = "sleep 1001 & sleep 1002 & sleep 1003 & sleep 1003 & while :; do sleep 1000; done"


@pytest.fixture
async def session(engine_socket: str) -> AsyncIterator[Session]:
    session = Session(Engine(Endpoint(f"unix://{engine_socket}", "test")), History())
    await session.engine.connect()
    yield session
    for container in await session.engine.containers.list_all(filters={"label": ["hythe.test=processes"]}):
        await session.engine.containers.remove(container.id, force=True)
    await session.close()


@pytest.fixture
async def made(session: Session) -> Container:
    body = {"Image": "busybox:latest", "Cmd": ["sh", "-c", SCRIPT], "Labels": {"hythe.test": "processes"}}
    created = await session.engine.containers.create(body, name=f"processes-{secrets.token_hex(4)}")
    await session.engine.containers.start(created.id)
    return await session.engine.containers.read(created.id)


async def children(session: Session, made: Container) -> list[Process]:
    """Return what the main process began, once there are some."""
    async with asyncio.timeout(20):
        while True:
            tree = ProcessTree(await session.engine.processes.of(made.id))
            if len(tree.by_pid) > 1:
                return [tree.by_pid[pid] for pid in tree.children(made.pid)]
            await asyncio.sleep(0.05)


async def test_they_are_a_tree_below_the_main_process(session: Session, made: Container) -> None:
    found = await children(session, made)
    assert found
    assert {process.parent for process in found} == {made.pid}
    main = next(process for process in await session.engine.processes.of(made.id) if process.pid == made.pid)
    assert main.command.startswith("sh")
    assert main.memory
    assert main.user == "root"


@pytest.mark.parametrize("way", WAYS)
async def test_each_way_of_asking_tells_the_same_processes(session: Session, made: Container, way: str) -> None:
    await children(session, made)
    found = ProcessTree(processes_from(await session.engine.containers.top(made.id, way)))
    assert made.pid in found.by_pid
    assert found.children(made.pid)
    assert all(process.command for process in found.by_pid.values())


async def test_a_ps_that_does_not_know_the_best_way_is_asked_in_another(
    session: Session, made: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.engine.processes.WAYS", ("-eo pid,nonsense", "-ef"))
    assert made.pid in {process.pid for process in await session.engine.processes.of(made.id)}
    before = session.engine.transport.requests
    await session.engine.processes.of(made.id)
    assert session.engine.transport.requests == before + 1, "what works is remembered"


@pytest.mark.parametrize("local", [True, False], ids=["kernel", "inside"])
async def test_one_of_them_is_ended_by_the_command(
    session: Session, made: Container, tmp_path: Path, local: bool
) -> None:
    if not local:
        session.engine.processes.proc = tmp_path  # as of a daemon elsewhere: this machine knows none of its numbers
    target = (await children(session, made))[0]
    ui = FakeUi(choice="SIGTERM")
    await BY_ID["container.signal_process"].run(Context(session, ui, "containers", (made,), process=target))
    assert [title for title, _, _ in ui.asked] == [f"Send SIGTERM to a process in {made.name}?"]
    (entry,) = session.history
    assert entry.line.startswith(f"docker exec --user 0 {made.name} ")
    assert "kill -TERM " in entry.line
    assert entry.outcome == "ok"
    async with asyncio.timeout(20):
        while any(process.pid == target.pid for process in await session.engine.processes.of(made.id)):  # noqa: ASYNC110 what another process does
            await asyncio.sleep(0.05)
    assert (await session.engine.containers.read(made.id)).state == "running"


async def test_the_main_process_gets_the_containers_own_kill(session: Session, made: Container) -> None:
    main = next(process for process in await session.engine.processes.of(made.id) if process.pid == made.pid)
    ui = FakeUi(choice="SIGKILL")
    await BY_ID["container.signal_process"].run(Context(session, ui, "containers", (made,), process=main))
    assert [entry.line for entry in session.history] == [f"docker kill --signal=SIGKILL {made.name}"]


async def test_twins_are_not_guessed_at_from_afar(session: Session, made: Container, tmp_path: Path) -> None:
    session.engine.processes.proc = tmp_path
    found = await children(session, made)
    twins = [process for process in found if sum(other.command == process.command for other in found) > 1]
    if not twins:
        pytest.skip("this engine runs no two of the same")
    with pytest.raises(ProcessUnknown, match="same command and parents"):
        await session.engine.processes.inside(made, twins[0], SHELL)


async def test_one_that_has_ended_is_told_so(session: Session, made: Container, tmp_path: Path) -> None:
    session.engine.processes.proc = tmp_path
    gone = Process(4_000_000, made.pid, "root", 0, 0, 0, "sleep 1001")
    with pytest.raises(ProcessUnknown, match="ended"):
        await session.engine.processes.inside(made, gone, SHELL)
    with pytest.raises(ExecFailed, match="No such process"):
        await session.engine.processes.signal(made.id, SHELL, 30_000, "SIGTERM")


async def test_paused_ones_are_told_and_stopped_ones_are_refused(session: Session, made: Container) -> None:
    await session.engine.containers.pause(made.id)
    assert await session.engine.processes.of(made.id)
    paused = await session.engine.containers.read(made.id)
    why_not = BY_ID["container.signal_process"].why_not(Context(session, FakeUi(), "containers", (paused,)))
    assert "paused" in (why_not or "")
    await session.engine.containers.unpause(made.id)
    await session.engine.containers.stop(made.id, grace=0)
    with pytest.raises(Conflict, match="not running"):
        await session.engine.processes.of(made.id)


async def test_without_a_process_one_is_asked_for(session: Session, made: Container) -> None:
    await children(session, made)
    ui = FakeUi()
    await BY_ID["container.signal_process"].run(Context(session, ui, "containers", (made,)))
    assert str(made.pid) in ui.offered.values()
    assert not list(session.history)
