"""The host configuration that inspect shows when a client asked for nothing."""

from tui.demo.jsonish import JsonMap

_MASKED = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
]
_READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def default_host() -> JsonMap:
    """Return a new HostConfig with the daemon's defaults."""
    return {
        "Binds": None,
        "ContainerIDFile": "",
        "LogConfig": {"Type": "json-file", "Config": {}},
        "NetworkMode": "bridge",
        "PortBindings": {},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "AutoRemove": False,
        "VolumeDriver": "",
        "VolumesFrom": None,
        "ConsoleSize": [0, 0],
        **dict.fromkeys(("CapAdd", "CapDrop"), None),
        "CgroupnsMode": "host",
        **{key: [] for key in ("Dns", "DnsOptions", "DnsSearch")},
        **dict.fromkeys(("ExtraHosts", "GroupAdd"), None),
        "IpcMode": "private",
        "Cgroup": "",
        "Links": None,
        "OomScoreAdj": 0,
        "PidMode": "",
        **dict.fromkeys(("Privileged", "PublishAllPorts", "ReadonlyRootfs"), False),
        "SecurityOpt": None,
        **dict.fromkeys(("UTSMode", "UsernsMode"), ""),
        "ShmSize": 67108864,
        "Runtime": "runc",
        "Isolation": "",
        **dict.fromkeys(("CpuShares", "Memory", "NanoCpus"), 0),
        "CgroupParent": "",
        "BlkioWeight": 0,
        **{
            key: []
            for key in (
                "BlkioWeightDevice",
                "BlkioDeviceReadBps",
                "BlkioDeviceWriteBps",
                "BlkioDeviceReadIOps",
                "BlkioDeviceWriteIOps",
            )
        },
        **dict.fromkeys(("CpuPeriod", "CpuQuota", "CpuRealtimePeriod", "CpuRealtimeRuntime"), 0),
        **dict.fromkeys(("CpusetCpus", "CpusetMems"), ""),
        "Devices": [],
        **dict.fromkeys(("DeviceCgroupRules", "DeviceRequests"), None),
        **dict.fromkeys(("MemoryReservation", "MemorySwap"), 0),
        "MemorySwappiness": None,
        "OomKillDisable": False,
        "PidsLimit": None,
        "Ulimits": [],
        **dict.fromkeys(("CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth"), 0),
        "MaskedPaths": list(_MASKED),
        "ReadonlyPaths": list(_READ_ONLY),
    }
