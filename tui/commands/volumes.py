"""The commands on volumes."""

from __future__ import annotations

from shlex import quote

from tui.commands.command import Context
from tui.commands.running import Act, allowed, perform, to_type
from tui.model.volumes import Volume
from tui.present.units import plural, size


def users_of(context: Context, volume: Volume) -> list[str]:
    """Return the names of the containers that mount the volume."""
    return sorted(
        container.name
        for container in context.session.state.containers.values()
        if any(mount.type == "volume" and mount.source == volume.name for mount in container.mounts)
    )


async def remove(context: Context) -> None:
    """Remove the volumes after their name (or, of several, their count) was typed: their files can't be had back.

    Those that are known to be empty are asked about as anything else.
    """
    targets, engine, book = context.volumes, context.session.engine, context.session.disk
    lines = [f"{volume.name}  ({_size(context, volume)}{_used(users_of(context, volume))})" for volume in targets]
    names = [volume.name for volume in targets]
    title = f"Remove {plural(len(targets), 'volume')} on {context.session.name}"
    if all(book.is_empty(name) for name in names):
        sure = await allowed(
            context, "always", f"{title}, empty?", lines, names=names, label="Remove", danger=True, host_told=True
        )
    else:
        sure = await context.ui.confirm(
            f"{title}, with all files?", lines, label="Remove", danger=True, typed=to_type(names)
        )
    if sure:
        acts = [
            Act(v.id, v.name, f"docker volume rm {quote(v.name)}", lambda v=v: engine.volumes.remove(v.name))
            for v in targets
        ]
        await perform(context, "remove", acts)


def _size(context: Context, volume: Volume) -> str:
    known = context.session.disk.volume_size(volume.name)
    return "" if known is None else f"{size(known)}, "


def _used(users: list[str]) -> str:
    return f"used by {', '.join(users[:5])}{' …' if len(users) > 5 else ''}" if users else "used by no container"


async def create(context: Context) -> None:
    """Open the form of a new volume."""
    context.ui.open("volume", session=context.session)


async def read_sizes(context: Context) -> None:
    """Have the daemon count what each volume takes; it walks every file, in the background."""
    book = context.session.disk
    context.ui.note("the daemon is counting already" if book.reading else "counting: the sizes come when it is done")
    book.read(("volume",))


async def inspect(context: Context) -> None:
    """Show the inspect answer as a tree."""
    context.ui.view("inspect")


async def copy(context: Context) -> None:
    """Copy something of the volume."""
    volume = context.volumes[0]
    options = [("name", volume.name, "name"), ("path", volume.mountpoint, "mount point on the daemon's machine")]
    chosen = await context.ui.choose(f"Copy from {volume.name}", [option for option in options if option[1]])
    if chosen is not None:
        context.ui.copy(volume.name if chosen == "name" else volume.mountpoint)
