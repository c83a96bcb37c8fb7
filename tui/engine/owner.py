"""Which hythe made something, told so that another hythe can find out whether that one still runs.

A process id alone says little: it counts in one PID namespace of one machine that was started once, and is given away
again. So the mark names them all, and the moment at which the process began.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

PROC = Path("/proc")
MACHINE_ID = Path("/etc/machine-id")
FIRST_NAMESPACE = "4026531836"
"""The PID namespace of a Linux machine itself, as its kernel numbers it; containers have others."""

DIGITS = 12
"""Digits of what is hashed: a machine's id is not to be told to everybody who reads labels."""

Fate = Literal["alive", "gone", "unknown"]


class Owner(msgspec.Struct, frozen=True):
    """A process: of which machine (name and id together), since which start of it, in which PID namespace, and when.

    `start` is in clock ticks from the machine's start. Where the system does not tell, a text is empty.
    """

    machine: str
    boot: str
    namespace: str
    pid: int
    start: str

    @property
    def mark(self) -> str:
        """The text that a label carries; `read_mark` reads it."""
        return ".".join((self.machine, self.boot, self.namespace, str(self.pid), self.start))


def read_mark(text: str) -> Owner | None:
    """Return the owner that a label names, or None where it is no mark of hythe's."""
    parts = text.split(".")
    if len(parts) != len(Owner.__struct_fields__) or not parts[0]:
        return None
    machine, boot, namespace, pid, start = parts
    if not (pid.isascii() and pid.isdecimal() and len(pid) < DIGITS and int(pid) > 0):
        return None
    return Owner(machine, boot, namespace, int(pid), start)


@cache
def this_process() -> Owner:
    """Return this hythe."""
    pid = os.getpid()
    try:
        namespace = os.readlink(PROC / "self/ns/pid").partition("[")[2].rstrip("]")
    except OSError:
        namespace = ""
    machine = _text(MACHINE_ID) or _network_card()
    boot = _text(PROC / "sys/kernel/random/boot_id")
    return Owner(
        _digest(f"{os.uname().nodename} {machine}"), _digest(boot) if boot else "", namespace, pid, _start_of(pid) or ""
    )


def fate(owner: Owner, made: float, own: Owner | None = None) -> Fate:
    """Return whether a hythe still runs, as far as `own`, by default this process, can tell.

    `made` is when the owner made what bears its mark, in seconds since the epoch. It can be told of the own machine
    and PID namespace alone; of any other nothing is known.
    """
    own = own or this_process()
    if owner.machine != own.machine:
        return "unknown"
    if owner.boot != own.boot:
        return "gone" if _before_start(owner, own, made) else "unknown"
    if owner.namespace != own.namespace:
        return "unknown"
    try:
        os.kill(owner.pid, 0)
    except (ProcessLookupError, OverflowError):
        return "gone"
    except PermissionError:
        pass  # it is somebody else's
    started = _start_of(owner.pid)
    return "gone" if started is not None and owner.start and started != owner.start else "alive"


def _before_start(owner: Owner, own: Owner, made: float) -> bool:
    """Whether it was this very machine, before it was started the last time: another may bear its name and its id.

    Containers of one image often do; a machine that was copied may too, and then what it made lately tells.
    """
    if not owner.boot or not own.boot or not owner.namespace == own.namespace == FIRST_NAMESPACE:
        return False
    started = next((line[6:] for line in _text(PROC / "stat").splitlines() if line.startswith("btime ")), "")
    return started.isdecimal() and 0 < made < int(started)


def _start_of(pid: int) -> str | None:
    """When a process began, in ticks since the machine's start; None where that can't be read."""
    words = _text(PROC / str(pid) / "stat").rpartition(")")[2].split()
    return words[19] if len(words) > 19 else None


def _network_card() -> str:
    import uuid  # most machines have an id

    return f"{uuid.getnode():x}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _digest(text: str) -> str:
    return hashlib.sha256(f"hythe {text}".encode()).hexdigest()[:DIGITS]
