"""An event of the daemon: which object changed, how, and when."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class WireActor(msgspec.Struct, rename="pascal", gc=False):
    id: str = msgspec.field(default="", name="ID")
    attributes: dict[str, str] | None = None


class WireEvent(msgspec.Struct, gc=False):
    """One document of `GET /events` (API 1.41 to 1.51)."""

    type: str = msgspec.field(default="", name="Type")
    action: str = msgspec.field(default="", name="Action")
    actor: WireActor | None = msgspec.field(default=None, name="Actor")
    time_nano: int = msgspec.field(default=0, name="timeNano")
    time: int = 0


class Event(msgspec.Struct, frozen=True, gc=False):
    """What happened to one object. `time_ns` is the daemon's clock, nanoseconds since the epoch."""

    type: str
    action: str
    id: str
    time_ns: int
    attributes: Mapping[str, str] = {}

    @property
    def name(self) -> str:
        """The object's name where the event tells it, else its ID."""
        return self.attributes.get("name", "") or self.id

    @property
    def verb(self) -> str:
        """The action without its details: `exec_start: sh` is `exec_start`."""
        return self.action.partition(":")[0]


def from_wire(wire: WireEvent) -> Event:
    """Return the event of a decoded document."""
    actor = wire.actor or WireActor()
    return Event(wire.type, wire.action, actor.id, wire.time_nano or wire.time * 1_000_000_000, actor.attributes or {})
