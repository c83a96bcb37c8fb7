"""What is wrong with the containers of a host, and which commands may help."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from tui.model.containers import Container
from tui.model.happenings import SECOND, Happening, deaths
from tui.model.images import Image
from tui.model.stats import NEAR_LIMIT, Usage
from tui.model.system import DiskSpace
from tui.present.newer import newer_image
from tui.present.units import memory, percent, plural

Kind = Literal["disk full", "restart loop", "out of memory", "unhealthy", "near its limit", "newer image"]

LOOP_DEATHS = 3
LOOP_SECONDS = 300
"""So many ends in so many seconds are a loop."""

RECENT_SECONDS = 3600
"""How long ago a process may have been killed for memory to be told, of a container that goes on."""

LEAST_SHARE = 0.05
LEAST_BYTES = 5 << 30
"""A disk of which less than this share and less than so many bytes are left is full, or soon will be."""

LEAST_INODES = 0.02
NO_SPACE = "no space left on device"
"""How the kernel words it, in whatever a daemon says of it."""

HELP: Mapping[Kind, tuple[str, ...]] = {
    "disk full": ("app.disk", "app.clean_up", "app.images", "app.volumes"),
    "restart loop": ("container.logs", "container.timeline", "container.stop", "container.recreate"),
    "out of memory": (
        "container.timeline",
        "container.logs",
        "container.limits",
        "container.recreate",
        "container.restart",
    ),
    "unhealthy": ("container.timeline", "container.logs", "container.restart"),
    "near its limit": (
        "container.stats",
        "container.limits",
        "container.processes",
        "container.logs",
        "container.restart",
        "container.recreate",
    ),
    "newer image": ("container.recreate", "container.layers"),
}
"""The commands that may help, by their ids, the most useful first."""

MARKS: Mapping[Kind, tuple[str, str, str]] = {
    "disk full": ("✗", "x", "bad"),
    "restart loop": ("↻", "~", "bad"),
    "out of memory": ("✗", "x", "bad"),
    "unhealthy": ("▲", "!", "bad"),
    "near its limit": ("▲", "!", "warn"),
    "newer image": ("●", "+", "info"),
}
"""The glyph, its ASCII stand-in and the tone of each."""


ROW_WORDS: Mapping[Kind, str] = {
    "restart loop": "restart loop", "near its limit": "near its memory limit", "newer image": "image is newer",
}  # fmt: skip
"""What the row of a container says of its problems."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a container, or with its host (None), and what is known of it."""

    kind: Kind
    container: Container | None
    text: str


def disk_problem(space: DiskSpace | None, said: str) -> Problem | None:
    """Return that the daemon's disk is full, or soon will be, if it is.

    `space` is that disk, where it can be known; `said` what failed for want of room, in the daemon's words, where
    something did.
    """
    if space is not None and space.total:
        left = f"{memory(space.free)} of {memory(space.total)} left where {space.folder} is"
        if space.free < min(LEAST_BYTES, LEAST_SHARE * space.total):
            return Problem("disk full", None, left)
        if space.inodes < LEAST_INODES:
            share = percent(100 * space.inodes)
            return Problem("disk full", None, f"{share} of the files that may be made are left; {left}")
        return None  # whatever was said before: there is room now
    return Problem("disk full", None, said) if said else None


def row_words(problems: Iterable[Problem]) -> tuple[str, str, str]:
    """Return what a row says before its status, what after it, and its tone; of what the status does not say itself."""
    kinds = {problem.kind: MARKS[problem.kind][2] for problem in problems}
    before = [ROW_WORDS[kind] for kind in ("restart loop", "near its limit") if kind in kinds]
    after = ROW_WORDS["newer image"] if "newer image" in kinds else ""
    tone = "bad" if "restart loop" in kinds else "warn" if "near its limit" in kinds else ""
    return ", ".join(before), after, tone


def problems_of(
    container: Container,
    happenings: Sequence[Happening],
    usage: Usage | None,
    images: Iterable[Image],
    now: float,
) -> list[Problem]:
    """Return what is wrong with a container, the worst first; times are seconds since the epoch."""
    found: list[Problem] = []
    ends = deaths(happenings, now, LOOP_SECONDS)
    restarts = f"{plural(container.restarts, 'restart')}, " if container.restarts else ""
    code = f"exit {container.exit_code}" if container.exit_code is not None else "it ends again and again"
    if container.state == "restarting" or (container.restarts and container.is_running and ends >= LOOP_DEATHS):
        often = f", {plural(ends, 'end')} in the last {LOOP_SECONDS // 60} min" if ends else ""
        found.append(Problem("restart loop", container, f"{restarts}{code}{often}"))
    if memory_problem := _out_of_memory(container, happenings, now):
        found.append(Problem("out of memory", container, memory_problem))
    if container.state == "running" and container.health == "unhealthy":
        found.append(Problem("unhealthy", container, "its health check fails"))
    sample = usage.sample if usage is not None and container.state == "running" else None
    if sample is not None and sample.memory_limit and sample.memory >= NEAR_LIMIT * sample.memory_limit:
        share = percent(100 * sample.memory / sample.memory_limit)
        text = f"{memory(sample.memory)} of {memory(sample.memory_limit)}, {share}"
        found.append(Problem("near its limit", container, text))
    if container.is_running and (newer := newer_image(container.image, container.image_id, images)) is not None:
        old = container.image_id.removeprefix("sha256:")[:12]
        found.append(Problem("newer image", container, f"{container.image} is {newer.short_id} by now, it runs {old}"))
    return found


def _out_of_memory(container: Container, happenings: Sequence[Happening], now: float) -> str:
    if container.oom_killed and not container.is_running:
        return "the kernel killed it: its memory limit was reached"
    since = (now - RECENT_SECONDS) * SECOND
    times = sum(each.verb == "oom" and each.time_ns >= since for each in happenings)
    if not times or not (container.is_running or container.exit_code):
        return ""
    return f"the kernel killed a process in it, {times} times in the last hour" if times > 1 else (
        "the kernel killed a process in it within the last hour")  # fmt: skip
