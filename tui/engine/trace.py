"""Decodes BuildKit's trace, the protobuf messages of moby.buildkit.v1.StatusResponse, into build events."""

import binascii
import codecs
import re
from collections.abc import Iterator
from typing import Final

from tui.model.build import BuildEvent, BuildLog, BuildProgress, BuildStep, BuildWarning, StepState
from tui.model.log_record import Stream

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT: Final = 10
_STEP_NAME: Final = re.compile(r"\[(?:(?P<stage>[^\]]*) )?(?P<number>\d+)/(?P<total>\d+)\] (?P<name>.*)", re.DOTALL)
_INTERNAL_NAME: Final = re.compile(r"\[(?:internal|auth)\] (?P<name>.*)", re.DOTALL)
_INTERNAL: Final = frozenset({"copy /context /"})
_CANCELLED: Final = ("context canceled", "context cancelled")

Value = int | bytes


class TraceError(ValueError):
    """A message that is no StatusResponse; nothing of it was used."""


def _varint(data: bytes, pos: int) -> tuple[int, int]:
    """Returns a variable-length number and the place behind it."""
    value = shift = 0
    for place in range(pos, min(pos + _MAX_VARINT, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    raise TraceError(f"a number at byte {pos} of {len(data)} has no end")


def _fields(value: Value) -> Iterator[tuple[int, Value]]:
    """Yields the number and the value of each field of a message: an int, or the bytes of what has a length."""
    data = _bytes(value)
    pos, end = 0, len(data)
    while pos < end:
        key, pos = _varint(data, pos)
        wire = key & 7
        if wire == _VARINT:
            number, pos = _varint(data, pos)
            yield key >> 3, number
            continue
        if wire == _BYTES:
            size, pos = _varint(data, pos)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise TraceError(f"a field before byte {pos} has the wire type {wire}, which the trace does not use")
        if pos + size > end:
            raise TraceError(f"a field at byte {pos} is cut: it has {size} bytes, the message ends after {end - pos}")
        yield key >> 3, data[pos : pos + size]
        pos += size


def _bytes(value: Value) -> bytes:
    if isinstance(value, int):
        raise TraceError(f"the number {value} stands where bytes belong")
    return value


def _text(value: Value) -> str:
    return _bytes(value).decode("utf-8", "replace")


def _int(value: Value) -> int:
    """A signed 64-bit number."""
    if not isinstance(value, int):
        raise TraceError("bytes stand where a number belongs")
    return value - (1 << 64) if value >> 63 else value


def _time(value: Value) -> float:
    """A google.protobuf.Timestamp as seconds since the epoch."""
    seconds = nanos = 0
    for field, part in _fields(value):
        if field == 1:
            seconds = _int(part)
        elif field == 2:
            nanos = _int(part)
    return seconds + nanos / 1e9


def _vertex(value: Value) -> BuildStep:
    digest = name = error = ""
    inputs: list[str] = []
    cached = False
    started: float | None = None
    completed: float | None = None
    for field, part in _fields(value):
        match field:
            case 1:
                digest = _text(part)
            case 2:
                inputs.append(_text(part))
            case 3:
                name = _text(part)
            case 4:
                cached = bool(_int(part))
            case 5:
                started = _time(part)
            case 6:
                completed = _time(part)
            case 7:
                error = _text(part)
            case _:
                pass
    state = _state(cached=cached, started=started is not None, completed=completed is not None, error=error)
    place = _STEP_NAME.fullmatch(name)
    internal = _INTERNAL_NAME.fullmatch(name)
    title = place or internal
    return BuildStep(
        digest,
        title["name"] if title else name,
        state,
        started,
        completed,
        error,
        stage=(place["stage"] or "") if place else "",
        number=int(place["number"]) if place else 0,
        total=int(place["total"]) if place else 0,
        internal=internal is not None or name in _INTERNAL,
        inputs=tuple(inputs),
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
    for field, part in _fields(value):
        match field:
            case 1:
                status_id = _text(part)
            case 2:
                vertex = _text(part)
            case 3:
                name = _text(part)
            case 4:
                current = _int(part)
            case 5:
                total = _int(part)
            case 8:
                _time(part)
                ended = True
            case _:
                pass
    return BuildProgress(vertex, status_id, name, current, total, ended)


def _log(value: Value) -> tuple[str, Stream, bytes]:
    vertex, stream, message = "", Stream.STDOUT, b""
    for field, part in _fields(value):
        match field:
            case 1:
                vertex = _text(part)
            case 3:
                stream = Stream.STDERR if _int(part) == Stream.STDERR else Stream.STDOUT
            case 4:
                message = _bytes(part)
            case _:
                pass
    return vertex, stream, message


def _warning(value: Value) -> BuildWarning:
    vertex = short = url = ""
    detail: list[str] = []
    line: int | None = None
    for field, part in _fields(value):
        match field:
            case 1:
                vertex = _text(part)
            case 3:
                short = _text(part)
            case 4:
                detail.append(_text(part))
            case 5:
                url = _text(part)
            case 7:
                line = line or _first_line(part)
            case _:
                pass
    return BuildWarning(vertex, short, tuple(detail), url, line)


def _first_line(value: Value) -> int | None:
    """The line on which a pb.Range starts."""
    for field, part in _fields(value):
        if field == 1:
            return next((_int(number) for name, number in _fields(part) if name == 1), None)
    return None


class TraceDecoder:
    """Turns the `aux` of each `moby.buildkit.trace` message into events.

    It remembers the characters of a step's output that a message cut in two. Format: the proto files control.proto and
    ops.proto of github.com/moby/buildkit.
    """

    def __init__(self) -> None:
        self._texts: dict[tuple[str, Stream], codecs.IncrementalDecoder] = {}

    def feed(self, aux: str) -> list[BuildEvent]:
        """Returns the events of a message in base64.

        Raises TraceError; nothing of the message is used then.
        """
        try:
            return self.feed_message(binascii.a2b_base64(aux, strict_mode=True))
        except ValueError as error:
            if isinstance(error, TraceError):
                raise
            raise TraceError(f"the trace is no base64: {error}") from error

    def feed_message(self, message: bytes) -> list[BuildEvent]:
        """Returns the events of a message's bytes: steps first, then what refers to them.

        Raises TraceError; nothing of the message is used then.
        """
        steps: list[BuildStep] = []
        progress: list[BuildProgress] = []
        logs: list[tuple[str, Stream, bytes]] = []
        warnings: list[BuildWarning] = []
        for field, part in _fields(message):
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
        return [*steps, *progress, *(self._decoded(*log) for log in logs), *warnings]

    def _decoded(self, step_id: str, stream: Stream, message: bytes) -> BuildLog:
        text = self._texts.get((step_id, stream))
        if text is None:
            text = self._texts[step_id, stream] = codecs.getincrementaldecoder("utf-8")("replace")
        return BuildLog(step_id, stream, text.decode(message))
