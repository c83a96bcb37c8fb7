"""What the run form says: what the image brings along, who has a port, and where the daemon's complaint belongs."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tui.model.containers import Container
from tui.model.images import WireImageConfig
from tui.model.run_spec import PortMapping, RunSpec, parse_port
from tui.present.secrets import looks_secret

LONGEST_VALUE = 24
MOST_NAMED = 8


class ImageHints(msgspec.Struct, frozen=True):
    """What stands below and inside the fields of the run form for one image."""

    command: str = ""
    command_placeholder: str = "words as in a shell"
    ports: str = "[[IP:]HOST:]CONTAINER[/udp], one a line"
    ports_placeholder: str = "8080:80"
    env: str = "KEY=VALUE, one a line"
    volumes: str = "NAME:/path or /host/path:/path[:ro], one a line"
    volumes_placeholder: str = "data:/data"


def image_hints(config: WireImageConfig | None) -> ImageHints:
    """Return the hints for an image's own configuration, its secrets masked."""
    plain = ImageHints()
    if config is None:
        return plain
    command = shlex.join(config.cmd or ())
    ports, volumes = sorted(config.exposed_ports or (), key=_port_order), sorted(config.volumes or ())
    entrypoint = shlex.join(config.entrypoint or ())
    return ImageHints(
        command=f"given to the image's entrypoint {entrypoint}" if entrypoint else "",
        command_placeholder=f"the image's own: {command}" if command else plain.command_placeholder,
        ports=f"the image exposes {_some(ports)}; 8080:80 publishes one, one a line" if ports else plain.ports,
        ports_placeholder=_publishing(ports[0]) if ports else plain.ports_placeholder,
        env=f"the image sets {_some(_masked(text) for text in _telling(config.env))}" if config.env else plain.env,
        volumes=f"the image declares {_some(volumes)}; unnamed they get a volume of their own"
        if volumes
        else plain.volumes,
        volumes_placeholder=f"data:{volumes[0]}" if volumes else plain.volumes_placeholder,
    )


def _telling(env: Iterable[str]) -> list[str]:
    """Return the variables with PATH, which tells least, at the end."""
    return sorted(env, key=lambda text: text.startswith("PATH="))


def _some(texts: Iterable[str]) -> str:
    found = list(texts)
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return ", ".join(found[:MOST_NAMED]) + more


def _masked(text: str) -> str:
    name, _, value = text.partition("=")
    if looks_secret(name, value):
        return f"{name}=***"
    return f"{name}={value}" if len(value) <= LONGEST_VALUE else f"{name}={value[: LONGEST_VALUE - 1]}…"


def _port_order(key: str) -> tuple[int, str]:
    number, _, protocol = key.partition("/")
    return (int(number) if number.isdigit() else 0, protocol)


def _publishing(key: str) -> str:
    """Return how an exposed port could be published: privileged ones 8000 higher."""
    number, _, protocol = key.partition("/")
    if not number.isdigit():
        return key
    host = int(number) + (8000 if int(number) < 1024 else 0)
    return f"{host}:{number}" + (f"/{protocol}" if protocol not in ("", "tcp") else "")


def port_holder(text: str, containers: Iterable[Container]) -> tuple[int, Container] | None:
    """Return the first host port of a `-p` text that a container publishes already, and that container.

    The text must be one that `check_port` finds nothing wrong with; ports that the daemon picks meet nobody.
    """
    wanted = [port for port in parse_port(text) if port.host_port is not None and port.host_port_end is None]
    if not wanted:
        return None
    for container in containers:
        for port in container.ports:
            if port.public and any(_meet(one, port.protocol, port.public, port.ip) for one in wanted):
                return port.public, container
    return None


def port_twice(text: str, lines: Sequence[str]) -> int | None:
    """Return the host port of a `-p` text that another one of `lines` (texts without a fault) wants too."""
    others = list(lines)
    if text in others:
        others.remove(text)
    taken = [port for other in others for port in parse_port(other)]
    for port in parse_port(text):
        for other in taken:
            if port.host_port is None or port.host_port_end or other.host_port is None or other.host_port_end:
                continue
            if _meet(port, other.protocol, other.host_port, other.host_ip):
                return port.host_port
    return None


def _meet(port: PortMapping, protocol: str, number: int, address: str) -> bool:
    return port.protocol == protocol and port.host_port == number and _overlap(port.host_ip, address)


def _overlap(one: str, other: str) -> bool:
    if not one or not other:
        return True
    first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    return first.version == second.version and (first == second or first.is_unspecified or second.is_unspecified)


def split_command(text: str) -> tuple[str, ...]:
    """Return the words of a command as a shell splits them. Raises ValueError for a quote that is left open."""
    return tuple(shlex.split(text))


def check_command(text: str) -> str | None:
    """Return what is wrong with the command's quotes, or None."""
    try:
        split_command(text)
    except ValueError as error:
        return f"{str(error).lower()}: close the quote, or put a backslash before it"
    return None


def spec_from(values: Mapping[str, str | bool | list[str]]) -> RunSpec:
    """Return the container that the fields of the run form ask for. Raises ValueError for an open quote."""

    def text(name: str) -> str:
        return str(values.get(name, "")).strip()

    def lines(name: str) -> tuple[str, ...]:
        found = values.get(name)
        return (
            tuple(line.strip() if name != "env" else line.lstrip() for line in found) if isinstance(found, list) else ()
        )

    return RunSpec(
        image=text("image"),
        name=text("name"),
        command=split_command(text("command")),
        ports=lines("ports"),
        env=lines("env"),
        volumes=lines("volumes"),
        labels=lines("labels"),
        restart=text("restart") or "no",
        network=text("network"),
        auto_remove=values.get("auto_remove") is True,
        tty=values.get("tty") is True,
        interactive=values.get("interactive") is True,
    )


_PLACES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("command", re.compile(r'exec: "|executable file not found')),  # first: what follows quotes any path
    ("name", re.compile(r"(?i)container name|name .*already in use")),
    ("image", re.compile(r"(?i)no such image|invalid reference|repository name|manifest|pull access")),
    (
        "ports",
        re.compile(r"(?i)\bports?\b|containerPort|hostPort|address already in use|cannot assign requested address"),
    ),
    ("network", re.compile(r"(?i)network")),
    ("volumes", re.compile(r"(?i)mount|volume|bind")),
    ("restart", re.compile(r"(?i)restart policy|autoremove")),
    ("env", re.compile(r"(?i)environment variable")),
    ("command", re.compile(r"(?i)exec|no command specified|entrypoint|no such file or directory|permission denied")),
)


def error_place(message: str) -> str | None:
    """Return the name of the field that a daemon's refusal is about, or None when it tells of none."""
    return next((field for field, pattern in _PLACES if pattern.search(message)), None)


_HOLDER = re.compile(r'in use by container "?([0-9a-f]{64})"?')


def name_holder(message: str) -> str | None:
    """Return the ID of the container that has the name, as a conflict's message tells it."""
    found = _HOLDER.search(message)
    return found[1] if found else None
