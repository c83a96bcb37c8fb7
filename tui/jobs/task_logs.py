"""The logs of a service's tasks, wherever in the swarm they run: a source of lines for each, new ones as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from tui.engine.errors import EngineError, NotFound
from tui.engine.swarm import Swarm
from tui.jobs.log_source import LOOK_SECONDS, Target, known_lines, moment_of
from tui.model.containers import Container
from tui.model.log_record import NO_TIME, LogBatch, Stream
from tui.model.swarm import SwarmNode, SwarmService, SwarmTask
from tui.store.state import Condition, State
from tui.store.table import Table

POLL_SECONDS = 2.0
"""How often the tasks are read: no event tells of those on other nodes.

A manager remembers five ended tasks of a slot, and the containers of no others are kept: what crashes at once and is
started again at once is forgotten some three seconds after its end, and has to be seen before.
"""

BUSY_SECONDS = 1.0
"""The same while tasks come and end."""

REST = 4
"""Reading the tasks takes at most one part of so many and one of the time: there may be very many, far away."""

_BEFORE = frozenset({"new", "pending", "assigned", "accepted", "preparing", "ready", "starting"})

UNREADABLE = frozenset({"none"})
"""Log drivers of which the daemons keep no copy that could be read."""


@dataclass(slots=True)
class Known:
    """What is known of a task besides its record."""

    service: str
    label: str = ""
    away: str = ""
    """Why its node can't be asked for its lines."""
    held_up: str = ""
    """Why it was not started yet, where the manager says it."""


class TaskLogs:
    """The tasks of some services of one swarm, shown to LogSource as if they were containers of the host.

    One stream a task, not one a service: that of a service has the lines of its tasks in no order.
    """

    def __init__(self, swarm: Swarm, services: Sequence[SwarmService], host: str = "") -> None:
        """`host`: what goes before the names, where services of several hosts are shown together."""
        self._swarm = swarm
        self._services = services
        self._host = f"{host}/" if host else ""
        self._known: dict[str, Known] = {}
        """Those tasks that the manager knows: it forgets what has ended, and so does this."""
        self._open: set[str] = set()
        """The tasks whose lines are being read."""
        self._looked = asyncio.Event()
        """Set when the tasks were read, and another takes its place then."""
        self.state = State()
        self.problem = ""
        """Why the tasks could not be read; those known are from before."""

    async def refresh(self) -> list[Target]:
        """Read the tasks, and return those that were not there before: the ones that run first, then the newest."""
        try:
            found = [await self._tasks_of(service) for service in self._services]
            nodes = {node.id: node for node in await self._swarm.nodes()}
        except EngineError as error:
            self.problem = str(error)
            self.state = State(tables=self.state.tables, condition=Condition("reconnecting", error=self.problem))
            return []
        self.problem = ""
        records: dict[str, Container] = {}
        new: list[Target] = []
        for service, tasks in zip(self._services, found, strict=True):
            for task in tasks:
                node = nodes[task.node].label if task.node in nodes else task.node[:12]
                records[task.id] = record_of(task, service, node, nodes.get(task.node))
                known = self._known.get(task.id)
                if known is None:
                    known = self._known[task.id] = Known(service.id)
                    new.append(self._target(records[task.id], known))
                known.away = why_away(nodes.get(task.node), node)
                known.held_up = task.error
                known.label = self._host + label_of(task, service, node)
        for id in self._open - records.keys():
            # it was forgotten, but who reads its last lines will want to tell how it ended
            if (task := self.state.containers.get(id)) is not None and task.state == "exited":
                records[id] = task
        for id in self._known.keys() - records.keys():
            del self._known[id]
        if records != self.state.containers or not self.state.condition.is_live:
            self._know(records)
        self._tell()
        return by_rank(new)

    async def _tasks_of(self, service: SwarmService) -> list[SwarmTask]:
        """Return the tasks of a service; of one that was removed those that have not ended yet, which say last words.

        They are there for a moment longer, but not to be had by its ID any more.
        """
        try:
            return await self._swarm.tasks(service.id)
        except NotFound:
            known = [self.state.containers.get(id) for id, each in self._known.items() if each.service == service.id]
        left = [task.id for task in known if task is not None and task.state != "exited"]
        return [task for task in await asyncio.gather(*map(self._task, left)) if task is not None]

    async def _task(self, task: str) -> SwarmTask | None:
        try:
            return await self._swarm.task(task)
        except NotFound:
            return None

    def _target(self, task: Container, known: Known) -> Target:
        # a task gets its node only some time after it was made
        return Target(self, lambda: self.state, task, known.label, once=True, relabel=lambda: known.label)

    def _know(self, records: Mapping[str, Container]) -> None:
        self.state = State(tables={"containers": Table(records=records)}, condition=Condition("live"))

    def _tell(self) -> None:
        looked, self._looked = self._looked, asyncio.Event()
        looked.set()

    async def follow(self, found: Callable[[Sequence[Target]], object]) -> None:
        """Read the tasks again and again until cancelled, and hand on those that are new; none: the others changed."""
        clock = asyncio.get_running_loop().time
        pause = BUSY_SECONDS
        while True:
            await asyncio.sleep(pause)
            before, began = self.state, clock()
            found(await self.refresh())
            took = clock() - began
            pause = max(POLL_SECONDS if self.state is before else BUSY_SECONDS, REST * took)

    # what a LogSource asks for

    async def read(self, container: str) -> Container:
        """Return a task as it is now; NotFound when the manager has forgotten it."""
        task = await self._swarm.task(container)
        known = self.state.containers.get(container)
        service = next((each for each in self._services if each.id == task.service), None)
        if known is None or service is None:
            return record_of(task, service or SwarmService(task.service, task.service[:12]), task.node[:12], None)
        fresh = record_of(task, service, "", None)
        if (fresh.state, fresh.exit_code) == (known.state, known.exit_code):
            return known
        changed = Container(
            known.id, known.name, fresh.image, fresh.state, created=fresh.created, exit_code=fresh.exit_code,
            error=fresh.error, started=fresh.started, finished=fresh.finished, inspected=True, tty=fresh.tty,
        )  # fmt: skip
        self._know({**self.state.containers, known.id: changed})
        return changed

    async def log_batches(
        self,
        container: str,
        *,
        tty: bool,
        follow: bool = False,
        tail: int | None = None,
        since: str = "",
        until: str = "",  # the manager knows no end: who asked for one passes over what is later
    ) -> AsyncGenerator[LogBatch]:
        """Yield the output of a task, and with `follow` what comes until the task is known to have ended.

        It also ends when the task's node is back that was away: what came meanwhile is had by asking again. What there
        is is read first by itself: only then the manager says why a node can't be asked. What a node has not sent when
        the end is known does not come: after the end it is all there, and can be read without `follow`.
        """
        self._open.add(container)
        try:
            async with aclosing(self._batches(container, tty, follow, tail, since)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            self._open.discard(container)

    async def _batches(
        self, container: str, tty: bool, follow: bool, tail: int | None, since: str
    ) -> AsyncGenerator[LogBatch]:
        if (task := self.state.containers.get(container)) is not None and task.state == "created":
            if (known := self._known.get(container)) is not None and known.held_up:
                yield mark_of(f"{task.name} was not started yet: {known.held_up}")
            return  # the manager would say of it that the log is incomplete
        newest, same = NO_TIME, 0
        there = self._swarm.task_log_batches(container, tty=tty, tail=tail, since=since)
        async with aclosing(there):
            async for batch in there:
                if len(batch):
                    last = max(newest, *batch.times)
                    newest, same = last, batch.times.count(last) + (same if last == newest else 0)
                yield batch
        if not follow:
            return
        after = moment_of(newest) if newest != NO_TIME else since
        over = asyncio.Event()
        coming = self._swarm.task_log_batches(container, tty=tty, follow=True, since=after, over=over)
        async with aclosing(coming), aclosing(self._until_over(container, coming, over)) as lines:
            async for batch in lines:
                skip = 0
                if newest != NO_TIME:
                    skip, same = known_lines(batch, newest, same)
                if len(batch) > skip:
                    newest = NO_TIME  # from here on all is new
                    yield batch.part(skip)

    async def _until_over(
        self, task: str, lines: AsyncGenerator[LogBatch], over: asyncio.Event
    ) -> AsyncGenerator[LogBatch]:
        """Yield what comes until the task has ended and nothing came for a moment: the manager does not end it.

        Nor does it tell when the node goes away, from which nothing more comes then: that is told here, and when the
        node is back it ends.
        """
        coming = asyncio.ensure_future(anext(lines, None))
        looked = asyncio.ensure_future(self._looked.wait())
        told = self._away(task)
        try:
            while True:
                known = self.state.containers.get(task)
                if known is not None and known.is_running:
                    done, _ = await asyncio.wait([coming, looked], return_when=asyncio.FIRST_COMPLETED)
                else:
                    done, _ = await asyncio.wait([coming], timeout=LOOK_SECONDS)
                if coming in done:
                    batch = await coming
                    if batch is None:
                        return
                    coming = asyncio.ensure_future(anext(lines, None))
                    yield batch
                elif looked in done:
                    looked = asyncio.ensure_future(self._looked.wait())
                    if (away := self._away(task)) != told:
                        told = away
                        yield mark_of(away or "its node is back")
                        if not away:
                            return  # nothing more comes on this line: it is to be read on by another
                else:
                    over.set()
        finally:
            for waiting in (coming, looked):
                waiting.cancel()
            await asyncio.gather(coming, looked, return_exceptions=True)

    def _away(self, task: str) -> str:
        return known.away if (known := self._known.get(task)) is not None else ""


def mark_of(words: str) -> LogBatch:
    """Return the line that says something of a task in place."""
    mark = LogBatch()
    mark.add(f"— {words} —".encode(), Stream.SYSTEMERR, NO_TIME)
    return mark


def by_rank(targets: Sequence[Target]) -> list[Target]:
    """Return targets in the order in which they get their places: those that run now first, then the newest."""
    return sorted(targets, key=_rank)


def _rank(target: Target) -> tuple[bool, float]:
    task = target.state().containers.get(target.container.id, target.container)
    return not task.is_running, -(task.created or 0.0)


def label_of(task: SwarmTask, service: SwarmService, node: str) -> str:
    """Return what the lines of a task are told apart by: the service without its stack, the slot, and the node."""
    name = service.name.removeprefix(f"{service.stack}_") if service.stack else service.name
    return f"{name}{f'.{task.slot}' if task.slot else ''}{f'@{node}' if node else ''}"


def why_away(node: SwarmNode | None, name: str) -> str:
    """Return why a node can't be asked for lines, or an empty string."""
    if node is None or node.state in ("", "ready"):
        return ""
    return f"its node {name} is {node.state}{f': {node.message}' if node.message else ''}"


def record_of(task: SwarmTask, service: SwarmService, node: str, where: SwarmNode | None) -> Container:
    """Return a task as the record of a container: named by its slot, the start of its ID and its node."""
    state = "running" if task.state == "running" else "created" if task.state in _BEFORE else "exited"
    reasons = [task.error, why_away(where, node)]
    if task.log_driver in UNREADABLE:
        reasons.append(f"its log driver is {task.log_driver}: nothing is kept that could be read")
    slot = f".{task.slot}" if task.slot else ""
    return Container(
        task.id,
        f"{service.name}{slot}.{task.id[:5]}{f'@{node}' if node else ''}",
        task.image,
        state,
        created=task.time or 0.0,
        exit_code=task.exit_code,
        error="; ".join(filter(None, reasons)),
        # a run is told apart by when it began, which nobody tells of a task: it has one run, and an end
        started=None if state == "created" else 0.0 if state == "running" else task.time or 0.0,
        finished=task.time if state == "exited" else None,
        inspected=True,
        tty=task.tty,
    )
