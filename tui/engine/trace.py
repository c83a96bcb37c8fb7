"""Decodes BuildKit's trace, the protobuf messages of moby.buildkit.v1.StatusResponse, into build events."""

import binascii
import codecs
import re
from typing import Final

from tui.model.build import BuildEvent, BuildLog, BuildProgress, BuildStep, BuildWarning, StepState
from tui.model.log_record import Stream
from tui.wire.protowire import Value, WireError, as_bytes, as_int, as_text, read_fields

_STEP_NAME: Final = re.compile(r"\[(?:(?P<stage>[^\]]*) )?(?P<number>\d+)/(?P<total>\d+)\] (?P<name>.*)", re.DOTALL)
_INTERNAL_NAME: Final = re.compile(r"\[(?:internal|auth|context (?P<context>[^\]]*))\] (?P<name>.*)", re.DOTALL)
_INTERNAL: Final = frozenset({"copy /context /"})
_CANCELLED: Final = ("context canceled", "context cancelled")


def _time(value: Value) -> float:
    """A google.protobuf.Timestamp as seconds since the epoch."""
    seconds = nanos = 0
    for field, part in read_fields(value):
        if field == 1:
            seconds = as_int(part)
        elif field == 2:
            nanos = as_int(part)
    return seconds + nanos / 1e9


def _vertex(value: Value) -> BuildStep:
    digest = name = error = ""
    inputs: list[str] = []
    cached = False
    started: float | None = None
    completed: float | None = None
    for field, part in read_fields(value):
        match field:
            case 1:
                digest = as_text(part)
            case 2:
                inputs.append(as_text(part))
            case 3:
                name = as_text(part)
            case 4:
                cached = bool(as_int(part))
            case 5:
                started = _time(part)
            case 6:
                completed = _time(part)
            case 7:
                error = as_text(part)
            case _:
                pass
    return step_of(digest, name, tuple(inputs), cached=cached, started=started, completed=completed, error=error)


def step_of(
    digest: str,
    name: str,
    inputs: tuple[str, ...] = (),
    *,
    cached: bool = False,
    started: float | None = None,
    completed: float | None = None,
    error: str = "",
) -> BuildStep:
    """Returns the step of a vertex, whose name tells its stage and its place there. Times: seconds since the epoch."""
    state = _state(cached=cached, started=started is not None, completed=completed is not None, error=error)
    place = _STEP_NAME.fullmatch(name)
    internal = _INTERNAL_NAME.fullmatch(name)
    title = (place or internal or {"name": name})["name"]
    return BuildStep(
        digest,
        f"context {internal['context']}: {title}" if internal and internal["context"] else title,
        state,
        started,
        completed,
        error,
        stage=(place["stage"] or "") if place else "",
        number=int(place["number"]) if place else 0,
        total=int(place["total"]) if place else 0,
        internal=internal is not None or name in _INTERNAL,
        inputs=inputs,
    )


def _state(*, cached: bool, started: bool, completed: bool, error: str) -> StepState:
    if error:
        return StepState.CANCELLED if error.strip().endswith(_CANCELLED) else StepState.FAILED
    if cached:
        return StepState.CACHED
    if completed:
        return StepState.DONE
    return StepState.RUNNING if started else StepState.WAITING


def _status(value: Value) -> BuildProgress:
    status_id = vertex = name = ""
    current = total = 0
    ended = False
    for field, part in read_fields(value):
        match field:
            case 1:
                status_id = as_text(part)
            case 2:
                vertex = as_text(part)
            case 3:
                name = as_text(part)
            case 4:
                current = as_int(part)
            case 5:
                total = as_int(part)
            case 8:
                _time(part)
                ended = True
            case _:
                pass
    return BuildProgress(vertex, status_id, name, current, total, ended)


def _log(value: Value) -> tuple[str, Stream, bytes]:
    vertex, stream, message = "", Stream.STDOUT, b""
    for field, part in read_fields(value):
        match field:
            case 1:
                vertex = as_text(part)
            case 3:
                stream = Stream.STDERR if as_int(part) == Stream.STDERR else Stream.STDOUT
            case 4:
                message = as_bytes(part)
            case _:
                pass
    return vertex, stream, message


def _warning(value: Value) -> BuildWarning:
    vertex = short = url = ""
    detail: list[str] = []
    line: int | None = None
    for field, part in read_fields(value):
        match field:
            case 1:
                vertex = as_text(part)
            case 3:
                short = as_text(part)
            case 4:
                detail.append(as_text(part))
            case 5:
                url = as_text(part)
            case 7:
                line = line or _first_line(part)
            case _:
                pass
    return BuildWarning(vertex, short, tuple(detail), url, line)


def _first_line(value: Value) -> int | None:
    """The line on which a pb.Range starts."""
    for field, part in read_fields(value):
        if field == 1:
            return next((as_int(number) for name, number in read_fields(part) if name == 1), None)
    return None


class TextPieces:
    """Decodes the output of steps, which comes in pieces that may end in the midst of a character."""

    def __init__(self) -> None:
        self._decoders: dict[tuple[str, Stream], codecs.IncrementalDecoder] = {}

    def log(self, step_id: str, stream: Stream, piece: bytes) -> BuildLog:
        """Returns a piece as text, with what the piece before it left over."""
        decoder = self._decoders.get((step_id, stream))
        if decoder is None:
            decoder = self._decoders[step_id, stream] = codecs.getincrementaldecoder("utf-8")("replace")
        return BuildLog(step_id, stream, decoder.decode(piece))


class TraceDecoder:
    """Turns the `aux` of each `moby.buildkit.trace` message into events.

    It remembers the characters of a step's output that a message cut in two. Format: the proto files control.proto and
    ops.proto of github.com/moby/buildkit.
    """

    def __init__(self) -> None:
        self._pieces = TextPieces()

    def feed(self, aux: str) -> list[BuildEvent]:
        """Returns the events of a message in base64.

        Raises WireError; nothing of the message is used then.
        """
        try:
            message = binascii.a2b_base64(aux, strict_mode=True)
        except ValueError as error:
            raise WireError(f"the trace is no base64: {error}") from error
        return self.feed_message(message)

    def feed_message(self, message: bytes) -> list[BuildEvent]:
        """Returns the events of a message's bytes: steps first, then what refers to them.

        Raises WireError; nothing of the message is used then.
        """
        steps: list[BuildStep] = []
        progress: list[BuildProgress] = []
        logs: list[tuple[str, Stream, bytes]] = []
        warnings: list[BuildWarning] = []
        for field, part in read_fields(message):
            match field:
                case 1:
                    steps.append(_vertex(part))
                case 2:
                    progress.append(_status(part))
                case 3:
                    logs.append(_log(part))
                case 4:
                    warnings.append(_warning(part))
                case _:
                    pass
        return [*steps, *progress, *(self._pieces.log(*log) for log in logs), *warnings]
