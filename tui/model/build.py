"""One picture of a build's progress, whichever builder runs it, and the reducer that keeps it."""

import enum
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from tui.model.log_record import Stream

MAX_LINES: Final = 5_000
MAX_LINE: Final = 2_000
_CHUNK: Final = 250


class StepState(enum.Enum):
    """How far a step is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come."""
        return self not in (StepState.WAITING, StepState.RUNNING)


class BuildProgress(msgspec.Struct, frozen=True):
    """Something a step transfers or extracts; sizes are bytes and `total` is 0 where the builder does not know it.

    An event, and kept in `BuildStep.progress` under its `id`.
    """

    step_id: str
    id: str
    name: str = ""
    current: int = 0
    total: int = 0
    ended: bool = False


class BuildStep(msgspec.Struct, frozen=True):
    """One step; as an event it carries all that is known of the step by now, but for its progress.

    `number` of `total` is its place in `stage` (in the whole Dockerfile for the classic builder), 0 where it has none.
    `started` and `ended` are seconds since the epoch. `internal` steps are the builder's own, not the Dockerfile's.
    `image` is the image that the step left, which only the classic builder tells.
    """

    id: str
    name: str
    state: StepState = StepState.WAITING
    started: float | None = None
    ended: float | None = None
    error: str = ""
    stage: str = ""
    number: int = 0
    total: int = 0
    internal: bool = False
    inputs: tuple[str, ...] = ()
    image: str = ""
    progress: tuple[BuildProgress, ...] = ()


class BuildLog(msgspec.Struct, frozen=True):
    """As an event a piece of a step's output, which may hold several lines or a part of one; in the state a line."""

    step_id: str
    stream: Stream
    text: str


class BuildWarning(msgspec.Struct, frozen=True):
    """What the builder found fault with; `line` is the Dockerfile's, from 1, or None."""

    step_id: str
    text: str
    detail: tuple[str, ...] = ()
    url: str = ""
    line: int | None = None


class BuildResult(msgspec.Struct, frozen=True):
    """The build made this image."""

    image_id: str


class BuildFailure(msgspec.Struct, frozen=True):
    """The build ended without an image; `code` is the failing command's exit code, `dockerfile_line` counts from 1."""

    message: str
    code: int | None = None
    dockerfile_line: int | None = None


BuildEvent = BuildStep | BuildProgress | BuildLog | BuildWarning | BuildResult | BuildFailure


class StepLog(msgspec.Struct, frozen=True):
    """The last lines of a step's output, in chunks so that adding one copies little; `dropped` counts older lines."""

    chunks: tuple[tuple[BuildLog, ...], ...] = ()
    dropped: int = 0
    open_line: bool = False

    @property
    def lines(self) -> list[BuildLog]:
        """The lines kept, the oldest first; the last may be unfinished."""
        return [line for chunk in self.chunks for line in chunk]

    def __len__(self) -> int:
        return sum(map(len, self.chunks))


class BuildState(msgspec.Struct, frozen=True):
    """A build as far as its events have told; the mappings are never changed in place."""

    steps: Mapping[str, BuildStep] = {}
    logs: Mapping[str, StepLog] = {}
    warnings: tuple[BuildWarning, ...] = ()
    result: BuildResult | None = None
    failure: BuildFailure | None = None

    @property
    def finished(self) -> bool:
        """Whether the build has an end, good or bad."""
        return self.result is not None or self.failure is not None

    @property
    def ordered(self) -> list[BuildStep]:
        """The steps as they came, but each behind the steps it builds on."""
        order: dict[str, BuildStep] = {}
        seen: set[str] = set()
        stack = list(self.steps)[::-1]
        while stack:
            key = stack.pop()
            step = self.steps.get(key)
            if step is None or key in order:
                continue
            if key in seen:
                order[key] = step
            else:
                seen.add(key)
                stack += [key, *(needed for needed in reversed(step.inputs) if needed not in seen)]
        return list(order.values())

    @property
    def failed_step(self) -> BuildStep | None:
        """The step that broke the build, where one did."""
        return next((step for step in self.steps.values() if step.state is StepState.FAILED), None)


def apply(state: BuildState, event: BuildEvent) -> BuildState:
    """Returns the state after one event."""
    return apply_all(state, (event,))


def apply_all(state: BuildState, events: Iterable[BuildEvent]) -> BuildState:
    """Returns the state after several events, for less than one at a time costs."""
    steps, logs, warnings = dict(state.steps), dict(state.logs), list(state.warnings)
    result, failure = state.result, state.failure
    for event in events:
        match event:
            case BuildLog():
                logs[event.step_id] = _add_text(logs.get(event.step_id, _NO_LOG), event)
            case BuildStep():
                before = steps.get(event.id)
                steps[event.id] = _merge(before, event) if before else event
            case BuildProgress():
                if step := steps.get(event.step_id):
                    steps[event.step_id] = _add_progress(step, event)
            case BuildWarning():
                if event not in warnings:
                    warnings.append(event)
            case BuildResult():
                result = event
            case BuildFailure():
                result, failure = None, failure or event
                _cancel_running(steps)
    return BuildState(steps, logs, tuple(warnings), result, failure)


_NO_LOG: Final = StepLog()


def _merge(before: BuildStep, event: BuildStep) -> BuildStep:
    """A builder reports a step again when another one asks for it: what it did the first time stays told."""
    told_again = event.state in (StepState.CACHED, StepState.WAITING) and before.state.ended
    if told_again and not event.error:
        return before
    return msgspec.structs.replace(
        event,
        started=before.started if event.started is None else event.started,
        progress=before.progress,
        inputs=event.inputs or before.inputs,
    )


def _add_progress(step: BuildStep, event: BuildProgress) -> BuildStep:
    others = step.progress
    for place, known in enumerate(others):
        if known.id == event.id:
            return msgspec.structs.replace(step, progress=(*others[:place], event, *others[place + 1 :]))
    return msgspec.structs.replace(step, progress=(*others, event))


def _cancel_running(steps: dict[str, BuildStep]) -> None:
    for key, step in steps.items():
        if step.state is StepState.RUNNING:
            steps[key] = msgspec.structs.replace(step, state=StepState.CANCELLED)


def _add_text(log: StepLog, event: BuildLog) -> StepLog:
    """Adds a piece of output: it goes on with the last line where that is unfinished and of the same stream."""
    if not event.text:
        return log
    *whole, rest = event.text.split("\n")
    pieces = [*whole, rest] if rest else whole
    chunks = list(log.chunks)
    last = list(chunks.pop()) if chunks and (log.open_line or len(chunks[-1]) < _CHUNK) else []
    if log.open_line and last[-1].stream is event.stream:
        pieces[0] = last.pop().text + pieces[0]
    dropped = log.dropped
    if len(pieces) > MAX_LINES:  # none of the older lines is kept: don't make what is dropped at once
        dropped += sum(map(len, chunks)) + len(last) + len(pieces) - MAX_LINES
        chunks, last, pieces = [], [], pieces[-MAX_LINES:]
    for number, piece in enumerate(pieces):
        if len(last) >= _CHUNK:
            chunks.append(tuple(last))
            last = []
        unfinished = bool(rest) and number == len(pieces) - 1
        last.append(BuildLog(event.step_id, event.stream, _overwrite(piece, unfinished=unfinished)))
    chunks.append(tuple(last))
    while sum(map(len, chunks)) > MAX_LINES:
        dropped += len(chunks.pop(0))
    return StepLog(tuple(chunks), dropped, open_line=bool(rest))


def _overwrite(line: str, *, unfinished: bool) -> str:
    """What a terminal would show of a line that returns to its start, up to the length kept."""
    if "\r" not in line:
        return line[:MAX_LINE]
    shown = next((part for part in reversed(line.split("\r")) if part), "")[:MAX_LINE]
    return shown + "\r" if unfinished and line.endswith("\r") else shown
