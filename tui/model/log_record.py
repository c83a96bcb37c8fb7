"""Lines of a container's output: one, and many that came together."""

import enum
from collections.abc import Iterator, Sequence

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


NO_TIME = -(1 << 63)
"""Stands in the times of a batch for a line that has none."""


class LogBatch(msgspec.Struct):
    """Lines that came together, in columns: what a fast log can be kept in.

    `texts` are bytes as they came, in UTF-8 if the program wrote that, without line ends. `times` are nanoseconds since
    the epoch, or NO_TIME. `streams` are the numbers of Stream. `cuts` counts, by index, the bytes that were dropped
    from the end of a line too long to keep.
    """

    texts: list[bytes] = msgspec.field(default_factory=list[bytes])
    times: list[int] = msgspec.field(default_factory=list[int])
    streams: bytearray = msgspec.field(default_factory=bytearray)
    cuts: dict[int, int] = msgspec.field(default_factory=dict[int, int])

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, text: bytes, stream: int, time: int, cut: int = 0) -> None:
        """Add a line."""
        if cut:
            self.cuts[len(self.texts)] = cut
        self.texts.append(text)
        self.times.append(time)
        self.streams.append(stream)

    def extend(self, other: "LogBatch") -> None:
        """Add the lines of another batch."""
        for at, cut in other.cuts.items():
            self.cuts[len(self.texts) + at] = cut
        self.texts += other.texts
        self.times += other.times
        self.streams += other.streams

    def part(self, start: int, stop: int | None = None) -> "LogBatch":
        """Return the lines from `start` up to `stop`."""
        stop = len(self.texts) if stop is None else stop
        cuts = {at - start: cut for at, cut in self.cuts.items() if start <= at < stop}
        return LogBatch(self.texts[start:stop], self.times[start:stop], self.streams[start:stop], cuts)

    def records(self) -> Iterator[LogRecord]:
        """Yield the lines one by one; bytes that are no UTF-8 are replaced by U+FFFD."""
        for at, text in enumerate(self.texts):
            time = self.times[at]
            yield LogRecord(
                text.decode("utf-8", "replace"),
                Stream(self.streams[at]),
                None if time == NO_TIME else time,
                self.cuts.get(at, 0),
            )


def picked(batch: LogBatch, indexes: Sequence[int]) -> LogBatch:
    """Return those lines of a batch."""
    chosen = LogBatch(
        [batch.texts[at] for at in indexes],
        [batch.times[at] for at in indexes],
        bytearray(batch.streams[at] for at in indexes),
    )
    if batch.cuts:
        chosen.cuts = {new: batch.cuts[at] for new, at in enumerate(indexes) if at in batch.cuts}
    return chosen
