"""The hosts that are shown together: one session each, and which of them owns a row."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from tui.commands.session import Session
from tui.jobs.job import Job


class Fleet:
    """One connected host, or several in one table. Each keeps its own feed, light and failure.

    A row's key is the object's ID while there is one host; with several the host's number goes before it, since image
    IDs and volume names are not unique among hosts. `front` is the host that a screen or command works with that does
    not name one: the owner of the row that was acted on last.
    """

    def __init__(self, sessions: Iterable[Session]) -> None:
        self.sessions = tuple(sessions)
        if not self.sessions:
            raise ValueError("a fleet has at least one host")
        self.front = self.sessions[0]

    @property
    def many(self) -> bool:
        """Whether rows have to say which host they are of."""
        return len(self.sessions) > 1

    def key(self, session: Session, id: str) -> str:
        """Return the row key of the object `id` on the host of `session`."""
        return f"{self.sessions.index(session)}:{id}" if self.many else id

    def owner(self, key: str) -> tuple[Session, str]:
        """Return the host that a row key belongs to, and the object's ID there."""
        if not self.many:
            return self.front, key
        number, _, id = key.partition(":")
        return self.sessions[int(number)], id

    @property
    def jobs(self) -> Iterator[tuple[Session, Job]]:
        """The jobs of every host, newest first."""
        found = [(session, job) for session in self.sessions for job in session.jobs]
        return iter(sorted(found, key=lambda pair: pair[1].started, reverse=True))

    @property
    def running_jobs(self) -> list[Job]:
        """The jobs that are under way, of every host."""
        return [job for session in self.sessions for job in session.jobs.running]

    def start(self) -> None:
        """Begin to follow every daemon."""
        for session in self.sessions:
            session.start()

    async def pause(self) -> None:
        """Stop following every daemon; see Session.pause."""
        await asyncio.gather(*(session.pause() for session in self.sessions))

    async def close(self) -> None:
        """End jobs, streams and connections; a host that hangs holds up no other."""
        await asyncio.gather(*(session.close() for session in self.sessions))
