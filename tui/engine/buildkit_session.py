"""The session of a BuildKit build: while it runs, the daemon asks us for secrets, logins, ssh agents and files.

`POST /session` with an upgrade to h2c turns the roles round: we are the gRPC server. Services: the proto files under
session/ of github.com/moby/buildkit. Deprecated from API 1.53 on; nothing outside this module depends on it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from multidict import CIMultiDict

from tui.engine.credentials import CredentialsError, DockerLogins
from tui.engine.errors import EngineError
from tui.engine.hijack import Hijacked
from tui.engine.transport import Transport
from tui.model.build_sources import AgentSource, SecretSource
from tui.wire.grpc import GrpcConnection, Method, unary
from tui.wire.grpc_call import NOT_FOUND, UNAVAILABLE, Call, GrpcError, LineEnded, frame
from tui.wire.protowire import bytes_field, first_bytes, number_field

MOST_SECRET: Final = 500 << 10
"""Bytes of the largest secret, as buildx has it."""

_HEALTH: Final = "/grpc.health.v1.Health/Check"
_LOGIN: Final = "/moby.filesync.v1.Auth/Credentials"
_SECRET: Final = "/moby.buildkit.secrets.v1.Secrets/GetSecret"
_CHECK_AGENT: Final = "/moby.sshforward.v1.SSH/CheckAgent"
_FORWARD_AGENT: Final = "/moby.sshforward.v1.SSH/ForwardAgent"
_SERVING: Final = 1
_AGENT_PIECE: Final = 32 << 10


class SecretError(ValueError):
    """A secret that cannot be had; the message names its source, never its value."""


def read_secret(source: SecretSource, folder: str = "") -> bytes:
    """Returns a secret's value; a file's path counts from `folder`.

    Raises SecretError.
    """
    if source.kind == "env":
        value = os.environb.get(os.fsencode(source.place))
        if value is None:
            raise SecretError(f"the environment has no variable {source.place}")
        data = value
    else:
        path = os.path.join(folder, os.path.expanduser(source.place))
        try:
            with open(path, "rb") as file:
                data = file.read(MOST_SECRET + 1)
        except (OSError, ValueError) as error:
            raise SecretError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > MOST_SECRET:
        raise SecretError(f"the secret {source.id} has more than {MOST_SECRET >> 10} kB")
    return data


def agent_socket(source: AgentSource) -> str:
    """Returns the path of an agent's socket. Raises SecretError where there is none."""
    path = os.path.expanduser(source.socket) or os.environ.get("SSH_AUTH_SOCK", "")
    if not path:
        raise SecretError("no ssh agent: SSH_AUTH_SOCK is not set; start one with ssh-agent, and ssh-add your key")
    if not os.path.exists(path):
        raise SecretError(f"no ssh agent listens at {path}")
    return path


class BuildSession:
    """What one build may ask for. `methods` are further services, by their gRPC path, such as the files'.

    `secrets` are read when they are asked for, and kept nowhere.
    """

    def __init__(
        self,
        *,
        secrets_by_id: Mapping[str, SecretSource] | None = None,
        agents: Sequence[AgentSource] = (),
        folder: str = "",
        logins: DockerLogins | None = None,
        methods: Mapping[str, Method] | None = None,
    ) -> None:
        self.id = secrets.token_hex(13)[:25]
        self.failure: Exception | None = None
        """What went wrong on our side and is not in the daemon's words."""
        self._secrets = dict(secrets_by_id or {})
        self._agents = {agent.id: agent for agent in agents}
        self._folder = folder
        self._logins = logins
        offered: dict[str, Method] = {_HEALTH: unary(_health)}
        if logins is not None:
            offered[_LOGIN] = unary(self._login)
        if self._secrets:
            offered[_SECRET] = unary(self._secret)
        if self._agents:
            offered |= {_CHECK_AGENT: unary(self._check_agent), _FORWARD_AGENT: self._forward_agent}
        self._methods = offered | dict(methods or {})

    @asynccontextmanager
    async def open(self, transport: Transport, *, name: str = "", key: str = "") -> AsyncGenerator[None]:
        """Serve the session while this is entered.

        Builds whose sessions have the same `name` and `key` share the files that were sent already.

        Raises:
            EngineError: the daemon has no session, or does not answer.
        """
        headers = CIMultiDict[str]()
        headers["X-Docker-Expose-Session-Uuid"] = self.id
        headers["X-Docker-Expose-Session-Name"] = name
        headers["X-Docker-Expose-Session-Sharedkey"] = key
        for method in self._methods:
            headers.add("X-Docker-Expose-Session-Grpc-Method", method)
        async with transport.hijack("POST", "/session", upgrade="h2c", headers=headers) as line:
            serving = asyncio.create_task(self._serve(line))
            try:
                yield
            finally:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)

    async def _serve(self, line: Hijacked) -> None:
        try:
            await GrpcConnection(line, self._methods).run()
        except (EngineError, LineEnded) as error:
            self.failure = self.failure or error

    # what is asked

    async def _login(self, message: bytes, _call: Call) -> bytes:
        host = first_bytes(message, 1).decode("utf-8", "replace")
        try:
            found = await self._logins.usable(host) if self._logins is not None else None
        except CredentialsError as error:
            self.failure = error
            raise GrpcError(UNAVAILABLE, str(error)) from error
        if found is None:
            return b""
        return bytes_field(1, found.username) + bytes_field(2, found.secret)

    async def _secret(self, message: bytes, _call: Call) -> bytes:
        id = first_bytes(message, 1).decode("utf-8", "replace")
        source = self._secrets.get(id)
        if source is None:
            raise GrpcError(NOT_FOUND, f"secret {id}: not found")
        try:
            return bytes_field(1, await asyncio.to_thread(read_secret, source, self._folder))
        except SecretError as error:
            self.failure = error
            raise GrpcError(UNAVAILABLE, str(error)) from error

    async def _check_agent(self, message: bytes, _call: Call) -> bytes:
        self._socket_of(first_bytes(message, 1).decode("utf-8", "replace"))
        return b""

    def _socket_of(self, id: str) -> str:
        agent = self._agents.get(id or "default")
        if agent is None:
            raise GrpcError(NOT_FOUND, f"the build was given no ssh agent {id or 'default'}")
        try:
            return agent_socket(agent)
        except SecretError as error:
            self.failure = error
            raise GrpcError(UNAVAILABLE, str(error)) from error

    async def _forward_agent(self, call: Call) -> None:
        """Pass bytes between the build and the agent until either side ends."""
        path = self._socket_of(next(iter(call.option("buildkit.ssh.id")), ""))
        try:
            reader, writer = await asyncio.open_unix_connection(path)
        except OSError as error:
            raise GrpcError(UNAVAILABLE, f"the ssh agent at {path}: {error.strerror}") from error
        try:
            await _first_of(_to_agent(call, writer), _from_agent(reader, call))
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _health(_message: bytes, _call: Call) -> bytes:
    return number_field(1, _SERVING)


async def _to_agent(call: Call, writer: asyncio.StreamWriter) -> None:
    while (message := await call.receive()) is not None:
        writer.write(first_bytes(message, 1))
        await writer.drain()


async def _from_agent(reader: asyncio.StreamReader, call: Call) -> None:
    while data := await reader.read(_AGENT_PIECE):
        await call.send(frame(bytes_field(1, data)))


async def _first_of(*works: Coroutine[object, object, None]) -> None:
    """Run works side by side until one of them has ended, and cancel the others."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            with suppress(OSError):  # the agent has gone: that ends it as well
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def secrets_by_id(sources: Iterable[SecretSource]) -> dict[str, SecretSource]:
    """Return the sources by their id; of two with the same one, the last counts."""
    return {source.id: source for source in sources}
