"""Who is attached to a network and who reaches whom, as lines with more lines below them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tui.model.containers import Container
from tui.model.networks import Attachment, Network
from tui.model.reach import Way, members, reached, ways_of
from tui.present.units import plural

Spans = tuple[tuple[str, str], ...]
MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a tree: `key` names it among its neighbours from one reading to the next."""

    key: str
    spans: Spans
    below: tuple[Line, ...] = ()


def attached_lines(network: Network, ends: Sequence[Attachment], containers: Iterable[Container]) -> list[Line]:
    """Return what the network is, and who is attached with which address; those that do not run have none."""
    lines = [Line("driver", (("driver     ", "dim"), (network.driver, ""), (f"  {', '.join(flags(network))}", "warn")))]
    for at, subnet in enumerate(network.subnets):
        gateway = f"  gateway {subnet.gateway}" if subnet.gateway else ""
        part = f"  addresses from {subnet.ip_range}" if subnet.ip_range else ""
        lines.append(
            Line(f"subnet {at}", (("subnet     ", "dim"), (subnet.subnet, "accent"), (f"{gateway}{part}", "")))
        )
    known = {end.container for end in ends}
    stopped = [c for c in containers if c.id not in known and any(name == network.name for name, _ in c.networks)]
    for end in ends:
        addresses = "  ".join(filter(None, (end.ipv4, end.ipv6)))
        spans: Spans = ((f"{end.name}  ", "bold"), (addresses or "no address", "accent"), (f"  {end.mac}", "dim"))
        lines.append(Line(f"end {end.container}", spans))
    for container in sorted(stopped, key=lambda each: each.name):
        spans = ((f"{container.name}  ", "dim"), (f"{container.state}: no address until it runs", "dim"))
        lines.append(Line(f"end {container.id}", spans))
    if not ends and not stopped:
        lines.append(Line("none", (("nobody is attached: c connects a container", "dim"),)))
    for key, value in sorted(network.options.items()):
        lines.append(Line(f"option {key}", (("option     ", "dim"), (f"{key}={value}", ""))))
    return lines


def flags(network: Network) -> list[str]:
    """Return what is special about a network, in words."""
    words = {
        "internal: nothing outside is reached": network.internal, "attachable": network.attachable,
        "ingress": network.ingress, "IPv6": network.ipv6,
    }  # fmt: skip
    return [word for word, is_set in words.items() if is_set]


def reach_lines(
    wanted: Sequence[Container], containers: Iterable[Container], networks: Iterable[Network]
) -> list[Line]:
    """Return a line for each of the containers: whom it reaches, and below it by which networks."""
    attached = members(containers)
    by_name = {network.name: network for network in networks}
    return [_reach_line(each, ways_of(each, by_name, attached)) for each in wanted]


def _reach_line(container: Container, ways: Sequence[Way]) -> Line:
    found = reached(ways)
    named = ", ".join(found[:MOST_NAMED]) + (f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")
    if not container.is_running:
        said, tone = f"{container.state}: reaches nobody until it runs", "dim"
    elif found:
        said, tone = f"reaches {named}", ""
    else:
        said, tone = "reaches no other container", "warn"
    out = [] if any(way.outside for way in ways) or not ways else [("  nothing outside", "warn")]
    return Line(container.id, ((f"{container.name}  ", "bold"), (said, tone), *out), tuple(map(_way_line, ways)))


def _way_line(way: Way) -> Line:
    spans: Spans = ((f"{way.network}  ", "accent"), (f"{way.address}  " if way.address else "", "dim"))
    if way.blocked:
        return Line(way.network, (*spans, (way.blocked, "warn")))
    how = "by name" if way.by_name else "by address alone: the daemon's own bridge has no DNS"
    outside = "" if way.outside else ", internal"
    peers = tuple(Line(name, ((f"{name}  ", ""), (address, "dim"))) for name, address in way.peers)
    return Line(way.network, (*spans, (f"{plural(len(way.peers), 'other')} {how}{outside}", "dim")), peers)


def index_of(lines: Sequence[Line]) -> Mapping[str, Line]:
    """Return every line by its path: the keys from the top down to it."""
    found: dict[str, Line] = {}

    def walk(each: Line, above: str) -> None:
        path = f"{above}\0{each.key}"
        found[path] = each
        for line in each.below:
            walk(line, path)

    for line in lines:
        walk(line, "")
    return found
