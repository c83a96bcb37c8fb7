"""What the commands on Compose projects have in common: their targets, and a run of Compose as a job with its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tui.commands.command import Context
from tui.commands.history import Outcome
from tui.commands.session import Session
from tui.engine.errors import ReadOnly
from tui.jobs.compose import ComposeJob
from tui.jobs.job import JobState
from tui.model.compose import SERVICE, ComposeService, Project, ProjectPlace, is_service_name, project_id
from tui.model.containers import Container
from tui.present.units import plural

OUTCOMES: Mapping[JobState, Outcome] = {
    "running": "running", "done": "ok", "failed": "failed", "cancelled": "cancelled"
}  # fmt: skip


class Target(msgspec.Struct, frozen=True):
    """A project, or some of its services; `containers` as they are now, without those of `docker compose run`.

    `kept` are those that are kept aside for going back: Compose takes them for containers of the services.
    """

    project: Project
    services: tuple[ComposeService, ...]
    containers: tuple[Container, ...]
    kept: tuple[Container, ...] = ()

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.project.name} {' '.join(service.name for service in self.services)}".strip()

    @property
    def names(self) -> list[str]:
        """The words that name the services to Compose, none for all; after them nothing is an option."""
        return ["--", *(service.name for service in self.services)] if self.services else []

    @property
    def odd_name(self) -> str:
        """The name of a service that Compose would not take, or an empty string: a label may say anything."""
        return next((service.name or "''" for service in self.services if not is_service_name(service.name)), "")


def targets_of(context: Context) -> list[Target]:
    """Return what a command acts on: the projects among the rows, and the services by their projects."""
    session = context.session
    known = session.state.containers
    found = [_target(project, (), known) for project in context.projects]
    by_project: dict[str, list[ComposeService]] = {}
    for service in context.compose_services:
        by_project.setdefault(project_id(service.project), []).append(service)
    for key, services in by_project.items():
        if (project := session.projects.get(key)) is not None:
            found.append(_target(project, tuple(services), known))
    return found


def _target(project: Project, services: tuple[ComposeService, ...], known: Mapping[str, Container]) -> Target:
    members = [c for service in services or project.services for c in service.containers]
    aside = [known[id] for id in project.kept if id in known]
    names = {service.name for service in services}
    return Target(
        project,
        services,
        tuple(known[member.id] for member in members if member.id in known),
        tuple(c for c in aside if not names or c.labels.get(SERVICE, "") in names),
    )


def described(targets: Sequence[Target]) -> list[str]:
    """Return a line each: the project or service, its containers, and the files that say what they should be."""
    lines: list[str] = []
    for target in targets:
        files = ", ".join(target.project.place.config_files)
        lines.append(f"{target.title}  ({plural(len(target.containers), 'container')}{f', {files}' if files else ''})")
    return lines


def gone(context: Context) -> str | None:
    """Return that the projects are gone, if they are: the rows may be a moment old."""
    return None if targets_of(context) else "the project is gone: it has no containers any more"


async def why_not(session: Session, target: Target) -> str:
    """Return why Compose can't work on it, or an empty string."""
    if target.odd_name:
        return f"{target.odd_name} is no name of a Compose service"
    return await session.compose.why_not(target.project.place)


async def run_compose(context: Context, target: Target, words: Sequence[str], verb: str) -> None:
    """Run `docker compose` on a target as a job, and tell how it ended."""
    place = target.project.place
    await run_job(context, place, [*words, *target.names], f"compose {verb} {target.title}", target.project.id)


async def run_job(context: Context, place: ProjectPlace, words: Sequence[str], title: str, key: str = "") -> None:
    """Run `docker compose` for a place as a job, its row marked busy; it goes on when who waits here is gone.

    Raises:
        ReadOnly: the host is shown read-only.
    """
    session, ui = context.session, context.ui
    job = ComposeJob(session.compose, place, words, title)
    if session.engine.read_only:
        raise ReadOnly(job.line)
    if key in session.busy:  # a key pressed twice: the first one looked for Compose meanwhile
        ui.note(f"{title}: {session.busy[key]} is under way (J lists the jobs)", "warning")
        return
    entry = session.history.begin(job.line, session.name)

    def follow() -> None:
        if job.state == "running" or entry.outcome != "running":
            return
        entry.close(OUTCOMES[job.state], job.error)
        if key:
            session.set_busy(key, None)
        if not session.feed.tells_events:
            session.feed.refresh()
        if job.state == "failed":
            ui.note(f"{title}: {job.error}\nall that it printed is in the jobs (J)", "error")
        elif job.state == "done":
            ui.note(f"done: $ {job.line}")

    job.listen(follow)
    if key:
        session.set_busy(key, title)
    ui.note(f"$ {job.line}\nwhat it prints is in the jobs (J)")
    session.jobs.start(job)
    await job.wait()
