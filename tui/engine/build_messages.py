"""Turns the answer of `POST /build` into build events, whichever builder gives it."""

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any, Final

import msgspec

from tui.engine.classic_build import ClassicDecoder, failure
from tui.engine.framing import FramingError, NdjsonSplitter, TruncatedFrame
from tui.engine.trace import TraceDecoder
from tui.model.build import BuildEvent, BuildFailure, BuildResult
from tui.wire.protowire import WireError

_TRACE: Final = "moby.buildkit.trace"
_IMAGE: Final = "moby.image.id"


class _ErrorDetail(msgspec.Struct):
    message: str = ""
    code: int | None = None


class _ProgressDetail(msgspec.Struct):
    current: int = 0
    total: int = 0


class _Message(msgspec.Struct):
    """Any message of the stream; `aux` is base64 for a trace, else an object."""

    stream: str | None = None
    status: str | None = None
    id: str | None = None
    aux: Any = None
    error: str | None = None
    errorDetail: _ErrorDetail | None = None
    progressDetail: _ProgressDetail | None = None
    message: str | None = None


class BuildMessages:
    """Follows one build; its last event is a BuildResult or a BuildFailure, and there is one of them.

    The image is told before it is tagged, and before the last traces: it counts at the end of the answer only.
    """

    _decoder = msgspec.json.Decoder(_Message)

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """`clock`: seconds since the epoch, for the builders that send no times."""
        self._splitter = NdjsonSplitter()
        self._trace = TraceDecoder()
        self._classic = ClassicDecoder(clock)
        self._image_id = ""
        self._ended = False

    def feed(self, data: bytes) -> list[BuildEvent]:
        """Returns the events of some bytes of the answer; what cannot be read becomes a BuildFailure."""
        if self._ended:
            return []
        try:
            documents = self._splitter.feed(data)
        except FramingError as error:
            return self._end(f"the daemon's answer cannot be read: {error}")
        events: list[BuildEvent] = []
        for document in documents:
            events += self._document(document)
            if self._ended:
                break
        return events

    def close(self) -> list[BuildEvent]:
        """Returns the events of the answer's end: a BuildResult, or a BuildFailure where it told of no image."""
        if self._ended:
            return []
        try:
            self._splitter.close()
        except TruncatedFrame as error:
            return self._end(f"the connection was cut: {error}")
        if image := self._image_id or self._classic.image_id:
            self._ended = True
            return [*self._classic.finish(), BuildResult(image)]
        return self._end("the build's answer ended before it told of an image or an error")

    def _end(self, message: str) -> list[BuildEvent]:
        self._ended = True
        return [BuildFailure(message)]

    def _document(self, document: bytes) -> list[BuildEvent]:
        try:
            message = self._decoder.decode(document)
            return self._message(message)
        except (msgspec.DecodeError, RecursionError, WireError) as error:
            return self._end(f"the daemon's answer cannot be read: {error}: {document[:200]!r}")

    def _message(self, message: _Message) -> list[BuildEvent]:
        detail = message.errorDetail or _ErrorDetail()
        if text := detail.message or message.error or message.message:
            self._ended = True
            return [*self._classic.fail(text), failure(text, detail.code)]
        if message.id == _TRACE:
            if not isinstance(message.aux, str):
                raise WireError("a trace without its data")
            return self._trace.feed(message.aux)
        if isinstance(message.aux, dict):
            self._take_image(message)
            return []
        if message.stream is not None:
            return self._classic.text(message.stream)
        if message.status is not None:
            progress = message.progressDetail or _ProgressDetail()
            return self._classic.status(message.id or "", message.status, progress.current, progress.total)
        return []

    def _take_image(self, message: _Message) -> None:
        image = message.aux.get("ID")
        if not isinstance(image, str):
            return
        if message.id == _IMAGE:
            self._image_id = image
        else:
            self._classic.image(image)


async def build_events(
    chunks: AsyncIterable[bytes], clock: Callable[[], float] = time.time
) -> AsyncIterator[list[BuildEvent]]:
    """Yields the events of each chunk of the answer together, and at last those of its end."""
    messages = BuildMessages(clock)
    async for chunk in chunks:
        if events := messages.feed(chunk):
            yield events
    if events := messages.close():
        yield events
