"""An append-only file of what hythe asked of daemons: one JSON line a command, for whoever has to answer for it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tui.commands.history import Entry


class AuditLine(msgspec.Struct):
    """A line: when it was begun (RFC 3339, UTC), on which host, the equal docker line with secrets masked, and its end.

    `seconds` is how long it took.
    """

    time: str
    host: str
    line: str
    result: str
    seconds: float


class AuditFile:
    """Appends to a file that is made readable by its owner alone; one that can't be written is told of once.

    It is opened for each line, so that who rotates it need not tell.
    """

    def __init__(self, path: Path, tell: Callable[[str], object]) -> None:
        self._path = path
        self._tell = tell
        self._told = False

    def write(self, entry: Entry) -> None:
        """Append a command that has ended."""
        try:
            _append(self._path, encoded(entry))
        except OSError as error:
            if not self._told:
                self._told = True
                self._tell(f"nothing is written to the audit file {self._path}: {error.strerror or error}")


def encoded(entry: Entry) -> bytes:
    """Return the line of a command that has ended."""
    began = datetime.fromtimestamp(entry.started, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    took = round(max(0.0, (entry.ended or entry.started) - entry.started), 3)
    return msgspec.json.encode(AuditLine(began, entry.host, entry.line, entry.outcome, took)) + b"\n"


def _append(path: Path, line: bytes) -> None:
    """Append in one piece. Raises OSError: nobody is waited for, no pipe and no device."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if os.write(handle, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(handle)
