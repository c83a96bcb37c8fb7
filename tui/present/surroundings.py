"""What a container has around it as a tree: environment, mounts, ports, labels and networks, secrets masked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from tui.model.containers import Port
from tui.model.surroundings import Attached, Listening, PlacedMount, Surroundings
from tui.present.ports import WILDCARDS, address_of, published
from tui.present.secrets import looks_secret
from tui.present.span_tree import SpanTree
from tui.present.units import plural

Span = tuple[str, str]
Key = tuple[str, ...]
"""The section, then the name in it, then what is told of that."""

MASK: Final = "********"

SECTIONS: Final = ("environment", "mounts", "ports", "networks", "labels")

_RESOLVER: Final = "127.0.0.11"
"""Where the daemon's own resolver of names listens inside each container."""


class SurroundingsSource(SpanTree[Key]):
    """The tree. `shown` are the keys of secrets that were asked for; `host` reaches the daemon's machine."""

    def __init__(
        self, around: Surroundings, listening: Listening, host: str = "", shown: Collection[Key] = (), arrow: str = "→"
    ) -> None:
        super().__init__()
        self.tops = [(section,) for section in SECTIONS]
        self.secrets: set[Key] = set()
        """The keys of what is masked unless asked for."""
        self.mounts: dict[Key, PlacedMount] = {}
        self._add_pairs("environment", "variable", around.environment, shown)
        self._add_mounts(around)
        self._add_ports(around, listening, host, arrow)
        self._add_networks(around)
        self._add_pairs("labels", "label", around.labels, shown)

    def _head(self, section: str, count: str, *more: Span) -> Key:
        key = (section,)
        self.spans[key] = [(section, "head"), (f"  {count}", "dim"), *more]
        self.below[key] = []
        return key

    def _add(self, above: Key, name: str, spans: list[Span]) -> Key:
        key = (*above, name)
        self.spans[key] = spans
        self.below.setdefault(above, []).append(key)
        return key

    def _add_pairs(self, section: str, noun: str, pairs: Sequence[tuple[str, str]], shown: Collection[Key]) -> None:
        head = self._head(section, plural(len(pairs), noun))
        for name, value in pairs:
            key = (*head, name)
            if not looks_secret(name, value):
                self._add(head, name, [(name, "key"), ("=", "dim"), (value, "")])
                continue
            self.secrets.add(key)
            masked = [(MASK, "warn"), ("  enter shows it", "dim")]
            seen: list[Span] = [(value, "warn"), ("  enter hides it", "dim")]
            self._add(head, name, [(name, "key"), ("=", "dim"), *(seen if key in shown else masked)])
        masked_count = sum(key[0] == section and key not in shown for key in self.secrets)
        if masked_count:
            self.spans[head].append((f", {masked_count} masked by name", "warn"))

    def _add_mounts(self, around: Surroundings) -> None:
        more = [(", its own file system is read-only", "warn")] if around.read_only else []
        head = self._head("mounts", plural(len(around.mounts), "mount"), *more)
        for mount in around.mounts:
            self.mounts[self._add(head, mount.destination, mount_spans(mount))] = mount

    def _add_ports(self, around: Surroundings, listening: Listening, host: str, arrow: str) -> None:
        ports = by_port(around.ports, listening)
        more: list[Span] = [(f", listening not known: {listening.problem}", "warn")] if listening.problem else []
        if around.network_mode == "host":
            more.append((", in the network of its host", ""))
        head = self._head("ports", plural(len(ports), "port"), *more)
        for (number, protocol), bound in ports.items():
            spans: list[Span] = [(f"{number}/{protocol}", "key"), *_published_spans(bound, host, arrow)]
            if not listening.problem:
                spans.append(_listens(number, protocol, bool(bound), listening))
            self._add(head, f"{number}/{protocol}", spans)

    def _add_networks(self, around: Surroundings) -> None:
        head = self._head("networks", plural(len(around.networks), "network"))
        for network in around.networks:
            addresses = ", ".join(network.addresses) or "no address"
            key = self._add(head, network.network, [(network.network, "key"), (f"  {addresses}", "")])
            for word, text in _facts(network):
                self._add(key, word, [(f"{word} ", "dim"), (text, "")])


def mount_spans(mount: PlacedMount) -> list[Span]:
    """Return where it is, of which type, what is there, and how: "/data  volume pgdata  rw"."""
    source = mount.name or mount.source
    modes = ["ro" if mount.read_only else "rw"]
    modes += [word for word in mount.mode.split(",") if word and word not in ("ro", "rw")]
    modes += [word for word in (mount.propagation,) if word and word != "rprivate"]
    if mount.driver not in ("", "local"):
        modes.append(f"driver {mount.driver}")
    return [
        (mount.destination, "key"),
        (f"  {mount.type}", "dim"),
        (f" {source}" if source else "", ""),
        (f"  {','.join(modes)}", "warn" if mount.read_only else "dim"),
    ]


def by_port(ports: Sequence[Port], listening: Listening) -> dict[tuple[int, str], list[Port]]:
    """Return the ports of a container, each with where it is published: those declared, and those listened on."""
    found: dict[tuple[int, str], list[Port]] = {(port.private, port.protocol): [] for port in ports}
    for port in published(ports):
        found[port.private, port.protocol].append(port)
    for protocol, number, address in listening.sockets:
        # a UDP socket that is bound to some high port may well be a client's
        if protocol == "tcp" and address != _RESOLVER:
            found.setdefault((number, protocol), [])
    return dict(sorted(found.items()))


def _published_spans(bound: Sequence[Port], host: str, arrow: str) -> list[Span]:
    if not bound:
        return [("  not published", "dim")]
    spans: list[Span] = []
    for port in bound:
        address = address_of(port, host)
        own = f"{port.ip}:{port.public}"
        words = f"  {arrow} {address}" if address else f"  {arrow} {own}, on the daemon's machine alone"
        spans.append((words, "accent" if address else "warn"))
    return spans


def _listens(number: int, protocol: str, is_published: bool, listening: Listening) -> Span:
    if protocol not in ("tcp", "udp"):
        return ("  who listens is not known: only TCP and UDP tell", "dim")
    found = [address for kind, port, address in listening.sockets if (kind, port) == (protocol, number)]
    if not found:
        return ("  nobody listens", "bad" if is_published else "dim")
    outside = [address for address in found if not (address.startswith("127.") or address == "::1")]
    if not outside:
        return (f"  listens on {found[0]} alone: not reached from outside", "warn")
    return ("  listens" if any(address in WILDCARDS for address in outside) else f"  listens on {outside[0]}", "good")


def _facts(network: Attached) -> list[tuple[str, str]]:
    facts = [("gateway", ", ".join(network.gateways)), ("MAC", network.mac), ("known as", ", ".join(network.aliases))]
    return [(word, text) for word, text in facts if text]
