"""The client of one daemon: its transport, and the operations by resource."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from tui.engine.cgroups import LocalCgroups
from tui.engine.containers import Containers
from tui.engine.disk import Disk
from tui.engine.early import EarlyLists
from tui.engine.endpoint import Endpoint
from tui.engine.errors import ApiError
from tui.engine.events import past_events, stream_event_documents, stream_events
from tui.engine.helpers import Helpers
from tui.engine.images import Images
from tui.engine.networks import Networks
from tui.engine.swarm import Swarm
from tui.engine.transport import Transport
from tui.engine.volumes import Volumes
from tui.model.events import Event
from tui.model.system import Info, Ping, Version

if TYPE_CHECKING:
    from tui.engine.build import Builds
    from tui.engine.exec import Execs
    from tui.engine.files import Files
    from tui.engine.layer_lists import LayerLists
    from tui.engine.processes import ContainerProcesses
    from tui.engine.registries import Registries
    from tui.engine.transfers import Transfers


class Engine:
    """A Docker daemon as seen through one endpoint. Make it inside a running event loop, and `close()` it."""

    def __init__(self, endpoint: Endpoint, *, read_only: bool = False) -> None:
        self.transport = Transport(endpoint, read_only=read_only)
        self.containers = Containers(self.transport)
        self.helpers = Helpers(self.containers)
        self.images = Images(self.transport)
        self.networks = Networks(self.transport)
        self.disk = Disk(self.transport)
        self.swarm = Swarm(self.transport)
        self.volumes = Volumes(self.transport, self.disk)
        self.last_ping: Ping | None = None
        """What the daemon said of itself at the last `connect`; None before the first."""
        self.took_early = False
        """Whether the first lists were asked for before any event: those since are replayed, but a daemon keeps few."""

    # what most never ask for is imported when somebody does

    @cached_property
    def files(self) -> Files:
        """Files in containers."""
        from tui.engine.files import Files

        return Files(self.transport)

    @cached_property
    def execs(self) -> Execs:
        """Commands that are run in containers."""
        from tui.engine.exec import Execs

        return Execs(self.transport)

    @cached_property
    def processes(self) -> ContainerProcesses:
        """What runs in containers."""
        from tui.engine.processes import ContainerProcesses

        return ContainerProcesses(self.transport.endpoint, self.containers, self.execs)

    @cached_property
    def builds(self) -> Builds:
        """Builds."""
        from tui.engine.build import Builds

        return Builds(self.transport)

    @cached_property
    def transfers(self) -> Transfers:
        """What carries images from and to a daemon."""
        from tui.engine.transfers import Transfers

        return Transfers(self.transport)

    @cached_property
    def registries(self) -> Registries:
        """What the daemon says of registries."""
        from tui.engine.registries import Registries

        return Registries(self.transport)

    @property
    def endpoint(self) -> Endpoint:
        """Where the daemon listens."""
        return self.transport.endpoint

    @property
    def read_only(self) -> bool:
        """Whether writes are refused here."""
        return self.transport.read_only

    def local_cgroups(self) -> LocalCgroups | None:
        """Return this machine's counters where the daemon may be this machine's: whether it is, they tell."""
        return LocalCgroups() if self.endpoint.socket_path is not None else None

    async def connect(self) -> Ping:
        """Negotiate the API version; see Transport.negotiate.

        While early lists are to be taken, the time in the ping is that of them: events are needed from then on.
        """
        ping = await self.transport.negotiate()
        if (early := self.containers.early) is not None:
            ping = msgspec.structs.replace(ping, time_ns=early.asked_ns)
        self.last_ping = ping
        return ping

    def take_early(self, early: EarlyLists) -> None:
        """Let the next lists of everything be those that were asked for earlier, if they are this daemon's."""
        if early.asked_ns is None or early.endpoint is None or early.endpoint.url != self.endpoint.url:
            early.close()
        else:
            self.containers.early = self.images.early = early
            self.took_early = True

    async def ping(self, seconds: float = 3.0) -> Ping:
        """Return the daemon's ping, or raise ConnectionFailed after `seconds`."""
        return await self.transport.ping(seconds)

    async def renew_connections(self) -> None:
        """Use new connections from now on; see Connections.renew."""
        await self.transport.connections.renew()

    def is_moved(self) -> bool:
        """Whether another socket has the endpoint's path by now; see Connections.is_moved."""
        return self.transport.connections.is_moved()

    async def version(self) -> Version:
        """Return the engine's version."""
        return await self.transport.get("/version", Version)

    async def info(self) -> Info:
        """Return what the daemon says of its machine."""
        return await self.transport.get("/info", Info)

    async def layer_lists(self) -> LayerLists | None:
        """Return what this machine's daemon keeps of its images' layers; None where it can't be looked at from here.

        Raises EngineError where the daemon can't be reached.
        """
        if self.endpoint.socket_path is None:
            return None
        from tui.engine.layer_lists import layer_lists

        try:
            info = await self.info()
        except ApiError:
            return None  # a proxy in front of the daemon may pass on less
        return await asyncio.to_thread(layer_lists, self.endpoint, info.root_dir, info.driver)

    def events(self, since_ns: int | None = None) -> AsyncGenerator[Event | None]:
        """Yield None once the stream is open, then the events; see `stream_events`."""
        return stream_events(self.transport, since_ns)

    def event_documents(
        self, since_ns: int | None = None, until_ns: int | None = None, *, noise: bool = False
    ) -> AsyncGenerator[list[bytes] | None]:
        """Yield None once the stream is open, then batches of undecoded events; see `stream_event_documents`."""
        return stream_event_documents(self.transport, since_ns, until_ns, noise=noise)

    async def past_events(self, until_ns: int) -> list[Event]:
        """Return what the daemon still has of before a moment of its clock; see `past_events`."""
        return await past_events(self.transport, until_ns)

    async def close(self) -> None:
        """Remove the helper containers that are there still, and close every connection."""
        await self.helpers.close()
        await self.transport.close()
