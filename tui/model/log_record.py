"""One line of a container's output, as every reader of logs sees it."""

import enum

import msgspec


class Stream(enum.IntEnum):
    """Which of a process's streams bytes came from; the numbers are those of the daemon's frame header."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    SYSTEMERR = 3


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """One line of output, without its line end.

    `timestamp` is nanoseconds since the epoch, or None where the daemon was not asked for it or wrote none.
    `cut` counts the bytes that were dropped from the end of a line too long to keep.
    """

    text: str
    stream: Stream = Stream.STDOUT
    timestamp: int | None = None
    cut: int = 0
