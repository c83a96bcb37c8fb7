"""Networks: one coroutine an operation of the Engine API."""

from __future__ import annotations

import msgspec

from tui.engine.transport import Transport


class Network(msgspec.Struct, frozen=True, rename="pascal"):
    """One entry of `GET /networks`: what a container can be attached to."""

    id: str
    name: str
    driver: str = ""
    scope: str = ""
    internal: bool = False


class Networks:
    """The network operations of one daemon. Each raises EngineError as errors.py says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list_all(self) -> list[Network]:
        """Return the networks by name."""
        return sorted(await self._transport.get("/networks", list[Network]), key=lambda network: network.name)
