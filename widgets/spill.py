"""Bytes put aside in files that nobody else can open: made without a name, and gone with the process that made them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO, NamedTuple

FILE_BYTES = 64 << 20
"""Bytes after which another file is begun: what is no longer wanted is given back a file at a time."""


class Place(NamedTuple):
    """Where a piece lies."""

    file: int
    offset: int
    size: int


class Spill:
    """Pieces of bytes in temporary files of `folder`, or of the system's own folder for them where that is None.

    A file lives until every piece in it is forgotten. Nothing is opened before there is something to put.
    """

    def __init__(self, folder: Path | None = None, file_bytes: int = FILE_BYTES) -> None:
        self._folder = folder
        self._file_bytes = file_bytes
        self._files: dict[int, IO[bytes]] = {}
        self._living: dict[int, int] = {}
        self._current = -1
        self._end = 0
        self.problem = ""
        """Why nothing more can be put aside; empty while it can."""

    def put(self, piece: bytes) -> Place | None:
        """Put a piece aside; None where it can't be (the disk is full, the folder can't be written): see `problem`."""
        if self.problem:
            return None
        try:
            if self._current < 0 or self._end >= self._file_bytes:
                self._begin()
            offset = self._end
            view = memoryview(piece)
            while view:
                written = os.pwrite(self._files[self._current].fileno(), view, self._end)
                self._end += written
                view = view[written:]
        except OSError as error:
            self.problem = error.strerror or str(error)
            return None
        self._living[self._current] += 1
        return Place(self._current, offset, len(piece))

    def _begin(self) -> None:
        if self._folder is not None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = tempfile.TemporaryFile(buffering=0, prefix="lines-", dir=self._folder)  # noqa: SIM115 - see close
        old, self._current = self._current, self._current + 1
        self._files[self._current], self._living[self._current], self._end = file, 0, 0
        self._release(old)

    def get(self, place: Place) -> bytes:
        """Read a piece that was put aside.

        Raises:
            OSError: it can't be read.
        """
        file = self._files.get(place.file)
        if file is None:
            raise OSError("the temporary files of older lines were given up")
        handle, parts, offset, left = file.fileno(), list[bytes](), place.offset, place.size
        while left:
            part = os.pread(handle, left, offset)
            if not part:
                raise OSError("the temporary file of older lines was cut short")
            parts.append(part)
            offset, left = offset + len(part), left - len(part)
        return b"".join(parts)

    def forget(self, place: Place) -> None:
        """Give up a piece."""
        self._living[place.file] -= 1
        self._release(place.file)

    def _release(self, number: int) -> None:
        if number != self._current and self._living.get(number) == 0:
            self._files.pop(number).close()
            del self._living[number]

    def close(self) -> None:
        """Give up every piece; it can be used again."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._living.clear()
        self._current, self._end, self.problem = -1, 0, ""
