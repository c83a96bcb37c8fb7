"""Reads the beginning of one file of an image's layers, to be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from shlex import quote
from typing import Final

from tui.engine.archive_reader import ArchiveError
from tui.engine.engine import Engine
from tui.engine.layer_files import FirstBytes, read_files
from tui.engine.layer_lists import ListError, chain_ids
from tui.jobs.job import Job
from tui.model.file_lookup import Located
from tui.model.layers import ImageLayers
from tui.present.units import size

MOST_BYTES: Final = 1 << 20
"""Bytes of a file that are read to be looked at."""


class LayerFileJob(Job):
    """Reads one file; `content` are its first bytes once it is done.

    It is read where the daemon of this machine keeps it, else from the archive, no further than needed.
    """

    screen = "jobs"

    def __init__(
        self, engine: Engine, image: str, title: str, layers: ImageLayers, file: Located, most: int = MOST_BYTES
    ) -> None:
        name = file.path.decode("utf-8", "surrogateescape")
        super().__init__(f"read /{name} of {title}", f"docker save {quote(title)}")
        self.file = file
        self.content = b""
        self.seen = 0
        self.progress = "looking for it where the daemon keeps it"
        self._engine = engine
        self._image = image
        self._layers = layers
        self._most = most

    async def work(self) -> None:
        file = self.file
        if not file.size:
            return
        if await self._found_here():
            return
        layer = self._layers.layers[file.layer]
        sink = FirstBytes(file.path, file.size, file.mtime, self._most)
        members = {layer.diff_id: layer.member} if layer.member else {}
        diff_ids = [one.diff_id for one in self._layers.layers if not one.empty]
        self.progress = "the daemon is preparing the archive"
        await read_files(self._chunks, {layer.diff_id: sink}, members, diff_ids)
        if not sink.found:
            raise ArchiveError(f"{file.path[:200].decode('utf-8', 'surrogateescape')!a} is not in its layer any more")
        self.content = bytes(sink.content)
        self.progress = ""

    async def _found_here(self) -> bool:
        """Read it where the daemon of this machine keeps it; returns False where that can't be."""
        lists = await self._engine.layer_lists()
        if lists is None:
            return False
        file = self.file
        below = [one.diff_id for one in self._layers.layers[: file.layer + 1] if not one.empty]
        try:
            chain_id = chain_ids(below)[-1]
            self.content = await asyncio.to_thread(lists.content, chain_id, file.path, file.size, self._most)
        except ListError:
            return False  # its archive has it
        self.progress = ""
        return True

    async def _chunks(self) -> AsyncGenerator[bytes]:
        async with aclosing(self._engine.images.archive(self._image)) as chunks:
            async for chunk in chunks:
                yield chunk
                self.seen += len(chunk)
                self.progress = f"{size(self.seen)} of the archive passed"
                self.changed()
