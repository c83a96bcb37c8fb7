"""Starts a build: its job, and its entry in the history, which is closed when the job ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tui.commands.command import Context, Ui
from tui.commands.history import Entry
from tui.commands.running import allowed
from tui.commands.session import Session
from tui.engine.build_context import BuildContext, ContextError, open_context
from tui.engine.buildx import Buildx
from tui.engine.errors import EngineError
from tui.jobs.build import BuildJob
from tui.jobs.build_book import BuildBook
from tui.jobs.build_ways import Plan
from tui.model.build_spec import Builder, BuildSpec, docker_line
from tui.model.build_way import Abilities, way_of
from tui.model.reference import parse_reference
from tui.present.secrets import secret_names
from tui.present.units import size

TELLS_ITS_BUILDER = (1, 42)
"""The API from which on a daemon says which builder is its own."""


class CannotBuild(EngineError):
    """What is asked for cannot be built by the builder that was chosen; the message says why."""


def default_builder(session: Session) -> Builder:
    """Return the builder that the daemon tells the docker CLI to use."""
    return "2" if session.ping.builder == "2" else "1"


def best_builder(session: Session) -> Builder:
    """Return the builder to offer: BuildKit wherever there is one, which Engine 20.10 has without saying so."""
    unsaid = not session.ping.is_podman and not session.engine.transport.speaks(*TELLS_ITS_BUILDER)
    return "2" if unsaid else default_builder(session)


def abilities(session: Session, buildx: Buildx | None = None) -> Abilities:
    """Return what there is to build with."""
    engine = session.engine
    return Abilities(
        default_builder(session),
        session.ping.is_podman,
        engine.transport.api_version or (0, 0),
        engine.builds.gives_session,
        buildx.version if buildx is not None else "",
    )


def start_build(
    session: Session,
    spec: BuildSpec,
    context: BuildContext | None,
    dockerfile: str,
    *,
    buildx: Buildx | None = None,
    size: int = 0,
) -> BuildJob:
    """Start to build as `spec` says, and return the job, which runs.

    `dockerfile` is the Dockerfile's text, where known, `size` the context's in bytes, where it was counted.

    Raises:
        CannotBuild: there is no way to build this.
    """
    able = abilities(session, buildx)
    way = way_of(spec, able)
    if isinstance(way, str):
        raise CannotBuild(way)
    line = docker_line(spec, default_builder(session), hide=secret_names(spec.args).__contains__)
    job = BuildJob(session.engine, Plan(spec, way, context, dockerfile, buildx, size), line, able)
    entry = session.history.begin(line, session.name)
    job.listen(lambda: _close(entry, job))
    session.jobs.start(job)
    return job


def opened(folder: str, dockerfile: str) -> tuple[BuildContext, str]:
    """Return the context and the text of its Dockerfile; blocks. Raises ContextError."""
    context = open_context(folder, dockerfile)
    try:
        return context, context.source.read_text("utf-8", "replace").removeprefix("\ufeff")
    except OSError as error:
        raise ContextError(f"the Dockerfile {context.source} cannot be read: {error.strerror}", "dockerfile") from error


async def may_move_tag(session: Session, ui: Ui, spec: BuildSpec) -> bool:
    """Return whether a build may give its image its tag: where one has it that was not built so, the user is asked."""
    holder = held_by_another(session, spec.tag)
    if holder is None:
        return True
    page = await asyncio.to_thread(BuildBook().page, spec.folder)
    if any(record.image == holder.id for record in page.records):
        return True  # an earlier build of the same folder made it
    lines = [f"{holder.tag} is now {holder.words}", "it would lose this name when the build is done"]
    context, title = Context(session, ui, "images"), f"Move {holder.tag}?"
    return await allowed(context, "always", title, lines, names=[holder.tag], label="Build and move it", danger=True)


async def build_again(session: Session, ui: Ui, job: BuildJob) -> BuildJob | None:
    """Build what a job built once more, with the files as they are now; None where the user would not have it.

    Raises:
        ContextError, CannotBuild: something is wrong with it by now.
    """
    plan = job.plan
    context, text = plan.context, plan.dockerfile
    if context is not None:
        context, text = await asyncio.to_thread(opened, plan.spec.folder, plan.spec.dockerfile)
    if not await may_move_tag(session, ui, plan.spec):
        return None
    return start_build(session, plan.spec, context, text, buildx=plan.buildx, size=plan.size)


def _close(entry: Entry, job: BuildJob) -> None:
    if job.state != "running" and entry.outcome == "running":
        entry.close("ok" if job.state == "done" else job.state, job.error)


@dataclass(frozen=True, slots=True)
class Holder:
    """The image that has a tag now: the tag as the daemon lists it, and the image in words."""

    id: str
    tag: str
    words: str


def held_by_another(session: Session, tag: str) -> Holder | None:
    """Return the image that would lose `tag` to a build, unless a build of this run gave it the tag."""
    if not tag:
        return None
    familiar = parse_reference(tag).tagged().familiar()
    holder = next((image for image in session.state.images.values() if familiar in image.tags), None)
    if holder is None:
        return None
    built = {job.build.result.image_id for job in session.jobs if isinstance(job, BuildJob) and job.build.result}
    return None if holder.id in built else Holder(holder.id, familiar, f"{holder.short_id}  ({size(holder.size)})")
