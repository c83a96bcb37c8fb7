"""Reads the stream of the classic builder, and of Podman's buildah, into build events."""

import re
import time
from collections.abc import Callable
from typing import Final

import msgspec

from tui.model.build import BuildEvent, BuildFailure, BuildLog, BuildProgress, BuildStep, StepState
from tui.model.log_record import Stream

_STEP: Final = re.compile(r"Step (?P<number>\d+)/(?P<total>\d+) : (?P<name>.*)(?<!\n)", re.DOTALL)
_BUILDAH_STEP: Final = re.compile(
    r"(?:\[(?P<stage>\d+)/\d+\] )?STEP (?P<number>\d+)(?:/(?P<total>\d+))?: (?P<name>.*?)\n?", re.DOTALL
)
_STAGE: Final = re.compile(r"FROM\s+(?:--\S+\s+)*\S+\s+AS\s+(?P<stage>\S+)\s*", re.IGNORECASE)
_CACHED: Final = re.compile(r" ---> Using cache\n?|--> Using cache .*\n?")
_LEFT: Final = re.compile(r" ?--(?:->|>) (?P<image>[0-9a-f]{12,64})\n?")
_NOTE: Final = re.compile(r" ---> .*\n?|Removing intermediate container [0-9a-f]+\n?|--> [0-9a-f]+\n?")
_BUILT: Final = re.compile(r"Successfully built (?P<image>[0-9a-f]+)\n?")
_TAGGED: Final = re.compile(r"Successfully tagged .*\n?|COMMIT .*\n?")
_STDERR_START, _STDERR_END = "\x1b[91m", "\x1b[0m"


class ClassicDecoder:
    """Follows the `stream` texts of one build.

    The classic builder's protocol is its output for people, which the output of the build's own commands is mixed
    with: only a text that is exactly a heading, and the number after the last one, starts a step.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """`clock`: seconds since the epoch; these builders send no times."""
        self._clock = clock
        self._step: BuildStep | None = None
        self._cached = False
        self._stage = ""
        self._section = ""
        self._image_id = ""
        self._built = False

    @property
    def image_id(self) -> str:
        """The image of the build, once the last step is under way or over; empty before, and where none was told."""
        last = self._step is not None and self._step.number == self._step.total
        return self._image_id if self._built or last else ""

    def text(self, text: str) -> list[BuildEvent]:
        """Returns the events of a `stream` text."""
        if heading := _STEP.fullmatch(text) or _BUILDAH_STEP.fullmatch(text):
            return self._heading(heading, text)
        if _CACHED.fullmatch(text):
            self._cached = True
            return []
        if left := _LEFT.fullmatch(text):
            return self._left(left["image"])
        if built := _BUILT.fullmatch(text):
            self._image_id = self._image_id or built["image"]
            self._built = True
            return self._end_step()
        if not text.strip("\n") or _NOTE.fullmatch(text) or _TAGGED.fullmatch(text):
            return []
        return self._output(text)

    def image(self, image_id: str) -> None:
        """Takes note of an `aux` with the ID of a stage's image."""
        self._image_id = image_id

    def status(self, item: str, text: str, current: int, total: int) -> list[BuildEvent]:
        """Returns the events of a pull's progress: `item` is the layer's ID, sizes are bytes."""
        if self._step is None or not item:
            return []
        ended = text in ("Pull complete", "Already exists")
        return [BuildProgress(self._step.id, item, text, current, total, ended)]

    def fail(self, message: str) -> list[BuildEvent]:
        """Returns the events of an error: the step under way is the one that failed."""
        return self._end_step(StepState.FAILED, message)

    def finish(self) -> list[BuildEvent]:
        """Returns the events of the last step's end, for a builder that says nothing more."""
        return self._end_step()

    def _heading(self, heading: re.Match[str], text: str) -> list[BuildEvent]:
        number, total = int(heading["number"]), int(heading["total"] or 0)
        section = heading.groupdict().get("stage") or ""
        before = self._step
        if before is not None and self._section == section and number != before.number + 1:
            return self._output(text)
        self._section = section
        name = heading["name"].strip()
        if stage := _STAGE.fullmatch(name):
            self._stage = stage["stage"]
        elif name[:4].upper() == "FROM" and name[4:5].isspace():
            self._stage = ""
        events = self._end_step()
        self._cached = False
        self._step = BuildStep(
            id=f"{section or ('1' if heading.re is _BUILDAH_STEP else '')}:{number}",
            name=name,
            state=StepState.RUNNING,
            started=self._clock(),
            stage=self._stage or section,
            number=number,
            total=total,
        )
        return [*events, self._step]

    def _end_step(self, state: StepState = StepState.DONE, error: str = "") -> list[BuildEvent]:
        step = self._step
        if step is None or step.state.ended:
            return []
        if self._cached and state is StepState.DONE:
            state = StepState.CACHED
        self._step = msgspec.structs.replace(step, state=state, ended=self._clock(), error=error)
        return [self._step]

    def _left(self, image: str) -> list[BuildEvent]:
        """Takes note of the image after a step: it is what a shell can be opened in when a later one fails."""
        if self._step is None:
            return []
        self._step = msgspec.structs.replace(self._step, image=image)
        return [self._step]

    def _output(self, text: str) -> list[BuildEvent]:
        if self._step is None:
            return []
        stream = Stream.STDOUT
        if text.startswith(_STDERR_START) and text.endswith(_STDERR_END):
            text = text[len(_STDERR_START) : -len(_STDERR_END)]
            stream = Stream.STDERR
        return [BuildLog(self._step.id, stream, text)]


_EXIT_CODE: Final = re.compile(r"exit code: (\d+)|returned a non-zero code: (\d+)|exit status (\d+)")
_LINE: Final = re.compile(r"(?:dockerfile parse error|Dockerfile)?\s*(?:on )?line (\d+)\b|Dockerfile:(\d+)")


def failure(message: str, code: int | None = None) -> BuildFailure:
    """Returns the failure of a daemon's error text, with the exit code and the Dockerfile's line where told."""
    if code is None and (exit_code := _EXIT_CODE.search(message)):
        code = int(next(filter(None, exit_code.groups())))
    line = _LINE.search(message) if "ockerfile" in message else None
    return BuildFailure(message, code, int(line[1] or line[2]) if line else None)
