"""What a row of the table of events says, and what one event tells in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from tui.model.events import Event
from tui.present.columns import Cell, Column
from tui.present.exits import exit_short
from tui.present.timeline import moment


class EventRow(msgspec.Struct, frozen=True):
    """An event, and its place among those of the same moment."""

    event: Event
    number: int


TONES = {
    "die": "bad", "oom": "bad", "kill": "warn", "destroy": "warn", "delete": "warn", "remove": "warn", "prune": "warn",
    "untag": "warn", "start": "good", "create": "info", "pull": "info", "unhealthy": "bad", "healthy": "good",
}  # fmt: skip


def columns(name_of: Callable[[str], str] = lambda id: id[:12]) -> Sequence[Column[EventRow]]:
    """Return the table's columns; `name_of` is what a container is called, by its ID."""
    made: tuple[Column[EventRow], ...] = (
        Column("time", "TIME (UTC)", 16, lambda r: (moment(r.event.time_ns), "muted"),
               lambda r: (r.event.time_ns, r.number), priority=100),
        Column("type", "TYPE", 9, lambda r: (r.event.type or "?", "info"), lambda r: r.event.type, priority=80),
        Column("action", "ACTION", 18, _action, lambda r: r.event.action, min_width=10, flex=1, priority=95),
        Column("name", "NAME", 24, lambda r: (_name(r.event), ""), lambda r: _name(r.event), min_width=12, flex=2,
               priority=90),
        Column("more", "MORE", 24, lambda r: (more(r.event, name_of), "muted"), lambda r: more(r.event, name_of),
               min_width=10, flex=2, priority=40),
        Column("id", "ID", 12, lambda r: (r.event.id.removeprefix("sha256:")[:12], "muted"), lambda r: r.event.id,
               priority=30),
    )  # fmt: skip
    return [column.then_by(lambda row: (row.event.time_ns, row.number)) for column in made]


def _action(row: EventRow) -> Cell:
    event = row.event
    word = event.action.rpartition(":")[2].strip() if event.verb == "health_status" else event.verb
    return event.action, TONES.get(word, "")


def _name(event: Event) -> str:
    return event.name.removeprefix("sha256:")[:12] if event.name == event.id else event.name


def more(event: Event, name_of: Callable[[str], str]) -> str:
    """Return what an event tells besides, in a few words."""
    attributes = event.attributes
    if event.type == "container" and event.verb in ("die", "died"):
        code = attributes.get("exitCode", attributes.get("containerExitCode", ""))
        words = exit_short(int(code)) if code.isascii() and code.isdigit() and len(code) < 4 else ""
        return f"exit {code}{f', {words}' if words else ''}" if code else ""
    if event.verb == "kill":
        return f"signal {attributes.get('signal', '?')}"
    if event.type == "network" and (container := attributes.get("container")):
        return name_of(container)
    if event.verb == "rename":
        return f"was {attributes.get('oldName', '?').removeprefix('/')}"
    if event.verb == "prune":
        return f"{attributes.get('reclaimed', '?')} bytes freed"
    return attributes.get("image", "") or attributes.get("driver", "")


def search_text(row: EventRow) -> str:
    """Return what the table's filter looks into: everything that the event tells."""
    event = row.event
    attributes = " ".join(f"{key}={value}" for key, value in event.attributes.items())
    return f"{event.type} {event.action} {event.id} {attributes}"


def in_full(event: Event) -> str:
    """Return all that an event tells, a line each."""
    lines = [
        f"time    {moment(event.time_ns)} UTC ({event.time_ns} ns)",
        f"type    {event.type}",
        f"action  {event.action}",
        f"id      {event.id}",
        *(f"{key}={value}" for key, value in sorted(event.attributes.items())),
    ]
    return "\n".join(lines)
