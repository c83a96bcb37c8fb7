"""How a container was made, as inspect tells it (API 1.41 to 1.51); unknown fields are skipped."""

from typing import Any

import msgspec

from tui.model.images import WireHealthcheck
from tui.model.run_mounts import WireMountSpec


class _Wire(msgspec.Struct, rename="pascal"):
    """Base of what is read from an inspect answer."""


class WireRunConfig(_Wire):
    hostname: str = ""
    domainname: str = ""
    user: str = ""
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    exposed_ports: dict[str, Any] | None = None
    tty: bool = False
    open_stdin: bool = False
    env: list[str] | None = None
    cmd: list[str] | None = None
    entrypoint: list[str] | None = None
    image: str = ""
    volumes: dict[str, Any] | None = None
    working_dir: str = ""
    mac_address: str = ""
    labels: dict[str, str] | None = None
    stop_signal: str = ""
    stop_timeout: int | None = None
    healthcheck: WireHealthcheck | None = None


class WirePortBinding(_Wire):
    host_ip: str = ""
    host_port: str = ""


class WireRestart(_Wire):
    name: str = ""
    maximum_retry_count: int = 0


class WireLog(_Wire):
    type: str = ""
    config: dict[str, str] | None = None


class WireUlimit(_Wire):
    name: str
    soft: int = 0
    hard: int = 0


class WireDevice(_Wire):
    path_on_host: str
    path_in_container: str = ""
    cgroup_permissions: str = ""


class WireDeviceRequest(_Wire):
    driver: str = ""
    count: int = 0
    device_ids: list[str] | None = msgspec.field(default=None, name="DeviceIDs")
    capabilities: list[list[str]] | None = None
    options: dict[str, str] | None = None


class WireRate(_Wire):
    path: str
    rate: int = 0
    weight: int = 0


class WireHostConfig(_Wire):
    binds: list[str] | None = None
    mounts: list[WireMountSpec] | None = None
    tmpfs: dict[str, str] | None = None
    volumes_from: list[str] | None = None
    volume_driver: str = ""
    storage_opt: dict[str, str] | None = None
    port_bindings: dict[str, list[WirePortBinding] | None] | None = None
    publish_all_ports: bool = False
    restart_policy: WireRestart | None = None
    auto_remove: bool = False
    privileged: bool = False
    readonly_rootfs: bool = False
    cap_add: list[str] | None = None
    cap_drop: list[str] | None = None
    group_add: list[str] | None = None
    security_opt: list[str] | None = None
    masked_paths: list[str] | None = None
    log_config: WireLog | None = None
    annotations: dict[str, str] | None = None
    sysctls: dict[str, str] | None = None
    runtime: str = ""
    isolation: str = ""
    init: bool | None = None
    network_mode: str = ""
    dns: list[str] | None = None
    dns_search: list[str] | None = None
    dns_options: list[str] | None = None
    extra_hosts: list[str] | None = None
    links: list[str] | None = None
    ipc_mode: str = ""
    pid_mode: str = ""
    uts_mode: str = msgspec.field(default="", name="UTSMode")
    userns_mode: str = ""
    cgroupns_mode: str = ""
    cgroup_parent: str = ""
    shm_size: int = 0
    memory: int = 0
    memory_reservation: int = 0
    memory_swap: int = 0
    memory_swappiness: int | None = None
    kernel_memory: int = 0
    oom_kill_disable: bool | None = None
    oom_score_adj: int = 0
    nano_cpus: int = 0
    cpu_shares: int = 0
    cpu_period: int = 0
    cpu_quota: int = 0
    cpu_realtime_period: int = 0
    cpu_realtime_runtime: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    cpu_count: int = 0
    cpu_percent: int = 0
    io_maximum_bandwidth: int = msgspec.field(default=0, name="IOMaximumBandwidth")
    io_maximum_iops: int = msgspec.field(default=0, name="IOMaximumIOps")
    pids_limit: int | None = None
    ulimits: list[WireUlimit] | None = None
    blkio_weight: int = 0
    blkio_weight_device: list[WireRate] | None = None
    blkio_device_read_bps: list[WireRate] | None = None
    blkio_device_write_bps: list[WireRate] | None = None
    blkio_device_read_iops: list[WireRate] | None = msgspec.field(default=None, name="BlkioDeviceReadIOps")
    blkio_device_write_iops: list[WireRate] | None = msgspec.field(default=None, name="BlkioDeviceWriteIOps")
    devices: list[WireDevice] | None = None
    device_cgroup_rules: list[str] | None = None
    device_requests: list[WireDeviceRequest] | None = None


class WireAddresses(msgspec.Struct):
    ip4: str = msgspec.field(default="", name="IPv4Address")
    ip6: str = msgspec.field(default="", name="IPv6Address")
    link_local: list[str] | None = msgspec.field(default=None, name="LinkLocalIPs")


class WireEnd(_Wire):
    network_id: str = msgspec.field(default="", name="NetworkID")
    ipam_config: WireAddresses | None = msgspec.field(default=None, name="IPAMConfig")
    aliases: list[str] | None = None
    links: list[str] | None = None
    driver_opts: dict[str, str] | None = None
    gw_priority: int = 0


class WireEnds(_Wire):
    networks: dict[str, WireEnd | None] | None = None


class RunInspect(_Wire):
    """The part of `GET /containers/{id}/json` that says how it was made."""

    id: str
    name: str
    config: WireRunConfig
    host_config: WireHostConfig
    image: str = ""
    network_settings: WireEnds | None = None
