"""The one door through which the daemon's JSON becomes typed records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec

from tui.engine.errors import MalformedAnswer

T = TypeVar("T")
W = TypeVar("W")

SLICE = 500
"""Records that are made without a pause: some 3 ms."""


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


async def in_slices(wires: Sequence[W], convert: Callable[[W], T]) -> list[T]:
    """Return what `convert` makes of each, with pauses: a list of 10,000 must not keep a key waiting."""
    records: list[T] = []
    for start in range(0, len(wires), SLICE):
        if start:
            await asyncio.sleep(0)
        records += map(convert, wires[start : start + SLICE])
    return records


def _explain(data: bytes, error: Exception) -> str:
    head = data[:200].lstrip()
    if head[:1] == b"<":
        return "HTML instead of JSON; is a web server or proxy in between?"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
