"""A program on a terminal in a container of its own, over the API: its bytes, its size, its exit code."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec

from tui.engine.engine import Engine
from tui.engine.errors import ApiError

if TYPE_CHECKING:
    from tui.engine.hijack import Hijacked

BEST_SHELL = ("/bin/sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh")
"""The best shell that an image has."""


class Interactive:
    """A program that runs on a terminal; `line` is what it reads and writes."""

    def __init__(self, engine: Engine, container: str, line: Hijacked) -> None:
        self._engine = engine
        self._container = container
        self.line = line

    async def resize(self, width: int, height: int) -> None:
        """Tell the program the size of the terminal, in cells. One that has ended meanwhile is left alone."""
        with suppress(ApiError):
            await self._engine.execs.resize_container(self._container, width, height)

    async def end(self) -> None:
        """End the program and remove its container."""
        with suppress(ApiError):  # somebody else was faster
            await self._engine.containers.remove(self._container, force=True, volumes=True)

    async def exit_code(self) -> int | None:
        """Return what the program ended with; None while it runs."""
        state: dict[str, Any] = (await self._engine.containers.inspect(self._container)).get("State") or {}
        return None if state.get("Running") else msgspec.convert(state.get("ExitCode"), int | None)


@asynccontextmanager
async def shell_in(engine: Engine, image: str, command: Sequence[str] = BEST_SHELL) -> AsyncGenerator[Interactive]:
    """Run a shell in a new container of an image, and give it; the container is removed at the end.

    Raises:
        EngineError: the container cannot be made or started: an image without a shell ends here.
    """
    body: dict[str, Any] = {
        "Image": image,
        "Entrypoint": list(command),
        "Cmd": [],
        "Tty": True,
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Healthcheck": {"Test": ["NONE"]},
    }
    async with container_with_terminal(engine, image, body) as made:
        yield made


@asynccontextmanager
async def container_with_terminal(engine: Engine, of: str, body: Mapping[str, Any]) -> AsyncGenerator[Interactive]:
    """Make and start a container, with its input and output; it is removed at the end, whatever becomes of it.

    `of` says what it is for: the ID of the container beside which it stands, or an image.

    Raises:
        EngineError: it cannot be made or started.
    """
    async with engine.helpers.lent("shell", of, body) as made, engine.execs.attach(made, stdin=True) as line:
        await engine.containers.start(made)
        yield Interactive(engine, made, line)
