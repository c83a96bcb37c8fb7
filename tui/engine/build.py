"""Builds an image: the context goes up as it is read, and what the builder tells comes back as events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from typing import Final, Literal
from urllib.parse import urlencode

from tui.engine.build_messages import BuildMessages
from tui.engine.errors import ConnectionLost
from tui.engine.request_body import RequestBody
from tui.engine.transport import Answer, Params, Transport
from tui.model.build import BuildEvent, BuildFailure

Builder = Literal["1", "2"]
"""The API's word for the classic builder, and for BuildKit."""

CLIENT_SESSION: Final = "client-session"
"""Where a context comes from that the session serves."""

PIECE: Final = 64 << 10
"""Bytes of the answer that are decoded before anything else gets its turn."""


class Builds:
    """Builds of one daemon."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.gives_session: bool | None = None
        """Whether the daemon has a session for BuildKit; None while nobody has tried."""

    async def build(
        self,
        context: AsyncIterable[bytes] | None = None,
        *,
        dockerfile: str = "Dockerfile",
        tags: Sequence[str] = (),
        target: str = "",
        build_args: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        no_cache: bool = False,
        pull: bool = False,
        platform: str = "",
        version: Builder = "2",
        remote: str = "",
        session: str = "",
        logins: str = "",
    ) -> AsyncGenerator[BuildEvent]:
        """Build, and yield what becomes of it; the last event is a BuildResult or a BuildFailure.

        `context` is a tar archive, which `dockerfile` is a name in. Without one, `remote` says where the daemon gets
        the context from: a URL, or CLIENT_SESSION for the files of the session with the ID `session`. `logins` is the
        value of X-Registry-Config, for the classic builder. There is no limit of time. Leaving the generator early
        closes the connection, which ends the build at the daemon.

        Raises:
            EngineError: as errors.py says; ConnectionLost where the answer ends before the build did.
            Exception: whatever `context` raises.
        """
        params: Params = {
            "dockerfile": dockerfile,
            "version": version,
            "target": target or None,
            "buildargs": dict(build_args) if build_args else None,
            "labels": dict(labels) if labels else None,
            "nocache": no_cache or None,
            "pull": pull or None,
            "platform": platform or None,
            "remote": remote or None,
            "session": session or None,
            "rm": True,
            "forcerm": True,
        }
        path = "/build" + (f"?{urlencode([('t', tag) for tag in tags])}" if tags else "")
        headers = {"Content-Type": "application/x-tar"} | ({"X-Registry-Config": logins} if logins else {})
        async with (
            RequestBody(context) as body,
            self._transport.stream(
                "POST", path, params=params, data=body.chunks() if context is not None else None, headers=headers
            ) as answer,
        ):
            async for event in self._events(answer):
                yield event

    async def _events(self, answer: Answer) -> AsyncIterator[BuildEvent]:
        messages = BuildMessages()
        async for chunk in answer.chunks():
            for start in range(0, len(chunk), PIECE):
                for event in messages.feed(chunk[start : start + PIECE]):
                    yield event
                await asyncio.sleep(0)  # a builder that prints as fast as it can leaves the keys alive
        for event in messages.close():
            if isinstance(event, BuildFailure):
                raise ConnectionLost(self._transport.endpoint.url, event.message)
            yield event
