"""Clone, recreate and going back, against every engine: what is asked, what is kept, and what comes of failures."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from fake_ui import FakeUi
from tui.commands import recreate
from tui.commands.command import Context
from tui.commands.history import History
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, NotFound
from tui.model.compose import IMAGE as IMAGE_LABEL
from tui.model.containers import Container
from tui.model.kept import kept_for
from tui.model.run_body import create_request
from tui.model.run_line import docker_line, parse_run_line
from tui.model.run_spec import RunSpec, check_run

IMAGE = "busybox:latest"


@dataclass
class Stage:
    """A connected host, and what a test made on it."""

    session: Session
    ui: FakeUi = field(default_factory=FakeUi)
    prefix: str = field(default_factory=lambda: f"remake-{secrets.token_hex(3)}")
    images: list[str] = field(default_factory=list[str])
    networks: list[str] = field(default_factory=list[str])

    @property
    def engine(self) -> Engine:
        return self.session.engine

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until the state makes it true; the feed publishes each change."""
        changed = asyncio.Event()
        self.session.on_state = lambda: changed.set()
        async with asyncio.timeout(20):
            while not true():
                await changed.wait()
                changed.clear()

    async def run(self, line: str, *, start: bool = True) -> Container:
        """Make a container of a line, named by the prefix unless it has a name, and wait until the store knows it."""
        spec = parse_run_line(f"docker run -d {line}").spec
        assert spec is not None
        name = spec.one("name") or self.prefix
        spec = spec.with_options(name=(name,), label=(*spec.all("label"), "hythe.test=recreate"))
        request = create_request(spec, self.engine.transport.api_version or (1, 41))
        created = await self.engine.containers.create(request.body, name=name)
        for network, endpoint in request.connect:
            await self.engine.networks.attach(network, created.id, endpoint)
        if start:
            await self.engine.containers.start(created.id)
        await self.until(lambda: self.state_of(created.id) == ("running" if start else "created"))
        return self.session.state.containers[created.id]

    def state_of(self, id: str) -> str:
        known = self.session.state.containers.get(id)
        return known.state if known is not None else ""

    def named(self, name: str) -> Container | None:
        return next((c for c in self.session.state.containers.values() if c.name == name), None)

    def kept(self, name: str = "") -> list[Container]:
        return [c for c in self.session.state.containers.values() if kept_for(c.name) == (name or self.prefix)]

    async def command(self, id: str, *targets: Container) -> FakeUi:
        """Run a command on containers, and return what it asked and said."""
        self.ui = FakeUi(answer=self.ui.answer)
        rows = tuple(self.session.state.containers[target.id] for target in targets)
        context = Context(self.session, self.ui, "containers", rows)
        assert BY_ID[id].why_not(context) is None
        await BY_ID[id].run(context)
        return self.ui

    async def retag(self, name: str, *changes: str) -> str:
        """Let a name mean a new image, made with `changes`; return the image's ID."""
        base = await self.engine.containers.create({"Image": IMAGE})
        repo, _, tag = name.partition(":")
        image = await self.engine.containers.commit(base.id, repo=repo, tag=tag, changes=changes)
        await self.engine.containers.remove(base.id)
        self.images.append(image)
        await self.until(lambda: any(name in i.tags and i.id == image for i in self.session.state.images.values()))
        return image

    async def inspect(self, id: str) -> dict[str, Any]:
        return await self.engine.containers.inspect(id)


@pytest.fixture
async def stage(engine_socket: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(recreate, "BETWEEN_LOOKS", 0.02)
    engine = Engine(Endpoint(f"unix://{engine_socket}", "test"))
    await engine.connect()
    session = Session(engine, History(), stop_timeout=0)  # sleep is deaf to SIGTERM as the first process
    session.start()
    stage = Stage(session)
    await stage.until(lambda: session.state.condition.is_live)
    yield stage
    for container in await engine.containers.list_all(filters={"label": ["hythe.test=recreate"]}):
        await engine.containers.remove(container.id, force=True, volumes=True)
    for image in stage.images:
        try:
            await engine.images.remove(image, force=True)
        except NotFound:
            continue
    for network in stage.networks:
        await engine.networks.remove(network)
    await session.close()


async def test_a_newer_image_takes_its_place_and_one_key_goes_back(stage: Stage) -> None:
    name = f"{stage.prefix}:app"
    old_image = await stage.retag(name, "ENV VERSION=1 GIVEN=image", 'CMD ["sleep", "500"]', "LABEL image=1")
    old = await stage.run(f"-e OWN=1 -l own=1 -l {IMAGE_LABEL}={old_image} -v /data --restart always {name}")
    volume = (await stage.inspect(old.id))["Mounts"][0]["Name"]
    new_image = await stage.retag(name, "ENV VERSION=2", 'CMD ["sleep", "600"]', "LABEL image=2")

    ui = await stage.command("container.recreate", old)
    (title, lines, _) = ui.asked[0]
    assert title == "Recreate 1 container?"
    assert f"from {name}, which is {new_image.removeprefix('sha256:')[:12]} now" in lines[1]
    assert "kept aside" in lines[2]
    await stage.until(lambda: (made := stage.named(stage.prefix)) is not None and made.id != old.id and made.is_running)
    made = stage.named(stage.prefix)
    assert made is not None
    assert ui.went == [("container", made.id)]
    found = await stage.inspect(made.id)
    assert found["Image"] == new_image
    assert {"OWN=1", "VERSION=2"} <= set(found["Config"]["Env"])
    assert not [text for text in found["Config"]["Env"] if text.startswith("GIVEN")]
    assert found["Config"]["Cmd"] == ["sleep", "600"]
    assert (found["Config"]["Labels"]["image"], found["Config"]["Labels"]["own"]) == ("2", "1")
    assert found["Config"]["Labels"][IMAGE_LABEL] == new_image
    assert found["HostConfig"]["RestartPolicy"]["Name"] == "always"
    assert found["Mounts"][0]["Name"] == volume
    await stage.until(lambda: [c.id for c in stage.kept()] == [old.id] and stage.state_of(old.id) == "exited")
    assert (await stage.inspect(old.id))["HostConfig"]["RestartPolicy"]["Name"] == "no"
    verbs = [entry.line.split()[1] for entry in reversed(list(stage.session.history))]
    assert verbs == ["rename", "create", "stop", "start", "update"]
    assert {entry.outcome for entry in stage.session.history} == {"ok"}

    back = await stage.command("container.go_back", made)
    assert back.asked[0][0] == f"Go back to the earlier {stage.prefix}?"
    await stage.until(lambda: stage.state_of(old.id) == "running" and stage.named(stage.prefix) is not made)
    await stage.until(lambda: (now := stage.named(stage.prefix)) is not None and now.id == old.id)
    await stage.until(lambda: [c.id for c in stage.kept()] == [made.id])
    assert (await stage.inspect(old.id))["HostConfig"]["RestartPolicy"]["Name"] == "always"
    assert (await stage.inspect(old.id))["Image"] == old_image
    assert not stage.session.busy

    await stage.command(
        "container.go_back", stage.session.state.containers[made.id]
    )  # from the kept one: forward again
    await stage.until(lambda: stage.state_of(made.id) == "running" and [c.id for c in stage.kept()] == [old.id])

    again = await stage.command("container.recreate", stage.session.state.containers[made.id])
    assert any("kept from before, is removed" in line for line in again.asked[0][1])
    await stage.until(lambda: old.id not in stage.session.state.containers)
    assert [c.id for c in stage.kept()] == [made.id]


async def test_networks_with_aliases_and_addresses_and_links_go_along(stage: Stage) -> None:
    for suffix in ("a", "b"):
        made = await stage.engine.networks.create(f"{stage.prefix}-{suffix}")
        stage.networks.append(made)
    other = await stage.run(f"--name {stage.prefix}-db {IMAGE} sleep 500")
    linked = await stage.run(f"--name {stage.prefix}-l --link {other.name}:database {IMAGE} sleep 500")
    old = await stage.run(
        f"--network {stage.prefix}-a --network name={stage.prefix}-b,alias=further --network-alias first "
        f"-p 127.0.0.1::80 {IMAGE} sleep 500"
    )
    await stage.command("container.recreate", old)
    await stage.until(lambda: (now := stage.named(stage.prefix)) is not None and now.id != old.id and now.is_running)
    now = stage.named(stage.prefix)
    assert now is not None
    ends = (await stage.inspect(now.id))["NetworkSettings"]["Networks"]
    assert set(ends) == {f"{stage.prefix}-a", f"{stage.prefix}-b"}
    assert "first" in ends[f"{stage.prefix}-a"]["Aliases"]
    assert "further" in ends[f"{stage.prefix}-b"]["Aliases"]
    assert old.id[:12] not in ends[f"{stage.prefix}-a"]["Aliases"]

    ui = await stage.command("container.recreate", stage.session.state.containers[other.id])
    if other.short_id and ui.asked[0][1][-1].startswith("  !"):  # the demo engine knows no links
        assert f"{linked.name} links to it" in ui.asked[0][1][-1]
    await stage.command("container.recreate", stage.session.state.containers[linked.id])
    await stage.until(lambda: (c := stage.named(linked.name)) is not None and c.id != linked.id and c.is_running)
    found = stage.named(linked.name)
    assert found is not None
    assert (await stage.inspect(found.id))["HostConfig"]["Links"] == [f"/{other.name}:/{linked.name}/database"]


async def cloned(stage: Stage, target: Container) -> Container:
    """Start what the form of a clone is filled in with."""
    ui = await stage.command("container.clone", target)
    spec = ui.opened[0][1]["spec"]
    assert isinstance(spec, RunSpec)
    assert check_run(spec) == {}
    return await stage.run(docker_line(spec, command=()))


JOINING = (
    "--network container:{other}", "--network host", "--uts host",
    "--network host --hostname hal", "--network host --uts host",
)  # fmt: skip


@pytest.mark.parametrize("options", JOINING)
async def test_names_that_the_daemon_chose_are_not_asked_for_again(stage: Stage, options: str) -> None:
    other = await stage.run(f"--name {stage.prefix}-vpn --hostname vpn --domainname lan {IMAGE} sleep 500")
    old = await stage.run(f"{options.format(other=other.name)} {IMAGE} sleep 500")

    async def names(container: Container) -> tuple[str, str]:
        config = (await stage.inspect(container.id))["Config"]
        return config["Hostname"].replace(container.short_id, "its own"), config["Domainname"]

    before = await names(old)
    assert await names(await cloned(stage, old)) == before
    await stage.command("container.recreate", old)
    await stage.until(lambda: (now := stage.named(stage.prefix)) is not None and now.id != old.id and now.is_running)
    now = stage.named(stage.prefix)
    assert now is not None
    assert await names(now) == before
    if "container:" in options:
        assert before == ("vpn", "lan")


async def test_a_network_that_was_named_by_its_id_is_one_network(stage: Stage) -> None:
    further, first = (f"{stage.prefix}-{suffix}" for suffix in ("a", "b"))
    stage.networks += [await stage.engine.networks.create(name) for name in (further, first)]
    old = await stage.run(f"--network {stage.networks[-1]} --network-alias one {IMAGE} sleep 500")
    await stage.engine.networks.attach(further, old.id, {"Aliases": ["two"]})

    async def aliases(container: Container) -> dict[str, list[str]]:
        ends = (await stage.inspect(container.id))["NetworkSettings"]["Networks"]
        return {name: [a for a in end["Aliases"] or [] if a != container.short_id] for name, end in ends.items()}

    wanted = {first: ["one"], further: ["two"]}
    assert await aliases(await cloned(stage, old)) == wanted
    await stage.command("container.recreate", old)
    await stage.until(lambda: (now := stage.named(stage.prefix)) is not None and now.id != old.id and now.is_running)
    now = stage.named(stage.prefix)
    assert now is not None
    assert await aliases(now) == wanted


async def test_one_that_removes_itself_is_made_again_to_go_back(stage: Stage) -> None:
    name = f"{stage.prefix}:app"
    old_image = await stage.retag(name, "ENV VERSION=1")
    old = await stage.run(f"--rm -v /data {name} sleep 500")
    volume = (await stage.inspect(old.id))["Mounts"][0]["Name"]
    new_image = await stage.retag(name, "ENV VERSION=2")
    ui = await stage.command("container.recreate", old)
    assert any("it removes itself when it stops" in line for line in ui.asked[0][1])
    await stage.until(lambda: old.id not in stage.session.state.containers)
    await stage.until(lambda: (now := stage.named(stage.prefix)) is not None and now.is_running)
    now = stage.named(stage.prefix)
    assert now is not None
    found = await stage.inspect(now.id)
    assert (found["Image"], found["HostConfig"]["AutoRemove"]) == (new_image, True)
    assert found["Mounts"][0]["Name"] == volume
    await stage.command("container.go_back", now)
    await stage.until(lambda: now.id not in stage.session.state.containers)
    await stage.until(lambda: (c := stage.named(stage.prefix)) is not None and c.is_running)
    back = stage.named(stage.prefix)
    assert back is not None
    found = await stage.inspect(back.id)
    assert (found["Image"], found["Mounts"][0]["Name"]) == (old_image, volume)


@pytest.mark.parametrize("options", ["", "--rm"])
async def test_one_that_cannot_start_leaves_the_old_one_as_it_was(
    stage: Stage, engine_socket: str, demo_socket: str, monkeypatch: pytest.MonkeyPatch, options: str
) -> None:
    name = f"{stage.prefix}:app"
    old_image = await stage.retag(name, 'CMD ["sleep", "500"]')
    old = await stage.run(f"{options} {name}")
    await stage.retag(name, 'CMD ["/no/such/program"]')
    if engine_socket == demo_socket:  # its images start whatever they say that they start
        real = stage.engine.containers.start

        async def start(container: str) -> None:
            if container != old.id and (await stage.inspect(container))["Image"] != old_image:
                raise ApiError(400, "exec: /no/such/program: no such file or directory")
            await real(container)

        monkeypatch.setattr(stage.engine.containers, "start", start)
    ui = await stage.command("container.recreate", old)
    severity, text = ui.notes[-1]
    assert severity == "error"
    assert "/no/such/program" in text
    assert f"{stage.prefix} is as it was" in text

    def is_back() -> bool:
        """Whether it runs: the old one itself, or one like it where the daemon has removed that one."""
        now = stage.named(stage.prefix)
        return now is not None and now.is_running and (now.id == old.id) == (not options)

    await stage.until(is_back)
    now = stage.named(stage.prefix)
    assert now is not None
    assert (await stage.inspect(now.id))["Args"] == ["500"]
    await stage.until(lambda: not stage.kept())
    assert not stage.session.busy


async def test_an_image_that_is_gone_is_told_and_nothing_is_done(stage: Stage) -> None:
    name = f"{stage.prefix}:app"
    await stage.retag(name, 'CMD ["sleep", "500"]')
    old = await stage.run(name)
    await stage.engine.images.remove(name, force=True)
    ui = await stage.command("container.recreate", old)
    assert not ui.asked
    assert "o such image" in ui.notes[0][1]
    assert stage.state_of(old.id) == "running"
    assert len(stage.session.history) == 0


async def test_nothing_is_done_when_the_answer_is_no(stage: Stage) -> None:
    old = await stage.run(f"{IMAGE} sleep 500")
    stage.ui.answer = False
    await stage.command("container.recreate", old)
    assert len(stage.session.history) == 0
    stage.session.guarded = True
    ui = await stage.command("container.recreate", old)
    assert ui.asked[0][2] == old.name
    context = Context(stage.session, ui, "containers", (old,))
    assert "no earlier one" in (BY_ID["container.go_back"].why_not(context) or "")


async def test_a_guarded_host_wants_the_number_of_those_that_can_be_recreated(stage: Stage) -> None:
    name = f"{stage.prefix}:app"
    await stage.retag(name, 'CMD ["sleep", "500"]')
    lost = await stage.run(f"--name {stage.prefix}-lost {name}")
    kept = [await stage.run(f"--name {stage.prefix}-{n} {IMAGE} sleep 500") for n in range(2)]
    await stage.engine.images.remove(name, force=True)
    stage.session.guarded = True
    stage.ui.answer = False
    ui = await stage.command("container.recreate", lost, *kept)
    assert [(title, typed) for title, _, typed in ui.asked] == [("Recreate 2 containers?", "2")]


async def test_several_at_once_and_one_that_did_not_run_stays_down(stage: Stage) -> None:
    up = await stage.run(f"--name {stage.prefix}-1 {IMAGE} sleep 500")
    down = await stage.run(f"--name {stage.prefix}-2 {IMAGE} sleep 500", start=False)
    ui = await stage.command("container.recreate", up, down)
    assert ui.asked[0][0] == "Recreate 2 containers?"
    await stage.until(lambda: (c := stage.named(up.name)) is not None and c.id != up.id and c.is_running)
    await stage.until(lambda: (c := stage.named(down.name)) is not None and c.id != down.id and c.state == "created")
    assert not [text for severity, text in ui.notes if severity == "error"]


async def test_a_clone_opens_the_form_with_what_the_image_does_not_give(stage: Stage) -> None:
    name = f"{stage.prefix}:app"
    await stage.retag(name, "ENV GIVEN=image", 'CMD ["sleep", "500"]', "EXPOSE 80")
    old = await stage.run(f"-e OWN=1 -p 127.0.0.1:0:80 -v {stage.prefix}:/data -m 64m {name}")
    ui = await stage.command("container.clone", old)
    (screen, arguments) = ui.opened[0]
    spec = arguments["spec"]
    assert (screen, arguments["origin"]) == ("run", old.name)
    assert isinstance(spec, RunSpec)
    assert (spec.image, spec.command) == (name, ())
    expected = {
        "detach": ("true",), "name": (f"{stage.prefix}-2",), "env": ("OWN=1",), "publish": ("127.0.0.1:0:80",),
        "volume": (f"{stage.prefix}:/data",), "memory": ("64m",), "label": ("hythe.test=recreate",),
    }  # fmt: skip
    options = {key: values for key, values in spec.options.items() if key != "memory-swap"}
    assert {**options, "publish": (options["publish"][0].replace("127.0.0.1::80", "127.0.0.1:0:80"),)} == expected
    await stage.engine.containers.remove(old.id, force=True)
    try:
        await stage.engine.volumes.remove(stage.prefix)
    except ApiError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("choice", ["run", "compose"])
async def test_the_copy_menu_has_the_line_and_a_service(stage: Stage, choice: str) -> None:
    old = await stage.run(f"-e OWN=1 -e DB_PASSWORD=hunter2 {IMAGE} sleep 500")
    ui = FakeUi(choice=choice)
    await BY_ID["container.copy"].run(Context(stage.session, ui, "containers", (old,)))
    (kind, text) = ui.notes[-1]
    assert kind == "copied"
    wanted = f"docker run -d --name {stage.prefix} -e OWN=1 " if choice == "run" else f"container_name: {stage.prefix}"
    assert wanted in text
    assert "hunter2" in text, "it is copied whole"
    assert "hunter2" not in ui.shown, "and not shown"
