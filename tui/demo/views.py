"""Containers as the API shows them: list rows, encoded once and kept, and the long form of inspect."""

import shlex

import msgspec

from tui.demo.clock import NS, rfc3339
from tui.demo.durations import human
from tui.demo.jsonish import JsonMap
from tui.demo.links import host_with_links, names_of
from tui.demo.records import Container, Endpoint, Health, Mount
from tui.demo.world import DATA_ROOT, World

_SPLIT = "\u0001status\u0001"


def status_text(container: Container, now_ns: int) -> str:
    """Return the words of the Status column."""
    match container.state:
        case "running" | "paused":
            text = f"Up {human(now_ns - container.started_ns)}"
            if container.state == "paused":
                return text + " (Paused)"
            if container.health is not None:
                shown = "health: starting" if container.health.status == "starting" else container.health.status
                return f"{text} ({shown})"
            return text
        case "restarting":
            return f"Restarting ({container.exit_code}) {human(now_ns - container.finished_ns)} ago"
        case "created":
            return "Created"
        case "removing":
            return "Removal In Progress"
        case "dead":
            return "Dead"
        case _:
            return f"Exited ({container.exit_code}) {human(now_ns - container.finished_ns)} ago"


def encoded_row(world: World, container: Container) -> bytes:
    """Return the JSON of a list row; all but the Status is kept from one call to the next."""
    if container.row is None:
        row = list_row(world, container, _SPLIT)
        before, _, after = msgspec.json.encode(row).partition(msgspec.json.encode(_SPLIT))
        container.row = (before, after)
    before, after = container.row
    # Words of a status need no escaping.
    return b'%b"%b"%b' % (before, status_text(container, world.now()).encode(), after)


def list_row(world: World, container: Container, status: str, *, size: bool = False) -> JsonMap:
    """Return a row of the container list; `size` adds SizeRw and SizeRootFs."""
    row: JsonMap = {
        "Id": container.id,
        "Names": names_of(world, container),
        "Image": shown_image(world, container),
        "ImageID": container.image_id,
        "Command": shown_command(container),
        "Created": container.created_ns // NS,
        "Ports": _ports(container),
        "Labels": container.labels,
        "State": container.state,
        "Status": status,
        "HostConfig": {"NetworkMode": container.host.get("NetworkMode") or "bridge"},
        "NetworkSettings": {"Networks": {name: _endpoint(e, None) for name, e in container.networks.items()}},
        "Mounts": [_mount(mount) for mount in container.mounts],
    }
    if size:
        written = written_bytes(container)
        if written:
            row["SizeRw"] = written
        row["SizeRootFs"] = root_bytes(world, container)
    return row


def shown_image(world: World, container: Container) -> str:
    """Return the name a container was made from, or its image's ID once the name means another image."""
    image = world.images.get(container.image_id)
    if image is None:
        return container.image_id
    ref = container.image_ref
    tagged = ref if ":" in ref.rsplit("/", 1)[-1] else f"{ref}:latest"
    if (
        world.tags.get(tagged) == image.id
        or ref.startswith("sha256:")
        or image.id.startswith(f"sha256:{ref}")
        or "@" in ref
    ):
        return ref
    return image.id


def written_bytes(container: Container) -> int:
    """Return the size of the writable layer."""
    return sum(len(node.data) for node in container.changed.values() if node is not None)


def root_bytes(world: World, container: Container) -> int:
    """Return the size of all that the container sees."""
    image = world.images.get(container.image_id)
    return (image.size if image else 0) + written_bytes(container)


def shown_command(container: Container) -> str:
    """Return path and arguments, those with spaces quoted."""
    quoted = [shlex.quote(word) if any(c.isspace() for c in word) else word for word in container.args]
    return " ".join([container.path, *quoted])


def _ports(container: Container) -> list[JsonMap]:
    rows: list[JsonMap] = []
    if not container.running:
        return rows
    for port, bindings in sorted(container.ports.items()):
        number, _, protocol = port.partition("/")
        base = {"PrivatePort": int(number), "Type": protocol or "tcp"}
        rows.extend({"IP": b["HostIp"], **base, "PublicPort": int(b["HostPort"])} for b in bindings)
        if not bindings:
            rows.append(dict(base))
    return rows


def _endpoint(endpoint: Endpoint, dns: list[str] | None) -> JsonMap:
    return {
        "IPAMConfig": {"IPv4Address": endpoint.wanted_ip} if endpoint.wanted_ip else None,
        "Links": endpoint.asked.get("Links"),
        "Aliases": endpoint.aliases,
        "MacAddress": endpoint.mac,
        "DriverOpts": endpoint.asked.get("DriverOpts"),
        "GwPriority": endpoint.asked.get("GwPriority") or 0,
        "NetworkID": endpoint.network_id,
        "EndpointID": endpoint.endpoint_id,
        "Gateway": endpoint.gateway,
        "IPAddress": endpoint.ip,
        "IPPrefixLen": endpoint.prefix_length,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "DNSNames": dns,
    }


def _mount(mount: Mount) -> JsonMap:
    shown: JsonMap = {"Type": mount.type}
    if mount.type == "volume":
        shown |= {
            "Name": mount.name,
            "Source": mount.source,
            "Destination": mount.destination,
            "Driver": "local",
            "Mode": "z",
        }
        return shown | {"RW": mount.rw, "Propagation": ""}
    mode = "" if mount.rw else "ro"
    propagation = "rprivate" if mount.type == "bind" else ""
    return shown | {
        "Source": mount.source,
        "Destination": mount.destination,
        "Mode": mode,
        "RW": mount.rw,
        "Propagation": propagation,
    }


def inspect(world: World, container: Container, *, size: bool = False) -> JsonMap:
    """Return what `/containers/{id}/json` answers."""
    folder = f"{DATA_ROOT}/containers/{container.id}"
    upper = f"{DATA_ROOT}/overlay2/{container.id[::-1]}"
    shown: JsonMap = {
        "Id": container.id,
        "Created": rfc3339(container.created_ns),
        "Path": container.path,
        "Args": container.args,
        "State": _state(container),
        "Image": container.image_id,
        "ResolvConfPath": f"{folder}/resolv.conf",
        "HostnamePath": f"{folder}/hostname",
        "HostsPath": f"{folder}/hosts",
        "LogPath": f"{folder}/{container.id}-json.log",
        "Name": f"/{container.name}",
        "RestartCount": container.restart_count,
        "Driver": "overlay2",
        "Platform": "linux",
        **dict.fromkeys(("MountLabel", "ProcessLabel", "AppArmorProfile"), ""),
        "ExecIDs": [e for e in container.execs if world.execs[e].running] or None,
        "HostConfig": host_with_links(world, container),
        "GraphDriver": {
            "Data": {
                "ID": container.id,
                "LowerDir": f"{upper}-init/diff",
                "MergedDir": f"{upper}/merged",
                "UpperDir": f"{upper}/diff",
                "WorkDir": f"{upper}/work",
            },
            "Name": "overlay2",
        },
        "Mounts": [_mount(mount) for mount in container.mounts],
        "Config": container.config,
        "NetworkSettings": _network_settings(container),
    }
    if size:
        shown |= {"SizeRw": written_bytes(container), "SizeRootFs": root_bytes(world, container)}
    return shown


def _state(container: Container) -> JsonMap:
    state: JsonMap = {
        "Status": container.state,
        "Running": container.running or container.state == "restarting",
        "Paused": container.state == "paused",
        "Restarting": container.state == "restarting",
        "OOMKilled": container.oom,
        "Dead": container.state == "dead",
        "Pid": container.pid,
        "ExitCode": container.exit_code,
        "Error": container.error,
        "StartedAt": rfc3339(container.started_ns),
        "FinishedAt": rfc3339(container.finished_ns),
    }
    if container.health is not None:
        state["Health"] = health_view(container.health)
    return state


def health_view(health: Health) -> JsonMap:
    """Return State.Health."""
    log = [
        {"Start": rfc3339(p.start_ns), "End": rfc3339(p.end_ns), "ExitCode": p.exit_code, "Output": p.output}
        for p in health.log
    ]
    return {"Status": health.status, "FailingStreak": health.streak, "Log": log}


def _network_settings(container: Container) -> JsonMap:
    first = next(iter(container.networks.values()), None) or Endpoint("")
    bridge = container.networks.get("bridge") or Endpoint("")
    shown_endpoint = bridge if bridge.ip else Endpoint("") if "bridge" not in container.networks else first
    sandbox = container.id[::-1] if container.running else ""
    names = [container.name, container.id[:12]]
    custom = {
        name: _endpoint(e, names if name not in ("bridge", "host", "none") else None)
        for name, e in container.networks.items()
    }
    return {
        "Bridge": "",
        "SandboxID": sandbox,
        "SandboxKey": f"/var/run/docker/netns/{sandbox[:12]}" if sandbox else "",
        "Ports": {port: bindings or None for port, bindings in container.ports.items()},
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "EndpointID": shown_endpoint.endpoint_id,
        "Gateway": shown_endpoint.gateway,
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "IPAddress": shown_endpoint.ip,
        "IPPrefixLen": shown_endpoint.prefix_length,
        "IPv6Gateway": "",
        "MacAddress": shown_endpoint.mac,
        "Networks": custom,
    }
