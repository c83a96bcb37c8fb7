"""What a build's screen says: the state in words, the steps, the pinned failure, the end."""

from __future__ import annotations

import re

import msgspec

from tui.model.build import BuildState, BuildStep, StepState
from tui.model.dockerfile import source_lines
from tui.model.dockerfile_map import line_of, map_of
from tui.present.units import duration, plural, rate, size

Span = tuple[str, str]

WORDS = {
    "running": ("▶", ">", "running", "busy"),
    "done": ("✔", "+", "done", "good"),
    "failed": ("✗", "x", "failed", "bad"),
    "cancelled": ("⊘", "-", "cancelled", "warn"),
}
"""A glyph, its ASCII form, a word and a tone for each state of the whole."""

LAST_LINES = 3
SOURCE_LINES = 4
MOST_WARNINGS = 2

_COLOURS = re.compile(r"\x1b\[[\d;:]*m")
"""SGR sequences: the log below draws them, here the text alone counts."""

SETTLED = 1.0
"""Seconds before a rate is good enough to tell how long the rest takes."""


class StepRow(msgspec.Struct, frozen=True):
    """One step as it is listed; `group` is the heading above it, the stage where there are several."""

    id: str
    title: str
    state: StepState
    started: float | None
    ended: float | None
    detail: str
    group: str


class Upload(msgspec.Struct, frozen=True):
    """How far the context is: bytes sent, since when, and when the last of them was, in seconds.

    `total` is about how many bytes there are, 0 where nobody has counted. With `on_demand` it is the most that the
    builder may ask for. `over` tells that nothing more is to come.
    """

    sent: int
    started: float
    ended: float | None
    total: int = 0
    on_demand: bool = False
    over: bool = False


def progress_words(build: BuildState) -> str:
    """Return where a build stands: `2/5 RUN make`, or nothing before its first step."""
    steps = [step for step in build.ordered if step.number]
    current = next((step for step in reversed(steps) if step.state is StepState.RUNNING), None)
    current = current or build.failed_step or (steps[-1] if steps and build.finished else None)
    if current is None:
        return ""
    place = f"{current.number}/{current.total} " if current.number else ""
    return f"{place}{one_line(current.name)}"


def header_spans(
    title: str, state: str, seconds: float, build: BuildState, *, ascii_only: bool
) -> tuple[list[Span], list[Span]]:
    """Return what the header says on its left and on its right."""
    glyph, plain, word, tone = WORDS[state]
    left: list[Span] = [(" hythe ", "head"), (title, "accent"), (f"  {plain if ascii_only else glyph} {word}", tone)]
    steps = [step for step in build.steps.values() if step.number]
    right: list[Span] = []
    if steps:
        ended = sum(step.state in (StepState.DONE, StepState.CACHED) for step in steps)
        cached = sum(step.state is StepState.CACHED for step in steps)
        right.append((f"{ended} of {plural(len(steps), 'step')}{f', {cached} cached' if cached else ''}  ", "dim"))
    if build.warnings:
        right.append((f"{plural(len(build.warnings), 'warning')}  ", "warn"))
    right.append((f"{duration(seconds)} ", ""))
    return left, right


def upload_spans(upload: Upload, now: float) -> list[Span]:
    """Return what is said of the context: bytes, rate and time left while it goes up, the whole once it is there."""
    if upload.over:
        took = max((upload.ended or upload.started) - upload.started, 0.0)
        if not upload.sent:
            return [(" the builder had all of the context", "dim")] if upload.total else []
        return [(f" context {size(upload.sent)} sent in {duration(took)}{_spared(upload)}", "dim")]
    speed = upload.sent / max(now - upload.started, 0.001)
    if not upload.sent:
        return [(" looking through the context", "busy")] if upload.total else []
    more = upload.total - upload.sent
    of = f" of {'at most ' if upload.on_demand else ''}{size(upload.total)}" if more > 0 else ""
    left = f"  {duration(more / speed)} left" if more > 0 and now - upload.started > SETTLED else ""
    return [(" sending the context  ", "busy"), (f"{size(upload.sent)}{of}  {rate(speed)}{left}", "")]


def _spared(upload: Upload) -> str:
    """How much was not sent, since the builder had it or needed it not."""
    rest = upload.total - upload.sent
    return f" of {size(upload.total)}" if upload.on_demand and rest > 0 and size(rest) != "0 B" else ""


def upload_is_over(build: BuildState, *, ended: bool) -> bool:
    """Return whether the context is there: a step that is not the builder's own has begun, or all is over."""
    loading = any(step.state is StepState.RUNNING and step.internal for step in build.steps.values())
    begun = any(step.number and step.started for step in build.steps.values())
    return ended or (begun and not loading)


def step_rows(build: BuildState, dockerfile: str = "") -> list[StepRow]:
    """Return the steps: the builder's own, then stage by stage in the Dockerfile's order, each after what it needs."""
    stages = {step.stage for step in build.steps.values() if step.number}
    grouped = len(stages) > 1
    ordered = [name for name in map_of(dockerfile).names if name in stages]
    groups: dict[str, list[StepRow]] = {"": [], **{f"stage {name}": [] for name in ordered if grouped}}
    last: list[StepRow] = []
    for step in build.ordered:
        row = _row(step, grouped=grouped)
        if not row.group and grouped and not step.internal and not step.number:
            last.append(row)  # what comes behind all stages: the image is written
        else:
            groups.setdefault(row.group, []).append(row)
    return [row for rows in groups.values() for row in rows] + last


def _row(step: BuildStep, *, grouped: bool) -> StepRow:
    place = f"{step.number}/{step.total} " if step.number and step.total else ""
    stage = f"stage {step.stage}" if step.stage and grouped else ""
    return StepRow(step.id, f"{place}{one_line(step.name)}", step.state, step.started, step.ended, _detail(step), stage)


def _detail(step: BuildStep) -> str:
    """What a step transfers: the bytes of all that it fetches or extracts, where it says."""
    current = sum(part.current for part in step.progress)
    total = sum(part.total for part in step.progress)
    if not current or step.state is StepState.CACHED:
        return ""
    return f"{size(current)} of {size(total)}" if total > current else size(current)


def one_line(text: str) -> str:
    """Return a text with its line ends and runs of blanks made single blanks."""
    return " ".join(text[:2000].split())


def step_title(step: BuildStep, dockerfile: str) -> tuple[list[Span], list[Span]]:
    """Return the heading above a step's output: the instruction, and on the right where it stands in the Dockerfile."""
    line = line_of(dockerfile, step)
    place = [(f" Dockerfile line {line} ", "dim")] if line is not None else []
    return [(f" {one_line(step.name)}", "")], place


def failure_lines(build: BuildState, dockerfile: str, hint: str = "") -> list[Span]:
    """Return what is pinned when a build failed: the instruction and its place, its last words, the daemon's words."""
    failure = build.failure
    if failure is None:
        return []
    step = build.failed_step
    instruction = map_of(dockerfile).instruction_of(step) if step is not None else None
    line = instruction.line if instruction is not None else failure.dockerfile_line
    where: list[str] = []
    lines: list[Span] = []
    if line is not None:
        where.append(f"Dockerfile line {line}")
    if failure.code is not None:
        where.append(f"exit code {failure.code}")
    heading = one_line(step.name) if step is not None else _source_line(dockerfile, line)
    if heading or where:
        lines.append((": ".join(part for part in (", ".join(where), heading) if part), "bold"))
    if instruction is not None and instruction.last_line > instruction.line:
        lines += _source_lines(dockerfile, instruction.line, instruction.last_line)
    last = _last_words(build, step)
    lines += [(f"  {text}", "") for text in last]
    lines += [(text, "bad") for text in failure.message.strip().splitlines()[:6]]
    advice = hint or advice_on(failure.message)
    return [*lines, (advice, "warn")] if advice else lines


def _last_words(build: BuildState, step: BuildStep | None) -> list[str]:
    log = build.logs.get(step.id) if step is not None else None
    lines = (_COLOURS.sub("", record.text).strip() for record in (log.lines[-20:] if log else []))
    return [text for text in lines if text][-LAST_LINES:]


def _source_lines(dockerfile: str, first: int, last: int) -> list[Span]:
    """Some lines of an instruction, with their numbers."""
    source = source_lines(dockerfile)[first - 1 : last]
    shown = [(f"  {first + at:>4}  {text}", "dim") for at, text in enumerate(source[:SOURCE_LINES])]
    return shown + (
        [(f"        and {plural(len(source) - SOURCE_LINES, 'line')} more", "dim")] * (len(source) > SOURCE_LINES)
    )


def _source_line(dockerfile: str, line: int | None) -> str:
    source = source_lines(dockerfile)
    return one_line(source[line - 1]) if line is not None and 0 < line <= len(source) else ""


def advice_on(message: str) -> str:
    """Return what to do about a builder's error, where that is known."""
    if "no active sessions" in message:
        return "the daemon gave no session to fetch the base image with: pull it first, or use the classic builder"
    if "pull access denied" in message or "401 Unauthorized" in message or "no basic auth credentials" in message:
        return "is the name right? if the registry wants a login, docker login REGISTRY gives it to builds too"
    if "no such host" in message or "network is unreachable" in message or "i/o timeout" in message:
        return "the daemon cannot reach the registry: is there a network, a proxy, or a local image by that name?"
    if "no space left on device" in message:
        return "the daemon's disk is full: X cleans up, and so does docker builder prune"
    if "secret" in message and "not found" in message:
        return "the Dockerfile asks for a secret that the form does not give: id=NAME,src=FILE"
    if "additional build contexts" in message:
        return "this daemon's Dockerfile frontend knows no named contexts: Engine 23 or newer does"
    if "COPY failed" in message or "ADD failed" in message or "failed to compute cache key" in message:
        return "is the path spelled as it is in the context, and not left out by .dockerignore?"
    return ""


def warning_lines(build: BuildState, most: int = MOST_WARNINGS) -> list[Span]:
    """Return the builder's warnings, each with its line of the Dockerfile; at most so many, and how many more."""
    found = [_warning(warning.line, warning.text, warning.url) for warning in build.warnings[:most]]
    more = len(build.warnings) - most
    return [*found, (f"and {plural(more, 'warning')} more: W shows all", "dim")] if more > 0 else found


def _warning(line: int | None, text: str, url: str) -> Span:
    place = f"Dockerfile line {line}: " if line else ""
    return (f"{place}{one_line(text)}{f'  {url}' if url else ''}", "warn")


def result_lines(build: BuildState, tag: str) -> list[Span]:
    """Return what is said at the good end: the image."""
    if build.result is None:
        return []
    return [(f"{tag or 'an image without a name'}  {build.result.image_id}", "good")]


WAYS = {
    "session": "BuildKit",
    "control": "BuildKit, its own API",
    "archive": "BuildKit, without a session",
    "buildx": "docker buildx",
    "classic": "classic builder",
}
"""What the ways of a build are called on its screen."""


def way_title(kind: str, *, podman: bool = False) -> str:
    """Return who builds, in a word or two."""
    return "Podman's buildah" if podman else WAYS.get(kind, kind)


def last_good_image(build: BuildState) -> str:
    """Return the image that the last good step left, which only the classic builder tells; else nothing."""
    found = ""
    for step in build.ordered:
        if step.state in (StepState.FAILED, StepState.CANCELLED):
            break
        found = step.image or found
    return found
