"""Which program of this machine has a port, in the network that the daemon publishes in. Linux's /proc, read only.

A daemon may live in a network of its own (a namespace, a container): its sockets are those that count, so they are
read where the daemon runs. Of a daemon without root, published ports are bound outside, by a helper of the same user.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import struct
from pathlib import Path

import msgspec

from tui.engine.endpoint import Endpoint

PROC = Path("/proc")
_LISTENING = {"tcp": "0A", "udp": "07"}
MOST_BYTES = 8 << 20


class Listener(msgspec.Struct, frozen=True):
    """A bound port; `program` is empty where the system does not say whose it is, as for those of other users."""

    protocol: str
    port: int
    ip: str
    inode: int = 0
    program: str = ""
    pid: int = 0

    @property
    def owner(self) -> str:
        """Who has it, in words."""
        return f"{self.program} (PID {self.pid})" if self.pid else "a program of this machine"


def listeners(endpoint: Endpoint) -> list[Listener]:
    """Return the bound ports of the daemon's machine, where that is this one and it tells; else none.

    It reads files and may take milliseconds: call it in a thread.
    """
    folder = _network_folder(endpoint)
    if folder is None:
        return []
    found: list[Listener] = []
    for protocol, states in _LISTENING.items():
        for name in (protocol, f"{protocol}6"):
            found += parse_sockets(_read(folder / name), protocol, states)
    return found


def with_program(listener: Listener) -> Listener:
    """Return the same with its program, where the system tells: it looks through the open files of every process."""
    wanted = f"socket:[{listener.inode}]"
    for process in PROC.iterdir():
        if not process.name.isdecimal():
            continue
        with contextlib.suppress(OSError):  # gone, or somebody else's
            for handle in (process / "fd").iterdir():
                if os.readlink(handle) == wanted:
                    name = (process / "comm").read_text("utf-8", "replace").strip()
                    return msgspec.structs.replace(listener, program=name, pid=int(process.name))
    return listener


def parse_sockets(text: str, protocol: str, state: str) -> list[Listener]:
    """Return the sockets in a state of a table such as /proc/net/tcp."""
    found: list[Listener] = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 10 or words[3] != state:
            continue
        address, _, port = words[1].partition(":")
        try:
            found.append(Listener(protocol, int(port, 16), _address(address), int(words[9])))
        except ValueError:
            continue
    return found


def _address(text: str) -> str:
    """An address as the kernel prints it: each four bytes as a number of this machine's byte order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    data = struct.pack(f"={len(words)}I", *words)
    address = ipaddress.ip_address(data)
    return str(getattr(address, "ipv4_mapped", None) or address)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES).decode("ascii", "replace")
    except OSError:
        return ""


def _network_folder(endpoint: Endpoint) -> Path | None:
    """The folder with the tables of the daemon's network, or None where it is not on this machine."""
    path = endpoint.socket_path
    if path is None or not (PROC / "self/net/tcp").exists():
        return None
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            line.connect(path)
            pid, user, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    except (OSError, ValueError):
        return None
    # a daemon in another PID namespace has no PID here (0): nothing is known of its network
    if pid <= 0:
        return None
    return PROC / ("self" if user != 0 else str(pid)) / "net"
