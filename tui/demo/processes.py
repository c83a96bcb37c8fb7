"""The processes of a simulated container: its main one, the workers that it begins, and what is run inside by exec."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from tui.demo.clock import NS
from tui.demo.errors import ApiError
from tui.demo.jsonish import JsonMap
from tui.demo.records import Container
from tui.demo.stats import cpu_seconds, memory_bytes, process_count
from tui.demo.world import MEMORY, World

_LEAVES_ALONE = frozenset({"STOP", "CONT", "WINCH", "CHLD", "URG", "0"})
_STEP = 7


class Process(NamedTuple):
    """One process: its number on the machine and inside, its parent's inside (0: none there), and what it uses."""

    pid: int
    inside: int
    parent: int
    command: str
    seconds: float
    cpu: float
    resident: int


def processes(world: World, container: Container) -> list[Process]:
    """Return what runs in a container, in the order of its numbers."""
    run = container.run
    if run is None or not container.running:
        return []
    elapsed = run.elapsed(world.now()) / NS
    count = process_count(container)
    seconds = cpu_seconds(container, elapsed) / count
    cpu = 100 * seconds / elapsed if elapsed else 0.0
    resident = memory_bytes(container, elapsed) // count
    found = [Process(container.pid, 1, 0, " ".join([container.path, *container.args]), seconds, cpu, resident)]
    for index in range(1, count):
        pid, inside = run.workers.get(index, (container.pid + index * _STEP, 1 + index * _STEP))
        command = f"{container.path.rpartition('/')[2]}: worker {index}"
        found.append(Process(pid, inside, 1, command, seconds, cpu, resident))
    running = (world.execs[id] for id in container.execs if id in world.execs)
    found += [Process(made.pid, made.pid, 0, " ".join(made.command), 0, 0, 1 << 20) for made in running if made.running]
    return found


def kill(world: World, container: Container, inside: int, signal: str) -> bool:
    """Send a signal from inside to what is no exec; what ends of the workers is begun again. Whether there is one."""
    found = next((each for each in processes(world, container) if each.inside == inside), None)
    run = container.run
    if found is None or run is None:
        return False
    if inside != 1 and signal.removeprefix("SIG") not in _LEAVES_ALONE:
        index = int(found.command.rpartition(" ")[2])
        pid = world.new_pid()
        run.workers[index] = (pid, pid)
    return True


def inner_listing(world: World, container: Container) -> str:
    """Return what `ps -eo pid,ppid,args` prints inside the container."""
    lines = [f"{each.inside:>5} {each.parent:>5} {each.command}" for each in processes(world, container)]
    return "\n".join(["  PID  PPID COMMAND", *lines, ""])


def top(world: World, container: Container, arguments: str) -> JsonMap:
    """Return the answer of top as a machine with procps gives it; raises ApiError for columns that it does not know."""
    asked = re.search(r"-e?o\s*(\S+)", arguments)
    if asked is not None:
        names = [name.partition(":")[0] for name in asked[1].split(",")]
    else:
        names = _AUX if "aux" in arguments else _FULL
    if wrong := [name for name in names if name not in _COLUMNS]:
        raise ApiError(500, f"ps: exit status 1: error: unknown user-defined format specifier {wrong[0]!r}")
    if "pid" not in names:
        raise ApiError(500, "Couldn't find PID field in ps output")
    found = processes(world, container)
    outside = {each.inside: each.pid for each in found}
    parents = [outside.get(each.parent, container.pid - 22) for each in found]
    rows = [[_COLUMNS[name][1](each, parent) for name in names] for each, parent in zip(found, parents, strict=True)]
    titles = ["UID" if asked is None and names is _FULL and name == "user" else _COLUMNS[name][0] for name in names]
    return {"Processes": rows, "Titles": ["CMD" if names is _FULL and t == "COMMAND" else t for t in titles]}


def _time(process: Process) -> str:
    hours, rest = divmod(int(process.seconds), 3600)
    return f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"


_FULL = ["user", "pid", "ppid", "c", "stime", "tty", "time", "args"]
_AUX = ["user", "pid", "pcpu", "pmem", "vsz", "rss", "tty", "stat", "start", "time", "args"]
_COLUMNS: dict[str, tuple[str, Callable[[Process, int], str]]] = {
    "pid": ("PID", lambda process, _: str(process.pid)),
    "ppid": ("PPID", lambda _, parent: str(parent)),
    "user": ("USER", lambda _process, _parent: "root"),
    "pcpu": ("%CPU", lambda process, _: f"{process.cpu:.1f}"),
    "pmem": ("%MEM", lambda process, _: f"{100 * process.resident / MEMORY:.1f}"),
    "c": ("C", lambda process, _: f"{process.cpu:.0f}"),
    "rss": ("RSS", lambda process, _: str(process.resident // 1024)),
    "vsz": ("VSZ", lambda process, _: str(process.resident // 512)),
    "stat": ("STAT", lambda _process, _parent: "Ss"),
    "stime": ("STIME", lambda _process, _parent: "07:02"),
    "start": ("START", lambda _process, _parent: "07:02"),
    "tty": ("TTY", lambda _process, _parent: "?"),
    "time": ("TIME", lambda process, _: _time(process)),
    "args": ("COMMAND", lambda process, _: process.command),
}
