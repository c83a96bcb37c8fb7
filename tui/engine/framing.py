"""Cuts the daemon's byte streams into JSON documents and output frames, whatever the chunks they come in."""

import re
from typing import Final

import msgspec

from tui.model.log_record import Stream

MAX_DOCUMENT: Final = 64 << 20
MAX_FRAME: Final = 64 << 20
_BLANK: Final = b" \t\r"


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
