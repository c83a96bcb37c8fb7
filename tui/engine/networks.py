"""Networks: one coroutine an operation of the Engine API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tui.engine.decoding import decode
from tui.engine.transport import Transport
from tui.model.networks import (
    Attachment,
    Network,
    NetworkCreated,
    NetworksPruned,
    Subnet,
    WireNetwork,
    attachments,
    network_from_wire,
)


class Networks:
    """The network operations of one daemon. Each raises EngineError as errors.py says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list_all(self, *, filters: Mapping[str, Sequence[str]] | None = None) -> list[Network]:
        """Return the networks by name."""
        params = {"filters": dict(filters) if filters else None}
        found = await self._transport.get("/networks", list[WireNetwork], params=params)
        return sorted(map(network_from_wire, found), key=lambda network: network.name)

    async def read(self, network: str) -> Network:
        """Return one network by ID or name."""
        return network_from_wire(await self._transport.get(_path(network), WireNetwork))

    async def attached(self, network: str) -> tuple[Attachment, ...]:
        """Return the running containers that are attached to it, by name."""
        return attachments(await self._transport.get(_path(network), WireNetwork))

    async def inspect(self, network: str) -> dict[str, Any]:
        """Return the whole inspect answer."""
        path = _path(network)
        return decode(await self._transport.read("GET", path), dict[str, Any], f"GET {path}")

    async def create(
        self, name: str, *, driver: str = "bridge", subnets: Sequence[Subnet] = (), internal: bool = False,
        attachable: bool = False, ipv6: bool = False, labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> str:  # fmt: skip
        """Create a network and return its ID. Without subnets the daemon takes one from its pool."""
        body: dict[str, Any] = {
            "Name": name, "Driver": driver, "Internal": internal, "Attachable": attachable, "EnableIPv6": ipv6,
            "Labels": dict(labels or {}), "Options": dict(options or {}),
            "CheckDuplicate": True,  # daemons before API 1.44 make a second network of the name without it
        }  # fmt: skip
        if subnets:
            body["IPAM"] = {"Driver": "default", "Config": [_range(subnet) for subnet in subnets]}
        return (await self._transport.post("/networks/create", NetworkCreated, body=body)).id

    async def remove(self, network: str) -> None:
        """Remove it; the daemon refuses while containers are attached."""
        await self._transport.read("DELETE", _path(network))

    async def prune(self, *, filters: Mapping[str, Sequence[str]] | None = None) -> NetworksPruned:
        """Remove the networks that no container uses, but those of the daemon itself."""
        params = {"filters": dict(filters) if filters else None}
        return await self._transport.post("/networks/prune", NetworksPruned, params=params)

    async def connect(
        self, network: str, container: str, *, aliases: Sequence[str] = (), ipv4: str = "", ipv6: str = ""
    ) -> None:
        """Attach a container, running or not; without addresses the daemon chooses."""
        fixed = {"IPv4Address": ipv4, "IPv6Address": ipv6}
        endpoint: dict[str, Any] = {"IPAMConfig": {key: value for key, value in fixed.items() if value} or None}
        body = {"Container": container, "EndpointConfig": endpoint | ({"Aliases": list(aliases)} if aliases else {})}
        await self._transport.read("POST", _path(network, "connect"), body=body)

    async def attach(self, network: str, container: str, endpoint: Mapping[str, Any]) -> None:
        """Attach a container as an endpoint's settings say, in the words of the API."""
        body = {"Container": container, "EndpointConfig": dict(endpoint)}
        await self._transport.read("POST", _path(network, "connect"), body=body)

    async def disconnect(self, network: str, container: str, *, force: bool = False) -> None:
        """Detach a container; `force` also one that does not exist any more."""
        body = {"Container": container, "Force": force}
        await self._transport.read("POST", _path(network, "disconnect"), body=body)


def _range(subnet: Subnet) -> dict[str, str]:
    named = {"Subnet": subnet.subnet, "Gateway": subnet.gateway, "IPRange": subnet.ip_range}
    return {key: value for key, value in named.items() if value}


def _path(network: str, operation: str = "") -> str:
    return f"/networks/{quote(network, safe='')}" + (f"/{operation}" if operation else "")
