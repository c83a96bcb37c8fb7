"""Why a container died: its timeline, newest first, and in a few sentences at the top what to make of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, takewhile
from textwrap import wrap

import msgspec

from tui.model.happenings import SECOND, Happening, Probe, Story, deaths
from tui.model.images import Image
from tui.present.exits import exit_long, exit_short, signal_name
from tui.present.newer import newer_image
from tui.present.units import duration, memory, plural, span

SAME_NS = 2 * SECOND
"""How near to what inspect tells an event of the same thing is."""

OOM_NS = 5 * SECOND
GRACE_NS = 60 * SECOND
"""How long before an end a signal may have been sent that led to it."""

MOST_LINES = 60
"""Lines of a probe's output that are shown."""

Key = tuple[str, int, str]


class Row(msgspec.Struct, frozen=True):
    """One line: `key` names it from one reading to the next; `details` are shown below it when it is opened."""

    key: Key
    time_ns: int
    mark: tuple[str, str]
    text: str
    tone: str = ""
    details: tuple[str, ...] = ()


_VERBS: Mapping[str, tuple[tuple[str, str], str, str]] = {
    "create": (("◌", "."), "created", "info"),
    "start": (("●", "+"), "started", "good"),
    "oom": (("✗", "x"), "out of memory: the kernel killed a process in it", "bad"),
    "stop": (("○", "-"), "stopped", "dim"),
    "restart": (("↻", "~"), "restarted, as it was asked to", "info"),
    "pause": (("‖", "="), "paused", "warn"),
    "unpause": (("●", "+"), "unpaused", "good"),
    "rename": (("·", "."), "renamed", "dim"),
    "update": (("·", "."), "limits changed", "info"),
    "commit": (("·", "."), "committed to an image", "dim"),
    "destroy": (("−", "-"), "removed", "warn"),
}


def timeline(story: Story, happenings: Sequence[Happening]) -> list[Row]:
    """Return what happened, newest first: the events that are known, what inspect tells besides, and the probes."""
    rows = [_event_row(story, happenings, at) for at in range(len(happenings))]
    rows += _rows_of_inspect(story, happenings)
    rows += [_probe_row(probe) for probe in story.probes]
    return sorted(rows, key=lambda row: row.time_ns, reverse=True)


def _event_row(story: Story, happenings: Sequence[Happening], at: int) -> Row:
    each = happenings[at]
    by = f", by $ {each.by}" if each.by else ""
    key = (each.verb, each.time_ns, str(each.signal or ""))
    if each.verb == "kill":
        name = signal_name(each.signal or 9)
        sender = by or ("" if each.by is None else ", not by this hythe")
        return Row(key, each.time_ns, ("▼", "!"), f"{name} sent{sender}", "warn")
    if each.verb == "die":
        code = each.exit_code or 0
        text = f"ended: exit {code}{_comma(exit_short(code))}"
        cause = cause_of(story, happenings, code, at)
        return Row(key, each.time_ns, ("✗", "x") if code else ("○", "-"), text, "bad" if code else "dim", (cause,))
    if each.verb == "health_status":
        tone = {"healthy": "good", "unhealthy": "bad"}.get(each.detail, "info")
        return Row(key, each.time_ns, ("▲", "!") if tone == "bad" else ("◐", "o"), f"health: {each.detail}", tone)
    mark, text, tone = _VERBS.get(each.verb, (("·", "."), each.verb, "dim"))
    if each.verb == "create":
        text = f"created from {story.image}"
    return Row(key, each.time_ns, mark, text + by, tone)


def _rows_of_inspect(story: Story, happenings: Sequence[Happening]) -> Iterator[Row]:
    """Yield what inspect tells of events that the daemon no longer has."""
    code = story.exit_code
    ended = ("✗", "x") if code else ("○", "-")
    text = f"ended: exit {code}{_comma(exit_short(code))}"
    told = (
        (story.created_ns, "create", ("◌", "."), f"created from {story.image}", "info"),
        (story.started_ns, "start", ("●", "+"), "started", "good"),
        (story.finished_ns, "die", ended, text, "bad" if code else "dim"),
    )
    for moment, verb, mark, words, tone in told:
        if not moment or any(each.verb == verb and abs(each.time_ns - moment) < SAME_NS for each in happenings):
            continue
        if verb == "die" and story.state in ("running", "paused"):
            # of the run before this one; what its exit code was is not kept
            mark, words, tone = ("○", "-"), "ended, of the run before", "dim"
        yield Row((f"inspect {verb}", moment, ""), moment, mark, words, tone)


def _probe_row(probe: Probe) -> Row:
    lines = probe.output.splitlines()
    first = f": {lines[0]}" if lines else ""
    took = duration(probe.seconds)
    key = ("probe", probe.time_ns, "")
    details = tuple(lines[:MOST_LINES]) if len(lines) > 1 else ()
    if probe.exit_code == 0:
        return Row(key, probe.time_ns, ("·", "."), f"check passed in {took}{first}", "dim", details)
    return Row(
        key, probe.time_ns, ("▲", "!"), f"check failed, exit {probe.exit_code}, in {took}{first}", "warn", details
    )


# ---- what to make of it


def verdict(
    story: Story, happenings: Sequence[Happening], images: Iterable[Image], now: float, width: int
) -> list[tuple[str, str]]:
    """Return sentences (text, tone) in lines of `width` at most: how it is, why, how often, and of which image."""
    said = [_state_of(story, happenings, now)]
    if restarts := restarts_text(story, happenings, now):
        said.append((restarts, "warn"))
    if story.state == "running" and story.health == "unhealthy":
        said.append((f"its health check failed {plural(story.streak, 'time')} in a row: {_last_words(story)}", "bad"))
    if (took := _starting_seconds(story, happenings)) is not None:
        said.append((f"from created to running in {duration(took) if took >= 1 else f'{took * 1000:.0f}ms'}", "dim"))
    if (newer := newer_image(story.image, story.image_id, images)) is not None:
        old = story.image_id.removeprefix("sha256:")[:12]
        said.append((f"{story.image} is {newer.short_id} by now: this container is still of {old}", "warn"))
    return [(line, tone) for text, tone in said for line in wrap(text, max(20, width)) or [text]]


def _state_of(story: Story, happenings: Sequence[Happening], now: float) -> tuple[str, str]:
    code = story.exit_code
    if story.state in ("running", "paused"):
        since = f" for {span(now - story.started_ns / SECOND)}" if story.started_ns else ""
        return f"{story.state}{since}{_comma(story.health)}", "good" if story.health != "unhealthy" else "bad"
    if story.state == "created":
        if not story.error and not code:
            return "created, and never started", "info"
        words = f" (exit {code}{_comma(exit_short(code))})" if code else ""
        return f"it could not be started{words}: {story.error or exit_long(code)}", "bad"
    if story.error:
        return f"{story.state}, exit {code}: {story.error}", "bad"
    return f"{story.state}, exit {code}: {cause_of(story, happenings, code)}", "bad" if code else "dim"


def cause_of(story: Story, happenings: Sequence[Happening], code: int, end: int | None = None) -> str:
    """Return why it ended with that exit code: at the happening `end`, without one at the last end that is known."""
    ends = [at for at, each in enumerate(happenings) if each.verb == "die"]
    at = end if end is not None else ends[-1] if ends else None
    is_last = story.state not in ("running", "paused") and (
        at is None or (at == ends[-1] and abs((story.finished_ns or 0) - happenings[at].time_ns) < SAME_NS)
    )
    before = [] if at is None else [h for h in happenings[:at] if happenings[at].time_ns - h.time_ns < GRACE_NS]
    starts = [index for index, each in enumerate(before) if each.verb == "start"]
    run = before[starts[-1] :] if starts else before
    if _ran_out_of_memory(run, [] if at is None else happenings[at:]) or (is_last and story.oom_killed):
        whose = f"its memory limit of {memory(story.memory_limit)} was reached" if story.memory_limit else (
            "the machine ran out of memory")  # fmt: skip
        return f"SIGKILL by the kernel: {whose}" if code == 137 else f"{whose}, and a process in it was killed"
    kills = [each for each in run if each.verb == "kill"]
    sent = [each for each in kills if each.signal == code - 128]
    if code > 128 and sent:
        by = f", asked by $ {sent[-1].by}" if sent[-1].by else ", asked by another client" if sent[-1].by == "" else ""
        if code == 137 and any(each.signal != 9 for each in kills):
            first = next(each for each in kills if each.signal != 9)
            return f"it did not end on {signal_name(first.signal or 15)} in time, so Docker sent SIGKILL{by}"
        return f"{signal_name(code - 128)}, sent through Docker{by}"
    if code == 137 and at is not None:
        # a busy daemon misses some of the kernel's kills: that none was told is no proof
        limit = f"its memory limit of {memory(story.memory_limit)}" if story.memory_limit else "the machine's memory"
        return (
            f"SIGKILL, not sent through Docker: by the kernel, for {limit}, of which the daemon tells nothing,"
            " by a process on the machine, or by the program itself"
        )
    if code == 137:
        return "SIGKILL: through Docker or from the machine, the daemon no longer tells"
    return exit_long(code)


def _ran_out_of_memory(run: Sequence[Happening], end: Sequence[Happening]) -> bool:
    """Return whether a run had the kernel's kill near its end; `end` is that end and all after it.

    A busy daemon may tell of it only after the end (28.5 under load: 2 of 120).
    """
    if not end:
        return False
    after = takewhile(lambda each: each.verb != "start", end)
    return any(each.verb == "oom" and abs(end[0].time_ns - each.time_ns) < OOM_NS for each in chain(run, after))


def restarts_text(story: Story, happenings: Sequence[Happening], now: float) -> str:
    """Return how often its policy started it again, and how often it ended lately; empty where it never did."""
    policy = f" by its policy {story.policy}" if story.policy else ""
    parts = [f"restarted {plural(story.restarts, 'time')}{policy}"] if story.restarts else []
    minute, hour = deaths(happenings, now, 60), deaths(happenings, now, 3600)
    if minute > 1:
        parts.append(f"seen to end {plural(minute, 'time')} in the last minute")
    elif hour > 1:
        parts.append(f"seen to end {plural(hour, 'time')} in the last hour")
    return ", ".join(parts)


def _starting_seconds(story: Story, happenings: Sequence[Happening]) -> float | None:
    """Return how long it took from created to running for the first time, where that is known."""
    first = next((each.time_ns for each in happenings if each.verb == "start"), None)
    created = any(each.verb == "create" for each in happenings)
    if created and first is not None:
        return max(0, first - story.created_ns) / SECOND
    return None


def _last_words(story: Story) -> str:
    failed = [probe for probe in story.probes if probe.exit_code]
    return (failed[-1].output.strip().splitlines() or ["no output"])[0] if failed else "no output"


def _comma(text: str) -> str:
    return f", {text}" if text else ""


def moment(time_ns: int) -> str:
    """Return a moment (nanoseconds since the epoch) in UTC, to a tenth of a second."""
    when = datetime.fromtimestamp(time_ns // SECOND, UTC)
    return f"{when:%m-%d %H:%M:%S}.{time_ns % SECOND // (SECOND // 10)}"
