"""What a container has around it: environment, mounts, ports, labels and networks, as inspect tells them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Any

import msgspec

from tui.model.containers import Mount, Port

UNSEEN = ("/proc", "/sys", "/dev")
"""Folders that only the container's own processes see filled."""


class _Wire(msgspec.Struct, rename="pascal"):
    """Base of what is read from an inspect answer."""


class _WireConfig(_Wire):
    env: list[str] | None = None
    labels: dict[str, str] | None = None
    exposed_ports: dict[str, Any] | None = None


class _WireHost(_Wire):
    network_mode: str = ""
    tmpfs: dict[str, str] | None = None
    readonly_rootfs: bool = False


class _WireState(_Wire):
    status: str = ""
    pid: int = 0


class _WirePlace(_Wire):
    type: str = ""
    name: str = ""
    source: str = ""
    destination: str = ""
    driver: str = ""
    mode: str = ""
    rw: bool = msgspec.field(default=True, name="RW")
    propagation: str = ""


class _WireBinding(_Wire):
    host_ip: str = ""
    host_port: str = ""


class _WireEndpoint(_Wire):
    ip_address: str = msgspec.field(default="", name="IPAddress")
    ip_prefix_len: int = msgspec.field(default=0, name="IPPrefixLen")
    gateway: str = ""
    global_ipv6_address: str = msgspec.field(default="", name="GlobalIPv6Address")
    global_ipv6_prefix_len: int = msgspec.field(default=0, name="GlobalIPv6PrefixLen")
    ipv6_gateway: str = msgspec.field(default="", name="IPv6Gateway")
    mac_address: str = ""
    aliases: list[str] | None = None
    dns_names: list[str] | None = msgspec.field(default=None, name="DNSNames")


class _WireNetworks(_Wire):
    ports: dict[str, list[_WireBinding] | None] | None = None
    networks: dict[str, _WireEndpoint | None] | None = None


class WireSurroundings(_Wire):
    """The part of `GET /containers/{id}/json` that tells them (API 1.41 to 1.51)."""

    id: str
    config: _WireConfig = msgspec.field(default_factory=_WireConfig)
    host_config: _WireHost = msgspec.field(default_factory=_WireHost)
    state: _WireState = msgspec.field(default_factory=_WireState)
    mounts: list[_WirePlace] | None = None
    network_settings: _WireNetworks | None = None


class PlacedMount(msgspec.Struct, frozen=True):
    """A mount with all that inspect tells: `source` is a path of the daemon's machine, `name` a volume's."""

    type: str
    destination: str
    name: str = ""
    source: str = ""
    driver: str = ""
    mode: str = ""
    read_only: bool = False
    propagation: str = ""


class Attached(msgspec.Struct, frozen=True):
    """A network that the container is in; addresses are with their prefix lengths, and empty while it does not run."""

    network: str
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    mac: str = ""
    aliases: tuple[str, ...] = ()


class Surroundings(msgspec.Struct, frozen=True):
    """What a container has around it. `environment` are pairs in the order of inspect; a name alone has no value."""

    environment: tuple[tuple[str, str], ...] = ()
    mounts: tuple[PlacedMount, ...] = ()
    ports: tuple[Port, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    networks: tuple[Attached, ...] = ()
    network_mode: str = ""
    read_only: bool = False
    """Whether its own file system is, volumes aside."""
    status: str = ""
    pid: int = 0

    @property
    def plain_mounts(self) -> tuple[Mount, ...]:
        """The mounts as the rest of hythe knows them."""
        return tuple(Mount(m.type, m.name or m.source, m.destination, m.read_only) for m in self.mounts)


class Listening(msgspec.Struct, frozen=True):
    """Who listens inside a container: (protocol, port, address) of each; or `problem`, why that is not known."""

    sockets: tuple[tuple[str, int, str], ...] = ()
    problem: str = ""


def surroundings_from(wire: WireSurroundings) -> Surroundings:
    """Return the record of an inspect answer."""
    config, host, settings = wire.config, wire.host_config, wire.network_settings or _WireNetworks()
    pairs = (text.partition("=") for text in config.env or ())
    return Surroundings(
        tuple((name, value) for name, _, value in pairs),
        _mounts(wire.mounts or (), host.tmpfs or {}),
        _ports(settings.ports or {}, config.exposed_ports or {}),
        tuple(sorted((config.labels or {}).items())),
        tuple(_attached(name, end or _WireEndpoint()) for name, end in sorted((settings.networks or {}).items())),
        host.network_mode,
        host.readonly_rootfs,
        wire.state.status,
        wire.state.pid,
    )


def _mounts(mounts: Iterable[_WirePlace], tmpfs: dict[str, str]) -> tuple[PlacedMount, ...]:
    found = [
        PlacedMount(m.type, m.destination, m.name, m.source, m.driver, m.mode, not m.rw, m.propagation) for m in mounts
    ]
    told = {mount.destination for mount in found}
    found += [PlacedMount("tmpfs", path, mode=mode) for path, mode in tmpfs.items() if path not in told]
    return tuple(sorted(found, key=lambda mount: mount.destination))


def _ports(bound: dict[str, list[_WireBinding] | None], exposed: dict[str, Any]) -> tuple[Port, ...]:
    found: set[Port] = set()
    for key in {*bound, *exposed}:
        number, _, protocol = key.partition("/")
        private = int(number) if number.isdecimal() else 0
        published = [b for b in bound.get(key) or () if b.host_port.isdecimal()]
        found.update(Port(private, protocol or "tcp", int(b.host_port), b.host_ip) for b in published)
        if not published:
            found.add(Port(private, protocol or "tcp"))
    return tuple(sorted(found))


def _attached(network: str, end: _WireEndpoint) -> Attached:
    addresses = ((end.ip_address, end.ip_prefix_len), (end.global_ipv6_address, end.global_ipv6_prefix_len))
    return Attached(
        network,
        tuple(f"{address}/{length}" for address, length in addresses if address),
        tuple(gateway for gateway in (end.gateway, end.ipv6_gateway) if gateway),
        end.mac_address,
        tuple(dict.fromkeys([*(end.aliases or ()), *(end.dns_names or ())])),
    )


def unseen(path: str, mounts: Iterable[Mount]) -> str:
    """Return why a daemon neither shows nor fills a folder of a container; empty where it does both."""
    path = clean(path)
    for above in UNSEEN:
        if is_below(path, above):
            return f"{above} is made for the container's own processes: the daemon does not see what is in it"
    for mount in mounts:
        above = clean(mount.destination)
        if mount.type == "tmpfs" and is_below(path, above):
            return f"{above} is a tmpfs, in memory: the daemon does not see what is in it"
    return ""


def clean(path: str) -> str:
    """Return a path from the root without `.`, `..` and doubled slashes, which never leave the root."""
    return posixpath.normpath("/" + path.lstrip("/"))


def is_below(path: str, above: str) -> bool:
    """Return whether a clean path is another one, or below it."""
    return above == "/" or path == above or path.startswith(above + "/")
