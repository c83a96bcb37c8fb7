"""Resource use of simulated containers: smooth functions of time, so that any two samples agree."""

import math
import zlib

from tui.demo.clock import NS, rfc3339
from tui.demo.jsonish import JsonMap
from tui.demo.records import Container
from tui.demo.world import CPUS, MEMORY, World

_EMPTY_BLKIO = [
    "io_service_bytes_recursive",
    "io_serviced_recursive",
    "io_queue_recursive",
    "io_service_time_recursive",
    "io_wait_time_recursive",
    "io_merged_recursive",
    "io_time_recursive",
    "sectors_recursive",
]
_PAGE = 4096


def _phase(container: Container) -> float:
    return zlib.crc32(container.id.encode()) % 1000 / 159.0


def cpu_seconds(container: Container, seconds: float) -> float:
    """Return the CPU time used after so many seconds of running: a load of 1 is about 4 % of one CPU, in waves."""
    phase = _phase(container)
    waves = 0.55 * 9 * (math.cos(phase) - math.cos(seconds / 9 + phase))
    waves += 0.3 * 2.3 * (math.cos(phase * 3) - math.cos(seconds / 2.3 + phase * 3))
    return max(0.0, 0.04 * container.load * (seconds + waves) + 0.03)


def memory_bytes(container: Container, seconds: float) -> int:
    """Return the memory in use, the page cache left out."""
    base = 6 + 38 * container.load + zlib.crc32(container.name.encode()) % 20
    swell = 1 + 0.08 * math.sin(seconds / 31 + _phase(container)) + 0.12 * (1 - math.exp(-seconds / 600))
    limit = container.host.get("Memory") or MEMORY
    return min(int(base * swell * (1 << 20)) // _PAGE * _PAGE, limit * 97 // 100)


def empty(container: Container) -> JsonMap:
    """Return the sample of a container that does not run."""
    cpu = {
        "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
        "throttling_data": _throttling(),
    }
    return {
        "name": f"/{container.name}",
        "id": container.id,
        "read": rfc3339(0),
        "preread": rfc3339(0),
        "pids_stats": {},
        "blkio_stats": dict.fromkeys(_EMPTY_BLKIO, None),
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": cpu,
        "precpu_stats": cpu,
        "memory_stats": {},
    }


def sample(world: World, container: Container, previous_ns: int) -> JsonMap:
    """Return one sample as cgroup v1 gives it; `previous_ns` 0 leaves precpu empty."""
    run = container.run
    if not container.running or run is None:
        return empty(container)
    now = world.now()
    shown = empty(container)
    seconds = run.elapsed(now) / NS
    shown["read"] = rfc3339(now)
    shown["pids_stats"] = {"current": process_count(container)}
    shown["cpu_stats"] = _cpu(world, container, seconds, now)
    if previous_ns:
        earlier = max(0.0, seconds - (now - previous_ns) / NS) if container.state == "running" else seconds
        shown["preread"] = rfc3339(previous_ns)
        shown["precpu_stats"] = _cpu(world, container, earlier, previous_ns)
    shown["memory_stats"] = _memory(container, seconds)
    shown["blkio_stats"] = _blkio(container, seconds)
    if container.host.get("NetworkMode") != "none":
        shown["networks"] = {"eth0": _network(container, seconds)}
    return shown


def process_count(container: Container) -> int:
    """Return how many processes it has."""
    return 1 + int(container.load * 4)


def _throttling() -> JsonMap:
    return {"periods": 0, "throttled_periods": 0, "throttled_time": 0}


def _cpu(world: World, container: Container, seconds: float, at_ns: int) -> JsonMap:
    total = int(cpu_seconds(container, seconds) * NS)
    shares = [total * (CPUS - index) // (CPUS * (CPUS + 1) // 2) for index in range(CPUS)]
    shares[0] += total - sum(shares)
    kernel = total // 5
    return {
        "cpu_usage": {
            "total_usage": total,
            "percpu_usage": shares,
            "usage_in_kernelmode": kernel,
            "usage_in_usermode": total - kernel,
        },
        "system_cpu_usage": (at_ns - world.booted_ns + 40 * 86_400 * NS) * CPUS,
        "online_cpus": CPUS,
        "throttling_data": _throttling(),
    }


def _memory(container: Container, seconds: float) -> JsonMap:
    used = memory_bytes(container, seconds)
    cache = used // 3 // _PAGE * _PAGE
    inactive, active = cache * 3 // 4 // _PAGE * _PAGE, cache // 4 // _PAGE * _PAGE
    limit = container.host.get("Memory") or 0
    inner = {
        "active_anon": used,
        "active_file": active,
        "cache": cache,
        "hierarchical_memory_limit": limit or 9223372036854771712,
        "inactive_anon": 0,
        "inactive_file": inactive,
        "mapped_file": 0,
        "pgfault": int(1_800 + seconds * 9),
        "pgmajfault": 0,
        "rss": used,
        "unevictable": 0,
    }
    totals = {f"total_{key}": value for key, value in inner.items() if key != "hierarchical_memory_limit"}
    usage = min(used + inactive, limit or MEMORY)
    return {"usage": usage, "max_usage": usage + (8 << 20), "stats": {**inner, **totals}, "limit": limit or MEMORY}


def _network(container: Container, seconds: float) -> JsonMap:
    flow = container.load * (seconds + 6 * math.sin(seconds / 8 + _phase(container)) + 6)
    received, sent = max(0, int(2_300 * flow) + 516), max(0, int(5_100 * flow) + 126)
    errors = {"rx_errors": 0, "rx_dropped": 0, "tx_errors": 0, "tx_dropped": 0}
    return {"rx_bytes": received, "rx_packets": received // 420, "tx_bytes": sent, "tx_packets": sent // 610, **errors}


def _blkio(container: Container, seconds: float) -> JsonMap:
    shown: JsonMap = {key: [] for key in _EMPTY_BLKIO}
    read, written = int(4_300_000 + seconds * 700 * container.load), int(seconds * 2_900 * container.load)
    device = {"major": 259, "minor": 0}
    shown["io_service_bytes_recursive"] = [
        {**device, "op": "Read", "value": read // _PAGE * _PAGE},
        {**device, "op": "Write", "value": written // _PAGE * _PAGE},
    ]
    return shown
