"""What a row of the networks table says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from tui.model.containers import Container
from tui.model.networks import Network
from tui.present.columns import Cell, Column
from tui.present.units import ago


class NetworkRows(msgspec.Struct):
    """The side data that cells are made of: the clock (seconds since the epoch) and each network's containers."""

    now: Callable[[], float]
    used_by: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])

    def columns(self) -> Sequence[Column[Network]]:
        """Return the table's columns, in their order."""
        columns: tuple[Column[Network], ...] = (
            Column("name", "NAME", 24, _name, _by_name, min_width=14, flex=2, priority=100),
            Column("id", "NETWORK ID", 12, lambda n: (n.short_id, "muted"), lambda n: n.id, priority=50),
            Column("driver", "DRIVER", 8, lambda n: (n.driver, "muted"), lambda n: n.driver, priority=80),
            Column("subnet", "SUBNET", 20, _subnets, lambda n: n.subnets, min_width=14, flex=1, priority=90),
            Column("gateway", "GATEWAY", 15, _gateways, lambda n: [s.gateway for s in n.subnets], priority=45),
            Column("used", "USED BY", 8, self._used, self._used_order, align="right", priority=85),
            Column("flags", "", 18, _flags, lambda n: (n.internal, n.attachable, n.ipv6), flex=1, priority=40),
            Column("created", "CREATED", 9, self._created, lambda n: n.created or 0.0, align="right", priority=60),
            Column("project", "PROJECT", 14, lambda n: (n.project, "info"), lambda n: n.project, flex=1, priority=55),
        )  # fmt: skip
        return [column.then_by(_by_name) for column in columns]

    def _created(self, network: Network) -> Cell:
        return (ago(self.now() - network.created) if network.created else "unknown"), "muted"

    def _used(self, network: Network) -> Cell:
        count = self.used_by.get(network.name, 0)
        return (str(count), "good") if count else ("-", "muted")

    def _used_order(self, network: Network) -> int:
        return self.used_by.get(network.name, 0)


def used_by(container: Container) -> Collection[str]:
    """Return the names of the networks that a container is attached to."""
    return [name for name, _ in container.networks]


def search_text(network: Network) -> str:
    """Return what the table's filter looks into: name, ID, driver, subnets, flags, project and labels."""
    labels = " ".join(f"{key}={value}" for key, value in network.labels.items())
    return " ".join(
        (
            network.name,
            network.short_id,
            network.driver,
            _subnets(network)[0],
            _flags(network)[0],
            network.project,
            labels,
        )
    )


def _name(network: Network) -> Cell:
    return network.name, "muted" if network.predefined else ""


def _by_name(network: Network) -> str:
    return network.name.lower()


def _subnets(network: Network) -> Cell:
    return ", ".join(subnet.subnet for subnet in network.subnets), "accent"


def _gateways(network: Network) -> Cell:
    return ", ".join(subnet.gateway for subnet in network.subnets if subnet.gateway), "muted"


def _flags(network: Network) -> Cell:
    flags = {"internal": network.internal, "attachable": network.attachable, "ingress": network.ingress}
    return ", ".join([name for name, is_set in flags.items() if is_set] + (["IPv6"] if network.ipv6 else [])), "warn"
