"""A daemon that sends events as fast as they are taken: `python tests/storm_daemon.py SOCKET CONTAINERS EVENTS`.

It speaks just enough of the Engine API for a feed, and is a process of its own, so that its work is not the feed's.
Once a client listens, `POST /storm` starts the storm: each event changes a container. Its answer, in JSON, comes when
the last event was written: `seconds`, and `waited`, the longest that the daemon had to wait for its reader.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
VERBS = (("start", "running"), ("die", "exited"), ("start", "running"), ("pause", "paused"), ("unpause", "running"))
BATCH = 50
"""Events that are written together: a Go daemon writes each by itself, and a busy socket joins them."""


@dataclass
class StormDaemon:
    """Containers, each with the state that its last event told."""

    containers: int
    events: int
    states: dict[str, str] = field(default_factory=dict[str, str])
    rows: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    listeners: list[asyncio.StreamWriter] = field(default_factory=list[asyncio.StreamWriter])

    def __post_init__(self) -> None:
        self.ids = [f"{number:064x}" for number in range(self.containers)]
        self.states = dict.fromkeys(self.ids, "created")

    def row(self, key: str) -> str:
        cached = self.rows.get(key)
        if cached is None or cached[0] != self.states[key]:
            cached = self.rows[key] = (self.states[key], json.dumps(self.listed(key)))
        return cached[1]

    def listed(self, key: str) -> dict[str, object]:
        state = self.states[key]
        text = {"running": "Up 1 second", "exited": "Exited (0) 1 second ago", "paused": "Up 1 second (Paused)"}
        labels = {"com.docker.compose.project": f"project{int(key, 16) % 40}", "com.docker.compose.service": "web"}
        return {
            "Id": key, "Names": [f"/name-{int(key, 16)}"], "Image": "registry.example.com/team/image:1.2.3",
            "ImageID": "sha256:" + "a" * 64, "Command": "sleep 1000", "Created": 1, "State": state,
            "Status": text.get(state, "Created"), "Labels": labels,
        }  # fmt: skip

    def inspect(self, key: str) -> dict[str, object]:
        return {
            "Id": key, "Name": f"/name-{int(key, 16)}", "Created": "2026-01-01T00:00:00Z",
            "State": {"Status": self.states[key], "ExitCode": 0}, "Config": {"Image": "image"},
        }  # fmt: skip

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, target, _ = head.split(b" ", 2)
                if b"Content-Length: " in head:
                    await reader.readexactly(int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]))
                path = target.decode().partition("?")[0]
                path = path if path == "/_ping" else "/" + path.split("/", 2)[2]
                if path == "/events":
                    writer.write(STREAM)
                    self.listeners.append(writer)
                else:
                    writer.write(PING if path == "/_ping" else await self.answer(method.decode(), path, target))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def answer(self, method: str, path: str, target: bytes) -> bytes:
        body: object = []
        if path == "/storm" and method == "POST":
            body = await self.storm()
        elif path == "/containers/json":
            wanted = [key for key in re.findall(r"[0-9a-f]{64}", target.decode()) if key in self.states]
            return _answer("[" + ",".join([self.row(key) for key in wanted or self.ids]) + "]")
        elif path.startswith("/containers/"):
            body = self.inspect(path.split("/")[2])
        elif path == "/volumes":
            body = {"Volumes": []}
        return _answer(json.dumps(body))

    async def storm(self) -> dict[str, float]:
        batches = [self.batch(range(start, min(start + BATCH, self.events))) for start in range(0, self.events, BATCH)]
        listener = self.listeners[-1]
        began, waited = time.monotonic(), 0.0
        for data, changes in batches:
            self.states |= changes
            listener.write(data)
            asked = time.monotonic()
            await listener.drain()
            waited = max(waited, time.monotonic() - asked)
        return {"seconds": time.monotonic() - began, "waited": waited, "ended": time.monotonic()}

    def batch(self, numbers: range) -> tuple[bytes, dict[str, str]]:
        lines: list[bytes] = []
        changes: dict[str, str] = {}
        for number in numbers:
            key = self.ids[number * 7919 % self.containers]
            verb, changes[key] = VERBS[number // self.containers % len(VERBS)]
            actor = {"ID": key, "Attributes": {"image": "registry.example.com/team/image:1.2.3", "name": "name"}}
            event = {
                "status": verb, "id": key, "from": "image", "Type": "container", "Action": verb, "Actor": actor,
                "scope": "local", "time": 1_700_000_000, "timeNano": 1_700_000_000_000_000_000 + number,
            }  # fmt: skip
            line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
            lines.append(b"%x\r\n%s\r\n" % (len(line), line))
        return b"".join(lines), changes


def _answer(text: str) -> bytes:
    data = text.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data)


@contextmanager
def storm_daemon(folder: Path, containers: int, events: int) -> Iterator[str]:
    """Run it in a process of its own, and give its socket."""
    path = folder / "storm.sock"
    process = subprocess.Popen(
        [sys.executable, __file__, str(path), str(containers), str(events)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield str(path)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


async def main(path: str, containers: int, events: int) -> None:
    daemon = StormDaemon(containers, events)
    server = await asyncio.start_unix_server(daemon.serve, path, limit=1 << 20)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
