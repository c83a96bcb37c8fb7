"""A swarm: what a manager says of its services, tasks and nodes (API 1.41 to 1.51)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tui.model.times import parse_time

STACK: Final = "com.docker.stack.namespace"
"""The label that `docker stack deploy` gives to what it makes."""


class Wire(msgspec.Struct, rename="pascal", gc=False):
    """Base of structs decoded from the Engine API's JSON (Go's field names); unknown fields are skipped."""


class WireSwarmInfo(Wire):
    """`Swarm` of the answer to `GET /info`; `error` is why the swarm can't be worked with."""

    node_id: str = msgspec.field(default="", name="NodeID")
    node_addr: str = ""
    local_node_state: str = ""
    control_available: bool = False
    error: str = ""
    nodes: int = 0
    managers: int = 0


class WireInfo(Wire):
    """The part of `GET /info` that tells of a swarm."""

    swarm: WireSwarmInfo | None = None


class WireVersion(Wire):
    index: int = 0


class WireContainerSpec(Wire):
    # nothing else is decoded: environments and commands hold secrets
    image: str = ""
    tty: bool = msgspec.field(default=False, name="TTY")


class WireLogDriver(Wire):
    name: str = ""


class WireTaskSpec(Wire):
    container_spec: WireContainerSpec | None = None
    log_driver: WireLogDriver | None = None


class WireReplicated(Wire):
    replicas: int | None = None


class WireReplicatedJob(Wire):
    max_concurrent: int | None = None
    total_completions: int | None = None


class WireMode(Wire):
    replicated: WireReplicated | None = None
    replicated_job: WireReplicatedJob | None = None
    global_: dict[str, Any] | None = msgspec.field(default=None, name="Global")
    global_job: dict[str, Any] | None = None


class WireServiceSpec(Wire):
    name: str = ""
    labels: dict[str, str] | None = None
    task_template: WireTaskSpec | None = None
    mode: WireMode | None = None


class WirePort(Wire):
    protocol: str = "tcp"
    target_port: int = 0
    published_port: int = 0
    publish_mode: str = "ingress"


class WireEndpoint(Wire):
    ports: list[WirePort] | None = None


class WireCounts(Wire):
    running_tasks: int = 0
    desired_tasks: int = 0
    completed_tasks: int = 0


class WireUpdate(Wire):
    state: str = ""
    message: str = ""


class WireService(Wire):
    """One entry of `GET /services?status=true`, and the answer to `GET /services/{id}` (without the status)."""

    id: str = msgspec.field(name="ID")
    version: WireVersion = msgspec.field(default_factory=WireVersion)
    created_at: str = ""
    spec: WireServiceSpec = msgspec.field(default_factory=WireServiceSpec)
    previous_spec: WireServiceSpec | None = None
    endpoint: WireEndpoint | None = None
    update_status: WireUpdate | None = None
    service_status: WireCounts | None = None


class WireContainerStatus(Wire):
    container_id: str = msgspec.field(default="", name="ContainerID")
    exit_code: int = 0


class WireTaskStatus(Wire):
    timestamp: str = ""
    state: str = ""
    message: str = ""
    err: str = ""
    container_status: WireContainerStatus | None = None


class WireTask(Wire):
    """One entry of `GET /tasks`."""

    id: str = msgspec.field(name="ID")
    service_id: str = msgspec.field(default="", name="ServiceID")
    node_id: str = msgspec.field(default="", name="NodeID")
    slot: int = 0
    spec: WireTaskSpec | None = None
    status: WireTaskStatus = msgspec.field(default_factory=WireTaskStatus)
    desired_state: str = ""


class WireNodeSpec(Wire):
    name: str = ""
    role: str = ""
    availability: str = ""


class WireNodeEngine(Wire):
    engine_version: str = ""


class WireNodeDescription(Wire):
    hostname: str = ""
    engine: WireNodeEngine | None = None


class WireNodeStatus(Wire):
    state: str = ""
    message: str = ""
    addr: str = ""


class WireManager(Wire):
    leader: bool = False
    reachability: str = ""
    addr: str = ""


class WireNode(Wire):
    """One entry of `GET /nodes`."""

    id: str = msgspec.field(name="ID")
    spec: WireNodeSpec = msgspec.field(default_factory=WireNodeSpec)
    description: WireNodeDescription | None = None
    status: WireNodeStatus = msgspec.field(default_factory=WireNodeStatus)
    manager_status: WireManager | None = None


class WireNamedSpec(Wire):
    name: str = ""
    labels: dict[str, str] | None = None


class WireNamed(Wire):
    """One entry of `GET /secrets` or `GET /configs`: only its name is decoded, never what is in it."""

    id: str = msgspec.field(name="ID")
    spec: WireNamedSpec = msgspec.field(default_factory=WireNamedSpec)


class SwarmStatus(msgspec.Struct, frozen=True, gc=False):
    """How the daemon stands to a swarm: `state` is inactive, pending, active, error or locked."""

    state: str = "inactive"
    is_manager: bool = False
    node_id: str = ""
    error: str = ""
    nodes: int = 0
    managers: int = 0

    @property
    def why_not(self) -> str:
        """Why it can't be asked about services, or an empty string."""
        if self.is_manager:
            return ""
        if self.state == "inactive":
            return "this daemon is in no swarm"
        if self.state == "active":
            return "this daemon is a worker of its swarm: only managers tell of services"
        return f"the swarm is {self.state}{f': {self.error}' if self.error else ''}"


class SwarmPort(msgspec.Struct, frozen=True, gc=False):
    """A published port of a service; `mode` is ingress or host."""

    target: int
    published: int
    protocol: str = "tcp"
    mode: str = "ingress"


class SwarmService(msgspec.Struct, frozen=True, gc=False):
    """A service; `wanted` and `running` are None where nobody tells. `created` is seconds since the epoch."""

    id: str
    name: str
    image: str = ""
    mode: str = "replicated"
    replicas: int | None = None
    wanted: int | None = None
    running: int | None = None
    completed: int = 0
    ports: tuple[SwarmPort, ...] = ()
    labels: Mapping[str, str] = {}
    created: float | None = None
    update: str = ""
    update_message: str = ""
    has_previous: bool = False

    @property
    def stack(self) -> str:
        """The stack that made it, or an empty string."""
        return self.labels.get(STACK, "")

    @property
    def short_image(self) -> str:
        """The image without the digest that the manager pinned it to."""
        return self.image.partition("@")[0]

    @property
    def scalable(self) -> bool:
        """Whether it has a number of replicas."""
        return self.mode == "replicated"


class SwarmTask(msgspec.Struct, frozen=True, gc=False):
    """One attempt to run a container of a service. `time` is seconds since the epoch, of the last change of state.

    `log_driver` is the one that the service names; empty where each node uses its own.
    """

    id: str
    service: str
    node: str = ""
    slot: int = 0
    image: str = ""
    state: str = ""
    desired: str = ""
    message: str = ""
    error: str = ""
    exit_code: int | None = None
    time: float | None = None
    tty: bool = False
    log_driver: str = ""


class SwarmNode(msgspec.Struct, frozen=True, gc=False):
    """A node; `reachability` is empty for a worker, and `twin` is whether another node has its host name."""

    id: str
    name: str
    role: str = ""
    availability: str = ""
    state: str = ""
    message: str = ""
    address: str = ""
    leader: bool = False
    reachability: str = ""
    engine: str = ""
    twin: bool = False

    @property
    def label(self) -> str:
        """What it is called among the others: one of several of a host name has the beginning of its ID besides."""
        return f"{self.name}-{self.id[:4]}" if self.twin else self.name

    @property
    def is_manager(self) -> bool:
        """Whether it is a manager, or told to be one."""
        return self.role == "manager"


class SwarmName(msgspec.Struct, frozen=True, gc=False):
    """A secret or a config: what it is called, never what it holds."""

    id: str
    name: str
    stack: str = ""


def status_from(wire: WireInfo) -> SwarmStatus:
    """Return how the daemon stands to a swarm; one that says nothing of it is in none."""
    swarm = wire.swarm or WireSwarmInfo()
    return SwarmStatus(
        swarm.local_node_state or "inactive",
        swarm.control_available,
        swarm.node_id,
        swarm.error,
        swarm.nodes,
        swarm.managers,
    )


def service_from(wire: WireService) -> SwarmService:
    """Return the record of a service."""
    mode = wire.spec.mode or WireMode()
    counts, update = wire.service_status, wire.update_status or WireUpdate()
    ports = (wire.endpoint.ports if wire.endpoint else None) or ()
    return SwarmService(
        id=wire.id,
        name=wire.spec.name,
        image=_image(wire.spec.task_template),
        mode=_mode(mode),
        replicas=mode.replicated.replicas if mode.replicated else None,
        wanted=counts.desired_tasks if counts else None,
        running=counts.running_tasks if counts else None,
        completed=counts.completed_tasks if counts else 0,
        ports=tuple(SwarmPort(p.target_port, p.published_port, p.protocol, p.publish_mode) for p in ports),
        labels=wire.spec.labels or {},
        created=parse_time(wire.created_at),
        update=update.state,
        update_message=update.message,
        has_previous=wire.previous_spec is not None,
    )


def _mode(mode: WireMode) -> str:
    if mode.global_ is not None:
        return "global"
    if mode.global_job is not None:
        return "global-job"
    return "replicated-job" if mode.replicated_job is not None else "replicated"


def _image(task: WireTaskSpec | None) -> str:
    return task.container_spec.image if task and task.container_spec else ""


def task_from(wire: WireTask) -> SwarmTask:
    """Return the record of a task."""
    status = wire.status
    container = status.container_status
    return SwarmTask(
        wire.id, wire.service_id, wire.node_id, wire.slot, _image(wire.spec).partition("@")[0], status.state,
        wire.desired_state, status.message, status.err,
        container.exit_code if container and status.state in ("failed", "complete", "shutdown") else None,
        parse_time(status.timestamp),
        bool(wire.spec and wire.spec.container_spec and wire.spec.container_spec.tty),
        wire.spec.log_driver.name if wire.spec and wire.spec.log_driver else "",
    )  # fmt: skip


def node_from(wire: WireNode) -> SwarmNode:
    """Return the record of a node."""
    described, manager = wire.description or WireNodeDescription(), wire.manager_status
    return SwarmNode(
        wire.id, described.hostname or wire.spec.name or wire.id[:12], wire.spec.role, wire.spec.availability,
        wire.status.state, wire.status.message, wire.status.addr,
        manager.leader if manager else False, manager.reachability if manager else "",
        described.engine.engine_version if described.engine else "",
    )  # fmt: skip


def told_apart(nodes: Sequence[SwarmNode]) -> list[SwarmNode]:
    """Return all nodes of a swarm, in their order, each with whether another one has its host name."""
    names = Counter(node.name for node in nodes)
    return [msgspec.structs.replace(node, twin=names[node.name] > 1) for node in nodes]


def name_from(wire: WireNamed) -> SwarmName:
    """Return the record of a secret or a config."""
    return SwarmName(wire.id, wire.spec.name, (wire.spec.labels or {}).get(STACK, ""))
