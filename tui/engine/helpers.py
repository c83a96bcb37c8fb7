"""Containers that hythe makes for its own use: marked with who made them, removed at the end, found if left behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from tui.engine.containers import Containers
from tui.engine.errors import ApiError, Conflict, ConnectionFailed, EngineError, NotFound, ReadOnly
from tui.engine.owner import fate, read_mark, this_process
from tui.model.containers import Container

Kind = Literal["shell", "volume"]

SHELL = "hythe.shell"
"""Marks the containers that were made for a shell, and are removed with its end."""

VOLUME = "hythe.volume"
"""Marks the containers that were made for the files of a volume, which it names."""

LABELS: Mapping[Kind, str] = {"shell": SHELL, "volume": VOLUME}

OWNER = "hythe.owner"
"""The label that says which hythe made it, so that another one can tell whether that one still runs."""

HOST = "hythe.host"
"""The label with the name of the machine on which that hythe ran, for people."""

REMOVE_SECONDS = 5.0
"""How long is waited for a removal: a daemon that hangs must not keep hythe from ending."""


class Helpers:
    """The helper containers of one daemon that this hythe has now."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers
        self._open: dict[str, str] = {}
        self._left: set[str] = set()
        self._going: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def lent(self, kind: Kind, of: str, body: Mapping[str, Any]) -> AsyncGenerator[str]:
        """Make a helper, give its ID, and remove it at the end, whatever becomes of it. Raises as `make` does."""
        made = await self.make(kind, of, body)
        try:
            yield made
        finally:
            await asyncio.shield(self.remove(made))  # what quits meanwhile must not leave it behind

    async def make(self, kind: Kind, of: str, body: Mapping[str, Any]) -> str:
        """Make a helper from a create request's body and return its ID; `of` says what it is for.

        It is there until `remove` or `close`. Who stops waiting for it leaves none behind.

        Raises:
            EngineError: it cannot be made.
        """
        name = f"hythe-{kind}-{os.urandom(4).hex()}"
        labels = {**body.get("Labels", {}), LABELS[kind]: of, OWNER: this_process().mark, HOST: os.uname().nodename}
        making = asyncio.ensure_future(self._containers.create({**body, "Labels": labels}, name=name))
        try:
            made = (await asyncio.shield(making)).id
        except (ApiError, ReadOnly, ConnectionFailed):
            raise  # nothing was made
        except BaseException:
            await asyncio.shield(self._unmake(making, name))
            raise
        self._open[made] = name
        return made

    async def _unmake(self, making: asyncio.Future[Any], name: str) -> None:
        """Remove what may have been made, though nobody waits for it any more, or its answer was lost."""
        await asyncio.wait([making], timeout=REMOVE_SECONDS)
        making.cancel()
        await self.remove(name)

    async def remove(self, helper: str) -> None:
        """Remove a helper and its anonymous volumes, those that its image asks for; where that fails it is `left`."""
        name = self._open.get(helper, helper)
        try:
            async with asyncio.timeout(REMOVE_SECONDS):
                await self._containers.remove(helper, force=True, volumes=True)
        except (NotFound, Conflict):
            pass  # somebody else was faster
        except (EngineError, TimeoutError):
            self._left |= {helper, name}
        self._open.pop(helper, None)

    def let_go(self, helper: str, after: Sequence[Awaitable[object]] = ()) -> None:
        """Remove a helper once what uses it still has ended, without waiting for that here."""

        async def go() -> None:
            await asyncio.gather(*after, return_exceptions=True)
            await self.remove(helper)

        task = asyncio.create_task(go())
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def close(self) -> None:
        """Remove all that are there still: nothing uses them any more."""
        for task in self._going:
            task.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)
        await asyncio.gather(*(self.remove(helper) for helper in tuple(self._open)))

    def left_behind(self, containers: Iterable[Container]) -> list[Container]:
        """Return the helpers among them that nobody uses any more, by name: their hythe is gone, or lost hold of them.

        Of a hythe on another machine, or in a container of its own, nobody knows here whether it runs: none of its
        helpers is among them.
        """
        found = [each for each in containers if is_helper(each) and self._is_left(each)]
        return sorted(found, key=lambda each: each.name)

    def _is_left(self, helper: Container) -> bool:
        if helper.id in self._left or helper.name in self._left:
            return True
        owner = read_mark(helper.labels.get(OWNER, ""))
        return owner is not None and fate(owner, helper.created) == "gone"


def is_helper(container: Container) -> bool:
    """Return whether a hythe made the container for its own use."""
    return any(label in container.labels for label in LABELS.values())


def of_others(containers: Iterable[Container]) -> list[Container]:
    """Return the helpers, by name, of which nobody knows here whether their hythe still runs."""
    found: list[Container] = []
    for each in containers:
        if is_helper(each):
            owner = read_mark(each.labels.get(OWNER, ""))
            if owner is None or fate(owner, each.created) == "unknown":
                found.append(each)
    return sorted(found, key=lambda each: each.name)
