"""One connected host as screens and commands see it: its engine, its feed, the usage in view, what is under way."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from tui.commands.history import History
from tui.commands.left_behind import LeftBehind
from tui.commands.stories import Stories
from tui.crash import write_report
from tui.engine.compose_cli import ComposeCli
from tui.engine.engine import Engine
from tui.jobs.job import Jobs
from tui.jobs.story_book import StoryBook
from tui.model.compose import Project
from tui.model.containers import Container
from tui.model.events import Event
from tui.model.system import Ping
from tui.present import networks, volumes
from tui.present.tally import Tally
from tui.store.compose_files import ComposeFiles
from tui.store.disk import DiskBook
from tui.store.event_log import EventLog
from tui.store.feed import Feed, Timing
from tui.store.happenings import Happenings
from tui.store.newer import NewerBook
from tui.store.projects import ProjectBook
from tui.store.state import State
from tui.store.swarm import SwarmWatch
from tui.store.usage import UsageWatch

if TYPE_CHECKING:
    from tui.jobs.layer_cache import LayerCache
    from tui.jobs.scan import ScanBook
    from tui.model.recreate import Made

BUDGET_SECONDS = 10.0
"""Over how long requests are counted."""


class Budget(msgspec.Struct, frozen=True):
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
        book: StoryBook | None = None, environment: Mapping[str, str] | None = None, scanner: str = "auto",
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
        self.on_state: Callable[[], object] = lambda: None
        """Called when there is a newer state."""
        self.on_usage: Callable[[set[str]], object] = lambda _changed: None
        self.on_busy: Callable[[set[str]], object] = lambda _changed: None
        self.on_jobs: Callable[[], object] = lambda: None
        self.made_before: dict[str, Made] = {}
        """How to make again what a container was made from, by its ID, where that one could not be kept aside."""
        self.newer = NewerBook()
        """What registries said that tags name by now."""
        self.jobs = Jobs(lambda: self.on_jobs())
        self.happenings = Happenings(lambda name, id: self.history.sent_to(self.name, name, id, id[:12]))
        """What happened to each container, and which of it came from here."""
        self.stories = Stories(engine, self.happenings, book)
        self.swarm = SwarmWatch(engine, lambda: self.on_state())
        """The swarm that the daemon manages, if it does."""
        self.feed = Feed(engine, self._take_state, timing, self._take_event, write_report)
        self.usage = UsageWatch(
            engine, lambda changed: self.on_usage(changed), known=lambda key: self.state.containers.get(key)
        )
        self.disk = DiskBook(engine, now)
        """What takes the disk, as it was last asked for."""
        self.event_log = EventLog(engine)
        """The events themselves, while somebody looks at them."""
        self.left_behind = LeftBehind(self)
        """The helper containers that a killed hythe left there."""
        self._followers: list[asyncio.Event] = []
        self.environment: Mapping[str, str] = os.environ if environment is None else environment
        """Where programs of this machine are looked up."""
        self.scanner = scanner
        """Which tool scans images; "auto" for the first that is found."""
        self.compose = ComposeCli(engine.transport, self.environment)
        """Docker Compose for this host, where it is on this machine."""
        self.compose_files = ComposeFiles(self.compose, lambda: self.on_state())
        self._projects = ProjectBook()
        self._volume_users = Tally[Container, str](volumes.used_by)
        self._network_users = Tally[Container, str](networks.used_by)
        self._marks: deque[tuple[float, int]] = deque(maxlen=100)
        self._task: asyncio.Task[None] | None = None
        self._past: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
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

    @property
    def projects(self) -> Mapping[str, Project]:
        """The Compose projects by ID, as the containers tell them; the same mapping while nothing of them changed."""
        return self._projects.of(self.state.containers)

    @property
    def volume_users(self) -> Mapping[str, int]:
        """How many containers mount each volume, by its name; a volume that none mounts is left out."""
        return self._volume_users.count(self.state.containers)

    @property
    def network_users(self) -> Mapping[str, int]:
        """How many containers are attached to each network, by its name; one that has none is left out."""
        return self._network_users.count(self.state.containers)

    def _take_state(self) -> None:
        """Say that there is a newer state; with each new connection ask the daemon once what happened before it."""
        if not self.feed.condition.answers:
            self._knows_past = False
        elif not self._knows_past:
            self._knows_past = True
            self._past = asyncio.create_task(self._read_past())
            self.swarm.refresh()
        self.left_behind.look()
        self.on_state()
        for news in self._followers:
            news.set()

    @contextmanager
    def following(self) -> Generator[asyncio.Event]:
        """Yield an event that is set whenever there is a newer state."""
        news = asyncio.Event()
        self._followers.append(news)
        try:
            yield news
        finally:
            self._followers.remove(news)

    def _take_event(self, event: Event) -> None:
        self.happenings.take(event)
        self.swarm.take(event)

    @cached_property
    def scans(self) -> ScanBook:
        """What scans of images found in this run."""
        from tui.jobs.scan import ScanBook

        return ScanBook()

    @cached_property
    def layer_cache(self) -> LayerCache:
        """The layers that were read, for the next look and the next run."""
        from tui.jobs.layer_cache import LayerCache
        from tui.jobs.layer_store import LayerStore

        return LayerCache(LayerStore.of_user())

    async def _read_past(self) -> None:
        await self.stories.recall()
        # what is newer than the ping came, or comes, by the feed
        await self.happenings.read_past(self.engine, self.ping.time_ns or time.time_ns())

    def start(self) -> None:
        """Begin to follow the daemon."""
        self._task = asyncio.create_task(self.feed.run())
        self.event_log.resume()
        self._keeping = asyncio.create_task(self.stories.keep_from_time_to_time(lambda: self.state))

    async def pause(self) -> None:
        """Stop following: a process that is stopped would not read its streams, and that slows the whole daemon."""
        await self._end_tasks()
        await self.event_log.pause()
        await self.stories.keep(self.state)
        await self.usage.close()
        await self.compose_files.close()
        await self.swarm.close()

    async def _end_tasks(self) -> None:
        tasks = [task for task in (self._task, self._past, self._keeping) if task is not None]
        self._task = self._past = self._keeping = None
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
        await self.disk.cancel()
        await self.event_log.close()
        await self._end_tasks()
        await self.stories.keep(self.state)
        await self.usage.close()
        await self.compose_files.close()
        await self.swarm.close()
        await self.engine.close()
        if "layer_cache" in self.__dict__:
            await asyncio.to_thread(self.layer_cache.close)
