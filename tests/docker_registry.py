"""The registry that Docker made, run by a test: with TLS, passwords or tokens, beside an engine of the test's own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from certificates import Certificates

USER, PASSWORD = "hythe", "U*U"
# bcrypt of PASSWORD: the first of the test vectors that its author published
HASH = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

Inside = Callable[..., list[str]]


@dataclass(frozen=True)
class DockerRegistry:
    """Where it listens, and how to end it."""

    host: str
    process: subprocess.Popen[bytes]


def find_registry(binaries: Path) -> Path | None:
    """The program, beside the engine's or on the PATH."""
    beside = binaries / "docker-registry"
    found = str(beside) if beside.exists() else shutil.which("docker-registry")
    return Path(found) if found else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def here(*command: str) -> list[str]:
    """Run in this network."""
    return list(command)


@contextmanager
def docker_registry(
    program: Path, folder: Path, *, inside: Inside = here, auth: str = "", tls: Certificates | None = None,
    token_port: int = 0,
) -> Iterator[DockerRegistry]:  # fmt: skip
    """Run one on data in `folder`. `auth` is htpasswd, token or nothing; `inside` wraps its command line."""
    host = f"127.0.0.1:{free_port()}"
    config = folder / f"registry-{host.rpartition(':')[2]}.yml"
    config.write_text("\n".join(_config(host, folder, auth, tls, token_port)) + "\n")
    environment = {"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"}
    with (folder / "registry.log").open("ab") as log:
        process = subprocess.Popen(
            inside(str(program), "serve", str(config)),
            stdout=log,
            stderr=log,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    try:
        _await_port(process, host, inside, folder / "registry.log")
        yield DockerRegistry(host, process)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _config(host: str, folder: Path, auth: str, tls: Certificates | None, token_port: int) -> Sequence[str]:
    lines = ["version: 0.1", "log: {level: warn}", "storage:", f"  filesystem: {{rootdirectory: {folder}/data}}",
             "  delete: {enabled: true}", "http:", f"  addr: {host}", "  secret: s"]  # fmt: skip
    if tls is not None:
        lines += ["  tls:", f"    certificate: {tls.root}/server.pem", f"    key: {tls.root}/server-key.pem"]
    if auth == "htpasswd":
        (folder / "htpasswd").write_text(f"{USER}:{HASH}\n")
        lines += ["auth:", "  htpasswd:", "    realm: test", f"    path: {folder}/htpasswd"]
    elif auth == "token":
        assert tls is not None
        lines += ["auth:", "  token:", f"    realm: http://127.0.0.1:{token_port}/token", "    service: test",
                  "    issuer: hythe-test", f"    rootcertbundle: {tls.root}/server.pem"]  # fmt: skip
    return lines


@contextmanager
def token_service(certificates: Certificates, *, inside: Inside = here) -> Iterator[int]:
    """Run a token service for such a registry, and give its port."""
    port = free_port()
    script = Path(__file__).with_name("token_service.py")
    command = inside(sys.executable, str(script), str(port), str(certificates.root), USER, PASSWORD)
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)
        assert process.stdout is not None
        process.stdout.close()


def _await_port(process: subprocess.Popen[bytes], host: str, inside: Inside, log: Path) -> None:
    address, _, port = host.rpartition(":")
    script = f"import socket; socket.create_connection(('{address}', {port}), 1).close()"
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            if not subprocess.run(inside(sys.executable, "-c", script), capture_output=True, timeout=5).returncode:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the registry did not start: {log.read_text(errors='replace')[-2000:]}")
