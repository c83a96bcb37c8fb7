"""What taking files out to this machine is, of an image or of a container: a file that is written as it comes in."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from tui.engine.tarscan import TarHeader
from tui.jobs.safe_tree import a_time

MOST_LEFT_OUT: Final = 200
"""Paths named of those that were left out; the rest is counted."""

MARGIN: Final = 16 << 20
"""Bytes that are to stay free on the disk."""

_OWN_RIGHTS: Final = 0o755


class ExtractError(Exception):
    """Nothing was taken out; the message says why."""


def named(header: TarHeader, error: OSError) -> ExtractError:
    """Return what to say of an entry that can't be written."""
    return ExtractError(f"{header.shown_name}: {error.strerror or error}")


class WrittenFile:
    """Takes the content of an entry into an open file, which it closes; `wrote` is told of bytes as they are written.

    Raises ExtractError where they can't be.
    """

    def __init__(self, handle: int, header: TarHeader, wrote: Callable[[int], object]) -> None:
        self._handle = handle
        self._header = header
        self._wrote = wrote

    def feed(self, data: memoryview) -> None:
        while len(data):
            try:
                written = os.write(self._handle, data)
            except OSError as error:
                raise named(self._header, error) from error
            data = data[written:]
            self._wrote(written)

    def close(self) -> None:
        os.fchmod(self._handle, self._header.mode & _OWN_RIGHTS | 0o600)  # set-uid, or writable for all: not here
        moment = a_time(self._header.mtime)
        os.utime(self._handle, (moment, moment))
        self.end()

    def end(self) -> None:
        """Close the file, however far it came."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
