"""The objects of the demo engine: mutable records that its operations change."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tui.demo.jsonish import JsonMap
from tui.demo.layers import Layer, Node
from tui.demo.programs import Line, Program


@dataclass(slots=True, eq=False)
class Image:
    """An image; `config` is the OCI config document whose digest is the ID."""

    id: str
    config: JsonMap
    layers: tuple[Layer, ...]
    created_ns: int
    tags: list[str] = field(default_factory=list[str])
    digests: list[str] = field(default_factory=list[str])
    parent: str = ""
    comment: str = ""
    tagged_ns: int = 0
    history_ids: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Return the bytes of all its files, layer by layer."""
        return sum(layer.size for layer in self.layers)

    @property
    def run_config(self) -> JsonMap:
        """Return the part of the config that containers start from."""
        return self.config["config"]


@dataclass(slots=True)
class Endpoint:
    """A container's end in one network; empty addresses while it does not run. `asked` is the EndpointConfig it had."""

    network_id: str
    endpoint_id: str = ""
    ip: str = ""
    gateway: str = ""
    mac: str = ""
    aliases: list[str] | None = None
    wanted_ip: str = ""
    asked: JsonMap = field(default_factory=dict[str, Any])
    prefix_length: int = 0


@dataclass(slots=True)
class Mount:
    """A volume, bind or tmpfs mount."""

    type: str
    name: str
    source: str
    destination: str
    rw: bool = True


@dataclass(slots=True)
class Probe:
    """One health check that was made; times in ns."""

    start_ns: int
    end_ns: int
    exit_code: int
    output: str


@dataclass(slots=True)
class Health:
    """The health of a running container."""

    status: str = "starting"
    streak: int = 0
    log: list[Probe] = field(default_factory=list[Probe])


@dataclass(slots=True, eq=False)
class Run:
    """One life of a container's main process: when it ran, what it runs, and what clients made it print besides."""

    start_ns: int
    program: Program
    end_ns: int = 0
    pauses: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    paused_ns: int = 0
    extra: list[Line] = field(default_factory=list[Line])
    cut: bool = False
    workers: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    """Workers that were begun again: their numbers on the machine and inside."""
    timer: asyncio.Task[None] | None = None

    def elapsed(self, now_ns: int) -> int:
        """Return how long the process has been running, pauses left out, in ns."""
        end = self.paused_ns or self.end_ns or now_ns
        return max(0, end - self.start_ns - sum(length for _, length in self.pauses))

    def wall(self, offset_ns: int) -> int:
        """Return the moment of something that happened `offset_ns` into the running time."""
        shift = sum(length for at, length in self.pauses if at <= offset_ns)
        return self.start_ns + offset_ns + shift


@dataclass(slots=True, eq=False)
class Container:
    """A container and everything that inspect tells of it."""

    id: str
    name: str
    image_ref: str
    image_id: str
    created_ns: int
    config: JsonMap
    host: JsonMap
    path: str
    args: list[str]
    state: str = "created"
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    oom: bool = False
    started_ns: int = 0
    finished_ns: int = 0
    restart_count: int = 0
    stopped_by_user: bool = False
    health: Health | None = None
    networks: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    mounts: list[Mount] = field(default_factory=list[Mount])
    ports: dict[str, list[dict[str, str]]] = field(default_factory=dict[str, list[dict[str, str]]])
    runs: list[Run] = field(default_factory=list[Run])
    changed: dict[str, Node | None] = field(default_factory=dict[str, "Node | None"])
    execs: list[str] = field(default_factory=list[str])
    links: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    linked_by: list[str] = field(default_factory=list[str])
    """The IDs of those that link to it: some may be gone."""
    removing: bool = False
    load: float = 1.0
    size: tuple[int, int] = (24, 80)
    row: tuple[bytes, bytes] | None = None
    waiters: list[asyncio.Future[None]] = field(default_factory=list[asyncio.Future[None]])

    @property
    def running(self) -> bool:
        """Return whether there is a process: running or paused."""
        return self.state in ("running", "paused")

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels."""
        return self.config.get("Labels") or {}

    @property
    def tty(self) -> bool:
        """Return whether output is one raw stream."""
        return bool(self.config.get("Tty"))

    @property
    def run(self) -> Run | None:
        """Return the latest life, if it ever started."""
        return self.runs[-1] if self.runs else None

    def mounts_above(self, path: str) -> bool:
        """Return whether a path, which counts from the root, is inside something that is mounted: not its own file."""
        return any(path.startswith(f"{mount.destination.strip('/')}/") for mount in self.mounts)

    def touch(self) -> None:
        """Note a change: cached rows go, and everybody who waits for one wakes up."""
        self.row = None
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


@dataclass(slots=True)
class Volume:
    """A named volume."""

    name: str
    created_ns: int
    labels: dict[str, str] | None = None
    options: dict[str, str] | None = None
    driver: str = "local"
    size: int = 0
    anonymous: bool = False
    files: dict[str, Node] = field(default_factory=dict[str, "Node"])


@dataclass(slots=True)
class Network:
    """A network; `options` and `ipam` as the API shows them."""

    id: str
    name: str
    driver: str
    created_ns: int
    subnet: str = ""
    gateway: str = ""
    ip_range: str = ""
    labels: dict[str, str] = field(default_factory=dict[str, str])
    options: dict[str, str] = field(default_factory=dict[str, str])
    internal: bool = False
    attachable: bool = False
    ipv6: bool = False
    next_host: int = 2


@dataclass(slots=True, eq=False)
class Exec:
    """A command run inside a container."""

    id: str
    container_id: str
    command: list[str]
    spec: JsonMap
    running: bool = False
    exit_code: int | None = None
    pid: int = 0
    started: bool = False
    size: tuple[int, int] = (24, 80)
    hang_up: Callable[[], None] | None = None
    killed: bool = False


@dataclass(slots=True)
class CacheRecord:
    """One entry of the build cache."""

    id: str
    description: str
    created_ns: int
    size: int
    used_ns: int
    parent: str = ""
    uses: int = 1
    type: str = "regular"
    shared: bool = False
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
