"""Whose lines a log screen follows: containers of several hosts, or the tasks of services as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tui.commands.session import Session
from tui.jobs.log_source import Target
from tui.jobs.task_logs import TaskLogs, by_rank
from tui.model.containers import Container
from tui.model.swarm import SwarmService
from tui.screens.log_reading import LogReading

MOST_FOLLOWED = 100
"""Containers or tasks that are followed together; each takes a connection."""


class LogTargets:
    """The first containers of those that are wanted, or each task of the services, as far as there is room."""

    def __init__(self, wanted: Sequence[tuple[Session, Container | SwarmService]]) -> None:
        containers = [(session, each) for session, each in wanted if isinstance(each, Container)]
        self.services = [(session, each) for session, each in wanted if isinstance(each, SwarmService)]
        """The services, each with its host; none where containers are followed."""
        self._left_out = max(0, len(containers) - MOST_FOLLOWED)
        self._waiting: list[Target] = []
        """Tasks that are followed as soon as there is a place."""
        self._containers = containers[:MOST_FOLLOWED]
        hosts = list(dict.fromkeys(session for session, _ in self.services))
        self._tasks = [
            TaskLogs(
                session.engine.swarm,
                [service for owner, service in self.services if owner is session],
                session.name if len(hosts) > 1 else "",
            )
            for session in hosts
        ]

    @property
    def noun(self) -> str:
        """What lines are told apart by."""
        return "task" if self.services else "container"

    @property
    def problem(self) -> str:
        """Why tasks can't be read, or an empty string."""
        return "; ".join(tasks.problem for tasks in self._tasks if tasks.problem)

    @property
    def looked(self) -> bool:
        """Whether it is known which tasks there are; never where containers are followed."""
        return bool(self._tasks) and all(tasks.state.condition.is_live for tasks in self._tasks)

    @property
    def left_out(self) -> int:
        """How many are not followed: for good where they are containers, and tasks until others have ended."""
        return self._left_out + len(self._waiting)

    def first(self) -> list[Target]:
        """Return what is there from the beginning: the containers."""
        many_hosts = len({id(session) for session, _ in self._containers}) > 1
        return [
            Target(
                session.engine.containers,
                lambda session=session: session.state,
                container,
                f"{session.name}/{container.name}" if many_hosts else container.name,
            )
            for session, container in self._containers
        ]

    async def follow(self, reading: LogReading, changed: Callable[[], object]) -> None:
        """Follow until cancelled; `changed` is called when the tasks were read.

        The tasks are looked for before any is read, for their first lines to come in order.
        """
        feed = reading.feed

        def fill() -> None:
            room = max(0, MOST_FOLLOWED - feed.followed)
            chosen, self._waiting = self._waiting[:room], self._waiting[room:]
            for target in chosen:
                feed.add(target)

        def take(found: Sequence[Target]) -> None:
            waiting = [target for target in self._waiting if target.container.id in target.state().containers]
            self._waiting = by_rank([*waiting, *found])
            fill()
            feed.forget()
            changed()

        feed.on_end = fill
        for tasks in self._tasks:
            take(await tasks.refresh())
        async with asyncio.TaskGroup() as group:
            group.create_task(reading.run())
            for tasks in self._tasks:
                group.create_task(tasks.follow(take))
