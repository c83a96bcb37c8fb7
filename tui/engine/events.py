"""The daemon's event stream, with what hythe never needs dropped before it is decoded."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from tui.engine.decoding import decode
from tui.engine.errors import MalformedAnswer
from tui.engine.streams import document_batches
from tui.engine.transport import Transport
from tui.model.events import Event, WireEvent, from_wire

# Each health check makes three exec_* events, and hythe's own reading makes top, resize and archive ones. The quotes
# are those of a field: inside a text they have a backslash before them.
_NOISE = re.compile(rb'"Action":"(?:exec_|top"|resize"|attach"|archive-path"|export"|save")').search

REST_SECONDS = 0.02
"""How long the stream is left alone after events that were few: a daemon sends each by itself, hundreds a second.

It keeps the next one waiting for so long at most; those of health checks, which are no news, keep none.
"""

REST_IN_STORM = 0.04
"""How long it is left alone after `MANY` events: what they ask for is gathered for longer than that anyway."""

MANY = 10
"""Events of one batch that tell of a storm."""

FULL = 1 << 15
"""Bytes of events from which on there are more to come at once."""


def is_noise(document: bytes) -> bool:
    """Return whether an event is one of those that health checks and hythe's own reading make in great numbers."""
    return _NOISE(document) is not None


def _moment(time_ns: int | None) -> str | None:
    return None if time_ns is None else f"{time_ns // 10**9}.{time_ns % 10**9:09d}"


async def stream_event_documents(
    transport: Transport, since_ns: int | None = None, until_ns: int | None = None, *, noise: bool = False
) -> AsyncGenerator[list[bytes] | None]:
    """Yield None once the daemon has accepted the stream, then batches of events as they arrive, undecoded.

    `since_ns` (nanoseconds, the daemon's clock, inclusive) replays what the daemon still has: its last 256 events;
    with `until_ns` the stream ends there. With `noise` those are among them that hythe itself never needs.

    Raises:
        ConnectionLost: the stream ended inside an event, or broke. A clean end just ends: it is no success either.
        MalformedAnswer: it is no stream of JSON.
    """
    params = {"since": _moment(since_ns), "until": _moment(until_ns)}
    # a daemon writes each event as a chunk of its own, and HTTP/1.0 has no chunks; a stream that is to end somewhere
    # keeps them, as without them a line that broke would look like that end
    async with transport.stream("GET", "/events", params=params, chunked=until_ns is not None) as answer:
        yield None
        async with aclosing(document_batches(answer, "GET /events", transport.endpoint.url)) as batches:
            async for batch in batches:
                if wanted := [document for document in batch if noise or not is_noise(document)]:
                    yield wanted
                    if sum(map(len, batch)) < FULL:
                        await answer.rest(REST_SECONDS if len(batch) < MANY else REST_IN_STORM)


async def stream_events(transport: Transport, since_ns: int | None = None) -> AsyncGenerator[Event | None]:
    """Yield None once the daemon has accepted the stream, then each event as it comes; else as the documents."""
    async with aclosing(stream_event_documents(transport, since_ns)) as batches:
        async for batch in batches:
            if batch is None:
                yield None
                continue
            for document in batch:
                yield decode_event(document)


async def past_events(transport: Transport, until_ns: int) -> list[Event]:
    """Return what the daemon still has of before `until_ns` (nanoseconds, its clock): its last 256 events at most.

    Raises:
        EngineError: it can't be read, or the daemon does not end its answer.
    """
    params = {"since": "1", "until": _moment(until_ns)}
    data = await transport.read("GET", "/events", params=params)
    lines = [line for line in data.splitlines() if line.strip() and not is_noise(line)]
    return [decode_event(line) for line in lines]


def decode_event(document: bytes) -> Event:
    """Return the event of a document.

    One that is no event, or is one in a shape that hythe does not know, becomes an Event without a type: what it told
    has to be read from the daemon.

    Raises:
        MalformedAnswer: it is not even a JSON object: the line spoils what it carries.
    """
    try:
        return from_wire(decode(document, WireEvent, "GET /events"))
    except MalformedAnswer:
        decode(document, dict[str, msgspec.Raw], "GET /events")
        return Event("", "", "", 0)
