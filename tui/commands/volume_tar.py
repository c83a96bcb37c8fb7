"""Backs a volume up to a tar file on this machine, and restores it from one."""

from __future__ import annotations

from collections.abc import Iterable

from tui.commands.command import Context
from tui.commands.job_history import start_job
from tui.commands.places import ask_file
from tui.jobs.log_save import place_of
from tui.jobs.tar_check import TarCheckJob, check_head
from tui.jobs.volume_tar import BackupJob, RestoreJob, backup_line, restore_line
from tui.model.images import Image
from tui.model.volumes import Volume

NO_IMAGE = "no image is on this daemon: pull one, such as busybox; nothing of it is run"


def image_for(images: Iterable[Image]) -> Image | None:
    """Return the image whose container is the cheapest to make, or None where there is none: the smallest."""
    return min(images, key=lambda image: (not image.tags, image.size, image.id), default=None)


def can_carry(context: Context) -> str | None:
    """Say why files can't be carried in or out, or None."""
    return None if context.session.state.images else NO_IMAGE


async def back_up(context: Context) -> None:
    """Ask for a file, and write the volume's files to it as a job."""
    session, volume = context.session, context.volumes[0]
    image = image_for(session.state.images.values())
    path = await ask_file(context.ui, f"Back up {volume.name}", f"{volume.short_id}.tar", "Tar file")
    if path is None or image is None:
        return
    line = backup_line(volume.name, image.reference, path)
    expected = session.disk.volume_size(volume.name)
    start_job(session, BackupJob(session.engine, volume.name, image.id, path, line, expected))
    context.ui.note(f"backing up to {path}: J shows how far it is, and cancels")


async def restore(context: Context) -> None:
    """Ask for a tar file, look through it, ask again, and unpack it into the volume as a job."""
    session, volume = context.session, context.volumes[0]
    image = image_for(session.state.images.values())
    title = f"Restore {volume.name}"
    place = await context.ui.prompt(title, "Tar file, plain or packed with gzip", f"{volume.short_id}.tar", _check)
    if place is None or image is None:
        return
    look = TarCheckJob(place_of(place))
    session.jobs.start(look)
    await look.wait()
    if look.state != "done":
        if look.state == "failed":
            context.ui.note(look.error, "error")
        return
    users = running_users(context, volume)
    lines = [f"{look.path}: {look.facts.words}", "files of the same name are overwritten, others stay"]
    if look.facts.is_image:
        lines.append("it looks like an archive of images: load it by the palette, unless its files are meant")
    if users:
        lines.append(f"in use by {', '.join(users)}: stop them first unless you know that they bear it")
    typed = None if session.disk.is_empty(volume.name) and not session.guarded else volume.name
    if not await context.ui.confirm(
        f"Restore {volume.name} on {session.name}?", lines, label="Restore", danger=True, typed=typed
    ):
        return
    line = restore_line(volume.name, image.reference, look.path)
    start_job(session, RestoreJob(session.engine, volume.name, image.id, look.path, line))
    context.ui.note(f"restoring {volume.name}: J shows how far it is, and cancels")


def _check(text: str) -> str | None:
    """Return why the file that was typed is no tar; its first block is read at each key, which is little."""
    if not text.strip():
        return "a path is needed"
    try:
        return check_head(place_of(text))
    except (OSError, RuntimeError, ValueError) as error:
        return f"not a path: {error}"


def running_users(context: Context, volume: Volume) -> list[str]:
    """Return the names of the running containers that mount the volume."""
    return sorted(
        container.name
        for container in context.session.state.containers.values()
        if container.is_running and any(m.type == "volume" and m.source == volume.name for m in container.mounts)
    )
