"""Telling a build as BuildKit does: vertexes, logs, progress and warnings in StatusResponse messages."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence

from tui.demo import build, references
from tui.demo.build import Request, State
from tui.demo.dockerfile import Dockerfile, Instruction, Stage
from tui.demo.protobuf import Log, Status, Vertex, Warning_, response
from tui.demo.records import Image
from tui.demo.world import World

_NONE = Request({}, Dockerfile("", {}, [], []), {})
"""The request before there is one."""

_RULES = "https://docs.docker.com/go/dockerfile/rule/"


class TracePresenter:
    """Sends the trace of one build."""

    buildkit = True

    def __init__(self, world: World, send: Callable[[bytes], Awaitable[None]]) -> None:
        self.world = world
        self.request = _NONE
        self._send = send
        self._digests: dict[int, str] = {}
        self._vertexes: dict[int, Vertex] = {}
        self._current: Vertex | None = None
        self._context = ""
        self._opened = False
        self.image: Image | None = None

    def _digest(self, *parts: str) -> str:
        return "sha256:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()

    async def _say(self, *parts: Vertex | Status | Log | Warning_) -> None:
        await self._send(response(parts))

    async def _at_once(self, digest: str, name: str, inputs: tuple[str, ...] = ()) -> None:
        started = self.world.now()
        await self._say(Vertex(digest, name, inputs))
        await self._say(Vertex(digest, name, inputs, started_ns=started))
        await self._say(Vertex(digest, name, inputs, started_ns=started, completed_ns=self.world.now() or started))

    async def received(self, what: str, *, internal: bool = False) -> None:
        """Tell that a part of the context has come."""
        self._context = self._digest("context", what)
        await self._at_once(self._context, f"[internal] {what}")
        if not internal:
            await self._at_once(self._digest("copy", self._context), "copy /context /", (self._context,))

    async def loading(self, what: str) -> None:
        """Tell that the client is asked for something."""
        self._current = Vertex(self._digest("load", what), f"[internal] {what}", started_ns=self.world.now())
        await self._say(self._current)

    async def loaded(self) -> None:
        """Tell that it has come."""
        if self._current is not None:
            await self._complete(self._current, self._current.started_ns, cached=False)
            self._current = None

    async def opening(self, request: Request) -> None:
        """Tell what the frontend says of the Dockerfile, and announce its steps."""
        build.needed(request)
        self.request = request
        for instruction in request.dockerfile.instructions:
            remark = self._remark(instruction)
            if remark is not None:
                await self._say(remark)
        self._announce()

    def _announce(self) -> None:
        for stage in build.needed(self.request):
            steps = [i for i in stage.instructions if not build.metadata_only(i.name)]
            label = stage.name or (f"stage-{stage.index}" if len(self.request.dockerfile.stages) > 1 else "")
            lead = f"{label} " if label else ""
            earlier = self.request.dockerfile.find(stage.base)
            inherits = earlier is not None and earlier.index < stage.index
            count = len(steps) + (0 if inherits or stage.base == "scratch" else 1)
            before = self._last_of(earlier) if inherits and earlier is not None else ""
            number = 0
            if count > len(steps):
                number = 1
                digest = self._digest("from", stage.base)
                name = f"[{lead}1/{count}] FROM {_canonical(stage.base)}"
                self._vertexes[stage.start.line] = Vertex(digest, name)
                before = digest
            for instruction in steps:
                if instruction.name == "WORKDIR" and instruction.value == "/":
                    continue  # it makes nothing: BuildKit counts it in the total alone
                number += 1
                digest = self._digest(before, instruction.original, *self._inputs_text(instruction))
                inputs = (before, self._context) if instruction.name in ("COPY", "ADD") else (before,)
                name = f"[{lead}{number}/{count}] {instruction.original}"
                self._vertexes[instruction.line] = Vertex(digest, name, tuple(i for i in inputs if i))
                before = digest
            self._digests[stage.index] = before

    def _inputs_text(self, instruction: Instruction) -> list[str]:
        return [body for _, body in instruction.heredocs]

    def _last_of(self, stage: Stage) -> str:
        return self._digests.get(stage.index, "")

    def _remark(self, instruction: Instruction) -> Warning_ | None:
        text, line = self.request.dockerfile.text, instruction.line
        digest = self._digest("lint", text)
        if instruction.name == "MAINTAINER":
            short = "MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label"
            detail = "The MAINTAINER instruction is deprecated, use a label instead to define an image author"
            return Warning_(digest, f"{short} (line {line})", detail, f"{_RULES}maintainer-deprecated/", text, line)
        if instruction.name in ("CMD", "ENTRYPOINT") and instruction.words is None:
            short = (
                f"JSONArgsRecommended: JSON arguments recommended for {instruction.name} to prevent unintended behavior"
            )
            detail = (
                "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals"
            )
            url = f"{_RULES}json-args-recommended/"
            return Warning_(digest, f"{short} related to OS signals (line {line})", detail, url, text, line)
        return None

    async def resolve(self, stage: Stage) -> None:
        """The metadata of the base are asked for."""
        if stage.base != "scratch":
            digest = self._digest("metadata", stage.base)
            name = f"[internal] load metadata for {_canonical(stage.base)}"
            self._current = Vertex(digest, name, started_ns=self.world.now())
            await self._say(self._current)

    async def stage(self, stage: Stage, image: Image | None) -> None:
        """Resolve the base and announce the vertexes on the first stage."""
        if self._current is not None:
            await self._complete(self._current, self._current.started_ns, cached=False)
            self._current = None
        if not self._opened:
            self._opened = True
            await self._say(*self._vertexes.values())
        vertex = self._vertexes.get(stage.start.line)
        if vertex is not None:
            await self._complete(vertex, self.world.now(), cached=False)

    async def _complete(self, vertex: Vertex, started: int, *, cached: bool) -> None:
        ended = self.world.now()
        await self._say(Vertex(vertex.digest, vertex.name, vertex.inputs, cached, started, max(ended, started)))

    async def begin(self, stage: Stage, instruction: Instruction) -> None:
        """A step may run, or turn out to be cached: said when it is known."""
        vertex = self._vertexes.get(instruction.line)
        self._current = None
        if vertex is not None:
            self._current = Vertex(vertex.digest, vertex.name, vertex.inputs, started_ns=self.world.now())

    async def output(self, stage: Stage, instruction: Instruction, stream: int, data: bytes) -> None:
        """Send what RUN printed."""
        if self._current is not None:
            started = self._current
            await self._say(Log(started.digest, self.world.now(), stream, data))

    async def working(self) -> None:
        """A step that is not cached starts its work."""
        if self._current is not None:
            await self._say(self._current)

    async def end(self, stage: Stage, instruction: Instruction, state: State, *, cached: bool) -> None:
        """A step is done, or was cached."""
        if self._current is not None:
            await self._complete(self._current, self._current.started_ns, cached=cached)
            self._current = None

    async def last_of(self, stage: Stage, state: State) -> None:
        """Nothing is said between stages."""

    async def failed(self, text: str) -> None:
        """The step under way ends with an error."""
        if self._current is not None:
            v = self._current
            await self._say(Vertex(v.digest, v.name, v.inputs, False, v.started_ns, self.world.now(), text))

    async def exporting(self, image: Image, tags: Sequence[str]) -> None:
        """Tell how the image is written and named."""
        digest, started = self._digest("export", image.id), self.world.now()
        vertex = Vertex(digest, "exporting to image", started_ns=started)
        await self._say(vertex, Status("exporting layers", digest, started, started_ns=started))
        await self.world.clock.sleep(0.02)
        names = ["exporting layers", f"writing image {image.id}"]
        names += [f"naming to {references.parse(t).canonical}:{references.parse(t).tag}" for t in tags]
        now = self.world.now()
        await self._say(*[Status(name, digest, now, started_ns=started, completed_ns=now) for name in names])
        await self._complete(vertex, started, cached=False)


def _canonical(base: str) -> str:
    reference = references.parse(base)
    suffix = f"@{reference.digest}" if reference.digest else f":{reference.tag or 'latest'}"
    return reference.canonical + suffix
