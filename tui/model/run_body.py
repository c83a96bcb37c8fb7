"""The request that makes a container of a spec: the same that the docker CLI sends for the equal line."""

from collections.abc import Iterable, Mapping

import msgspec

from tui.model.run_limits import (
    GpuRequest,
    parse_cpus,
    parse_device,
    parse_device_count,
    parse_device_rate,
    parse_device_weight,
    parse_duration,
    parse_gpus,
    parse_size,
    parse_swap,
    parse_ulimit,
)
from tui.model.run_mounts import mount_body, parse_mount, parse_tmpfs
from tui.model.run_network import Attachment, parse_extra_host
from tui.model.run_options import parse_expose, parse_port, parse_restart, parse_volume
from tui.model.run_spec import RunSpec

Body = dict[str, object]

MANY_NETWORKS = (1, 44)
"""The API version from which a container can be created on several networks, each with a MAC address of its own."""


class CreateRequest(msgspec.Struct, frozen=True):
    """What is sent to make a container: the body of `POST /containers/create` with its name and platform, and then,
    before it starts, what connects it to further networks: each a network's name and its endpoint's settings."""

    body: Body
    name: str = ""
    platform: str = ""
    connect: tuple[tuple[str, Body], ...] = ()


def create_request(spec: RunSpec, api: tuple[int, int] = MANY_NETWORKS) -> CreateRequest:
    """Returns the request for a spec on a daemon that speaks `api`.

    What belongs to the client must have been read in before: variables without a value, files of variables and labels,
    relative paths. Raises InvalidOption for an option that `check_run` refuses.
    """
    networks = spec.networks
    endpoints = {network.name: _endpoint(network, spec, first=network is networks[0]) for network in networks}
    if len(networks) == 1 and not any(endpoints.values()):
        endpoints = {}
    mac = networks[0].mac
    body = _config(spec)
    connect: list[tuple[str, Body]] = []
    if api < MANY_NETWORKS:
        for endpoint in endpoints.values():
            endpoint.pop("MacAddress", None)
        connect = list(endpoints.items())[1:]
        endpoints = dict(list(endpoints.items())[:1])
        if not any(endpoints.values()):
            endpoints = {}
        if mac:
            body["MacAddress"] = mac
    body["HostConfig"] = _host_config(spec)
    body["NetworkingConfig"] = {"EndpointsConfig": endpoints}
    return CreateRequest(body, spec.one("name"), spec.one("platform"), tuple(connect))


def _config(spec: RunSpec) -> Body:
    ports = [port for text in spec.all("publish") for port in parse_port(text)]
    exposed = [*(port.key for port in ports), *(key for text in spec.all("expose") for key in parse_expose(text))]
    volumes = [parse_volume(text) for text in spec.all("volume")]
    streams = {stream.lower() for stream in spec.all("attach")}
    attached = not spec.on("detach")
    output = attached and not streams
    interactive = spec.on("interactive")
    entrypoint = [spec.one("entrypoint")] if spec.all("entrypoint") else None
    stop_timeout = spec.one("stop-timeout")
    return {
        "Image": spec.image,
        "Cmd": list(spec.command) or None,
        "Entrypoint": entrypoint,
        "Env": list(spec.all("env")),
        "Labels": _pairs(spec.all("label")),
        "ExposedPorts": {key: {} for key in exposed},
        "Volumes": {mount.target: {} for mount in volumes if not mount.source},
        "WorkingDir": spec.one("workdir"),
        "User": spec.one("user"),
        "Hostname": spec.one("hostname"),
        "Domainname": spec.one("domainname"),
        "Tty": spec.on("tty"),
        "OpenStdin": interactive,
        "StdinOnce": interactive and attached,
        "AttachStdin": attached and (interactive or "stdin" in streams),
        "AttachStdout": output or "stdout" in streams,
        "AttachStderr": output or "stderr" in streams,
        "Healthcheck": _health(spec),
        **({"StopSignal": spec.one("stop-signal")} if spec.one("stop-signal") else {}),
        **({"StopTimeout": int(stop_timeout)} if stop_timeout else {}),
    }


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    return {key: value for key, _, value in (text.partition("=") for text in texts)}


def _health(spec: RunSpec) -> Body | None:
    if spec.on("no-healthcheck"):
        return {"Test": ["NONE"]}
    command = spec.one("health-cmd")
    found: Body = {"Test": ["CMD-SHELL", command]} if command else {}
    for name, key in (
        ("interval", "Interval"),
        ("timeout", "Timeout"),
        ("start-period", "StartPeriod"),
        ("start-interval", "StartInterval"),
    ):
        if text := spec.one(f"health-{name}"):
            found[key] = parse_duration(text)
    if retries := spec.one("health-retries"):
        found["Retries"] = int(retries)
    return {key: value for key, value in found.items() if value} or None


def _host_config(spec: RunSpec) -> Body:
    restart = parse_restart(spec.one("restart"))
    security, paths = _security(spec.all("security-opt"))
    init = spec.one("init")
    added, dropped = capabilities(spec.all("cap-add"), spec.all("cap-drop"))
    driver, options = spec.one("log-driver"), _pairs(spec.all("log-opt"))
    return {
        **_storage(spec),
        **_namespaces(spec),
        **_resources(spec),
        "PortBindings": _bindings(spec),
        "PublishAllPorts": spec.on("publish-all"),
        "RestartPolicy": {"Name": restart.name, "MaximumRetryCount": restart.max_retries},
        "AutoRemove": spec.on("rm"),
        "Privileged": spec.on("privileged"),
        "CapAdd": added or None,
        "CapDrop": dropped or None,
        "GroupAdd": list(spec.all("group-add")) or None,
        "SecurityOpt": security or None,
        "LogConfig": {"Type": driver, "Config": options},
        "Annotations": _pairs(spec.all("annotation")) or None,
        "Sysctls": _pairs(spec.all("sysctl")) or None,
        "Runtime": spec.one("runtime"),
        "Isolation": spec.one("isolation"),
        "Init": None if not init else init == "true",
        **paths,
    }


def _bindings(spec: RunSpec) -> dict[str, list[dict[str, str]]]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in (port for text in spec.all("publish") for port in parse_port(text)):
        bindings.setdefault(port.key, []).append({"HostIp": port.host_ip, "HostPort": port.host_text})
    return bindings


def _storage(spec: RunSpec) -> Body:
    mounts = [mount_body(parse_mount(text)) for text in spec.all("mount")]
    tmpfs = dict(parse_tmpfs(text) for text in spec.all("tmpfs"))
    return {
        "Binds": [text for text in spec.all("volume") if parse_volume(text).source] or None,
        "Mounts": mounts or None,
        "Tmpfs": tmpfs or None,
        "VolumesFrom": list(spec.all("volumes-from")) or None,
        "VolumeDriver": spec.one("volume-driver"),
        "ReadonlyRootfs": spec.on("read-only"),
        "ShmSize": parse_size(spec.one("shm-size") or "0"),
        "StorageOpt": _pairs(spec.all("storage-opt")) or None,
    }


def _namespaces(spec: RunSpec) -> Body:
    return {
        "NetworkMode": spec.networks[0].name,
        "Dns": list(spec.all("dns")),
        "DnsSearch": list(spec.all("dns-search")),
        "DnsOptions": list(spec.all("dns-option")),
        "ExtraHosts": [parse_extra_host(text) for text in spec.all("add-host")] or None,
        "Links": list(spec.all("link")) or None,
        "IpcMode": spec.one("ipc"),
        "PidMode": spec.one("pid"),
        "UTSMode": spec.one("uts"),
        "UsernsMode": spec.one("userns"),
        "CgroupnsMode": spec.one("cgroupns"),
        "CgroupParent": spec.one("cgroup-parent"),
    }


def _resources(spec: RunSpec) -> Body:
    def size(name: str) -> int:
        return parse_size(spec.one(name) or "0")

    def number(name: str) -> int:
        return int(spec.one(name) or "0")

    def rates(name: str, *, count: bool = False) -> list[Body]:
        parse = parse_device_count if count else parse_device_rate
        return [{"Path": path, "Rate": rate} for path, rate in map(parse, spec.all(name))]

    swappiness, pids = spec.one("memory-swappiness"), spec.one("pids-limit")
    devices = [parse_device(text) for text in spec.all("device")]
    requests = [_gpu_request(parse_gpus(text)) for text in spec.all("gpus")]
    if named := [device.host for device in devices if device.is_cdi]:
        requests.append({"Driver": "cdi", "DeviceIDs": named})
    return {
        "Memory": size("memory"),
        "MemoryReservation": size("memory-reservation"),
        "MemorySwap": parse_swap(spec.one("memory-swap") or "0"),
        "MemorySwappiness": int(swappiness) if swappiness else -1,
        "KernelMemory": size("kernel-memory"),
        "OomKillDisable": spec.on("oom-kill-disable"),
        "OomScoreAdj": number("oom-score-adj"),
        "NanoCpus": parse_cpus(spec.one("cpus") or "0"),
        "CpuShares": number("cpu-shares"),
        "CpuPeriod": number("cpu-period"),
        "CpuQuota": number("cpu-quota"),
        "CpuRealtimePeriod": number("cpu-rt-period"),
        "CpuRealtimeRuntime": number("cpu-rt-runtime"),
        "CpusetCpus": spec.one("cpuset-cpus"),
        "CpusetMems": spec.one("cpuset-mems"),
        "CpuCount": number("cpu-count"),
        "CpuPercent": number("cpu-percent"),
        "IOMaximumBandwidth": size("io-maxbandwidth"),
        "IOMaximumIOps": number("io-maxiops"),
        "PidsLimit": int(pids) if pids else 0,
        "Ulimits": _ulimits(spec.all("ulimit")),
        "BlkioWeight": number("blkio-weight"),
        "BlkioWeightDevice": [
            {"Path": path, "Weight": weight}
            for path, weight in map(parse_device_weight, spec.all("blkio-weight-device"))
        ],
        "BlkioDeviceReadBps": rates("device-read-bps"),
        "BlkioDeviceWriteBps": rates("device-write-bps"),
        "BlkioDeviceReadIOps": rates("device-read-iops", count=True),
        "BlkioDeviceWriteIOps": rates("device-write-iops", count=True),
        "Devices": [
            {"PathOnHost": d.host, "PathInContainer": d.container, "CgroupPermissions": d.permissions}
            for d in devices
            if not d.is_cdi
        ],
        "DeviceCgroupRules": list(spec.all("device-cgroup-rule")) or None,
        "DeviceRequests": requests or None,
    }


def _ulimits(texts: Iterable[str]) -> list[Body]:
    """Returns each limit once, the last one of a name, in their order by name."""
    limits = {limit.name: limit for limit in map(parse_ulimit, texts)}
    return [{"Name": name, "Soft": limit.soft, "Hard": limit.hard} for name, limit in sorted(limits.items())]


def _gpu_request(request: GpuRequest) -> Body:
    return {
        "Driver": request.driver,
        "Count": request.count,
        "DeviceIDs": list(request.devices) or None,
        "Capabilities": [list(request.capabilities)],
        "Options": dict(request.options),
    }


def _security(options: Iterable[str]) -> tuple[list[str], Body]:
    """Returns the options for the daemon, and what `systempaths=unconfined` stands for, which the client does."""
    found = list(options)
    kept = [option for option in found if option != "systempaths=unconfined"]
    uncovered: Body = {"MaskedPaths": [], "ReadonlyPaths": []}
    return kept, uncovered if len(kept) < len(found) else {}


def capabilities(added: Iterable[str], dropped: Iterable[str]) -> tuple[list[str], list[str]]:
    """Returns the capabilities to add and to drop, in one spelling; one that is in both is added, and ALL is enough."""

    def normal(names: Iterable[str]) -> set[str]:
        bare = {name.strip().upper().removeprefix("CAP_") for name in names}
        return {"ALL"} if "ALL" in bare else {f"CAP_{name}" for name in bare}

    more, less = normal(added), normal(dropped)
    if "ALL" not in more:
        less -= more
    return sorted(more), sorted(less)


def _endpoint(network: Attachment, spec: RunSpec, *, first: bool) -> Body:
    addresses = {"IPv4Address": network.ip, "IPv6Address": network.ip6, "LinkLocalIPs": list(network.link_local)}
    addresses = {key: value for key, value in addresses.items() if value}
    links = list(spec.all("link")) if first and network.is_user_defined else []
    settings: Mapping[str, object] = {
        "Aliases": list(network.aliases),
        "Links": links,
        "IPAMConfig": addresses,
        "MacAddress": network.mac,
        "DriverOpts": dict(network.driver_options),
        "GwPriority": network.priority,
    }
    return {key: value for key, value in settings.items() if value}
