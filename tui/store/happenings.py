"""What happened to each container of a host: the daemon's last events from before, and those since; bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Container, Generator, Mapping, Sequence
from contextlib import contextmanager

from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.model.events import Event
from tui.model.happenings import Happening, happening_from

MOST_CONTAINERS = 2000
"""Containers whose story is kept, those that something happened to last."""

MOST_EACH = 100


class Happenings:
    """The last happenings of each container, oldest first; gone ones too.

    `sent_by(name, id)` gives hythe's own docker line on a container that is under way or was just now, or nothing.
    """

    def __init__(self, sent_by: Callable[[str, str], str] = lambda _name, _id: "") -> None:
        self._sent_by = sent_by
        self._kept: dict[str, deque[Happening]] = {}
        self._followers: dict[str, list[asyncio.Event]] = {}
        self._remembered_ns = 0
        self.changes = 0
        """Grows with what is known."""
        self.past_problem = ""
        """Why the daemon does not tell what happened before; empty while it does."""

    def of(self, container: str) -> Sequence[Happening]:
        """Return what is known of a container, oldest first."""
        return tuple(self._kept.get(container, ()))

    def take(self, event: Event) -> None:
        """Take note of an event; those that do not belong to a container's story are passed over."""
        if event.type != "container" or (found := happening_from(event, self._sent_by(event.name, event.id))) is None:
            return
        kept = self._kept.pop(event.id, None)
        if kept is None:
            kept = deque[Happening](maxlen=MOST_EACH)
            if len(self._kept) >= MOST_CONTAINERS:
                del self._kept[next(iter(self._kept))]
        self._kept[event.id] = kept
        if found.time_ns <= self._remembered_ns and any(each.same == found.same for each in kept):
            return  # a daemon tells again what was in the second in which it was asked
        kept.append(found)
        self.changes += 1
        self._tell(event.id)

    async def read_past(self, engine: Engine, until_ns: int) -> None:
        """Fill in what the daemon still knows from before `until_ns`: its last 256 events, of whatever kind."""
        try:
            events = await engine.past_events(until_ns)
        except EngineError as error:
            self.past_problem = str(error)
            return
        self.past_problem = ""
        found: dict[str, list[Happening]] = {}
        for event in events:
            if (happening := happening_from(event)) is not None:
                found.setdefault(event.id, []).append(happening)
        self.remember(found)

    def remember(self, stories: Mapping[str, Sequence[Happening]]) -> None:
        """Fill in what happened before, by container, as it was found out elsewhere."""
        for id, story in stories.items():
            if id not in self._kept and len(self._kept) >= MOST_CONTAINERS:
                continue  # what is known already is newer
            happenings = {each.same: each for each in story}
            for each in self.of(id):
                known = happenings.get(each.same)
                # one of the two may know who it came from
                happenings[each.same] = each if known is None or not known.by else known
            self._kept[id] = deque(sorted(happenings.values(), key=lambda each: each.time_ns), maxlen=MOST_EACH)
            self._remembered_ns = max(self._remembered_ns, self._kept[id][-1].time_ns if self._kept[id] else 0)
            self.changes += 1
            self._tell(id)

    def stories(self, containers: Container[str]) -> dict[str, Sequence[Happening]]:
        """Return what is known of those of the containers of which anything is."""
        return {id: tuple(kept) for id, kept in self._kept.items() if id in containers}

    @contextmanager
    def following(self, container: str) -> Generator[asyncio.Event]:
        """Yield an event that is set whenever something happened to a container."""
        event = asyncio.Event()
        self._followers.setdefault(container, []).append(event)
        try:
            yield event
        finally:
            self._followers[container].remove(event)
            if not self._followers[container]:
                del self._followers[container]

    def _tell(self, container: str) -> None:
        for event in self._followers.get(container, ()):
            event.set()
