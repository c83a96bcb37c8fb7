"""What the header line says: which host, what runs there, and whether what is shown is live."""

from __future__ import annotations

from collections.abc import Mapping

from tui.present.glyphs import PHASES
from tui.present.units import plural, span

Span = tuple[str, str]


def host_spans(name: str, tone: str, engine: str, api: str, *, guarded: bool, read_only: bool) -> list[Span]:
    """Return the host with its engine, and the marks of how it is treated."""
    spans: list[Span] = [(" hythe ", "head"), (name, tone)]
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


def light_spans(
    phase: str, age: float, heard: float | None, error: str, *, streams: int, ascii_only: bool
) -> list[Span]:
    """Return the connection light: the phase, for how long, and how old what is shown is (seconds).

    A live feed hears from the daemon each few seconds; its age is told only when it is longer than that.
    """
    mark = PHASES[phase]
    spans: list[Span] = [(f"{mark.text(ascii_only)}", mark.tone)]
    if phase == "live":
        if streams:
            spans.append((f" {plural(streams, 'stream')}", "dim"))
        return [*spans, (" ", "")]
    if phase in ("stale", "reconnecting"):
        spans.append((f" {span(age)}", mark.tone))
        if heard is not None:
            spans.append((f", as of {span(heard)} ago", "warn"))
        if error:
            spans.append((f": {error[:60]}", "bad"))
    return [*spans, (" ", "")]
