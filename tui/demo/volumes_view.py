"""Volumes and networks as the API shows them."""

from collections import Counter

from tui.demo.clock import rfc3339
from tui.demo.jsonish import JsonMap
from tui.demo.records import Network, Volume
from tui.demo.world import DATA_ROOT, World


def volume_users(world: World, name: str) -> list[str]:
    """Return the IDs of the containers that mount a volume."""
    return [c.id for c in world.containers.values() if any(m.type == "volume" and m.name == name for m in c.mounts)]


def volume_references(world: World) -> Counter[str]:
    """Return how many containers mount each volume."""
    return Counter(name for c in world.containers.values() for name in {m.name for m in c.mounts if m.type == "volume"})


def volume_view(volume: Volume, users: int | None = None) -> JsonMap:
    """Return a volume; `users` adds UsageData with that reference count."""
    labels = {"com.docker.volume.anonymous": ""} if volume.anonymous else volume.labels
    shown: JsonMap = {
        "CreatedAt": rfc3339(volume.created_ns),
        "Driver": volume.driver,
        "Labels": labels,
        "Mountpoint": f"{DATA_ROOT}/volumes/{volume.name}/_data",
        "Name": volume.name,
        "Options": volume.options,
        "Scope": "local",
    }
    if users is not None:
        shown["UsageData"] = {"RefCount": users, "Size": volume.size}
    return shown


def network_view(world: World, network: Network, *, containers: bool) -> JsonMap:
    """Return a network; `containers` fills in who is connected, as inspect does and the list does not."""
    ends: JsonMap = {}
    if containers:
        for container in world.containers.values():
            endpoint = container.networks.get(network.name)
            if endpoint is not None and endpoint.endpoint_id:
                address = f"{endpoint.ip}/{endpoint.prefix_length}" if endpoint.ip else ""
                more = {"MacAddress": endpoint.mac, "IPv4Address": address, "IPv6Address": ""}
                ends[container.id] = {"Name": container.name, "EndpointID": endpoint.endpoint_id, **more}
    ranges = {"Subnet": network.subnet, "IPRange": network.ip_range, "Gateway": network.gateway}
    config = [{key: value for key, value in ranges.items() if value}] if network.subnet else None
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": rfc3339(network.created_ns),
        "Scope": "local",
        "Driver": network.driver,
        "EnableIPv4": True,
        "EnableIPv6": network.ipv6,
        "IPAM": {"Driver": "default", "Options": None, "Config": config},
        "Internal": network.internal,
        "Attachable": network.attachable,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": ends,
        "Options": network.options,
        "Labels": network.labels,
    }
