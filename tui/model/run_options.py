"""The grammar of what `docker run` is used for daily: ports, volumes, variables, labels, restart policies."""

import ipaddress
import re
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from tui.model.reference import check_resource_name

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
        return self.source.startswith(("/", "."))

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

    The long form `published=8080,target=80,protocol=tcp` is one too. Raises InvalidOption.
    """
    if "=" in text:
        text = _short_port(text)
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


def _short_port(text: str) -> str:
    parts = {"protocol": "tcp", "published": "", "target": ""}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals or key not in (*parts, "mode"):
            raise InvalidOption(f"{part!r} is not published=, target= or protocol=")
        parts[key] = value
    return f"{parts['published']}:{parts['target']}/{parts['protocol']}"


def parse_expose(text: str) -> list[str]:
    """Returns the ports of an `--expose` option, `port[-end][/protocol]`, as the API writes them: `80/tcp`.

    Raises InvalidOption.
    """
    if ":" in text or "=" in text:
        raise InvalidOption(f"{text!r} publishes: --expose takes the container's port alone")
    return [port.key for port in parse_port(text)]


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

    Raises InvalidOption. A source that begins with a dot counts from the client's folder, as for the docker CLI.
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
    if source and not source.startswith(("/", ".")):
        if source[0] in "~$" or "/" in source:
            raise InvalidOption(f"the host's path must be absolute, or begin with ./, not {source!r}")
        if problem := check_resource_name(source, "volume"):
            raise InvalidOption(problem)
    options = tuple(parts[2].split(",")) if len(parts) == 3 else ()
    mount = VolumeMount(target, source, options)
    _check_volume_options(options, bind=mount.is_bind)
    return mount


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


def problem_of(parse: Callable[[str], object], text: str) -> str | None:
    """Returns why `parse` does not take a text, or None."""
    try:
        parse(text)
    except InvalidOption as error:
        return str(error)
    return None


def checker(parse: Callable[[str], object]) -> Callable[[str], str | None]:
    """Returns the check that belongs to a grammar."""
    return lambda text: problem_of(parse, text)


check_port = checker(parse_port)
check_expose = checker(parse_expose)
check_volume = checker(parse_volume)
check_restart = checker(parse_restart)


def check_env(text: str) -> str | None:
    """Returns what is wrong with a `KEY=VALUE` of the environment, or None; a `KEY` alone takes the client's value."""
    key, _, _ = text.partition("=")
    if not key.strip():
        return "the variable's name is missing: write KEY=VALUE"
    return "a NUL cannot be part of a variable" if "\0" in text else None


def check_label(text: str) -> str | None:
    """Returns what is wrong with a `KEY` or `KEY=VALUE` of the labels, or None."""
    key = text.partition("=")[0].lstrip()
    if not key:
        return "the label's name is missing: write KEY=VALUE"
    if re.search(r"\s", key):
        return f"the label's name {key!r} holds a blank"
    return "a NUL cannot be part of a label" if "\0" in text else None
