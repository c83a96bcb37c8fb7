"""Streams of JSON documents from an answer, typed, with the daemon's in-stream errors raised."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from tui.engine.decoding import decode
from tui.engine.errors import ConnectionLost, MalformedAnswer
from tui.engine.framing import FramingError, NdjsonSplitter
from tui.engine.transport import Answer

T = TypeVar("T")


async def document_batches(answer: Answer, request: str, endpoint: str) -> AsyncGenerator[list[bytes]]:
    """Yield the JSON documents of a streamed answer, undecoded, those together that arrive together.

    Raises:
        ConnectionLost: the stream broke, or ended inside a document.
        MalformedAnswer: it is not a stream of JSON.
    """
    splitter = NdjsonSplitter()
    try:
        async for chunk in answer.chunks():
            if batch := splitter.feed(chunk):
                yield batch
    except FramingError as error:
        raise MalformedAnswer(request, str(error)) from error
    try:
        splitter.close()
    except FramingError as error:
        raise ConnectionLost(endpoint, str(error)) from error


async def documents(answer: Answer, kind: type[T], request: str, endpoint: str) -> AsyncGenerator[T]:
    """Yield the JSON documents of a streamed answer as `kind`.

    Raises:
        ConnectionLost, MalformedAnswer: as `document_batches`, and for a document of another shape.
    """
    async with aclosing(document_batches(answer, request, endpoint)) as batches:
        async for batch in batches:
            for document in batch:
                yield decode(document, kind, request)
