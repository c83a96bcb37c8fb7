"""The commands on volumes and networks against every engine: what they ask, send and write down."""

import asyncio
import secrets
import tarfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from fake_ui import FakeUi
from tui.commands.command import Context, Row, Scope
from tui.commands.history import History
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.model.networks import Subnet

LABELS = {"hythe.test": "storage-commands"}


@pytest.fixture
async def session(engine_socket: str) -> AsyncIterator[Session]:
    engine = Engine(Endpoint(f"unix://{engine_socket}", "test"))
    await engine.connect()
    session = Session(engine, History())
    session.start()
    await until(session, lambda: session.state.condition.is_live)
    yield session
    ours = {"label": ["hythe.test=storage-commands"]}
    for container in await engine.containers.list_all(filters=ours):
        await engine.containers.remove(container.id, force=True)
    for volume in await engine.volumes.list_all(filters=ours):
        await engine.volumes.remove(volume.name, force=True)
    for network in await engine.networks.list_all(filters=ours):
        await engine.networks.remove(network.id)
    await session.close()


async def until(session: Session, true: Callable[[], bool]) -> None:
    with session.following() as news:
        async with asyncio.timeout(15):
            while not true():
                news.clear()
                await news.wait()


async def run(session: Session, id: str, *rows: Row, ui: FakeUi | None = None) -> FakeUi:
    ui = ui or FakeUi()
    scope: Scope = BY_ID[id].scope
    context = Context(session, ui, scope, rows)
    assert BY_ID[id].why_not(context) is None
    await BY_ID[id].run(context)
    return ui


def lines(session: Session) -> list[tuple[str, str]]:
    return [(entry.line, entry.outcome) for entry in reversed(list(session.history))]


async def test_a_container_is_disconnected_after_asking(session: Session) -> None:
    name = f"sc-{secrets.token_hex(4)}"
    network = await session.engine.networks.create(name, subnets=[Subnet("10.79.1.0/24")], labels=LABELS)
    body = {"Image": "busybox:latest", "Cmd": ["sleep", "1000"], "Labels": LABELS}
    made = (await session.engine.containers.create(body, name=f"{name}-c")).id
    await session.engine.containers.start(made)
    await session.engine.networks.connect(network, made, ipv4="10.79.1.9")
    await until(session, lambda: network in session.state.networks and made in session.state.containers
                and name in dict(session.state.containers[made].networks))  # fmt: skip
    row = session.state.networks[network]
    ui = await run(session, "network.disconnect", row, ui=FakeUi(choice=made))
    await until(session, lambda: name not in dict(session.state.containers[made].networks))
    assert ui.asked[0][:2] == (f"Disconnect from {name}?", (f"{name}-c  (running, 10.79.1.9)",))
    assert lines(session) == [(f"docker network disconnect {name} {name}-c", "ok")]
    context = Context(session, ui, "networks", (row,))
    assert BY_ID["network.disconnect"].why_not(context) == "nobody is attached"
    host = next(each for each in session.state.networks.values() if each.name == "host")
    assert BY_ID["network.connect"].why_not(Context(session, ui, "networks", (host,)))
    assert BY_ID["network.create"].why_not(Context(session, ui, "networks")) is None, "it needs no row"


async def test_a_question_about_networks_says_where_and_counts_those_that_go(session: Session) -> None:
    name = f"sc-{secrets.token_hex(4)}"
    made = [await session.engine.networks.create(f"{name}-{each}", labels=LABELS) for each in range(2)]
    await until(session, lambda: set(made) <= session.state.networks.keys())
    bridge = next(each for each in session.state.networks.values() if each.name == "bridge")
    session.guarded = True
    rows = (bridge, *(session.state.networks[id] for id in made))
    ui = await run(session, "network.remove", *rows, ui=FakeUi(answer=False, many_hosts=True))
    ((title, listed, typed),) = ui.asked
    assert (title, typed) == ("Remove 2 networks?", "2"), "the daemon's own is not removed, and not counted"
    assert listed[0] == f"on {session.name}:"
    assert len(listed) == 3


async def test_a_volume_that_was_counted_empty_is_removed_without_its_name(session: Session) -> None:
    name = f"sc-{secrets.token_hex(4)}"
    await session.engine.volumes.create(name, labels=LABELS)
    await until(session, lambda: name in session.state.volumes)
    row = session.state.volumes[name]
    asked = await run(session, "volume.remove", row, ui=FakeUi(answer=False))
    assert asked.asked[0][2] == name, "nobody knows what is in it"
    await run(session, "volume.sizes", row)
    await session.disk.wait()
    assert session.disk.volume_size(name) == 0
    asked = await run(session, "volume.remove", row)
    assert asked.asked[0][2] is None
    await until(session, lambda: name not in session.state.volumes)
    assert lines(session) == [(f"docker volume rm {name}", "ok")]


async def test_files_go_out_and_in(session: Session, tmp_path: Path) -> None:
    name = f"sc-{secrets.token_hex(4)}"
    await session.engine.volumes.create(name, labels=LABELS)
    await until(session, lambda: name in session.state.volumes and bool(session.state.images))
    row = session.state.volumes[name]
    source = tmp_path / "in.tar"
    with tarfile.open(source, "w") as tar:
        tar.add(__file__, "./file")
    ui = await run(session, "volume.restore", row, ui=FakeUi(text=str(source)))
    await asyncio.gather(*(job.wait() for job in session.jobs))
    (question,) = ui.asked
    assert question[2] == name, "it may hold something"
    assert "1 entry, " in question[1][0]
    target = tmp_path / "out.tar"
    await run(session, "volume.backup", row, ui=FakeUi(text=str(target)))
    await asyncio.gather(*(job.wait() for job in session.jobs))
    with tarfile.open(target) as tar:
        assert {"./file"} <= set(tar.getnames())
    assert [outcome for _, outcome in lines(session)] == ["ok", "ok"]
    assert all(f"--volume {name}:/v" in line for line, _ in lines(session))


async def test_a_wrong_tar_leaves_the_volume_alone(session: Session, tmp_path: Path) -> None:
    name = f"sc-{secrets.token_hex(4)}"
    await session.engine.volumes.create(name, labels=LABELS)
    await until(session, lambda: name in session.state.volumes and bool(session.state.images))
    source = tmp_path / "in.tar"
    with tarfile.open(source, "w") as tar:
        tar.add(__file__, "../out")
    ui = await run(session, "volume.restore", session.state.volumes[name], ui=FakeUi(text=str(source)))
    assert not ui.asked
    assert "leads out of the volume" in ui.notes[0][1]
    assert lines(session) == []
