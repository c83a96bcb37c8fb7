"""A program on a terminal in a container of its own, over the API: its bytes, its size, its exit code."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from tui.engine.engine import Engine
from tui.engine.errors import ApiError, EngineError
from tui.engine.hijack import Hijacked

LABEL = "hythe.shell"
"""Marks the containers that were made for a shell, and are removed with its end."""

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
        params = {"h": height, "w": width}
        with suppress(ApiError):
            await self._engine.transport.read("POST", f"/containers/{self._container}/resize", params=params, body={})

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
        "Labels": {LABEL: "1"},
        "Healthcheck": {"Test": ["NONE"]},
    }
    created = await engine.containers.create(body)
    try:
        where = {"stream": True, "stdin": True, "stdout": True, "stderr": True}
        async with engine.transport.hijack("POST", f"/containers/{created.id}/attach", params=where) as line:
            await engine.containers.start(created.id)
            yield Interactive(engine, created.id, line)
    finally:
        with suppress(EngineError):  # the daemon is gone, or somebody else was faster
            await engine.containers.remove(created.id, force=True, volumes=True)
