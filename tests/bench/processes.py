"""What processes cost, read from /proc: CPU to the nanosecond where the kernel tells, memory, connections."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter

TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and all that descend from it; empty once it is gone."""
    if not Path(f"/proc/{pid}").exists():
        return []
    found = [pid]
    for parent in found:
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """The seconds of CPU that a process and its descendants have used, ended children included."""
    total = 0.0
    for each in tree(pid):
        with suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0]) / 1e9
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[13]) + int(fields[14])) / TICKS  # children that were waited for
    return total


def memory(pid: int) -> int:
    """The resident bytes of a process and its descendants."""
    total = 0
    for each in tree(pid):
        with suppress(OSError):
            total += int(Path(f"/proc/{each}/statm").read_text().split()[1]) * resource.getpagesize()
    return total


def sockets(pid: int) -> int:
    """How many sockets a process holds."""
    count = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            count += os.readlink(entry).startswith("socket:")
    return count


def kill(pids: Iterable[int]) -> None:
    """End processes that were started here."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def timed(command: Sequence[str], env: Mapping[str, str] | None = None) -> float:
    """The seconds that a command takes; its output goes nowhere. CalledProcessError when it fails."""
    began = perf_counter()
    subprocess.run(
        command, env=None if env is None else {**os.environ, **env}, stdout=subprocess.DEVNULL, check=True, timeout=120
    )
    return perf_counter() - began


def peak_memory(command: Sequence[str]) -> int:
    """The most bytes that a command had resident."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return usage.ru_maxrss * 1024
