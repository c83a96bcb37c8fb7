"""What moves whole images: pull, push, save, load, import, and the files of a container. API 1.41 to 1.51."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from tui.engine.errors import ApiError, ConnectionLost
from tui.engine.request_body import RequestBody
from tui.engine.streams import documents
from tui.engine.transport import Params, Transport

ANONYMOUS = "e30="
"""X-Registry-Auth of who has no login, `{}`: a push without the header is refused."""


_BEGUN = ("Pulling fs layer", "Waiting", "Already exists", "Downloading", "Verifying Checksum")


class ProgressDetail(msgspec.Struct, frozen=True):
    """Bytes; `current` may pass `total`, and a total of 0 is not known."""

    current: int = 0
    total: int = 0


class TransferProgress(msgspec.Struct, frozen=True, rename={"progress_detail": "progressDetail"}):
    """One document of a transfer: the `status` of the layer `id`, or of the whole; a load tells in `stream`."""

    status: str = ""
    id: str = ""
    progress_detail: ProgressDetail | None = None
    stream: str = ""
    error: str = ""
    aux: dict[str, Any] | None = None

    @property
    def digest(self) -> str:
        """The digest of what was pushed, in the last document of a push."""
        found = (self.aux or {}).get("Digest")
        return found if isinstance(found, str) else ""


class Transfers:
    """The transfers of one daemon. Each raises EngineError as errors.py says; leaving one early ends it there."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def pull(
        self, name: str, tag: str, *, platform: str = "", auth: str = ""
    ) -> AsyncGenerator[TransferProgress]:
        """Pull `name:tag`, yielding its progress; without a `platform` such as linux/arm64 it is the daemon's.

        `auth` is the value of X-Registry-Auth, empty for none.

        Raises:
            ApiError: the registry or the daemon said no, before or during the pull.
            ConnectionLost: the answer ended before the daemon said that it is done.
        """
        params: Params = {"fromImage": name, "tag": tag, "platform": platform or None}
        headers = {"X-Registry-Auth": auth} if auth else None
        done, begun = False, set[str]()
        async for step in self._steps("/images/create", params, headers=headers):
            begun |= {step.id} if step.status in _BEGUN else set()
            # 20.10 to 28 end with a status, whether or not anything was new; podman with the image's own ID
            is_last = step.status == "Download complete" and step.id not in begun
            done = step.status.startswith("Status:") or is_last
            yield step
        if not done:
            raise ConnectionLost(self._transport.endpoint.url, "the daemon ended the pull in its midst")

    async def push(self, name: str, tag: str, *, auth: str = ANONYMOUS) -> AsyncGenerator[TransferProgress]:
        """Push `name:tag`, yielding its progress; the last document has the digest that the registry gave it.

        Raises:
            ApiError: the registry or the daemon said no, before or during the push.
            ConnectionLost: the answer ended before the registry had it all.
        """
        done = False
        path = f"/images/{quote(name, safe='/:')}/push"
        async for step in self._steps(path, {"tag": tag}, headers={"X-Registry-Auth": auth or ANONYMOUS}):
            done = done or bool(step.digest) or "digest: " in step.status
            yield step
        if not done:
            raise ConnectionLost(self._transport.endpoint.url, "the daemon ended the push in its midst")

    async def save(self, names: Sequence[str]) -> AsyncGenerator[bytes]:
        """Yield one archive with all these images (`docker save`). Before the first byte the daemon may take long."""
        path = "/images/get?" + urlencode([("names", name) for name in names])
        async with self._transport.stream("GET", path) as answer:
            async for chunk in answer.chunks():
                yield chunk

    async def export(self, container: str) -> AsyncGenerator[bytes]:
        """Yield the container's files as a tar archive, without those of its volumes (`docker export`)."""
        async with self._transport.stream("GET", f"/containers/{quote(container, safe='')}/export") as answer:
            async for chunk in answer.chunks():
                yield chunk

    def load(self, archive: AsyncIterable[bytes]) -> AsyncGenerator[TransferProgress]:
        """Give the daemon an archive of images; its words come in `stream`: "Loaded image: NAME:TAG".

        Raises:
            ApiError: it is no such archive, in the daemon's words.
            Exception: whatever `archive` raises.
        """
        return self._sent("/images/load", {"quiet": False}, archive)

    def import_files(
        self, archive: AsyncIterable[bytes], *, repo: str = "", tag: str = "", message: str = "", platform: str = ""
    ) -> AsyncGenerator[TransferProgress]:
        """Make an image of one layer from a tar archive of files; the last `status` is its ID.

        Raises:
            ApiError: the archive or the reference is refused, in the daemon's words.
            Exception: whatever `archive` raises.
        """
        params = {
            "fromSrc": "-", "repo": repo or None, "tag": tag or None, "message": message or None,
            "platform": platform or None,
        }  # fmt: skip
        return self._sent("/images/create", params, archive)

    async def _sent(self, path: str, params: Params, archive: AsyncIterable[bytes]) -> AsyncGenerator[TransferProgress]:
        async with RequestBody(archive) as body:
            async for step in self._steps(path, params, data=body, headers={"Content-Type": "application/x-tar"}):
                yield step

    async def _steps(
        self, path: str, params: Params, *, data: RequestBody | None = None, headers: dict[str, str] | None = None
    ) -> AsyncGenerator[TransferProgress]:
        request, url = f"POST {path}", self._transport.endpoint.url
        sent = None if data is None else data.chunks()
        async with self._transport.stream("POST", path, params=params, data=sent, headers=headers) as answer:
            async for step in documents(answer, TransferProgress, request, url):
                if step.error:
                    raise ApiError(500, step.error, request)
                yield step
