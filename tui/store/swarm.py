"""The swarm of a host while somebody looks: services and nodes, read again and again, as no event tells of tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from tui.engine.engine import Engine
from tui.engine.errors import ApiError, EngineError, MalformedAnswer
from tui.model.events import Event
from tui.model.swarm import SwarmNode, SwarmService, SwarmStatus
from tui.store.table import Record

R = TypeVar("R", bound=Record)

POLL_SECONDS = 5.0
PATIENCE_SECONDS = 3.0
"""How long an answer may take before what is known is told to be old: managers without a leader wait for one."""

SILENT = "the manager does not answer: a swarm that has no leader waits for one"

BURST_SECONDS = 0.3
"""How long it is waited after an event: a service that is made makes several."""

SWARM_EVENTS = frozenset({"service", "node", "secret", "config"})
TASK_LABEL = "com.docker.swarm.service.id"


class SwarmWatch:
    """Knows whether the daemon is a manager, asked once a connection, and follows the swarm while it is watched."""

    def __init__(self, engine: Engine, changed: Callable[[], object]) -> None:
        self._engine = engine
        self._changed = changed
        self._watched = False
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.status: SwarmStatus | None = None
        """How the daemon stands to a swarm; None before it said so."""
        self.services: Mapping[str, SwarmService] = {}
        """The services by ID, as they were read last."""
        self.nodes: Mapping[str, SwarmNode] = {}
        """The nodes by ID."""
        self.problem = ""
        """Why they could not be read, in the daemon's words; what is known is from before."""
        self._told: tuple[object, ...] = ()
        self.known = False
        """Whether they were read at all, or tried to be."""

    @property
    def why_not(self) -> str:
        """Why there is nothing to see, or an empty string; one that was not asked yet may be a manager."""
        return "" if self.status is None else self.status.why_not

    def take(self, event: Event) -> None:
        """Take note of an event: what belongs to a swarm is read again soon."""
        made_network = event.type == "network" and event.name == "ingress"
        if event.type in SWARM_EVENTS or made_network or (self._watched and TASK_LABEL in event.attributes):
            self.refresh()

    def refresh(self) -> None:
        """Read it soon: whether the daemon is a manager, and what is watched."""
        self._news.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def watch(self, watched: bool) -> None:
        """Say whether somebody looks at it."""
        if watched != self._watched:
            self._watched = watched
            if watched:
                self.refresh()

    async def close(self) -> None:
        """End what is read."""
        task, self._task = self._task, None
        self._watched = False
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            anew = self._news.is_set() or bool(self.problem)
            self._news.clear()
            await self._read_or_tell(anew)
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._news.wait()
                    await asyncio.sleep(BURST_SECONDS)
            except TimeoutError:
                if not self._watched and not self._news.is_set():
                    return

    async def _read_or_tell(self, anew: bool) -> None:
        """Read, and say so while it takes long: what is shown is not the swarm's state then."""
        reading = asyncio.create_task(self._read(anew))
        try:
            done, _ = await asyncio.wait([reading], timeout=PATIENCE_SECONDS)
            if not done and self.known:
                self.problem = SILENT
                self._tell()
            await reading
        finally:
            reading.cancel()

    async def _read(self, anew: bool) -> None:
        """Read the services and nodes if they are watched, and `anew` first how the daemon stands to the swarm."""
        try:
            if self.status is None or anew:
                self.status = await self._engine.swarm.status()
            if self._watched and not self.status.why_not:
                self.services = _same(self.services, await self._engine.swarm.services())
                self.nodes = _same(self.nodes, await self._engine.swarm.nodes())
                self.known = True
            elif self.status.why_not:
                self.services, self.nodes = {}, {}
            self.problem = ""
        except (ApiError, MalformedAnswer) as error:
            self.problem, self.known = str(error), True
        except EngineError:
            return  # the feed tells what is wrong with the line
        self._tell()

    def _tell(self) -> None:
        """Tell of what is known if it is other than what was told last."""
        now = (self.status, self.services, self.nodes, self.problem, self.known)
        if now != self._told:
            self._told = now
            self._changed()


def _same(before: Mapping[str, R], records: list[R]) -> Mapping[str, R]:
    """Return the records by ID; what did not change is the same object."""
    after = {record.id: record for record in records}
    after |= {id: known for id, known in before.items() if after.get(id) == known}
    return before if list(after.items()) == list(before.items()) else after
