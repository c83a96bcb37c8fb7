"""Streams of JSON documents from an answer, typed, with the daemon's in-stream errors raised."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TypeVar

from tui.engine.decoding import decode
from tui.engine.errors import ConnectionLost, MalformedAnswer
from tui.engine.framing import FramingError, NdjsonSplitter
from tui.engine.transport import Answer

T = TypeVar("T")


async def raw_documents(answer: Answer, request: str, endpoint: str) -> AsyncGenerator[bytes]:
    """Yield the JSON documents of a streamed answer, undecoded, as each is complete.

    Raises:
        ConnectionLost: the stream broke, or ended inside a document.
        MalformedAnswer: it is not a stream of JSON.
    """
    splitter = NdjsonSplitter()
    try:
        async for chunk in answer.chunks():
            for document in splitter.feed(chunk):
                yield document
    except FramingError as error:
        raise MalformedAnswer(request, str(error)) from error
    try:
        splitter.close()
    except FramingError as error:
        raise ConnectionLost(endpoint, str(error)) from error


async def documents(answer: Answer, kind: type[T], request: str, endpoint: str) -> AsyncGenerator[T]:
    """Yield the JSON documents of a streamed answer as `kind`.

    Raises:
        ConnectionLost, MalformedAnswer: as `raw_documents`, and for a document of another shape.
    """
    async for document in raw_documents(answer, request, endpoint):
        yield decode(document, kind, request)
