"""The daemon's event stream, with what hythe never needs dropped before it is decoded."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

import msgspec

from tui.engine.decoding import decode
from tui.engine.errors import MalformedAnswer
from tui.engine.streams import raw_documents
from tui.engine.transport import Transport
from tui.model.events import Event, WireEvent, from_wire

# Each health check makes three exec_* events, and hythe's own reading makes top, resize and archive ones.
_NOISE = re.compile(rb'"Action":"(?:exec_|top"|resize"|attach"|archive-path"|export"|save")').search


async def stream_events(transport: Transport, since_ns: int | None = None) -> AsyncGenerator[Event | None]:
    """Yield None once the daemon has accepted the stream, then each event as it comes.

    `since_ns` (nanoseconds, the daemon's clock, inclusive) replays what the daemon still has: its last 256 events.

    A document that is no event, or is one in a shape that hythe does not know, becomes an Event without a type: what
    it told has to be read from the daemon.

    Raises:
        ConnectionLost: the stream ended or broke; a clean end is no success, since it has none.
    """
    since = None if since_ns is None else f"{since_ns // 10**9}.{since_ns % 10**9:09d}"
    async with transport.stream("GET", "/events", params={"since": since}) as answer:
        yield None
        async for document in raw_documents(answer, "GET /events", transport.endpoint.url):
            if _NOISE(document) is None:
                yield _event(document)


def _event(document: bytes) -> Event:
    try:
        return from_wire(decode(document, WireEvent, "GET /events"))
    except MalformedAnswer:
        # bytes that are no JSON object are a broken line: that stays an error, and a resumed stream has them again
        decode(document, dict[str, msgspec.Raw], "GET /events")
        return Event("", "", "", 0)
