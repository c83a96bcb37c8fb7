"""Reads a container's files for a screen: the parts of its tree one after the other, mounts and changes beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tui.commands.job_history import start_job
from tui.commands.session import Session
from tui.engine.errors import EngineError
from tui.jobs.container_tree import ContainerTreeJob
from tui.model.container_tree import ContainerTree
from tui.model.containers import Container
from tui.present.units import plural, size
from tui.screens.base import HytheScreen


class FilesReading:
    """What was read of one container; `on_change` is called whenever more is known. A reading ends with the screen."""

    def __init__(
        self, screen: HytheScreen, container: Container, on_change: Callable[[], object], *, root: str = "",
        of: str = "",
    ) -> None:  # fmt: skip
        """Paths count from `root`, a folder of the container that people call `of`."""
        self.tree = ContainerTree()
        self.job: ContainerTreeJob | None = None
        self.problem = ""
        """Why the last reading did not come to its end."""
        self.changes_problem = ""
        self._screen = screen
        self.container = container
        self._root = root
        self._of = of
        self._on_change = on_change

    @property
    def running(self) -> bool:
        """Whether an archive is being read."""
        return self.job is not None and self.job.state == "running"

    @property
    def session(self) -> Session:
        """The container's host."""
        return self._screen.session

    async def learn_mounts(self) -> None:
        """Ask what is mounted where."""
        try:
            around = await self.session.engine.containers.surroundings(self.container.id)
        except EngineError:
            self.tree.set_mounts(self.container.mounts)  # the reading of the files tells what is wrong
        else:
            self.tree.set_mounts(around.plain_mounts)

    async def learn_changes(self) -> None:
        """Ask what differs from the image, which may take the daemon seconds."""
        try:
            changes = await self.session.engine.containers.changes(self.container.id)
        except EngineError as error:
            self.changes_problem = str(error)
        else:
            self.changes_problem = ""
            await asyncio.to_thread(self.tree.set_changes, [(change.path, change.kind) for change in changes])
        self._on_change()

    async def read(self, path: str) -> bool:
        """Read a path and all below it; returns whether something came, be it in part."""
        container = self.container
        job = self.job = ContainerTreeJob(
            self.session.engine, container.id, container.name, path, root=self._root, of=self._of
        )
        self.problem = ""
        start_job(self.session, job)
        stop = job.listen(self._on_change)
        self._on_change()
        try:
            await job.wait_or_cancel()
        finally:
            stop()
        part = job.take_part()
        if job.state != "done":
            came = f"{plural(job.paths, 'path')}, {size(job.seen)} passed"
            self.problem = f"{job.error or 'the reading was stopped'}  ({came})"
        came = part is not None and (part.complete or len(part.tree) > 1)
        if came and part is not None:
            self.tree.add_part(part)
        self._on_change()
        return came

    def fail(self, problem: str) -> None:
        """Say why there is nothing to read."""
        self.problem = problem
        self._on_change()

    async def cancel(self) -> None:
        """Stop the reading; what came of it stays."""
        if self.job is not None:
            await self.job.cancel()
