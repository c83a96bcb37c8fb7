"""Makes lines of what the daemon sends of a container's output: frames of it, or the raw bytes of a TTY."""

import re
from calendar import timegm
from collections.abc import Iterable
from datetime import datetime
from struct import Struct
from typing import Final

from tui.engine.framing import MAX_FRAME, StdcopyDecoder
from tui.model.log_record import NO_TIME, LogBatch, Stream

MAX_LINE: Final = 1 << 20
"""Bytes of a line that are kept."""

LOG_CHUNK: Final = 16 << 10
"""Bytes after which the daemon's log copier splits a line; each piece carries the timestamp of the first."""

_TIMESTAMP: Final = re.compile(
    rb"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d)) ?"
)


class _Pending:
    """A line that has not ended yet."""

    __slots__ = ("cut", "data", "stamp", "timestamp")

    def __init__(self, stamp: bytes = b"", timestamp: int | None = None) -> None:
        self.data = bytearray()
        self.cut = 0
        self.stamp = stamp
        self.timestamp = timestamp

    def add(self, part: bytes, limit: int) -> None:
        room = limit - len(self.data)
        if len(part) <= room:
            self.data += part
        else:
            self.data += part[:room]
            self.cut += len(part) - room


class LineAssembler:
    """Joins output frames, or the raw bytes of a TTY, into lines.

    A line over 16 KiB comes in pieces that all carry the first one's timestamp: they become one line again. Of a line
    over `limit` bytes the start is kept and the rest counted.
    """

    __slots__ = ("_limit", "_pending", "_second", "_second_epoch", "_timestamps", "_tty")

    def __init__(self, *, timestamps: bool = False, tty: bool = False, limit: int = MAX_LINE) -> None:
        """`timestamps`: the lines were asked for with `timestamps=1`. `tty`: lines end in CR LF."""
        self._timestamps = timestamps
        self._tty = tty
        self._limit = limit
        self._pending: dict[Stream, _Pending] = {}
        self._second = b""
        self._second_epoch = 0

    @property
    def pending(self) -> bool:
        """Whether some line has not ended yet."""
        return bool(self._pending)

    def feed(self, frames: Iterable[tuple[Stream, bytes]]) -> LogBatch:
        """Returns the lines that whole frames complete."""
        batch = LogBatch()
        take = self._timestamped_frame if self._timestamps else self._plain
        for stream, payload in frames:
            take(stream, payload, batch)
        return batch

    def feed_raw(self, data: bytes, stream: Stream = Stream.STDOUT) -> LogBatch:
        """Returns the lines that raw bytes complete (a TTY's output has no frames)."""
        batch = LogBatch()
        self._plain(stream, data, batch)
        return batch

    def close(self) -> LogBatch:
        """Returns the lines that the end of the stream leaves without a line end."""
        batch = LogBatch()
        for stream in list(self._pending):
            self._flush(stream, batch)
        return batch

    def _plain(self, stream: Stream, data: bytes, batch: LogBatch) -> None:
        """Bytes of a stream that is cut anywhere, or a whole line of it."""
        *lines, rest = data.split(b"\n")
        pending = self._pending.get(stream)
        for line in lines:
            if pending is not None:
                pending.add(line, self._limit)
                self._flush(stream, batch)
                pending = None
            else:
                self._emit(stream, line, batch)
        if rest:
            if pending is None:
                pending = self._pending[stream] = _Pending()
            pending.add(rest, self._limit)

    def _timestamped_frame(self, stream: Stream, payload: bytes, batch: LogBatch) -> None:
        """A frame is a line, or a piece of one, behind its own timestamp."""
        match = _TIMESTAMP.match(payload)
        stamp = match[0] if match else b""
        pending = self._pending.get(stream)
        if pending is not None and pending.stamp != stamp:
            self._flush(stream, batch)  # its writer ended without a newline
            pending = None
        timestamp = self._nanoseconds(match) if match else None
        ended = payload.endswith(b"\n")
        body = payload[len(stamp) : len(payload) - ended]
        if ended and pending is None and len(body) <= self._limit and b"\n" not in body:
            batch.add(self._text(body), stream, NO_TIME if timestamp is None else timestamp)
            return
        for number, line in enumerate(body.split(b"\n")):
            if number:
                self._flush(stream, batch)
                pending = None
            if pending is None:
                pending = self._pending[stream] = _Pending(stamp, timestamp)
            pending.add(line, self._limit)
        if ended:
            self._flush(stream, batch)

    def _flush(self, stream: Stream, batch: LogBatch) -> None:
        pending = self._pending.pop(stream)
        if self._timestamps and pending.timestamp is None:
            self._emit(stream, bytes(pending.data), batch, pending.cut)
        else:
            time = NO_TIME if pending.timestamp is None else pending.timestamp
            batch.add(self._text(bytes(pending.data)), stream, time, pending.cut)

    def _emit(self, stream: Stream, line: bytes, batch: LogBatch, cut: int = 0) -> None:
        """A whole line that may still carry its timestamp inside."""
        if len(line) > self._limit:
            cut += len(line) - self._limit
            line = line[: self._limit]
        match = _TIMESTAMP.match(line) if self._timestamps else None
        if match is None:
            batch.add(self._text(line), stream, NO_TIME, cut)
            return
        text = self._text(_join_pieces(line[match.end() :], match[0]))
        time = self._nanoseconds(match)
        batch.add(text, stream, NO_TIME if time is None else time, cut)

    def _text(self, line: bytes) -> bytes:
        return line.rstrip(b"\r") if self._tty else line

    def _nanoseconds(self, match: re.Match[bytes]) -> int | None:
        """The epoch of a timestamp in nanoseconds; the seconds are remembered, since lines come in runs."""
        second = match[0][:19]
        if second != self._second:
            year, month, day, hour, minute, sec = (int(part) for part in match.groups()[:6])
            if not (year and 1 <= month <= 12 and 1 <= day <= 31):
                return None
            self._second_epoch = timegm((year, month, day, hour, minute, sec, 0, 0, 0))
            self._second = second
        epoch = self._second_epoch
        if match[8]:
            offset = int(match[9]) * 3600 + int(match[10]) * 60
            epoch += offset if match[8] == b"-" else -offset
        return epoch * 1_000_000_000 + int((match[7] or b"0").ljust(9, b"0"))


def _join_pieces(text: bytes, stamp: bytes) -> bytes:
    """Takes the repeated timestamps out of a raw line that the daemon logged in pieces."""
    if not text.startswith(stamp, LOG_CHUNK):
        return text
    pieces = [text[:LOG_CHUNK]]
    pos = LOG_CHUNK
    while text.startswith(stamp, pos):
        start = pos + len(stamp)
        pos = start + LOG_CHUNK
        pieces.append(text[start:pos])
    return b"".join(pieces) + text[pos:]


_HEAD: Final = Struct(">II")
_WORDS: Final = {stream << 24: stream for stream in Stream}
_SECOND: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.")
_STAMP: Final = 31
"""Bytes of the timestamp that daemons write: `2026-11-24T07:09:38.034290368Z `."""


class LogReader:
    """Makes lines of an answer to `GET /containers/{id}/logs`, in whatever pieces it comes.

    A line that has its frame to itself, as nearly all have, is taken from the bytes as they stand; any other goes
    through StdcopyDecoder and LineAssembler.
    """

    def __init__(self, *, timestamps: bool, tty: bool, limit: int = MAX_LINE) -> None:
        """`timestamps`: the lines were asked for with `timestamps=1`. `limit`: bytes of a line that are kept."""
        self._assembler = LineAssembler(timestamps=timestamps, tty=tty, limit=limit)
        self._frames = StdcopyDecoder()
        self._tty = tty
        self._fast = timestamps and not tty
        self._rest = b""
        self._limit = limit
        self._second = b""
        self._second_ns = 0

    def feed(self, data: bytes) -> LogBatch:
        """Return the lines that `data` completes.

        Raises:
            FramingError: these are no frames.
        """
        if self._tty:
            return self._assembler.feed_raw(data)
        if not self._fast:
            return self._assembler.feed(self._frames.feed(data))
        if self._rest:
            data = self._rest + data
        batch = LogBatch()
        at = self._take(data, batch)
        self._rest = data[at:]
        return batch

    def close(self) -> LogBatch:
        """Return the lines that the end of the answer leaves without a line end."""
        return self._assembler.close()

    def _take(self, data: bytes, batch: LogBatch) -> int:
        """Take whole frames, and return where the rest begins."""
        at, end, assembler = 0, len(data), self._assembler
        unpack, words, find = _HEAD.unpack_from, _WORDS, data.find
        most = self._limit + _STAMP
        texts, times, streams = batch.texts, batch.times, batch.streams
        while at + 8 <= end:
            word, size = unpack(data, at)
            start = at + 8
            after = start + size
            stream = words.get(word)
            if stream is None or size > MAX_FRAME:
                self._slowly(data[at : at + 8], batch)  # raises for what is no header
            if after > end:
                break
            text = start + _STAMP
            if _STAMP < size <= most and find(b"\n", text, after) == after - 1 and not assembler.pending:
                if data[start : start + 19] != self._second:
                    self._learn_second(data[start : start + 20])
                digits = data[start + 20 : start + 29]
                if self._second_ns >= 0 and digits.isdigit() and data[start + 29 : text] == b"Z ":
                    texts.append(data[text : after - 1])
                    times.append(self._second_ns + int(digits))
                    streams.append(word >> 24)
                    at = after
                    continue
            self._slowly(data[at:after], batch)
            at = after
        return at

    def _slowly(self, frame: bytes, batch: LogBatch) -> None:
        batch.extend(self._assembler.feed(self._frames.feed(frame)))

    def _learn_second(self, stamp: bytes) -> None:
        """Remember the second that lines come in now, as nanoseconds since the epoch; -1 where it is none."""
        self._second, self._second_ns = stamp[:19], -1
        if not _SECOND.fullmatch(stamp):
            return
        try:
            moment = datetime.fromisoformat(stamp[:19].decode("ascii"))
        except ValueError:
            return
        self._second_ns = timegm(moment.timetuple()) * 1_000_000_000
