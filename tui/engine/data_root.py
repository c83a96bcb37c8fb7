"""Where a daemon of this machine keeps its data, seen from here, and how much room its disk has. Linux's /proc."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

from tui.engine.endpoint import Endpoint
from tui.model.system import DiskSpace

PROC = Path("/proc")

DAEMONS = frozenset({"dockerd", "podman", "systemd"})
"""Who may have opened a daemon's socket: itself, or who starts it when it is first spoken to. A tunnel is neither."""


def disk_space(endpoint: Endpoint, folder: str, proc: Path = PROC) -> DiskSpace | None:
    """Return the room on the disk that holds `folder`, the daemon's `DockerRootDir`; None where it can't be known.

    The daemon may be elsewhere, at the end of a tunnel, or see other files under that name. It may wait for the disk:
    call it in a thread.
    """
    for path in own_paths(endpoint, folder, proc):
        try:
            found = os.statvfs(path)
        except OSError:
            continue  # only root may look through the daemon's eyes
        unit = found.f_frsize or found.f_bsize
        inodes = found.f_favail / found.f_files if found.f_files else 1.0
        return DiskSpace(folder, found.f_blocks * unit, found.f_bavail * unit, inodes)
    return None


def own_paths(endpoint: Endpoint, folder: str, proc: Path = PROC) -> list[str]:
    """Return the paths here that may lead to `folder` as the daemon sees it; none where it runs elsewhere."""
    pid = daemon_pid(endpoint, proc)
    if pid is None or not folder.startswith("/"):
        return []
    through_its_eyes = f"{proc}/{pid}/root{folder}"
    return [through_its_eyes, folder] if _sees_the_same(proc, pid) else [through_its_eyes]


def daemon_pid(endpoint: Endpoint, proc: Path = PROC) -> int | None:
    """Return the number of the process that opened the daemon's socket here, if it is one that opens such sockets."""
    if endpoint.socket_path is None:
        return None
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            line.connect(endpoint.socket_path)
            pid, _, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        name = (proc / str(pid) / "comm").read_text("utf-8", "replace").strip() if pid > 0 else ""
    except (OSError, ValueError, AttributeError):
        return None
    return pid if name in DAEMONS else None


def _sees_the_same(proc: Path, pid: int) -> bool:
    """Whether a process has the same files as this one, as far as may be known: who may not look has no reason to."""
    try:
        return os.readlink(proc / str(pid) / "ns/mnt") == os.readlink(proc / "self/ns/mnt")
    except PermissionError:
        return True
    except OSError:
        return False
