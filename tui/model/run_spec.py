"""What `docker run` takes: the grammar of its options, the equal command line, the body of the request."""

import ipaddress
import re
import shlex
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from tui.model.reference import check_container_name, check_resource_name

Protocol = Literal["tcp", "udp", "sctp"]
PROTOCOLS: Final[tuple[Protocol, ...]] = ("tcp", "udp", "sctp")
RESTART_POLICIES: Final = ("no", "on-failure", "always", "unless-stopped")
_VOLUME_MODES: Final = (
    frozenset({"ro", "rw"}),
    frozenset({"z", "Z"}),
    frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"}),
    frozenset({"nocopy"}),
    frozenset({"consistent", "cached", "delegated"}),
)
_BIND_ONLY: Final = _VOLUME_MODES[2]


class InvalidOption(ValueError):
    """A text that the option of `docker run` does not take; the message says why."""


class PortMapping(msgspec.Struct, frozen=True):
    """One port of the container and where the host publishes it.

    `host_ip` is empty for every address. `host_port` is None for one the daemon picks; with `host_port_end` it picks
    from that range.
    """

    container_port: int
    protocol: Protocol = "tcp"
    host_ip: str = ""
    host_port: int | None = None
    host_port_end: int | None = None

    @property
    def key(self) -> str:
        """The container's port as the API writes it: `80/tcp`."""
        return f"{self.container_port}/{self.protocol}"

    @property
    def host_text(self) -> str:
        """The host's port, or range of ports, as the API writes it; empty where the daemon picks."""
        if self.host_port is None:
            return ""
        return f"{self.host_port}-{self.host_port_end}" if self.host_port_end else str(self.host_port)


class VolumeMount(msgspec.Struct, frozen=True):
    """One `-v`: a bind of a host's folder, a named volume, or an anonymous volume where `source` is empty."""

    target: str
    source: str = ""
    options: tuple[str, ...] = ()

    @property
    def is_bind(self) -> bool:
        """Whether the source is a path of the host."""
        return self.source.startswith("/")

    @property
    def read_only(self) -> bool:
        """Whether the container may not write to it."""
        return "ro" in self.options


class RestartPolicy(msgspec.Struct, frozen=True):
    """When the daemon starts a container again; `max_retries` counts for `on-failure`, 0 is without end."""

    name: str = "no"
    max_retries: int = 0


def parse_port(text: str) -> list[PortMapping]:
    """Returns the ports of a `-p` option, `[[ip:][host port[-end]]:]container port[-end][/protocol]`.

    Raises InvalidOption.
    """
    address, _, protocol = text.partition("/")
    known: Protocol | None = next((name for name in PROTOCOLS if name == (protocol.lower() or "tcp")), None)
    if known is None or text.endswith("/"):
        raise InvalidOption(f"the protocol {protocol!r} is unknown: tcp, udp and sctp are known")
    front, _, container = address.rpartition(":")
    host_ip, _, host = front.rpartition(":")
    host_ip = _host_ip(host_ip)
    if not container:
        raise InvalidOption(f"the container's port is missing in {text!r}")
    first, last = _port_range(container, "container")
    if not first:
        raise InvalidOption("a container's port is 1 to 65535")
    if not host:
        return [PortMapping(port, known, host_ip) for port in range(first, last + 1)]
    host_first, host_last = _port_range(host, "host")
    if host_last - host_first == last - first:
        offset = host_first - first
        return [PortMapping(port, known, host_ip, port + offset) for port in range(first, last + 1)]
    if first == last:
        return [PortMapping(first, known, host_ip, host_first, host_last)]
    raise InvalidOption(f"{host} is {host_last - host_first + 1} host ports for the {last - first + 1} of {container}")


def _host_ip(text: str) -> str:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if bare:
        try:
            ipaddress.ip_address(bare)
        except ValueError:
            raise InvalidOption(f"{text!r} is not an IP address of the host") from None
    elif text:
        raise InvalidOption(f"{text!r} is not an IP address of the host")
    return bare


def _port_range(text: str, side: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", text)
    if match is None:
        raise InvalidOption(f"{text!r} is not a {side} port: write a number or a range such as 8000-8010")
    first, last = int(match[1]), int(match[2] or match[1])
    if last > 65535:
        raise InvalidOption(f"the {side} port {last} is over 65535")
    if last < first:
        raise InvalidOption(f"the {side} ports {text} run backwards")
    return first, last


def parse_volume(text: str) -> VolumeMount:
    """Returns the mount of a `-v` option, `[source:]target[:options]`.

    Raises InvalidOption. A relative source is refused: it would mean a folder of the daemon's host.
    """
    parts = text.split(":")
    if len(parts) > 3 or "" in parts:
        raise InvalidOption(f"{text!r} is not source:target or source:target:options")
    source = parts[0] if len(parts) > 1 else ""
    target = parts[min(len(parts) - 1, 1)]
    if not target.startswith("/"):
        raise InvalidOption(f"the path in the container must be absolute, not {target!r}")
    if not target.strip("/"):
        raise InvalidOption("the container's / cannot be a mount")
    if source and not source.startswith("/"):
        if source[0] in ".~" or "/" in source:
            raise InvalidOption(f"the host's path must be absolute, not {source!r}")
        if problem := check_resource_name(source, "volume"):
            raise InvalidOption(problem)
    options = tuple(parts[2].split(",")) if len(parts) == 3 else ()
    _check_volume_options(options, bind=source.startswith("/"))
    return VolumeMount(target, source, options)


def _check_volume_options(options: tuple[str, ...], *, bind: bool) -> None:
    taken: set[int] = set()
    for option in options:
        group = next((number for number, modes in enumerate(_VOLUME_MODES) if option in modes), None)
        if group is None:
            raise InvalidOption(f"the volume option {option!r} is unknown: ro, rw, z, Z, nocopy and the like are known")
        if group in taken:
            raise InvalidOption(f"the volume option {option!r} is at odds with another one")
        if option == "nocopy" and bind:
            raise InvalidOption("nocopy is for named volumes, not for a path of the host")
        if option in _BIND_ONLY and not bind:
            raise InvalidOption(f"{option} is for paths of the host, not for named volumes")
        taken.add(group)


def parse_restart(text: str) -> RestartPolicy:
    """Returns the policy of a `--restart` option: no, always, unless-stopped or on-failure[:retries].

    Raises InvalidOption.
    """
    name, colon, count = (text or "no").partition(":")
    if name not in RESTART_POLICIES:
        raise InvalidOption(f"the restart policy {name!r} is unknown: {', '.join(RESTART_POLICIES)} are known")
    if not colon:
        return RestartPolicy(name)
    if name != "on-failure":
        raise InvalidOption(f"only on-failure takes a number of retries, not {name}")
    if not re.fullmatch(r"[0-9]{1,9}", count):
        raise InvalidOption(f"{count!r} is not a number of retries")
    return RestartPolicy(name, int(count))


def _problem(parse: Callable[[str], object], text: str) -> str | None:
    try:
        parse(text)
    except InvalidOption as error:
        return str(error)
    return None


def check_port(text: str) -> str | None:
    """Returns what is wrong with a `-p` option, or None."""
    return _problem(parse_port, text)


def check_volume(text: str) -> str | None:
    """Returns what is wrong with a `-v` option, or None."""
    return _problem(parse_volume, text)


def check_restart(text: str) -> str | None:
    """Returns what is wrong with a `--restart` option, or None."""
    return _problem(parse_restart, text)


def check_env(text: str) -> str | None:
    """Returns what is wrong with a `KEY=VALUE` of the environment, or None."""
    key, equals, _ = text.partition("=")
    if not key:
        return "the variable's name is missing: write KEY=VALUE"
    if not equals:
        return f"the value is missing: write {key}=VALUE"
    return "a NUL cannot be part of a variable" if "\0" in text else None


def check_label(text: str) -> str | None:
    """Returns what is wrong with a `KEY` or `KEY=VALUE` of the labels, or None."""
    if not text.partition("=")[0].strip():
        return "the label's name is missing: write KEY=VALUE"
    return "a NUL cannot be part of a label" if "\0" in text else None


class RunSpec(msgspec.Struct, frozen=True):
    """A container to run, in the words of the `docker run` options; each tuple holds one text an option.

    `memory` is bytes and `cpus` whole CPUs, 0 for no limit. `entrypoint` replaces the image's by one word.
    """

    image: str
    name: str = ""
    command: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    restart: str = "no"
    network: str = ""
    entrypoint: str = ""
    workdir: str = ""
    user: str = ""
    hostname: str = ""
    memory: int = 0
    cpus: float = 0
    auto_remove: bool = False
    tty: bool = False
    interactive: bool = False
    publish_all: bool = False
    privileged: bool = False
    read_only: bool = False
    init: bool = False
    detach: bool = True


def check_run(spec: RunSpec) -> dict[str, str]:
    """Returns what is wrong, by the name of the field; empty where the daemon can be asked.

    The image is checked for its presence alone, since an ID stands for one as well as a reference.
    """
    checks: list[tuple[str, str | None]] = [
        ("image", None if spec.image.strip() else "an image is missing"),
        ("name", check_container_name(spec.name) if spec.name else None),
        ("restart", check_restart(spec.restart)),
        *(("ports", check_port(text)) for text in spec.ports),
        *(("env", check_env(text)) for text in spec.env),
        *(("volumes", check_volume(text)) for text in spec.volumes),
        *(("labels", check_label(text)) for text in spec.labels),
        ("workdir", f"{spec.workdir!r} is not absolute" if spec.workdir and spec.workdir[0] != "/" else None),
        ("memory", "the least memory is 6 MiB" if 0 < spec.memory < 6 << 20 else None),
        ("cpus", "a number of CPUs is not negative" if spec.cpus < 0 else None),
    ]
    problems: dict[str, str] = {}
    for field, problem in checks:
        if problem:
            problems.setdefault(field, problem)
    if "restart" not in problems and spec.auto_remove and parse_restart(spec.restart).name != "no":
        problems["restart"] = "a container that is removed when it exits cannot be restarted"
    return problems


def docker_line(spec: RunSpec, *, hide: Callable[[str], bool] | None = None) -> str:
    """Returns the equal `docker run` line, quoted for a shell; `hide` tells the variables whose value is masked."""
    return shlex.join(["docker", "run", *_flags(spec, hide), spec.image, *spec.command])


def _flags(spec: RunSpec, hide: Callable[[str], bool] | None) -> list[str]:
    switches = {
        "-d": spec.detach,
        "-i": spec.interactive,
        "-t": spec.tty,
        "--rm": spec.auto_remove,
        "-P": spec.publish_all,
        "--privileged": spec.privileged,
        "--read-only": spec.read_only,
        "--init": spec.init,
    }
    options: list[tuple[str, str]] = [
        ("--name", spec.name),
        ("--restart", "" if spec.restart in ("", "no") else spec.restart),
        ("--network", spec.network),
        ("--entrypoint", spec.entrypoint),
        ("-w", spec.workdir),
        ("-u", spec.user),
        ("--hostname", spec.hostname),
        ("-m", str(spec.memory) if spec.memory else ""),
        ("--cpus", f"{spec.cpus:g}" if spec.cpus else ""),
        *(("-p", text) for text in spec.ports),
        *(("-e", _masked(text, hide)) for text in spec.env),
        *(("-v", text) for text in spec.volumes),
        *(("-l", text) for text in spec.labels),
    ]
    flags = [flag for flag, on in switches.items() if on]
    for flag, value in options:
        if value:
            flags += [flag, value]
    return flags


def _masked(text: str, hide: Callable[[str], bool] | None) -> str:
    key, equals, _ = text.partition("=")
    return f"{key}=***" if equals and hide is not None and hide(key) else text


def create_body(spec: RunSpec) -> dict[str, object]:
    """Returns the JSON body of `POST /containers/create`, the same that the docker CLI sends for `docker_line`.

    Raises InvalidOption for an option that `check_run` refuses.
    """
    ports = [port for text in spec.ports for port in parse_port(text)]
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        bindings.setdefault(port.key, []).append({"HostIp": port.host_ip, "HostPort": port.host_text})
    volumes = [(text, parse_volume(text)) for text in spec.volumes]
    attached = not spec.detach
    return {
        "Image": spec.image,
        "Cmd": list(spec.command) or None,
        "Entrypoint": [spec.entrypoint] if spec.entrypoint else None,
        "Env": list(spec.env),
        "Labels": {key: value for key, _, value in (text.partition("=") for text in spec.labels)},
        "ExposedPorts": {key: {} for key in bindings},
        "Volumes": {mount.target: {} for _, mount in volumes if not mount.source},
        "WorkingDir": spec.workdir,
        "User": spec.user,
        "Hostname": spec.hostname,
        "Tty": spec.tty,
        "OpenStdin": spec.interactive,
        "StdinOnce": spec.interactive and attached,
        "AttachStdin": spec.interactive and attached,
        "AttachStdout": attached,
        "AttachStderr": attached,
        "HostConfig": _host_config(spec, bindings, [text for text, mount in volumes if mount.source]),
    }


def _host_config(spec: RunSpec, bindings: dict[str, list[dict[str, str]]], binds: list[str]) -> dict[str, object]:
    restart = parse_restart(spec.restart)
    return {
        "Binds": binds or None,
        "PortBindings": bindings,
        "PublishAllPorts": spec.publish_all,
        "RestartPolicy": {"Name": restart.name, "MaximumRetryCount": restart.max_retries},
        "NetworkMode": spec.network or "default",
        "AutoRemove": spec.auto_remove,
        "Privileged": spec.privileged,
        "ReadonlyRootfs": spec.read_only,
        "Memory": spec.memory,
        "NanoCpus": round(spec.cpus * 1_000_000_000),
        "Init": spec.init or None,
    }
