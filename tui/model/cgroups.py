"""What the kernel counts for a container, in the files of cgroup v1 and v2 and of /proc: their grammar, and no I/O.

The daemon reads the same files for its stats; what it makes of them is done here in the same way, so that a sample from
the files and one from the API agree. Sources: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst of the kernel,
daemon/daemon_unix.go of moby.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from tui.model.stats import Sample, WireStats, cpu_percent, sample_from

CgroupVersion = Literal[1, 2]

CONTROLLERS: Mapping[CgroupVersion, Mapping[str, tuple[str, ...]]] = {
    1: {
        "cpuacct": ("cpuacct.usage",),
        "memory": ("memory.usage_in_bytes", "memory.limit_in_bytes", "memory.stat"),
        "pids": ("pids.current",),
        "blkio": ("blkio.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive"),
    },
    2: {"": ("cpu.stat", "memory.current", "memory.max", "memory.stat", "pids.current", "io.stat")},
}
"""The files that are read, by the version and the controller that has them."""

_TICK_NS = 10_000_000
"""A tick of /proc/stat: the kernel tells all of them as hundredths of a second."""


class Mounts(msgspec.Struct, frozen=True):
    """Where the cgroup file systems are mounted: version 1 by controller, version 2 once."""

    v1: Mapping[str, str] = {}
    v2: str = ""


class Place(msgspec.Struct, frozen=True):
    """A container's folder for each controller (version 2 has one, without a name)."""

    version: CgroupVersion
    folders: Mapping[str, str]


class HostTimes(msgspec.Struct, frozen=True, gc=False):
    """What all processors did since the start of the machine, and how many there are."""

    system_ns: int
    cpus: int


class Counts(msgspec.Struct, frozen=True, gc=False):
    """What was counted for a container up to `read_ns`: bytes, but for `cpu_ns` and `pids`.

    `memory` is what the docker CLI shows: without the file pages that nobody uses.
    """

    cpu_ns: int
    memory: int
    memory_limit: int
    pids: int = 0
    disk_read: int = 0
    disk_write: int = 0
    rx: int = 0
    tx: int = 0
    host: HostTimes = HostTimes(0, 0)
    read_ns: int = 0
    cache: int = 0
    """Those file pages."""


def mounts_from(mountinfo: str) -> Mounts:
    """Return where the cgroup file systems are, from /proc/self/mountinfo; only whole ones, not a part of one."""
    v1: dict[str, str] = {}
    v2 = ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if len(fields) < 5 or len(kinds) < 3 or fields[3] != "/":
            continue
        if kinds[0] == "cgroup2":
            v2 = v2 or fields[4]
        elif kinds[0] == "cgroup":
            for option in kinds[2].split(","):
                v1.setdefault(option, fields[4])
    return Mounts(v1, v2)


def place_from(process_cgroup: str, container: str, mounts: Mounts) -> Place | None:
    """Return where a container is counted, from /proc/<pid>/cgroup of one of its processes.

    None where a path does not name the container by its full ID: then the process is not, or not any more, of it.
    """
    paths: dict[str, str] = {}
    for line in process_cgroup.splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if container in path and ".." not in path.split("/"):
            paths |= dict.fromkeys(controllers.split(","), path)
    wanted = CONTROLLERS[1]
    if all(name in paths and name in mounts.v1 for name in ("cpuacct", "memory")):
        return Place(1, {name: mounts.v1[name] + paths[name] for name in wanted if name in paths and name in mounts.v1})
    return Place(2, {"": mounts.v2 + paths[""]}) if "" in paths and mounts.v2 else None


def counts_from(version: CgroupVersion, files: Mapping[str, bytes], memory_total: int) -> Counts:
    """Return what the files of a container say; `memory_total` (bytes) is the machine's, which no limit exceeds.

    Raises:
        ValueError: a file that has to be there is missing, or is no such file.
    """
    try:
        return _counts_v1(files, memory_total) if version == 1 else _counts_v2(files, memory_total)
    except KeyError as error:
        raise ValueError(f"no {error}") from None


def _counts_v1(files: Mapping[str, bytes], memory_total: int) -> Counts:
    read, write = _io_v1(files)
    usage = int(files["memory.usage_in_bytes"])
    memory = _without_cache(usage, _field(files["memory.stat"], b"total_inactive_file"))
    return Counts(
        cpu_ns=int(files["cpuacct.usage"]),
        memory=memory,
        cache=usage - memory,
        memory_limit=min(int(files["memory.limit_in_bytes"]), memory_total),
        pids=int(files.get("pids.current", b"0")),
        disk_read=read,
        disk_write=write,
    )


def _counts_v2(files: Mapping[str, bytes], memory_total: int) -> Counts:
    io = files.get("io.stat", b"")
    limit = files["memory.max"].strip()
    used_us = _field(files["cpu.stat"], b"usage_usec")
    if used_us is None:
        raise ValueError("no usage in cpu.stat")
    usage = int(files["memory.current"])
    memory = _without_cache(usage, _field(files["memory.stat"], b"inactive_file"))
    return Counts(
        cpu_ns=used_us * 1000,
        memory=memory,
        cache=usage - memory,
        memory_limit=memory_total if limit == b"max" else min(int(limit), memory_total),
        pids=int(files.get("pids.current", b"0")),
        disk_read=sum(map(int, re.findall(rb"\brbytes=(\d+)", io))),
        disk_write=sum(map(int, re.findall(rb"\bwbytes=(\d+)", io))),
    )


def _without_cache(usage: int, inactive: int | None) -> int:
    return usage - inactive if inactive is not None and inactive < usage else usage


def _field(text: bytes, name: bytes) -> int | None:
    found = re.search(rb"^" + name + rb" (\d+)", text, re.MULTILINE)
    return int(found[1]) if found else None


def _io_v1(files: Mapping[str, bytes]) -> tuple[int, int]:
    """Return bytes read and written: from the scheduler's file where it counts, else from the throttle's."""
    for name in CONTROLLERS[1]["blkio"]:
        lines = re.findall(rb"^\d+:\d+ (Read|Write) (\d+)$", files.get(name, b""), re.MULTILINE)
        if lines:
            read, write = (sum(int(value) for op, value in lines if op == wanted) for wanted in (b"Read", b"Write"))
            return read, write
    return 0, 0


def network_bytes(net_dev: bytes) -> tuple[int, int]:
    """Return bytes received and sent on all interfaces but the loopback, from /proc/<pid>/net/dev."""
    received = sent = 0
    for line in net_dev.splitlines()[2:]:
        name, _, numbers = line.partition(b":")
        fields = numbers.split()
        if name.strip() != b"lo" and len(fields) >= 9:
            received += int(fields[0])
            sent += int(fields[8])
    return received, sent


def host_times(proc_stat: bytes) -> HostTimes:
    """Return what the processors did, from /proc/stat: the seven states that the daemon counts.

    Raises:
        ValueError: it is no such file.
    """
    head, *lines = proc_stat.split(b"\n", 512)
    fields: Sequence[bytes] = head.split()
    if len(fields) < 8 or fields[0] != b"cpu":
        raise ValueError("no processors in /proc/stat")
    cpus = sum(line.startswith(b"cpu") for line in lines)
    return HostTimes(sum(map(int, fields[1:8])) * _TICK_NS, cpus)


def memory_total(meminfo: bytes) -> int:
    """Return the machine's memory in bytes, from /proc/meminfo.

    Raises:
        ValueError: it is no such file.
    """
    found = re.search(rb"^MemTotal:\s+(\d+) kB", meminfo, re.MULTILINE)
    if found is None:
        raise ValueError("no MemTotal in /proc/meminfo")
    return int(found[1]) * 1024


def counts_from_stats(wire: WireStats) -> Counts:
    """Return what a document of the daemon's stats says, to be held against the files."""
    sample = sample_from(wire)
    used = wire.cpu_stats.cpu_usage if wire.cpu_stats else None
    return Counts(
        cpu_ns=used.total_usage if used else 0,
        memory=sample.memory,
        memory_limit=sample.memory_limit,
        pids=sample.pids,
        disk_read=sample.disk_read,
        disk_write=sample.disk_write,
        rx=sample.rx,
        tx=sample.tx,
        read_ns=sample.read_ns,
        cache=sample.cache,
    )


def sample_between(before: Counts | None, now: Counts) -> Sample:
    """Return the sample of a moment; its CPU is known when there is one before."""
    cpu = None
    if before is not None:
        used, system = now.cpu_ns - before.cpu_ns, now.host.system_ns - before.host.system_ns
        cpu = cpu_percent(used, system, now.host.cpus)
    return Sample(
        cpu=cpu,
        memory=now.memory,
        memory_limit=now.memory_limit,
        rx=now.rx,
        tx=now.tx,
        disk_read=now.disk_read,
        disk_write=now.disk_write,
        pids=now.pids,
        read_ns=now.read_ns,
        cache=now.cache,
    )
