"""A sample of a container's use of the machine, by the docker CLI's formulas."""

from __future__ import annotations

import msgspec

from tui.model.times import parse_time_ns

NEAR_LIMIT = 0.9
"""The share of its limit from which a container's memory is told as near to it."""


class WireCpuUsage(msgspec.Struct, gc=False):
    total_usage: int = 0
    percpu_usage: list[int] | None = None


class WireCpu(msgspec.Struct, gc=False):
    cpu_usage: WireCpuUsage | None = None
    system_cpu_usage: int = 0
    online_cpus: int = 0


class WireMemory(msgspec.Struct, gc=False):
    usage: int = 0
    limit: int = 0
    stats: dict[str, int] | None = None


class WireNet(msgspec.Struct, gc=False):
    rx_bytes: int = 0
    tx_bytes: int = 0


class WireBlkioEntry(msgspec.Struct, gc=False):
    op: str = ""
    value: int = 0


class WireBlkio(msgspec.Struct, gc=False):
    io_service_bytes_recursive: list[WireBlkioEntry] | None = None


class WirePids(msgspec.Struct, gc=False):
    current: int = 0


class WireStats(msgspec.Struct, gc=False):
    """One document of `GET /containers/{id}/stats` (API 1.41 to 1.51)."""

    read: str = ""
    cpu_stats: WireCpu | None = None
    precpu_stats: WireCpu | None = None
    memory_stats: WireMemory | None = None
    networks: dict[str, WireNet | None] | None = None
    blkio_stats: WireBlkio | None = None
    pids_stats: WirePids | None = None


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One reading. `cpu` is percent of one core (None without a predecessor); bytes are counted since the start."""

    cpu: float | None
    memory: int
    memory_limit: int
    rx: int = 0
    tx: int = 0
    disk_read: int = 0
    disk_write: int = 0
    pids: int = 0
    read_ns: int = 0
    """When the daemon took it: nanoseconds since the epoch, by its clock."""
    cache: int = 0
    """Bytes of file pages that nobody uses: the kernel counts them, `memory` leaves them out."""


class Usage(msgspec.Struct, frozen=True):
    """The last sample of a container with rates in bytes a second, and the CPU history, oldest first."""

    sample: Sample
    rx_rate: float = 0.0
    tx_rate: float = 0.0
    read_rate: float = 0.0
    write_rate: float = 0.0
    cpu_history: tuple[float, ...] = ()


def sample_from(wire: WireStats) -> Sample:
    """Return the sample of a document: CPU as Δtotal / Δsystem x online CPUs x 100, memory without inactive file pages.

    The formulas are those of the docker CLI (cli/command/container/stats_helpers.go, for cgroup v1 and v2).
    """
    memory = wire.memory_stats or WireMemory()
    nets = [net for net in (wire.networks or {}).values() if net]
    blocks = (wire.blkio_stats.io_service_bytes_recursive if wire.blkio_stats else None) or []
    return Sample(
        cpu=_cpu_percent(wire),
        memory=_memory_used(memory),
        memory_limit=memory.limit,
        rx=sum(net.rx_bytes for net in nets),
        tx=sum(net.tx_bytes for net in nets),
        disk_read=sum(entry.value for entry in blocks if entry.op.lower() == "read"),
        disk_write=sum(entry.value for entry in blocks if entry.op.lower() == "write"),
        pids=wire.pids_stats.current if wire.pids_stats else 0,
        read_ns=parse_time_ns(wire.read) or 0,
        cache=memory.usage - _memory_used(memory),
    )


def usage_from(sample: Sample, before: Sample | None, cpu: tuple[float, ...]) -> Usage:
    """Return the usage with rates since the sample before; both are dated by the daemon's clock."""
    seconds = (sample.read_ns - before.read_ns) / 1e9 if before else 0.0
    if before is None or seconds <= 0:
        return Usage(sample, cpu_history=cpu)
    return Usage(
        sample,
        max(0, sample.rx - before.rx) / seconds,
        max(0, sample.tx - before.tx) / seconds,
        max(0, sample.disk_read - before.disk_read) / seconds,
        max(0, sample.disk_write - before.disk_write) / seconds,
        cpu,
    )


def _cpu_percent(wire: WireStats) -> float | None:
    now, before = wire.cpu_stats, wire.precpu_stats
    if now is None or now.cpu_usage is None or before is None or before.cpu_usage is None:
        return None
    if not before.system_cpu_usage:
        return None
    used = now.cpu_usage.total_usage - before.cpu_usage.total_usage
    system = now.system_cpu_usage - before.system_cpu_usage
    return cpu_percent(used, system, now.online_cpus or len(now.cpu_usage.percpu_usage or ()) or 1)


def cpu_percent(used: int, system: int, cpus: int) -> float:
    """Return percent of one core: of the time `system` of all `cpus` together, `used` was the container's (ns)."""
    return used / system * cpus * 100 if system > 0 and used >= 0 else 0.0


def _memory_used(memory: WireMemory) -> int:
    stats = memory.stats or {}
    for key in ("total_inactive_file", "inactive_file"):
        cached = stats.get(key)
        if cached is not None and cached < memory.usage:
            return memory.usage - cached
    return memory.usage
