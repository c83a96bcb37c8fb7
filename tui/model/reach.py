"""Which container reaches which: through the networks that both are attached to, by name or by address alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tui.model.containers import Container
from tui.model.networks import Network

ICC = "com.docker.network.bridge.enable_icc"


@dataclass(frozen=True, slots=True)
class Way:
    """A network that a container is attached to, its address there, and whom it reaches by it.

    `peers` are the other running containers with their addresses; `blocked` says why none of them is reached;
    `by_name`: whether the daemon's DNS tells their addresses.
    """

    network: str
    address: str
    peers: tuple[tuple[str, str], ...] = ()
    blocked: str = ""
    by_name: bool = True
    outside: bool = True


def members(containers: Iterable[Container]) -> Mapping[str, Sequence[Container]]:
    """Return the containers of each network by its name, in the order of their names."""
    found: dict[str, list[Container]] = {}
    for container in sorted(containers, key=lambda container: container.name):
        for name, _ in container.networks:
            found.setdefault(name, []).append(container)
    return found


def ways_of(
    container: Container, networks: Mapping[str, Network], attached: Mapping[str, Sequence[Container]]
) -> list[Way]:
    """Return the ways of a container; `networks` by their names, `attached` as `members` gives it.

    A container that shares another's network has none of its own.
    """
    found: list[Way] = []
    for name, address in container.networks:
        network = networks.get(name, Network("", name))
        if network.driver in ("host", "null"):
            words = "no network at all" if network.driver == "null" else "the network of the daemon's machine itself"
            found.append(Way(name, "", blocked=words, by_name=False, outside=network.driver == "host"))
            continue
        peers = tuple(
            (other.name, dict(other.networks).get(name, ""))
            for other in attached.get(name, ())
            if other.id != container.id and other.is_running
        )
        apart = network.options.get(ICC, "true").lower() in ("false", "0")
        blocked = "its containers are kept apart (enable_icc=false)" if apart else ""
        # the daemon's own bridge has no DNS
        found.append(Way(name, address, peers, blocked, name != "bridge", not network.internal))
    return found


def reached(ways: Iterable[Way]) -> list[str]:
    """Return the names of all that are reached, each once."""
    return sorted({name for way in ways if not way.blocked for name, _ in way.peers})
