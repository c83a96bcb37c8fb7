"""The commands on archives: save, load, import, export, each as a job that goes on by itself."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from tui.commands.command import Context
from tui.commands.images import check_new_tag, may_move
from tui.commands.job_history import start_job
from tui.commands.places import ask_file, here
from tui.jobs.archives import ExportJob, FileJob, ImportJob, LoadJob, SaveJob, check_archive
from tui.jobs.log_save import place_of
from tui.model.reference import parse_reference
from tui.present.units import plural


async def save(context: Context) -> None:
    """Save the images to one archive; one with several tags keeps them all."""
    images = context.images
    names = [name for image in images for name in (image.tags or (image.id,))]
    first = images[0].reference if len(images) == 1 else "images"
    path = await _place(context, f"Save {plural(len(images), 'image')}", first)
    if path is not None:
        _start(context, SaveJob(context.session.engine, names, path))


async def export(context: Context) -> None:
    """Write the container's files to an archive."""
    target = context.containers[0]
    path = await _place(context, f"Export the files of {target.name}, without its volumes", target.name)
    if path is not None:
        _start(context, ExportJob(context.session.engine, target.id, target.name, path))


async def _place(context: Context, title: str, name: str) -> Path | None:
    """Ask where a file is to be written on this machine, and whether it may replace what is there."""
    given = re.sub(r"[^\w.-]+", "-", name).strip("-.") + ".tar"
    return await ask_file(context.ui, title, given)


async def load(context: Context) -> None:
    """Load the images of an archive, after asking where a tag in it is another image's: that would lose it."""
    path = await _archive(context, "Load images from an archive of docker save")
    if path is None:
        return
    from tui.jobs.archive_tags import tags_in  # with the tarfile module, which no start needs

    tags = await asyncio.to_thread(tags_in, path)
    if tags is None:
        context.ui.note("its tags can't be told beforehand: those that other images have will be moved", "warning")
    if tags is None or await may_move(context, tags):
        _start(context, LoadJob(context.session.engine, path))


async def import_files(context: Context) -> None:
    """Make an image of the files in an archive."""
    path = await _archive(context, "Import files as an image of one layer")
    if path is None:
        return
    name = await context.ui.prompt(f"Import {path.name}", "Reference (empty: none)", "", _check_optional)
    if name is None:
        return
    wanted = {parse_reference(name.strip()).tagged().familiar(): ""} if name.strip() else {}
    if await may_move(context, wanted):
        _start(context, ImportJob(context.session.engine, path, name.strip()))


def _check_optional(text: str) -> str | None:
    return check_new_tag(text.strip()) if text.strip() else None


async def _archive(context: Context, title: str) -> Path | None:
    text = await context.ui.prompt(title, "The file, on this machine", f"{here()}/", check_archive)
    return None if text is None else place_of(text)


def _start(context: Context, job: FileJob) -> None:
    start_job(context.session, job)
    context.ui.note(f"$ {job.line}\nJ lists it")
