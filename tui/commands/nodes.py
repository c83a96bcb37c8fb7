"""The commands on nodes of a swarm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from shlex import quote

from tui.commands.command import Context, Guard
from tui.commands.running import Act, allowed, perform
from tui.engine.errors import ApiError
from tui.model.swarm import SwarmNode
from tui.present.units import plural

AVAILABILITIES = (
    ("active", "active", "tasks are put on it"),
    ("pause", "pause", "no new tasks are put on it; those there go on"),
    ("drain", "drain", "its tasks are ended, and started on other nodes"),
)


def _described(node: SwarmNode) -> str:
    """Return what a question says of a node: with its ID, as two nodes may have one name."""
    standing = "leader" if node.leader else node.reachability if node.reachability != "reachable" else ""
    words = [word for word in (node.role, standing, node.state, node.availability) if word]
    return f"{node.name}  {node.id[:12]}  ({', '.join(words)})"


async def _perform(
    context: Context, verb: str, nodes: list[SwarmNode], line: str, send: Callable[[SwarmNode], Awaitable[object]]
) -> list[SwarmNode]:
    """Send one request a node, and return those that the daemon refused."""
    # two nodes may have one name: the ID tells them apart
    acts = [Act(n.id, n.label, line.format(quote(n.id)), lambda n=n: send(n)) for n in nodes]
    failures = await perform(context, verb, acts)
    context.session.swarm.refresh()
    refused = {failure.act.key for failure in failures if isinstance(failure.error, ApiError)}
    return [node for node in nodes if node.id in refused]


async def _asked(
    context: Context,
    title: str,
    nodes: list[SwarmNode],
    *,
    label: str,
    danger: bool = False,
    guard: Guard = "always",
) -> bool:
    lines, names = [_described(node) for node in nodes], [node.name for node in nodes]
    return await allowed(context, guard, title, lines, names=names, label=label, danger=danger)


async def availability(context: Context) -> None:
    """Choose whether tasks are put on the nodes; draining them asks."""
    nodes, swarm = list(context.nodes), context.session.engine.swarm
    chosen = await context.ui.choose(f"Availability of {_names(nodes)}", AVAILABILITIES)
    if chosen is None:
        return
    title = f"{chosen.capitalize()} {plural(len(nodes), 'node')}?"
    guard: Guard = "always" if chosen == "drain" else "guarded"
    if await _asked(context, title, nodes, label=chosen.capitalize(), guard=guard):
        line = f"docker node update --availability {chosen} {{}}"
        await _perform(context, chosen, nodes, line, lambda n: swarm.change_node(n.id, availability=chosen))


async def promote_or_demote(context: Context) -> None:
    """Make managers of the workers; when there is none among the nodes, make workers of the managers."""
    swarm = context.session.engine.swarm
    workers = [node for node in context.nodes if not node.is_manager]
    nodes, verb, role = (workers, "promote", "manager") if workers else (list(context.nodes), "demote", "worker")
    title = f"{verb.capitalize()} {plural(len(nodes), 'node')}?"
    if await _asked(context, title, nodes, label=verb.capitalize()):
        await _perform(context, verb, nodes, f"docker node {verb} {{}}", lambda n: swarm.change_node(n.id, role=role))


async def remove(context: Context) -> None:
    """Remove the nodes from the swarm after asking; what the daemon refuses can be forced."""
    nodes, swarm = list(context.nodes), context.session.engine.swarm
    title = f"Remove {plural(len(nodes), 'node')} from the swarm?"
    if not await _asked(context, title, nodes, label="Remove", danger=True):
        return
    refused = await _perform(context, "remove", nodes, "docker node rm {}", lambda n: swarm.remove_node(n.id))
    title = f"Remove {plural(len(refused), 'node')} by force?"
    if refused and await _asked(context, title, refused, label="Remove by force", danger=True):
        line = "docker node rm --force {}"
        await _perform(context, "remove", refused, line, lambda n: swarm.remove_node(n.id, force=True))


def _names(nodes: list[SwarmNode]) -> str:
    return nodes[0].label if len(nodes) == 1 else plural(len(nodes), "node")


async def inspect(context: Context) -> None:
    """Show the inspect answer as a tree."""
    context.ui.view("inspect")
