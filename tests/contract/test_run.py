"""What running and committing mean on every engine: what is sent, what comes of it, and where a refusal belongs."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from shlex import quote

import pytest

from engines import RealEngine
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, Conflict, NotFound
from tui.jobs.pull import PullJob
from tui.model.commit_spec import check_change
from tui.model.run_body import create_request
from tui.model.run_line import parse_run_line
from tui.present.changes import ADDED, CHANGED, DELETED, ChangeTree
from tui.present.run import error_place, image_hints, name_holder
from tui.screens.commit import error_place as commit_place

IMAGE = "busybox:latest"


@dataclass
class Bench:
    """An engine and what a test left in it."""

    engine: Engine
    containers: list[str] = field(default_factory=list[str])
    images: list[str] = field(default_factory=list[str])
    prefix: str = field(default_factory=lambda: f"runtest-{secrets.token_hex(3)}")

    async def create(self, line: str) -> str:
        """Make a container as the run form does of what stands behind `docker run -d`."""
        spec = parse_run_line(f"docker run -d {line}").spec
        assert spec is not None
        request = create_request(spec, self.engine.transport.api_version or (1, 41))
        created = await self.engine.containers.create(request.body, name=request.name)
        self.containers.append(created.id)
        return created.id

    async def run(self, line: str) -> str:
        made = await self.create(line)
        await self.engine.containers.start(made)
        return made

    async def commit(self, container: str, **options: object) -> str:
        image = await self.engine.containers.commit(container, **options)  # pyright: ignore[reportArgumentType] the test's own
        self.images.append(image)
        return image


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    engine = Engine(Endpoint(f"unix://{engine_socket}", "test"))
    await engine.connect()
    bench = Bench(engine)
    yield bench
    for container in bench.containers:
        try:
            await engine.containers.remove(container, force=True, volumes=True)
        except NotFound:
            continue
    for image in bench.images:
        try:
            await engine.images.remove(image, force=True)
        except NotFound:
            continue
    await engine.close()


async def refusal(bench: Bench, line: str) -> ApiError:
    """Return why the daemon does not run it."""
    with pytest.raises(ApiError) as caught:
        await bench.run(line)
    return caught.value


async def test_a_taken_name_belongs_to_the_name_and_tells_who_has_it(bench: Bench) -> None:
    line = f"--name {bench.prefix} {IMAGE} sleep 100"
    first = await bench.create(line)
    error = await refusal(bench, line)
    assert isinstance(error, Conflict)
    assert error_place(str(error)) == "name"
    assert name_holder(str(error)) == first


async def test_an_image_that_is_not_here_belongs_to_the_image(bench: Bench) -> None:
    error = await refusal(bench, f"{bench.prefix}:nowhere")
    assert isinstance(error, NotFound)
    assert error_place(str(error)) == "image"


async def test_a_port_in_use_belongs_to_the_ports_and_leaves_a_created_container(bench: Bench) -> None:
    port = str(20_000 + secrets.randbelow(10_000))
    await bench.run(f"--name {bench.prefix}-1 -p {port}:80 {IMAGE} sleep 100")
    error = await refusal(bench, f"--name {bench.prefix}-2 -p {port}:81 {IMAGE} sleep 100")
    assert error.status == 500
    assert error_place(str(error)) == "publish"
    left = await bench.engine.containers.read(f"{bench.prefix}-2")
    assert left.state == "created"


async def test_a_command_that_is_not_there_belongs_to_the_command(bench: Bench) -> None:
    error = await refusal(bench, f"--name {bench.prefix} {IMAGE} /no/such/program")
    assert error_place(str(error)) == "command"
    left = await bench.engine.containers.read(bench.prefix)
    assert left.state == "created"


async def test_a_network_that_is_not_there_belongs_to_the_network(bench: Bench) -> None:
    error = await refusal(bench, f"--name {bench.prefix} --network {bench.prefix}-net {IMAGE} true")
    assert error_place(str(error)) == "network"


async def test_a_restarting_container_that_removes_itself_is_refused(bench: Bench) -> None:
    error = await refusal(bench, f"--name {bench.prefix} --rm --restart always {IMAGE}")
    assert error.status == 400
    assert error_place(str(error)) == "restart"


async def test_the_networks_are_listed_by_name_with_their_drivers(bench: Bench) -> None:
    found = {network.name: network.driver for network in await bench.engine.networks.list_all()}
    assert {"bridge": "bridge", "host": "host", "none": "null"}.items() <= found.items()
    assert list(found) == sorted(found)


async def test_what_an_image_brings_along_is_read_from_it(bench: Bench) -> None:
    made = await bench.create(f"--name {bench.prefix} {IMAGE}")
    reference = f"{bench.prefix}:hints"
    changes = ("EXPOSE 5000/udp", 'VOLUME ["/data"]', "ENV DB_PASSWORD=x NAME=short", 'CMD ["sh", "-c", "echo hi"]')
    await bench.commit(made, repo=bench.prefix, tag="hints", changes=changes)
    hints = image_hints((await bench.engine.images.details(reference)).config)
    assert hints.placeholder("command") == "the image's own: sh -c 'echo hi'"
    assert "5000/udp" in hints.hint("publish")
    assert hints.placeholder("publish") == "5000:5000/udp"
    assert "/data" in hints.hint("volume")
    assert "DB_PASSWORD=***" in hints.hint("env")
    assert "NAME=short" in hints.hint("env")


GOOD_CHANGES = (
    "CMD", "cmd sleep 1", 'CMD ["sleep", "1"]', "ENTRYPOINT", "ENV A=1 B=2", "ENV A b c", "ENV A=$B", "EXPOSE 80",
    "EXPOSE 80-90/udp 443", "LABEL a=b", "LABEL a b", "ONBUILD RUN true", "USER a", "VOLUME /x /y", "WORKDIR /x",
    "WORKDIR rel", "HEALTHCHECK NONE",
)  # fmt: skip
BAD_CHANGES = (
    "RUN x", "SHELL [\"a\"]", "FROM x", "LABEL a", "ENV a", "USER", "VOLUME", "EXPOSE", "EXPOSE x", "EXPOSE 70000",
    "EXPOSE 80/foo", "ONBUILD", "ONBUILD ONBUILD RUN x", "ONBUILD FROM x", "MAINTAINER x", "ENV A=1 B", "ENV =1",
    'ENV A="x', "# nothing",
)  # fmt: skip


async def test_the_form_takes_the_instructions_that_the_daemon_takes(bench: Bench) -> None:
    made = await bench.create(f"--name {bench.prefix} {IMAGE}")
    for change in GOOD_CHANGES:
        assert check_change(change) is None, change
        await bench.commit(made, changes=(change,))
    await bench.commit(made, changes=GOOD_CHANGES)


async def test_the_form_refuses_the_instructions_that_a_daemon_refuses(real_bench: Bench) -> None:
    made = await real_bench.create(f"--name {real_bench.prefix} {IMAGE}")
    for change in BAD_CHANGES:
        assert check_change(change), change
        with pytest.raises(ApiError) as caught:
            await real_bench.commit(made, changes=(change,))
        assert commit_place(str(caught.value)) == "changes", change


@pytest.fixture
async def real_bench(real_engine: RealEngine) -> AsyncIterator[Bench]:
    engine = Engine(Endpoint(f"unix://{real_engine.socket}", "test"))
    await engine.connect()
    bench = Bench(engine)
    yield bench
    for container in bench.containers:
        await engine.containers.remove(container, force=True)
    for image in bench.images:
        await engine.images.remove(image, force=True)
    await engine.close()


async def test_a_commit_holds_what_was_written_down(bench: Bench) -> None:
    made = await bench.create(f"--name {bench.prefix} {IMAGE}")
    image = await bench.commit(
        made,
        repo=bench.prefix,
        tag="v1",
        author="A <a@b>",
        message="it: works",
        changes=("WORKDIR /srv", "USER nobody"),
    )
    details = await bench.engine.images.details(f"{bench.prefix}:v1")
    assert details.id == image
    assert (details.author, details.comment) == ("A <a@b>", "it: works")
    assert details.config is not None
    assert (details.config.working_dir, details.config.user) == ("/srv", "nobody")


async def test_a_reference_that_is_none_belongs_to_the_reference(bench: Bench) -> None:
    made = await bench.create(f"--name {bench.prefix} {IMAGE}")
    with pytest.raises(ApiError) as caught:
        await bench.commit(made, repo="UPPER", tag="v1")
    assert commit_place(str(caught.value)) == "reference"


async def test_what_a_container_changed_has_its_letter(real_bench: Bench) -> None:
    script = "mkdir -p /srv/a && echo x >/srv/a/b && rm /bin/false && echo ready && sleep 100"
    made = await real_bench.run(f"--name {real_bench.prefix} {IMAGE} sh -c {quote(script)}")
    async with asyncio.timeout(20), aclosing(real_bench.engine.containers.logs(made, tty=False, follow=True)) as log:
        while not await anext(log):
            pass  # what comes first tells only that the daemon answers
    found = {change.path: change.kind for change in await real_bench.engine.containers.changes(made)}
    assert found["/srv/a/b"] == ADDED
    assert found["/bin/false"] == DELETED
    assert found["/bin"] == CHANGED
    tree = ChangeTree(found.items())
    assert tree.counts[DELETED] == 1
    assert [text for text, _ in tree.label("/bin/false")] == ["D ", "false"]


async def test_a_pull_that_fails_keeps_the_daemons_words(real_bench: Bench) -> None:
    job = PullJob(real_bench.engine, "127.0.0.1:1/nothing:here")
    job.start()
    await job.wait()
    assert job.state == "failed"
    assert "127.0.0.1:1" in job.error
