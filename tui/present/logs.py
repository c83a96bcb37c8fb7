"""What is said of logs: marks in the text, why there is nothing to show, levels, and lines folded out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

from tui.model.containers import Container
from tui.model.log_fields import json_of, logfmt_of
from tui.model.log_level import Level, find_level
from tui.present.containers import exit_reason
from tui.present.units import size

Span = tuple[str, str]

MOST_FOLDED = 5_000
"""Rows that a line is folded out to at most."""

LEVEL_TONES: Mapping[Level, str] = {
    Level.TRACE: "dim",
    Level.DEBUG: "dim",
    Level.INFO: "info",
    Level.WARN: "warn",
    Level.ERROR: "bad",
    Level.FATAL: "bad",
}


# ---- marks


def restarted_mark(container: Container) -> str:
    """Return the mark before the first line of another run."""
    # while it waits to be restarted, the daemon counts the start that is still to come
    restarts = (container.restarts or 0) - (container.state == "restarting")
    count = f", restart {restarts}" if restarts > 0 else ""
    return f"— {container.name} started again{count} —"


def recreated_mark(container: Container) -> str:
    """Return the mark before the first line of the container that took the place of another."""
    return f"— {container.name} is another container now: {container.short_id}, image {container.image} —"


def ended_mark(container: Container) -> str:
    """Return the mark after the last line of a run."""
    if container.exit_code is None:
        return f"— {container.name} ended{f': {container.error}' if container.error else ''} —"
    reason = exit_reason(container)
    return f"— {container.name} ended: exit code {container.exit_code}{f', {reason}' if reason else ''} —"


# ---- why there is nothing


def why_empty(container: Container, phase: str, problem: str) -> str:
    """Return why no line of a container's log can be seen; `phase` is how its reading stands."""
    if phase in ("waiting", "reading"):
        return f"reading the log of {container.name} …"
    if phase in ("failed", "lost"):
        return f"the log of {container.name} can't be read: {problem}{_hint(problem)}"
    if phase == "gone":
        return problem
    if container.state == "created":
        return f"{container.name} was not started yet: {container.error or 'nothing was written'}"
    if container.is_running:
        return f"{container.name} has not written anything yet{f': {container.error}' if container.error else ''}"
    code = f", with exit code {container.exit_code}" if container.exit_code is not None else ""
    return f"{container.name} ended without writing anything{code}{f': {container.error}' if container.error else ''}"


def _hint(problem: str) -> str:
    """What to do about the daemon's words."""
    if "does not support reading" in problem:
        return (
            ". Its log driver keeps nothing that the daemon could read: run it with --log-driver local or json-file, "
            "or attach to see what it writes from now on"
        )
    return ""


# ---- levels


def emphasis(line: str) -> tuple[int, int, str] | None:
    """Return where a line tells that something is wrong, from and to, and its tone; None where it does not."""
    level, start, end = find_level(line)
    return (start, end, LEVEL_TONES[level]) if level >= Level.WARN and end > start else None


# ---- a line folded out


def fold_out(line: str) -> Sequence[Sequence[Span]] | None:
    """Return what a JSON or logfmt line is made of, a row a part; None for a line that is neither."""
    found = json_of(line)
    if found is not None:
        rows: list[Sequence[Span]] = []
        for row in _json_rows(found[1], 0, "", ""):
            if len(rows) == MOST_FOLDED:
                rows.append([("… more than is shown here", "dim")])
                break
            rows.append(row)
        return rows
    pairs = logfmt_of(line)
    if pairs is None:
        return None
    width = min(24, max(len(key) for key, _ in pairs))
    return [[(f"{key:<{width}}", "key"), ("  ", ""), (value, _tone_of_pair(key, value))] for key, value in pairs]


def _tone_of_pair(key: str, value: str) -> str:
    level = (
        find_level(f"{key}={value}")[0] if key.lower() in ("level", "lvl", "severity", "loglevel") else Level.UNKNOWN
    )
    return LEVEL_TONES.get(level, "string")


def _json_rows(value: Any, depth: int, key: str, end: str) -> Iterator[Sequence[Span]]:
    before: list[Span] = [("  " * depth, "")]
    if key:
        before += [(key, "key"), (": ", "dim")]
    if isinstance(value, dict) and value:
        yield [*before, ("{", "dim")]
        members = cast("dict[str, Any]", value)
        for number, (name, inner) in enumerate(members.items()):
            yield from _json_rows(inner, depth + 1, name, "," if number + 1 < len(members) else "")
        yield [("  " * depth, ""), ("}" + end, "dim")]
    elif isinstance(value, list) and value:
        yield [*before, ("[", "dim")]
        items = cast("list[Any]", value)
        for number, inner in enumerate(items):
            yield from _json_rows(inner, depth + 1, "", "," if number + 1 < len(items) else "")
        yield [("  " * depth, ""), ("]" + end, "dim")]
    else:
        yield from _scalar_rows(before, value, depth, end)


def _scalar_rows(before: list[Span], value: Any, depth: int, end: str) -> Iterator[Sequence[Span]]:
    """A value that holds no others. A text of several lines, such as a stack trace, is a row for each."""
    if isinstance(value, str) and "\n" in value:
        yield before
        for line in value.split("\n"):
            yield [("  " * (depth + 1), ""), (line, "string")]
        return
    tone = "string" if isinstance(value, str) else "number" if isinstance(value, (int, float)) else "constant"
    if isinstance(value, bool):
        tone = "constant"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    yield [*before, (text, tone), (end, "dim")]


# ---- how it stands


def held_text(lines: int, count: int) -> str:
    """Return how many lines are held, and how many bytes they take."""
    return f"{lines:,} line{'' if lines == 1 else 's'}, {size(count)}"
