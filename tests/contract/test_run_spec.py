"""A real daemon makes the same container of our request as of the docker CLI's line."""

import json
import shlex
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from engines import RealEngine, UnixHTTPConnection
from tui.model.run_spec import RunSpec, create_body, docker_line


class Daemon:
    """As much of a client as the comparison needs; remembers what it has to remove."""

    def __init__(self, engine: RealEngine) -> None:
        self.engine = engine
        self.containers: list[str] = []

    def call(self, method: str, path: str, body: object = None) -> Any:
        connection = UnixHTTPConnection(self.engine.socket, timeout=60)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
            assert response.status < 300, (path, response.status, text)
            return json.loads(text) if text else None
        finally:
            connection.close()

    def inspect(self, name: str) -> dict[str, Any]:
        return self.call("GET", f"/v1.41/containers/{name}/json")


@pytest.fixture
def daemon(real_engine: RealEngine) -> Iterator[Daemon]:
    daemon = Daemon(real_engine)
    yield daemon
    for name in daemon.containers:
        daemon.call("DELETE", f"/v1.41/containers/{name}?force=1&v=1")


SPECS = {
    "bare": RunSpec(image="busybox"),
    "command": RunSpec(image="busybox", command=("sh", "-c", "echo \"$HOME\" 'x y'"), env=("A=b c", "B=", "C=a=b")),
    "ports": RunSpec(
        image="busybox", ports=("127.0.0.1:18080-18081:80-81/tcp", "18053:53/udp", "90", "18100-18110:100", "[::1]::70")
    ),
    "volumes": RunSpec(image="busybox", volumes=("/tmp:/host:ro", "/anonymous", "/var/tmp:/other:rw,z")),
    "restart": RunSpec(image="busybox", restart="on-failure:5"),
    "always": RunSpec(image="busybox", restart="unless-stopped", network="host"),
    "rm": RunSpec(image="busybox", auto_remove=True, tty=True, interactive=True, network="none", hostname="hal"),
    "limits": RunSpec(
        image="busybox",
        memory=64 << 20,
        cpus=0.5,
        user="1000:1000",
        workdir="/tmp",
        entrypoint="env",
        labels=("a=b", "c"),
        privileged=True,
        read_only=True,
        init=True,
        publish_all=True,
    ),
}


def comparable(container: dict[str, Any]) -> dict[str, Any]:
    """What was asked for: without what differs between any two containers, or with the kind of client."""
    config, host = dict(container["Config"]), dict(container["HostConfig"])
    if config["Hostname"] == container["Id"][:12]:
        del config["Hostname"]
    config["Env"] = sorted(config["Env"] or [])  # the daemon merges it with the image's in no order
    for attached in ("AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce"):
        config.pop(attached)  # the CLI's `create` always attaches: `run -d` cannot be asked for without starting
    host["Binds"] = sorted(host["Binds"] or [])  # the CLI keeps them in no order
    host.pop("ConsoleSize", None)  # the size of the CLI's own terminal
    return {
        "config": {key: value for key, value in config.items() if value},
        "host": {key: value for key, value in host.items() if value and value != -1},
        "networks": sorted(container["NetworkSettings"]["Networks"]),
        "mounts": sorted(
            (mount["Type"], mount["Destination"], mount["Mode"], mount["RW"]) for mount in container["Mounts"]
        ),
    }


@pytest.mark.parametrize("name", SPECS)
def test_the_cli_and_the_request_make_the_same_container(daemon: Daemon, docker_cli: str, name: str) -> None:
    spec = SPECS[name]
    prefix = f"runspec-{name}-{uuid.uuid4().hex[:6]}"
    created = daemon.call("POST", f"/v1.41/containers/create?name={prefix}-api", create_body(spec))
    daemon.containers.append(created["Id"])
    words = shlex.split(docker_line(spec))
    assert words[:3] == ["docker", "run", "-d"]
    line = [docker_cli, "-H", daemon.engine.host, "create", "--pull", "never", "--name", f"{prefix}-cli", *words[3:]]
    result = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    daemon.containers.append(result.stdout.strip())
    assert comparable(daemon.inspect(f"{prefix}-api")) == comparable(daemon.inspect(f"{prefix}-cli"))
