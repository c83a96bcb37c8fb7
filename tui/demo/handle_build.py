"""POST /build: the request is read, built, and told in the way of the classic builder or of BuildKit."""

import base64
import tarfile
from collections.abc import Mapping

import msgspec
from aiohttp import web

from tui.demo import build, layers, references
from tui.demo.api import Call, Router, answer
from tui.demo.build import MissingSource, Request, RunFailed, State
from tui.demo.build_run import Builder
from tui.demo.build_session import session_of
from tui.demo.buildkit import Asked, BuildError, made_up, solve
from tui.demo.dockerfile import Dockerfile, DockerfileError, Instruction, Stage, parse
from tui.demo.errors import ApiError
from tui.demo.handle_images import put_tag
from tui.demo.jsonish import JsonMap, as_strings
from tui.demo.layers import Node, Tree
from tui.demo.programs import STDERR
from tui.demo.records import Image
from tui.demo.world import World


def register(router: Router) -> None:
    """Add the routes."""
    router.add("POST", "/build", _build)
    router.add("POST", "/build/cancel", _cancel)


async def _cancel(call: Call) -> web.StreamResponse:
    return answer({})


def _mapping(call: Call, name: str) -> dict[str, str]:
    raw = call.text(name)
    if not raw:
        return {}
    try:
        return as_strings(msgspec.json.decode(raw))
    except msgspec.DecodeError as error:
        raise ApiError(400, f"error reading {name}: {error}") from None


async def _context(call: Call) -> dict[str, Node]:
    data = await call.payload()
    if not data:
        raise ApiError(400, "the build context is empty: no tar archive was sent")
    try:
        return layers.unpack(data)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ApiError(500, f"Error response from daemon: unexpected EOF in the build context ({error})") from None


async def _build(call: Call) -> web.StreamResponse:
    tags = [_tag(text) for text in call.request.query.getall("t", [])]
    path = call.text("dockerfile") or "Dockerfile"
    asked = Asked(
        path,
        None if call.text("remote") else await _context(call),
        call.text("remote"),
        _mapping(call, "buildargs"),
        _mapping(call, "labels"),
        call.text("target"),
        call.flag("nocache"),
        tuple(tags),
        session_of(call.world, call.text("session")) if call.text("session") else None,
    )
    return await (_with_buildkit if call.text("version") == "2" else _with_classic)(call, asked)


async def _with_buildkit(call: Call, asked: Asked) -> web.StreamResponse:
    if asked.context is not None and layers.clean(asked.dockerfile) not in asked.context:
        raise ApiError(400, f"failed to read dockerfile: open {asked.dockerfile}: no such file or directory")
    response = await call.stream()

    async def send(parts: bytes) -> None:
        text = base64.b64encode(parts).decode()
        await response.write(build.encoded({"id": "moby.buildkit.trace", "aux": text}))

    try:
        image = await solve(call.world, asked, send)
    except BuildError as error:
        await response.write(_failure(str(error)))
    else:
        await response.write(build.encoded({"id": "moby.image.id", "aux": {"ID": image.id}}))
    return response


async def _with_classic(call: Call, asked: Asked) -> web.StreamResponse:
    context = made_up(asked.remote) if asked.context is None else asked.context
    try:
        dockerfile = _read(context, asked.dockerfile, asked.args)
        request = Request(context, dockerfile, asked.args, asked.target, asked.labels, asked.no_cache)
        build.needed(request)
    except (DockerfileError, ApiError) as error:
        status = error.status if isinstance(error, ApiError) else 400
        text = str(error)
        raise ApiError(
            status, f"failed to parse Dockerfile: {text}" if text.endswith("two arguments") else text
        ) from None
    response = await call.stream()
    await _classic(call.world, request, response, list(asked.tags), call)
    return response


def _tag(text: str) -> str:
    try:
        return references.parse(text).tagged
    except ApiError as error:
        raise ApiError(500, error.message) from None


def _read(context: Tree, path: str, args: Mapping[str, str]) -> Dockerfile:
    node = context.get(layers.clean(path))
    if node is None:
        raise ApiError(500, f"Cannot locate specified Dockerfile: {path}")
    return parse(node.data.decode(errors="replace"), args)


def _failure(text: str, code: int = 0) -> bytes:
    detail: JsonMap = {"code": code, "message": text} if code else {"message": text}
    return build.encoded({"errorDetail": detail, "error": text})


def _pull_denied(stage_base: str) -> str:
    return f"pull access denied for {stage_base}, repository does not exist or may require 'docker login'"


class ClassicPresenter:
    """Tells a build as the classic builder does: `Step n/m`, ` ---> id`."""

    buildkit = False

    def __init__(self, world: World, request: Request, response: web.StreamResponse, *, remove: bool) -> None:
        self.world = world
        self.request = request
        self.response = response
        self.remove = remove
        self.running = ""
        self.number = 0
        self.state: State | None = None
        self.image: Image | None = None
        first = request.dockerfile.stages[0].start.line
        self.before = [instruction for instruction in request.dockerfile.instructions if instruction.line < first]
        self.total = len(self.before) + sum(1 + len(stage.instructions) for stage in build.up_to_target(request))

    async def say(self, text: str) -> None:
        """Send a piece of the stream."""
        await self.response.write(build.encoded({"stream": text}))

    async def _headline(self, instruction: Instruction) -> None:
        self.number += 1
        await self.say(f"Step {self.number}/{self.total} : {instruction.original}")
        await self.say("\n")

    async def begin_all(self) -> None:
        """The lines of the arguments before the first FROM, which are steps too."""
        for instruction in self.before:
            await self._headline(instruction)

    async def resolve(self, stage: Stage) -> None:
        """The line of FROM."""
        await self._headline(stage.start)

    async def stage(self, stage: Stage, image: Image | None) -> None:
        """The image that FROM found: of an earlier stage, or the one looked up."""
        shown = image.id.removeprefix("sha256:")[:12] if image else ""
        if image is None and stage.base != "scratch" and self.image is not None:
            await self._headline(stage.start)
            shown = self.image.id.removeprefix("sha256:")[:12]
        await self.say(f" ---> {shown}\n")

    async def begin(self, stage: Stage, instruction: Instruction) -> None:
        """The line of the step."""
        await self._headline(instruction)
        self.running = ""

    async def _start(self, instruction: Instruction) -> None:
        if not self.running and instruction.name not in ("COPY", "ADD"):
            self.running = self.world.new_id("build")[:12]
            await self.say(f" ---> Running in {self.running}\n")

    async def working(self) -> None:
        """Nothing is said before there is output."""

    async def output(self, stage: Stage, instruction: Instruction, stream: int, data: bytes) -> None:
        """What RUN printed, stderr in red."""
        await self._start(instruction)
        text = data.decode(errors="replace")
        await self.say(f"\x1b[91m{text}\x1b[0m" if stream == STDERR else text)

    async def end(self, stage: Stage, instruction: Instruction, state: State, *, cached: bool) -> None:
        """The intermediate image of the step."""
        if cached:
            await self.say(" ---> Using cache\n")
        else:
            await self._start(instruction)
            if self.running and self.remove:
                await self.say(f" ---> Removed intermediate container {self.running}\n")
        self.image = self._intermediate(state)
        await self.say(f" ---> {self.image.id.removeprefix('sha256:')[:12]}\n")

    def _intermediate(self, state: State) -> Image:
        key = f"classic/{state.key}/{len(state.history)}"
        known = self.world.images.get(str(self.world.build_steps.get(key, "")))
        image = known or build.finish(self.world, state, parent=state.parent)
        self.world.build_steps[key] = image.id
        state.parent = image.id
        state.ids[-1] = image.id
        return image

    async def last_of(self, stage: Stage, state: State) -> None:
        """The image of the stage."""
        if self.image is not None:
            await self.response.write(build.encoded({"aux": {"ID": self.image.id}}))

    async def failed(self, instruction_done: bool) -> None:
        """Clear up after a step that failed."""
        if self.running and self.remove and not instruction_done:
            await self.say(f" ---> Removed intermediate container {self.running}\n")


async def _classic(world: World, request: Request, response: web.StreamResponse, tags: list[str], call: Call) -> None:
    presenter = ClassicPresenter(world, request, response, remove=call.flag("rm", default=True))
    await presenter.begin_all()
    try:
        image = await Builder(world, request, presenter).run()
    except RunFailed as error:
        if not presenter.running:
            await presenter.say(f" ---> Running in {world.new_id('build')[:12]}\n")
        await presenter.failed(instruction_done=False)
        text = f"The command '{error.command}' returned a non-zero code: {error.code}"
        await response.write(_failure(text, error.code))
        return
    except MissingSource as error:
        where = f"stat {error.source}: file does not exist"
        text = f"COPY failed: file not found in build context or excluded by .dockerignore: {where}"
        await response.write(_failure(text))
        return
    except ApiError as error:
        text = error.message
        if error.status == 404:
            text = _pull_denied(text.removeprefix("No such image: ").removesuffix(":latest"))
        await response.write(_failure(text.replace("invalid containerPort", "Invalid containerPort")))
        return
    await presenter.say(f"Successfully built {image.id.removeprefix('sha256:')[:12]}\n")
    for tagged in tags:
        put_tag(world, image, tagged)
        await presenter.say(f"Successfully tagged {tagged}\n")
