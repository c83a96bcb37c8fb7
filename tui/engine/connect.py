"""Find the first endpoint where a daemon answers, and remember why the others did not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import msgspec

from tui.engine.endpoint import Endpoint, without_password
from tui.engine.engine import Engine
from tui.engine.errors import ConnectionFailed, EndpointError, EngineError
from tui.model.system import Ping


class Attempt(msgspec.Struct, frozen=True):
    """An endpoint that was tried, and why it did not serve: `reason` in words, `hint` what to do.

    One that is not `usable` leads nowhere: its address is what was named, without a password.
    """

    endpoint: Endpoint
    reason: str
    hint: str = ""
    usable: bool = True


def refused(address: str, source: str, error: EndpointError) -> Attempt:
    """Return what to say of an address, or of a context, that is none."""
    return Attempt(Endpoint(without_password(address), source), str(error), error.hint, usable=False)


class Found(msgspec.Struct, frozen=True):
    """The first endpoint that answered, as a connected engine, or None; and those that failed before it."""

    engine: Engine | None
    ping: Ping | None
    attempts: tuple[Attempt, ...]


Ask = Callable[[Engine], Awaitable[None]]
"""Lets ssh put its questions to the terminal: steps aside, and calls `Connections.answer_questions`."""


async def first_answering(endpoints: Iterable[Endpoint], *, read_only: bool = False, ask: Ask | None = None) -> Found:
    """Try the endpoints in order; with `ask`, one that needs an answer from a person gets it.

    The caller closes the engine that is returned.
    """
    attempts: list[Attempt] = []
    for endpoint in endpoints:
        engine = Engine(endpoint, read_only=read_only)
        try:
            ping = await _connect(engine, ask)
        except EngineError as error:
            await engine.close()
            attempts.append(Attempt(endpoint, str(error), error.hint))
        except BaseException:
            await engine.close()
            raise
        else:
            return Found(engine, ping, tuple(attempts))
    return Found(None, None, tuple(attempts))


async def _connect(engine: Engine, ask: Ask | None) -> Ping:
    try:
        return await engine.connect()
    except ConnectionFailed:
        if ask is None or not engine.transport.connections.asks:
            raise
    await ask(engine)
    return await engine.connect()
