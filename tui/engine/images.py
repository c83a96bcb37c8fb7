"""Images: one coroutine or iterator an operation of the Engine API."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tui.engine.decoding import decode, decode_each
from tui.engine.early import EarlyLists
from tui.engine.slices import in_slices
from tui.engine.transport import Transport
from tui.model.images import (
    HistoryEntry,
    Image,
    ImageDeleted,
    ImageInspect,
    ImageSummary,
    image_from_inspect,
    image_from_summary,
)

if TYPE_CHECKING:
    from tui.model.layers import ImageStack


class Images:
    """The image operations of one daemon. Each raises EngineError as errors.py says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.early: EarlyLists | None = None
        """What was read before there was a client; the next list of everything is this."""

    async def list_all(self, *, filters: Mapping[str, Sequence[str]] | None = None) -> list[Image]:
        """Return the images, without the intermediate ones of the classic builder."""
        if self.early is not None and not filters:
            early, self.early = self.early, None
            await early.ended()
            if early.images is not None:
                return early.images
        params = {"filters": dict(filters) if filters else None}
        answer = await self._transport.read("GET", "/images/json", params=params)
        return await in_slices(map(image_from_summary, decode_each(answer, ImageSummary, "GET /images/json")))

    async def details(self, image: str) -> ImageInspect:
        """Return the typed part of the inspect answer, with the image's configuration."""
        return await self._transport.get(_path(image, "json"), ImageInspect)

    async def stack(self, image: str) -> ImageStack:
        """Return which layers it has, and its configuration."""
        from tui.model.layers import ImageStack  # with the trees of files: for those who look into layers

        return await self._transport.get(_path(image, "json"), ImageStack)

    async def read(self, image: str) -> Image:
        """Return one image by ID or reference, from inspect."""
        return image_from_inspect(await self.details(image))

    async def inspect(self, image: str) -> dict[str, Any]:
        """Return the whole inspect answer."""
        path = _path(image, "json")
        return decode(await self._transport.read("GET", path), dict[str, Any], f"GET {path}")

    async def history(self, image: str) -> list[HistoryEntry]:
        """Return its history, newest first."""
        return await self._transport.get(_path(image, "history"), list[HistoryEntry])

    async def tag(self, image: str, repo: str, tag: str) -> None:
        """Give it one more reference; a tag that another image holds is moved."""
        await self._transport.read("POST", _path(image, "tag"), params={"repo": repo, "tag": tag})

    async def remove(self, image: str, *, force: bool = False) -> list[ImageDeleted]:
        """Remove a reference, and the image with the last one. Return what was untagged and deleted."""
        path = _path(image)
        data = await self._transport.read("DELETE", path, params={"force": force}, seconds=None)
        return decode(data, list[ImageDeleted], f"DELETE {path}")

    async def archive(self, image: str) -> AsyncGenerator[bytes]:
        """Yield the image's archive (`docker save`) as it streams. Before the first byte the daemon may take long."""
        async with self._transport.stream("GET", _path(image, "get")) as answer:
            async for chunk in answer.chunks():
                yield chunk


def _path(image: str, operation: str = "") -> str:
    return f"/images/{quote(image, safe='/:@')}" + (f"/{operation}" if operation else "")
