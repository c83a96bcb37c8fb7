"""The session of a build: what the demo engine asks a client for, secrets, agents and files, as BuildKit does."""

import asyncio
import posixpath
from collections.abc import Callable, Mapping
from contextlib import suppress

from aiohttp import web

from tui.demo.api import Call, Router
from tui.demo.errors import ApiError
from tui.demo.filesync import receive, tree_of
from tui.demo.hijack import RawConnection
from tui.demo.layers import Node
from tui.demo.world import World
from tui.wire.grpc import GrpcConnection, Method
from tui.wire.grpc_call import NOT_FOUND, GrpcError, LineEnded
from tui.wire.protowire import bytes_field, first_bytes

_PREFIX = "X-Docker-Expose-Session-"
_SECRET = "/moby.buildkit.secrets.v1.Secrets/GetSecret"
_AGENT = "/moby.sshforward.v1.SSH/CheckAgent"


class ClientSession:
    """One client's session; `methods` are what it offers."""

    def __init__(self, methods: frozenset[str]) -> None:
        self._methods = methods
        self._client: GrpcConnection | None = None
        self._ready = asyncio.Event()

    def connect(self, client: GrpcConnection) -> None:
        """The line is there."""
        self._client = client
        self._ready.set()

    async def _line(self) -> GrpcConnection:
        await self._ready.wait()
        if self._client is None:
            raise GrpcError(14, "the session has no line")
        return self._client

    async def secret(self, id: str) -> bytes | None:
        """Return a secret, None where the client has none of that ID; raises GrpcError."""
        if _SECRET.lower() not in self._methods:
            return None
        try:
            return first_bytes(await (await self._line()).ask(_SECRET, bytes_field(1, id)), 1)
        except GrpcError as error:
            if error.code == NOT_FOUND:
                return None
            raise

    async def agent(self, id: str) -> bool:
        """Return whether the client gives an ssh agent; raises GrpcError."""
        if _AGENT.lower() not in self._methods:
            return False
        await (await self._line()).ask(_AGENT, bytes_field(1, id))
        return True

    async def files(self, name: str, **options: tuple[str, ...]) -> dict[str, Node]:
        """Return a folder's files; the options are those of a DiffCopy, with _ for -. Raises GrpcError."""
        given = {key.replace("_", "-"): values for key, values in options.items() if values}
        return tree_of(await receive(await self._line(), {"dir-name": name, **given}))


class _Line:
    """A connection that was taken over, as gRPC takes it."""

    def __init__(self, connection: RawConnection) -> None:
        self._connection = connection

    async def read(self) -> bytes:
        return await self._connection.read()

    async def write(self, data: bytes) -> None:
        if self._connection.lost:
            raise LineEnded("the client has gone")
        await self._connection.send(data)

    def close(self) -> None:
        self._connection.finish()


def register(router: Router) -> None:
    """Add the route."""
    router.add("POST", "/session", _session)


async def _session(call: Call) -> web.StreamResponse:
    headers = call.request.headers
    id = headers.get(f"{_PREFIX}Uuid", "")
    if not id or headers.get("Upgrade", "").lower() != "h2c":
        raise ApiError(400, "no upgrade proto in request")
    session = ClientSession(frozenset(name.lower() for name in headers.getall(f"{_PREFIX}Grpc-Method", [])))
    call.world.sessions[id] = session
    try:
        return await upgraded(call, session.connect)
    finally:
        call.world.sessions.pop(id, None)


async def upgraded(
    call: Call, connect: Callable[[GrpcConnection], None], methods: Mapping[str, Method] | None = None
) -> web.StreamResponse:
    """Turn a request's connection into gRPC's, with `methods` as its server, and serve it to its end."""
    connection = RawConnection(call.request)
    await connection.upgrade(call.request, "", protocol="h2c")
    grpc = GrpcConnection(_Line(connection), methods)
    connect(grpc)
    with suppress(LineEnded):  # the client has gone in the midst of it
        await grpc.run()
    return connection.finish()


def session_of(world: World, id: str) -> ClientSession:
    """Return a session; raises ApiError as the daemon does."""
    session = world.sessions.get(id)
    if not isinstance(session, ClientSession):
        raise ApiError(500, f"no active session for {id}: context deadline exceeded")
    return session


async def context_of(
    session: ClientSession, dockerfile: str, used: Callable[[str], tuple[str, ...]]
) -> tuple[str, dict[str, Node]]:
    """Return the text of the Dockerfile and the files of the context that `used` says it copies.

    Raises GrpcError as the client says, and ApiError where there is no Dockerfile.
    """
    found = await session.files("dockerfile", followpaths=(dockerfile, f"{dockerfile}.dockerignore"))
    node = found.get(dockerfile)
    while node is not None and node.kind == "link":
        node = found.get(posixpath.normpath(posixpath.join(posixpath.dirname(dockerfile), node.target)))
    if node is None:
        raise ApiError(400, f"failed to read dockerfile: open {dockerfile}: no such file or directory")
    text = node.data.decode(errors="replace")
    ignore = found.get(f"{dockerfile}.dockerignore")
    if ignore is None:
        ignore = (await session.files("context", followpaths=(".dockerignore",))).get(".dockerignore")
    patterns = _patterns(ignore.data.decode(errors="replace")) if ignore is not None else ()
    context = await session.files("context", exclude_patterns=patterns, followpaths=used(text))
    return text, context


def _patterns(text: str) -> tuple[str, ...]:
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))
