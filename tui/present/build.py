"""What a build's screen says: the state in words, the steps, the pinned failure, the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from tui.model.build import BuildState, BuildStep, StepState
from tui.model.dockerfile import line_of
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
MOST_WARNINGS = 2


class Summary(Protocol):
    """What a context holds; see tui.engine.context_tar.ContextSummary."""

    @property
    def files(self) -> int: ...
    @property
    def folders(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def biggest(self) -> Sequence[tuple[str, int]]: ...
    @property
    def unreadable(self) -> Sequence[str]: ...
    @property
    def skipped(self) -> Sequence[str]: ...


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
    """How far the context is: bytes sent, since when and until when (None: still under way), in seconds.

    `total` is about how many bytes there are, 0 where nobody has counted.
    """

    sent: int
    started: float
    ended: float | None
    total: int = 0


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


def upload_spans(upload: Upload, now: float, started: bool) -> list[Span]:
    """Return what is said of the context: the bytes and the rate while it goes up, the whole once it is there."""
    end = upload.ended if upload.ended is not None else now
    took = max(end - upload.started, 0.001)
    if upload.ended is not None:
        return [(f" context {size(upload.sent)} sent in {duration(took)}", "dim")]
    if not started:
        of = f" of {size(upload.total)}" if upload.total > upload.sent else ""
        return [(" sending the context  ", "busy"), (f"{size(upload.sent)}{of}  {rate(upload.sent / took)}", "")]
    return [(f" context {size(upload.sent)} so far  {rate(upload.sent / took)}", "dim")]


def step_rows(build: BuildState) -> list[StepRow]:
    """Return the steps in the order in which they build on each other."""
    stages = {step.stage for step in build.steps.values() if step.number}
    return [_row(step, grouped=len(stages) > 1) for step in build.ordered]


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
    line = failure.dockerfile_line
    where: list[str] = []
    lines: list[Span] = []
    last: list[str] = []
    if step is not None:
        line = line_of(dockerfile, step) or line
        log = build.logs.get(step.id)
        last = [text for record in (log.lines[-20:] if log else []) if (text := record.text.strip())][-LAST_LINES:]
    if line is not None:
        where.append(f"Dockerfile line {line}")
    if failure.code is not None:
        where.append(f"exit code {failure.code}")
    heading = one_line(step.name) if step is not None else _source_line(dockerfile, line)
    if heading or where:
        lines.append((": ".join(part for part in (", ".join(where), heading) if part), "bold"))
    lines += [(f"  {text}", "") for text in last]
    lines += [(text, "bad") for text in failure.message.strip().splitlines()[:6]]
    advice = hint or advice_on(failure.message)
    return [*lines, (advice, "warn")] if advice else lines


def _source_line(dockerfile: str, line: int | None) -> str:
    source = dockerfile.splitlines()
    return one_line(source[line - 1]) if line is not None and 0 < line <= len(source) else ""


def advice_on(message: str) -> str:
    """Return what to do about a builder's error, where that is known."""
    if "no active sessions" in message or "failed to resolve source metadata" in message:
        return "BuildKit could not fetch a base image: pull it first, or build with the classic builder"
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


def context_lines(summary: Summary, ignore_file: object) -> list[Span]:
    """Return what a context would send: its size, its biggest files with their shares, what cannot be read."""
    folders = f", {plural(summary.folders, 'folder')}" if summary.folders else ""
    counts = f"{plural(summary.files, 'file')}{folders} to send"
    lines: list[Span] = [(f"{size(summary.size)} in {counts}", "head")]
    lines += [(f"cannot be read: {text}", "bad") for text in summary.unreadable]
    lines.append((f"after {ignore_file}" if ignore_file else "no .dockerignore: all of the folder is sent", "dim"))
    total = max(summary.size, 1)
    lines += [(f"{size(count):>7} {name} ({count / total:.0%})", "") for name, count in summary.biggest]
    return lines + [(f"left out, as neither a file nor a folder: {name}", "warn") for name in summary.skipped]


def builder_words(builder: str, default: str, *, podman: bool) -> str:
    """Return the line that explains the choice of a builder."""
    mark = "the daemon's default; " if builder == default else "not the daemon's default; "
    if podman:
        return "Podman builds with buildah, whichever is chosen"
    if builder == "2":
        return f"{mark}steps side by side, cache mounts, here-documents; bases that need a login must be local"
    return f"{mark}one step after the other; fetches base images itself"


def offered_arguments(arguments: Mapping[str, str]) -> str:
    """Return the arguments that a Dockerfile declares, with their defaults."""
    shown = ", ".join(f"{name}={default}" if default else name for name, default in arguments.items())
    return f"declared: {shown}" if shown else ""
