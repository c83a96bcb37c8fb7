"""What the header line says: which host, what runs there, and whether what is shown is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tui.present.glyphs import PHASES
from tui.present.units import plural, span

Span = tuple[str, str]


def host_spans(
    name: str, tone: str, engine: str, api: str, *, guarded: bool, read_only: bool, warning: str = ""
) -> list[Span]:
    """Return the host with what there is to beware of, its engine, and the marks of how it is treated."""
    spans: list[Span] = [(" hythe ", "head"), (name, tone)]
    if warning:
        spans.append((f"  {warning}", "bad"))  # before the engine: a narrow terminal cuts the end
    spans.append((f"  {engine} (API {api})" if engine else f"  API {api}", "dim"))
    if guarded:
        spans.append(("  guarded", "warn"))
    if read_only:
        spans.append(("  read-only", "warn"))
    return spans


def count_spans(counts: Mapping[str, int]) -> list[Span]:
    """Return how many containers there are in each state that is worth a word."""
    spans: list[Span] = [(" ", "")]
    for state, tone in (
        ("running", "good"),
        ("paused", "warn"),
        ("restarting", "warn"),
        ("exited", "dim"),
        ("dead", "bad"),
    ):
        if counts.get(state):
            spans.append((f" {counts[state]} {state}", tone))
    return spans


class Light(msgspec.Struct, frozen=True):
    """How a host's feed stands: its phase, for how long, how old what it shows is (seconds), and what is wrong."""

    name: str
    tone: str
    phase: str
    age: float
    heard: float | None
    error: str
    warning: str = ""


def fleet_spans(lights: Sequence[Light], ascii_only: bool) -> list[Span]:
    """Return the hosts that are shown together, each with its light; one that is not live says since when."""
    spans: list[Span] = [(" hythe ", "head")]
    for light in lights:
        mark = PHASES[light.phase]
        spans += [(f" {light.name} ", light.tone), (mark.ascii if ascii_only else mark.glyph, mark.tone)]
        if light.warning:
            spans.append((f" {light.warning}", "bad"))
        if light.phase != "live":
            since = f" {span(light.age)}" if light.phase in ("stale", "reconnecting") else ""
            spans.append((f" {mark.word}{since}", mark.tone))
        spans.append((" ", ""))
    return spans


def budget_words(streams: int, reads: int) -> str:
    """Return what the numbers on the screen cost: streams of the daemon, and containers read from this machine."""
    words = [plural(streams, "stream")] if streams else []
    return ", ".join([*words, f"{reads} read locally"] if reads else words)


def light_spans(light: Light, *, budget: str, ascii_only: bool) -> list[Span]:
    """Return the connection light of one host, and beside a live one its `budget`.

    A live feed hears from the daemon each few seconds; its age is told only when it is longer than that.
    """
    phase, heard = light.phase, light.heard
    mark = PHASES[phase]
    spans: list[Span] = [(f"{mark.text(ascii_only)}", mark.tone)]
    if phase == "live":
        if budget:
            spans.append((f" {budget}", "dim"))
        return [*spans, (" ", "")]
    if phase == "polling" and light.error:
        spans.append((f": {light.error[:60]}", mark.tone))
    if phase in ("stale", "reconnecting"):
        spans.append((f" {span(light.age)}", mark.tone))
        if heard is not None:
            spans.append((f", as of {span(heard)} ago", "warn"))
        if light.error:
            spans.append((f": {light.error[:60]}", "bad"))
    return [*spans, (" ", "")]
