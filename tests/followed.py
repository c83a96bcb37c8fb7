"""A feed that runs while a test looks at what it knows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tui.engine.engine import Engine
from tui.store.feed import Feed, Timing
from tui.store.state import State


class Followed:
    """A feed, and whoever waits for its state to be so."""

    def __init__(self, engine: Engine, timing: Timing | None = None) -> None:
        self._changed = asyncio.Event()
        self.feed = Feed(engine, self._note, timing)
        self.on_change: Callable[[], object] = lambda: None

    def _note(self) -> None:
        self.on_change()
        self._changed.set()

    async def changed(self) -> None:
        """Wait for the next state that is published."""
        self._changed.clear()
        await self._changed.wait()

    @property
    def state(self) -> State:
        return self.feed.state

    @property
    def phase(self) -> str:
        return self.feed.state.condition.phase

    async def until(self, true: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait until the state makes it true.

        Raises:
            TimeoutError: it did not in time.
        """
        async with asyncio.timeout(seconds):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def until_live(self, seconds: float = 10.0) -> None:
        await self.until(lambda: self.phase == "live", seconds)


@asynccontextmanager
async def followed(engine: Engine, timing: Timing | None = None) -> AsyncIterator[Followed]:
    """Follow an engine for as long as the block lasts; a feed that ends by itself is a failure."""
    watched = Followed(engine, timing)
    running = asyncio.create_task(watched.feed.run())
    try:
        yield watched
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert running.cancelled(), f"the feed ended by itself: {running.exception()!r}"
