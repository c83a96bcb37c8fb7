"""The swarm: on the demo engine and on real ones that are alone in theirs; and a daemon that is in none."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from fake_ui import FakeUi
from private_engine import PrivateEngine
from tui.commands.command import Context, Scope
from tui.commands.history import History
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.demo.server import serve_demo
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError
from tui.engine.swarm import set_replicas
from tui.model.swarm import SwarmNode, SwarmService
from tui.store.swarm import SILENT


async def connected(socket: str) -> Session:
    engine = Engine(Endpoint(f"unix://{socket}", "test"))
    await engine.connect()
    session = Session(engine, History(), environment={})
    session.start()
    await until(session, lambda: session.swarm.status is not None)
    return session


async def until(session: Session, true: Callable[[], bool]) -> None:
    """Wait until what is known makes it true."""
    changed = asyncio.Event()
    session.on_state = lambda: changed.set()
    async with asyncio.timeout(90):
        while not true():
            await changed.wait()
            changed.clear()


async def run(
    session: Session, id: str, scope: Scope, *rows: SwarmService | SwarmNode, ui: FakeUi | None = None
) -> FakeUi:
    ui = ui or FakeUi()
    context = Context(session, ui, scope, rows)
    assert BY_ID[id].why_not(context) is None
    await BY_ID[id].run_on(context)
    return ui


def service(session: Session, name: str) -> SwarmService:
    return next(each for each in session.swarm.services.values() if each.name == name)


def running(session: Session, name: str, count: int) -> Callable[[], bool]:
    return lambda: any(s.name == name and s.running == s.wanted == count for s in session.swarm.services.values())


# in no swarm


async def test_a_daemon_in_no_swarm_says_so(engine_socket: str) -> None:
    session = await connected(engine_socket)
    try:
        assert session.swarm.why_not == "this daemon is in no swarm"
        with pytest.raises(ApiError, match="This node is not a swarm manager") as caught:
            await session.engine.swarm.services()
        assert caught.value.status == 503
        assert BY_ID["app.swarm_leave"].why_not(Context(session, FakeUi(), "app")) == "this daemon is in no swarm"
    finally:
        await session.close()


# a swarm of one


@pytest.fixture
async def managed(own_engine: PrivateEngine) -> AsyncIterator[Session]:
    """A real engine of the test's own, after `docker swarm init`."""
    session = await connected(own_engine.socket)
    await own_swarm(session)
    yield session
    await session.close()


async def own_swarm(session: Session) -> None:
    ui = await run(session, "app.swarm_init", "app", ui=FakeUi(text="127.0.0.1"))
    assert ui.notes == [("information", "$ docker swarm init --advertise-addr 127.0.0.1")]
    session.swarm.watch(True)
    await until(session, lambda: session.swarm.known and len(session.swarm.nodes) == 1)
    assert BY_ID["app.swarm_init"].why_not(Context(session, FakeUi(), "app")) == "this daemon is in a swarm already"


async def life_of_a_service(session: Session) -> None:
    """Make a service, scale it, change it, take that back, and remove it; then leave the swarm."""
    spec = {
        "Name": "web", "Labels": {"com.docker.stack.namespace": "shop"},
        "TaskTemplate": {
            "ContainerSpec": {"Image": "busybox:latest", "Command": ["sleep", "600"], "StopGracePeriod": 1},
        },
        "Mode": {"Replicated": {"Replicas": 1}},
    }  # fmt: skip
    await session.engine.transport.read("POST", "/services/create", body=spec)
    await until(session, running(session, "web", 1))
    made = service(session, "web")
    assert (made.mode, made.stack, made.short_image) == ("replicated", "shop", "busybox:latest")
    assert BY_ID["service.rollback"].why_not(Context(session, FakeUi(), "services", (made,))) is not None

    await run(session, "service.scale", "services", made, ui=FakeUi(text="2"))
    await until(session, running(session, "web", 2))
    tasks = await session.engine.swarm.tasks(made.id)
    assert [task.slot for task in tasks if task.desired == "running"] == [1, 2]
    less = await run(session, "service.scale", "services", service(session, "web"), ui=FakeUi(text="1"))
    assert less.asked[0][0].startswith("Scale web from 2 to 1 on ")
    await until(session, running(session, "web", 1))

    await run(session, "service.update", "services", service(session, "web"), ui=FakeUi(text="busybox:none"))
    await until(session, lambda: service(session, "web").short_image == "busybox:none")
    await run(session, "service.rollback", "services", service(session, "web"))
    await until(session, lambda: service(session, "web").short_image == "busybox:latest")

    node = next(iter(session.swarm.nodes.values()))
    assert (node.role, node.leader, node.availability, node.state) == ("manager", True, "active", "ready")
    drained = await run(session, "node.availability", "nodes", node, ui=FakeUi(choice="drain"))
    assert drained.asked[0][0] == "Drain 1 node?"
    await until(session, lambda: session.swarm.nodes[node.id].availability == "drain")
    demoted = await run(session, "node.promote", "nodes", session.swarm.nodes[node.id])
    assert "demote the last manager" in demoted.notes[-1][1]
    assert demoted.asked[0][1] == (f"{node.name}  {node.id[:12]}  (manager, leader, ready, drain)",)

    asked = await run(session, "service.remove", "services", service(session, "web"))
    assert asked.asked[0][0] == "Remove 1 service from the swarm, on every node?"
    await until(session, lambda: not session.swarm.services)
    left = await run(session, "app.swarm_leave", "app")
    assert "when the last manager leaves" in left.asked[0][1][1]
    await until(session, lambda: session.swarm.why_not == "this daemon is in no swarm")
    lines = [entry.line for entry in reversed(list(session.history))]
    assert lines == [
        "docker swarm init --advertise-addr 127.0.0.1",
        "docker service scale --detach web=2",
        "docker service scale --detach web=1",
        "docker service update --detach --no-resolve-image --image busybox:none web",
        "docker service rollback --detach web",
        f"docker node update --availability drain {node.id}",
        f"docker node demote {node.id}",
        "docker service rm web",
        "docker swarm leave --force",
    ]


async def test_life_of_a_service(managed: Session) -> None:
    await life_of_a_service(managed)


async def test_life_of_a_service_of_the_demo_engine() -> None:
    async with serve_demo() as path:
        session = await connected(str(path))
        try:
            await own_swarm(session)
            await life_of_a_service(session)
        finally:
            await session.close()


# what the demo engine's swarm shows


@pytest.fixture
async def seeded() -> AsyncIterator[Session]:
    async with serve_demo(swarm=True) as path:
        session = await connected(str(path))
        session.swarm.watch(True)
        await until(session, lambda: session.swarm.known)
        yield session
        await session.close()


async def test_each_change_is_made_from_what_was_read_right_before(seeded: Session) -> None:
    web = service(seeded, "shop_web")
    await seeded.engine.swarm.change_service(web.id, set_replicas(4))
    await run(seeded, "service.scale", "services", web, ui=FakeUi(text="5"))
    await until(seeded, running(seeded, "shop_web", 5))
    found = await seeded.engine.swarm.inspect_service(web.id)
    with pytest.raises(ApiError, match="update out of sequence"):
        await seeded.engine.transport.read(
            "POST", f"/services/{web.id}/update", params={"version": "1"}, body=found["Spec"]
        )


async def test_names_of_secrets_and_configs_and_why_tasks_fail(seeded: Session) -> None:
    assert [each.name for each in await seeded.engine.swarm.secrets()] == ["shop_db_password", "tls_key"]
    assert [each.name for each in await seeded.engine.swarm.configs()] == ["shop_nginx_conf"]
    tasks = await seeded.engine.swarm.tasks(service(seeded, "ledger").id)
    assert {task.error for task in tasks} == {"No such image: registry.example.com/team/ledger:9"}


async def test_a_node_that_is_not_down_is_removed_only_by_force(seeded: Session) -> None:
    worker = next(node for node in seeded.swarm.nodes.values() if node.name == "worker-1")
    seeded.guarded = True
    ui = await run(seeded, "node.remove", "nodes", worker)
    assert [(title, typed) for title, _, typed in ui.asked] == [
        ("Remove 1 node from the swarm?", "worker-1"),
        ("Remove 1 node by force?", "worker-1"),
    ]
    await until(seeded, lambda: worker.id not in seeded.swarm.nodes)


async def test_a_guarded_host_wants_what_is_asked_about_and_not_the_number_of_rows(seeded: Session) -> None:
    nodes = list(seeded.swarm.nodes.values())
    workers = [node.name for node in nodes if not node.is_manager]
    await run(seeded, "service.scale", "services", service(seeded, "shop_web"), ui=FakeUi(text="4"))
    await until(seeded, lambda: service(seeded, "shop_web").has_previous)
    services = list(seeded.swarm.services.values())
    changed = [each.name for each in services if each.has_previous]
    assert len(workers) < len(nodes)
    assert len(changed) < len(services)
    seeded.guarded = True
    promote = await run(seeded, "node.promote", "nodes", *nodes, ui=FakeUi(answer=False))
    rollback = await run(seeded, "service.rollback", "services", *services, ui=FakeUi(answer=False))
    ((_, listed, typed),) = promote.asked
    assert (len(listed), typed) == (len(workers), workers[0] if len(workers) == 1 else str(len(workers)))
    ((_, listed, typed),) = rollback.asked
    assert (len(listed), typed) == (len(changed), changed[0] if len(changed) == 1 else str(len(changed)))


async def test_read_only_changes_nothing(seeded: Session) -> None:
    seeded.engine.transport.read_only = True
    web = service(seeded, "shop_web")
    for command in BY_ID.values():
        if command.scope in ("services", "nodes") and command.writes:
            assert "read-only" in (command.why_not(Context(seeded, FakeUi(), "services", (web,))) or "")


async def test_what_the_manager_can_not_do_is_told_in_its_words(
    seeded: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "rpc error: code = Unknown desc = The swarm does not have a leader."

    async def no_quorum() -> list[SwarmService]:
        raise ApiError(500, words)

    monkeypatch.setattr(seeded.engine.swarm, "services", no_quorum)
    seeded.swarm.refresh()
    await until(seeded, lambda: seeded.swarm.problem == words)
    assert seeded.swarm.services, "what is known stays, and says why it is old"
    monkeypatch.undo()
    seeded.swarm.refresh()
    await until(seeded, lambda: seeded.swarm.problem == "")


async def test_a_manager_that_waits_for_a_leader_is_told_of(seeded: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.store.swarm.PATIENCE_SECONDS", 0.1)
    answered = asyncio.Event()
    services = seeded.engine.swarm.services

    async def slow() -> list[SwarmService]:
        await answered.wait()
        return await services()

    monkeypatch.setattr(seeded.engine.swarm, "services", slow)
    seeded.swarm.refresh()
    await until(seeded, lambda: seeded.swarm.problem == SILENT)
    answered.set()
    await until(seeded, lambda: seeded.swarm.problem == "")


async def test_the_docker_cli_takes_the_demo_engines_swarm(docker_cli: str) -> None:
    async with serve_demo(swarm=True) as path:

        async def docker(*words: str) -> str:
            process = await asyncio.create_subprocess_exec(
                docker_cli, "--host", f"unix://{path}", *words,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            out, _ = await process.communicate()
            assert process.returncode == 0, out.decode()
            return out.decode()

        assert "shop_web" in await docker("service", "ls")
        assert "No such image" in await docker("service", "ps", "ledger", "--no-trunc")
        assert (await docker("stack", "ls", "--format", "{{.Name}} {{.Services}}")).split() == ["shop", "2"]
        await docker("service", "scale", "--detach", "shop_web=5")
        await docker("service", "update", "--detach", "--no-resolve-image", "--image", "nginx:2", "shop_web")
        assert "5/5 nginx:2" in await docker("service", "ls", "--format", "{{.Replicas}} {{.Image}}")
        await docker("service", "rollback", "--detach", "shop_web")
        await docker("node", "update", "--availability", "drain", "worker-1")
        assert "worker-1 Drain" in await docker("node", "ls", "--format", "{{.Hostname}} {{.Availability}}")
        assert (await docker("secret", "ls", "--format", "{{.Name}}")).split() == ["shop_db_password", "tls_key"]
        await docker("swarm", "leave", "--force")
        assert "docker swarm join" in await docker("swarm", "init", "--advertise-addr", "127.0.0.1")
