"""Requests one after the other, each written down as its docker line; those before one that fails are taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tui.commands.session import Session
from tui.engine.errors import EngineError, NotFound

T = TypeVar("T")

Send = Callable[[], Awaitable[T]]
Step = tuple[str, Send[object]]
"""A docker line, and how it is sent."""


async def take(session: Session, line: str, send: Send[T]) -> T:
    """Send one request and write its line down. Raises EngineError."""
    entry = session.history.begin(line, session.name)
    with entry.closed_by_failure():
        found = await send()
    entry.close("ok")
    return found


class Steps:
    """What was done so far, and how to take it back. As a context, it takes all back when it is left by an error."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._back: list[tuple[Step, Callable[[], bool]]] = []
        self.left: list[str] = []
        """What could not be taken back, with the daemon's words."""

    async def take(self, line: str, send: Send[T]) -> T:
        """Take one step. Raises EngineError."""
        return await take(self._session, line, send)

    async def try_to(self, line: str, send: Send[object]) -> None:
        """Take a step that nothing hangs on: that it failed stands in the history alone."""
        try:
            await take(self._session, line, send)
        except EngineError:
            return

    def undo_with(self, line: str, send: Send[object], *, when: Callable[[], bool] = lambda: True) -> None:
        """Remember what undoes the last step, or the next one where that may fail half done; done if `when` says so."""
        self._back.append(((line, send), when))

    async def __aenter__(self) -> Steps:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            # the user may have quit, but half a container must not be what is left
            await asyncio.shield(self._take_back())

    async def _take_back(self) -> None:
        for (line, send), when in reversed(self._back):
            if not when():
                continue
            try:
                await take(self._session, line, send)
            except NotFound:
                continue  # it has gone by itself
            except EngineError as trouble:
                self.left.append(f"not undone: $ {line}: {trouble}")
        self._back.clear()
