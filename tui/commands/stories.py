"""Keeps what happened to the containers of one host in the book of stories, and fills it in from there at the start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.jobs.story_book import StoryBook
from tui.model.happenings import Happening
from tui.store.happenings import Happenings
from tui.store.state import State

KEEP_SECONDS = 60.0
"""How often it is written down; what happened since is lost only if hythe is killed."""


class Stories:
    """One host's page of a book; without a book, or of a daemon without an ID, nothing is remembered."""

    def __init__(self, engine: Engine, happenings: Happenings, book: StoryBook | None) -> None:
        self._engine = engine
        self._happenings = happenings
        self._book = book
        self._daemon: str = ""
        self._written = 0
        self._has_recalled = False
        self._problem = ""
        self._told: set[str] = set()

    @property
    def is_known(self) -> bool:
        """Whether what is remembered of the daemon was filled in."""
        return bool(self._daemon)

    @property
    def limits(self) -> str:
        """What a story that goes back to earlier runs can't tell, in words; nothing where none does."""
        if not self._has_recalled:
            return ""
        return "what happened while hythe did not run: the daemon's last events alone"

    def take_problem(self) -> str:
        """Return what is wrong with the book, once each."""
        problem, self._problem = self._problem, ""
        if problem in self._told:
            return ""
        self._told.add(problem)
        return problem

    async def recall(self) -> None:
        """Fill in what is remembered of this daemon; with another one behind the same address, that one's."""
        if self._book is None:
            return
        try:
            daemon = (await self._engine.info()).id
        except EngineError:
            return  # the feed tells what is wrong with it
        if not daemon or daemon == self._daemon:
            return
        found: tuple[Mapping[str, Sequence[Happening]], str] = await asyncio.to_thread(self._book.read, daemon)
        stories, self._problem = found
        self._daemon = daemon
        self._has_recalled = bool(stories)
        before = self._happenings.changes
        self._happenings.remember(stories)
        # what happened since the start is not written yet
        self._written += self._happenings.changes - before

    async def keep(self, state: State) -> None:
        """Write down what is known of the containers that there are, if that is more than before."""
        changes = self._happenings.changes
        if self._book is None or not self._daemon or changes == self._written or "containers" not in state.listed:
            return
        stories = self._happenings.stories(state.containers)
        self._written = changes
        self._problem = await asyncio.to_thread(self._book.keep, self._daemon, stories) or self._problem

    async def keep_from_time_to_time(self, state: Callable[[], State]) -> None:
        """Write it down about each minute, until cancelled."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            await self.keep(state())
