"""Cuts the daemon's byte streams into JSON documents, output frames and log lines, whatever the chunks they come in."""

import re
from calendar import timegm
from collections.abc import Iterable
from typing import Final

import msgspec

from tui.model.log_record import LogRecord, Stream

MAX_DOCUMENT: Final = 64 << 20
MAX_FRAME: Final = 64 << 20
MAX_LINE: Final = 1 << 20
_BLANK: Final = b" \t\r"
LOG_CHUNK: Final = 16 << 10
"""Bytes after which the daemon's log copier splits a line; each piece carries the timestamp of the first."""


class FramingError(ValueError):
    """The bytes are not what the protocol promises. Base of the errors of this module."""


class TruncatedFrame(FramingError):
    """The stream ended inside a frame or a document."""


def _excerpt(data: bytes | bytearray) -> str:
    return repr(bytes(data[:60])) + ("…" if len(data) > 60 else "")


class NdjsonSplitter:
    """Cuts a stream into JSON documents: one a line, or several on a line with nothing between them.

    A newline always ends a document. Objects and arrays are given out as soon as they are complete, even where no
    newline follows; anything else (a bare word, an HTML page) goes up to the newline, for the decoder to refuse.
    """

    __slots__ = ("_buffer", "_depth", "_in_string", "_limit", "_loose", "_pos")

    _structure = re.compile(rb'["{}\[\]]')
    _string_end = re.compile(rb'["\\]')
    _not_space = re.compile(rb"[^ \t\r]")
    _whole = msgspec.json.Decoder(msgspec.Raw)

    def __init__(self, limit: int = MAX_DOCUMENT) -> None:
        """`limit`: bytes that one document may have."""
        self._limit = limit
        self._buffer = bytearray()
        self._reset_scan()

    def _reset_scan(self) -> None:
        self._pos = 0
        self._depth = 0
        self._in_string = False
        self._loose = False

    def feed(self, data: bytes) -> list[bytes]:
        """Returns the documents that `data` completes.

        Raises FramingError for a document over the limit.
        """
        documents: list[bytes] = []
        first, *lines = data.split(b"\n")
        if lines and not self._buffer:
            lines.insert(0, first)
        else:
            self._extend(first, documents)
            if not lines:
                return documents
            self._end_line(documents)
        rest = lines.pop()
        for line in lines:
            self._line(line, documents)
        self._extend(rest, documents)
        return documents

    def close(self) -> None:
        """Raises TruncatedFrame where the stream ended inside a document."""
        if self._buffer:
            raise TruncatedFrame(f"the stream ended inside a JSON document: {_excerpt(self._buffer)}")

    def _line(self, line: bytes, documents: list[bytes]) -> None:
        """A whole line: nearly always one document, which the decoder's scan proves faster than ours."""
        text = line.strip(_BLANK)
        if not text:
            return
        try:
            self._whole.decode(text)
        except (msgspec.DecodeError, RecursionError):
            self._extend(line, documents)
            self._end_line(documents)
        else:
            self._check(len(text))
            documents.append(text)

    def _end_line(self, documents: list[bytes]) -> None:
        text = bytes(self._buffer).strip(_BLANK)
        if text:
            documents.append(text)
        self._buffer.clear()
        self._reset_scan()

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise FramingError(f"a JSON document is larger than {self._limit} bytes: {_excerpt(self._buffer)}")

    def _extend(self, part: bytes, documents: list[bytes]) -> None:
        """Adds bytes without a newline, and takes out the documents they complete."""
        buffer = self._buffer
        buffer += part
        start = 0
        while not self._loose and self._pos < len(buffer):
            if self._depth == 0 and not self._opens_document():
                break
            end = self._scan()
            if end is None:
                break
            documents.append(bytes(buffer[start:end]).strip(_BLANK))
            self._check(end - start)
            start = end
        if start:
            del buffer[:start]
            self._pos -= start
        if self._depth == 0 and not self._loose:
            buffer.clear()  # only blanks are left between documents
            self._pos = 0
        self._check(len(buffer))

    def _opens_document(self) -> bool:
        """Between two documents: whether the next byte that counts opens an object or an array."""
        found = self._not_space.search(self._buffer, self._pos)
        if found is None:
            self._pos = len(self._buffer)
            return False
        self._pos = found.start()
        self._loose = found[0] not in (b"{", b"[")
        return not self._loose

    def _scan(self) -> int | None:
        """Reads on to the end of the document, whose place it returns, or to the end of what there is."""
        buffer = self._buffer
        while True:
            found = (self._string_end if self._in_string else self._structure).search(buffer, self._pos)
            if found is None:
                self._pos = max(self._pos, len(buffer))
                return None
            self._pos = found.end()
            mark = found[0]
            if mark == b"\\":
                self._pos += 1
            elif mark == b'"':
                self._in_string = not self._in_string
            elif mark in b"{[":
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth == 0:
                    return self._pos


_STREAMS: Final = tuple(Stream)
_HEADER: Final = 8


class StdcopyDecoder:
    """Cuts the output of a container without a TTY into (stream, payload) frames.

    Format: one byte of stream, three zeros, the payload's size as a big-endian 32-bit number, the payload
    (docs.docker.com/engine/api, ContainerAttach, "Stream format").
    """

    __slots__ = ("_limit", "_rest")

    def __init__(self, limit: int = MAX_FRAME) -> None:
        """`limit`: bytes that one payload may have."""
        self._limit = limit
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[tuple[Stream, bytes]]:
        """Returns the frames that `data` completes.

        Raises FramingError for a header that is none (such as the raw stream of a TTY) and a payload over the limit.
        """
        rest = self._rest
        if rest:
            rest += data
            if len(rest) < _HEADER or len(rest) < _HEADER + self._size(rest, 0):
                return []
            data = bytes(rest)
            rest.clear()
        frames: list[tuple[Stream, bytes]] = []
        pos, end = 0, len(data)
        while pos + _HEADER <= end:
            body = pos + _HEADER
            after = body + self._size(data, pos)
            if after > end:
                break
            frames.append((_STREAMS[data[pos]], data[body:after]))
            pos = after
        rest += data[pos:]
        return frames

    def close(self) -> None:
        """Raises TruncatedFrame where the stream ended inside a frame."""
        if self._rest:
            raise TruncatedFrame(f"the output ended inside a frame, {len(self._rest)} bytes after its start")

    def _size(self, data: bytes | bytearray, pos: int) -> int:
        if data[pos] >= len(_STREAMS) or data[pos + 1] or data[pos + 2] or data[pos + 3]:
            raise FramingError(f"no output frame starts with {bytes(data[pos : pos + _HEADER])!r}")
        size = int.from_bytes(data[pos + 4 : pos + _HEADER], "big")
        if size > self._limit:
            raise FramingError(f"an output frame of {size} bytes is over the limit of {self._limit}")
        return size


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
    over `limit` bytes the start is kept and the rest counted. Bytes that are no UTF-8 are replaced by U+FFFD.
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

    def feed(self, frames: Iterable[tuple[Stream, bytes]]) -> list[LogRecord]:
        """Returns the lines that whole frames complete."""
        records: list[LogRecord] = []
        take = self._timestamped_frame if self._timestamps else self._plain
        for stream, payload in frames:
            take(stream, payload, records)
        return records

    def feed_raw(self, data: bytes, stream: Stream = Stream.STDOUT) -> list[LogRecord]:
        """Returns the lines that raw bytes complete (a TTY's output has no frames)."""
        records: list[LogRecord] = []
        self._plain(stream, data, records)
        return records

    def close(self) -> list[LogRecord]:
        """Returns the lines that the end of the stream leaves without a line end."""
        records: list[LogRecord] = []
        for stream in list(self._pending):
            self._flush(stream, records)
        return records

    def _plain(self, stream: Stream, data: bytes, records: list[LogRecord]) -> None:
        """Bytes of a stream that is cut anywhere, or a whole line of it."""
        *lines, rest = data.split(b"\n")
        pending = self._pending.get(stream)
        for line in lines:
            if pending is not None:
                pending.add(line, self._limit)
                self._flush(stream, records)
                pending = None
            else:
                self._emit(stream, line, records)
        if rest:
            if pending is None:
                pending = self._pending[stream] = _Pending()
            pending.add(rest, self._limit)

    def _timestamped_frame(self, stream: Stream, payload: bytes, records: list[LogRecord]) -> None:
        """A frame is a line, or a piece of one, behind its own timestamp."""
        match = _TIMESTAMP.match(payload)
        stamp = match[0] if match else b""
        pending = self._pending.get(stream)
        if pending is not None and pending.stamp != stamp:
            self._flush(stream, records)  # its writer ended without a newline
            pending = None
        timestamp = self._nanoseconds(match) if match else None
        ended = payload.endswith(b"\n")
        body = payload[len(stamp) : len(payload) - ended]
        if ended and pending is None and len(body) <= self._limit and b"\n" not in body:
            records.append(LogRecord(self._text(body), stream, timestamp))
            return
        for number, line in enumerate(body.split(b"\n")):
            if number:
                self._flush(stream, records)
                pending = None
            if pending is None:
                pending = self._pending[stream] = _Pending(stamp, timestamp)
            pending.add(line, self._limit)
        if ended:
            self._flush(stream, records)

    def _flush(self, stream: Stream, records: list[LogRecord]) -> None:
        pending = self._pending.pop(stream)
        if self._timestamps and pending.timestamp is None:
            self._emit(stream, bytes(pending.data), records, pending.cut)
        else:
            text = self._text(bytes(pending.data))
            records.append(LogRecord(text, stream, pending.timestamp, pending.cut))

    def _emit(self, stream: Stream, line: bytes, records: list[LogRecord], cut: int = 0) -> None:
        """A whole line that may still carry its timestamp inside."""
        if len(line) > self._limit:
            cut += len(line) - self._limit
            line = line[: self._limit]
        match = _TIMESTAMP.match(line) if self._timestamps else None
        if match is None:
            records.append(LogRecord(self._text(line), stream, None, cut))
            return
        text = self._text(_join_pieces(line[match.end() :], match[0]))
        records.append(LogRecord(text, stream, self._nanoseconds(match), cut))

    def _text(self, line: bytes) -> str:
        if self._tty:
            line = line.rstrip(b"\r")
        return line.decode("utf-8", "replace")

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
