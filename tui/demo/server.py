"""The demo engine: a server of the Docker Engine REST API on a unix socket, with simulated containers."""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from tui.demo import churn, handlers
from tui.demo.api import Router, dispatcher
from tui.demo.clock import NS, Clock, SystemClock
from tui.demo.population import populate
from tui.demo.swarm import seeded_swarm
from tui.demo.world import World

_SHUTDOWN_SECONDS = 0.2


class DemoEngine:
    """An engine of its own in this process. It runs no program and touches nothing of the host but its socket."""

    def __init__(
        self, *, seed: int = 7, containers: int = 12, images: int = 0, events_per_second: float = 0.0,
        clock: Clock | None = None, swarm: bool = False,
    ) -> None:  # fmt: skip
        self._seed = seed
        self._containers = containers
        self._images = images
        self._events_per_second = events_per_second
        self._clock: Clock = clock or SystemClock()
        self._swarm = swarm
        self._runner: web.ServerRunner | None = None
        self._socket: Path | None = None
        self._world: World | None = None

    @property
    def world(self) -> World:
        """The engine's objects, for who drives it from inside; raises RuntimeError before `start`."""
        if self._world is None:
            raise RuntimeError("the demo engine has not been started")
        return self._world

    async def start(self, socket_path: Path) -> None:
        """Fill the world, bind the socket (mode 0600) and start the simulated life; raises OSError."""
        if self._runner is not None:
            raise RuntimeError("the demo engine has been started already")
        world = World(self._clock, self._seed)
        populate(world, self._containers, self._images)
        if self._swarm:
            world.swarm = seeded_swarm(str(self._seed), world.booted_ns - 3600 * NS)
        world.bus.forget()
        router = Router()
        handlers.register_all(router)
        server = web.Server(dispatcher(world, router), handler_cancellation=True, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.SockSite(runner, _bound(socket_path)).start()
        except OSError:
            await runner.cleanup()
            await world.close()
            raise
        self._runner, self._socket, self._world = runner, socket_path, world
        if self._events_per_second > 0:
            world.spawn(churn.live(world, self._events_per_second))

    async def stop(self) -> None:
        """End all streams and timers and remove the socket; a second call does nothing."""
        runner, self._runner = self._runner, None
        world, self._world = self._world, None
        path, self._socket = self._socket, None
        if world is not None:
            await world.close()
        if runner is not None:
            await runner.cleanup()
        if path is not None:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _bound(path: Path) -> socket.socket:
    """Return a unix socket bound to the path, never open to others; raises OSError."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # No await in between: the mask is the process's.
    umask = os.umask(0o177)
    try:
        bound.bind(str(path))
    except OSError:
        bound.close()
        raise
    finally:
        os.umask(umask)
    return bound


@asynccontextmanager
async def serve_demo(
    *, seed: int = 7, containers: int = 12, events_per_second: float = 0.0, clock: Clock | None = None,
    swarm: bool = False,
) -> AsyncGenerator[Path]:  # fmt: skip
    """Run a demo engine on a socket in a private temporary folder; yields the socket's path, removes all at the end."""
    folder = tempfile.mkdtemp(prefix="hythe-demo-")
    engine = DemoEngine(seed=seed, containers=containers, events_per_second=events_per_second, clock=clock, swarm=swarm)
    try:
        path = Path(folder, "docker.sock")
        await engine.start(path)
        yield path
    finally:
        await engine.stop()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
