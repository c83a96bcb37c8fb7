"""Requests about volumes and networks."""

import ipaddress
import re

from aiohttp import web

from tui.demo import listing, netports
from tui.demo.api import Call, Router, answer, nothing
from tui.demo.errors import ApiError
from tui.demo.jsonish import as_list, as_map, as_str, as_strings
from tui.demo.records import Network, Volume
from tui.demo.volumes_view import network_view, volume_references, volume_users, volume_view

_PREDEFINED = ("bridge", "host", "none")


def register(router: Router) -> None:
    """Add the routes."""
    router.add("GET", "/volumes", _volumes)
    router.add("POST", "/volumes/create", _create_volume)
    router.add("POST", "/volumes/prune", _prune_volumes)
    router.add("GET", "/volumes/{name}", _volume)
    router.add("DELETE", "/volumes/{name}", _remove_volume)
    router.add("GET", "/networks", _networks)
    router.add("POST", "/networks/create", _create_network)
    router.add("POST", "/networks/prune", _prune_networks)
    router.add("POST", "/networks/{id}/connect", _connect)
    router.add("POST", "/networks/{id}/disconnect", _disconnect)
    router.add("GET", "/networks/{id}", _network)
    router.add("DELETE", "/networks/{id}", _remove_network)


async def _volumes(call: Call) -> web.StreamResponse:
    world = call.world
    filters = call.filters("dangling", "driver", "label", "name")
    used = volume_references(world)
    found: list[Volume] = []
    for volume in world.volumes.values():
        dangling = filters.get("dangling")
        if dangling and (dangling[0] in ("true", "1")) == bool(used[volume.name]):
            continue
        if not listing.has_labels(volume.labels or {}, filters.get("label", [])):
            continue
        if "name" in filters and not any(name in volume.name for name in filters["name"]):
            continue
        if "driver" in filters and volume.driver not in filters["driver"]:
            continue
        found.append(volume)
    return answer({"Volumes": [volume_view(volume) for volume in found], "Warnings": None})


async def _volume(call: Call) -> web.StreamResponse:
    return answer(volume_view(call.world.find_volume(call.params["name"])))


async def _create_volume(call: Call) -> web.StreamResponse:
    world, body = call.world, await call.body()
    name, driver = as_str(body.get("Name")), as_str(body.get("Driver")) or "local"
    if name and not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", name):
        raise ApiError(
            400,
            f'create {name}: "{name}" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
        )
    if driver != "local":
        raise ApiError(404, f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found')
    labels, options = as_strings(body.get("Labels")) or None, as_strings(body.get("DriverOpts")) or None
    volume = world.ensure_volume(name or world.new_id("volume"), labels=labels, options=options, anonymous=not name)
    return answer(volume_view(volume), 201)


async def _remove_volume(call: Call) -> web.StreamResponse:
    world, name = call.world, call.params["name"]
    if name not in world.volumes and call.flag("force"):
        return nothing()
    world.find_volume(name)
    users = volume_users(world, name)
    if users:
        raise ApiError(409, f"remove {name}: volume is in use - [{', '.join(users)}]")
    del world.volumes[name]
    world.emit("volume", "destroy", name, {"driver": "local"})
    return nothing()


async def _prune_volumes(call: Call) -> web.StreamResponse:
    world, filters = call.world, call.filters("all", "label", "label!")
    every = (filters.pop("all", ["false"]))[0] in ("true", "1") or call.version < (1, 42)
    used = volume_references(world)
    doomed = [
        v
        for v in world.volumes.values()
        if (every or v.anonymous)
        and not used[v.name]
        and listing.pruned(v.labels or {}, v.created_ns, world.now(), filters)
    ]
    for volume in doomed:
        del world.volumes[volume.name]
        world.emit("volume", "destroy", volume.name, {"driver": "local"})
    freed = sum(volume.size for volume in doomed)
    world.emit("volume", "prune", "", {"reclaimed": str(freed)})
    return answer({"VolumesDeleted": [volume.name for volume in doomed] or None, "SpaceReclaimed": freed})


async def _networks(call: Call) -> web.StreamResponse:
    world = call.world
    filters = call.filters("dangling", "driver", "id", "label", "name", "scope", "type")
    found: list[Network] = []
    for network in world.networks.values():
        wanted = [
            listing.has_labels(network.labels, filters.get("label", [])),
            "driver" not in filters or network.driver in filters["driver"],
            "id" not in filters or any(network.id.startswith(v) for v in filters["id"]),
            "name" not in filters or any(v in network.name for v in filters["name"]),
            "type" not in filters or ("builtin" in filters["type"]) == (network.name in _PREDEFINED),
            "scope" not in filters or "local" in filters["scope"],
            "dangling" not in filters or (filters["dangling"][0] in ("true", "1")) == _unused(call, network),
        ]
        if all(wanted):
            found.append(network)
    return answer([network_view(world, network, containers=False) for network in found])


def _unused(call: Call, network: Network) -> bool:
    used = any(network.name in c.networks for c in call.world.containers.values())
    return network.name not in _PREDEFINED and not used


async def _network(call: Call) -> web.StreamResponse:
    return answer(network_view(call.world, call.world.find_network(call.params["id"]), containers=True))


async def _create_network(call: Call) -> web.StreamResponse:
    world, body = call.world, await call.body()
    name, driver = as_str(body.get("Name")), as_str(body.get("Driver")) or "bridge"
    if not name:
        raise ApiError(400, "invalid name: name is empty")
    if name in _PREDEFINED:
        raise ApiError(403, f"operation is not permitted on predefined {name} network ")
    if any(network.name == name for network in world.networks.values()):
        raise ApiError(409, f"network with name {name} already exists")
    if driver not in ("bridge", "macvlan", "ipvlan", "null", "host"):
        raise ApiError(404, f'plugin "{driver}" not found')
    config = as_map(next(iter(as_list(as_map(body.get("IPAM")).get("Config"))), None))
    number = 20 + len(world.networks)
    prefix = f"172.{number}" if number < 256 else f"10.{number % 256}"
    subnet = as_str(config.get("Subnet")) or f"{prefix}.0.0/16"
    ip_range = as_str(config.get("IPRange"))
    try:
        first = ipaddress.IPv4Network(subnet).network_address + 1
        ipaddress.IPv4Network(ip_range or subnet)
    except ValueError:
        raise ApiError(400, f'invalid network config:\ninvalid subnet "{subnet}": invalid CIDR block') from None
    gateway = as_str(config.get("Gateway")) or str(first)
    network = Network(world.new_id("network"), name, driver, world.now(), subnet, gateway, ip_range)
    network.labels, network.options = as_strings(body.get("Labels")), as_strings(body.get("Options"))
    network.ipv6 = bool(body.get("EnableIPv6"))
    network.internal, network.attachable = bool(body.get("Internal")), bool(body.get("Attachable"))
    world.networks[network.id] = network
    world.emit("network", "create", network.id, {"name": name, "type": driver})
    return answer({"Id": network.id, "Warning": ""}, 201)


async def _remove_network(call: Call) -> web.StreamResponse:
    world, network = call.world, call.world.find_network(call.params["id"])
    if network.name in _PREDEFINED:
        raise ApiError(403, f"{network.name} is a pre-defined network and cannot be removed")
    users = [c for c in world.containers.values() if c.running and network.name in c.networks]
    if users:
        ends = " ".join(f'name:"{c.name}" id:"{c.networks[network.name].endpoint_id[:12]}"' for c in users)
        text = f"error while removing network: network {network.name} has active endpoints ({ends})"
        raise ApiError(403, text)
    _drop(call, network)
    return nothing()


def _drop(call: Call, network: Network) -> None:
    del call.world.networks[network.id]
    call.world.emit("network", "destroy", network.id, {"name": network.name, "type": network.driver})


async def _prune_networks(call: Call) -> web.StreamResponse:
    world, filters = call.world, call.filters("label", "label!", "until")
    doomed = [
        n
        for n in world.networks.values()
        if _unused(call, n) and listing.pruned(n.labels, n.created_ns, world.now(), filters)
    ]
    for network in doomed:
        _drop(call, network)
    world.emit("network", "prune", "", {"reclaimed": "0"})
    return answer({"NetworksDeleted": [network.name for network in doomed] or None})


async def _connect(call: Call) -> web.StreamResponse:
    world, body = call.world, await call.body()
    network = world.find_network(call.params["id"])
    container = world.find_container(as_str(body.get("Container")))
    if network.name in container.networks:
        raise ApiError(403, f"endpoint with name {container.name} already exists in network {network.name}")
    endpoint = netports.wanted_endpoint(as_map(body.get("EndpointConfig")), network.id)
    container.networks[network.name] = endpoint
    if container.running:
        netports.connect(world, container, network, endpoint)
    container.touch()
    return nothing(200)


async def _disconnect(call: Call) -> web.StreamResponse:
    world, body = call.world, await call.body()
    network = world.find_network(call.params["id"])
    container = world.find_container(as_str(body.get("Container")))
    endpoint = container.networks.pop(network.name, None)
    if endpoint is None:
        raise ApiError(403, f"container {container.id} is not connected to network {network.name}")
    if endpoint.endpoint_id:
        netports.disconnect(world, container, network, endpoint)
    container.touch()
    return nothing(200)
