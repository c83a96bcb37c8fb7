"""Push, pull, login and browsing against Docker's own registry beside real engines: TLS, passwords, tokens, cuts."""

import asyncio
import json
import os
import secrets
import subprocess
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from certificates import Certificates
from docker_registry import PASSWORD, USER, docker_registry, find_registry, token_service
from engines import docker_cli
from fake_ui import FakeUi
from private_engine import PrivateEngine
from tui.commands.command import Context
from tui.commands.history import History
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.commands.transfers import log_in, log_out
from tui.engine.credentials import Credentials, DockerLogins
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError
from tui.engine.registry import Registry
from tui.engine.registry_details import read_tag
from tui.engine.transfers import ANONYMOUS
from tui.jobs.newer import NewerJob
from tui.jobs.pull import PullJob
from tui.jobs.push import PushJob
from tui.store.newer import NewerBook

IMAGE = "busybox:latest"
HOST_TIMEOUT = 60


@dataclass
class Scene:
    """A private engine, a registry beside it, and the same data served to this network."""

    engine: Engine
    session: Session
    private: PrivateEngine
    host: str
    here: str

    async def run(self, job: PushJob | PullJob | NewerJob) -> None:
        self.session.jobs.start(job)
        async with asyncio.timeout(HOST_TIMEOUT):
            await job.wait()

    async def look(self, host: str) -> Registry:
        """Return a client for the registry's twin in this network."""
        assert host == self.host
        return Registry(self.here, Credentials(USER, PASSWORD), plain=True)

    async def tagged(self, name: str) -> str:
        """Give the image a name in the registry."""
        await self.engine.images.tag(IMAGE, f"{self.host}/{name}", "1")
        return f"{self.host}/{name}:1"


@pytest.fixture
def docker_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "docker"
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


@pytest.fixture
def program(own_engine: PrivateEngine) -> Path:
    found = find_registry(own_engine.binaries)
    if found is None:
        # one version of the registry will do for both engines
        folders = os.environ.get("HYTHE_TEST_ENGINE_BIN", "").split(os.pathsep)
        found = next(filter(None, (find_registry(Path(folder)) for folder in folders)), None)
    if found is None:
        pytest.skip("no docker-registry beside the engines of HYTHE_TEST_ENGINE_BIN, nor on the PATH")
    return found


@pytest.fixture(params=["htpasswd", "token"])
def hosts(
    request: pytest.FixtureRequest, own_engine: PrivateEngine, program: Path, certificates: Certificates, tmp_path: Path
) -> Iterator[tuple[str, str]]:
    """The address of a registry with TLS in the engine's network, and of its twin in this one."""
    auth: str = request.param
    inside = own_engine.inside
    with (
        token_service(certificates, inside=inside) as port,
        docker_registry(program, tmp_path, inside=inside, token_port=port, auth=auth, tls=certificates) as registry,
        token_service(certificates) as outer,
        docker_registry(program, tmp_path, token_port=outer, auth=auth, tls=certificates) as twin,
    ):
        yield registry.host, twin.host


@pytest.fixture
async def scene(own_engine: PrivateEngine, hosts: tuple[str, str], docker_folder: Path) -> AsyncIterator[Scene]:
    engine = Engine(Endpoint(own_engine.host, "test"))
    await engine.connect()
    session = Session(engine, History())
    session.start()
    yield Scene(engine, session, own_engine, *hosts)
    await session.close()


def cli(scene: Scene, *arguments: str) -> str:
    found = docker_cli()
    if found is None:
        pytest.skip("no docker CLI: set HYTHE_TEST_DOCKER_CLI")
    done = subprocess.run([found, "-H", scene.private.host, *arguments], capture_output=True, text=True, timeout=60)
    return f"{done.returncode} {done.stdout}{done.stderr}"


async def logged_in(scene: Scene, password: str = PASSWORD) -> FakeUi:
    ui = FakeUi(texts=[scene.host, USER, password])
    await log_in(Context(scene.session, ui, "app"))
    return ui


async def test_the_whole_way_of_an_image(scene: Scene, docker_folder: Path) -> None:
    reference = await scene.tagged("team/app")
    refused = PushJob(scene.engine, reference)
    await scene.run(refused)
    assert refused.state == "failed"
    assert "no basic auth credentials" in refused.error or "auth" in refused.error

    wrong = await logged_in(scene, "wrong-password")
    assert wrong.notes[-1][0] == "error"
    assert "wrong-password" not in repr(wrong.notes) + repr(list(scene.session.history))
    assert not (docker_folder / "config.json").exists()

    ui = await logged_in(scene)
    assert ui.notes[-1][1].startswith("Login Succeeded"), ui.notes
    assert ui.secrets == [f"Password or access token; kept in {docker_folder}/config.json, readable by whoever may "
                          "read that file"]  # fmt: skip
    assert PASSWORD not in repr(list(scene.session.history))
    assert cli(scene, "push", reference).startswith("0 ")  # the CLI sees the login

    push = PushJob(scene.engine, reference)
    await scene.run(push)
    assert (push.state, push.error) == ("done", "")
    assert push.digest.startswith("sha256:")
    assert push.picture.layers
    assert all(layer.finished for layer in push.picture.layers)

    await scene.engine.images.remove(reference)
    pull = PullJob(scene.engine, reference)
    await scene.run(pull)
    assert (pull.state, pull.error) == ("done", "")
    details = await scene.engine.images.details(reference)
    assert f"{scene.host}/team/app@{push.digest}" in (details.repo_digests or [])
    auth = await DockerLogins().auth(scene.host)
    assert await scene.engine.registries.digest_of(reference, auth=auth) == push.digest

    out = FakeUi()
    await log_out(Context(scene.session, out, "app"), scene.host)
    assert json.loads((docker_folder / "config.json").read_text())["auths"] == {}
    assert not cli(scene, "push", reference).startswith("0 ")


async def test_a_registry_is_browsed_without_a_pull(scene: Scene) -> None:
    await logged_in(scene)
    for name in ("team/app", "team/other"):
        await scene.run(PushJob(scene.engine, await scene.tagged(name)))
    registry = Registry(scene.here, Credentials(USER, PASSWORD), plain=True)
    names = [name async for page in registry.repositories() for name in page]
    assert names == ["team/app", "team/other"]
    assert [tag async for page in registry.tags("team/app") for tag in page] == ["1"]
    found = await read_tag(registry, "team/app", "1")
    assert found.digest == await registry.digest("team/app", "1")
    (image,) = found.images
    assert image.platform.startswith("linux/")
    assert image.size > 100_000
    assert image.created > 1_000_000_000
    assert len(image.layers) == 1
    await registry.delete("team/app", found.digest)
    assert [tag async for page in registry.tags("team/app") for tag in page] == []
    await registry.close()


async def test_a_tag_that_moved_is_newer_and_its_container_recreated(scene: Scene) -> None:
    await logged_in(scene)
    reference = await scene.tagged("team/moving")
    await scene.run(PushJob(scene.engine, reference))
    old = (await scene.engine.images.details(reference)).id
    body = {"Image": reference, "Cmd": ["sleep", "600"], "Labels": {"a": "b"}}
    name = f"moving-{secrets.token_hex(3)}"
    made = await scene.engine.containers.create(body, name=name)
    await scene.engine.containers.start(made.id)
    # somebody else pushes another image under the same tag
    other = await scene.engine.containers.commit(made.id, changes=["ENV NEWER=yes"])
    await scene.engine.images.tag(other, f"{scene.host}/team/moving", "1")
    await scene.run(PushJob(scene.engine, reference))
    await scene.engine.images.tag(old, f"{scene.host}/team/moving", "1")
    image = await scene.engine.images.read(reference)
    assert image.id == old

    job = NewerJob(scene.engine, scene.session.newer, [image], lambda _image: None, scene.look)
    await scene.run(job)
    assert (job.newer, job.same, job.error) == ([reference], [], "")

    await _known(scene, name)
    target = next(c for c in scene.session.state.containers.values() if c.name == name)
    ui = FakeUi()
    await BY_ID["container.update"].run(Context(scene.session, ui, "containers", (target,)))
    assert [title for title, _, _ in ui.asked] == ["Recreate 1 container?"], ui.notes
    await _known(scene, name)
    inspect = await scene.engine.containers.inspect(name)
    assert inspect["Image"] != old
    assert "NEWER=yes" in inspect["Config"]["Env"]


async def test_an_image_for_another_platform_is_updated_for_that_one(scene: Scene, tmp_path: Path) -> None:
    await logged_in(scene)
    reference, name = f"{scene.host}/team/elsewhere:1", f"elsewhere-{secrets.token_hex(3)}"
    imported: list[str] = []
    for text in ("old", "new"):
        (tmp_path / text).write_text(text)
        with tarfile.open(tmp_path / "root.tar", "w") as tar:
            tar.add(tmp_path / text, text)
        said = cli(scene, "import", "--platform", "linux/arm64", str(tmp_path / "root.tar"), reference)
        imported.append(said.split()[1])
        if text == "old":
            await scene.engine.containers.create({"Image": reference, "Cmd": ["/old"]}, name=name)
    await scene.run(PushJob(scene.engine, reference))
    await scene.engine.images.tag(imported[0], f"{scene.host}/team/elsewhere", "1")
    await _known(scene, name)
    target = next(c for c in scene.session.state.containers.values() if c.name == name)
    await BY_ID["container.update"].run(Context(scene.session, FakeUi(), "containers", (target,)))
    made_for = (await scene.engine.images.details(imported[0])).platform
    option = f"--platform {made_for} " if "arm64" in made_for else ""  # daemons before 23 import for their own alone
    assert f"docker pull {option}{reference}" in [entry.line for entry in scene.session.history]
    assert (await scene.engine.containers.inspect(name))["Image"] == imported[1]


async def _known(scene: Scene, name: str) -> None:
    changed = asyncio.Event()
    scene.session.on_state = lambda: changed.set()
    async with asyncio.timeout(20):
        while not any(c.name == name for c in scene.session.state.containers.values()):
            await changed.wait()
            changed.clear()


async def test_a_pull_that_is_cancelled_can_be_had_again(scene: Scene) -> None:
    await logged_in(scene)
    reference = await scene.tagged("team/cut")
    await scene.run(PushJob(scene.engine, reference))
    await scene.engine.images.remove(reference)
    job = PullJob(scene.engine, reference)
    scene.session.jobs.start(job)
    await job.cancel()
    assert job.state == "cancelled"
    again = PullJob(scene.engine, reference)
    await scene.run(again)
    assert again.state == "done"


async def test_nothing_is_pushed_without_a_name_or_a_registry(scene: Scene) -> None:
    with pytest.raises(ApiError, match=r"does not exist|No such image|denied|reference"):
        async for _ in scene.engine.transfers.push(f"{scene.host}/no/such", "1", auth=ANONYMOUS):
            pass
    gone = PullJob(scene.engine, f"{scene.host}/no/such:1")
    await logged_in(scene)
    await scene.run(gone)
    assert gone.state == "failed"
    assert "not found" in gone.error or "unknown" in gone.error


INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


async def put_index(host: str, name: str, tag: str, entries: dict[str, str]) -> None:
    """Give a registry an index of these manifests' digests by their platforms, under a tag."""
    async with aiohttp.ClientSession(f"http://{host}") as http:
        manifests: list[dict[str, object]] = []
        for platform, digest in entries.items():
            os_, architecture = platform.split("/")
            async with http.get(f"/v2/{name}/manifests/{digest}", headers={"Accept": MANIFEST}) as held:
                size = len(await held.read())
                assert held.status == 200, digest
            manifests.append({"mediaType": MANIFEST, "digest": digest, "size": size,
                              "platform": {"os": os_, "architecture": architecture}})  # fmt: skip
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})
        async with http.put(f"/v2/{name}/manifests/{tag}", data=body, headers={"Content-Type": INDEX}) as put:
            assert put.status == 201, await put.text()


async def test_an_index_that_changed_for_other_platforms_alone_is_not_newer(
    own_engine: PrivateEngine, program: Path, docker_folder: Path, tmp_path: Path
) -> None:
    inside = own_engine.inside
    with docker_registry(program, tmp_path, inside=inside) as registry, docker_registry(program, tmp_path) as twin:
        engine = Engine(Endpoint(own_engine.host, "test"))
        await engine.connect()
        session = Session(engine, History())
        session.start()
        scene = Scene(engine, session, own_engine, registry.host, twin.host)
        try:
            await _an_index_changes(scene)
        finally:
            await session.close()


async def _an_index_changes(scene: Scene) -> None:
    engine, name, repository = scene.engine, "team/many", f"{scene.host}/team/many"
    digests: list[str] = []
    made = await engine.containers.create({"Image": IMAGE})
    for number in range(3):
        image = IMAGE if not number else await engine.containers.commit(made.id, changes=[f"ENV N={number}"])
        await engine.images.tag(image, repository, str(number))
        push = PushJob(engine, f"{repository}:{number}")
        await scene.run(push)
        assert push.state == "done", push.error
        digests.append(push.digest)
        await engine.images.remove(f"{repository}:{number}")
    own = "/".join(((await engine.images.details(IMAGE)).platform).split("/")[:2])
    reference = f"{repository}:many"

    async def look(host: str) -> Registry:
        assert host == scene.host
        return Registry(scene.here, plain=True)

    async def away(_host: str) -> Registry:
        return Registry("127.0.0.1:1", plain=True)

    async def asked(look: Callable[[str], Awaitable[Registry]]) -> tuple[list[str], list[str]]:
        image = await engine.images.read(reference)
        job = NewerJob(engine, NewerBook(), [image], lambda _image: None, look)
        await scene.run(job)
        assert (job.state, job.error) == ("done", "")
        assert "not told" not in job.progress
        return job.newer, job.same

    await put_index(scene.here, name, "many", {own: digests[0], "linux/s390x": digests[1]})
    await scene.run(PullJob(engine, reference))
    assert await asked(look) == ([], [])
    await put_index(scene.here, name, "many", {own: digests[0], "linux/s390x": digests[2]})
    assert await asked(look) == ([], [reference])
    assert await asked(away) == ([reference], []), "who cannot look closer takes it for another"
    await put_index(scene.here, name, "many", {own: digests[1], "linux/s390x": digests[2]})
    assert await asked(look) == ([reference], [])
