"""Probes of many hosts: side by side, bounded, none held up by others, and each failure in words."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tui.engine import probe as module
from tui.engine.endpoint import Endpoint
from tui.engine.probe import Probing, probe
from tui.model.hosts import Probe
from virtual_time import run_virtually

Answer = Callable[[bytes], bytes | None]


@asynccontextmanager
async def daemon(folder: Path, answer: Answer) -> AsyncIterator[Endpoint]:
    """A server that answers each request by its first line with what `answer` says; None: never."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                said = answer(head.split(b"\r\n", 1)[0])
                if said is None:
                    await asyncio.Event().wait()
                writer.write(said or b"")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, folder / "d.sock")
    try:
        yield Endpoint(f"unix://{folder}/d.sock", "test")
    finally:
        server.close()


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def engine(version: bytes, *headers: str) -> Answer:
    return lambda line: http(200, b"OK", *headers) if b"_ping" in line else version


DOCKER = ("Api-Version: 1.51", "Server: Docker/28.5.2 (linux)")
PODMAN = ("Api-Version: 1.41", "Libpod-Api-Version: 4.3.1", "Server: Libpod/4.3.1 (linux)")
PODMAN_VERSION = b'{"Version": "4.3.1", "ApiVersion": "1.41"}'
VERSION = b'{"Version": "28.5.2+dfsg4", "ApiVersion": "1.51"}'


@pytest.mark.parametrize(
    ("answer", "state", "engine_name", "api", "reason"),
    [
        (engine(http(200, VERSION), *DOCKER), "answers", "28.5.2+dfsg4", "1.51", ""),
        (engine(http(403, b'{"message": "no"}'), *DOCKER), "answers", "28.5.2", "1.51", ""),
        (engine(http(200, b"<html>"), *DOCKER), "answers", "28.5.2", "1.51", ""),
        (engine(http(200, PODMAN_VERSION), *PODMAN), "answers", "Podman 4.3.1", "1.41", ""),
        (engine(b"", "Server: nginx"), "not an engine", "", "", "without an API version"),
        (engine(b"", "Api-Version: 1.24"), "not an engine|version", "", "", r"1\.41"),
        (lambda _: b"SSH-2.0-OpenSSH_9.9\r\n", "not an engine", "", "", "not an engine"),
        (lambda _: None, "timed out", "", "", "no answer"),
    ],
    ids=["engine", "version-refused", "version-html", "podman", "web-server", "too-old", "other-protocol", "silent"],
)  # fmt: skip
async def test_what_hosts_say(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch,
    answer: Answer, state: str, engine_name: str, api: str, reason: str,
) -> None:  # fmt: skip
    monkeypatch.setitem(module.SECONDS, "unix", 0.2 if state == "timed out" else 60.0)
    async with daemon(short_tmp, answer) as endpoint:
        found = await probe(endpoint)
    assert re.fullmatch(state, found.state)
    assert (found.engine, found.api) == (engine_name, api)
    assert re.search(reason, found.reason)
    assert (found.seconds is not None) == (state == "answers")
    assert found.at > 0


async def test_hosts_that_are_not_there(short_tmp: Path) -> None:
    gone = await probe(Endpoint(f"unix://{short_tmp}/none.sock", "test"))
    assert (gone.state, gone.reason) == ("no socket", "no socket: No such file or directory")
    assert "running" in gone.hint
    refused = await probe(Endpoint("tcp://127.0.0.1:1", "test"))
    assert (refused.state, bool(refused.hint)) == ("refused", True)
    long = await probe(Endpoint(f"unix:///{'x' * 300}", "test"))
    assert long.state == "unreachable"


class Hosts:
    """Hosts that answer after so many seconds each; it counts those that are asked at once and the order of answers."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds
        self.now = self.most = 0
        self.answered: dict[str, float] = {}

    async def ask(self, endpoint: Endpoint) -> Probe:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.seconds[endpoint.url])
        finally:
            self.now -= 1
        return Probe("answers")

    async def probe_all(self, probing: Probing) -> None:
        """Ask all, and wait for the last."""
        start = asyncio.get_running_loop().time()
        all_there = asyncio.Event()

        def done(key: str, _result: Probe) -> None:
            self.answered[key] = asyncio.get_running_loop().time() - start
            if len(self.answered) == len(self.seconds):
                all_there.set()

        for url in self.seconds:
            probing.start(url, Endpoint(url, "test"), done)
        assert probing.keys == frozenset(self.seconds)
        await all_there.wait()
        assert not probing.keys


def test_dead_hosts_hold_up_a_quick_one_for_no_longer_than_the_patience() -> None:
    hosts = Hosts({f"tcp://dead{number}": 8.0 for number in range(40)} | {"tcp://quick": 0.001})

    async def main() -> None:
        await hosts.probe_all(Probing(hosts.ask, at_once=16, patience=1.0))

    run_virtually(main())
    assert hosts.answered["tcp://quick"] == pytest.approx(2.001)
    assert max(hosts.answered.values()) == pytest.approx(10.0)


def test_quick_hosts_are_asked_so_many_at_once() -> None:
    hosts = Hosts({f"tcp://{number}": 0.5 for number in range(40)})

    async def main() -> None:
        await hosts.probe_all(Probing(hosts.ask, at_once=16, patience=1.0))

    run_virtually(main())
    assert hosts.most == 16


def test_ssh_has_fewer_and_holds_up_nobody_else() -> None:
    slow = {f"ssh://{number}": 10.0 for number in range(6)}
    hosts = Hosts(slow | {f"tcp://{number}": 0.1 for number in range(3)})

    async def main() -> None:
        await hosts.probe_all(Probing(hosts.ask, at_once=16, ssh_at_once=4, patience=1.0))

    run_virtually(main())
    assert hosts.most == 7
    assert all(took < 0.2 for url, took in hosts.answered.items() if url.startswith("tcp"))
    assert max(hosts.answered.values()) == pytest.approx(20.0)


def test_one_that_is_asked_is_not_asked_again_and_can_be_forgotten() -> None:
    hosts = Hosts({"tcp://slow": 5.0, "tcp://other": 5.0})
    told: list[str] = []

    async def main() -> None:
        probing = Probing(hosts.ask)
        for _ in range(3):
            probing.start("tcp://slow", Endpoint("tcp://slow", "test"), lambda key, _result: told.append(key))
        probing.start("tcp://other", Endpoint("tcp://other", "test"), lambda key, _result: told.append(key))
        await asyncio.sleep(1)
        assert hosts.now == 2
        probing.forget("tcp://slow")
        assert probing.keys == {"tcp://other"}
        await asyncio.sleep(1)
        assert hosts.now == 1
        await asyncio.sleep(9)
        assert told == ["tcp://other"]
        probing.start("tcp://slow", Endpoint("tcp://slow", "test"), lambda key, _result: told.append(key))
        await asyncio.sleep(0)
        await probing.close()
        assert hosts.now == 0
        assert told == ["tcp://other"]

    run_virtually(main())
