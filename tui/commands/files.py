"""The commands on the files of a container, and on those of a volume through a container that mounts it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tui.commands.command import Context
from tui.commands.job_history import start_job
from tui.commands.places import here
from tui.commands.running import allowed
from tui.commands.volume_tar import NO_IMAGE
from tui.engine.errors import NotFound
from tui.engine.files import FileStat
from tui.engine.helpers import is_helper
from tui.jobs.copy_in import CopyInJob
from tui.jobs.job import Job
from tui.model.containers import Container
from tui.model.surroundings import clean, unseen
from tui.model.volumes import Volume


async def files(context: Context) -> None:
    """Open the container's files."""
    context.ui.open("files", session=context.session, container=context.containers[0])


async def environment(context: Context) -> None:
    """Show environment, mounts, ports, labels and networks."""
    context.ui.view("environment")


async def copy_in(context: Context) -> None:
    """Ask for a file or folder of this machine and for a place, and copy it into the container, as a job."""
    await copy_into(context, "/")


async def copy_into(context: Context, folder: str, done: Callable[[str], object] = lambda _folder: None) -> None:
    """The same, with a folder as the place that is offered; `done` is called with the folder once it is copied."""
    target, ui = context.containers[0], context.ui
    given = await ui.prompt(f"Copy into {target.name}", "File or folder of this machine", str(here()), check_source)
    if given is None:
        return
    source = source_path(given)
    into = await ui.prompt(f"Copy {source.name} into {target.name}", "Into the folder", folder, check_folder_of)
    if into is None:
        return
    into = clean(into)
    if not await _may_copy(context, target, source, into):
        return
    job = CopyInJob(context.session.engine, target.id, target.name, source, into)
    _tell_end(context, job, lambda: done(into))
    start_job(context.session, job)
    ui.note(f"$ {job.line}\nJ shows how far it is")


async def _may_copy(context: Context, target: Container, source: Path, into: str) -> bool:
    """Find out whether the folder is there and what of the name is there, and ask where that has to be asked."""
    found = await context.ui.wait_for(
        f"Copy {source.name} into {target.name}",
        f"waiting for the daemon, which is asked what is in {into}",
        _look(context, target, source, into),
    )
    if found is None:
        return False
    if found.problem:
        context.ui.note(f"copy into {found.folder}: {found.problem}", "error")
        return False
    new, about = found.new, found.about
    lines = [f"{source}  to  {target.name}:{new}"]
    if about is None:
        title = f"Copy into {target.name}?"
        return await allowed(context, "guarded", title, lines, names=[target.name], label="Copy")
    what = "a folder of that name is there: files of the same names in it are overwritten"
    lines.append(what if about.is_folder else "there is one already: it is overwritten")
    title = f"Overwrite in {target.name}?"
    return await allowed(context, "always", title, lines, names=[target.name], label="Overwrite", danger=True)


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is where something is to be copied to: the folder that it leads to, the path that comes to be there.

    `about` is what is there by that name; `problem` says why nothing can be copied there.
    """

    folder: str
    new: str = ""
    about: FileStat | None = None
    problem: str = ""


async def _look(context: Context, target: Container, source: Path, into: str) -> _Found:
    engine = context.session.engine
    around = await engine.containers.surroundings(target.id)
    try:
        place = await engine.files.stat(target.id, into)
    except NotFound:
        place = None  # the job says so, in the daemon's words
    into = clean(place.link_target) if place is not None and place.is_link and place.link_target else into
    if why := unseen(into, around.plain_mounts):
        return _Found(into, problem=why)
    new = f"{into.rstrip('/')}/{source.name}"
    try:
        about = await engine.files.stat(target.id, new)
    except NotFound:
        about = None
    return _Found(into, new, about)


def _tell_end(context: Context, job: Job, done: Callable[[], object]) -> None:
    """Say how a job ended, when it has."""
    told: list[Job] = []

    def look() -> None:
        if job.state == "running" or told:
            return
        told.append(job)
        if job.state == "done":
            context.ui.note(f"copied: {job.progress}")
            done()
        elif job.error:
            context.ui.note(f"{job.title}: {job.error}", "error")

    job.listen(look)


async def volume_files(context: Context) -> None:
    """Open the volume's files, through a container that mounts it, or one that is made for them where none does."""
    volume = context.volumes[0]
    users = mounting(context, volume)
    if not users:
        context.ui.open("volume_files", session=context.session, volume=volume)
        return
    chosen = users[0][0].id
    if len(users) > 1:
        options = [(c.id, c.name, f"{path}, {c.state}") for c, path in users]
        picked = await context.ui.choose(f"Files of {volume.name} as seen by", options)
        if picked is None:
            return
        chosen = picked
    container, path = next(user for user in users if user[0].id == chosen)
    context.ui.open("files", session=context.session, container=container, path=path)


def mounting(context: Context, volume: Volume) -> list[tuple[Container, str]]:
    """Return the containers that mount a volume, and where, by name; none that a hythe made for itself."""
    return sorted(
        (
            (container, mount.destination)
            for container in context.session.state.containers.values()
            if not is_helper(container)
            for mount in container.mounts
            if mount.type == "volume" and mount.source == volume.name
        ),
        key=lambda user: user[0].name,
    )


def check_source(text: str) -> str | None:
    """Return what is wrong with the path of a file or folder of this machine, or None."""
    try:
        path = source_path(text)
        if not text or not os.path.lexists(path):
            return "no such file or folder"
    except (OSError, RuntimeError, ValueError):
        return "not a path"
    return None if path.name else "the whole machine can't be copied: name a folder"


def source_path(text: str) -> Path:
    """Return the path that was typed, from the root and without `..`; a link at its end is not followed."""
    return Path(os.path.abspath(os.path.expanduser(text)))


def check_folder_of(text: str) -> str | None:
    """Return what is wrong with the path of a container's folder, or None."""
    return None if text.startswith("/") and "\0" not in text else "a path from /"


def can_show(context: Context) -> str | None:
    """Say why the files of the volume can't be shown, or None."""
    if context.volumes[0].name in context.session.volume_users:  # asked whenever the footer is drawn
        return None
    if context.session.engine.read_only:
        return "read-only: no container mounts it, and none may be made to look through"
    return None if context.session.state.images else NO_IMAGE
