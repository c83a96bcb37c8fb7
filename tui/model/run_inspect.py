"""The spec that makes a container again: what inspect tells of it, without what its image gives anyway."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from tui.model.images import WireHealthcheck, WireImageConfig
from tui.model.run_flags import FLAGS
from tui.model.run_limits import csv_text, duration_text, size_text
from tui.model.run_mounts import mount_text
from tui.model.run_network import OWN_NETWORKS, asked_names, network_of_mode, parse_link
from tui.model.run_spec import RunSpec, run_spec
from tui.model.run_wire import (
    RunInspect,
    WireAddresses,
    WireDeviceRequest,
    WireEnd,
    WireLog,
    WirePortBinding,
    WireRestart,
)
from tui.model.system import Info

_SHM: Final = 64 << 20


class Remade(msgspec.Struct, frozen=True):
    """The spec of a container, and what of it no line of the docker CLI can say, in words."""

    spec: RunSpec
    unsaid: tuple[str, ...] = ()


def spec_of_container(found: RunInspect, image: WireImageConfig | None, daemon: Info | None = None) -> Remade:
    """Return what makes such a container from its image, whose configuration is `image` (None: it gives nothing).

    What `daemon` gives a container by default is left out too.
    """
    return _Reading(found, image or WireImageConfig(), daemon or Info()).read()


class _Reading:
    def __init__(self, found: RunInspect, image: WireImageConfig, daemon: Info) -> None:
        self._found = found
        self._daemon = daemon
        self._config = found.config
        self._host = found.host_config
        self._image = image
        self._options: dict[str, tuple[str, ...]] = {}
        self._unsaid: list[str] = []

    def read(self) -> Remade:
        command = self._start()
        self._environment()
        self._ports()
        self._networks()
        self._volumes()
        self._health()
        self._security()
        self._limits()
        self._devices()
        reference = self._config.image or self._found.image
        ordered = {name: self._options[name] for name in FLAGS if name in self._options}
        return Remade(run_spec(reference, command, ordered), tuple(self._unsaid))

    # how options are written down: nothing for what is not asked for

    def _many(self, name: str, values: Iterable[str] | None) -> None:
        self._options[name] = (*self._options.get(name, ()), *(values or ()))

    def _text(self, name: str, value: object) -> None:
        if value:
            self._options[name] = (str(value),)

    def _on(self, name: str, value: bool | None) -> None:
        self._text(name, "true" if value else "")

    def _size(self, name: str, value: int) -> None:
        self._text(name, size_text(value) if value > 0 else "")

    def _pairs(self, name: str, pairs: Mapping[str, str] | None) -> None:
        self._many(name, (f"{key}={value}" for key, value in (pairs or {}).items()))

    # the parts

    def _start(self) -> tuple[str, ...]:
        """Entrypoint, command, and how it is attached."""
        config, host, image = self._config, self._host, self._image
        attached = {"stdin": config.attach_stdin, "stdout": config.attach_stdout, "stderr": config.attach_stderr}
        streams = [name for name, on in attached.items() if on]
        self._on("detach", not streams)
        if streams and streams != [*(["stdin"] if config.open_stdin else []), "stdout", "stderr"]:
            self._many("attach", streams)
        self._on("interactive", config.open_stdin)
        self._on("tty", config.tty)
        self._on("rm", host.auto_remove)
        self._text("user", config.user if config.user != image.user else "")
        self._text("workdir", config.working_dir if config.working_dir != image.working_dir else "")
        self._text("stop-signal", config.stop_signal if config.stop_signal != image.stop_signal else "")
        if config.stop_timeout is not None and config.stop_timeout != image.stop_timeout:
            self._text("stop-timeout", str(config.stop_timeout))
        if host.init is not None:
            self._options["init"] = ("true" if host.init else "false",)
        policy = host.restart_policy or WireRestart()
        retries = f":{policy.maximum_retry_count}" if policy.maximum_retry_count else ""
        self._text("restart", policy.name + retries if policy.name not in ("", "no") else "")
        entrypoint, command = config.entrypoint or [], config.cmd or []
        if entrypoint == (image.entrypoint or []):
            return () if command == (image.cmd or []) else tuple(command)
        # the CLI takes one word as the entrypoint: its other words go before those of the command
        self._options["entrypoint"] = (entrypoint[0] if entrypoint else "",)
        return (*entrypoint[1:], *command)

    def _environment(self) -> None:
        config, image = self._config, self._image
        given = set(image.env or ())
        own = [text for text in config.env or () if text not in given]
        names = {text.partition("=")[0] for text in config.env or ()}
        gone = [name for name in (text.partition("=")[0] for text in image.env or ()) if name not in names]
        self._many("env", [*own, *gone])
        if gone:
            self._unsaid.append(f"{', '.join(gone)} of the image must be unset here too, where the line is run")
        labels = image.labels or {}
        self._pairs("label", {key: value for key, value in (config.labels or {}).items() if labels.get(key) != value})

    def _ports(self) -> None:
        bindings = self._host.port_bindings or {}
        for key, wanted in bindings.items():
            container = key.removesuffix("/tcp")
            for binding in wanted or [WirePortBinding()]:
                address = f"[{binding.host_ip}]" if ":" in binding.host_ip else binding.host_ip
                host = f"{address}:{binding.host_port}:" if address else f"{binding.host_port}:"
                self._many("publish", [f"{host if host != ':' else ''}{container}"])
        exposed = set(self._config.exposed_ports or {}) - set(self._image.exposed_ports or {}) - set(bindings)
        self._many("expose", sorted(key.removesuffix("/tcp") for key in exposed))
        self._on("publish-all", self._host.publish_all_ports)

    def _networks(self) -> None:
        config, host = self._config, self._host
        mode = host.network_mode
        ends = dict((self._found.network_settings.networks if self._found.network_settings else None) or {})
        meant = network_of_mode(mode, {name: end.network_id if end else "" for name, end in ends.items()})
        first = ends.pop(meant, None) or WireEnd()
        named = mode if mode in OWN_NETWORKS else meant or mode
        own = [] if mode in ("", "default", "bridge") and not ends else [named]
        others = [] if mode.startswith("container:") or mode in ("host", "none") else list(ends.items())
        self._many("network", [*own, *(self._network(name, end or WireEnd()) for name, end in others)])
        if others and mode in OWN_NETWORKS:
            self._unsaid.append(f"the docker CLI takes {mode} alone: connect the other networks afterwards")
        addresses = first.ipam_config or WireAddresses()
        self._many("network-alias", self._aliases(first))
        self._text("ip", addresses.ip4)
        self._text("ip6", addresses.ip6)
        self._many("link-local-ip", addresses.link_local)
        if first.gw_priority or first.driver_opts:
            fields = [f"name={named}", *(f"driver-opt={k}={v}" for k, v in (first.driver_opts or {}).items())]
            fields += [f"gw-priority={first.gw_priority}"] if first.gw_priority else []
            self._options["network"] = (csv_text(fields), *self._options["network"][1:])
        links = [*(host.links or ()), *(first.links or ())]
        self._many("link", list(dict.fromkeys(":".join(parse_link(link)) for link in links)))
        self._text("mac-address", config.mac_address)
        hostname, domainname = asked_names(
            config.hostname, config.domainname, container=self._found.id, network_mode=mode, uts_mode=host.uts_mode,
            daemon=self._daemon.name,
        )  # fmt: skip
        self._text("hostname", hostname)
        self._text("domainname", domainname)
        for name, values in (("dns", host.dns), ("dns-search", host.dns_search), ("dns-option", host.dns_options)):
            self._many(name, values)
        self._many("add-host", host.extra_hosts)

    def _aliases(self, end: WireEnd) -> list[str]:
        """The aliases that were asked for: older daemons add the container's short ID."""
        return [alias for alias in end.aliases or () if alias != self._found.id[:12]]

    def _network(self, name: str, end: WireEnd) -> str:
        addresses = end.ipam_config or WireAddresses()
        fields = [f"alias={alias}" for alias in self._aliases(end)]
        fields += [f"ip={addresses.ip4}"] if addresses.ip4 else []
        fields += [f"ip6={addresses.ip6}"] if addresses.ip6 else []
        fields += [f"link-local-ip={address}" for address in addresses.link_local or ()]
        fields += [f"driver-opt={key}={value}" for key, value in (end.driver_opts or {}).items()]
        fields += [f"gw-priority={end.gw_priority}"] if end.gw_priority else []
        return csv_text([f"name={name}", *fields]) if fields else name

    def _volumes(self) -> None:
        host, image = self._host, self._image
        self._many("volume", host.binds)
        taken = {bind.split(":")[1] for bind in host.binds or () if ":" in bind}
        taken |= {mount.target for mount in host.mounts or ()} | set(image.volumes or {})
        self._many("volume", sorted(path for path in self._config.volumes or {} if path not in taken))
        self._many("mount", map(mount_text, host.mounts or ()))
        self._many("tmpfs", (f"{path}:{options}" if options else path for path, options in (host.tmpfs or {}).items()))
        self._many("volumes-from", host.volumes_from)
        self._text("volume-driver", host.volume_driver)
        self._pairs("storage-opt", host.storage_opt)
        self._on("read-only", host.readonly_rootfs)
        self._size("shm-size", host.shm_size if host.shm_size != _SHM else 0)

    def _health(self) -> None:
        own, given = self._config.healthcheck or WireHealthcheck(), self._image.healthcheck or WireHealthcheck()
        test = own.test or []
        if test == ["NONE"]:
            self._on("no-healthcheck", given.test != ["NONE"])
            return
        if test != (given.test or []) and test:
            if test[0] == "CMD":
                self._unsaid.append("the health check is run without a shell: here it is a shell's line")
            self._text("health-cmd", test[-1] if test[0] == "CMD-SHELL" and len(test) == 2 else shlex.join(test[1:]))
        for name in ("interval", "timeout", "start_period", "start_interval"):
            value = getattr(own, name)
            if value and value != getattr(given, name):
                self._text(f"health-{name.replace('_', '-')}", duration_text(value))
        self._text("health-retries", own.retries if own.retries != given.retries else 0)

    def _security(self) -> None:
        host = self._host
        self._on("privileged", host.privileged)
        self._many("cap-add", host.cap_add)
        self._many("cap-drop", host.cap_drop)
        # a daemon tells of label=disable for what is privileged or shares the host's processes, asked for or not
        shares = host.privileged or host.pid_mode == "host" or host.ipc_mode == "host"
        self._many(
            "security-opt", [text for text in host.security_opt or () if not (shares and text == "label=disable")]
        )
        if host.masked_paths == [] and not host.privileged:
            self._many("security-opt", ["systempaths=unconfined"])
        self._many("group-add", host.group_add)
        self._text("userns", host.userns_mode)
        self._text("uts", host.uts_mode)
        self._text("pid", host.pid_mode)
        self._text("ipc", host.ipc_mode if host.ipc_mode != "private" else "")
        usual = "private" if self._daemon.cgroup_version == "2" and not host.privileged else "host"
        self._text("cgroupns", host.cgroupns_mode if host.cgroupns_mode != usual else "")
        self._text("cgroup-parent", host.cgroup_parent)
        self._text("runtime", host.runtime if host.runtime != self._daemon.default_runtime else "")
        self._text("isolation", host.isolation if host.isolation != "default" else "")
        self._pairs("sysctl", host.sysctls)
        self._pairs("annotation", host.annotations)
        log = host.log_config or WireLog()
        self._text("log-driver", log.type if log.type != self._daemon.logging_driver else "")
        self._pairs("log-opt", log.config)

    def _limits(self) -> None:
        host = self._host
        self._size("memory", host.memory)
        self._size("memory-reservation", host.memory_reservation)
        self._size("kernel-memory", host.kernel_memory)
        self._size("io-maxbandwidth", host.io_maximum_bandwidth)
        swap = host.memory_swap  # twice the memory is what a daemon makes of no word about it
        unsaid = swap == 2 * host.memory
        self._text("memory-swap", "" if unsaid or not swap else "-1" if swap < 0 else size_text(swap))
        if host.memory_swappiness not in (None, -1):
            self._text("memory-swappiness", str(host.memory_swappiness))
        self._on("oom-kill-disable", host.oom_kill_disable)
        whole, part = divmod(host.nano_cpus, 10**9)
        self._text("cpus", f"{whole}.{part:09}".rstrip("0").rstrip(".") if host.nano_cpus else "")
        for name, number in (
            ("oom-score-adj", host.oom_score_adj), ("cpu-shares", host.cpu_shares), ("cpu-period", host.cpu_period),
            ("cpu-quota", host.cpu_quota), ("cpu-rt-period", host.cpu_realtime_period),
            ("cpu-rt-runtime", host.cpu_realtime_runtime), ("cpuset-cpus", host.cpuset_cpus),
            ("cpuset-mems", host.cpuset_mems), ("cpu-count", host.cpu_count), ("cpu-percent", host.cpu_percent),
            ("io-maxiops", host.io_maximum_iops), ("pids-limit", host.pids_limit), ("blkio-weight", host.blkio_weight),
        ):  # fmt: skip
            self._text(name, number)
        limits = host.ulimits or ()
        self._many("ulimit", (f"{u.name}={u.soft}" + (f":{u.hard}" if u.hard != u.soft else "") for u in limits))

    def _devices(self) -> None:
        host = self._host
        for device in host.devices or ():
            path = device.path_on_host
            inside = f":{device.path_in_container}" if device.path_in_container not in ("", path) else ""
            mode = f":{device.cgroup_permissions}" if device.cgroup_permissions not in ("", "rwm") else ""
            self._many("device", [path + inside + mode])
        self._many("device-cgroup-rule", host.device_cgroup_rules)
        for request in host.device_requests or ():
            if request.driver == "cdi":
                self._many("device", request.device_ids)
            else:
                self._many("gpus", [_gpus(request)])
        self._many("blkio-weight-device", (f"{d.path}:{d.weight}" for d in host.blkio_weight_device or ()))
        for name, rates in (
            ("device-read-bps", host.blkio_device_read_bps), ("device-write-bps", host.blkio_device_write_bps),
            ("device-read-iops", host.blkio_device_read_iops), ("device-write-iops", host.blkio_device_write_iops),
        ):  # fmt: skip
            self._many(name, (f"{d.path}:{d.rate}" for d in rates or ()))


def _gpus(request: WireDeviceRequest) -> str:
    count = "all" if request.count < 0 else str(request.count) if request.count else ""
    capabilities = [name for name in (request.capabilities or [[]])[0] if name != "gpu"]
    pairs = {
        "driver": request.driver,
        "count": count,
        "device": ",".join(request.device_ids or ()),
        "capabilities": ",".join(capabilities),
        "options": csv_text([f"{key}={value}" for key, value in (request.options or {}).items()]),
    }
    given = {key: value for key, value in pairs.items() if value}
    if list(given) == ["count"]:
        return count
    return csv_text([f"{key}={value}" for key, value in given.items()])
