"""Which real Docker Engines a test run may use, and the docker CLI that goes with them."""

import http.client
import json
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import cast


@dataclass(frozen=True)
class RealEngine:
    """An engine that answered on a unix socket: the socket's path, and what GET /version says."""

    socket: str
    version: str
    api_version: str

    @property
    def host(self) -> str:
        """The value for DOCKER_HOST."""
        return f"unix://{self.socket}"


class UnixHTTPConnection(http.client.HTTPConnection):
    """The standard library's HTTP over a unix socket, for tests that must not lean on the client under test."""

    def __init__(self, path: str, timeout: float = 5.0) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def engine_get(path: str, target: str) -> object:
    """What GET *target* answers on the socket *path*, decoded.

    Raises:
        OSError: nothing answers there.
        RuntimeError: the answer is not a 2xx; carries its text.
    """
    connection = UnixHTTPConnection(path)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        body = response.read()
        if response.status // 100 != 2:
            raise RuntimeError(f"{target}: {response.status} {body[:500]!r}")
        return json.loads(body)
    finally:
        connection.close()


def engines_required() -> bool:
    """True when a missing engine is a failure rather than a skip."""
    return os.environ.get("HYTHE_REQUIRE_ENGINES", "") not in ("", "0")


def named_sockets() -> list[str]:
    """The socket paths of HYTHE_TEST_ENGINES, a comma-separated list of unix:// addresses."""
    names = [name.strip() for name in os.environ.get("HYTHE_TEST_ENGINES", "").split(",")]
    return [name.removeprefix("unix://") for name in names if name]


def real_engines() -> list[RealEngine]:
    """Every engine of HYTHE_TEST_ENGINES that answers.

    Raises:
        RuntimeError: engines are required and one does not answer, or none is named.
    """
    found: list[RealEngine] = []
    for path in named_sockets():
        try:
            version = engine_get(path, "/version")
        except (OSError, http.client.HTTPException) as error:
            if engines_required():
                raise RuntimeError(f"no engine answers at {path}: {error}") from error
            continue
        assert isinstance(version, dict)
        facts = cast("dict[str, str]", version)
        found.append(RealEngine(path, facts["Version"], facts["ApiVersion"]))
    if engines_required() and not found:
        raise RuntimeError("HYTHE_REQUIRE_ENGINES is set, but HYTHE_TEST_ENGINES names no engine")
    return found


def docker_cli() -> str | None:
    """The docker CLI of HYTHE_TEST_DOCKER_CLI, or the one on the PATH; None when there is none."""
    named = os.environ.get("HYTHE_TEST_DOCKER_CLI", "")
    if named:
        return named if Path(named).exists() else None
    return shutil.which("docker")
