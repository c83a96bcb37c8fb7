"""The logs of a service's tasks, wherever in the swarm they run: a source of lines for each, new ones as they come."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing

from tui.engine.errors import EngineError
from tui.engine.swarm import Swarm
from tui.jobs.log_source import LOOK_SECONDS, Target, moment_of
from tui.model.containers import Container
from tui.model.log_record import NO_TIME, LogBatch, Stream
from tui.model.swarm import SwarmNode, SwarmService, SwarmTask
from tui.store.state import Condition, State
from tui.store.table import Table

POLL_SECONDS = 5.0
"""How often the tasks are read: no event tells of those on other nodes."""

QUIET_LOOKS = 5
"""So many looks (LOOK_SECONDS) without a line after the end of a task end the following of it."""

_BEFORE = frozenset({"new", "pending", "assigned", "accepted", "preparing", "ready", "starting"})

UNREADABLE = frozenset({"none"})
"""Log drivers of which the daemons keep no copy that could be read."""


class TaskLogs:
    """The tasks of some services of one swarm, shown to LogSource as if they were containers of the host.

    One stream a task, not one a service: that of a service has the lines of its tasks in no order.
    """

    def __init__(self, swarm: Swarm, services: Sequence[SwarmService], host: str = "") -> None:
        """`host`: what goes before the names, where services of several hosts are shown together."""
        self._swarm = swarm
        self._services = services
        self._host = f"{host}/" if host else ""
        self._targets: dict[str, Target] = {}
        self._labels: dict[str, str] = {}
        self._away: dict[str, str] = {}
        """Why the node of a task can't be asked for its lines."""
        self.state = State()
        self.problem = ""
        """Why the tasks could not be read; those known are from before."""

    async def refresh(self) -> list[Target]:
        """Read the tasks, and return those that were not there before: the ones that run first, then the newest."""
        try:
            found = [await self._swarm.tasks(service.id) for service in self._services]
            nodes = {node.id: node for node in await self._swarm.nodes()}
        except EngineError as error:
            self.problem = str(error)
            self.state = State(tables=self.state.tables, condition=Condition("reconnecting", error=self.problem))
            return []
        self.problem = ""
        records: dict[str, Container] = {}
        new: list[Target] = []
        names = node_names(nodes)
        for service, tasks in zip(self._services, found, strict=True):
            for task in tasks:
                node = names.get(task.node, task.node[:12])
                records[task.id] = record_of(task, service, node, nodes.get(task.node))
                self._away[task.id] = why_away(nodes.get(task.node), node)
                self._labels[task.id] = self._host + label_of(task, service, node)
                if task.id not in self._targets:
                    self._targets[task.id] = self._target(records[task.id])
                    new.append(self._targets[task.id])
        if records != self.state.containers or not self.state.condition.is_live:
            self._know(records)
        new.sort(key=lambda target: (not target.container.is_running, -(target.container.created or 0.0)))
        return new

    def _target(self, task: Container) -> Target:
        labels = self._labels  # a task gets its node only some time after it was made
        return Target(self, lambda: self.state, task, labels[task.id], once=True, relabel=lambda: labels[task.id])

    def _know(self, records: Mapping[str, Container]) -> None:
        self.state = State(tables={"containers": Table(records=records)}, condition=Condition("live"))

    async def follow(self, found: Callable[[Sequence[Target]], object]) -> None:
        """Read the tasks again and again until cancelled, and hand on those that are new."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            found(await self.refresh())

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
        """Yield the output of a task, and with `follow` what comes until the task has ended.

        What there is is read first by itself: only then the manager says why a node can't be asked.
        """
        newest = NO_TIME
        there = self._swarm.task_log_batches(container, tty=tty, tail=tail, since=since)
        async with aclosing(there):
            async for batch in there:
                newest = max(newest, *batch.times) if len(batch) else newest
                yield batch
        if not follow:
            return
        after = moment_of(newest) if newest != NO_TIME else since
        coming = self._swarm.task_log_batches(container, tty=tty, follow=True, since=after)
        async with aclosing(coming), aclosing(self._until_over(container, coming)) as lines:
            async for batch in lines:
                fresh = (at for at, time in enumerate(batch.times) if time > newest or time == NO_TIME)
                skip = next(fresh, len(batch))
                if len(batch) > skip:
                    yield batch.part(skip)

    async def _until_over(self, task: str, lines: AsyncGenerator[LogBatch]) -> AsyncGenerator[LogBatch]:
        """Yield what comes until the task has ended and nothing came for a moment: the manager does not end it.

        Nor does it tell when the node goes away, from which nothing more comes then: that is told here.
        """
        coming = asyncio.ensure_future(anext(lines, None))
        quiet, told = 0, self._away.get(task, "")
        try:
            while quiet < QUIET_LOOKS:
                done, _ = await asyncio.wait([coming], timeout=LOOK_SECONDS)
                if not done:
                    known = self.state.containers.get(task)
                    quiet = quiet + 1 if known is None or not known.is_running else 0
                    if (away := self._away.get(task, "")) != told:
                        told = away
                        mark = LogBatch()
                        mark.add(f"— {away or 'its node is back'} —".encode(), Stream.SYSTEMERR, NO_TIME)
                        yield mark
                    continue
                batch = await coming
                if batch is None:
                    return
                coming, quiet = asyncio.ensure_future(anext(lines, None)), 0
                yield batch
        finally:
            if not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)


def node_names(nodes: Mapping[str, SwarmNode]) -> dict[str, str]:
    """Return what nodes are called by their IDs: those of one host name are told apart by their IDs."""
    names = Counter(node.name for node in nodes.values())
    return {id: node.name if names[node.name] < 2 else f"{node.name}-{id[:4]}" for id, node in nodes.items()}


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
        started=None if state == "created" else 0.0 if state == "running" else task.time,
        finished=task.time if state == "exited" else None,
        inspected=True,
        tty=task.tty,
    )
