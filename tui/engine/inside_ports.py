"""Which ports a container's processes listen on, read from /proc where the daemon is of this machine."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tui.engine.endpoint import Endpoint
from tui.engine.host_ports import MOST_BYTES, parse_sockets
from tui.model.surroundings import Listening, Surroundings

PROC = Path("/proc")
_STATES = {"tcp": "0A", "udp": "07"}


def listening(endpoint: Endpoint, container: str, around: Surroundings, proc: Path = PROC) -> Listening:
    """Return who listens in a container, or why that can't be told. It reads files: call it in a thread.

    The API has nothing for it, and an archive of the container's /proc is empty. The daemon may be another machine's,
    where another process has the number: a process is the container's only if the kernel names the container's ID.
    """
    if around.status != "running":
        return Listening(problem=f"it is {around.status}" if around.status else "it does not run")
    if endpoint.socket_path is None:
        return Listening(problem="the daemon is on another machine")
    folder = proc / str(around.pid)
    try:
        if around.pid <= 0 or container not in _cgroup(folder):
            return Listening(problem="its process is not one of this machine")
        texts = {name: _read(folder / "net" / name) for name in ("tcp", "udp")}
        for name in ("tcp6", "udp6"):
            with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6
                texts[name] = _read(folder / "net" / name)
    except OSError as error:  # it may end at any of them
        return Listening(problem=f"{error.filename or folder}: {error.strerror}")
    found = [
        (socket.protocol, socket.port, socket.ip)
        for name, text in texts.items()
        for socket in parse_sockets(text, name[:3], _STATES[name[:3]])
    ]
    return Listening(tuple(sorted(set(found))))


def _cgroup(folder: Path) -> str:
    try:
        return (folder / "cgroup").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(MOST_BYTES).decode("ascii", "replace")
