"""An sshd of OpenSSH on a port of the loopback, with keys and an ssh configuration of its own, for tests of ssh."""

import getpass
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ALIAS = "hythe-test"
"""The host's name in the ssh configuration: `ssh://hythe-test`."""


def find_sshd() -> str | None:
    """The path of sshd, which is mostly on no user's PATH, or None."""
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin")


@dataclass(frozen=True)
class SshServer:
    """`folder` holds the client's configuration (`ssh_config`), keys and `known_hosts`, and a `bin` with its ssh."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"ssh://{ALIAS}"

    @property
    def path(self) -> str:
        """A PATH on which `ssh` reads this server's configuration instead of the user's own."""
        return f"{self.folder / 'bin'}:{os.environ.get('PATH', '')}"

    def log(self) -> str:
        return (self.folder / "sshd.log").read_text(errors="replace")

    def connections(self) -> int:
        """How many TCP connections it has accepted so far."""
        return len(re.findall(r"^Connection from ", self.log(), re.MULTILINE))

    def configure(self, *lines: str) -> None:
        """Append lines to what the client's configuration says of the host."""
        with (self.folder / "ssh_config").open("a") as file:
            file.writelines(f"    {line}\n" for line in lines)


@contextmanager
def ssh_server(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[SshServer]:
    """Run an sshd with more `options`, whose sessions have this `environment` besides."""
    sshd = find_sshd()
    assert sshd is not None
    for name in ("host_key", "id_test"):
        make_key(folder / name)
    (folder / "authorized_keys").write_text((folder / "id_test.pub").read_text())
    port = _free_port()
    _write_configuration(folder, port, options, environment or {})
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd of Debian locks up what it does not trust
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen([sshd, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log)
    try:
        _wait_until_listening(process, folder / "sshd.log")
        yield SshServer(folder, port)
    finally:
        process.terminate()
        process.wait(timeout=10)


def make_key(path: Path, passphrase: str = "") -> None:
    """Make a key, and its public half in `path` with .pub behind it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)], check=True)


def ssh_of(parent: int) -> int:
    """Return the process of the ssh that `parent` keeps."""
    return next(child.pid for child in psutil.Process(parent).children() if "-N" in child.cmdline())


def left_in(folder: Path) -> list[Path]:
    """Return what is in a folder."""
    return list(folder.iterdir())


def _write_configuration(folder: Path, port: int, options: tuple[str, ...], environment: Mapping[str, str]) -> None:
    own = [f"{name}={value}" for name, value in environment.items()]
    lines = [
        *options,  # sshd takes the first that is said of anything
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder / 'host_key'}", "PidFile none",
        f"AuthorizedKeysFile {folder / 'authorized_keys'}", "StrictModes no", "PermitRootLogin yes",
        "PasswordAuthentication no", "KbdInteractiveAuthentication no", "UsePAM no", "LogLevel VERBOSE",
        *([f"SetEnv {' '.join(own)}"] if own else []),
    ]  # fmt: skip
    (folder / "sshd_config").write_text("\n".join([*lines, ""]))
    host_key = (folder / "host_key.pub").read_text().split()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key[0]} {host_key[1]}\n")
    (folder / "ssh_config").write_text(
        f"Host {ALIAS}\n    HostName 127.0.0.1\n    Port {port}\n    User {getpass.getuser()}\n"
        f"    IdentityFile {folder / 'id_test'}\n    IdentitiesOnly yes\n    IdentityAgent none\n"
        f"    UserKnownHostsFile {folder / 'known_hosts'}\n    GlobalKnownHostsFile none\n"
    )
    programs = folder / "bin"
    programs.mkdir()
    wrapper = programs / "ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder / "ssh_config"} "$@"\n')
    wrapper.chmod(0o755)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_listening(process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for its word of it: a connection to try would be counted with those of the test."""
    end = time.monotonic() + 20
    while "Server listening on" not in (said := log.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"sshd did not start: {said}")
        time.sleep(0.02)
