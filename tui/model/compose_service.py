"""A service of a Compose file that runs what a `docker run` line runs (Compose specification, as of Compose 2.40)."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from tui.model.reference import InvalidReference, is_image_id, parse_reference
from tui.model.run_flags import FLAGS
from tui.model.run_limits import parse_device_count, parse_device_rate, parse_device_weight, parse_gpus, parse_ulimit
from tui.model.run_mounts import Mount, parse_mount
from tui.model.run_network import Attachment, parse_link
from tui.model.run_options import parse_port, parse_volume
from tui.model.run_spec import RunSpec
from tui.model.yaml_text import Value, yaml_text

_TEXTS: Final = {
    "name": "container_name", "hostname": "hostname", "domainname": "domainname", "user": "user",
    "workdir": "working_dir", "restart": "restart", "platform": "platform", "pull": "pull_policy",
    "stop-signal": "stop_signal", "memory": "mem_limit", "memory-reservation": "mem_reservation",
    "memory-swap": "memswap_limit", "shm-size": "shm_size", "cpus": "cpus", "cpuset-cpus": "cpuset", "ipc": "ipc",
    "pid": "pid", "uts": "uts", "userns": "userns_mode", "cgroupns": "cgroup", "cgroup-parent": "cgroup_parent",
    "runtime": "runtime", "isolation": "isolation",
}  # fmt: skip
_NUMBERS: Final = {
    "memory-swappiness": "mem_swappiness", "oom-score-adj": "oom_score_adj", "cpu-shares": "cpu_shares",
    "cpu-period": "cpu_period", "cpu-quota": "cpu_quota", "cpu-rt-period": "cpu_rt_period",
    "cpu-rt-runtime": "cpu_rt_runtime", "pids-limit": "pids_limit", "cpu-count": "cpu_count",
    "cpu-percent": "cpu_percent",
}  # fmt: skip
_SWITCHES: Final = {
    "tty": "tty", "interactive": "stdin_open", "privileged": "privileged", "read-only": "read_only",
    "oom-kill-disable": "oom_kill_disable", "init": "init",
}  # fmt: skip
_LISTS: Final = {
    "publish": "ports", "expose": "expose", "env-file": "env_file", "env": "environment", "tmpfs": "tmpfs",
    "dns": "dns", "dns-search": "dns_search", "dns-option": "dns_opt", "add-host": "extra_hosts",
    "group-add": "group_add", "cap-add": "cap_add", "cap-drop": "cap_drop", "security-opt": "security_opt",
    "device": "devices", "device-cgroup-rule": "device_cgroup_rules", "label-file": "label_file",
}  # fmt: skip
_PAIRS: Final = {"label": "labels", "sysctl": "sysctls", "annotation": "annotations", "storage-opt": "storage_opt"}
_ELSEWHERE: Final = {
    "network", "network-alias", "ip", "ip6", "link-local-ip", "mac-address", "link", "volume", "mount", "volumes-from",
    "entrypoint", "stop-timeout", "ulimit", "gpus", "log-driver", "log-opt", "no-healthcheck", "detach",
    "blkio-weight", "blkio-weight-device", "device-read-bps", "device-write-bps", "device-read-iops",
    "device-write-iops", "health-cmd", "health-interval", "health-timeout", "health-retries", "health-start-period",
    "health-start-interval",
}  # fmt: skip

Part = dict[str, Value]


def compose_text(spec: RunSpec) -> str:
    """Returns a Compose file with one service that runs the spec. What Compose has no word for is a comment in it.

    Raises InvalidOption for an option that `check_run` refuses.
    """
    networks, named = spec.networks, _named_networks(spec)
    service: Part = {"image": _kept(spec.image)}
    if spec.all("entrypoint"):
        service["entrypoint"] = [_kept(spec.one("entrypoint"))] if spec.one("entrypoint") else []
    if spec.command:
        service["command"] = [_kept(word) for word in spec.command]
    for part in (_plain(spec), _network_part(spec, networks), _storage(spec), _health(spec), _resources(spec)):
        service |= part
    document: Part = {"services": {service_name(spec): service}}
    if named:
        document["networks"] = {network.name: {"name": network.name, "external": True} for network in named}
    if volumes := _named_volumes(spec):
        document["volumes"] = {name: {"name": name} for name in volumes}
    unsaid = [name for name in spec.options if name not in _said()]
    return "".join(f"# --{name} of docker run has no equal here\n" for name in unsaid) + yaml_text(document)


def _said() -> set[str]:
    return {*_TEXTS, *_NUMBERS, *_SWITCHES, *_LISTS, *_PAIRS, *_ELSEWHERE}


def service_name(spec: RunSpec) -> str:
    """Returns what the service is called: as the container, else as the image's last part."""
    name = spec.one("name")
    if not name and not is_image_id(spec.image):
        try:
            name = parse_reference(spec.image).path.rpartition("/")[2]
        except InvalidReference:
            name = ""
    return re.sub(r"[^a-zA-Z0-9._-]", "-", name) or "app"


def _kept(text: str) -> str:
    """A text in which Compose puts nothing in the place of `$`."""
    return text.replace("$", "$$")


def _all_kept(texts: Iterable[str]) -> list[Value]:
    return [_kept(text) for text in texts]


def _pairs(texts: Iterable[str]) -> dict[str, Value]:
    return {_kept(key): _kept(value) for key, _, value in (text.partition("=") for text in texts)}


def _plain(spec: RunSpec) -> Part:
    """What has one key of its own, in the order of the options."""
    part: Part = {}
    for name in (name for name in FLAGS if name in spec.options):
        if key := _TEXTS.get(name):
            part[key] = _kept(spec.one(name))
        elif key := _NUMBERS.get(name):
            part[key] = int(spec.one(name))
        elif key := _SWITCHES.get(name):
            part[key] = spec.on(name)
        elif key := _LISTS.get(name):
            part[key] = _ports(spec) if name == "publish" else _all_kept(spec.all(name))
        elif key := _PAIRS.get(name):
            part[key] = _pairs(spec.all(name))
    if "cpus" in part:
        part["cpus"] = float(spec.one("cpus")) if "/" not in spec.one("cpus") else _kept(spec.one("cpus"))
    if spec.one("memory-swap") == "-1":
        part["memswap_limit"] = -1  # the one size that Compose reads as a number alone
    if timeout := spec.one("stop-timeout"):
        part["stop_grace_period"] = f"{timeout}s"
    if spec.all("log-driver") or spec.all("log-opt"):
        logging: Part = {"driver": spec.one("log-driver")} if spec.one("log-driver") else {}
        part["logging"] = logging | ({"options": _pairs(spec.all("log-opt"))} if spec.all("log-opt") else {})
    return part


def _ports(spec: RunSpec) -> list[Value]:
    """The ports in their short form, the long form of the docker CLI turned into it."""
    found: list[Value] = []
    for text in spec.all("publish"):
        if "=" in text:
            port = parse_port(text)[0]
            text = f"{port.host_text}:{port.container_port}/{port.protocol}".removeprefix(":")
        found.append(text)
    return found


# networks


def _named_networks(spec: RunSpec) -> list[Attachment]:
    return [network for network in spec.networks if network.is_user_defined]


def _network_part(spec: RunSpec, networks: list[Attachment]) -> Part:
    part: Part = {}
    first = networks[0]
    if not first.is_user_defined:
        part["network_mode"] = _kept("bridge" if first.name == "default" else first.name)
        if first.mac:
            part["mac_address"] = first.mac
    else:
        ends: Part = {network.name: _end(network) for network in networks}
        part["networks"] = ends
    if links := spec.all("link"):
        part["external_links"] = [_kept(":".join(parse_link(link))) for link in links]
    return part


def _end(network: Attachment) -> Part | None:
    end: Part = {
        "aliases": _all_kept(network.aliases),
        "ipv4_address": network.ip,
        "ipv6_address": network.ip6,
        "mac_address": network.mac,
        "link_local_ips": list(network.link_local),
        "driver_opts": {_kept(key): _kept(value) for key, value in network.driver_options},
        "gw_priority": network.priority,
    }
    return {key: value for key, value in end.items() if value} or None


# files


def _storage(spec: RunSpec) -> Part:
    volumes: list[Value] = [_kept(text) for text in spec.all("volume")]
    volumes += [_mount(parse_mount(text)) for text in spec.all("mount")]
    part: Part = {"volumes": volumes} if volumes else {}
    if others := spec.all("volumes-from"):
        part["volumes_from"] = [f"container:{_kept(text)}" for text in others]
    return part


def _mount(mount: Mount) -> Part:
    pairs = mount.pairs
    bind: Part = {
        "propagation": pairs.get("bind-propagation", ""),
        "recursive": pairs.get("bind-recursive", "") or ("disabled" if mount.on("bind-nonrecursive") else ""),
        "create_host_path": mount.on("bind-create-src"),
    }
    volume: Part = {
        "nocopy": mount.on("volume-nocopy"),
        "subpath": pairs.get("volume-subpath", ""),
        "labels": {_kept(key): _kept(value) for key, value in mount.labels},
    }
    tmpfs: Part = {
        "size": pairs.get("tmpfs-size", ""),
        "mode": int(pairs["tmpfs-mode"], 8) if "tmpfs-mode" in pairs else 0,
    }
    part: Part = {
        "type": mount.type,
        "source": _kept(mount.source),
        "target": _kept(mount.target),
        "read_only": mount.on("readonly"),
        "consistency": pairs.get("consistency", ""),
        "bind": _filled(bind),
        "volume": _filled(volume),
        "tmpfs": _filled(tmpfs),
        "image": _filled({"subpath": pairs.get("image-subpath", "")}),
    }
    return _filled(part)


def _filled(part: Mapping[str, Value]) -> Part:
    return {key: value for key, value in part.items() if value}


def _named_volumes(spec: RunSpec) -> list[str]:
    sources = [mount.source for text in spec.all("volume") if (mount := parse_volume(text)) and not mount.is_bind]
    mounts = [parse_mount(text) for text in spec.all("mount")]
    sources += [mount.source for mount in mounts if mount.type == "volume"]
    return list(dict.fromkeys(filter(None, sources)))


# health, limits


def _health(spec: RunSpec) -> Part:
    if spec.on("no-healthcheck"):
        return {"healthcheck": {"disable": True}}
    check: Part = {"test": ["CMD-SHELL", _kept(spec.one("health-cmd"))]} if spec.one("health-cmd") else {}
    for name in ("interval", "timeout", "start-period", "start-interval"):
        if value := spec.one(f"health-{name}"):
            check[name.replace("-", "_")] = value
    if retries := spec.one("health-retries"):
        check["retries"] = int(retries)
    return {"healthcheck": check} if check else {}


def _resources(spec: RunSpec) -> Part:
    part: Part = {}
    if limits := [parse_ulimit(text) for text in spec.all("ulimit")]:
        part["ulimits"] = {limit.name: {"soft": limit.soft, "hard": limit.hard} for limit in limits}
    if spec.all("gpus"):
        part["gpus"] = [_gpus(text) for text in spec.all("gpus")]
    if block := _block(spec):
        part["blkio_config"] = block
    return part


def _gpus(text: str) -> Part:
    request = parse_gpus(text)
    part: Part = {
        "driver": request.driver,
        "count": "all" if request.count < 0 else request.count,
        "device_ids": list(request.devices),
        "capabilities": list(request.capabilities),
        "options": {_kept(key): _kept(value) for key, value in request.options},
    }
    return _filled(part)


def _block(spec: RunSpec) -> Part:
    part: Part = {"weight": int(spec.one("blkio-weight"))} if spec.one("blkio-weight") else {}
    if weights := [parse_device_weight(text) for text in spec.all("blkio-weight-device")]:
        part["weight_device"] = [{"path": path, "weight": weight} for path, weight in weights]
    for name in ("read-bps", "write-bps", "read-iops", "write-iops"):
        parse = parse_device_rate if name.endswith("bps") else parse_device_count
        if rates := [parse(text) for text in spec.all(f"device-{name}")]:
            part[f"device_{name.replace('-', '_')}"] = [{"path": path, "rate": rate} for path, rate in rates]
    return part
