"""The ports that containers publish on a host, or would if they ran: who has which, and who stands in whose way."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tui.model.containers import Container, Port
from tui.model.run_wire import WirePortBinding

WILDCARDS = frozenset({"", "0.0.0.0", "::"})


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A container's published port. `addresses` are those of the host that it is bound to.

    `bound`: the container runs and has it; else it is what the container asks for when it is started.
    """

    container: str
    name: str
    state: str
    port: int
    protocol: str
    private: int
    addresses: tuple[str, ...]
    bound: bool

    @property
    def key(self) -> str:
        """What names it among the claims of a host."""
        return f"{self.port:05}/{self.protocol} {self.private} {self.container} {' '.join(self.addresses)}"

    @property
    def to_world(self) -> bool:
        """Whether every address of the host has it, also those that others reach."""
        return not WILDCARDS.isdisjoint(self.addresses)

    @property
    def to_itself(self) -> bool:
        """Whether only the host itself reaches it."""
        return all(_is_loopback(address) for address in self.addresses)


class Conflict(msgspec.Struct, frozen=True, gc=False):
    """Who else has, or wants, the same port; `now`: it is taken, so that the container can't be started."""

    who: str
    now: bool


def claims_of(container: Container) -> list[Claim]:
    """Return what a running container publishes, one bound to every address in both families once."""
    found: dict[tuple[int, int, str, bool, str], list[str]] = {}
    for port in container.ports:
        if port.public:
            wild = port.ip in WILDCARDS
            key = (port.public, port.private, port.protocol, wild, "" if wild else port.ip)
            found.setdefault(key, []).append(port.ip or "0.0.0.0")
    return [
        Claim(container.id, container.name, container.state, public, protocol, private, tuple(sorted(ips)), True)
        for (public, private, protocol, _, _), ips in found.items()
    ]


def wanted_by(container: Container, bindings: Mapping[str, Sequence[WirePortBinding] | None]) -> list[Claim]:
    """Return what a container asks for when it is started; a port that the daemon picks is nobody's until then."""
    found: list[Claim] = []
    for inside, hosts in bindings.items():
        number, _, protocol = inside.partition("/")
        for host in hosts or ():
            if number.isdecimal() and host.host_port.isdecimal() and int(host.host_port):
                address = (host.host_ip or "0.0.0.0",)
                found.append(
                    Claim(
                        container.id, container.name, container.state, int(host.host_port), protocol or "tcp",
                        int(number), address, False,
                    )
                )  # fmt: skip
    return found


def conflicts(claims: Iterable[Claim], programs: Iterable[tuple[Port, str]] = ()) -> Mapping[str, Sequence[Conflict]]:
    """Return who stands in the way of each claim, by its key; `programs` are ports of the machine and who has them.

    A running container's own port is among those of the machine: it is in nobody's way but that of other containers.
    """
    by_port: dict[tuple[int, str], list[Claim]] = {}
    for claim in claims:
        by_port.setdefault((claim.port, claim.protocol), []).append(claim)
    bound: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for port, who in programs:
        bound.setdefault((port.public, port.protocol), []).append((port.ip, who))
    found: dict[str, list[Conflict]] = {}
    for place, same in by_port.items():
        for claim in same:
            others = [
                Conflict(other.name, other.bound)
                for other in same
                if other.container != claim.container and _meet(claim.addresses, other.addresses)
            ]
            if not claim.bound and not any(other.bound for other in same):
                owners = [who for ip, who in bound.get(place, ()) if _meet(claim.addresses, (ip,))]
                others += [Conflict(who, now=True) for who in dict.fromkeys(owners)]
            if others:
                found[claim.key] = others
    return found


def _meet(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether both can't be bound at once: the same address, or every address of a family."""
    return any(_same(one, other) for one in some for other in others)


def _same(one: str, other: str) -> bool:
    if one == other or not one or not other:
        return True
    six = (":" in one) == (":" in other)
    return six and (one in WILDCARDS or other in WILDCARDS)


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
