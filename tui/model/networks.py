"""A network: what the list and inspect answers say of it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tui.model.times import parse_time

PREDEFINED = frozenset({"bridge", "host", "none"})


class WireIpamConfig(msgspec.Struct, rename="pascal", gc=False):
    subnet: str = ""
    gateway: str = ""
    ip_range: str = msgspec.field(default="", name="IPRange")


class WireIpam(msgspec.Struct, rename="pascal", gc=False):
    driver: str = ""
    config: list[WireIpamConfig | None] | None = None


class WireAttachment(msgspec.Struct, rename="pascal", gc=False):
    name: str = ""
    mac_address: str = ""
    ipv4_address: str = msgspec.field(default="", name="IPv4Address")
    ipv6_address: str = msgspec.field(default="", name="IPv6Address")


class WireNetwork(msgspec.Struct, rename="pascal", gc=False):
    """One entry of `GET /networks` and the answer to `GET /networks/{id}` (API 1.41 to 1.51).

    Only the inspect answer fills `containers`.
    """

    id: str
    name: str
    created: str = ""
    scope: str = ""
    driver: str = ""
    enable_ipv6: bool = msgspec.field(default=False, name="EnableIPv6")
    ipam: WireIpam | None = msgspec.field(default=None, name="IPAM")
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    containers: dict[str, WireAttachment] | None = None
    options: dict[str, str] | None = None
    labels: dict[str, str] | None = None


class NetworkCreated(msgspec.Struct, rename="pascal", gc=False):
    """The answer to `POST /networks/create`."""

    id: str
    warning: str = ""


class NetworksPruned(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """The answer to `POST /networks/prune`: the names removed."""

    networks_deleted: list[str] | None = None


class Subnet(msgspec.Struct, frozen=True, gc=False, order=True):
    """An address range in CIDR notation, its gateway, and the part of it that addresses are taken from."""

    subnet: str
    gateway: str = ""
    ip_range: str = ""


class Network(msgspec.Struct, frozen=True, gc=False):  # no cycles: 10,000 must not hold up the collector
    """A network as last read from the daemon. `created` is seconds since the epoch, None where it is not told."""

    id: str
    name: str
    driver: str = ""
    scope: str = ""
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    ipv6: bool = False
    created: float | None = None
    subnets: tuple[Subnet, ...] = ()
    labels: Mapping[str, str] = {}
    options: Mapping[str, str] = {}

    @property
    def short_id(self) -> str:
        """The first twelve characters of the ID, as the docker CLI shows it."""
        return self.id[:12]

    @property
    def predefined(self) -> bool:
        """Whether the daemon made it for itself: it can't be removed."""
        return self.name in PREDEFINED

    @property
    def project(self) -> str:
        """The Compose project that made it, or an empty string."""
        return self.labels.get("com.docker.compose.project", "")


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """A running container's end in a network; addresses are in CIDR notation, empty where it has none."""

    container: str
    name: str
    ipv4: str = ""
    ipv6: str = ""
    mac: str = ""


def network_from_wire(wire: WireNetwork) -> Network:
    """Return the record of a list entry or an inspect answer, which differ only in who is attached."""
    ranges = (wire.ipam.config if wire.ipam else None) or ()
    return Network(
        id=wire.id,
        name=wire.name,
        driver=wire.driver,
        scope=wire.scope,
        internal=wire.internal,
        attachable=wire.attachable,
        ingress=wire.ingress,
        ipv6=wire.enable_ipv6,
        created=parse_time(wire.created),
        subnets=tuple(Subnet(each.subnet, each.gateway, each.ip_range) for each in ranges if each and each.subnet),
        labels=wire.labels or {},
        options=wire.options or {},
    )


def attachments(wire: WireNetwork) -> tuple[Attachment, ...]:
    """Return who is attached, by name; an inspect answer names the running containers alone."""
    ends = (
        Attachment(key, end.name, end.ipv4_address, end.ipv6_address, end.mac_address)
        for key, end in (wire.containers or {}).items()
    )
    return tuple(sorted(ends, key=lambda end: end.name))
