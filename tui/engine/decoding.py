"""The one door through which the daemon's JSON becomes typed records."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

import msgspec

from tui.engine.errors import MalformedAnswer

T = TypeVar("T")


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def decode(data: bytes | bytearray | msgspec.Raw, kind: type[T], request: str) -> T:
    """Return `data` as `kind`. Bytes that are not UTF-8 become U+FFFD.

    Raises:
        MalformedAnswer: naming `request`, when it is cut, not JSON, or not of that shape.
    """
    decoder = _decoder(kind)
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # of bytes that are not UTF-8, releases of msgspec raise one or the other
        readable = bytes(data).decode("utf-8", "replace").encode()
        if readable == bytes(data):
            raise MalformedAnswer(request, _explain(data, error)) from None
    try:
        return decoder.decode(readable)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedAnswer(request, _explain(readable, error)) from None


def decode_each(data: bytes | bytearray, kind: type[T], request: str) -> Iterator[T]:
    """Yield the items of a JSON array one after the other, so that a long list is never there twice.

    Raises:
        MalformedAnswer: as `decode`; items before the one that is wrong were yielded by then.
    """
    for item in decode(data, list[msgspec.Raw], request):
        yield decode(item, kind, request)


def _explain(data: bytes | bytearray | msgspec.Raw, error: Exception) -> str:
    head = bytes(data)[:200].lstrip()
    if head[:1] == b"<":
        return "HTML instead of JSON; is a web server or proxy in between?"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
