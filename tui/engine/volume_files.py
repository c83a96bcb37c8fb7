"""The files of a volume as a tar, out and in, through a container that is made for it and never started.

The daemon mounts the volumes of a container that does not run when its archive endpoints are asked, so that nothing
has to be in its image: any image that is on the daemon will do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote

from tui.engine.engine import Engine
from tui.engine.errors import ConnectionLost, EngineError, NotFound

LABEL = "hythe.volume"
"""Marks the containers that were made for the files of a volume."""

PLACE = "/hythe-volume"
"""Where the volume is mounted: no image has anything there, which would be copied into an empty volume."""

BLOCK = 512
TRAILER = bytes(2 * BLOCK)
"""What a tar ends with."""


@asynccontextmanager
async def volume_container(engine: Engine, volume: str, image: str) -> AsyncGenerator[str]:
    """Make a container with the volume, give its ID, and remove it at the end, whatever becomes of it.

    Raises:
        EngineError: it cannot be made.
    """
    mount = {"Type": "volume", "Source": volume, "Target": PLACE, "VolumeOptions": {"NoCopy": True}}
    body: dict[str, Any] = {
        "Image": image, "Entrypoint": ["hythe-never-starts-it"], "Cmd": [], "Labels": {LABEL: volume},
        "NetworkDisabled": True, "Healthcheck": {"Test": ["NONE"]}, "HostConfig": {"Mounts": [mount]},
    }  # fmt: skip
    made = (await engine.containers.create(body)).id
    try:
        yield made
    finally:
        # what quits meanwhile must not leave it behind; its anonymous volumes are those that the image asks for
        await asyncio.shield(_remove(engine, made))


async def _remove(engine: Engine, container: str) -> None:
    with suppress(EngineError):  # the daemon is gone, or somebody else was faster
        await engine.containers.remove(container, force=True, volumes=True)


async def read_volume(engine: Engine, container: str) -> AsyncGenerator[bytes]:
    """Yield the tar of the volume's files, whose names begin with `./`, as it streams.

    Raises:
        ConnectionLost: it ended too early: a daemon that fails in its midst just ends it.
    """
    last = b""
    async with engine.transport.stream("GET", _path(container), params={"path": f"{PLACE}/."}) as answer:
        async for chunk in answer.chunks():
            last = (last + chunk)[-len(TRAILER) :]
            yield chunk
    if last != TRAILER:
        raise ConnectionLost(engine.endpoint.url, "the archive ended before it was whole")


async def write_volume(engine: Engine, container: str, tar: AsyncIterable[bytes]) -> None:
    """Unpack a tar, plain or packed with gzip, into the volume; what it does not name stays.

    Raises:
        ApiError: the daemon can't unpack it; what came before is there.
    """
    params = {"path": PLACE, "noOverwriteDirNonDir": True}
    headers = {"Content-Type": "application/x-tar"}
    async with engine.transport.stream("PUT", _path(container), params=params, data=tar, headers=headers):
        return


async def is_there(engine: Engine, volume: str) -> bool:
    """Return whether the volume exists: a container that names one that does not would make it."""
    try:
        await engine.volumes.read(volume)
    except NotFound:
        return False
    return True


def _path(container: str) -> str:
    return f"/containers/{quote(container, safe='')}/archive"
