"""Small pieces of HTTP as the Engine API speaks it: query parameters, the words of an error, dates and versions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec

from tui.engine.decoding import decode
from tui.engine.errors import MalformedAnswer

Params = Mapping[str, object]

MOST_WORDS = 64 << 10
"""Bytes of an error answer that are read."""


class Message(msgspec.Struct):
    """The body of an error answer."""

    message: str


async def error_words(response: aiohttp.ClientResponse) -> str:
    """Return the daemon's words in an error answer, whatever its shape."""
    data = b""
    try:
        async with asyncio.timeout(5):
            while len(data) < MOST_WORDS and (piece := await response.content.read(MOST_WORDS)):
                data += piece
    except (aiohttp.ClientError, OSError, TimeoutError):
        return f"HTTP {response.status}"
    try:
        return decode(data, Message, "").message
    except MalformedAnswer:
        text = data.decode("utf-8", "replace").strip()
        return f"HTTP {response.status}" if not text or text.startswith("<") else text[:500]


def encode_params(params: Params | None) -> dict[str, str]:
    """Return query parameters as the Engine API takes them: booleans as 1 and 0, maps and lists as JSON."""
    encoded: dict[str, str] = {}
    for key, value in (params or {}).items():
        if value is None:
            continue
        if isinstance(value, bool):
            encoded[key] = "1" if value else "0"
        elif isinstance(value, (dict, list, tuple)):
            encoded[key] = msgspec.json.encode(value).decode()
        else:
            encoded[key] = str(value)
    return encoded


def date_ns(header: str) -> int | None:
    """Return the time of an HTTP Date header in nanoseconds since the epoch, or None where there is none to read."""
    try:
        return int(parsedate_to_datetime(header).timestamp()) * 1_000_000_000
    except ValueError:
        return None


def dotted(version: tuple[int, int]) -> str:
    """Return a version of the API as it is written: `1.41`."""
    return f"{version[0]}.{version[1]}"


def version_pair(text: str) -> tuple[int, int] | None:
    """Return a version of the API as numbers that can be compared, or None for what is none."""
    major, dot, minor = text.partition(".")
    return (int(major), int(minor)) if dot and major.isdecimal() and minor.isdecimal() else None
