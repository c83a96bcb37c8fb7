"""Keys in order: what is typed in a burst goes where the key before it led.

Textual hands a key to the widget that has the focus now, and runs a binding only when the key has bubbled back up. Of
`/web` typed at once (a fast hand, a slow line, a paste) all four keys are handed out before `/` has opened a field, and
`web` is lost, or worse: it is taken as commands. Here the next key waits until the one before it is done with.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

PATIENCE_SECONDS = 0.5
"""How long a key may take before the next one is let through all the same."""

POLL_SECONDS = 0.01
"""How often a screen that is just opening is asked whether it is there yet."""


LINGER_SECONDS = 0.02
"""How long a key is left alone that no other waits for: what it does is painted first."""


class _Follower:
    """Goes the way that a key bubbles, behind it: at the end it is done with, and so is what came of it."""

    _param_count = 0
    """How many arguments it takes: Textual would look at its signature at each step."""

    def __init__(self, way: list[MessagePump], done: Callable[[], object]) -> None:
        self._way = deque(way)
        self._done = done
        self._started = False

    def start(self) -> None:
        """Set out, once."""
        if not self._started:
            self._started = True
            self()

    def __call__(self) -> None:
        while self._way:
            if self._way.popleft().post_message(events.Callback(callback=self)):
                return
        self._done()


class KeysInOrder(App[int]):
    """A mixin for App: put it before App in the bases."""

    _waiting: deque[events.Key]
    _current: events.Key | None = None
    _follower: _Follower | None = None
    _guard: asyncio.TimerHandle | None = None
    _starting: asyncio.TimerHandle | None = None
    _held_back = False

    def hold_keys(self) -> None:
        """Keep keys, but those with ctrl, until `release_keys`: what they are meant for is not there yet."""
        self._held_back = True

    def release_keys(self) -> None:
        """Hand out what was kept, in order."""
        if self._held_back:
            self._held_back = False
            self.call_later(self._next)

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        if self._held_back and event.key.startswith("ctrl+"):
            await super().on_event(event)
            return
        if self._held_back or self._current is not None or self._queue:
            self._queue.append(event)
            if self._follower is not None:
                self._follower.start()
            return
        await self._hand_out(event)

    @property
    def _queue(self) -> deque[events.Key]:
        if "_waiting" not in self.__dict__:
            self._waiting = deque()
        return self._waiting

    async def _hand_out(self, event: events.Key) -> None:
        self._current = event
        loop = asyncio.get_running_loop()
        self._guard = loop.call_later(PATIENCE_SECONDS, self._done, event)
        target = self.focused or self.screen
        await super().on_event(event)
        # twice: a binding runs when the key has reached the app, and the messages it posts go up the same way again
        way = [*target.ancestors_with_self]
        self._follower = _Follower([*way, *way], lambda: self._done(event))
        if self._queue:
            self._follower.start()
        else:
            self._starting = loop.call_later(LINGER_SECONDS, self._follower.start)

    def _done(self, event: events.Key) -> None:
        if event is not self._current:
            return
        for timer in (self._guard, self._starting):
            if timer is not None:
                timer.cancel()
        self._follower = None
        # an app that has ended has no screen any more
        if self.is_running and self.screen_stack and not self.screen.is_mounted:
            self.set_timer(POLL_SECONDS, lambda: self._done(event))
            return
        self._current = None
        if self._queue:
            self.call_later(self._next)

    async def _next(self) -> None:
        if self._current is None and self._queue and not self._held_back:
            await self._hand_out(self._queue.popleft())
