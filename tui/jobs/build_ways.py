"""The ways that a build goes to the daemon: each yields the same events, and tells how much of the context was sent."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from tui.engine.build import CLIENT_SESSION
from tui.engine.build_context import BuildContext, ContextError, Rules
from tui.engine.buildkit_control import dockerfile_attributes, solve
from tui.engine.buildkit_session import BuildSession, secrets_by_id
from tui.engine.buildx import Buildx, build_with_buildx
from tui.engine.context_tar import stream_context_async
from tui.engine.credentials import DockerLogins
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, MalformedAnswer
from tui.engine.filesync import FileSync
from tui.model.build import BuildEvent, BuildFailure
from tui.model.build_sources import SourceError, parse_agent, parse_context, parse_secret
from tui.model.build_spec import BuildSpec
from tui.model.build_way import Way
from tui.model.dockerfile import registries_of
from tui.model.reference import parse_reference

_OWN: Final = re.compile(r"(?i)PATH|HOME|USER|TMPDIR|(?:DOCKER|BUILDX|BUILDKIT|XDG|SSH|GO|OTEL|LC)\w*|\w+_PROXY")
"""Variables that steer the plugin itself: a build argument of such a name is given in the open."""


class NoSession(Exception):
    """The daemon gives no session; the message is its own."""


@dataclass
class Sending:
    """How far the context is: bytes sent, and bytes that there are, 0 while unknown; times are since the epoch.

    `ended` is when the last of it went up, as far as that can be told. With a session `total` is the most that can be
    asked for: what the builder has already is not sent again.
    """

    sent: int = 0
    total: int = 0
    started: float = field(default_factory=time.time)
    ended: float | None = None

    def add(self, sent: int, found: int) -> None:
        """Count what was sent and what was found; the first that is found begins it."""
        if not self.total and found:
            self.started = time.time()
        self.sent += sent
        self.total += found
        self.ended = time.time() if sent or found else self.ended


@dataclass(frozen=True)
class Plan:
    """One build as it is about to be sent. Without a `context` the daemon fetches the spec's URL."""

    spec: BuildSpec
    way: Way
    context: BuildContext | None
    dockerfile: str = ""
    """The Dockerfile's text, where it is known."""
    buildx: Buildx | None = None
    size: int = 0
    """Bytes of the context, where they were counted."""


async def build_events(engine: Engine, plan: Plan, sending: Sending) -> AsyncGenerator[BuildEvent]:
    """Yield what becomes of a build; the last event is a BuildResult or a BuildFailure.

    Raises:
        NoSession: the way needs one, and the daemon has none. Nothing was built.
        EngineError, ContextError, OSError: as the engine's operations say.
    """
    match plan.way.kind:
        case "session" | "control":
            events = _with_session(engine, plan, sending)
        case "buildx":
            events = _with_buildx(engine, plan)
        case "archive" | "classic":
            events = _with_archive(engine, plan, sending)
    try:
        async for event in events:
            yield event
    finally:
        await events.aclose()


async def _with_session(engine: Engine, plan: Plan, sending: Sending) -> AsyncGenerator[BuildEvent]:
    spec, context = plan.spec, plan.context
    named = [parse_context(text) for text in spec.contexts]
    folders = _folders(context) | {one.name: one.place for one in named if one.is_local}
    files = FileSync(folders, lambda _name, sent, found: sending.add(sent, found))
    session = BuildSession(
        secrets_by_id=secrets_by_id(map(parse_secret, spec.secrets)),
        agents=[parse_agent(text) for text in spec.ssh],
        folder="" if context is None else str(context.folder),
        logins=DockerLogins(),
        methods=files.methods() if folders else {},
    )
    async with AsyncExitStack() as stack:
        place = spec.folder if context is None else str(context.folder)
        try:
            await stack.enter_async_context(
                session.open(engine.transport, name=os.path.basename(place), key=_shared_key(place))
            )
        except (ApiError, MalformedAnswer) as error:
            engine.builds.gives_session = False
            raise NoSession(str(error)) from error
        engine.builds.gives_session = True
        dockerfile = spec.dockerfile if context is None else _source(context).name
        if plan.way.kind == "control":
            attributes = dockerfile_attributes(
                dockerfile=dockerfile,
                target=spec.target,
                build_args=spec.arguments,
                contexts={one.name: f"local:{one.name}" if one.is_local else one.place for one in named},
                no_cache=spec.no_cache,
                pull=spec.pull,
                platform=spec.platform,
                remote="" if context is not None else spec.folder,
            )
            tags = [str(parse_reference(tag).tagged()) for tag in spec.tags]
            events = solve(engine.transport, session.id, attributes, tags)
        else:
            events = engine.builds.build(
                dockerfile=dockerfile,
                tags=spec.tags,
                target=spec.target,
                build_args=spec.arguments,
                no_cache=spec.no_cache,
                pull=spec.pull,
                platform=spec.platform,
                remote=CLIENT_SESSION if context is not None else spec.folder,
                session=session.id,
            )
        stack.push_async_callback(events.aclose)
        async for event in events:
            yield _placed(event, files)
        if files.failure is not None:
            raise files.failure


def _placed(event: BuildEvent, files: FileSync) -> BuildEvent:
    """The event, with the file's name where the builder tells of a name that it can't read and not of whose it is."""
    if isinstance(event, BuildFailure) and files.odd_names and "invalid UTF-8" in event.message:
        name = os.fsencode(files.odd_names[0]).decode("utf-8", "backslashreplace")
        cure = "rename it, add it to .dockerignore, or choose the classic builder"
        return msgspec.structs.replace(event, message=f"{event.message}: the name of {name} is not UTF-8: {cure}")
    return event


def _folders(context: BuildContext | None) -> dict[str, str]:
    if context is None:
        return {}
    return {"context": str(context.folder), "dockerfile": str(_source(context).parent)}


def _source(context: BuildContext) -> Path:
    """The Dockerfile, in whose folder nothing but it is sent: a link that leads out of there is followed."""
    source = context.source
    if source.is_symlink() and source.resolve().parent != source.parent.resolve():
        return source.resolve()
    return source


def _shared_key(place: str) -> str:
    """What builds of one folder have in common, so that the builder finds the files of the last one."""
    return hashlib.sha256(f"{platform.node()}\0{place}".encode("utf-8", "surrogateescape")).hexdigest()


async def _with_archive(engine: Engine, plan: Plan, sending: Sending) -> AsyncGenerator[BuildEvent]:
    spec, context = plan.spec, plan.context
    classic = plan.way.kind == "classic"
    sending.total = plan.size
    registries = registries_of(plan.dockerfile, spec.arguments) | {""} if classic else set[str]()
    logins = await DockerLogins().header(registries) if registries else None
    events = engine.builds.build(
        None if context is None else _upload(context, sending, "classic" if classic else "archive"),
        dockerfile=spec.dockerfile if context is None else context.dockerfile,
        tags=spec.tags,
        target=spec.target,
        build_args=spec.arguments,
        no_cache=spec.no_cache,
        pull=spec.pull,
        platform=spec.platform,
        version="1" if classic else "2",
        remote="" if context is not None else spec.folder,
        logins=logins or "",
    )
    try:
        async for event in events:
            yield event
    finally:
        await events.aclose()


async def _upload(context: BuildContext, sending: Sending, rules: Rules) -> AsyncGenerator[bytes]:
    source = stream_context_async(context, rules=rules)
    try:
        async for chunk in source:
            yield chunk
            sending.sent += len(chunk)
        sending.ended = time.time()
    finally:
        await source.aclose()


async def _with_buildx(engine: Engine, plan: Plan) -> AsyncGenerator[BuildEvent]:
    if plan.buildx is None:
        raise ContextError("the docker CLI's buildx plugin is not on this machine")
    arguments, variables = buildx_arguments(plan.spec)
    events = build_with_buildx(plan.buildx, engine.endpoint, arguments, variables)
    try:
        async for event in events:
            yield event
    finally:
        await events.aclose()


def buildx_arguments(spec: BuildSpec) -> tuple[list[str], dict[str, str]]:
    """Return the arguments of `docker buildx build`, and the variables that hold the build arguments' values.

    A secret of a variable with an argument's name is given by another name, so that each has its own value.

    A process's arguments can be read by every user of the machine; its environment only by its own.
    """
    words: list[str] = []
    variables: dict[str, str] = {}
    file = spec.dockerfile if spec.is_remote else str(Path(spec.folder, spec.dockerfile))
    for flag, value in (
        ("--tag", spec.tag),
        ("--file", file),
        ("--target", spec.target),
        ("--platform", spec.platform),
    ):
        words += [f"{flag}={value}"] if value else []
    for name, value in spec.arguments.items():
        if _OWN.fullmatch(name):
            words.append(f"--build-arg={name}={value}")
        else:
            words.append(f"--build-arg={name}")
            variables[name] = value
    secrets = [_own_variable(text, number, variables) for number, text in enumerate(spec.secrets)]
    for flag, values in (("--secret", secrets), ("--ssh", spec.ssh), ("--build-context", spec.contexts)):
        words += [f"{flag}={value}" for value in values]
    words += [flag for flag, on in (("--no-cache", spec.no_cache), ("--pull", spec.pull)) if on]
    return [*words, "--", spec.folder], variables


def _own_variable(secret: str, number: int, variables: dict[str, str]) -> str:
    """Give a secret of a variable whose name a build argument has too a variable of its own, and return its words."""
    try:
        source = parse_secret(secret)
    except SourceError:
        return secret  # the plugin says what is wrong with it
    if source.kind != "env" or source.place not in variables:
        return secret
    name = f"HYTHE_SECRET_{number}"
    if source.place in os.environ:
        variables[name] = os.environ[source.place]
    return f"id={source.id},env={name}"
