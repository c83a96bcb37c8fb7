"""The files of containers: what is at a path, the archive of a path or of the whole, and putting files in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncGenerator, AsyncIterable
from urllib.parse import quote, urlencode

import msgspec

from tui.engine.decoding import decode
from tui.engine.errors import ApiError, MalformedAnswer
from tui.engine.request_body import RequestBody
from tui.engine.transport import Transport

_GO_FOLDER = 1 << 31
_GO_LINK = 1 << 27
_GO_KINDS = 0x8F28_0000
"""The bits of Go's os.FileMode that say that it is a folder, a link, a device, a pipe, a socket or something else."""

NOTHING = bytes(1024)
"""An archive with nothing in it."""


class FileStat(msgspec.Struct, frozen=True, rename="camel"):
    """What is at a path (the header X-Docker-Container-Path-Stat, API 1.41 to 1.51).

    `size` in bytes, `mode` as Go's os.FileMode (kinds other than a file have a high bit); `link_target` is where a link
    leads in the end, as a path of the container; empty for all else.
    """

    name: str
    size: int = 0
    mode: int = 0
    link_target: str = ""

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return not self.mode & _GO_KINDS

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return bool(self.mode & _GO_FOLDER)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return bool(self.mode & _GO_LINK)


class Files:
    """The files of one daemon's containers, running or not. Each operation raises EngineError as errors.py says.

    A daemon sees the container's own file system and its volumes and binds, but nothing that only its processes see:
    /proc, /sys, what is in /dev, and what a tmpfs holds.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def stat(self, container: str, path: str) -> FileStat:
        """Return what there is at a path; a link at its end is not followed. NotFound where there is nothing."""
        request = _path(container, "archive")
        try:
            header = await self._stat_header("HEAD", request, path)
        except ApiError:
            header = await self._stat_header("GET", request, path)  # an answer to HEAD has no words that say why not
        try:
            return decode(base64.b64decode(header), FileStat, f"HEAD {request}")
        except binascii.Error as error:
            raise MalformedAnswer(f"HEAD {request}", f"its header is no base64: {error}") from error

    async def _stat_header(self, method: str, request: str, path: str) -> str:
        async with self._transport.stream(method, request + _at(path)) as answer:
            return answer.headers.get("X-Docker-Container-Path-Stat", "")

    async def archive(self, container: str, path: str) -> AsyncGenerator[bytes]:
        """Yield a tar of a path and all below it, volumes too; its names begin with the last part of the path."""
        async with self._transport.stream("GET", _path(container, "archive") + _at(path)) as answer:
            async for chunk in answer.chunks():
                yield chunk

    async def export(self, container: str) -> AsyncGenerator[bytes]:
        """Yield a tar of the whole file system, without what volumes and binds hold (`docker export`)."""
        async with self._transport.stream("GET", _path(container, "export")) as answer:
            async for chunk in answer.chunks():
                yield chunk

    async def check_put(self, container: str, folder: str) -> None:
        """Ask whether files could be put into a folder, which changes nothing.

        Raises:
            EngineError: not, in the daemon's words: there is no such folder, or it may not be written.
        """
        await self._put(container, folder, NOTHING)

    async def put(self, container: str, folder: str, archive: AsyncIterable[bytes]) -> None:
        """Unpack a tar into a folder that is there. A folder never takes a file's place, nor a file a folder's.

        Raises:
            EngineError: as errors.py says; what was unpacked before stays.
            Exception: whatever `archive` raises.
        """
        async with RequestBody(archive) as body:
            await self._put(container, folder, body.chunks())

    async def _put(self, container: str, folder: str, data: bytes | AsyncGenerator[bytes]) -> None:
        params = {"noOverwriteDirNonDir": True}
        headers = {"Content-Type": "application/x-tar"}
        async with self._transport.stream(
            "PUT", _path(container, "archive") + _at(folder), params=params, data=data, headers=headers
        ) as answer:
            async for _ in answer.chunks():
                pass


def _path(container: str, operation: str) -> str:
    return f"/containers/{quote(container, safe='')}/{operation}"


def _at(path: str) -> str:
    """The query that names a path byte for byte: a name that is no UTF-8 must not become that of another file."""
    return "?" + urlencode({"path": path.encode("utf-8", "surrogateescape")})
