"""Commands on Compose projects: by the API on every engine, and through the docker CLI on those that are real."""

import asyncio
import json
import os
import secrets
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from engines import RealEngine
from fake_ui import FakeUi
from tui.commands.command import Context
from tui.commands.history import History
from tui.commands.projects import logs_of
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.model.compose import PREFIX, ComposeService, Project, drift_of, project_id, with_files

FILE = """
services:
  web: {image: "busybox:latest", command: sleep 600, stop_grace_period: 0s, environment: {TOKEN: hunter2}}
  db: {image: "busybox:latest", command: sleep 600, stop_grace_period: 0s, labels: {tier: data}}
"""


async def until(session: Session, true: Callable[[], bool]) -> None:
    """Wait until the state makes it true."""
    changed = asyncio.Event()
    session.on_state = lambda: changed.set()
    async with asyncio.timeout(60):
        while not true():
            await changed.wait()
            changed.clear()


async def connected(socket: str, environment: dict[str, str]) -> Session:
    engine = Engine(Endpoint(f"unix://{socket}", "test"))
    await engine.connect()
    session = Session(engine, History(), environment=environment, stop_timeout=0)
    session.start()
    await until(session, lambda: session.state.condition.is_live)
    return session


async def remove_all(session: Session, name: str) -> None:
    ours = {"label": [f"{PREFIX}project={name}"]}
    for container in await session.engine.containers.list_all(filters=ours):
        await session.engine.containers.remove(container.id, force=True)
    for network in await session.engine.networks.list_all(filters=ours):
        await session.engine.networks.remove(network.id)


async def run(session: Session, id: str, *rows: Project | ComposeService, ui: FakeUi | None = None) -> FakeUi:
    ui = ui or FakeUi()
    context = Context(session, ui, "projects", rows)
    assert BY_ID[id].why_not(context) is None
    await BY_ID[id].run_on(context)
    return ui


def states(session: Session, name: str) -> list[str]:
    project = session.projects.get(project_id(name))
    return [f"{c.name.removeprefix(f'{name}-')} {c.state}" for c in project.containers] if project else []


# without Compose


@pytest.fixture
async def session(engine_socket: str) -> AsyncIterator[Session]:
    session = await connected(engine_socket, {})
    yield session
    await session.close()


@pytest.fixture
async def name(session: Session) -> AsyncIterator[str]:
    """A project of two services, made by nothing but their labels."""
    name = f"hy{secrets.token_hex(3)}"
    labels = {f"{PREFIX}project": name}
    await session.engine.networks.create(f"{name}_default", labels=labels)
    for service in ("db", "web"):
        own = {**labels, f"{PREFIX}service": service, f"{PREFIX}container-number": "1", f"{PREFIX}oneoff": "False"}
        body = {
            "Image": "busybox:latest", "Cmd": ["sleep", "600"], "Labels": own,
            "HostConfig": {"NetworkMode": f"{name}_default"},
        }  # fmt: skip
        created = await session.engine.containers.create(body, name=f"{name}-{service}-1")
        await session.engine.containers.start(created.id)
    await until(session, lambda: states(session, name) == ["db-1 running", "web-1 running"])
    yield name
    await remove_all(session, name)


async def test_stop_start_restart_and_down_by_the_api(session: Session, name: str) -> None:
    project = session.projects[project_id(name)]
    await run(session, "project.stop", project)
    await until(session, lambda: states(session, name) == ["db-1 exited", "web-1 exited"])
    await run(session, "project.stop", session.projects[project_id(name)])
    await until(session, lambda: states(session, name) == ["db-1 running", "web-1 running"])
    web = session.projects[project_id(name)].services[1]
    await run(session, "project.stop", web)
    await until(session, lambda: states(session, name) == ["db-1 running", "web-1 exited"])
    await run(session, "project.restart", web)
    assert next(iter(session.history)).line == f"docker restart --time 0 {name}-web-1"
    await until(session, lambda: states(session, name) == ["db-1 running", "web-1 running"])
    ui = await run(session, "project.down", session.projects[project_id(name)])
    await until(session, lambda: project_id(name) not in session.projects)
    await until(session, lambda: not any(n.project == name for n in session.state.networks.values()))
    ((title, lines, _),) = ui.asked
    assert title == f"Down {name}: remove 3 objects on {session.name}?"
    assert lines[2] == f"network {name}_default"
    assert lines[3] == "volumes stay"
    assert {entry.outcome for entry in session.history} == {"ok"}


@pytest.mark.parametrize("id", ["up", "stop", "restart", "down", "pull", "build", "scale", "copy", "logs"])
async def test_a_service_whose_project_went_is_refused_and_nothing_is_asked(session: Session, id: str) -> None:
    command, ui = BY_ID[f"project.{id}"], FakeUi(choice="name", text="2")
    context = Context(session, ui, "projects", (ComposeService("went", "web", "busybox:latest"),))
    assert command.why_not(context) is not None
    if id != "logs":  # which asks the screen for its containers
        await command.run_on(context)  # it went after that was asked
        assert ui.notes == [("warning", "the project is gone: it has no containers any more")]
    assert (ui.asked, list(session.history)) == ([], [])


async def test_down_of_a_service_leaves_the_others(session: Session, name: str) -> None:
    web = session.projects[project_id(name)].services[1]
    ui = await run(session, "project.down", web)
    await until(session, lambda: states(session, name) == ["db-1 running"])
    assert [line.split("  ")[0] for line in ui.asked[0][1][:-1]] == [f"{name}-web-1"]


async def kept_aside(session: Session, name: str) -> str:
    """Recreate the project's `web`, and return what the old one is called while it is kept."""
    web = next(c for c in session.state.containers.values() if c.name == f"{name}-web-1")
    ui = FakeUi()
    await BY_ID["container.recreate"].run_on(Context(session, ui, "containers", (web,)))
    assert f"  ! the next `docker compose up` or `down` of {name} removes the old one" in ui.asked[0][1]
    await until(session, lambda: len(session.projects[project_id(name)].kept) == 1)
    await until(session, lambda: states(session, name) == ["db-1 running", "web-1 running"])
    return session.state.containers[session.projects[project_id(name)].kept[0]].name


async def test_what_is_kept_aside_is_not_started_and_goes_with_the_project(session: Session, name: str) -> None:
    kept = await kept_aside(session, name)
    await run(session, "project.stop", session.projects[project_id(name)])
    await until(session, lambda: states(session, name) == ["db-1 exited", "web-1 exited"])
    await run(session, "project.stop", session.projects[project_id(name)])
    await until(session, lambda: states(session, name) == ["db-1 running", "web-1 running"])
    await run(session, "project.restart", session.projects[project_id(name)])
    assert not any(kept in entry.line for entry in list(session.history)[:5])
    ui = await run(session, "project.down", session.projects[project_id(name)])
    assert kept in [line.split("  ")[0] for line in ui.asked[0][1]]
    await until(session, lambda: not any(c.project == name for c in session.state.containers.values()))


async def test_nothing_is_done_when_the_answer_is_no(session: Session, name: str) -> None:
    await run(session, "project.down", session.projects[project_id(name)], ui=FakeUi(answer=False))
    session.guarded = True
    ui = await run(session, "project.stop", session.projects[project_id(name)], ui=FakeUi(answer=False))
    assert ui.asked[0][0].startswith(f"Stop {name} on ")
    assert len(session.history) == 0
    assert states(session, name) == ["db-1 running", "web-1 running"]


async def test_what_needs_the_file_says_why_it_can_not(session: Session, name: str) -> None:
    project = session.projects[project_id(name)]
    ui = await run(session, "project.up", project)
    assert ui.notes == [("warning", f"up {name}: there is no docker CLI on the PATH")]
    for id in ("project.up", "project.pull", "project.build", "project.scale"):
        reason = BY_ID[id].why_not(Context(session, ui, "projects", (project,)))
        assert reason == "it needs Docker Compose: there is no docker CLI on the PATH"


async def test_the_logs_of_a_project_and_of_a_service(session: Session, name: str) -> None:
    project = session.projects[project_id(name)]
    ui = await run(session, "project.logs", project)
    assert ui.opened == [("project_logs", {})]
    both, title = logs_of([Context(session, ui, "projects", (project,))])
    assert [c.name for _, c in both] == [f"{name}-db-1", f"{name}-web-1"]
    assert title == name
    one, title = logs_of([Context(session, ui, "projects", (project.services[1],))])
    assert [c.name for _, c in one] == [f"{name}-web-1"]
    assert title == f"{name} web"


# with Compose


@pytest.fixture
def compose_environment(docker_cli: str, tmp_path: Path) -> dict[str, str]:
    """Variables with which docker finds its Compose plugin; skips where there is none."""
    plugins = Path(docker_cli).absolute().parent.parent / "cli-plugins"
    config = tmp_path / "config"
    config.mkdir()
    (config / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(plugins)]}))
    path = f"{Path(docker_cli).absolute().parent}:{os.environ.get('PATH', '')}"
    environment = {"PATH": path, "DOCKER_CONFIG": str(config), "HOME": str(tmp_path)}
    if subprocess.run([docker_cli, "compose", "version"], env=environment, capture_output=True, check=False).returncode:
        pytest.skip("the docker CLI has no Compose plugin")
    return environment


@pytest.fixture
async def composed(
    real_engine: RealEngine, compose_environment: dict[str, str], tmp_path: Path
) -> AsyncIterator[tuple[Session, Path]]:
    """A host with Compose at hand, and the folder of a project with its file."""
    folder = tmp_path / f"hy{secrets.token_hex(3)}"
    folder.mkdir()
    (folder / "compose.yaml").write_text(FILE)
    session = await connected(real_engine.socket, compose_environment)
    yield session, folder
    await remove_all(session, folder.name)
    await session.close()


async def up(session: Session, folder: Path) -> Project:
    ui = FakeUi(text=str(folder))
    context = Context(session, ui, "app")
    assert BY_ID["app.compose_up"].why_not(context) is None
    await BY_ID["app.compose_up"].run_on(context)
    assert ui.notes[-1][0] == "information", ui.notes
    await until(session, lambda: states(session, folder.name) == ["db-1 running", "web-1 running"])
    return session.projects[project_id(folder.name)]


async def drift(session: Session, project: Project) -> dict[str, str]:
    files = await session.compose.read_files(project.place)
    assert files.problem == ""
    return {service.name: drift_of(service, files) for service in with_files(project, files)}


async def test_up_drift_scale_and_down(composed: tuple[Session, Path]) -> None:
    session, folder = composed
    name, file = folder.name, folder / "compose.yaml"
    project = await up(session, folder)
    assert project.place.config_files == (str(file),)
    assert await drift(session, project) == {"db": "same", "web": "same"}

    file.write_text(FILE.replace("hunter2", "hunter3") + "  extra: {image: 'busybox:latest', command: sleep 600}\n")
    assert await drift(session, project) == {"db": "same", "extra": "not created", "web": "differs"}
    file.write_text(FILE.replace("  db:", "  base:"))
    assert await drift(session, project) == {"base": "not created", "db": "not in the file", "web": "same"}
    file.write_text("services: [")
    broken = await session.compose.read_files(project.place)
    assert "yaml" in broken.problem
    ui = await run(session, "project.up", project)
    assert ui.notes[-1][0] == "error"
    assert "yaml" in ui.notes[-1][1]

    file.write_text(FILE.replace("hunter2", "hunter3"))
    await run(session, "project.up", project)
    await until(session, lambda: states(session, name) == ["db-1 running", "web-1 running"])
    project = session.projects[project_id(name)]
    assert await drift(session, project) == {"db": "same", "web": "same"}

    await run(session, "project.scale", project.services[1], ui=FakeUi(text="3"))
    await until(session, lambda: states(session, name)[1:] == [f"web-{n} running" for n in (1, 2, 3)])
    less = await run(session, "project.scale", session.projects[project_id(name)].services[1], ui=FakeUi(text="1"))
    await until(session, lambda: len(states(session, name)) == 2)
    assert [line.split(" ")[0] for line in less.asked[0][1]] == [f"{name}-web-2", f"{name}-web-3"]

    await run(session, "project.stop", session.projects[project_id(name)].services[0])
    await until(session, lambda: states(session, name) == ["db-1 exited", "web-1 running"])
    await run(session, "project.down", session.projects[project_id(name)])
    await until(session, lambda: project_id(name) not in session.projects)
    lines = [entry.line for entry in session.history]
    head = f"docker compose --project-name={name} --project-directory={folder} --file={file}"
    assert lines[0] == f"{head} down --timeout=0"
    assert lines[1] == f"{head} stop --timeout=0 -- db"
    assert lines[2] == f"{head} scale -- web=1"
    assert all("hunter" not in line for line in lines)


async def test_compose_starts_none_that_is_kept_aside_and_up_says_that_it_goes(composed: tuple[Session, Path]) -> None:
    session, folder = composed
    name = folder.name
    await up(session, folder)
    kept = await kept_aside(session, name)
    await run(session, "project.stop", session.projects[project_id(name)])
    await until(session, lambda: states(session, name) == ["db-1 exited", "web-1 exited"])
    await run(session, "project.stop", session.projects[project_id(name)])
    await until(session, lambda: states(session, name) == ["db-1 running", "web-1 running"])
    assert [session.state.containers[id].name for id in session.projects[project_id(name)].kept] == [kept]

    before = {c.id for c in session.projects[project_id(name)].containers}
    refused = await run(session, "project.up", session.projects[project_id(name)], ui=FakeUi(answer=False))
    assert refused.asked[0][1][-1] == f"  ! {kept}, kept aside, may be removed"
    web = next(c for c in session.state.containers.values() if c.name == kept)
    await session.engine.containers.remove(web.id)
    await until(session, lambda: not session.projects[project_id(name)].kept)
    await run(session, "project.up", session.projects[project_id(name)])
    await until(session, lambda: states(session, name) == ["db-1 running", "web-1 running"])
    assert {c.id for c in session.projects[project_id(name)].containers} == before


async def test_one_run_at_a_time_for_a_project_and_a_cancel(composed: tuple[Session, Path]) -> None:
    session, folder = composed
    (folder / "compose.yaml").write_text(FILE.replace("0s", "100s"))
    project = await up(session, folder)
    session.stop_timeout = None
    stopping = asyncio.create_task(run(session, "project.restart", project))
    await until(session, lambda: project.id in session.busy)
    reason = BY_ID["project.up"].why_not(Context(session, FakeUi(), "projects", (project,)))
    assert reason == f"compose restart {folder.name} is under way (J lists the jobs)"
    (job,) = session.jobs.running
    await job.cancel()
    await stopping
    assert job.state == "cancelled"
    assert not session.busy
    assert next(iter(session.history)).outcome == "cancelled"


async def test_a_pull_that_fails_has_the_words_of_the_daemon(composed: tuple[Session, Path]) -> None:
    session, folder = composed
    project = await up(session, folder)
    (folder / "compose.yaml").write_text("services: {web: {image: 'localhost:1/none:1'}}\n")
    ui = await run(session, "project.pull", project)
    severity, text = ui.notes[-1]
    assert severity == "error"
    assert "refused" in text
    (job,) = [job for job in session.jobs if job.state == "failed"]
    assert job.error in text
