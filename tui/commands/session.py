"""One connected host as screens and commands see it: its engine, its feed, the usage in view, what is under way."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tui.commands.history import History
from tui.engine.engine import Engine
from tui.jobs.job import Jobs
from tui.jobs.layer_cache import LayerCache
from tui.jobs.layer_store import LayerStore
from tui.model.recreate import Made
from tui.model.system import Ping
from tui.store.feed import Feed, Timing
from tui.store.happenings import Happenings
from tui.store.newer import NewerBook
from tui.store.state import State
from tui.store.usage import UsageWatch

BUDGET_SECONDS = 10.0
"""Over how long requests are counted."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What hythe costs a daemon now: streams of usage that it sends, and requests a second over the last ten.

    `reads`: containers whose usage is read from this machine's cgroups instead, at no cost to the daemon.
    """

    streams: int = 0
    reads: int = 0
    requests: float = 0.0


def total_budget(budgets: Iterable[Budget]) -> Budget:
    """Return what several hosts cost together."""
    found = list(budgets)
    return Budget(
        sum(each.streams for each in found), sum(each.reads for each in found), sum(each.requests for each in found)
    )


class Session:
    """A host while hythe is connected to it. `guarded` hosts ask before what would otherwise be free."""

    def __init__(
        self, engine: Engine, history: History, *, guarded: bool = False, name: str = "",
        tone: str = "accent",
        stop_timeout: int | None = None, now: Callable[[], float] = time.time, timing: Timing | None = None,
    ) -> None:  # fmt: skip
        self.engine = engine
        self.history = history
        self.guarded = guarded
        self.now = now
        """The clock that ages are told by, seconds since the epoch."""
        self.name = name or engine.endpoint.label
        self.tone = tone
        """How the header colours the host's name."""
        self.stop_timeout = stop_timeout
        """Seconds from the stop signal to SIGKILL; None for each container's own."""
        self.refused: dict[str, str] = {}
        """Commands that what stands before the daemon did not let through, by their ids, and why."""
        self.busy: dict[str, str] = {}
        """IDs of objects with a request under way, and the verb."""
        self.on_state: Callable[[State], object] = lambda _state: None
        self.on_usage: Callable[[set[str]], object] = lambda _changed: None
        self.on_busy: Callable[[set[str]], object] = lambda _changed: None
        self.on_jobs: Callable[[], object] = lambda: None
        self.made_before: dict[str, Made] = {}
        """How to make again what a container was made from, by its ID, where that one could not be kept aside."""
        self.layer_cache = LayerCache(LayerStore.of_user())
        """The layers that were read, for the next look and the next run."""
        self.newer = NewerBook()
        """What registries said that tags name by now."""
        self.jobs = Jobs(lambda: self.on_jobs())
        self.happenings = Happenings(lambda name, id: self.history.sent_to(self.name, name, id, id[:12]))
        """What happened to each container, and which of it came from here."""
        self.feed = Feed(engine, self._take_state, timing, self.happenings.take)
        self.usage = UsageWatch(
            engine, lambda changed: self.on_usage(changed), known=lambda key: self.state.containers.get(key)
        )
        self._marks: deque[tuple[float, int]] = deque(maxlen=100)
        self._task: asyncio.Task[None] | None = None
        self._past: asyncio.Task[None] | None = None
        self._knows_past = False

    @property
    def ping(self) -> Ping:
        """What the daemon said of itself when it was connected to last; nothing much before the first time."""
        return self.engine.last_ping or Ping("", "", "", False)

    @property
    def budget(self) -> Budget:
        """What is asked of the daemon; look at it about once a second for the requests to be told rightly."""
        now, sent = time.monotonic(), self.engine.transport.requests
        while len(self._marks) > 1 and now - self._marks[0][0] > BUDGET_SECONDS:
            self._marks.popleft()
        self._marks.append((now, sent))
        began, before = self._marks[0]
        rate = (sent - before) / (now - began) if now - began >= 1 else 0.0
        return Budget(self.usage.streams, self.usage.reads, rate)

    @property
    def state(self) -> State:
        """The latest state."""
        return self.feed.state

    def _take_state(self, state: State) -> None:
        """Hand a state on; with each new connection the daemon is asked once what happened before it."""
        if not state.condition.answers:
            self._knows_past = False
        elif not self._knows_past:
            self._knows_past = True
            self._past = asyncio.create_task(self._read_past())
        self.on_state(state)

    async def _read_past(self) -> None:
        # what is newer than the ping came, or comes, by the feed
        await self.happenings.read_past(self.engine, self.ping.time_ns or time.time_ns())

    def start(self) -> None:
        """Begin to follow the daemon."""
        self._task = asyncio.create_task(self.feed.run())

    async def pause(self) -> None:
        """Stop following: a process that is stopped would not read its streams, and that slows the whole daemon."""
        await self._end_tasks()
        await self.usage.close()

    async def _end_tasks(self) -> None:
        tasks = [task for task in (self._task, self._past) if task is not None]
        self._task = self._past = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def set_busy(self, key: str, verb: str | None) -> None:
        """Mark an object as having a request under way, or, with None, no longer."""
        if verb is None:
            self.busy.pop(key, None)
        else:
            self.busy[key] = verb
        self.on_busy({key})

    async def close(self) -> None:
        """End jobs, streams and connections."""
        self.on_jobs = lambda: None  # the screen that listened may be gone, and its jobs are cancelled only now
        await self.jobs.close()
        await self._end_tasks()
        await self.usage.close()
        await self.engine.close()
        await asyncio.to_thread(self.layer_cache.close)
