"""The commands on the daemon's part in a swarm: begin one, leave it, look at what belongs to it."""

from __future__ import annotations

from shlex import quote

from tui.commands.command import Context
from tui.commands.running import Act, perform
from tui.present.units import plural


async def overview(context: Context) -> None:
    """Open the overview: the daemon's part, stacks, and the names of secrets and configs."""
    context.ui.open("swarm", session=context.session)


async def init(context: Context) -> None:
    """Ask for the address that other nodes reach this one by, and begin a swarm."""
    session = context.session
    text = await context.ui.prompt(
        f"Begin a swarm on {session.name}", "Address for other nodes, empty: the daemon chooses", "", _no_spaces
    )
    if text is None:
        return
    advertise = text.strip()
    lines = [f"{session.name} becomes the manager of a new swarm"]
    if session.guarded and not await context.ui.confirm("Begin a swarm?", lines, label="Begin"):
        return
    line = f"docker swarm init --advertise-addr {quote(advertise)}" if advertise else "docker swarm init"
    act = Act("swarm", session.name, line, lambda: session.engine.swarm.init(advertise))
    await perform(context, "swarm init", [act])
    session.swarm.refresh()


async def leave(context: Context) -> None:
    """Leave the swarm after asking; what a manager takes with it is said."""
    session = context.session
    status = session.swarm.status
    manager = status is not None and status.is_manager
    lines = [f"{session.name} is a {'manager' if manager else 'worker'} of its swarm; its tasks here are ended"]
    if status is not None and manager:
        counted = f"{plural(status.nodes, 'node')}, {plural(status.managers, 'manager')}"
        lines.append(
            f"the swarm has {counted}; when the last manager leaves, its services, secrets and configs are lost"
        )
    typed = session.name if session.guarded else None
    if await context.ui.confirm(
        f"Leave the swarm with {session.name}?", lines, label="Leave", danger=True, typed=typed
    ):
        line = f"docker swarm leave{' --force' if manager else ''}"
        act = Act("swarm", session.name, line, lambda: session.engine.swarm.leave(force=manager))
        await perform(context, "swarm leave", [act])
        session.swarm.refresh()


def _no_spaces(text: str) -> str | None:
    return "an address or a network interface" if len(text.split()) > 1 else None
