"""The commands on volumes."""

from __future__ import annotations

from shlex import quote

from tui.commands.command import Command, Context
from tui.commands.running import Act, perform
from tui.model.volumes import Volume
from tui.present.units import plural


def users_of(context: Context, volume: Volume) -> list[str]:
    """Return the names of the containers that mount the volume."""
    return sorted(
        container.name
        for container in context.session.state.containers.values()
        if any(mount.type == "volume" and mount.source == volume.name for mount in container.mounts)
    )


async def remove(context: Context) -> None:
    """Remove the volumes after their name (or, of several, their count) was typed: their files can't be had back."""
    targets, engine = context.volumes, context.session.engine
    lines = [f"{volume.name}  ({_used(users_of(context, volume))})" for volume in targets]
    typed = targets[0].name if len(targets) == 1 else str(len(targets))
    title = f"Remove {plural(len(targets), 'volume')} on {context.session.name}, with all files?"
    if await context.ui.confirm(title, lines, label="Remove", danger=True, typed=typed):
        acts = [
            Act(v.id, v.name, f"docker volume rm {quote(v.name)}", lambda v=v: engine.volumes.remove(v.name))
            for v in targets
        ]
        await perform(context, "remove", acts)


def _used(users: list[str]) -> str:
    return f"used by {', '.join(users[:5])}{' …' if len(users) > 5 else ''}" if users else "used by no container"


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


COMMANDS: tuple[Command, ...] = (
    Command("volume.inspect", ("i",), "inspect", "volumes", inspect, "inspect",
            "docker volume inspect VOLUME", hint=10, immediate=True),
    Command("volume.remove", ("d", "delete"), "remove", "volumes", remove, "remove",
            "docker volume rm VOLUME", "always", True, hint=40, many=True),
    Command("volume.copy", ("y",), "copy name or mount point", "volumes", copy, "copy", hint=80),
)  # fmt: skip
