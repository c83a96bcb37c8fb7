"""Reads the tree of a container's files, or of one of its folders, from the archive that the daemon makes of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from shlex import quote

from tui.engine.archive import index_archive
from tui.engine.container_tree import ContainerTreeReader
from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.jobs.job import Job
from tui.model.container_tree import Part, place_in
from tui.present.units import plural, size

TOLD_SECONDS = 0.2
"""How often it is told how far the reading is."""


class ContainerTreeJob(Job):
    """Reads all below `path` and keeps the headers; `part` is what came, however it ended.

    The API has no listing: a daemon sends what is in the files too, which passes by. For `/` it is `docker
    export`, which leaves out volumes and binds. With a `root`, a folder of the container, paths count from there,
    and nothing else of the container is read; `of` is what people call that. `expected` is about how many bytes
    will pass, None where that is not known.
    """

    def __init__(self, engine: Engine, container: str, name: str, path: str, *, root: str = "", of: str = "") -> None:
        self.whole = path == "/" and not root
        self._place = place = place_in(root, path)
        source = f"docker export {quote(name)}" if self.whole else f"docker cp {quote(f'{name}:{place}')} -"
        super().__init__(f"list {path} of {of or name}", f"{source} | tar -tv")
        self.path = path
        self.part: Part | None = None
        self.expected: int | None = None
        self.rate: float | None = None
        self._engine = engine
        self._container = container
        self._reader = ContainerTreeReader(whole=self.whole)
        self._told = 0.0

    @property
    def seen(self) -> int:
        """Bytes of the archive that passed by now."""
        return self._reader.bytes_seen

    @property
    def paths(self) -> int:
        """Paths that were found by now."""
        return self._reader.paths

    def take_part(self) -> Part | None:
        """Return what came, and forget it here: the job is kept in a list, and the tree may be large."""
        part, self.part = self.part, None
        return part

    async def work(self) -> None:
        weighing = asyncio.create_task(self._weigh()) if self.whole else None
        done = False
        try:
            await index_archive(self._chunks(), self._reader)
            done = True
        finally:
            if weighing is not None:
                weighing.cancel()
                await asyncio.wait([weighing])
            self.part = Part(self.path, self._reader.finish(cut=not done), self.seen, done)
        self.progress = f"{plural(self.paths, 'path')}, {size(self.seen)} passed"

    async def _weigh(self) -> None:
        """Ask how much there is, which the daemon may take a second for."""
        try:
            about = await self._engine.containers.inspect(self._container, size=True)
        except EngineError:
            return  # the reading itself tells what is wrong
        total = about.get("SizeRootFs")
        self.expected = total if isinstance(total, int) and total > 0 else None

    async def _chunks(self) -> AsyncGenerator[bytes]:
        files = self._engine.files
        source = files.export(self._container) if self.whole else files.archive(self._container, self._place)
        began = time.monotonic()
        async with aclosing(source) as chunks:
            async for chunk in chunks:
                yield chunk
                now = time.monotonic()
                if now - self._told > TOLD_SECONDS:
                    self._told = now
                    self.rate = self.seen / max(now - began, 0.001)
                    self.fraction = min(1.0, self.seen / self.expected) if self.expected else None
                    self.progress = f"{plural(self.paths, 'path')}, {size(self.seen)} passed"
                    self.changed()
