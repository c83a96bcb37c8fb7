"""Asks a host whether it answers, how quickly, and what it runs; many side by side, and no slow one delays another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec

from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, ConnectionFailed, ConnectionLost, EngineError, MalformedAnswer
from tui.model.hosts import ANSWERS, UNUSABLE, Probe
from tui.model.system import Ping

SECONDS = {"unix": 4.0, "ssh": 20.0}
"""How long a host is waited for, by the scheme of its URL; seconds."""
OTHER_SECONDS = 8.0

Prober = Callable[[Endpoint], Awaitable[Probe]]


async def probe(endpoint: Endpoint) -> Probe:
    """Return what the host at `endpoint` says, or why it does not. Never raises an EngineError."""
    seconds = SECONDS.get(urlsplit(endpoint.url).scheme, OTHER_SECONDS)
    try:
        async with asyncio.timeout(seconds):
            found = await _ask(endpoint)
    except TimeoutError:
        hint = "the daemon hangs, or a firewall drops the packets"
        found = Probe("timed out", reason=f"no answer within {seconds:g} s", hint=hint)
    except EngineError as error:
        found = Probe(_state(error), reason=str(error), hint=error.hint)
    return msgspec.structs.replace(found, at=time.monotonic())


async def _ask(endpoint: Endpoint) -> Probe:
    engine = Engine(endpoint, read_only=True)
    try:
        ping = await engine.connect()
        took: list[float] = []
        for _ in range(2):  # the connection is there by now; the better of two, since this program is busy too
            start = time.perf_counter()
            await engine.ping(OTHER_SECONDS)
            took.append(time.perf_counter() - start)
        return Probe(ANSWERS, await _version(engine, ping), ping.api_version, min(took))
    finally:
        await engine.close()


async def _version(engine: Engine, ping: Ping) -> str:
    """The engine's version; who may not ask for it still has the Server header: Docker/28.5.2 (linux)."""
    try:
        version = (await engine.version()).version
    except (ApiError, MalformedAnswer):
        version = ping.server.partition("/")[2].partition(" ")[0]
    return f"Podman {version}" if ping.is_podman else version


def _state(error: EngineError) -> str:
    if isinstance(error, ConnectionFailed):
        return error.kind
    return "broken off" if isinstance(error, ConnectionLost) else UNUSABLE


class Probing:
    """Probes under way: at most `at_once` are begun together, and who has waited for `patience` seconds makes room.

    So a few dead hosts hold up nobody for longer than that, and a thousand hosts do not open a thousand connections
    in the same moment. ssh starts a process each, and has its own, smaller number.
    """

    def __init__(
        self, prober: Prober = probe, *, at_once: int = 16, ssh_at_once: int = 4, patience: float = 1.0
    ) -> None:
        self._prober = prober
        self._slots = asyncio.Semaphore(at_once)
        self._ssh_slots = asyncio.Semaphore(ssh_at_once)
        self._patience = patience
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the hosts that are being asked."""
        return frozenset(self._tasks)

    def start(self, key: str, endpoint: Endpoint, done: Callable[[str, Probe], object]) -> None:
        """Ask a host and tell `done`, unless it is being asked already."""
        if key not in self._tasks:
            task = self._tasks[key] = asyncio.create_task(self._run(key, endpoint, done))
            task.add_done_callback(lambda task: self._tasks.pop(key, None) if self._tasks.get(key) is task else None)

    def forget(self, key: str) -> None:
        """Ask a host no longer: it is another one now, or gone."""
        if (task := self._tasks.pop(key, None)) is not None:
            task.cancel()

    async def close(self) -> None:
        """End all that is under way."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: str, endpoint: Endpoint, done: Callable[[str, Probe], object]) -> None:
        is_ssh = endpoint.url.startswith("ssh://")
        slots, patience = (self._ssh_slots, None) if is_ssh else (self._slots, self._patience)
        async with slots:
            asked = asyncio.ensure_future(self._prober(endpoint))
            try:
                await asyncio.wait({asked}, timeout=patience)
            except asyncio.CancelledError:
                asked.cancel()
                raise
        try:
            found = await asked
        except asyncio.CancelledError:
            asked.cancel()
            raise
        self._tasks.pop(key, None)
        done(key, found)
