"""What a row of the table of published ports says."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tui.model.published import Claim, Conflict
from tui.present.columns import Cell, Column


class PortRow(msgspec.Struct, frozen=True):
    """A claim with the host that it is on, and who stands in its way."""

    host: str
    tone: str
    claim: Claim
    conflicts: tuple[Conflict, ...] = ()


def columns(*, many_hosts: bool, ascii: bool) -> Sequence[Column[PortRow]]:
    """Return the table's columns."""
    arrow = "->" if ascii else "→"
    made: list[Column[PortRow]] = [
        Column("port", "PORT", 10, lambda r: (f"{r.claim.port}/{r.claim.protocol}", "accent"),
               lambda r: (r.claim.port, r.claim.protocol), priority=100),
        Column("open", "OPEN TO", 15, open_to, lambda r: (not r.claim.to_world, r.claim.addresses), priority=95),
        Column("name", "CONTAINER", 24, lambda r: (r.claim.name, "" if r.claim.bound else "muted"),
               lambda r: r.claim.name.lower(), min_width=12, flex=2, priority=90),
        Column("inside", "INSIDE", 9, lambda r: (f"{arrow}{r.claim.private}", "muted"), lambda r: r.claim.private,
               priority=60),
        Column("state", "STATE", 10, _state, lambda r: r.claim.state, priority=70),
        Column("conflict", "IN THE WAY", 20, in_the_way, lambda r: tuple(c.who for c in r.conflicts), min_width=12,
               flex=2, priority=80),
        Column("address", "ADDRESS", 16, lambda r: (", ".join(r.claim.addresses), "muted"), lambda r: r.claim.addresses,
               min_width=10, flex=1, priority=40),
    ]  # fmt: skip
    if many_hosts:
        host: Column[PortRow] = Column("host", "HOST", 12, lambda r: (r.host, r.tone), lambda r: r.host, min_width=8,
                                       priority=99)  # fmt: skip
        made.insert(0, host)
    return [column.then_by(lambda row: (row.host, row.claim.key)) for column in made]


def open_to(row: PortRow) -> Cell:
    """Return who reaches the port, as far as its address tells."""
    if row.claim.to_world:
        return "! the world", "warn" if row.claim.bound else "muted"
    if row.claim.to_itself:
        return "the host itself", "good" if row.claim.bound else "muted"
    return f"by {', '.join(row.claim.addresses)}", ""


def _state(row: PortRow) -> Cell:
    return (row.claim.state, "good") if row.claim.bound else (row.claim.state, "muted")


def in_the_way(row: PortRow) -> Cell:
    """Return who has, or wants, the same port."""
    if not row.conflicts:
        return "", ""
    taken = [each.who for each in row.conflicts if each.now]
    if taken:
        return f"{', '.join(taken)} {'have' if len(taken) > 1 else 'has'} it", "bad"
    return f"wanted by {', '.join(each.who for each in row.conflicts)} too", "warn"


def search_text(row: PortRow) -> str:
    """Return what the table's filter looks into."""
    claim = row.claim
    words = (row.host, str(claim.port), claim.protocol, claim.name, claim.state, *claim.addresses)
    return " ".join((*words, open_to(row)[0], "conflict" if row.conflicts else "", in_the_way(row)[0]))
