"""What is measured, and against what: hythe, the demo engine in a process of its own, docker, and peers."""

from __future__ import annotations

import compileall
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ptyharness import PtyApp

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
HYTHE = (PYTHON, "-m", "tui")
IMPORTS = (PYTHON, "-c", "import textual.app, aiohttp")
"""The reference for what no program on these libraries can go below."""

PEERS: Mapping[str, tuple[str, ...]] = {
    "lazydocker": ("lazydocker",),
    "dtop": ("dtop",),
    "ctop": ("ctop",),
    "oxker": ("oxker",),
    "docksurf": ("docksurf",),
}


def docker() -> str | None:
    """The docker CLI: HYTHE_TEST_DOCKER_CLI, or the one on the PATH."""
    return os.environ.get("HYTHE_TEST_DOCKER_CLI") or shutil.which("docker")


def peers() -> dict[str, tuple[str, ...]]:
    """The commands of the other dashboards that are installed here."""
    return {name: command for name, command in PEERS.items() if shutil.which(command[0])}


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True)
class Daemon:
    """A demo engine that serves `count` containers."""

    socket: str
    pid: int
    count: int

    @property
    def env(self) -> dict[str, str]:
        """What makes a program speak to it, with a home of its own."""
        return {"DOCKER_HOST": f"unix://{self.socket}", "HOME": str(Path(self.socket).parent), "HYTHE_CONFIG": ""}

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Send a request; returns the decoded answer, None for an empty one. RuntimeError for a refusal."""
        connection = _Connection(self.socket)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]!r}")
            return json.loads(text) if text.strip() else None
        finally:
            connection.close()

    def hythe(self, *arguments: str, **options: Any) -> PtyApp:
        """Start hythe on it; options are those of PtyApp."""
        env = self.env | dict(options.pop("env", {}))
        return PtyApp([*HYTHE, *arguments], env=env, folder=ROOT, **options)

    def lines(self, path: str, opened: Callable[[], object] = lambda: None) -> Iterator[bytes]:
        """The lines of a streamed answer, as they come; `opened` is called once it has begun."""
        connection = _Connection(self.socket)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            opened()
            while line := answer.readline():
                yield line
        finally:
            connection.close()


@contextmanager
def demo(count: int, rate: float = 0.0, images: int = 0) -> Iterator[Daemon]:
    """A demo engine in a process of its own, with so many containers, images and events a second.

    hythe is compiled first, as an installed one is: else, where Python may not write what it compiled, each start
    would do it again.
    """
    for package in ("tui", "widgets", "themes"):
        compileall.compile_dir(ROOT / package, quiet=1)
    folder = Path(tempfile.mkdtemp(prefix="hythe-bench-", dir="/tmp"))
    path = folder / "docker.sock"
    command = [*HYTHE, "demo", "--socket", str(path), "--containers", str(count), "--events-per-second", str(rate)]
    if images:
        command += ["--images", str(images)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if str(path) not in process.stdout.readline():
            raise RuntimeError("the demo engine did not start")
        yield Daemon(str(path), process.pid, count)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


def listening(path: str) -> socket.socket:
    """A unix socket that listens."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(64)
    return server


def connected(path: str) -> socket.socket:
    """A connection to a unix socket."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    return client
