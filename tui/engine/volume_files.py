"""The files of a volume as a tar, out and in, through a container that is made for it and never started.

The daemon mounts the volumes of a container that does not run when its archive endpoints are asked, so that nothing
has to be in its image: any image that is on the daemon will do.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import quote

from tui.engine.engine import Engine
from tui.engine.errors import ConnectionLost, NotFound

PLACE = "/hythe-volume"
"""Where the volume is mounted: no image has anything there, which would be copied into an empty volume."""

BLOCK = 512
TRAILER = bytes(2 * BLOCK)
"""What a tar ends with."""


def volume_container(engine: Engine, volume: str, image: str) -> AbstractAsyncContextManager[str]:
    """Make a container with the volume, give its ID, and remove it at the end, whatever becomes of it.

    Raises:
        EngineError: it cannot be made.
    """
    return engine.helpers.lent("volume", volume, _body(volume, image))


async def open_volume(engine: Engine, volume: str, image: str) -> str:
    """Make a container that may only read the volume, and return its ID; `Helpers.remove` removes it.

    Raises:
        EngineError: it cannot be made.
    """
    return await engine.helpers.make("volume", volume, _body(volume, image, read_only=True))


def _body(volume: str, image: str, *, read_only: bool = False) -> dict[str, Any]:
    mount = {
        "Type": "volume", "Source": volume, "Target": PLACE, "ReadOnly": read_only, "VolumeOptions": {"NoCopy": True},
    }  # fmt: skip
    return {
        "Image": image, "Entrypoint": ["hythe-never-starts-it"], "Cmd": [],
        "NetworkDisabled": True, "Healthcheck": {"Test": ["NONE"]}, "HostConfig": {"Mounts": [mount]},
    }  # fmt: skip


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
