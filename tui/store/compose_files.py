"""What the files of the projects in view say, where they are on this machine: read one at a time, as they change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager

from tui.engine.compose_cli import ComposeCli, signature
from tui.model.compose import NOT_READ, ProjectFiles, ProjectPlace

LOOK_SECONDS = 5.0
"""How often it is looked whether the files of what is in view changed."""

Signature = tuple[tuple[str, int, int], ...]

MOST_KNOWN = 1000
"""Projects whose files are remembered."""


class ComposeFiles:
    """Reads what is watched; `changed` is called when something is known anew.

    A read costs two runs of the CLI, some 0.2 s of one core: nothing is read that nobody looks at.
    """

    def __init__(self, cli: ComposeCli, changed: Callable[[], object]) -> None:
        self._cli = cli
        self._changed = changed
        self._known: dict[ProjectPlace, tuple[Signature, ProjectFiles]] = {}
        self._forgotten = 0
        self._places: tuple[ProjectPlace, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._followers: list[asyncio.Event] = []

    def of(self, place: ProjectPlace) -> ProjectFiles:
        """Return what is known of a project's files."""
        known = self._known.get(place)
        return NOT_READ if known is None else known[1]

    @property
    def known(self) -> Mapping[ProjectPlace, ProjectFiles]:
        """All that is known."""
        return {place: files for place, (_, files) in self._known.items()}

    @property
    def knows_any(self) -> bool:
        """Whether the files of any project were read."""
        return bool(self._known)

    def watch(self, places: Iterable[ProjectPlace]) -> None:
        """Say which projects are in view, and no others."""
        wanted = tuple(places)
        if wanted == self._places:
            return
        self._places = wanted
        self._news.set()
        if wanted and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())

    def forget(self) -> None:
        """Have everything read again: what a file includes may have changed without it."""
        self._known.clear()
        self._forgotten += 1
        self._news.set()

    @contextmanager
    def following(self) -> Generator[asyncio.Event]:
        """Yield an event that is set when something is known anew."""
        event = asyncio.Event()
        self._followers.append(event)
        try:
            yield event
        finally:
            self._followers.remove(event)

    async def close(self) -> None:
        """End what is read."""
        task, self._task = self._task, None
        self._places = ()
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while self._places:
            self._news.clear()
            for place in self._places:
                if self._news.is_set():
                    break  # the view moved on: what is in it now comes first
                await self._look(place)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _look(self, place: ProjectPlace) -> None:
        forgotten = self._forgotten
        now = await asyncio.to_thread(signature, place)
        known = self._known.get(place)
        if known is not None and known[0] == now:
            return
        files = await self._cli.read_files(place)
        if forgotten != self._forgotten:
            return  # it may say what was so before: it is read again at once
        self._known.pop(place, None)
        if len(self._known) >= MOST_KNOWN:
            del self._known[next(iter(self._known))]  # projects come and go: what was read first is read again
        self._known[place] = now, files
        if known is None or known[1] != files:
            self._changed()
            for event in self._followers:
                event.set()
