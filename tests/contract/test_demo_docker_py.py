"""docker-py judges the demo engine."""

import asyncio
import contextlib
import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import docker.errors
import pytest

from tui.demo.server import serve_demo


@pytest.fixture(scope="module")
def socket() -> Iterator[Path]:
    """A demo engine in a thread: docker-py blocks."""
    ready, done = threading.Event(), threading.Event()
    found: list[Path] = []

    async def serve() -> None:
        async with serve_demo(containers=14) as path:
            found.append(path)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    yield found[0]
    done.set()
    thread.join(20)
    assert not thread.is_alive()
    assert not found[0].exists()


@pytest.fixture
def client(socket: Path) -> Iterator[docker.DockerClient]:
    made = docker.DockerClient(base_url=f"unix://{socket}", timeout=20)
    yield made
    made.close()


@pytest.fixture
def name(client: docker.DockerClient, request: pytest.FixtureRequest) -> Iterator[str]:
    """A container name of the test's own, removed afterwards."""
    text = request.node.name.replace("_", "-")
    yield text
    with contextlib.suppress(docker.errors.NotFound):
        client.containers.get(text).remove(force=True)


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_ping_version_info(client: docker.DockerClient) -> None:
    assert client.ping()
    assert client.version()["ApiVersion"] == "1.51"
    assert client.info()["Containers"] == len(client.containers.list(all=True))


def test_the_cast_has_each_state(client: docker.DockerClient) -> None:
    found = {c.name: c for c in client.containers.list(all=True)}
    assert found["shop-api-1"].health == "healthy"
    assert found["shop-search-1"].health == "unhealthy"
    assert found["shop-queue-1"].status == "paused"
    assert found["shop-payments-1"].status == "restarting"
    assert found["reports"].attrs["State"]["OOMKilled"] is True
    assert found["reports"].attrs["State"]["ExitCode"] == 137
    assert found["shop-web-1"].labels["com.docker.compose.project"] == "shop"


def test_run_returns_the_output(client: docker.DockerClient) -> None:
    assert client.containers.run("busybox", ["echo", "hi"], remove=True) == b"hi\n"
    with pytest.raises(docker.errors.ContainerError) as failed:
        client.containers.run("busybox", ["sh", "-c", "echo bad >&2; exit 4"], remove=True)
    assert failed.value.exit_status == 4


def test_life_cycle(client: docker.DockerClient, name: str) -> None:
    made = client.containers.run("busybox", ["sleep", "1000"], name=name, detach=True)
    made.reload()
    assert made.status == "running"
    made.pause()
    made.reload()
    assert made.status == "paused"
    with pytest.raises(docker.errors.APIError) as again:
        made.pause()
    assert again.value.status_code == 409
    made.unpause()
    made.restart(timeout=0)
    made.kill("USR1")
    made.stop(timeout=0)
    made.reload()
    assert (made.status, made.attrs["State"]["ExitCode"]) == ("exited", 137)
    made.start()
    with pytest.raises(docker.errors.APIError, match="container is running"):
        made.remove()
    made.remove(force=True)
    with pytest.raises(docker.errors.NotFound):
        made.reload()


def test_commit_holds_the_file_the_container_wrote(client: docker.DockerClient, name: str) -> None:
    made = client.containers.run("busybox", ["sh", "-c", "echo x > /written"], name=name, detach=True)
    assert made.wait()["StatusCode"] == 0
    assert {"Path": "/written", "Kind": 1} in made.diff()
    image = made.commit(repository="committed", tag="1", message="m", author="me", changes="ENV A=b\nCMD echo hi")
    assert "A=b" in image.attrs["Config"]["Env"]
    assert image.attrs["Config"]["Cmd"] == ["/bin/sh", "-c", "echo hi"]
    data = b"".join(image.save(named=True))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        top = tar.extractfile(manifest[0]["Layers"][-1])
        assert top is not None
        with tarfile.open(fileobj=io.BytesIO(top.read())) as layer:
            assert layer.getnames() == ["written"]
    assert manifest[0]["RepoTags"] == ["committed:1"]
    client.images.remove("committed:1")
    assert [i.tags for i in client.images.load(data)] == [["committed:1"]]
    client.images.remove("committed:1")


def test_exec_and_copy(client: docker.DockerClient) -> None:
    box = client.containers.get("toolbox")
    assert box.exec_run(["sh", "-c", "echo a; echo b >&2; exit 3"], demux=True) == (3, (b"a\n", b"b\n"))
    assert box.put_archive("/", archive({"copied": b"text"}))
    assert box.exec_run(["cat", "/copied"]).output == b"text"
    chunks, stat = box.get_archive("/copied")
    assert stat["size"] == 4
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        assert tar.extractfile("copied").read() == b"text"  # type: ignore[union-attr]


def test_logs_tail_and_stats(client: docker.DockerClient) -> None:
    web = client.containers.get("shop-web-1")
    lines = web.logs(tail=5).splitlines()
    assert len(lines) == 5
    assert web.logs(tail=5, timestamps=True).splitlines()[0].endswith(lines[0])
    sample = web.stats(stream=False)
    used = sample["cpu_stats"]["cpu_usage"]["total_usage"] - sample["precpu_stats"]["cpu_usage"]["total_usage"]
    assert 0 < used < sample["cpu_stats"]["system_cpu_usage"] - sample["precpu_stats"]["system_cpu_usage"]
    assert 0 < sample["memory_stats"]["usage"] <= sample["memory_stats"]["limit"]


def test_classic_build_of_two_stages(client: docker.DockerClient) -> None:
    text = b"FROM busybox AS one\nRUN echo built > /made\nFROM scratch\nCOPY --from=one /made /\nCOPY a.txt /b\n"
    context = archive({"Dockerfile": text, "a.txt": b"a"})
    image, log = client.images.build(fileobj=io.BytesIO(context), custom_context=True, tag="two:stages", rm=True)
    assert any("Successfully tagged two:stages" in str(m) for m in log)
    assert [row["Size"] for row in image.history()] == [1, 6]
    again, log = client.images.build(fileobj=io.BytesIO(context), custom_context=True, tag="two:stages", rm=True)
    assert again.id == image.id
    assert sum("Using cache" in str(m) for m in log) == 3
    client.images.remove("two:stages")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("FROM busybox\nRUN exit 3\n", "returned a non-zero code: 3"),
        ("FROM busybox\nCOPY nope /x\n", "stat nope: file does not exist"),
        ("FROM busybox\nFOO x\n", "unknown instruction: FOO"),
        ("FROM nope/nope\n", "pull access denied for nope/nope"),
    ],
)
def test_build_errors(client: docker.DockerClient, lines: str, words: str) -> None:
    context = archive({"Dockerfile": lines.encode()})
    with pytest.raises((docker.errors.BuildError, docker.errors.APIError), match=words):
        client.images.build(fileobj=io.BytesIO(context), custom_context=True, rm=True)


def test_pull_push_and_remove(client: docker.DockerClient) -> None:
    image = client.images.pull("ubuntu", tag="24.04")
    assert image.tags == ["ubuntu:24.04"]
    assert image.tag("registry.example.com/team/u", "1")
    last = list(client.images.push("registry.example.com/team/u", tag="1", stream=True, decode=True))[-1]
    assert last["aux"]["Tag"] == "1"
    client.images.remove("registry.example.com/team/u:1")
    client.images.remove("ubuntu:24.04")
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get("ubuntu:24.04")
    with pytest.raises(docker.errors.NotFound):
        client.images.pull("nobody/nothing", tag="1")
    with pytest.raises(docker.errors.APIError, match="must force"):
        client.images.remove("grafana/grafana:11.1.0")


def test_volumes_and_networks(client: docker.DockerClient) -> None:
    volume = client.volumes.create("own", labels={"a": "b"})
    assert [v.name for v in client.volumes.list(filters={"label": "a=b"})] == ["own"]
    volume.remove()
    with pytest.raises(docker.errors.APIError, match="volume is in use"):
        client.volumes.get("shop_pgdata").remove()
    network = client.networks.create("own-net")
    box = client.containers.get("toolbox")
    network.connect(box)
    network.reload()
    assert [c.name for c in network.containers] == ["toolbox"]
    network.disconnect(box)
    network.remove()
    with pytest.raises(docker.errors.APIError, match="pre-defined network"):
        client.networks.get("bridge").remove()


def test_events_in_the_order_of_the_daemon(client: docker.DockerClient, name: str) -> None:
    stream = client.events(decode=True, filters={"container": name})
    made = client.containers.create("busybox", ["sh", "-c", "exit 3"], name=name)
    made.start()
    seen = [next(stream) for _ in range(3)]
    assert [e["Action"] for e in seen] == ["create", "start", "die"]
    assert seen[2]["Actor"]["Attributes"]["exitCode"] == "3"
    assert (seen[0]["status"], seen[0]["id"], seen[0]["from"]) == ("create", made.id, "busybox")
    stream.close()


@pytest.mark.parametrize(
    ("call", "status", "words"),
    [
        (lambda c: c.containers.get("nope"), 404, "No such container: nope"),
        (lambda c: c.images.get("nope"), 404, "No such image: nope:latest"),
        (lambda c: c.containers.create("busybox", name="toolbox"), 409, "is already in use by container"),
        (lambda c: c.containers.create("busybox", name="a@b"), 400, "Invalid container name"),
        (lambda c: c.containers.get("reports").kill(), 409, "is not running"),
        (lambda c: c.containers.get("toolbox").kill("FOO"), 400, "invalid signal: FOO"),
        (lambda c: c.containers.create("busybox", network="container:toolbox", hostname="x"), 400, "network mode"),
        (lambda c: c.containers.create("busybox", uts_mode="host", hostname="x"), 400, "and the UTS mode"),
        (lambda c: c.containers.run("busybox", ["true"], network="container:reports"), 409, "non running"),
        (lambda c: c.containers.run("busybox", ["true"], network="container:nope"), 500, "No such container: nope"),
        (lambda c: c.swarm.reload(), 503, "This node is not a swarm manager"),
        (lambda c: c.containers.run("busybox", ["true"], ports={"80/tcp": 8080}), 500, "port is already allocated"),
    ],
)
def test_refusals(
    client: docker.DockerClient, call: Callable[[docker.DockerClient], object], status: int, words: str
) -> None:
    with pytest.raises(docker.errors.APIError) as refused:
        call(client)
    assert refused.value.status_code == status
    assert words in str(refused.value.explanation)
