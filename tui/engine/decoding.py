"""The one door through which the daemon's JSON becomes typed records."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import msgspec

from tui.engine.errors import MalformedAnswer

T = TypeVar("T")


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def decode(data: bytes, kind: type[T], request: str) -> T:
    """Return `data` as `kind`. Bytes that are not UTF-8 become U+FFFD.

    Raises:
        MalformedAnswer: naming `request`, when it is cut, not JSON, or not of that shape.
    """
    decoder = _decoder(kind)
    try:
        return decoder.decode(data)
    except UnicodeDecodeError:
        data = data.decode("utf-8", "replace").encode()
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedAnswer(request, _explain(data, error)) from None
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedAnswer(request, _explain(data, error)) from None


def _explain(data: bytes, error: Exception) -> str:
    head = data[:200].lstrip()
    if head[:1] == b"<":
        return "HTML instead of JSON; is a web server or proxy in between?"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
