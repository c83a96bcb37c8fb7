"""A log as a file: written beside its place and moved there when it is whole, readable by its owner alone."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path

from tui.jobs.job import Job
from tui.present.units import size

LONGEST_PREFIX = 40
"""Characters of a file's name that the name of the unfinished file begins with."""


def place_of(text: str) -> Path:
    """Return the path that was typed, `~` and all."""
    return Path(os.path.expanduser(text)).absolute()


def size_of(path: Path) -> int | None:
    """Return the bytes of the file at a path, or None where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def check_place(text: str) -> str | None:
    """Return why no file can be written at a path that was typed, or None."""
    if not text.strip():
        return "a path is needed"
    try:
        path = place_of(text)  # which a folder that is gone does not let
        if path.is_dir():
            return "a folder is there: add a name"
        if path.exists() and not path.is_file():
            return "what is there is no regular file: it would be replaced by one"
        folder = path.parent
        if not folder.is_dir():
            return f"there is no folder {folder}"
    except (OSError, ValueError) as error:
        return f"not a path: {error}"
    return None if os.access(folder, os.W_OK | os.X_OK) else f"the folder {folder} can't be written"


async def write_file(path: Path, chunks: AsyncIterator[bytes]) -> int:
    """Write the chunks to a file that replaces whatever is at `path`, mode 0600; returns how many bytes they were.

    Raises:
        OSError: it can't be written; what was there is still there.
    """
    # a part of the name: all of it with more around it may be longer than a name may be
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:LONGEST_PREFIX]}.", dir=path.parent)
    written = 0
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            async for chunk in chunks:
                view = memoryview(chunk)
                while view:
                    done = await asyncio.to_thread(file.write, view)
                    written += done or 0
                    view = view[done:]
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
    return written


class SaveLogJob(Job):
    """Writes what `chunks` yields to `path`; `line` is the docker command that it equals."""

    def __init__(self, title: str, line: str, path: Path, chunks: AsyncGenerator[bytes]) -> None:
        super().__init__(title, line)
        self._path = path
        self._chunks = chunks
        self._written = 0

    async def work(self) -> None:
        async with aclosing(self._chunks):
            self._written = await write_file(self._path, self._counted())
        self.progress = f"{size(self._written)} in {self._path}"

    async def _counted(self) -> AsyncGenerator[bytes]:
        async for chunk in self._chunks:
            yield chunk
            self._written += len(chunk)
            self.progress = f"{size(self._written)} written"
            self.changed()
