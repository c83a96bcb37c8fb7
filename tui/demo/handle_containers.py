"""Requests about containers that answer at once: list, inspect, life-cycle, top, changes, update, prune."""

import re

from aiohttp import web

from tui.demo import creating, life, links, listing, processes
from tui.demo.api import Call, Router, answer, encoded, nothing, unhindered
from tui.demo.clock import NS
from tui.demo.errors import ApiError, not_running
from tui.demo.jsonish import JsonMap, as_map
from tui.demo.records import Container
from tui.demo.views import encoded_row, inspect, list_row, status_text, written_bytes
from tui.demo.world import CPUS, World


def register(router: Router) -> None:
    """Add the routes."""
    router.add("GET", "/containers/json", _list)
    router.add("POST", "/containers/create", _create)
    router.add("POST", "/containers/prune", _prune)
    router.add("GET", "/containers/{id}/json", _inspect)
    for name, handler in (("start", _start), ("stop", _stop), ("restart", _restart), ("kill", _kill)):
        router.add("POST", f"/containers/{{id}}/{name}", handler)
    for name, handler in (("pause", _pause), ("unpause", _unpause), ("rename", _rename), ("resize", _resize)):
        router.add("POST", f"/containers/{{id}}/{name}", handler)
    router.add("POST", "/containers/{id}/update", _update)
    router.add("GET", "/containers/{id}/top", _top)
    router.add("GET", "/containers/{id}/changes", _changes)
    router.add("DELETE", "/containers/{id}", _remove)


def target(call: Call) -> Container:
    """Return the container that the path names; raises ApiError 404."""
    return call.world.find_container(call.params["id"])


async def _list(call: Call) -> web.StreamResponse:
    world = call.world
    filters = call.filters(*listing.CONTAINER_FILTERS)
    limit = call.number("limit") or 0
    rows = listing.containers(world, filters, every=call.flag("all") or limit > 0)
    if limit > 0:
        rows = rows[:limit]
    if call.flag("size"):
        now = world.now()
        return answer([list_row(world, c, status_text(c, now), size=True) for c in rows])
    return encoded(b"[" + b",".join([encoded_row(world, c) for c in rows]) + b"]\n")


async def _create(call: Call) -> web.StreamResponse:
    container = creating.create(call.world, call.text("name"), await call.body())
    return answer({"Id": container.id, "Warnings": []}, 201)


async def _inspect(call: Call) -> web.StreamResponse:
    return answer(inspect(call.world, target(call), size=call.flag("size")))


async def _start(call: Call) -> web.StreamResponse:
    life.start(call.world, target(call))
    return nothing()


async def _stop(call: Call) -> web.StreamResponse:
    await unhindered(life.stop(call.world, target(call), call.number("t"), call.text("signal")))
    return nothing()


async def _restart(call: Call) -> web.StreamResponse:
    await unhindered(life.restart(call.world, target(call), call.number("t"), call.text("signal")))
    return nothing()


async def _kill(call: Call) -> web.StreamResponse:
    life.kill(call.world, target(call), call.text("signal"), call.params["id"])
    return nothing()


async def _pause(call: Call) -> web.StreamResponse:
    life.pause(call.world, target(call))
    return nothing()


async def _unpause(call: Call) -> web.StreamResponse:
    life.unpause(call.world, target(call))
    return nothing()


async def _rename(call: Call) -> web.StreamResponse:
    world, container = call.world, target(call)
    name = call.text("name").removeprefix("/")
    if not name:
        raise ApiError(400, "Neither old nor new names may be empty")
    if name == container.name:
        raise ApiError(400, "Renaming a container with the same name as its current name")
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", name):
        raise ApiError(
            400,
            f"Error when allocating new name: Invalid container name ({name}), "
            "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
        )
    taken = world.name_taken(name)
    if taken:
        raise ApiError(409, f"Error when allocating new name: {taken.message}")
    old = container.name
    world.rename(container, name)
    container.touch()
    links.touch_linked(world, container)
    world.emit_container(container, "rename", oldName=f"/{old}")
    return nothing()


async def _resize(call: Call) -> web.StreamResponse:
    container = target(call)
    height, width = call.number("h"), call.number("w")
    if height is None or width is None:
        raise ApiError(400, 'strconv.Atoi: parsing "": invalid syntax')
    if not container.running:
        raise not_running(container.id)
    container.size = (height, width)
    call.world.emit_container(container, "resize", height=str(height), width=str(width))
    return nothing(200)


async def _update(call: Call) -> web.StreamResponse:
    container, body = target(call), await call.body()
    creating.check_limits(body)
    _check_update(container, body)
    host = dict(container.host)
    host.update({key: value for key, value in body.items() if key in host and value not in (None, 0, "")})
    if body.get("PidsLimit") is not None:
        host["PidsLimit"] = max(0, int(body["PidsLimit"]))
    policy = as_map(body.get("RestartPolicy"))
    if policy.get("Name"):
        if host.get("AutoRemove") and policy["Name"] != "no":
            raise ApiError(409, "Restart policy cannot be updated because AutoRemove is enabled for the container")
        host["RestartPolicy"] = {"Name": policy["Name"], "MaximumRetryCount": policy.get("MaximumRetryCount") or 0}
    else:
        host["RestartPolicy"] = container.host["RestartPolicy"]
    container.host = host
    container.touch()
    call.world.emit_container(container, "update")
    return answer({"Warnings": None})


def _check_update(container: Container, body: JsonMap) -> None:
    """Raise ApiError for limits that a daemon does not take of a container that there is already."""
    memory, swap, before = body.get("Memory") or 0, body.get("MemorySwap") or 0, container.host.get("MemorySwap") or 0
    if memory and 0 < swap < memory:
        raise ApiError(400, "Minimum memoryswap limit should be larger than memory limit, see usage")
    if memory and not swap and before and memory > before:
        raise ApiError(
            409,
            f"Cannot update container {container.id}: Memory limit should be smaller than already set memoryswap "
            "limit, update the memoryswap at the same time",
        )
    if (body.get("NanoCpus") or 0) > CPUS * NS:
        raise ApiError(400, f"range of CPUs is from 0.01 to {CPUS}.00, as there are only {CPUS} CPUs available")


async def _remove(call: Call) -> web.StreamResponse:
    life.remove(call.world, target(call), force=call.flag("force"), volumes=call.flag("v"), ref=call.params["id"])
    return nothing()


async def _prune(call: Call) -> web.StreamResponse:
    world, filters = call.world, call.filters("label", "label!", "until")
    doomed = [
        c
        for c in world.newest_first()
        if c.state in ("exited", "created", "dead") and listing.prunable(world, c, filters)
    ]
    freed = sum(written_bytes(c) for c in doomed)
    for container in doomed:
        life.remove(world, container)
    world.emit("container", "prune", "", {"reclaimed": str(freed)})
    return answer({"ContainersDeleted": [c.id for c in doomed] or None, "SpaceReclaimed": freed})


async def _changes(call: Call) -> web.StreamResponse:
    container = target(call)
    return answer(changes(call.world, container) or None)


def changes(world: World, container: Container) -> list[JsonMap]:
    """Return what differs from the image: Kind 0 changed, 1 added, 2 deleted; folders above count as changed."""
    if container.run is not None:
        container.run.program.lines(container.run.elapsed(world.now()))
    image = world.images.get(container.image_id)
    root = world.root_of(image.layers) if image else {}
    kinds: dict[str, int] = {}
    for path, node in container.changed.items():
        if container.mounts_above(path):
            continue
        kinds[path] = 2 if node is None else 0 if path in root else 1
        parts = path.split("/")[:-1]
        for depth in range(len(parts)):
            kinds.setdefault("/".join(parts[: depth + 1]), 0)
    if container.started_ns:
        for mount in container.mounts:
            if mount.destination.strip("/") not in root:
                kinds.setdefault(mount.destination.strip("/"), 1)
    return [{"Path": f"/{path}", "Kind": kind} for path, kind in sorted(kinds.items())]


async def _top(call: Call) -> web.StreamResponse:
    container = target(call)
    if not container.running:
        raise not_running(container.id)
    call.world.emit_container(container, "top")
    return answer(processes.top(call.world, container, call.text("ps_args", "-ef")))
