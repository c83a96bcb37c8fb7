"""A build as BuildKit makes it: the context from wherever it is, the trace to who listens, the image or an error."""

import hashlib
import posixpath
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tui.demo import layers, references
from tui.demo.build import MissingSource, Request, RunFailed
from tui.demo.build_run import Builder
from tui.demo.build_session import ClientSession, context_of
from tui.demo.build_trace import TracePresenter
from tui.demo.dockerfile import DockerfileError, parse
from tui.demo.errors import ApiError
from tui.demo.handle_images import put_tag
from tui.demo.layers import Node, Tree
from tui.demo.records import Image
from tui.demo.world import World
from tui.wire.grpc_call import GrpcError

FROM_SESSION = "client-session"
Send = Callable[[bytes], Awaitable[None]]


class BuildError(Exception):
    """The build failed; the message is as BuildKit has it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client wants built. `context` is what it sent; else `remote` says where the context is.

    `contexts` are named ones: `local:NAME`, or `docker-image://NAME`.
    """

    dockerfile: str
    context: Tree | None = None
    remote: str = ""
    args: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    target: str = ""
    no_cache: bool = False
    tags: tuple[str, ...] = ()
    session: ClientSession | None = None
    contexts: Mapping[str, str] = field(default_factory=dict[str, str])


async def solve(world: World, asked: Asked, send: Send) -> Image:
    """Build, tell how it goes, tag the image and return it. Raises BuildError."""
    presenter = TracePresenter(world, send)
    try:
        text, context = await _context(asked, presenter)
        request = Request(
            context,
            parse(text, dict(asked.args)),
            asked.args,
            asked.target,
            asked.labels,
            asked.no_cache,
            asked.session,
            await _named(world, asked),
        )
        await presenter.opening(request)
        image = await Builder(world, request, presenter).run()
        await presenter.exporting(image, asked.tags)
    except (ApiError, DockerfileError, GrpcError, RunFailed, MissingSource) as error:
        text, words = _worded(error)
        await presenter.failed(words)
        raise BuildError(text) from error
    for tag in asked.tags:
        put_tag(world, image, tag)
    return image


async def _context(asked: Asked, presenter: TracePresenter) -> tuple[str, Tree]:
    """The Dockerfile's text, and the files that there are to copy."""
    if asked.context is not None:
        node = asked.context.get(layers.clean(asked.dockerfile))
        if node is None:
            raise ApiError(400, f"failed to read dockerfile: open {asked.dockerfile}: no such file or directory")
        await presenter.received("load remote build context")
        return node.data.decode(errors="replace"), asked.context
    if asked.remote != FROM_SESSION:
        await presenter.received(f"load git source {asked.remote}", internal=True)
        tree = made_up(asked.remote)
        return tree["Dockerfile"].data.decode(), tree
    if asked.session is None:
        raise ApiError(400, "no active sessions")
    await presenter.loading(f"load build definition from {asked.dockerfile}")
    text, context = await context_of(asked.session, asked.dockerfile, _used)
    await presenter.loaded()
    await presenter.received("load .dockerignore", internal=True)
    await presenter.received("load build context", internal=True)
    return text, context


def _used(dockerfile: str) -> tuple[str, ...]:
    """The paths of the context that a Dockerfile copies; none where that may be anything."""
    found: set[str] = set()
    try:
        instructions = parse(dockerfile).instructions
    except DockerfileError:
        return ("Dockerfile",)
    for instruction in instructions:
        if instruction.name not in ("COPY", "ADD") or "from" in instruction.flags:
            continue
        for word in (instruction.words or instruction.value.split())[:-1]:
            path = posixpath.normpath(word.lstrip("/") or ".")
            if "$" in word or path == ".":
                return ()
            found.add(path)
    return tuple(sorted(found)) or ("Dockerfile",)


async def _named(world: World, asked: Asked) -> dict[str, Tree]:
    """The files of the named contexts."""
    found: dict[str, Tree] = {}
    for name, place in asked.contexts.items():
        kind, _, rest = place.partition(":")
        if kind == "local" and asked.session is not None:
            found[name.lower()] = await asked.session.files(rest)
        elif kind == "docker-image":
            found[name.lower()] = world.root_of(world.find_image(rest.removeprefix("//")).layers)
        else:
            raise ApiError(400, f"invalid named context {name}: {place}")
    return found


def made_up(url: str) -> dict[str, Node]:
    """Return the repository that a URL leads to, here where there is no network: always the same, and small."""
    name = posixpath.basename(url.split("#")[0].removesuffix(".git").rstrip("/")) or "repository"
    commit = hashlib.sha256(url.encode()).hexdigest()[:12]
    dockerfile = f"FROM busybox\nWORKDIR /srv\nCOPY . .\nRUN cat README.md\nLABEL commit={commit}\n"
    return {
        "Dockerfile": Node(data=dockerfile.encode()),
        "README.md": Node(
            data=f"# {name}\n\nAt commit {commit}. Made up by the demo engine, which has no network.\n".encode()
        ),
    }


def _worded(error: Exception) -> tuple[str, str]:
    """The text of the answer, and what the step says, for what ended a build."""
    match error:
        case RunFailed():
            text = f'process "{error.command}" did not complete successfully: exit code: {error.code}'
            return text, text
        case MissingSource():
            ref = hashlib.sha256(error.source.encode()).hexdigest()[:25]
            text = f'failed to calculate checksum of ref {ref}: "/{layers.clean(error.source)}": not found'
            return f"failed to compute cache key: {text}", text
        case ApiError(status=404):
            name = error.message.removeprefix("No such image: ").removesuffix(":latest")
            canonical = f"{references.parse(name).canonical}:{references.parse(name).tag or 'latest'}"
            text = f"{name}: failed to resolve source metadata for {canonical}: {canonical}: not found"
            return text, text
        case ApiError():
            return error.message, error.message
        case DockerfileError():
            text = str(error).replace("the Dockerfile (Dockerfile) cannot", "the Dockerfile cannot")
            return text, text
        case _:
            return f"error from sender: {error}", str(error)
