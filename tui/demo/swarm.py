"""The simulated swarm: services, their tasks, nodes, and the names of secrets and configs."""

import hashlib
from dataclasses import dataclass, field

from tui.demo.clock import NS, rfc3339
from tui.demo.errors import ApiError
from tui.demo.jsonish import JsonMap, as_int, as_map, as_str

OUT_OF_SEQUENCE = "rpc error: code = Unknown desc = update out of sequence"
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass
class Service:
    """A service: its spec as a client sent it, the one before, and the version that a change has to name."""

    id: str
    spec: JsonMap
    created_ns: int
    version: int
    previous: JsonMap | None = None
    updated_ns: int = 0
    update: str = ""
    broken: str = ""
    """Why each of its tasks fails; empty for one that runs."""

    @property
    def name(self) -> str:
        """Its name."""
        return as_str(self.spec.get("Name"))

    @property
    def image(self) -> str:
        """The image of its containers."""
        return as_str(as_map(as_map(self.spec.get("TaskTemplate")).get("ContainerSpec")).get("Image"))

    @property
    def replicas(self) -> int | None:
        """How many it should have; None for one on every node."""
        replicated = as_map(self.spec.get("Mode")).get("Replicated")
        return as_int(as_map(replicated).get("Replicas"), 1) if replicated is not None else None


@dataclass
class Node:
    """A node."""

    id: str
    hostname: str
    spec: JsonMap
    version: int
    state: str = "ready"
    address: str = "127.0.0.1"
    leader: bool = False


@dataclass
class SwarmState:
    """A swarm that this engine manages."""

    own: str
    index: int = 10
    services: dict[str, Service] = field(default_factory=dict[str, Service])
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    secrets: list[str] = field(default_factory=list[str])
    configs: list[str] = field(default_factory=list[str])

    def next_index(self) -> int:
        """Return the version of the next change."""
        self.index += 1
        return self.index

    def find_service(self, ref: str) -> Service:
        """Return a service by ID, name or start of its ID; raises ApiError 404."""
        for service in self.services.values():
            if ref in (service.id, service.name):
                return service
        hits = [s for s in self.services.values() if ref and s.id.startswith(ref)]
        if len(hits) != 1:
            raise ApiError(404, f"service {ref} not found")
        return hits[0]

    def find_node(self, ref: str) -> Node:
        """Return a node by ID, name or start of its ID; raises ApiError 404."""
        for node in self.nodes.values():
            if ref in (node.id, node.hostname):
                return node
        raise ApiError(404, f"node {ref} not found")

    @property
    def open_nodes(self) -> list[Node]:
        """The nodes that tasks may be on."""
        return [n for n in self.nodes.values() if n.state == "ready" and n.spec["Availability"] != "drain"]


def swarm_id(text: str) -> str:
    """Return a swarm's kind of ID: 25 digits and letters, the same for the same text."""
    number = int(hashlib.sha256(text.encode()).hexdigest(), 16)
    digits = ""
    while len(digits) < 25:
        number, at = divmod(number, len(_ALPHABET))
        digits += _ALPHABET[at]
    return digits


def new_swarm(seed: str, hostname: str = "demo") -> SwarmState:
    """Return the swarm that `docker swarm init` begins: one node, its manager."""
    own = swarm_id(f"{seed}/node")
    swarm = SwarmState(own)
    spec: JsonMap = {"Labels": {}, "Role": "manager", "Availability": "active"}
    swarm.nodes[own] = Node(own, hostname, spec, swarm.next_index(), leader=True)
    return swarm


def seeded_swarm(seed: str, now_ns: int) -> SwarmState:
    """Return a swarm in which something goes on: a stack, a service on each node, one that fails, a node down."""
    swarm = new_swarm(seed)
    for hostname, role, state in (("worker-1", "worker", "ready"), ("worker-2", "worker", "down")):
        id_ = swarm_id(f"{seed}/{hostname}")
        spec: JsonMap = {"Labels": {}, "Role": role, "Availability": "active"}
        swarm.nodes[id_] = Node(id_, hostname, spec, swarm.next_index(), state, f"10.0.0.{len(swarm.nodes) + 1}")
    stack = {"com.docker.stack.namespace": "shop", "com.docker.stack.image": ""}
    add_service(swarm, seed, service_spec("shop_web", "nginx:1.27-alpine", 3, stack, ((80, 8090),)), now_ns)
    add_service(swarm, seed, service_spec("shop_cache", "redis:7-alpine", 1, stack), now_ns)
    add_service(swarm, seed, service_spec("agent", "quay.io/prometheus/node-exporter:v1.8.1", None), now_ns)
    broken = add_service(swarm, seed, service_spec("ledger", "registry.example.com/team/ledger:9", 2), now_ns)
    broken.broken = "No such image: registry.example.com/team/ledger:9"
    swarm.secrets, swarm.configs = ["shop_db_password", "tls_key"], ["shop_nginx_conf"]
    return swarm


def service_spec(
    name: str,
    image: str,
    replicas: int | None,
    labels: dict[str, str] | None = None,
    ports: tuple[tuple[int, int], ...] = (),
) -> JsonMap:
    """Return the spec of a service, on every node where `replicas` is None."""
    published = [
        {"Protocol": "tcp", "TargetPort": target, "PublishedPort": port, "PublishMode": "ingress"}
        for target, port in ports
    ]
    return {
        "Name": name,
        "Labels": labels or {},
        "TaskTemplate": {"ContainerSpec": {"Image": image}, "ForceUpdate": 0, "Runtime": "container"},
        "Mode": {"Global": {}} if replicas is None else {"Replicated": {"Replicas": replicas}},
        "EndpointSpec": {"Mode": "vip", "Ports": published},
    }


def add_service(swarm: SwarmState, seed: str, spec: JsonMap, now_ns: int) -> Service:
    """Add a service; raises ApiError 409 for a name that is taken."""
    name = as_str(spec.get("Name"))
    if any(service.name == name for service in swarm.services.values()):
        text = f"rpc error: code = AlreadyExists desc = name conflicts with an existing object: service {name}"
        raise ApiError(409, f"{text} already exists")
    id_ = swarm_id(f"{seed}/service/{name}/{now_ns}")
    swarm.services[id_] = Service(id_, spec, now_ns, swarm.next_index())
    return swarm.services[id_]


def tasks_of(swarm: SwarmState, service: Service) -> list[JsonMap]:
    """Return the tasks of a service as `GET /tasks` shows them: what each slot, or node, has now."""
    nodes = swarm.open_nodes
    slots = [(0, node) for node in nodes]
    if service.replicas is not None:
        slots = [(slot + 1, nodes[slot % len(nodes)] if nodes else None) for slot in range(service.replicas)]
    return [_task(service, slot, node) for slot, node in slots]


def _task(service: Service, slot: int, node: Node | None) -> JsonMap:
    state = "pending" if node is None else "rejected" if service.broken else "running"
    status: JsonMap = {
        "Timestamp": rfc3339((service.updated_ns or service.created_ns) + NS),
        "State": state,
        "Message": {"pending": "pending task scheduling", "rejected": "preparing", "running": "started"}[state],
    }
    if error := service.broken if node else "no suitable node (1 node not available for new tasks)":
        status["Err"] = error
    if state == "running":
        container = hashlib.sha256(f"{service.id}/{slot}/{service.version}".encode()).hexdigest()
        status["ContainerStatus"] = {"ContainerID": container, "PID": 4000 + slot, "ExitCode": 0}
    return {
        "ID": swarm_id(f"{service.id}/{slot}/{node.id if node else ''}/{service.version}"),
        "Version": {"Index": service.version},
        "CreatedAt": rfc3339(service.created_ns),
        "UpdatedAt": rfc3339(service.updated_ns or service.created_ns),
        "Labels": {},
        "Spec": service.spec["TaskTemplate"],
        "ServiceID": service.id,
        **({"Slot": slot} if slot else {}),
        **({"NodeID": node.id} if node else {}),
        "Status": status,
        "DesiredState": "running",
    }
