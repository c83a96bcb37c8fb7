"""POST /grpc: BuildKit's own API, of which the demo engine answers what a build of a Dockerfile needs."""

import asyncio
from collections.abc import Iterator

from aiohttp import web

from tui.demo import references
from tui.demo.api import Call, Router
from tui.demo.build_session import session_of, upgraded
from tui.demo.buildkit import FROM_SESSION, Asked, BuildError, solve
from tui.demo.errors import ApiError
from tui.demo.world import World
from tui.wire.grpc import GrpcConnection, unary
from tui.wire.grpc_call import UNKNOWN, GrpcError, frame
from tui.wire.grpc_call import Call as GrpcCall
from tui.wire.protowire import as_bytes, bytes_field, first_bytes, read_fields


def register(router: Router) -> None:
    """Add the route."""
    router.add("POST", "/grpc", _grpc)


async def _grpc(call: Call) -> web.StreamResponse:
    control = Control(call.world)
    methods = {
        "/moby.buildkit.v1.Control/Solve": unary(control.solve),
        "/moby.buildkit.v1.Control/Status": control.status,
    }
    return await upgraded(call, _nothing, methods)


def _nothing(_connection: GrpcConnection) -> None:
    """Nothing is asked of the client on this line."""


class Control:
    """One client's builds, by the reference that it gave them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._traces: dict[str, asyncio.Queue[bytes | None]] = {}

    def _trace(self, ref: str) -> asyncio.Queue[bytes | None]:
        return self._traces.setdefault(ref, asyncio.Queue())

    async def solve(self, message: bytes, _call: GrpcCall) -> bytes:
        """Build; the answer tells the image."""
        ref = _text(message, 1)
        trace = self._trace(ref)

        async def send(part: bytes) -> None:
            trace.put_nowait(part)

        try:
            image = await solve(self._world, self._asked(message), send)
        except (BuildError, ApiError) as error:
            raise GrpcError(UNKNOWN, f"failed to solve: {error}") from error
        finally:
            trace.put_nowait(None)
        told = {"containerimage.digest": image.id, "containerimage.config.digest": image.id}
        return b"".join(bytes_field(1, bytes_field(1, key) + bytes_field(2, value)) for key, value in told.items())

    async def status(self, call: GrpcCall) -> None:
        """Tell how a build goes, to its end."""
        trace = self._trace(_text(await call.receive() or b"", 1))
        while (part := await trace.get()) is not None:
            await call.send(frame(part))

    def _asked(self, message: bytes) -> Asked:
        exporter, attributes = dict(_entries(message, 4)), dict(_entries(message, 7))
        return Asked(
            attributes.get("filename", "Dockerfile"),
            None,
            attributes.get("context", FROM_SESSION),
            _under(attributes, "build-arg:"),
            _under(attributes, "label:"),
            attributes.get("target", ""),
            "no-cache" in attributes,
            tuple(references.parse(name).tagged for name in exporter.get("name", "").split(",") if name),
            session_of(self._world, _text(message, 5)),
            _under(attributes, "context:"),
        )


def _text(message: bytes, field: int) -> str:
    return first_bytes(message, field).decode("utf-8", "replace")


def _entries(message: bytes, field: int) -> Iterator[tuple[str, str]]:
    """The entries of a map."""
    for number, value in read_fields(message):
        if number == field:
            entry = as_bytes(value)
            yield _text(entry, 1), _text(entry, 2)


def _under(attributes: dict[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in attributes.items() if name.startswith(prefix)}
