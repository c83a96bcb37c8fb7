"""Copies a file or a folder of this machine into a container: what `docker cp PATH CONTAINER:FOLDER` does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from shlex import quote
from typing import Final

from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.engine.local_tar import LocalError, LocalFiles, look_at, stream_local
from tui.engine.room import room_at
from tui.engine.threads import in_thread
from tui.jobs.job import Job
from tui.present.units import plural, rate, size

TOLD_SECONDS: Final = 0.2


class CopyError(Exception):
    """It was not copied; the message says why, and what of it may be in the container."""


class CopyInJob(Job):
    """Puts `source` into `folder` of a container, where it gets its own name, and becomes root's.

    What can be known is found out before a byte is sent: that every file can be read, that the folder is there and may
    be written (the daemon is asked with an archive that holds nothing), and, of a daemon on this machine, that there is
    room. `left_out` are sockets, pipes and devices.
    """

    def __init__(self, engine: Engine, container: str, name: str, source: Path, folder: str) -> None:
        place = quote(f"{name}:{folder.rstrip('/')}/")
        super().__init__(f"copy {source} into {name}:{folder}", f"docker cp {quote(str(source))} {place}")
        self.source = source
        self.folder = folder
        self.files = LocalFiles(0, 0, 0, 0)
        self.sent = 0
        self._engine = engine
        self._container = container

    async def work(self) -> None:
        self.progress = "looking at what there is to send"
        self.changed()
        self.files = await in_thread(look_at, self.source)
        if self.files.unreadable:
            raise CopyError(f"nothing was sent: {self.files.unreadable[0]}")
        self.progress = "asking whether it may be written there"
        self.changed()
        await self._engine.files.check_put(self._container, self.folder)
        room = await room_at(self._engine, self._container, self.folder)
        if room is not None and self.files.archive > room:
            raise CopyError(f"nothing was sent: {size(self.files.size)} do not fit, {size(room)} are free there")
        try:
            await self._engine.files.put(self._container, self.folder, self._chunks())
        except (EngineError, LocalError) as error:
            if not self.sent:
                raise
            raise CopyError(f"{error}\n{self._in_part}") from error
        except asyncio.CancelledError:
            self.progress = self._in_part if self.sent else "nothing was sent"
            raise
        left = f", left out: {', '.join(self.files.left_out)}" if self.files.left_out else ""
        self.fraction = 1.0
        self.progress = f"{plural(self.files.files, 'file')}, {size(self.files.size)} in {self.folder}{left}"

    @property
    def _in_part(self) -> str:
        there = f"{self.folder.rstrip('/')}/{self.source.name}"
        return f"{there} may be there in part: look, and remove it in the container"

    async def _chunks(self) -> AsyncGenerator[bytes]:
        """The archive, each chunk read in a thread while nothing else is."""
        chunks = stream_local(self.source, self.source.name)
        total = self.files.archive
        began = told = time.monotonic()
        while (chunk := await in_thread(next, chunks, b"")) != b"":
            yield chunk
            self.sent += len(chunk)
            now = time.monotonic()
            if now - told > TOLD_SECONDS:
                told = now
                self.fraction = min(1.0, self.sent / total) if total else None
                self.progress = f"{size(self.sent)} of {size(total)} sent, {rate(self.sent / (now - began))}"
                self.changed()
