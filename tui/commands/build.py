"""Starts a build: its job, and its entry in the history, which is closed when the job ends."""

from __future__ import annotations

from dataclasses import dataclass

from tui.commands.history import Entry
from tui.commands.session import Session
from tui.engine.build_context import BuildContext
from tui.jobs.build import BuildJob
from tui.model.build_spec import Builder, BuildSpec, docker_line
from tui.model.reference import parse_reference
from tui.present.secrets import secret_names
from tui.present.units import size


def default_builder(session: Session) -> Builder:
    """Return the builder that the daemon tells its clients to use."""
    return "2" if session.ping.builder == "2" else "1"


def start_build(session: Session, spec: BuildSpec, context: BuildContext, dockerfile: str) -> BuildJob:
    """Start to build `context` as `spec` says; `dockerfile` is the Dockerfile's text. Return the job, which runs."""
    line = docker_line(spec, default_builder(session), hide=secret_names(spec.args).__contains__)
    job = BuildJob(session.engine, spec, context, dockerfile, line)
    entry = session.history.begin(line, session.name)
    job.listen(lambda: _close(entry, job))
    session.jobs.start(job)
    return job


def _close(entry: Entry, job: BuildJob) -> None:
    if job.state != "running" and entry.outcome == "running":
        entry.close("ok" if job.state == "done" else job.state, job.error)


@dataclass(frozen=True, slots=True)
class Holder:
    """The image that has a tag now: the tag as the daemon lists it, and the image in words."""

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
    return None if holder.id in built else Holder(familiar, f"{holder.short_id}  ({size(holder.size)})")
