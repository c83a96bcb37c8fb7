"""Requests about the swarm: refused in the daemon's words unless this engine manages one."""

from aiohttp import web

from tui.demo import listing
from tui.demo.api import ENGINE_VERSION, Call, Router, answer, nothing
from tui.demo.clock import rfc3339
from tui.demo.errors import NOT_A_MANAGER, ApiError
from tui.demo.jsonish import JsonMap, as_map, as_str, as_strings
from tui.demo.swarm import (
    OUT_OF_SEQUENCE,
    Node,
    Service,
    SwarmState,
    add_service,
    new_swarm,
    swarm_id,
    tasks_of,
)
from tui.demo.world import World

_AREAS = ("swarm", "nodes", "services", "tasks", "secrets", "configs")


def register(router: Router) -> None:
    """Add the routes."""
    router.add("POST", "/swarm/init", _init)
    router.add("POST", "/swarm/leave", _leave)
    router.add("GET", "/swarm", _swarm)
    router.add("GET", "/services", _services)
    router.add("POST", "/services/create", _create)
    router.add("GET", "/services/{id}", _service)
    router.add("POST", "/services/{id}/update", _update_service)
    router.add("DELETE", "/services/{id}", _remove_service)
    router.add("GET", "/tasks", _tasks)
    router.add("GET", "/nodes", _nodes)
    router.add("GET", "/nodes/{id}", _node)
    router.add("POST", "/nodes/{id}/update", _update_node)
    router.add("DELETE", "/nodes/{id}", _remove_node)
    router.add("GET", "/secrets", _secrets)
    router.add("GET", "/configs", _configs)
    for name in _AREAS:
        for method in ("GET", "POST", "DELETE"):
            router.add(method, f"/{name}(/.*)?", _not_here)


def swarm_facts(world: World) -> JsonMap:
    """Return what `GET /info` says of the swarm."""
    swarm = world.swarm
    facts: JsonMap = {
        "NodeID": swarm.own if swarm else "",
        "NodeAddr": "127.0.0.1" if swarm else "",
        "LocalNodeState": "active" if swarm else "inactive",
        "ControlAvailable": swarm is not None,
        "Error": "",
        "RemoteManagers": [{"NodeID": swarm.own, "Addr": "127.0.0.1:2377"}] if swarm else None,
    }
    if swarm:
        managers = sum(node.spec["Role"] == "manager" for node in swarm.nodes.values())
        facts |= {"Nodes": len(swarm.nodes), "Managers": managers, "Cluster": {"ID": swarm_id(swarm.own)}}
    return facts


def _managed(call: Call) -> SwarmState:
    if call.world.swarm is None:
        raise ApiError(503, NOT_A_MANAGER)
    return call.world.swarm


async def _not_here(call: Call) -> web.StreamResponse:
    _managed(call)
    raise ApiError(404, "page not found")


async def _init(call: Call) -> web.StreamResponse:
    world = call.world
    if world.swarm is not None:
        text = (
            'This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.'
        )
        raise ApiError(503, text)
    await call.body()
    world.swarm = new_swarm(f"{world.seed}/{world.now()}")
    world.emit("node", "create", world.swarm.own, {"name": ""})
    return answer(world.swarm.own)


async def _leave(call: Call) -> web.StreamResponse:
    if call.world.swarm is None:
        raise ApiError(503, "This node is not part of a swarm")
    if not call.flag("force"):
        text = (
            "You are attempting to leave the swarm on a node that is participating as a manager. Removing the last "
            "manager erases all current state of the swarm. Use `--force` to ignore this message. "
        )
        raise ApiError(503, text)
    call.world.swarm = None
    return nothing(200)


async def _swarm(call: Call) -> web.StreamResponse:
    swarm, made = _managed(call), rfc3339(call.world.booted_ns)
    return answer(
        {
            "ID": swarm_id(swarm.own),
            "Version": {"Index": 9},
            "CreatedAt": made,
            "UpdatedAt": made,
            "Spec": {"Name": "default", "Labels": {}},
            "JoinTokens": {"Worker": "SWMTKN-1-demo-worker", "Manager": "SWMTKN-1-demo-manager"},
        }
    )


# services


def _service_view(swarm: SwarmState, service: Service, *, status: bool = False) -> JsonMap:
    view: JsonMap = {
        "ID": service.id,
        "Version": {"Index": service.version},
        "CreatedAt": rfc3339(service.created_ns),
        "UpdatedAt": rfc3339(service.updated_ns or service.created_ns),
        "Spec": service.spec,
        **({"PreviousSpec": service.previous} if service.previous else {}),
        "Endpoint": {"Spec": {}, "Ports": as_map(service.spec.get("EndpointSpec")).get("Ports") or []},
    }
    if service.update:
        done = rfc3339(service.updated_ns)
        view["UpdateStatus"] = {
            "State": service.update,
            "StartedAt": done,
            "CompletedAt": done,
            "Message": service.update.replace("_", " "),
        }
    if status:
        tasks = tasks_of(swarm, service)
        running = sum(task["Status"]["State"] == "running" for task in tasks)
        view["ServiceStatus"] = {"RunningTasks": running, "DesiredTasks": len(tasks), "CompletedTasks": 0}
    return view


async def _services(call: Call) -> web.StreamResponse:
    swarm = _managed(call)
    filters = call.filters("id", "label", "mode", "name", "runtime")
    found = [
        service
        for service in swarm.services.values()
        if listing.has_labels(as_strings(service.spec.get("Labels")), filters.get("label", []))
        and any(service.id.startswith(id_) for id_ in filters.get("id", [""]))
        and any(service.name.startswith(name) for name in filters.get("name", [""]))
    ]
    return answer([_service_view(swarm, each, status=call.flag("status")) for each in found])


async def _create(call: Call) -> web.StreamResponse:
    swarm, world = _managed(call), call.world
    service = add_service(swarm, str(world.seed), await call.body(), world.now())
    world.emit("service", "create", service.id, {"name": service.name})
    return answer({"ID": service.id}, 201)


async def _service(call: Call) -> web.StreamResponse:
    swarm = _managed(call)
    return answer(_service_view(swarm, swarm.find_service(call.params["id"])))


async def _update_service(call: Call) -> web.StreamResponse:
    swarm, world = _managed(call), call.world
    service = swarm.find_service(call.params["id"])
    spec = await call.body()
    if call.number("version") != service.version:
        raise ApiError(500, OUT_OF_SEQUENCE)
    back = call.text("rollback") == "previous"
    if back and service.previous is None:
        raise ApiError(500, "rpc error: code = FailedPrecondition desc = service does not have a previous spec")
    service.previous, service.spec = service.spec, service.previous if back and service.previous else spec
    service.version, service.updated_ns = swarm.next_index(), world.now()
    service.update = "rollback_completed" if back else "completed"
    world.emit("service", "update", service.id, {"name": service.name})
    return answer({"Warnings": None})


async def _remove_service(call: Call) -> web.StreamResponse:
    swarm = _managed(call)
    service = swarm.find_service(call.params["id"])
    del swarm.services[service.id]
    call.world.emit("service", "remove", service.id, {"name": service.name})
    return nothing(200)


async def _tasks(call: Call) -> web.StreamResponse:
    swarm = _managed(call)
    wanted = call.filters("desired-state", "id", "label", "name", "node", "service").get("service")
    found = [s for s in swarm.services.values() if wanted is None or s.id in wanted or s.name in wanted]
    return answer([task for service in found for task in tasks_of(swarm, service)])


# nodes


def _node_view(world: World, node: Node) -> JsonMap:
    view: JsonMap = {
        "ID": node.id,
        "Version": {"Index": node.version},
        "CreatedAt": rfc3339(world.booted_ns),
        "UpdatedAt": rfc3339(world.booted_ns),
        "Spec": node.spec,
        "Description": {
            "Hostname": node.hostname,
            "Platform": {"Architecture": "x86_64", "OS": "linux"},
            "Engine": {"EngineVersion": ENGINE_VERSION},
        },
        "Status": {"State": node.state, "Addr": node.address},
    }
    if node.state == "down":
        view["Status"]["Message"] = "heartbeat failure"
    if node.spec["Role"] == "manager":
        view["ManagerStatus"] = {
            **({"Leader": True} if node.leader else {}),
            "Reachability": "reachable",
            "Addr": f"{node.address}:2377",
        }
    return view


async def _nodes(call: Call) -> web.StreamResponse:
    return answer([_node_view(call.world, node) for node in _managed(call).nodes.values()])


async def _node(call: Call) -> web.StreamResponse:
    return answer(_node_view(call.world, _managed(call).find_node(call.params["id"])))


async def _update_node(call: Call) -> web.StreamResponse:
    swarm = _managed(call)
    node, spec = swarm.find_node(call.params["id"]), await call.body()
    if call.number("version") != node.version:
        raise ApiError(500, OUT_OF_SEQUENCE)
    managers = [each for each in swarm.nodes.values() if each.spec["Role"] == "manager"]
    if managers == [node] and as_str(spec.get("Role")) != "manager":
        text = "attempting to demote the last manager of the swarm"
        raise ApiError(400, f"rpc error: code = FailedPrecondition desc = {text}")
    node.spec, node.version = spec, swarm.next_index()
    call.world.emit("node", "update", node.id, {"name": node.hostname})
    return nothing(200)


async def _remove_node(call: Call) -> web.StreamResponse:
    swarm = _managed(call)
    node = swarm.find_node(call.params["id"])
    if node.state != "down" and not call.flag("force"):
        text = f"node {node.id} is not down and can't be removed"
        raise ApiError(400, f"rpc error: code = FailedPrecondition desc = {text}")
    del swarm.nodes[node.id]
    call.world.emit("node", "remove", node.id, {"name": node.hostname})
    return nothing(200)


# names


def _named(world: World, names: list[str]) -> list[JsonMap]:
    made = rfc3339(world.booted_ns)
    stack = {"com.docker.stack.namespace": "shop"}
    return [
        {
            "ID": swarm_id(f"named/{name}"),
            "Version": {"Index": 9},
            "CreatedAt": made,
            "UpdatedAt": made,
            "Spec": {"Name": name, "Labels": stack if name.startswith("shop_") else {}},
        }
        for name in names
    ]


async def _secrets(call: Call) -> web.StreamResponse:
    return answer(_named(call.world, _managed(call).secrets))


async def _configs(call: Call) -> web.StreamResponse:
    return answer(_named(call.world, _managed(call).configs))
