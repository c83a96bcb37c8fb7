"""The wire format of protobuf, as far as BuildKit's messages use it. Format: protobuf.dev, "Encoding"."""

from collections.abc import Iterator
from typing import Final

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT: Final = 10

Value = int | bytes
"""A number, or the bytes of what has a length: a text, bytes, or a message."""


class WireError(ValueError):
    """Bytes that are no protobuf message, or a field of another kind than is expected; nothing of it was used."""


def read_fields(value: Value) -> Iterator[tuple[int, Value]]:
    """Yields the number and the value of each field of a message. Raises WireError."""
    data = as_bytes(value)
    pos, end = 0, len(data)
    while pos < end:
        key, pos = _read_varint(data, pos)
        wire = key & 7
        if wire == _VARINT:
            number, pos = _read_varint(data, pos)
            yield key >> 3, number
            continue
        if wire == _BYTES:
            size, pos = _read_varint(data, pos)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise WireError(f"a field before byte {pos} has the wire type {wire}, which is not used here")
        if pos + size > end:
            raise WireError(f"a field at byte {pos} is cut: it has {size} bytes, the message ends after {end - pos}")
        yield key >> 3, data[pos : pos + size]
        pos += size


def first_bytes(message: bytes, field: int) -> bytes:
    """Returns the first field of that number as bytes, empty where there is none. Raises WireError."""
    return next((as_bytes(value) for number, value in read_fields(message) if number == field), b"")


def as_bytes(value: Value) -> bytes:
    """Returns what has a length. Raises WireError for a number."""
    if isinstance(value, int):
        raise WireError(f"the number {value} stands where bytes belong")
    return value


def as_text(value: Value) -> str:
    """Returns a text; bytes that are no UTF-8 are replaced. Raises WireError for a number."""
    return as_bytes(value).decode("utf-8", "replace")


def as_int(value: Value) -> int:
    """Returns a signed 64-bit number. Raises WireError for what has a length."""
    if not isinstance(value, int):
        raise WireError("bytes stand where a number belongs")
    return value - (1 << 64) if value >> 63 else value


def _read_varint(data: bytes, pos: int) -> tuple[int, int]:
    """A variable-length number and the place behind it."""
    value = shift = 0
    for place in range(pos, min(pos + _MAX_VARINT, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    raise WireError(f"a number at byte {pos} of {len(data)} has no end")


def varint(value: int) -> bytes:
    """Returns a number in as few bytes as it needs; a negative one as 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number_field(field: int, value: int) -> bytes:
    """Returns a field that holds a number; 0 is left out, as proto3 does."""
    return varint(field << 3 | _VARINT) + varint(value) if value else b""


def bytes_field(field: int, value: bytes | str) -> bytes:
    """Returns a field that holds bytes, a text or a message, even an empty one."""
    raw = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | _BYTES) + varint(len(raw)) + raw
