"""A request's body from a stream that may fail: what went wrong in it is kept, which the HTTP client would hide."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable


class SentBody:
    """The chunks of `source` (nothing, for None) as they are sent; `error` is what it raised, if it did."""

    def __init__(self, source: AsyncIterable[bytes] | None) -> None:
        self.error: Exception | None = None
        self._source = source

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the source's chunks."""
        if self._source is None:
            return
        try:
            async for chunk in self._source:
                yield chunk
        except Exception as error:
            self.error = error
            raise

    async def close(self) -> None:
        """End a source that was left in its midst, and release what it holds."""
        aclose = getattr(self._source, "aclose", None)
        if aclose is not None:
            await aclose()
