"""Reads the beginning of one file of a container, to be looked at."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from shlex import quote

from tui.engine.archive import index_archive
from tui.engine.archive_reader import ArchiveError
from tui.engine.engine import Engine
from tui.engine.first_file import FirstFile, empty_archive
from tui.engine.tarscan import TarHeader
from tui.jobs.job import Job
from tui.jobs.layer_file import MOST_BYTES
from tui.model.container_tree import place_in
from tui.present.units import size


class ContainerFileJob(Job):
    """Reads one file; `content` are its first bytes and `header` what the archive says of it, once it is done.

    The archive is read no further than needed. The path counts from `root`, a folder of the container that
    people call `of`.
    """

    def __init__(
        self, engine: Engine, container: str, name: str, path: str, most: int = MOST_BYTES, *, root: str = "",
        of: str = "",
    ) -> None:  # fmt: skip
        self._place = place_in(root, path)
        super().__init__(f"read {path} of {of or name}", f"docker cp {quote(f'{name}:{self._place}')} -")
        self.content = b""
        self.header: TarHeader | None = None
        self.progress = "waiting for the daemon"
        self._engine = engine
        self._container = container
        self._path = path
        self._most = most

    async def work(self) -> None:
        reader = FirstFile(self._most)
        await index_archive(self._chunks(), reader, lambda: reader.done)
        if reader.header is None:
            raise ArchiveError(empty_archive(self._path))
        if not reader.done:
            raise ArchiveError(f"the archive of {self._path} ends before the file does")
        self.content, self.header = reader.content, reader.header
        self.progress = ""

    async def _chunks(self) -> AsyncGenerator[bytes]:
        seen = 0
        async with aclosing(self._engine.files.archive(self._container, self._place)) as chunks:
            async for chunk in chunks:
                yield chunk
                seen += len(chunk)
                self.progress = f"{size(seen)} came"
                self.changed()
