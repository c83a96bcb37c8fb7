"""What the docker CLI sends as a build context: it is pointed at a daemon that takes the archive and builds nothing."""

import http.server
import io
import os
import socketserver
import subprocess
import tarfile
import threading
from pathlib import Path
from typing import cast

Entry = tuple[str, bytes, int, int, int, str, tuple[int, int], str]
"""Name, type, mode, size, time, link, device, capabilities."""


class CliDaemon(socketserver.ThreadingUnixStreamServer):
    """Listens on a unix socket as a classic builder; `archives` keeps the contexts that came, the last one last."""

    daemon_threads = True

    def __init__(self, socket: Path, docker: str) -> None:
        super().__init__(str(socket), _Handler)
        self.archives: list[bytes] = []
        self._socket = socket
        self._docker = docker
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    def __enter__(self) -> "CliDaemon":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def sent(self, folder: Path, *options: str) -> list[Entry] | str:
        """The entries of the context that `docker build` sends for a folder; where it sends none, what it says."""
        self.archives.clear()
        home = self._socket.parent
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "DOCKER_BUILDKIT": "0",
            "DOCKER_CONFIG": str(home),
        }
        ran = subprocess.run(
            [self._docker, "--host", f"unix://{self._socket}", "build", *options, str(folder)],
            env=environment,
            capture_output=True,
            check=False,
            timeout=60,
        )
        return entries(self.archives[-1]) if self.archives else ran.stderr.decode("utf-8", "replace")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Api-Version", "1.51")
        self.send_header("Builder-Version", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_GET(self) -> None:
        self._answer(b"{}")

    def do_POST(self) -> None:
        pieces: list[bytes] = []
        while length := int(self.rfile.readline().strip(), 16):
            pieces.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        cast("CliDaemon", self.server).archives.append(b"".join(pieces))
        self._answer(b'{"stream":"Successfully built abc\\n"}\n')


def entries(archive: bytes) -> list[Entry]:
    """The entries of an archive in its order, with all of them that reaches an image."""
    found: list[Entry] = []
    end = bytes(-len(archive) % 512 + 1024)  # the CLI leaves it out where it adds a Dockerfile from outside
    with tarfile.open(fileobj=io.BytesIO(archive + end), mode="r:") as tar:
        for member in tar:
            capability = member.pax_headers.get("SCHILY.xattr.security.capability", "")
            found.append(
                (
                    member.name,
                    member.type,
                    member.mode,
                    member.size,
                    int(member.mtime),
                    member.linkname,
                    (member.devmajor, member.devminor),
                    capability,
                )
            )
    return found
