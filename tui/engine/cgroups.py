"""The use that containers of this machine's daemon make of it, read from the kernel: that costs the daemon nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tui.model.cgroups import (
    CONTROLLERS,
    Counts,
    HostTimes,
    Mounts,
    Place,
    counts_from,
    host_times,
    memory_total,
    mounts_from,
    network_bytes,
    place_from,
)


class Cgroup:
    """The counters of one container while its process `pid` lives."""

    def __init__(self, proc: Path, place: Place, pid: int, memory: int, *, own_network: bool) -> None:
        self.pid = pid
        self._place = place
        self._memory = memory
        self._files = [
            (name, f"{folder}/{name}")
            for controller, folder in place.folders.items()
            for name in CONTROLLERS[place.version][controller]
        ]
        self._network = f"{proc}/{pid}/net/dev" if own_network else None

    def read(self, host: HostTimes) -> Counts:
        """Return what is counted now.

        Raises:
            OSError: the container's process has ended.
            ValueError: a file is not what it should be.
        """
        files: dict[str, bytes] = {}
        for name, path in self._files:
            try:
                files[name] = _read(path)
            except FileNotFoundError:
                continue  # a kernel may count less; what has to be there is missed below
        try:
            counts = counts_from(self._place.version, files, self._memory)
        except ValueError as error:
            if not files:
                raise ProcessLookupError(self.pid, "it has ended") from error
            raise
        rx, tx = network_bytes(_read(self._network)) if self._network else (0, 0)
        return Counts(
            counts.cpu_ns, counts.memory, counts.memory_limit, counts.pids, counts.disk_read, counts.disk_write,
            rx, tx, host, time.time_ns(), counts.cache,
        )  # fmt: skip


class LocalCgroups:
    """This machine's counters. `proc` is where its process file system is."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._mounts: Mounts | None = None
        self._memory = 0

    def find(self, container: str, pid: int, *, own_network: bool = True) -> Cgroup | None:
        """Return the counters of a container whose first process is `pid`, or None where they can't be read here.

        The daemon may be another machine's, where another process has the number: a process is the container's only
        if the kernel names the container's full ID, and the container's cgroup the process. Without `own_network` (in
        the host's network) nothing is counted of that, as the daemon does.
        """
        try:
            if self._mounts is None:
                self._memory = memory_total(_read(f"{self._proc}/meminfo"))
                self._mounts = mounts_from(_read(f"{self._proc}/self/mountinfo").decode(errors="replace"))
            place = place_from(_read(f"{self._proc}/{pid}/cgroup").decode(errors="replace"), container, self._mounts)
            if place is None or not all(_holds(folder, pid) for folder in place.folders.values()):
                return None
            cgroup = Cgroup(self._proc, place, pid, self._memory, own_network=own_network)
            cgroup.read(self.host())
        except (OSError, ValueError):
            return None
        return cgroup

    def host(self) -> HostTimes:
        """Return what the processors did up to now.

        Raises:
            OSError, ValueError: it can't be read.
        """
        return host_times(_read(f"{self._proc}/stat"))


def _holds(folder: str, pid: int) -> bool:
    return b"%d" % pid in _read(f"{folder}/cgroup.procs").split()


def _read(path: str) -> bytes:
    """Return a small file of the kernel at once: these are made anew for each read from their start."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces: list[bytes] = []
        while piece := os.read(file, 1 << 16):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(file)
