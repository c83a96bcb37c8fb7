"""What the charts of a container's use of the machine say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from tui.model.stats import NEAR_LIMIT
from tui.model.usage_history import READERS, UsageHistory
from tui.present.units import duration, memory, percent, plural, rate, round_trip, span

Span = tuple[str, str]


class Measure(msgspec.Struct, frozen=True):
    """One chart: the series it shows, its name, how its numbers are written, and whether they go by powers of two."""

    series: str
    title: str
    words: Callable[[float], str]
    binary: bool = False


MEASURES: Sequence[Measure] = (
    Measure("cpu", "CPU", percent),
    Measure("memory", "memory", memory, binary=True),
    Measure("rx", "net in", rate),
    Measure("tx", "net out", rate),
    Measure("read", "disk read", rate),
    Measure("write", "disk write", rate),
    Measure("pids", "pids", lambda count: f"{count:.0f}"),
    Measure("cache", "cache", memory, binary=True),
)
"""In the order in which they stand; `cache` is beside `memory`, not in it."""


def head(measure: Measure, history: UsageHistory, *, running: bool, peak_mark: str) -> list[Span]:
    """Return the line above a chart: what is used now, the limit of what has one, and the peak with its time (UTC)."""
    series = history.series[measure.series]
    usage = history.last
    if usage is None or not series.values:
        return [(measure.title, "bold")]
    limit = usage.sample.memory_limit if measure.series == "memory" else 0
    share = usage.sample.memory / limit if limit else 0.0
    spans: list[Span] = [(f"{measure.title} ", "bold")]
    if running:
        # the last value itself: a slot holds the greatest that fell into it
        spans.append((measure.words(READERS[measure.series](usage)), ""))
    if limit:
        spans.append((f"/{memory(limit)}", "bad" if share >= NEAR_LIMIT else "warn" if share >= 0.75 else "dim"))
    spans.append((f"  {peak_mark}{measure.words(series.peak)} {clock(series.peak_ns)}", "dim"))
    if limit and running:
        spans.append((f"  {percent(100 * share)}", "dim"))
    return spans


def legend(measure: Measure, history: UsageHistory | None, state: str, *, ascii: bool) -> list[Span]:
    """Return what one of several containers used, in a line: now, its peak and when that was; `state` is its own."""
    running = state == "running"
    if history is None or history.last is None:
        idle = (
            "it is paused, and was not watched before"
            if state == "paused"
            else ("it does not run, and was not watched while it did")
        )
        return [("no sample yet" if running else idle, "dim")]
    series = history.series[measure.series]
    now = (
        measure.words(READERS[measure.series](history.last)) if running else "paused" if state == "paused" else "ended"
    )
    mark = "^" if ascii else "▲"
    return [(now, "" if running else "warn"), (f"  {mark}{measure.words(series.peak)} {clock(series.peak_ns)}", "dim")]


def memory_bar(used: int, limit: int, total: int, cells: int, *, ascii: bool) -> list[Span]:
    """Return a bar of so many cells as long as the host's memory: what a container uses, and up to what it may.

    `limit` is what the daemon tells as such; without a limit of its own that is all the host has.
    """
    full, may, rest = ("#", "=", "-") if ascii else ("█", "▒", "░")
    own = 0 < limit < total
    filled = min(cells, max(1, round(cells * used / total)))
    allowed = min(cells, max(filled, round(cells * limit / total))) if own else filled
    share = f"{percent(100 * used / total)} of the host's {memory(total)}"
    words = f" {memory(used)}, limit {memory(limit)}; {share}" if own else f" {memory(used)}, no limit; {share}"
    tone = "bad" if own and used >= NEAR_LIMIT * limit else "info"
    return [(full * filled, tone), (may * (allowed - filled), "warn"), (rest * (cells - allowed), "dim"), (words, "")]


def start_words(created_ns: int, started_ns: int | None, restarts: int) -> str:
    """Return how long after its creation its process was started, by the daemon's two times; empty where unknown.

    That is what the daemon took of a container that `docker run` made, and says little of one that was started again.
    """
    if not created_ns or not started_ns or started_ns < created_ns:
        return ""
    again = f", {plural(restarts, 'restart')} since it was made" if restarts else ""
    seconds = (started_ns - created_ns) / 1e9
    took = round_trip(seconds, "us") if seconds < 1 else duration(seconds)
    return f"running {took} after it was created (its last start){again}"


def foot(history: UsageHistory, step: int, *, ended: str, peak_mark: str) -> list[Span]:
    """Return the line below the charts: since when, what a column stands for, and why it does not go on."""
    spans: list[Span] = [(f"{ended}; this was until then. ", "warn")] if ended else []
    seconds = history.slot_seconds * step
    text = f"since {clock(history.began_ns)} UTC, a column is the most in {span(seconds)}, {peak_mark} the peak"
    return [*spans, (text, "dim")]


def clock(moment_ns: int) -> str:
    """Return the time of day of a moment (nanoseconds since the epoch), in UTC."""
    return datetime.fromtimestamp(moment_ns / 1e9, UTC).strftime("%H:%M:%S")
