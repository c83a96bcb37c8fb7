"""The processes of a container: what `docker top` prints of them, read by the titles of its columns, and their tree."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

WAYS: Sequence[str] = (
    "-eo pid,ppid,user:32,pcpu,rss,time,args",
    "-o pid,ppid,user,rss,time,args",
    "-o pid,ppid,user,rss,args",
    "-ef",
)
"""What ps is asked for, the best first: as procps knows it, as busybox does, and a small one, and as docker asks.

The daemon runs the ps of its own machine, and an option that it does not know is an error. The command stands last,
since the daemon takes whatever is left of a line for the last column.
"""

_PID, _PARENT, _USER = ("PID",), ("PPID",), ("USER", "UID", "RUSER")
_CPU, _MEMORY, _TIME = ("%CPU", "C"), ("RSS",), ("TIME", "TIME+")
_COMMAND = ("COMMAND", "CMD", "ARGS")
_TIMES = re.compile(r"(?:(\d+)[-d])?(?:(\d+):)?(\d+):(\d+)(?:\.\d+)?", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kmgt]?)", re.ASCII | re.IGNORECASE)


class Processes(msgspec.Struct, frozen=True, rename="pascal"):
    """The answer to `GET /containers/{id}/top` (API 1.41 to 1.51)."""

    titles: list[str]
    processes: list[list[str]] | None = None


class Process(msgspec.Struct, frozen=True, gc=False):
    """One process. `pid` and `parent` are numbers of the machine on which the daemon runs, not of the container.

    `cpu` is percent of one processor, as ps tells it: on the average since it began. `memory` is resident, in bytes;
    `seconds` of processor time. None where the ps there does not tell.
    """

    pid: int
    parent: int | None
    user: str
    cpu: float | None
    memory: int | None
    seconds: int | None
    command: str


def processes_from(wire: Processes) -> list[Process]:
    """Return the processes of an answer; lines without a number are passed over."""
    at = {title.upper(): place for place, title in enumerate(wire.titles)}
    found: list[Process] = []
    for row in wire.processes or ():
        pid = _whole(_cell(row, at, _PID))
        if pid is not None:
            found.append(
                Process(
                    pid,
                    _whole(_cell(row, at, _PARENT)),
                    _cell(row, at, _USER),
                    _decimal(_cell(row, at, _CPU)),
                    parse_resident(_cell(row, at, _MEMORY)),
                    parse_time_used(_cell(row, at, _TIME)),
                    _cell(row, at, _COMMAND),
                )
            )
    return found


def parse_listing(text: str) -> list[Process]:
    """Return the processes that a listing as ps prints it shows: a line of titles, the command in the last column."""
    lines = text.splitlines()
    titles = lines[0].split() if lines else []
    rows = [line.split(None, max(0, len(titles) - 1)) for line in lines[1:]]
    return processes_from(Processes(titles, rows))


def _cell(row: Sequence[str], at: Mapping[str, int], titles: Sequence[str]) -> str:
    place = next((at[title] for title in titles if title in at), None)
    return row[place] if place is not None and place < len(row) else ""


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _decimal(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text, re.ASCII) else None


def parse_resident(text: str) -> int | None:
    """Return the bytes of a resident size: KiB, or as busybox shortens it, `1.2m`. None where it is none."""
    found = _SIZE.fullmatch(text)
    if found is None or len(text) > 20:
        return None
    return int(float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or "k"))


def parse_time_used(text: str) -> int | None:
    """Return the seconds of a TIME such as `00:01:07`, `1-02:03:04` or busybox's `1:07` and `3d02`; None for none."""
    if days := re.fullmatch(r"(\d{1,6})([dh])(\d{1,2})", text, re.ASCII):
        count, rest = int(days[1]), int(days[3])
        return count * 86_400 + rest * 3_600 if days[2] == "d" else count * 3_600 + rest * 60
    found = _TIMES.fullmatch(text)
    if found is None or len(text) > 20:
        return None
    days_of, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days_of * 24 + hours) * 60 + minutes) * 60 + seconds


class ProcessTree:
    """The processes by their numbers, and who began whom. What began outside of the container is a root."""

    def __init__(self, processes: Collection[Process]) -> None:
        self.by_pid: Mapping[int, Process] = {process.pid: process for process in processes}
        self._parents = {pid: self._parent_of(process) for pid, process in self.by_pid.items()}
        self._children: dict[int | None, list[int]] = {}
        for pid, parent in self._parents.items():
            self._children.setdefault(parent, []).append(pid)

    def _parent_of(self, process: Process) -> int | None:
        """Return who began it. An answer may be cut through a change, and lead round: then it is a root."""
        parent, seen = process.parent, {process.pid}
        first = parent
        while parent is not None and parent in self.by_pid:
            if parent in seen:
                return None
            seen.add(parent)
            parent = self.by_pid[parent].parent
        return first if first in self.by_pid else None

    def children(self, pid: int | None) -> Sequence[int]:
        """Return whom it began; with None those that nobody in the container began."""
        return self._children.get(pid, ())

    def lineage(self, pid: int) -> tuple[str, ...]:
        """Return the commands of a process, of who began it, and so on: see `plain`."""
        found: list[str] = []
        at: int | None = pid
        while at is not None:
            found.append(plain(self.by_pid[at].command))
            at = self._parents[at]
        return tuple(found)

    def alike(self, lineage: Sequence[str], generations: int | None = None) -> list[int]:
        """Return the processes of that lineage, or of as many generations of it."""
        wanted = tuple(lineage[:generations])
        return [pid for pid in self.by_pid if self.lineage(pid)[:generations] == wanted]


def plain(command: str) -> str:
    """Return a command without what programs that print it write in different ways: spaces, controls, stand-ins."""
    return "".join(char for char in command if char.isprintable() and char not in " ?\ufffd")
