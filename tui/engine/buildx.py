"""Builds through the docker CLI's buildx plugin, whose `--progress=rawjson` tells the same trace as the daemon does."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tui.engine.classic_build import failure
from tui.engine.endpoint import Endpoint
from tui.engine.errors import EngineError
from tui.engine.program import start_program
from tui.engine.trace import TextPieces, step_of
from tui.model.build import BuildEvent, BuildFailure, BuildProgress, BuildResult, BuildWarning
from tui.model.log_record import Stream
from tui.model.times import parse_time

PLUGIN: Final = "docker-buildx" + (".exe" if sys.platform == "win32" else "")
GRACE_SECONDS: Final = 5.0
VERSION_SECONDS: Final = 10.0
OLDEST: Final = (0, 13)
"""The first version that has `--progress=rawjson`."""

MOST_WORDS: Final = 32 << 10
_FOLDERS: Final = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)\S*")
_ERROR: Final = re.compile(r"\AERROR: ", re.MULTILINE)


class Buildx(msgspec.Struct, frozen=True):
    """The plugin: its path, and its version in words."""

    path: str
    version: str


class _Vertex(msgspec.Struct):
    digest: str = ""
    name: str = ""
    inputs: list[str] | None = None
    cached: bool = False
    started: str | None = None
    completed: str | None = None
    error: str = ""


class _Status(msgspec.Struct):
    id: str = ""
    vertex: str = ""
    name: str = ""
    current: int = 0
    total: int = 0
    completed: str | None = None


class _Log(msgspec.Struct):
    vertex: str = ""
    stream: int = 1
    data: str | None = None


class _Position(msgspec.Struct):
    line: int = 0


class _Range(msgspec.Struct):
    start: _Position = msgspec.field(default_factory=_Position)


class _Warning(msgspec.Struct):
    vertex: str = ""
    short: str = ""
    detail: list[str] | None = None
    url: str = ""
    range: list[_Range] | None = None


class _Message(msgspec.Struct):
    vertexes: list[_Vertex] | None = None
    statuses: list[_Status] | None = None
    logs: list[_Log] | None = None
    warnings: list[_Warning] | None = None


class RawJson:
    """Decodes what buildx writes: a JSON document a line, and at the end perhaps words for people."""

    def __init__(self) -> None:
        self._pieces = TextPieces()
        self._decoder = msgspec.json.Decoder(_Message)
        self._rest = bytearray()
        self.words = ""

    def feed(self, data: bytes) -> list[BuildEvent]:
        """Returns the events of some bytes. Lines that are no JSON are kept in `words`."""
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        return [event for line in lines for event in self._line(bytes(line))]

    def close(self) -> list[BuildEvent]:
        """Returns the events of a last line without an end."""
        return self._line(bytes(self._rest))

    def _line(self, line: bytes) -> list[BuildEvent]:
        if not line.startswith(b"{"):
            if line.strip() and len(self.words) < MOST_WORDS:
                self.words += line.decode("utf-8", "replace") + "\n"
            return []
        try:
            return self._events(self._decoder.decode(line))
        except (msgspec.DecodeError, ValueError, RecursionError):
            self.words += line[:200].decode("utf-8", "replace") + "\n"
            return []

    def _events(self, message: _Message) -> list[BuildEvent]:
        steps = [
            step_of(
                v.digest,
                v.name,
                tuple(v.inputs or ()),
                cached=v.cached,
                started=_seconds(v.started),
                completed=_seconds(v.completed),
                error=v.error,
            )
            for v in message.vertexes or ()
        ]
        statuses = [
            BuildProgress(s.vertex, s.id, s.name, s.current, s.total, s.completed is not None)
            for s in message.statuses or ()
        ]
        logs = [
            self._pieces.log(
                log.vertex, Stream.STDERR if log.stream == Stream.STDERR else Stream.STDOUT, _data(log.data)
            )
            for log in message.logs or ()
        ]
        warnings = [
            BuildWarning(
                w.vertex,
                _text(w.short),
                tuple(map(_text, w.detail or ())),
                w.url,
                next((r.start.line for r in w.range or () if r.start.line), None),
            )
            for w in message.warnings or ()
        ]
        return [*steps, *statuses, *logs, *warnings]


def _data(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def _text(data: str | None) -> str:
    return _data(data).decode("utf-8", "replace")


def _seconds(text: str | None) -> float | None:
    return parse_time(text) if text else None


def plugin_paths(environment: Mapping[str, str]) -> list[Path]:
    """Returns where the docker CLI looks for the plugin, in its order."""
    return cli_plugin_paths(PLUGIN, environment)


def cli_plugin_paths(plugin: str, environment: Mapping[str, str]) -> list[Path]:
    """Returns where the docker CLI looks for a plugin of that file name, in its order."""
    home = environment.get("HOME", "")
    own = environment.get("DOCKER_CONFIG") or (f"{home}/.docker" if home else "")
    return [Path(folder, plugin) for folder in ([f"{own}/cli-plugins"] if own else []) + list(_FOLDERS)]


async def find_buildx(environment: Mapping[str, str] | None = None) -> Buildx | None:
    """Return the plugin if it is there, starts, and is new enough."""
    for path in plugin_paths(os.environ if environment is None else environment):
        if not os.access(path, os.X_OK):
            continue
        try:
            process = await start_program(str(path), "version", stderr=asyncio.subprocess.DEVNULL)
        except OSError:
            continue
        try:
            async with asyncio.timeout(VERSION_SECONDS):
                out, _ = await process.communicate()
        except TimeoutError:
            continue
        finally:
            await process.end(GRACE_SECONDS)
        found = _VERSION.search(out[:1000].decode("utf-8", "replace"))
        if found and (int(found[1]), int(found[2])) >= OLDEST:
            return Buildx(str(path), found[0])
    return None


async def build_with_buildx(
    plugin: Buildx, endpoint: Endpoint, arguments: Sequence[str], variables: Mapping[str, str]
) -> AsyncGenerator[BuildEvent]:
    """Yield what becomes of `docker buildx build` with some arguments; the last event is a result or a failure.

    `variables` are put into the environment: build arguments that are named without their values, which every user of
    the machine could read from the arguments. Leaving the generator early ends the build.

    Raises:
        EngineError: the plugin does not start.
    """
    with tempfile.TemporaryDirectory(prefix="hythe-buildx-") as folder:
        image_file = Path(folder, "image")
        words = [plugin.path, "build", "--progress=rawjson", f"--iidfile={image_file}", "--load", *arguments]
        environment = {**os.environ, **variables, **_pointing_at(endpoint)}
        for other in {"DOCKER_HOST", "DOCKER_CONTEXT"} - set(_pointing_at(endpoint)):
            environment.pop(other, None)
        try:
            process = await start_program(*words, stdout=asyncio.subprocess.DEVNULL, env=environment)
        except OSError as error:
            raise EngineError(f"{plugin.path}: {error.strerror}") from error
        decoder = RawJson()
        try:
            while process.stderr is not None and (data := await process.stderr.read(1 << 16)):
                for event in decoder.feed(data):
                    yield event
                await asyncio.sleep(0)  # a builder that prints as fast as it can leaves the keys alive
            for event in decoder.close():
                yield event
            code = await process.wait()
        finally:
            await process.end(GRACE_SECONDS)
        yield _outcome(code, decoder.words, image_file)


def _pointing_at(endpoint: Endpoint) -> dict[str, str]:
    if endpoint.source.startswith("context ") and endpoint.name:
        return {"DOCKER_CONTEXT": endpoint.name}
    return {"DOCKER_HOST": endpoint.url}


def _outcome(code: int, words: str, image_file: Path) -> BuildResult | BuildFailure:
    if code:
        return failure(_ERROR.sub("", words[-4000:]).strip() or f"docker buildx ended with exit code {code}")
    try:
        return BuildResult(image_file.read_text("ascii", "replace").strip())
    except OSError:
        return BuildFailure("docker buildx told of no image")
