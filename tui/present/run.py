"""What the run form says: what the image brings along, who has a port, and where the daemon's complaint belongs."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tui.model.containers import Container
from tui.model.images import WireImageConfig
from tui.model.run_limits import duration_text
from tui.model.run_options import PortMapping, parse_port
from tui.present.run_form import FIELDS
from tui.present.secrets import looks_secret

LONGEST_VALUE = 24
MOST_NAMED = 8

Option = tuple[str, str, str]


class ImageHints(msgspec.Struct, frozen=True):
    """What stands below and inside the fields for one image, by their names, and what it offers for some of them."""

    hints: Mapping[str, str] = {}
    placeholders: Mapping[str, str] = {}
    offers: Mapping[str, tuple[Option, ...]] = {}

    def hint(self, name: str) -> str:
        """Return what stands below a field."""
        return self.hints.get(name, FIELDS[name].hint)

    def placeholder(self, name: str) -> str:
        """Return what stands in a field while it is empty."""
        return self.placeholders.get(name, FIELDS[name].placeholder)


def image_hints(config: WireImageConfig | None) -> ImageHints:
    """Return the hints for an image's own configuration, its secrets masked."""
    if config is None:
        return ImageHints()
    ports, volumes = sorted(config.exposed_ports or (), key=_port_order), sorted(config.volumes or ())
    entrypoint, command = shlex.join(config.entrypoint or ()), shlex.join(config.cmd or ())
    env = config.env or []
    hints = {
        "command": f"given to the image's entrypoint {entrypoint}" if entrypoint else "",
        "publish": f"the image exposes {_some(ports)}; 8080:80 publishes one, one a line" if ports else "",
        "env": f"the image sets {_some(_masked(text) for text in _telling(env))}" if env else "",
        "volume": f"the image declares {_some(volumes)}; unnamed they get a volume of their own" if volumes else "",
    }
    placeholders = {
        "command": f"the image's own: {command}" if command else "",
        "entrypoint": f"the image's own: {entrypoint}" if entrypoint else "",
        "publish": _publishing(ports[0]) if ports else "",
        "volume": f"data:{volumes[0]}" if volumes else "",
        "workdir": config.working_dir,
        "user": config.user,
        "stop-signal": config.stop_signal,
        **_health_placeholders(config),
    }
    offers = {
        "publish": tuple((_publishing(port), _publishing(port), f"the image's {port}") for port in ports),
        "env": tuple((text, _masked(text), "as the image sets it") for text in _telling(env)),
        "volume": tuple((f"{_volume_name(path)}:{path}", f"{_volume_name(path)}:{path}", "") for path in volumes),
        "command": ((command, command, "the image's own"),) if command else (),
    }
    return ImageHints(_filled(hints), _filled(placeholders), {key: value for key, value in offers.items() if value})


def _health_placeholders(config: WireImageConfig) -> dict[str, str]:
    check = config.healthcheck
    if check is None or not check.test:
        return {}
    times = {"interval": check.interval, "timeout": check.timeout, "start-period": check.start_period}
    found = {f"health-{name}": duration_text(value) for name, value in times.items() if value}
    line = check.test[-1] if check.test[0] == "CMD-SHELL" else shlex.join(check.test[1:])
    return {
        **found,
        "health-cmd": f"the image's own: {line}",
        "health-retries": str(check.retries or ""),
    }


def _filled(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text}


def _volume_name(path: str) -> str:
    """Return what a volume for a path could be called: its last part."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", path).strip("-").rpartition("-")[2] or "data"


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
    return (int(number) if number.isdecimal() else 0, protocol)


def _publishing(key: str) -> str:
    """Return how an exposed port could be published: privileged ones 8000 higher."""
    number, _, protocol = key.partition("/")
    if not number.isdecimal():
        return key
    host = int(number) + (8000 if int(number) < 1024 else 0)
    return f"{host}:{number}" + (f"/{protocol}" if protocol not in ("", "tcp") else "")


def wanted_ports(text: str) -> list[PortMapping]:
    """Return the ports of a faultless `-p` text whose number on the host is asked for."""
    return [port for port in parse_port(text) if port.host_port and port.host_port_end is None]


def port_holder(text: str, containers: Iterable[Container]) -> tuple[int, Container] | None:
    """Return the first host port of a `-p` text that a container publishes already, and that container.

    The text must be one that `check_port` finds nothing wrong with; ports that the daemon picks meet nobody.
    """
    wanted = wanted_ports(text)
    if not wanted:
        return None
    for container in containers:
        for port in container.ports:
            if port.public and any(meets(one, port.protocol, port.public, port.ip) for one in wanted):
                return port.public, container
    return None


def port_twice(text: str, lines: Sequence[str]) -> int | None:
    """Return the host port of a `-p` text that another one of `lines` (texts without a fault) wants too."""
    others = list(lines)
    if text in others:
        others.remove(text)
    taken = [port for other in others for port in wanted_ports(other)]
    for port in wanted_ports(text):
        if any(meets(port, other.protocol, other.host_port or 0, other.host_ip) for other in taken):
            return port.host_port
    return None


def meets(port: PortMapping, protocol: str, number: int, address: str) -> bool:
    """Return whether a wanted port is the one with that number at that address, or at one that includes it."""
    return port.protocol == protocol and port.host_port == number and _overlap(port.host_ip, address)


def _overlap(one: str, other: str) -> bool:
    if not one or not other:
        return True
    first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    return first.version == second.version and (first == second or first.is_unspecified or second.is_unspecified)


def address_holder(network: str, address: str, containers: Iterable[Container]) -> Container | None:
    """Return the container that has an address in a network."""
    return next((c for c in containers if address and (network, address) in c.networks), None)


_PLACES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("command", re.compile(r'exec: "|executable file not found')),  # first: what follows quotes any path
    ("platform", re.compile(r"(?i)platform|no matching manifest")),
    ("name", re.compile(r"(?i)container name|name .*already in use")),
    ("image", re.compile(r"(?i)no such image|invalid reference|repository name|manifest|pull access")),
    (
        "publish",
        re.compile(r"(?i)\bports?\b|containerPort|hostPort|address already in use|cannot assign requested address"),
    ),
    ("gpus", re.compile(r"(?i)could not select device driver|nvidia|gpu")),
    ("device", re.compile(r"(?i)gathering device information|device")),
    ("runtime", re.compile(r"(?i)unknown or invalid runtime")),
    ("log-driver", re.compile(r"(?i)logger: no log driver|logging driver|log driver")),
    ("log-opt", re.compile(r"(?i)log opt")),
    ("cap-add", re.compile(r"(?i)capabilit")),
    ("sysctl", re.compile(r"(?i)sysctl")),
    ("memory", re.compile(r"(?i)memory limit|memoryswap|memory reservation|memory")),
    ("cpus", re.compile(r"(?i)\bcpus?\b")),
    ("workdir", re.compile(r"(?i)working directory|\bcwd\b")),
    ("user", re.compile(r"(?i)unable to find user|no matching entries in passwd")),
    ("group-add", re.compile(r"(?i)unable to find group")),
    ("mac-address", re.compile(r"(?i)mac address|mac-address")),
    ("ip", re.compile(r"(?i)user specified ip|address already|subnet|requested .*address")),
    ("link", re.compile(r"(?i)cannot link|could not get container for|links? ")),
    ("network", re.compile(r"(?i)network")),
    ("security-opt", re.compile(r"(?i)seccomp|security-opt|apparmor|selinux")),
    ("volume", re.compile(r"(?i)mount|volume|bind")),
    ("restart", re.compile(r"(?i)restart policy|autoremove")),
    ("env", re.compile(r"(?i)environment variable")),
    ("health-cmd", re.compile(r"(?i)health")),
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


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return the name with the first number behind it that nobody has: `web-2`."""
    names = set(taken)
    base = re.sub(r"-\d{1,4}$", "", name)
    return next(found for number in range(2, len(names) + 3) if (found := f"{base}-{number}") not in names)
