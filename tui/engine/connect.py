"""Find the first endpoint where a daemon answers, and remember why the others did not."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.model.system import Ping


class Attempt(msgspec.Struct, frozen=True):
    """An endpoint that was tried, and why it did not serve: `reason` in words, `hint` what to do."""

    endpoint: Endpoint
    reason: str
    hint: str = ""


class Found(msgspec.Struct, frozen=True):
    """The first endpoint that answered, as a connected engine, or None; and those that failed before it."""

    engine: Engine | None
    ping: Ping | None
    attempts: tuple[Attempt, ...]


async def first_answering(endpoints: Iterable[Endpoint], *, read_only: bool = False) -> Found:
    """Try the endpoints in order. The caller closes the engine that is returned."""
    attempts: list[Attempt] = []
    for endpoint in endpoints:
        engine = Engine(endpoint, read_only=read_only)
        try:
            ping = await engine.connect()
        except EngineError as error:
            await engine.close()
            attempts.append(Attempt(endpoint, str(error), error.hint))
        else:
            return Found(engine, ping, tuple(attempts))
    return Found(None, None, tuple(attempts))
