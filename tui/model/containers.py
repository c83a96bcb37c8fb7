"""A container: what the list and inspect answers say of it, and the one record that the rest of hythe uses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping

import msgspec

from tui.model.times import parse_time

RUNNING_STATES = frozenset({"running", "paused", "restarting"})


class Wire(msgspec.Struct, rename="pascal", gc=False):
    """Base of structs decoded from the Engine API's JSON (Go's field names); unknown fields are skipped."""


class WirePort(msgspec.Struct, rename="pascal", gc=False):
    private_port: int
    public_port: int = 0
    type: str = "tcp"
    ip: str = msgspec.field(default="", name="IP")


class WireMount(Wire):
    type: str = ""
    name: str = ""
    source: str = ""
    destination: str = ""
    mode: str = ""
    rw: bool = msgspec.field(default=True, name="RW")


class WireNetwork(Wire):
    ip_address: str = msgspec.field(default="", name="IPAddress")


class WireNetworks(Wire):
    networks: dict[str, WireNetwork | None] | None = None


class ContainerSummary(Wire):
    """One entry of `GET /containers/json` (API 1.41 to 1.51)."""

    id: str
    names: list[str] | None
    image: str
    state: str
    image_id: str = msgspec.field(default="", name="ImageID")
    command: str = ""
    created: int = 0
    status: str = ""
    ports: list[WirePort] | None = None
    labels: dict[str, str] | None = None
    network_settings: WireNetworks | None = None
    mounts: list[WireMount] | None = None


class WireHostMode(Wire):
    network_mode: str = ""


class Kinship(Wire):
    """What an entry of `GET /containers/json` tells of the container's bonds to others."""

    id: str
    names: list[str] | None = None
    host_config: WireHostMode | None = None

    @property
    def name(self) -> str:
        """Its own name."""
        return container_name(self.names, self.id)

    @property
    def linked_from(self) -> list[str]:
        """Who links to it: links give it further names, such as /web/db."""
        return sorted({name.split("/")[1] for name in self.names or () if name.count("/") > 1})

    @property
    def network_mode(self) -> str:
        """Its network, `container:ID` where that is another one's."""
        return self.host_config.network_mode if self.host_config else ""


class WireHealth(Wire):
    status: str = ""


class WireState(Wire):
    status: str
    exit_code: int = 0
    oom_killed: bool = msgspec.field(default=False, name="OOMKilled")
    error: str = ""
    started_at: str = ""
    finished_at: str = ""
    health: WireHealth | None = None
    pid: int = 0


class WireConfig(Wire):
    image: str = ""
    labels: dict[str, str] | None = None
    tty: bool = False


class WireBinding(Wire):
    host_ip: str = ""
    host_port: str = ""


class WireInspectNetwork(Wire):
    ports: dict[str, list[WireBinding] | None] | None = None
    networks: dict[str, WireNetwork | None] | None = None


class ContainerInspect(Wire):
    """The part of `GET /containers/{id}/json` that a row needs (API 1.41 to 1.51)."""

    id: str
    name: str
    created: str
    state: WireState
    config: WireConfig
    image: str = ""
    path: str = ""
    args: list[str] | None = None
    restart_count: int = 0
    mounts: list[WireMount] | None = None
    network_settings: WireInspectNetwork | None = None


class Port(msgspec.Struct, frozen=True, gc=False, order=True):
    """A port of a container; `public` is 0 when it is exposed but not published."""

    private: int
    protocol: str = "tcp"
    public: int = 0
    ip: str = ""


class Mount(msgspec.Struct, frozen=True, gc=False):
    """A volume, bind mount or tmpfs at `destination`; `source` is the volume's name or the host's path."""

    type: str
    source: str
    destination: str
    read_only: bool = False


class Container(msgspec.Struct, frozen=True, gc=False):  # no cycles: 10,000 must not hold up the collector
    """A container as last read from the daemon. Times are seconds since the epoch.

    Fields that only inspect knows are None when the record came from a list (`inspected` is False).
    """

    id: str
    name: str
    image: str
    state: str
    image_id: str = ""
    command: str = ""
    created: float = 0.0
    status: str = ""
    health: str = ""
    exit_code: int | None = None
    ports: tuple[Port, ...] = ()
    mounts: tuple[Mount, ...] = ()
    networks: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, str] = {}
    inspected: bool = False
    oom_killed: bool = False
    error: str = ""
    started: float | None = None
    finished: float | None = None
    restarts: int | None = None
    tty: bool | None = None
    pid: int = 0

    @property
    def short_id(self) -> str:
        """The first twelve characters of the ID, as the docker CLI shows it."""
        return self.id[:12]

    @property
    def is_running(self) -> bool:
        """Whether its process exists (running, paused or restarting)."""
        return self.state in RUNNING_STATES

    @property
    def project(self) -> str:
        """The Compose project that made it, or an empty string."""
        return self.labels.get("com.docker.compose.project", "")


_EXIT = re.compile(r"(?:Exited|Restarting) \((-?\d+)\)")
_HEALTH = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)$")


def container_name(names: list[str] | None, container_id: str) -> str:
    """Return the container's own name: without the slash, and not one of the aliases that legacy links add."""
    own = [name.removeprefix("/") for name in names or () if name.count("/") <= 1]
    return own[0] if own else container_id[:12]


def from_summary(wire: ContainerSummary, share: Callable[[str], str] = str) -> Container:
    """Return the record of a list entry; exit code and health are read from the daemon's status text.

    `share` returns one object for all equal strings: of 10,000 containers, most say the same as others.
    """
    exit_code = _EXIT.match(wire.status)
    health = _HEALTH.search(wire.status)
    networks = wire.network_settings.networks if wire.network_settings else None
    return Container(
        id=wire.id,
        name=container_name(wire.names, wire.id),
        image=share(wire.image),
        state=share(wire.state),
        image_id=share(wire.image_id),
        command=share(wire.command),
        created=float(wire.created),
        status=share(wire.status),
        health=health[1] if health else "",
        exit_code=int(exit_code[1]) if exit_code else None,
        ports=tuple(sorted({Port(p.private_port, p.type, p.public_port, p.ip) for p in wire.ports or ()})),
        mounts=_mounts(wire.mounts),
        networks=_networks(networks),
        labels={share(key): share(value) for key, value in (wire.labels or {}).items()},
    )


def from_inspect(wire: ContainerInspect) -> Container:
    """Return the record of an inspect answer, which knows more than a list entry and is never behind it."""
    state = wire.state
    settings = wire.network_settings
    health = state.health.status if state.health else ""
    ended = state.status in ("exited", "dead", "restarting")
    return Container(
        id=wire.id,
        name=wire.name.removeprefix("/") or wire.id[:12],
        image=wire.config.image,
        state=state.status,
        image_id=wire.image,
        command=shlex.join([wire.path, *(wire.args or ())]) if wire.path else "",
        created=float(int(parse_time(wire.created) or 0)),
        health="" if health == "none" else health,
        exit_code=state.exit_code if ended else None,
        ports=_inspect_ports(settings.ports if settings else None),
        mounts=_mounts(wire.mounts),
        networks=_networks(settings.networks if settings else None),
        labels=wire.config.labels or {},
        inspected=True,
        oom_killed=state.oom_killed,
        error=state.error,
        started=parse_time(state.started_at),
        finished=parse_time(state.finished_at),
        restarts=wire.restart_count,
        tty=wire.config.tty,
        pid=state.pid,
    )


def _mounts(mounts: list[WireMount] | None) -> tuple[Mount, ...]:
    return tuple(Mount(m.type, m.name or m.source, m.destination, not m.rw) for m in mounts or ())


def _networks(networks: Mapping[str, WireNetwork | None] | None) -> tuple[tuple[str, str], ...]:
    return tuple((name, attached.ip_address if attached else "") for name, attached in sorted((networks or {}).items()))


def _inspect_ports(ports: Mapping[str, list[WireBinding] | None] | None) -> tuple[Port, ...]:
    found: set[Port] = set()
    for key, bindings in (ports or {}).items():
        number, _, protocol = key.partition("/")
        private = int(number) if number.isdecimal() else 0
        published = [b for b in bindings or () if b.host_port.isdecimal()]
        found.update(Port(private, protocol or "tcp", int(b.host_port), b.host_ip) for b in published)
        if not published:
            found.add(Port(private, protocol or "tcp"))
    return tuple(sorted(found))
