"""Builds by BuildKit's own API, which `POST /grpc` leads to: named contexts cannot be told to `POST /build`.

Format: control.proto of github.com/moby/buildkit; the attributes are those of its Dockerfile frontend.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from tui.engine.classic_build import failure
from tui.engine.errors import ConnectionLost, EngineError
from tui.engine.trace import TraceDecoder
from tui.engine.transport import Transport
from tui.model.build import BuildEvent, BuildFailure, BuildResult
from tui.wire.grpc import GrpcConnection
from tui.wire.grpc_call import GrpcError, LineEnded
from tui.wire.protowire import WireError, bytes_field, first_bytes, read_fields

_SOLVE: Final = "/moby.buildkit.v1.Control/Solve"
_STATUS: Final = "/moby.buildkit.v1.Control/Status"


async def solve(
    transport: Transport, session: str, attributes: Mapping[str, str], tags: Sequence[str]
) -> AsyncGenerator[BuildEvent]:
    """Yield what becomes of a Dockerfile build of a session; the last event is a BuildResult or a BuildFailure.

    `tags` are whole names with their registry. Leaving the generator early ends the build at the daemon.

    Raises:
        EngineError: the daemon has no such API, or the line broke.
    """
    id = secrets.token_hex(12)
    request = [
        bytes_field(1, id),
        bytes_field(3, "moby"),
        *(bytes_field(4, _entry("name", ",".join(tags))) for _ in tags[:1]),
        bytes_field(5, session),
        bytes_field(6, "dockerfile.v0"),
        *(bytes_field(7, _entry(name, value)) for name, value in attributes.items()),
    ]
    async with transport.hijack("POST", "/grpc", upgrade="h2c") as line:
        connection = GrpcConnection(line)
        running = asyncio.create_task(connection.run())
        solving = asyncio.create_task(connection.ask(_SOLVE, b"".join(request)))
        try:
            async for event in _trace(connection, id):
                yield event
            yield await _outcome(solving)
        except LineEnded as error:
            raise ConnectionLost(transport.endpoint.url, str(error)) from error
        finally:
            for task in (solving, running):
                task.cancel()
            await asyncio.gather(solving, running, return_exceptions=True)


async def _trace(connection: GrpcConnection, id: str) -> AsyncGenerator[BuildEvent]:
    decoder = TraceDecoder()
    with suppress(GrpcError):  # the answer to Solve tells what went wrong
        async for message in connection.messages(_STATUS, bytes_field(1, id)):
            for event in decoder.feed_message(message):
                yield event
            await asyncio.sleep(0)  # a builder that prints as fast as it can leaves the keys alive


async def _outcome(solving: asyncio.Task[bytes]) -> BuildResult | BuildFailure:
    try:
        answer = await solving
        told = dict(_text_entry(value) for field, value in read_fields(answer) if field == 1)
    except GrpcError as error:
        return failure(str(error))
    except WireError as error:
        raise EngineError(f"the daemon's answer cannot be read: {error}") from error
    image = told.get("containerimage.digest", "")
    return BuildResult(image) if image else BuildFailure("the build ended without telling of an image")


def _entry(key: str, value: str) -> bytes:
    return bytes_field(1, key) + bytes_field(2, value)


def _text_entry(message: bytes | int) -> tuple[str, str]:
    if isinstance(message, int):
        raise WireError("a number stands where an entry belongs")
    return first_bytes(message, 1).decode("utf-8", "replace"), first_bytes(message, 2).decode("utf-8", "replace")


def dockerfile_attributes(
    *,
    dockerfile: str,
    target: str = "",
    build_args: Mapping[str, str] | None = None,
    contexts: Mapping[str, str] | None = None,
    no_cache: bool = False,
    pull: bool = False,
    platform: str = "",
    remote: str = "",
) -> dict[str, str]:
    """Return the frontend's attributes for a build. `contexts` are named ones: `local:NAME`, an image or a URL."""
    attributes = {"filename": dockerfile, "image-resolve-mode": "pull" if pull else "default"}
    attributes |= {
        name: value for name, value in (("target", target), ("platform", platform), ("context", remote)) if value
    }
    attributes |= {f"build-arg:{name}": value for name, value in (build_args or {}).items()}
    attributes |= {f"context:{name}": place for name, place in (contexts or {}).items()}
    if no_cache:
        attributes["no-cache"] = ""
    return attributes
