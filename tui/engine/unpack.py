"""Unpacks gzip and zstd streams piece by piece, in constant memory however much comes out."""

import sys
import zlib
from collections.abc import Callable
from typing import Final, Protocol

from tui.engine.tarscan import Body

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

_UNPACK: Final = 256 << 10
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE: Final = b"\x2a\x4d\x18"
_MAGIC: Final = 4


class PackedError(ValueError):
    """The compressed data is cut or damaged."""


class Packing(Protocol):
    """What gzip and zstd have in common here: one member, or frame, of a packed stream."""

    @staticmethod
    def starts(data: bytes) -> bool: ...
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def unpack(self, data: bytes | memoryview) -> bytes: ...


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(31)

    @staticmethod
    def starts(data: bytes) -> bool:
        """Whether a member starts so."""
        return data.startswith(_GZIP)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def unpack(self, data: bytes | memoryview) -> bytes:
        """Takes more bytes, or none to go on with those it kept; returns a bounded piece, empty when it wants more."""
        return self._stream.decompress(self._stream.unconsumed_tail or data, _UNPACK)


class _Zstd:
    def __init__(self) -> None:
        self._stream = ZstdDecompressor()

    @staticmethod
    def starts(data: bytes) -> bool:
        """Whether a frame, or one to skip, starts so."""
        return data.startswith(_ZSTD) or (data[1:4] == _ZSTD_SKIPPABLE and data[0] & 0xF0 == 0x50)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def unpack(self, data: bytes | memoryview) -> bytes:
        """Takes more bytes, or none to go on with those it kept; returns a bounded piece, empty when it wants more."""
        return self._stream.decompress(data, _UNPACK)


class Unpacker:
    """Unpacks a stream in bounded pieces, its members one after the other."""

    def __init__(self, new: Callable[[], Packing], inner: Body) -> None:
        """`new` makes the reader of a member, and `inner` takes what comes out."""
        self._inner = inner
        self._new = new
        self._stream = new()
        self._head = b""
        self._over = False

    def feed(self, data: memoryview) -> None:
        """Takes the next bytes. Raises PackedError, and what `inner` raises."""
        rest: memoryview | bytes = data
        while not self._over:
            if self._stream.eof:
                rest = self._head + bytes(rest)
                self._head = b""
                if len(rest) < _MAGIC:
                    self._head = rest
                    return
                if not self._stream.starts(rest):
                    self._over = True  # padding behind the last member
                    return
                self._stream = self._new()
            try:
                piece = self._stream.unpack(rest)
            except (zlib.error, ZstdError) as error:
                raise PackedError(f"the compressed data is damaged: {error}") from error
            if piece:
                self._inner.feed(memoryview(piece))
            elif not self._stream.eof:
                return
            rest = self._stream.unused_data if self._stream.eof else b""

    def close(self) -> None:
        """Raises PackedError where the stream is cut."""
        if not (self._stream.eof or self._over):
            raise PackedError("the compressed data is cut")
        self._inner.close()


def packing_of(head: bytes) -> Callable[[], Packing] | None:
    """Returns what reads a stream that starts so; None where it is not compressed."""
    return next((packing for packing in (_Gzip, _Zstd) if packing.starts(head)), None)
