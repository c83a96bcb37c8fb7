"""The commands against every engine: what they send, what they ask, what they record, what they say of failures."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import get_args

import pytest

from fake_ui import FakeUi
from ssh_server import SshServer
from tui.commands.command import Context, Scope
from tui.commands.history import History
from tui.commands.images import ALL
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import NotFound
from tui.model.containers import Container

IMAGE = "busybox:latest"


@pytest.fixture
async def session(engine_socket: str) -> AsyncIterator[Session]:
    engine = Engine(Endpoint(f"unix://{engine_socket}", "test"))
    await engine.connect()
    session = Session(engine, History())
    session.start()
    await until(session, lambda: session.state.condition.is_live)
    yield session
    for container in await engine.containers.list_all(filters={"label": ["hythe.test=commands"]}):
        await engine.containers.remove(container.id, force=True)
    await session.close()


async def until(session: Session, true: Callable[[], bool]) -> None:
    """Wait until the state makes it true; the feed publishes each change."""
    changed = asyncio.Event()
    session.on_state = lambda: changed.set()
    async with asyncio.timeout(15):
        while not true():
            await changed.wait()
            changed.clear()


async def make(session: Session, *command: str, start: bool = True) -> Container:
    """Make a container and wait until the store knows it."""
    name = f"commands-{secrets.token_hex(4)}"
    body = {"Image": IMAGE, "Cmd": list(command) or ["sleep", "600"], "Labels": {"hythe.test": "commands"}}
    created = await session.engine.containers.create(body, name=name)
    if start:
        await session.engine.containers.start(created.id)
    state = "running" if start else "created"
    await until(session, lambda: in_state(session, created.id, state))
    return session.state.containers[created.id]


def in_state(session: Session, key: str, state: str) -> bool:
    known = session.state.containers.get(key)
    return known is not None and known.state == state


async def run(session: Session, id: str, *targets: Container, ui: FakeUi | None = None) -> FakeUi:
    """Run a command on containers as the screen would: on what the store says of them now."""
    ui = ui or FakeUi()
    rows = tuple(session.state.containers[target.id] for target in targets)
    context = Context(session, ui, "containers", rows)
    assert BY_ID[id].why_not(context) is None
    await BY_ID[id].run(context)
    return ui


async def test_life_of_a_container(session: Session) -> None:
    made = await make(session)
    await run(session, "container.pause", made)
    await until(session, lambda: in_state(session, made.id, "paused"))
    await run(session, "container.pause", made)
    await until(session, lambda: in_state(session, made.id, "running"))
    await run(session, "container.rename", made, ui=FakeUi(text=f"{made.name}-b"))
    await until(session, lambda: session.state.containers[made.id].name == f"{made.name}-b")
    killed = await run(session, "container.kill", made, ui=FakeUi(choice="SIGKILL"))
    await until(session, lambda: in_state(session, made.id, "exited"))
    await until(session, lambda: session.state.containers[made.id].exit_code == 137)
    await run(session, "container.stop", made)
    await until(session, lambda: in_state(session, made.id, "running"))
    removed = await run(session, "container.remove", made)
    await until(session, lambda: made.id not in session.state.containers)

    assert [title for title, _, _ in killed.asked] == ["Send SIGKILL to 1 container?"]
    assert removed.asked[0][0] == "Remove 1 container? 1 running: killed first"
    assert removed.asked[0][1][0].startswith(f"{made.name}-b  ({IMAGE}")
    lines = [entry.line for entry in reversed(list(session.history))]
    assert lines == [
        f"docker pause {made.name}",
        f"docker unpause {made.name}",
        f"docker rename {made.name} {made.name}-b",
        f"docker kill --signal=SIGKILL {made.name}-b",
        f"docker start {made.name}-b",
        f"docker rm --force {made.name}-b",
    ]
    assert {entry.outcome for entry in session.history} == {"ok"}


async def test_many_at_once_and_each_failure_by_name(session: Session) -> None:
    made = [await make(session, "true", start=False) for _ in range(3)]
    gone = made[1]
    stale = [session.state.containers[c.id] for c in made]
    await session.engine.containers.remove(gone.id)
    ui = FakeUi()
    await BY_ID["container.remove"].run(Context(session, ui, "containers", stale))
    await until(session, lambda: not any(c.id in session.state.containers for c in made))
    assert ui.asked[0][0] == "Remove 3 containers?"
    assert len(ui.asked[0][1]) == 3
    errors = [text for severity, text in ui.notes if severity == "error"]
    assert len(errors) == 1
    assert gone.name in errors[0]
    assert "o such container" in errors[0]
    assert not session.busy


async def test_a_container_made_anew_by_its_name_is_left_alone_and_the_loser_is_told(
    session: Session, engine_socket: str
) -> None:
    """Two hythes at once: one recreates, the other still shows the former container, and asks for that by its ID."""
    made = await make(session)
    stale = session.state.containers[made.id]
    other = Engine(Endpoint(f"unix://{engine_socket}", "other"))
    await other.connect()
    try:
        await other.containers.remove(made.id, force=True)
        body = {"Image": IMAGE, "Cmd": ["sleep", "600"], "Labels": {"hythe.test": "commands"}}
        anew = (await other.containers.create(body, name=made.name)).id
        await other.containers.start(anew)
    finally:
        await other.close()
    for command in ("container.stop", "container.restart", "container.remove"):
        ui = FakeUi()
        await BY_ID[command].run_on(Context(session, ui, "containers", (stale,)))
        errors = [text for severity, text in ui.notes if severity == "error"]
        assert len(errors) == 1, (command, ui.notes)
        assert made.name in errors[0]
        assert "o such container" in errors[0]
    now = await session.engine.containers.read(anew)
    assert (now.name, now.state) == (made.name, "running")


async def test_nothing_is_sent_when_the_answer_is_no(session: Session) -> None:
    made = await make(session)
    before = session.engine.transport.requests
    await run(session, "container.remove", made, ui=FakeUi(answer=False))
    await run(session, "container.kill", made, ui=FakeUi(choice="SIGTERM", answer=False))
    assert len(session.history) == 0
    assert session.engine.transport.requests - before <= 2  # the feed's own reading may go on
    assert in_state(session, made.id, "running")


async def test_a_taken_name_keeps_the_words_of_the_daemon(session: Session) -> None:
    one, other = await make(session, "true", start=False), await make(session, "true", start=False)
    ui = await run(session, "container.rename", one, ui=FakeUi(text=other.name))
    (severity, text) = ui.notes[-1]
    assert severity == "error"
    assert "already in use" in text
    assert next(iter(session.history)).outcome == "failed"


async def test_a_guarded_host_asks_and_wants_the_name_typed(session: Session) -> None:
    made = await make(session)
    session.guarded = True
    stop = await run(session, "container.stop", made, ui=FakeUi(answer=False))
    assert stop.asked[0][0].startswith("Stop 1 container on ")
    assert stop.asked[0][2] is None
    remove = await run(session, "container.remove", made, ui=FakeUi(answer=False))
    assert remove.asked[0][2] == made.name
    assert in_state(session, made.id, "running")


async def test_a_guarded_host_wants_the_number_of_those_that_are_asked_about(session: Session) -> None:
    running, *others = [await make(session, start=start) for start in (True, False, False)]
    session.guarded = True
    ui = await run(session, "container.kill", running, *others, ui=FakeUi(answer=False, choice="SIGTERM"))
    ((title, lines, typed),) = ui.asked
    assert (title, len(lines), typed) == ("Send SIGTERM to 1 container?", 1, running.name)


async def test_on_a_guarded_host_force_is_as_hard_to_give_as_what_was_refused(session: Session) -> None:
    made = await make(session, "sleep", "600", start=False)
    known = session.state.containers[made.id]
    await session.engine.containers.start(made.id)
    session.guarded = True
    ui = FakeUi()
    # it was started after it was seen
    await BY_ID["container.remove"].run(Context(session, ui, "containers", (known,)))
    await until(session, lambda: made.id not in session.state.containers)
    assert [(title, typed) for title, _, typed in ui.asked] == [
        ("Remove 1 container?", made.name),
        ("Remove 1 container by force?", made.name),
    ]


async def test_a_question_says_which_host_it_is_about_whatever_it_is_called(session: Session) -> None:
    made = await make(session, "true", start=False)
    for name in ("move", "container", made.name):
        session.name = name
        ui = await run(session, "container.remove", made, ui=FakeUi(answer=False, many_hosts=True))
        assert ui.asked[0][1][0] == f"on {name}:"


async def test_read_only_refuses_with_the_reason(session: Session) -> None:
    made = await make(session, "true", start=False)
    session.engine.transport.read_only = True
    try:
        context = Context(session, FakeUi(), "containers", (made,))
        writes = [command for command in BY_ID.values() if command.writes and command.scope == "containers"]
        assert writes
        assert all("read-only" in (command.why_not(context) or "") for command in writes)
    finally:
        session.engine.transport.read_only = False


async def test_tag_and_remove_an_image(session: Session) -> None:
    name = f"commands-{secrets.token_hex(4)}:one"
    made = await make(session, "true", start=False)
    image_id = await session.engine.containers.commit(made.id, repo=name.split(":")[0], tag="one")
    await until(session, lambda: image_id in session.state.images)
    await session.engine.containers.remove(made.id)
    image = session.state.images[image_id]
    ui = FakeUi(text=name.replace(":one", ":two"))
    await BY_ID["image.tag"].run(Context(session, ui, "images", (image,)))
    await until(session, lambda: len(session.state.images[image_id].tags) == 2)
    ui = FakeUi(choice=name.replace(":one", ":two"))
    await BY_ID["image.remove"].run(Context(session, ui, "images", (session.state.images[image_id],)))
    await until(session, lambda: session.state.images[image_id].tags == (name,))
    assert ui.asked[0][0] == f"Untag {name.replace(':one', ':two')}?"
    assert ui.asked[0][1][1] == f"it keeps {name}"
    await session.engine.images.tag(image_id, name.split(":")[0], "three")
    await until(session, lambda: len(session.state.images[image_id].tags) == 2)
    ui = FakeUi(choice=ALL)
    await BY_ID["image.remove"].run(Context(session, ui, "images", (session.state.images[image_id],)))
    await until(session, lambda: image_id not in session.state.images)
    assert ui.asked[0][0] == "Remove 1 image?"
    assert name in ui.asked[0][1][0]
    assert [entry.outcome for entry in session.history] == ["ok", "ok", "ok"]


@pytest.mark.parametrize("tags", ["x", "xy"], ids=["one tag", "two tags"])
async def test_an_image_in_use_offers_force(session: Session, tags: str) -> None:
    made = await make(session, "true", start=False)
    name = f"commands-{secrets.token_hex(4)}"
    image_id = await session.engine.containers.commit(made.id, repo=name, tag="x")
    for tag in tags[1:]:
        await session.engine.images.tag(image_id, name, tag)
    user = await session.engine.containers.create({"Image": f"{name}:x", "Labels": {"hythe.test": "commands"}})
    names = [f"{name}:{tag}" for tag in tags]
    await until(session, lambda: set(names) <= set(session.state.images.get(image_id, made_up).tags))
    await until(session, lambda: user.id in session.state.containers)
    session.guarded = True
    image = session.state.images[image_id]
    ui = FakeUi(choice=ALL)
    await BY_ID["image.remove"].run(Context(session, ui, "images", (image,)))
    await until(session, lambda: not set(names) & set(session.state.images.get(image_id, made_up).tags))
    assert [title for title, _, _ in ui.asked] == ["Remove 1 image?", "Remove 1 image by force?"]
    assert [typed for _, _, typed in ui.asked] == [image.reference, image.reference]
    # what was untagged already is neither told as refused nor sent again
    refused = image.tags[-1]
    assert ui.asked[1][1][0].startswith(f"{refused}: conflict")
    lines = [(entry.line, entry.outcome) for entry in session.history]
    assert lines[:2] == [
        (f"docker rmi --force {refused}", "ok"),
        (f"docker rmi {' '.join(image.tags)}", "failed"),
    ]
    await session.engine.containers.remove(user.id)
    # some engines delete the image that a stopped container still uses, some untag it; the store may know neither yet
    with suppress(NotFound):
        await session.engine.images.remove(image_id, force=True)


class _NoImage:
    tags = ()


made_up = _NoImage()


def test_the_table_gives_a_key_to_one_command_in_a_scope() -> None:
    # hosts are no table of the dashboard: few of the app's commands are there
    tables = [scope for scope in get_args(Scope) if scope not in ("hosts", "app")]
    seen: dict[tuple[str, str], str] = {}
    for command in BY_ID.values():
        for scope in tables if command.scope == "app" else (command.scope,):
            for key in command.keys:
                assert seen.setdefault((scope, key), command.id) == command.id


@pytest.mark.parametrize("remote", [False, True], ids=["here", "through ssh"])
async def test_copying_where_a_port_is_reached(
    demo_socket: str, sshd: SshServer, monkeypatch: pytest.MonkeyPatch, remote: bool
) -> None:
    monkeypatch.setenv("PATH", sshd.path)
    session = Session(Engine(Endpoint(f"{sshd.url if remote else 'unix://'}{demo_socket}", "test")), History())
    session.start()
    try:
        await until(session, lambda: session.state.condition.is_live)
        target = next(c for c in session.state.containers.values() if any(port.ip == "0.0.0.0" for port in c.ports))
        port = next(port for port in target.ports if port.ip == "0.0.0.0")
        ui = await run(session, "container.copy", target)
    finally:
        await session.close()
    name, public = f"{port.private}/tcp", port.public
    assert ui.offered[f"address of {name}"] == f"{'127.0.0.1' if remote else 'localhost'}:{public}"
    line = f"ssh -N -L {public}:localhost:{public} hythe-test"
    assert ui.offered.get(f"tunnel to {name}") == (line if remote else None)
