"""Archives as jobs: images saved to a file and loaded from one, a container's files exported, files imported."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from shlex import quote
from typing import Final

from tui.engine.engine import Engine
from tui.engine.transfers import TransferProgress
from tui.jobs.job import Job
from tui.jobs.log_save import place_of, write_file
from tui.jobs.transfer import Pace
from tui.model.reference import parse_reference
from tui.present.units import duration, rate, size

PIECE: Final = 1 << 20
"""Bytes that are read from a file at once."""

END_OF_TAR: Final = bytes(1024)
"""Two blocks of nothing: without them a tar archive was cut."""


class CutArchive(Exception):
    """The daemon's answer ended inside the archive."""

    def __init__(self) -> None:
        super().__init__("the daemon ended the archive in its midst; nothing was kept of it")


class FileJob(Job):
    """Work on the file at `path`; what goes wrong with it is told with its name."""

    def __init__(self, title: str, line: str, path: Path) -> None:
        super().__init__(title, line)
        self.path = path
        self.pace = Pace()

    def failure(self, error: Exception) -> str:
        if isinstance(error, OSError):
            return f"{self.path}: {error.strerror or error}"
        return super().failure(error)

    def tell(self, words: str, count: int) -> None:
        """Say how many bytes there are by now."""
        self.pace.mark(count)
        speed = self.pace.rate
        self.progress = words + (f", {rate(speed)}" if speed else "")
        self.changed()


class ToFileJob(FileJob):
    """Writes an archive beside its place, and puts it there when it is whole."""

    def chunks(self) -> AsyncGenerator[bytes]:
        """Return the archive as the daemon sends it."""
        raise NotImplementedError

    async def work(self) -> None:
        self.progress = "the daemon prepares it"
        self.changed()
        written = await write_file(self.path, self._counted())
        self.progress = f"{size(written)} in {self.path}"

    async def _counted(self) -> AsyncGenerator[bytes]:
        count, end = 0, b""
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                yield chunk
                count += len(chunk)
                end = (end + chunk)[-len(END_OF_TAR) :]
                self.tell(f"{size(count)} written", count)
        if end != END_OF_TAR:
            raise CutArchive


class SaveJob(ToFileJob):
    """Saves images, by their references or IDs, in one archive (`docker save`)."""

    def __init__(self, engine: Engine, names: Sequence[str], path: Path) -> None:
        shown = " ".join(quote(name) for name in names)
        title = f"save {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        super().__init__(title, f"docker save --output {quote(str(path))} {shown}", path)
        self._engine, self._names = engine, tuple(names)

    def chunks(self) -> AsyncGenerator[bytes]:
        return self._engine.transfers.save(self._names)


class ExportJob(ToFileJob):
    """Writes a container's files, without those of its volumes (`docker export`)."""

    def __init__(self, engine: Engine, id: str, name: str, path: Path) -> None:
        super().__init__(f"export {name}", f"docker export --output {quote(str(path))} {quote(name)}", path)
        self._engine, self._id = engine, id

    def chunks(self) -> AsyncGenerator[bytes]:
        return self._engine.transfers.export(self._id)


class FromFileJob(FileJob):
    """Sends a file to the daemon. `said` is what the daemon answered, a line each."""

    def __init__(self, title: str, line: str, path: Path) -> None:
        super().__init__(title, line, path)
        self.said: list[str] = []

    def send(self, archive: AsyncGenerator[bytes]) -> AsyncGenerator[TransferProgress]:
        """Send it, and return the daemon's answer as it comes."""
        raise NotImplementedError

    def words_of(self, step: TransferProgress) -> str:
        """Return what of the answer is worth keeping, or an empty text."""
        return step.stream.strip()

    async def work(self) -> None:
        async with aclosing(self.send(self._pieces())) as answer:
            async for step in answer:
                if words := self.words_of(step):
                    self.said.append(words)
        self.progress = "; ".join(self.said[-5:]) or "done"
        self.fraction = None

    async def _pieces(self) -> AsyncGenerator[bytes]:
        """Yield the file in pieces, telling how much of it was sent."""
        handle = await asyncio.to_thread(os.open, self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            total, sent = (await asyncio.to_thread(os.fstat, handle)).st_size, 0
            while piece := await asyncio.to_thread(os.read, handle, PIECE):
                yield piece
                sent += len(piece)
                self.fraction = min(1.0, sent / total) if total else None
                self.tell(f"{size(sent)} of {size(total)} sent{self._left(total - sent)}", sent)
        finally:
            os.close(handle)
        self.progress = "sent; the daemon unpacks it"
        self.changed()

    def _left(self, count: int) -> str:
        speed = self.pace.rate
        return f", {duration(count / speed)} left" if speed and count > 0 else ""


class LoadJob(FromFileJob):
    """Loads the images in an archive (`docker load`)."""

    def __init__(self, engine: Engine, path: Path) -> None:
        super().__init__(f"load {path.name}", f"docker load --input {quote(str(path))}", path)
        self._engine = engine

    def send(self, archive: AsyncGenerator[bytes]) -> AsyncGenerator[TransferProgress]:
        return self._engine.transfers.load(archive)


class ImportJob(FromFileJob):
    """Makes an image of the files in an archive (`docker import`). Raises InvalidReference for no reference."""

    def __init__(self, engine: Engine, path: Path, reference: str) -> None:
        named = parse_reference(reference).tagged() if reference else None
        shown = named.familiar() if named else ""
        line = f"docker import {quote(str(path))} {quote(shown)}" if shown else f"docker import {quote(str(path))}"
        super().__init__(f"import {path.name}", line, path)
        self._engine = engine
        self._repo, self._tag = (named.familiar_name, named.tag or "") if named else ("", "")

    def send(self, archive: AsyncGenerator[bytes]) -> AsyncGenerator[TransferProgress]:
        return self._engine.transfers.import_files(archive, repo=self._repo, tag=self._tag)

    def words_of(self, step: TransferProgress) -> str:
        return step.status if step.status.startswith("sha256:") else ""


def check_archive(text: str) -> str | None:
    """Return why the file at a path that was typed can't be read, or None."""
    if not text.strip():
        return "a path is needed"
    try:
        path = place_of(text)
        if not path.exists():
            return "no such file"
        if not path.is_file():
            return "not a file"
    except (OSError, RuntimeError, ValueError) as error:
        return f"not a path: {error}"
    return None if os.access(path, os.R_OK) else "you may not read it"
