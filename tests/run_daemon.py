"""A real daemon for tests that compare what two clients made of the same line, by what inspect tells."""

import copy
import json
import shlex
import subprocess
from typing import Any

from engines import RealEngine, UnixHTTPConnection
from tui.model.run_body import CreateRequest, create_request
from tui.model.run_line import docker_line
from tui.model.run_spec import RunSpec


class Daemon:
    """As much of a client as the comparison needs; remembers what it has to remove."""

    def __init__(self, engine: RealEngine) -> None:
        self.engine = engine
        self.containers: list[str] = []
        self.networks: list[str] = []
        self.images: list[str] = []
        major, _, minor = engine.api_version.partition(".")
        self.api = min((int(major), int(minor)), (1, 51))

    def call(self, method: str, path: str, body: object = None) -> Any:
        connection = UnixHTTPConnection(self.engine.socket, timeout=60)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            path = f"/v{self.api[0]}.{self.api[1]}{path}"
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
            assert response.status < 300, (path, response.status, text)
            return json.loads(text) if text else None
        finally:
            connection.close()

    def inspect(self, name: str) -> dict[str, Any]:
        return self.call("GET", f"/containers/{name}/json")

    def create(self, spec: RunSpec) -> dict[str, Any]:
        """Make a container of our request, and return what inspect says of it."""
        return self.send(create_request(spec, self.api))

    def send(self, request: CreateRequest) -> dict[str, Any]:
        query = f"?name={request.name}" + (f"&platform={request.platform}" if request.platform else "")
        made = self.call("POST", f"/containers/create{query}", request.body)["Id"]
        self.containers.append(made)
        for network, endpoint in request.connect:
            self.call("POST", f"/networks/{network}/connect", {"Container": made, "EndpointConfig": endpoint})
        return self.inspect(made)

    def cli(self, docker_cli: str, command: str, spec: RunSpec) -> dict[str, Any]:
        """Let the docker CLI make a container of the equal line, and return what inspect says of it."""
        words = shlex.split(docker_line(spec, command=()))
        line = [docker_cli, "-H", self.engine.host, command, "--pull", "never", *words]
        result = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 0, (line, result.stderr)
        self.containers.append(result.stdout.strip())
        return self.inspect(result.stdout.strip())

    def remove(self, container: dict[str, Any]) -> None:
        self.call("DELETE", f"/containers/{container['Id']}?force=1&v=1")
        self.containers.remove(container["Id"])


def comparable(container: dict[str, Any]) -> dict[str, Any]:
    """What was asked for: without what differs between any two containers, or with the kind of client."""
    config, host = dict(container["Config"]), dict(container["HostConfig"])
    if config["Hostname"] == container["Id"][:12]:
        del config["Hostname"]
    config["Env"] = sorted(config["Env"] or [])  # the daemon merges it with the image's in no order
    host["Binds"] = sorted(host["Binds"] or [])  # the CLI keeps them in no order
    host["Links"] = [link.replace(f"{container['Name']}/", "/") for link in host["Links"] or []]
    host.pop("ConsoleSize", None)  # the size of the CLI's own terminal
    host.pop("ContainerIDFile", None)  # where the CLI was to write the ID
    return {
        "config": filled(config),
        "host": {key: value for key, value in filled(host).items() if value != -1},
        "mounts": sorted(
            (mount["Type"], mount["Destination"], mount["Mode"], mount["RW"]) for mount in container["Mounts"]
        ),
        "networks": {name: endpoint(end, container) for name, end in container["NetworkSettings"]["Networks"].items()},
        "ports": ports(container),
    }


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What inspect tells differently of two containers, by its place."""
    one, other = comparable(ours), comparable(theirs)
    found = {part: (one[part], other[part]) for part in ("mounts", "networks", "ports") if one[part] != other[part]}
    for part in ("config", "host"):
        for key in {**one[part], **other[part]}:
            pair = (one[part].get(key), other[part].get(key))
            found |= {f"{part}.{key}": pair} if pair[0] != pair[1] else {}
    return found


def filled(found: Any) -> Any:
    """What is said without what is said to be nothing, at any depth."""
    if isinstance(found, dict):
        return {key: filled(value) for key, value in found.items() if filled(value)}
    return [filled(value) for value in found] if isinstance(found, list) else found


def endpoint(end: dict[str, Any], container: dict[str, Any]) -> dict[str, Any]:
    """An end in a network without what the daemon makes up."""
    kept = copy.deepcopy(end)
    asked = kept.get("IPAMConfig") or {}
    for made_up in ("NetworkID", "EndpointID", "DNSNames", "Gateway", "IPPrefixLen"):
        kept.pop(made_up, None)
    if not asked.get("IPv4Address"):
        kept.pop("IPAddress", None)
    if not str(kept.get("MacAddress")).startswith("02:11:22"):
        kept.pop("MacAddress", None)
    kept["Aliases"] = [alias for alias in kept.get("Aliases") or [] if alias != container["Id"][:12]]
    return filled(kept)


def ports(container: dict[str, Any]) -> dict[str, Any]:
    """The ports that a running container publishes, the host's only where they were asked for."""
    asked = container["HostConfig"]["PortBindings"] or {}
    found = container["NetworkSettings"].get("Ports") or {}
    return {
        key: sorted((b["HostIp"], b["HostPort"]) for b in bindings or [])
        if all(wanted["HostPort"].isdigit() for wanted in asked.get(key) or [])
        else len(bindings or [])
        for key, bindings in found.items()
    }
