"""A request's body that is made while it is sent, and what went wrong in making it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from types import TracebackType

from tui.engine.errors import EngineError


class RequestBody:
    """A body that remembers what went wrong in its source, which the HTTP client hides in its own error.

    As a context around the request it raises that instead of an EngineError, and ends a source that was left in its
    midst, which releases what it holds.
    """

    def __init__(self, source: AsyncIterable[bytes] | None) -> None:
        self._error: Exception | None = None
        self._source = source
        self._reading = asyncio.Lock()

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the source's chunks."""
        if self._source is None:
            return
        source = aiter(self._source)
        while True:
            try:
                async with self._reading:
                    chunk = await anext(source)
            except StopAsyncIteration:
                return
            except Exception as error:
                self._error = error
                raise
            yield chunk

    async def __aenter__(self) -> RequestBody:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, EngineError) and self._error is not None:
                raise self._error from error
        finally:
            aclose = getattr(self._source, "aclose", None)
            if aclose is not None:
                # the client has cancelled what reads, but a thread may be at it still
                async with self._reading:
                    await aclose()
