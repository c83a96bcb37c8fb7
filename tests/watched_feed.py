"""A feed on a model daemon in virtual time, and what must be so once all is quiet."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from types import SimpleNamespace
from typing import TypeVar, cast
from unittest.mock import patch

from model_daemon import ModelDaemon, Ticket
from tui.engine.engine import Engine
from tui.store import feed, knowledge, listening, reader, reading
from tui.store.feed import Feed, Timing
from tui.store.state import State
from virtual_time import run_virtually

T = TypeVar("T")
NEVER = 1e9
TIMING = Timing(reconcile=NEVER)
"""Without the reconciling list, which would cover up what the events should have told."""

QUIET = 60.0


class Watched:
    """A feed that runs on a model daemon, and what it published."""

    def __init__(self, daemon: ModelDaemon, timing: Timing = TIMING) -> None:
        self.daemon = daemon
        self.published: list[State] = []
        self.feed = Feed(cast(Engine, daemon), lambda: self.published.append(self.feed.state), timing)

    @property
    def phase(self) -> str:
        return self.feed.state.condition.phase

    def assert_true(self, phase: str = "live") -> None:
        """Every record is the daemon's, as far as a list or an inspect tells it; nothing is missing or left over."""
        state, truth = self.feed.state, self.daemon.truth
        assert dict(state.containers) == {
            key: true.inspected() if key in state.containers and state.containers[key].inspected else true.listed()
            for key, true in truth.items()
        }
        assert dict(state.images) == self.daemon.true_images
        assert dict(state.volumes) == self.daemon.true_volumes
        assert dict(state.networks) == self.daemon.true_networks
        assert not state.problems
        assert self.phase == phase
        last = self.published[-1]
        assert (last.tables, last.problems) == (state.tables, state.problems)
        assert last.condition.phase == self.phase


def virtually(
    act: Callable[[Watched], Awaitable[T]],
    tickets: Sequence[Ticket] = (),
    timing: Timing = TIMING,
    *,
    burst: int = reading.BURST,
) -> T:
    """Run a feed on a new model daemon in virtual time while `act` lasts; `burst` single reads are in its budget."""

    async def main() -> T:
        watched = Watched(ModelDaemon(tickets), timing)
        clock = SimpleNamespace(monotonic=asyncio.get_running_loop().time)
        with ExitStack() as stack:
            for module in (feed, knowledge, listening, reader):
                stack.enter_context(patch.object(module, "time", clock))
            for name in ("BURST", "PER_SECOND"):
                stack.enter_context(patch.object(reading, name, burst))
            stack.enter_context(patch.object(reader, "TOGETHER", max(1, burst // 2)))
            stack.enter_context(patch.object(knowledge, "FORGET_FROM", 0))
            running = asyncio.create_task(watched.feed.run())
            try:
                return await act(watched)
            finally:
                running.cancel()
                await asyncio.wait([running])
                assert running.cancelled(), f"the feed ended by itself: {running.exception()!r}"

    return run_virtually(main())


async def quiet(watched: Watched) -> None:
    """Let everything that is under way end, without another fault."""
    watched.daemon.drop_tickets()
    await asyncio.sleep(QUIET)
