"""The commands on services of a swarm."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from tui.commands.command import Context, Guard
from tui.commands.projects import check_count
from tui.commands.running import Act, allowed, perform
from tui.engine.swarm import set_image, set_replicas
from tui.model.reference import check_reference
from tui.model.swarm import SwarmService
from tui.present.units import plural


def _described(service: SwarmService) -> str:
    count = "" if service.running is None else f", {plural(service.running, 'task')} running"
    return f"{service.name}  ({service.short_image}, {service.mode}{count})"


async def _perform(context: Context, verb: str, acts: list[Act]) -> None:
    await perform(context, verb, acts)
    context.session.swarm.refresh()


async def _asked(
    context: Context,
    guard: Guard,
    title: str,
    services: Sequence[SwarmService],
    more: Sequence[str] = (),
    *,
    label: str,
    danger: bool = False,
    host_told: bool = False,
) -> bool:
    lines, names = [*map(_described, services), *more], [service.name for service in services]
    return await allowed(context, guard, title, lines, names=names, label=label, danger=danger, host_told=host_told)


async def scale(context: Context) -> None:
    """Ask for a number of replicas, and have that many."""
    service, swarm = context.services[0], context.session.engine.swarm
    now = service.replicas or 0
    text = await context.ui.prompt(f"Scale {service.name}", "Replicas", str(now), check_count)
    if text is None or int(text) == now:
        return
    count = int(text)
    title = f"Scale {service.name} from {now} to {count} on {context.session.name}?"
    guard: Guard = "always" if count < now else "guarded"
    if await _asked(context, guard, title, [service], label="Scale", host_told=True):
        line = f"docker service scale --detach {quote(service.name)}={count}"
        change = set_replicas(count)
        act = Act(service.id, service.name, line, lambda: swarm.change_service(service.id, change))
        await _perform(context, "scale", [act])


async def update_image(context: Context) -> None:
    """Ask for an image, and have the service's containers made from it, one after the other as the service says."""
    service, swarm = context.services[0], context.session.engine.swarm
    text = await context.ui.prompt(f"Update {service.name}", "Image", service.short_image, check_reference)
    if text is None:
        return
    title = f"Update {service.name} on {context.session.name}?"
    more = [f"from {service.image}", f"to {text}"]
    if await _asked(context, "guarded", title, [service], more, label="Update", host_told=True):
        line = f"docker service update --detach --no-resolve-image --image {quote(text)} {quote(service.name)}"
        change = set_image(text)
        act = Act(service.id, service.name, line, lambda: swarm.change_service(service.id, change))
        await _perform(context, "update", [act])


async def rollback(context: Context) -> None:
    """Have the services be as they were before their last change, after asking."""
    swarm, targets = context.session.engine.swarm, [s for s in context.services if s.has_previous]
    title = f"Roll {plural(len(targets), 'service')} back to what was before the last change?"
    if await _asked(context, "always", title, targets, label="Roll back"):
        line = "docker service rollback --detach {}"
        acts = [Act(s.id, s.name, line.format(quote(s.name)), lambda s=s: swarm.rollback(s.id)) for s in targets]
        await _perform(context, "rollback", acts)


async def remove(context: Context) -> None:
    """Remove the services with their containers on every node, after asking."""
    swarm, targets = context.session.engine.swarm, context.services
    title = f"Remove {plural(len(targets), 'service')} from the swarm, on every node?"
    if await _asked(context, "always", title, targets, label="Remove", danger=True):
        line = "docker service rm {}"
        acts = [Act(s.id, s.name, line.format(quote(s.name)), lambda s=s: swarm.remove_service(s.id)) for s in targets]
        await _perform(context, "remove", acts)


async def logs(context: Context) -> None:
    """Show the logs of the services' tasks on all nodes as one text."""
    services = context.services
    title = services[0].name if len(services) == 1 else plural(len(services), "service")
    targets = [(context.session, service) for service in services]
    context.ui.open("logs", session=context.session, targets=targets, title=title)


async def inspect(context: Context) -> None:
    """Show the inspect answer as a tree."""
    context.ui.view("inspect")


async def copy(context: Context) -> None:
    """Copy something of the service."""
    service = context.services[0]
    options = [("name", service.name, "name"), ("id", service.id, "ID"), ("image", service.image, "image")]
    choices = {value: label for value, label, _ in options}
    chosen = await context.ui.choose(f"Copy from {service.name}", options)
    if chosen is not None:
        context.ui.copy(choices[chosen])
