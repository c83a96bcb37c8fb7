"""A real daemon makes the same container of our request as of the docker CLI's line."""

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from engines import RealEngine
from run_daemon import Daemon, differences
from run_lines import CASES
from tui.model.images import ImageInspect
from tui.model.recreate import recreate_request
from tui.model.run_body import CreateRequest
from tui.model.run_inspect import spec_of_container
from tui.model.run_line import docker_line, parse_run_line
from tui.model.run_spec import RunSpec, check_run
from tui.model.run_wire import RunInspect
from tui.model.system import Info

SUBNET = "10.213.{}.0/24"


@pytest.fixture
def daemon(real_engine: RealEngine) -> Iterator[Daemon]:
    daemon = Daemon(real_engine)
    yield daemon
    for name in daemon.containers:
        daemon.call("DELETE", f"/containers/{name}?force=1&v=1")
    for volume in daemon.call("GET", "/volumes")["Volumes"] or []:
        if volume["Name"].startswith("runspec-"):
            daemon.call("DELETE", f"/volumes/{volume['Name']}")
    for name in daemon.images:
        daemon.call("DELETE", f"/images/{name}?force=1")
    for name in daemon.networks:
        daemon.call("DELETE", f"/networks/{name}")


def spec_of(line: str) -> RunSpec:
    parsed = parse_run_line(f"docker run {line}")
    assert parsed.spec is not None
    assert not parsed.problems, parsed.problems
    assert check_run(parsed.spec) == {}
    return parsed.spec


def surroundings(daemon: Daemon, line: str) -> tuple[str, dict[str, str]]:
    """Make the networks and the container that a line speaks of, and return its own prefix and how to fill it in."""
    prefix = f"runspec-{uuid.uuid4().hex[:6]}"
    octet = str(int(prefix[-2:], 16))
    words = {"prefix": prefix, "net": f"{prefix}-net", "octet": octet, "other": f"{prefix}-other"}
    if "{net}" in line:
        config = [{"Subnet": SUBNET.format(octet)}]
        daemon.call("POST", "/networks/create", {"Name": words["net"], "IPAM": {"Config": config}})
        daemon.call("POST", "/networks/create", {"Name": f"{words['net']}-b"})
        daemon.networks += [words["net"], f"{words['net']}-b"]
    if "{other}" in line:
        body: dict[str, Any] = {"Image": "busybox", "Cmd": ["sleep", "600"], "Volumes": {"/shared": {}}}
        body["HostConfig"] = {"IpcMode": "shareable", "NetworkMode": words["net"] if "{net}" in line else "default"}
        daemon.containers.append(daemon.call("POST", f"/containers/create?name={words['other']}", body)["Id"])
        daemon.call("POST", f"/containers/{words['other']}/start")
    return prefix, words


@pytest.mark.parametrize("name", CASES)
def test_the_cli_and_the_request_make_the_same_container(daemon: Daemon, docker_cli: str, name: str) -> None:
    least, line = CASES[name]
    if daemon.api < least:
        pytest.skip(f"needs API {least[0]}.{least[1]}")
    prefix, words = surroundings(daemon, line)
    spec = spec_of(line.format(**words))
    ours = daemon.create(spec.with_options(name=(f"{prefix}-api",)))
    theirs = daemon.cli(docker_cli, "create", spec.with_options(name=(f"{prefix}-cli",)))
    assert differences(ours, theirs) == {}


def cloned(daemon: Daemon, container: dict[str, Any]) -> RunSpec:
    """The spec of a container that is there, without its name."""
    config = daemon.call("GET", f"/images/{container['Image']}/json")
    found = msgspec.convert(container, RunInspect)
    info = msgspec.convert(daemon.call("GET", "/info"), Info)
    return spec_of_container(found, msgspec.convert(config, ImageInspect).config, info).spec


@pytest.mark.parametrize("name", CASES)
def test_what_inspect_tells_makes_the_same_container_again(daemon: Daemon, name: str) -> None:
    least, line = CASES[name]
    if daemon.api < least:
        pytest.skip(f"needs API {least[0]}.{least[1]}")
    prefix, words = surroundings(daemon, line)
    first = daemon.create(spec_of(line.format(**words)).with_options(name=(prefix,)))
    spec = cloned(daemon, first)
    assert check_run(spec) == {}
    assert parse_run_line(docker_line(spec)).spec == spec
    again = daemon.create(spec.with_options(name=(f"{prefix}-2",)))
    assert differences(first, again) == {}


@pytest.mark.parametrize("name", CASES)
def test_what_is_made_anew_is_the_same_container(daemon: Daemon, name: str) -> None:
    least, line = CASES[name]
    if daemon.api < least:
        pytest.skip(f"needs API {least[0]}.{least[1]}")
    prefix, words = surroundings(daemon, line)
    first = daemon.create(spec_of(line.format(**words)).with_options(name=(prefix,)))
    config = daemon.call("GET", f"/images/{first['Image']}/json")["Config"]
    request = recreate_request(first, config, api=daemon.api)
    assert request.name == prefix
    again = daemon.send(CreateRequest(request.body, f"{prefix}-2", "", request.connect))
    found = differences(first, again)
    nameless = found.pop("host.Binds", ([], []))[1]
    found.pop("host.Mounts", None)
    assert [bind for bind in nameless if bind not in (first["HostConfig"]["Binds"] or [])] == unnamed(first)
    assert volumes(again) == volumes(first)
    assert {key: value for key, value in found.items() if key != "mounts"} == {}


def unnamed(container: dict[str, Any]) -> list[str]:
    """The binds that stand for the volumes which a container has without a name of their own."""
    if container["HostConfig"]["VolumesFrom"]:
        return []  # it asks for them again
    names = {mount["Name"]: mount for mount in container["Mounts"] if mount["Type"] == "volume"}
    return sorted(f"{name}:{mount['Destination']}" for name, mount in names.items() if len(name) == 64)


def volumes(container: dict[str, Any]) -> dict[str, str]:
    return {mount["Destination"]: mount.get("Name", mount["Source"]) for mount in container["Mounts"]}


CHANGES = (
    "ENV A=1 B=two", 'CMD ["sleep", "100"]', 'ENTRYPOINT ["env"]', "LABEL a=b c=d", "EXPOSE 80 53/udp", "VOLUME /data",
    "USER 1000", "WORKDIR /srv", "HEALTHCHECK --interval=5s --retries=2 CMD true", "STOPSIGNAL SIGINT",
)  # fmt: skip
OVER = (
    "-d {image}",
    "-e A=2 -e C=3 {image}",
    "-l a=c -l e=f --expose 81 -p 80:80 {image} sleep 5",
    "--entrypoint sh -u 0 -w /tmp -v /data:/data {image} -c 'echo hi'",
    "--no-healthcheck {image}",
    "--health-interval 7s --stop-signal SIGQUIT {image}",
    "-v /more --mount type=volume,target=/data {image}",
    "-e A {image}",
)


@pytest.mark.parametrize("line", OVER)
def test_what_the_image_gives_is_not_asked_for_again(daemon: Daemon, line: str) -> None:
    prefix = f"runspec-{uuid.uuid4().hex[:6]}"
    base = daemon.call("POST", "/containers/create", {"Image": "busybox"})["Id"]
    daemon.containers.append(base)
    changes = [change for change in CHANGES if daemon.api > (1, 41) or not change.startswith("STOPSIGNAL")]
    query = urlencode({"container": base, "repo": prefix, "tag": "x", "changes": "\n".join(changes)})
    daemon.images.append(daemon.call("POST", f"/commit?{query}", {})["Id"])
    spec = spec_of(line.format(image=f"{prefix}:x"))
    first = daemon.create(spec)
    again = cloned(daemon, first)
    assert (again.image, again.command, dict(again.options)) == (spec.image, spec.command, dict(spec.options))


RUNNING = (
    "-d busybox sleep 600",
    "-d -it -p 127.0.0.1:18280:80 -p 18281:81 -e A=b -v /data --restart always busybox",
    "-d --network {net} --network-alias one --ip 10.213.{octet}.77 -m 64m --tmpfs /run busybox sleep 600",
    "-d --read-only --user 1000 --cap-drop ALL --ulimit nofile=1024:2048 --shm-size 1m busybox sleep 600",
)


@pytest.mark.parametrize("line", RUNNING)
def test_what_runs_is_the_same(daemon: Daemon, docker_cli: str, line: str) -> None:
    prefix, words = surroundings(daemon, line)
    spec = spec_of(line.format(**words)).with_options(name=(prefix,))
    theirs = daemon.cli(docker_cli, "run", spec)
    daemon.remove(theirs)
    made = daemon.create(spec)
    daemon.call("POST", f"/containers/{made['Id']}/start")
    ours = daemon.inspect(made["Id"])
    assert ours["State"]["Status"] == theirs["State"]["Status"] == "running"
    assert differences(ours, theirs) == {}
