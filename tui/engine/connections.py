"""The HTTP connections to one daemon, and the way through ssh: opened on first use, renewed when they may be dead."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from tui.engine.endpoint import Endpoint
from tui.engine.errors import ConnectionFailed, ConnectionLost, EngineError
from tui.engine.failures import connection_error
from tui.engine.tls import client_context

if TYPE_CHECKING:
    from tui.engine.ssh import SshTunnel
    from tui.engine.ssh_master import Asker

MOST_DEAR_READS = 4
"""Reads at a time where each connection is a process on the daemon's machine."""

CONNECT_TIMEOUT = 5.0

IDLE_SECONDS = 4.0
"""How long an unused connection is kept: the heartbeat takes them in turn, so that longer would keep them all."""


class Connections:
    """Connections to `endpoint`, lent for one request each. Make it inside a running event loop, and `close()` it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.base = "http://docker"
        """What URLs of the daemon begin with."""
        self._endpoint = endpoint
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        """The session, and the one for answers without chunks: see `Transport.stream`."""
        self._closed = False
        self._socket_file = _identity(endpoint.socket_path)
        self._users: Counter[aiohttp.ClientSession] = Counter()
        """How many requests each session has under way."""
        self._tunnel: SshTunnel | None = None
        if endpoint.ssh is not None:
            from tui.engine.ssh import SshTunnel  # the other ways do without

            self._tunnel = SshTunnel(endpoint.ssh)
        self._tunnel_path = ""
        self._turns = asyncio.Semaphore(MOST_DEAR_READS)
        if endpoint.socket_path is None and self._tunnel is None:
            address = endpoint.url.partition("://")[2]
            self.base = f"{'https' if endpoint.tls else 'http'}://{address}"

    async def close(self) -> None:
        """Close every session and each of its connections, and end its ssh."""
        self._closed = True
        await self.renew()
        for session in tuple(self._users):
            await session.close()
        if self._tunnel is not None:
            await self._tunnel.close()

    async def renew(self) -> None:
        """Use new connections from now on: the idle ones may be dead. What is under way keeps its own to the end."""
        sessions = tuple(self._sessions.values())
        self._sessions.clear()
        self._socket_file = _identity(self._endpoint.socket_path)
        for session in sessions:
            if session not in self._users:
                await session.close()

    def is_moved(self) -> bool:
        """Whether another socket has the endpoint's path by now: connections that are open lead to the former one."""
        now = _identity(self._endpoint.socket_path)
        return now is not None and self._socket_file is not None and now != self._socket_file

    # the way through ssh

    @property
    def remote_host(self) -> str:
        """The name or address by which the daemon's machine is reached, empty for this machine as far as known."""
        return (self._tunnel.hostname if self._tunnel is not None else "") or self._endpoint.remote_host

    @property
    def asks(self) -> bool:
        """Whether the way to the daemon needs an answer from a person: see `answer_questions`."""
        return self._tunnel is not None and self._tunnel.asks

    async def answer_questions(self, ask: Asker) -> None:
        """Connect through ssh, which may put its questions to the terminal. It does nothing for other transports.

        Raises:
            ConnectionFailed: the answers were not enough.
        """
        if self._tunnel is not None:
            await self._tunnel.open(ask)

    async def diagnose(self) -> None:
        """Find out why a daemon behind ssh said nothing; for other ways there is nothing to find out.

        Raises:
            ConnectionFailed: it is ssh that does not get through.
        """
        if self._tunnel is not None:
            await self._tunnel.diagnose()

    def failure(self, error: Exception) -> EngineError:
        """Return what to say of a request that got no answer."""
        if self._tunnel is not None and isinstance(error, aiohttp.ClientConnectorError):
            self._tunnel.broken()
            return ConnectionLost(self._endpoint.url, "ssh ended")  # that socket is on this machine
        return connection_error(self._endpoint, error)

    # for a request

    @asynccontextmanager
    async def turn(self, method: str) -> AsyncGenerator[None]:
        """Wait where connections are dear: few carry all reads. What may take long, as a write may, never waits."""
        if method != "GET" or self._tunnel is None or self._tunnel.mode != "stdio":
            yield
        else:
            async with self._turns:
                yield

    @asynccontextmanager
    async def lent(self, chunked: bool) -> AsyncGenerator[aiohttp.ClientSession]:
        """Lend a session; one that was replaced meanwhile is closed after its last request.

        Raises:
            EndpointError: the endpoint's TLS files can't be used.
            ConnectionFailed: ssh does not get through.
        """
        session = await self._ready(chunked)
        self._users[session] += 1
        try:
            yield session
        finally:
            self._users[session] -= 1
            if not self._users[session]:
                del self._users[session]
                if session is not self._sessions.get(chunked):
                    await session.close()

    async def _ready(self, chunked: bool) -> aiohttp.ClientSession:
        """Return a session, made on first use, and for ssh once the way is open."""
        if self._closed:
            raise ConnectionFailed(self._endpoint.url, "unreachable", "closed here")
        if self._tunnel is not None and (path := await self._tunnel.open()) != self._tunnel_path:
            self._tunnel_path = path
            await self.renew()
        session = self._sessions.get(chunked)
        if session is None:
            session = self._sessions[chunked] = aiohttp.ClientSession(
                connector=self._connector(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
                headers={"User-Agent": "hythe", "Accept-Encoding": "identity"},
                read_bufsize=1 << 20,
                version=aiohttp.HttpVersion11 if chunked else aiohttp.HttpVersion10,
            )
        return session

    def _connector(self) -> aiohttp.BaseConnector:
        if path := self._endpoint.socket_path or self._tunnel_path:
            return aiohttp.UnixConnector(path, limit=0, keepalive_timeout=IDLE_SECONDS)
        if (tls := self._endpoint.tls) is not None:
            return aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS, ssl=client_context(tls))
        return aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS)


def _identity(path: str | None) -> tuple[int, int, int] | None:
    """Return which file a path names, or None where there is none; an inode alone may soon be another file's."""
    try:
        found = os.stat(path) if path is not None else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_ctime_ns) if found else None
