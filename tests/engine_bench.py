"""An engine for a contract test, what the test makes there, and the cleaning up after it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import NotFound
from tui.model.log_record import LogRecord

IMAGE = "busybox:latest"


@dataclass
class Bench:
    """An engine, and what a test left in it."""

    engine: Engine
    prefix: str = field(default_factory=lambda: f"enginetest-{secrets.token_hex(3)}")
    tags: list[str] = field(default_factory=list[str])

    async def create(self, *command: str, name: str = "c", **body: Any) -> str:
        body = {"Image": IMAGE, "Cmd": list(command), "Labels": {"hythe.test": self.prefix}} | body
        created = await self.engine.containers.create(body, name=f"{self.prefix}-{name}")
        assert len(created.id) == 64
        return created.id

    async def run(self, *command: str, name: str = "c", **body: Any) -> str:
        made = await self.create(*command, name=name, **body)
        await self.engine.containers.start(made)
        return made

    async def until_state(self, container: str, state: str) -> None:
        """Wait until the daemon says that a container is in a state."""
        async with asyncio.timeout(30):
            while (await self.engine.containers.read(container)).state != state:  # noqa: ASYNC110 - the engine knows
                await asyncio.sleep(0.02)

    async def ended(self, container: str) -> int | None:
        """The exit code of a container, once it has ended."""
        async with asyncio.timeout(15):
            await self.engine.transport.read("POST", f"/containers/{container}/wait")
        return (await self.engine.containers.read(container)).exit_code

    async def logs(self, container: str, **options: Any) -> list[LogRecord]:
        batches = [batch async for batch in self.engine.containers.logs(container, **({"tty": False} | options))]
        return [record for batch in batches for record in batch]

    def reference(self, tag: str) -> str:
        self.tags.append(f"{self.prefix}:{tag}")
        return self.tags[-1]


@asynccontextmanager
async def bench_on(where: str | Endpoint) -> AsyncIterator[Bench]:
    """Give a bench on the engine at a socket's path, or behind an endpoint."""
    engine = Engine(Endpoint(f"unix://{where}", "test") if isinstance(where, str) else where)
    await engine.connect()
    bench = Bench(engine)
    try:
        yield bench
    finally:
        await _clean_up(bench)


async def _clean_up(bench: Bench) -> None:
    engine = bench.engine
    for container in await engine.containers.list_all(filters={"label": [f"hythe.test={bench.prefix}"]}):
        await engine.containers.remove(container.id, force=True, volumes=True)
    for tag in bench.tags:
        with suppress(NotFound):
            await engine.images.remove(tag, force=True)
    await engine.close()
