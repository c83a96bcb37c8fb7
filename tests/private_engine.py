"""A Docker Engine of a test's own, to be stopped, killed, frozen and started again; nobody else is connected to it.

It is made of the same unpacked binaries as the engines that the tests share: HYTHE_TEST_ENGINE_BIN names their folders
(separated as in PATH). It runs in a network namespace of its own, on data that is thrown away, and needs root.
"""

import http.client
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from engines import RealEngine, UnixHTTPConnection, engine_get

IMAGE = "busybox:latest"
BUSYBOX = Path("/bin/busybox")
PATIENCE_SECONDS = 60.0


def binary_folders() -> list[Path]:
    """The folders of HYTHE_TEST_ENGINE_BIN."""
    return [Path(each) for each in os.environ.get("HYTHE_TEST_ENGINE_BIN", "").split(os.pathsep) if each]


def why_not() -> str | None:
    """Why no private engine can be started here, or None."""
    folders = binary_folders()
    if not folders:
        return "no engine of one's own: HYTHE_TEST_ENGINE_BIN names no folder of binaries"
    if missing := [str(folder) for folder in folders if not (folder / "dockerd").exists()]:
        return f"no dockerd in {', '.join(missing)}"
    if os.geteuid() != 0:
        return "an engine of one's own needs root"
    if not BUSYBOX.exists() or shutil.which("unshare") is None:
        return "an engine of one's own needs /bin/busybox and unshare"
    return None


class PrivateEngine:
    """An engine whose daemon a test may do anything to. `binaries` is the folder with dockerd, containerd and runc."""

    def __init__(self, binaries: Path, folder: Path, arguments: Sequence[str] = ()) -> None:
        self.binaries = binaries
        self.folder = folder
        self.arguments = list(arguments)
        self.socket = str(folder / "docker.sock")
        self._process: subprocess.Popen[bytes] | None = None
        self._space: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """The value for DOCKER_HOST."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int:
        """The daemon's process ID."""
        assert self._process is not None, "the daemon does not run"
        return self._process.pid

    @property
    def space(self) -> int:
        """The process ID of what holds the engine's network namespace."""
        assert self._space is not None, "the engine was not started"
        return self._space.pid

    def start(self) -> float:
        """Start the daemon and wait until it answers; seconds of time.monotonic() at that moment."""
        if self._space is None:
            # the namespace outlives the daemon, as a machine's network does
            hold = "/bin/busybox ip link set lo up; echo; exec /bin/busybox sleep 1000000"
            self._space = subprocess.Popen(["unshare", "--net", "sh", "-c", hold], stdout=subprocess.PIPE)
            assert self._space.stdout is not None
            self._space.stdout.readline()
        command = [
            "nsenter", f"--net=/proc/{self._space.pid}/ns/net", "dockerd", "--data-root", str(self.folder / "data"),
            "--exec-root", str(self.folder / "exec"), "-p", str(self.folder / "pid"), "-H", self.host, *self.arguments,
        ]  # fmt: skip
        environment = os.environ | {"PATH": f"{self.binaries}:{os.environ['PATH']}"}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            with suppress(OSError, http.client.HTTPException, RuntimeError):
                engine_get(self.socket, "/version")
                return time.monotonic()
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"dockerd did not start: {self.log_tail()}")

    def log_tail(self) -> str:
        """The last lines of the daemon's log."""
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def inside(self, *command: str) -> list[str]:
        """The command line that runs a command in the engine's network."""
        assert self._space is not None
        return ["nsenter", f"--net=/proc/{self._space.pid}/ns/net", *command]

    def stop(self) -> None:
        """Stop the daemon as an operator does, and wait for its end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the daemon; the socket's file is left over."""
        self._end(signal.SIGKILL)
        # its containerd dies with it; where no init buries the dead, the next daemon takes it for alive and waits
        for left in self.folder.glob("exec/containerd/*.pid"):
            until = time.monotonic() + 5
            while time.monotonic() < until and not _is_dead(left.read_text()):
                time.sleep(0.01)
            if _is_dead(left.read_text()):
                left.unlink()

    def freeze(self) -> None:
        """Let the daemon do nothing at all."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the daemon go on."""
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(timeout=PATIENCE_SECONDS)

    def import_image(self) -> None:
        """Give it the image busybox:latest, of one static program and its names."""
        archive = self.folder / "busybox.tar"
        applets = subprocess.run([str(BUSYBOX), "--list"], capture_output=True, text=True, check=True).stdout.split()
        with tarfile.open(archive, "w") as tar:
            for name in ("bin", "dev", "etc", "proc", "root", "sys", "tmp", "var"):
                info = tarfile.TarInfo(name)
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
            tar.add(BUSYBOX, "bin/busybox")
            for applet in applets:
                if applet != "busybox":
                    info = tarfile.TarInfo(f"bin/{applet}")
                    info.type, info.linkname = tarfile.SYMTYPE, "busybox"
                    tar.addfile(info)
        connection = UnixHTTPConnection(self.socket, 30)
        target = f"/images/create?fromSrc=-&repo={IMAGE.partition(':')[0]}&tag=latest&changes=CMD%20%5B%22sh%22%5D"
        with archive.open("rb") as data:
            connection.request("POST", target, body=data, headers={"Content-Type": "application/x-tar"})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()
        connection.close()

    def describe(self) -> RealEngine:
        """What the tests know of a shared engine."""
        version = engine_get(self.socket, "/version")
        assert isinstance(version, dict)
        return RealEngine(self.socket, str(version["Version"]), str(version["ApiVersion"]))

    def close(self) -> None:
        """End everything that it started, and remove its data."""
        with suppress(RuntimeError, OSError, subprocess.TimeoutExpired):
            if self._process is None:
                self.start()  # a daemon that was killed left its containers running
            self.thaw()
            self._remove_containers()
            self.stop()
        self._end_left_over()
        if self._space is not None:
            self._space.kill()
            self._space.wait()
            assert self._space.stdout is not None
            self._space.stdout.close()
        for mount in sorted(self._mounts(), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _remove_containers(self) -> None:
        """Remove them at once: a daemon that ends gives each of them ten seconds to end by itself."""
        containers = engine_get(self.socket, "/containers/json?all=1")
        assert isinstance(containers, list)
        for container in cast("list[dict[str, str]]", containers):
            connection = UnixHTTPConnection(self.socket, 30)
            connection.request("DELETE", f"/containers/{container['Id']}?force=1&v=1")
            connection.getresponse().read()
            connection.close()

    def _mounts(self) -> list[str]:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        return [line.split()[4] for line in lines if line.split()[4].startswith(f"{self.folder}/")]

    def _end_left_over(self) -> None:
        """End the containerd and the shims that a killed daemon left: each names our own folder in its arguments."""
        until = time.monotonic() + 20
        while time.monotonic() < until and (left := self._left_over()):
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _left_over(self) -> list[int]:
        found: list[int] = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                ours = any(f"{self.folder}/".encode() in word for word in words)
                if ours and Path(os.fsdecode(words[0])).name.startswith(("containerd", "docker", "runc")):
                    found.append(int(process.name))
        return found


def _is_dead(pid: str) -> bool:
    try:
        return Path(f"/proc/{int(pid)}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, ValueError):
        return True


@contextmanager
def private_engine(binaries: Path, arguments: Sequence[str] = ()) -> Iterator[PrivateEngine]:
    """A running engine with the image busybox:latest, for as long as the block lasts."""
    # short, since a unix socket's path has 108 bytes at most
    engine = PrivateEngine(binaries, Path(tempfile.mkdtemp(prefix="hy-eng-", dir="/tmp")), arguments)
    try:
        engine.start()
        engine.import_image()
        yield engine
    finally:
        engine.close()
