"""What a row of the hosts table says, and the lines about the host under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tui.model.hosts import ANSWERS, UNUSABLE, HostRow
from tui.present.columns import Cell, Column
from tui.present.glyphs import Mark
from tui.present.units import ago, plural, round_trip

Span = tuple[str, str]

HOST_TONES: Final = {
    "primary": "info", "secondary": "busy", "accent": "accent", "success": "good", "warning": "warn", "error": "bad",
}  # fmt: skip
"""The tones of the colours that settings may give a host."""

_PROBING = Mark("◌", ".", "asking", "info")
_UNASKED = Mark("◌", ".", "not asked", "muted")
_DEMO = Mark("◆", "*", "simulated", "accent")
_STATES = {
    ANSWERS: Mark("●", "+", "answers", "good"),
    "no socket": Mark("○", "-", "no socket", "muted"),
    "timed out": Mark("▲", "!", "timed out", "bad"),
    UNUSABLE: Mark("✗", "x", "can't be used", "bad"),
    "version": Mark("✗", "x", "other version", "bad"),
    "TLS": Mark("✗", "x", "TLS fails", "bad"),
    "ssh": Mark("✗", "x", "ssh fails", "bad"),
    "ssh asks": Mark("?", "?", "ssh asks", "warn"),
}
_RANK = {ANSWERS: 0, "": 1, "timed out": 2, "no socket": 8, UNUSABLE: 9}
_KINDS = {"default": 0, "missing": 1, "context": 2, "named": 3, "socket": 4, "demo": 5}


def host_mark(row: HostRow, *, probing: bool = False) -> Mark:
    """Return how the host's state is shown; while a known one is asked again, what it said last."""
    if row.host.kind == "demo":
        return _DEMO
    if row.probe is None:
        return _PROBING if probing else _UNASKED
    return _STATES.get(row.probe.state) or Mark("✗", "x", row.probe.state, "bad")


class HostRows(msgspec.Struct):
    """The side data that cells are made of besides the row: the monotonic clock, and which hosts are being asked."""

    now: Callable[[], float]
    is_probing: Callable[[str], bool]
    ascii: bool = False

    def columns(self) -> Sequence[Column[HostRow]]:
        """Return the table's columns, in their order; rows that tie are told apart by kind and name."""
        columns: tuple[Column[HostRow], ...] = (
            Column("name", "NAME", 14, _name, _by_name, min_width=11, flex=2, priority=100),
            Column("state", "STATE", 19, self._state, _state_order, min_width=15, priority=95),
            Column("used", "USED BY", 7, _used, _used_order, priority=78),
            Column("engine", "ENGINE", 12, _engine, _engine, min_width=6, flex=1, priority=80),
            Column("api", "API", 4, _api, _api_order, align="right", priority=55),
            Column("time", "PING", 7, self._time, _time_order, align="right", priority=75),
            Column("link", "LINK", 14, _link, lambda row: row.host.link, min_width=5, priority=70),
            Column("guard", "TREATED", 18, _guard, _guard, min_width=9, priority=65),
            Column("url", "HOST", 30, _url, lambda row: row.host.url, min_width=20, flex=3, priority=92),
            Column("groups", "GROUPS", 12, _groups, lambda row: row.groups, flex=1, priority=25),
            Column("about", "DESCRIPTION", 30, _about, _about, flex=4, priority=30),
            Column("asked", "ASKED", 8, self._asked, _asked_order, align="right", priority=20),
        )
        return [column.then_by(_natural) for column in columns]

    def _state(self, row: HostRow) -> Cell:
        mark = host_mark(row, probing=self.is_probing(row.host.key))
        return mark.text(self.ascii), mark.tone

    def _time(self, row: HostRow) -> Cell:
        if row.probe is None or row.probe.seconds is None:
            return "", ""
        return round_trip(row.probe.seconds, "us" if self.ascii else "µs"), "warn" if row.probe.seconds > 0.25 else ""

    def _asked(self, row: HostRow) -> Cell:
        return (ago(self.now() - row.probe.at), "muted") if row.probe and row.probe.at else ("", "")

    def about(self, row: HostRow) -> list[Span]:
        """Return the lines about a host, each in one tone: what it is, what came of asking it, how it is treated."""
        host, probe = row.host, row.probe
        parts = [row.title, *([host.name] if host.name != row.title else []), host.source, host.description]
        lines: list[Span] = [(", ".join(part for part in parts if part), row.tone or "bold")]
        if host.url:
            lines.append((f"{host.url} ({host.link})", _link(row)[1]))
        mark = host_mark(row, probing=self.is_probing(host.key))
        words = mark.text(self.ascii)
        if probe is not None and probe.state == ANSWERS:
            engine = probe.engine if probe.engine.startswith("Podman") else f"Engine {probe.engine}"
            words += f": {engine}, API {probe.api}, a ping takes {self._time(row)[0]}"
        elif probe is not None:
            words += f": {probe.reason.removeprefix(f'{probe.state}: ')}"
        lines.append((words, mark.tone))
        lines += [(text, "warn") for text in (probe.hint if probe else "", host.warning) if text]
        if treated := _guard(row)[0]:
            lines.append((f"{treated}: so the settings say", "warn"))
        if row.groups:
            lines.append((f"in {plural(len(row.groups), 'group')}: {_groups(row)[0]}", "info"))
        return lines


def search_text(row: HostRow) -> str:
    """Return what the table's filter looks into."""
    host, probe = row.host, row.probe
    found = (probe.state, probe.engine) if probe else ()
    return " ".join((row.title, host.name, host.url, host.source, host.description, host.link, *row.groups, *found))


def _natural(row: HostRow) -> tuple[int, str]:
    return _KINDS[row.host.kind], row.title.lower()


def _name(row: HostRow) -> Cell:
    return row.title, row.tone


def _by_name(row: HostRow) -> str:
    return row.title.lower()


def _state_order(row: HostRow) -> tuple[int, str]:
    state = row.probe.state if row.probe else ""
    return _RANK.get(state, 5), state


def _used(row: HostRow) -> Cell:
    """Who speaks to it when nobody says otherwise: this hythe now, docker by its current context, or both."""
    if row.in_use:
        return "both" if row.host.current else "hythe", "good"
    return "docker" if row.host.current else "", "info"


def _used_order(row: HostRow) -> tuple[bool, bool]:
    return not row.in_use, not row.host.current


def _engine(row: HostRow) -> Cell:
    """The version without what a distribution adds to it."""
    return (row.probe.engine.partition("+")[0] if row.probe else ""), ""


def _api(row: HostRow) -> Cell:
    return (row.probe.api if row.probe else ""), "muted"


def _api_order(row: HostRow) -> tuple[int, ...]:
    return tuple(int(part) for part in _api(row)[0].split(".") if part.isdecimal())


def _time_order(row: HostRow) -> float:
    seconds = row.probe.seconds if row.probe else None
    return float("inf") if seconds is None else seconds


def _asked_order(row: HostRow) -> float:
    return row.probe.at if row.probe else 0.0


def _link(row: HostRow) -> Cell:
    return row.host.link, {"plain": "warn", "TLS unverified": "bad", "TLS": "good", "ssh": "good"}.get(
        row.host.link, ""
    )


def _guard(row: HostRow) -> Cell:
    words = [word for word, so in (("read-only", row.read_only), ("guarded", row.guarded)) if so]
    return ", ".join(words), "warn"


def _url(row: HostRow) -> Cell:
    return (row.host.url, "muted") if row.host.url else ("", "")


def _groups(row: HostRow) -> Cell:
    return ", ".join(row.groups), "info"


def _about(row: HostRow) -> Cell:
    """The description, and of a host that can't be reached the reason."""
    probe = row.probe
    if probe is not None and probe.reason:
        return probe.reason, "bad"
    return row.host.description, ""
