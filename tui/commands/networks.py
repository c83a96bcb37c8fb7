"""The commands on networks."""

from __future__ import annotations

from shlex import quote

from tui.commands.command import Command, Context
from tui.commands.running import Act, allowed, perform
from tui.model.networks import Network
from tui.present.units import plural


def users_of(context: Context, network: Network) -> list[str]:
    """Return the names of the containers that are attached to the network."""
    containers = context.session.state.containers.values()
    return sorted(c.name for c in containers if any(name == network.name for name, _ in c.networks))


async def remove(context: Context) -> None:
    """Remove the networks after asking; the daemon refuses those that containers are attached to."""
    engine = context.session.engine
    targets = [network for network in context.networks if not network.predefined]
    title = f"Remove {plural(len(targets), 'network')}?"
    lines = [_described(context, network) for network in targets]
    if await allowed(context, "always", title, lines, label="Remove", danger=True):
        acts = [
            Act(n.id, n.name, f"docker network rm {quote(n.name)}", lambda n=n: engine.networks.remove(n.id))
            for n in targets
        ]
        await perform(context, "remove", acts)


def _described(context: Context, network: Network) -> str:
    users = users_of(context, network)
    attached = f", attached: {', '.join(users[:5])}{' …' if len(users) > 5 else ''}" if users else ""
    return f"{network.name}  ({network.driver}{attached})"


async def inspect(context: Context) -> None:
    """Show the inspect answer as a tree."""
    context.ui.view("inspect")


async def copy(context: Context) -> None:
    """Copy something of the network."""
    network = context.networks[0]
    options = [("name", network.name, "name"), ("id", network.id, "ID")]
    options += [(f"subnet:{s.subnet}", s.subnet, "subnet") for s in network.subnets]
    choices = {value: label for value, label, _ in options}
    chosen = await context.ui.choose(f"Copy from {network.name}", options)
    if chosen is not None:
        context.ui.copy(choices[chosen])


def _removable(context: Context) -> str | None:
    made_by_user = any(not network.predefined for network in context.networks)
    return None if made_by_user else "the daemon made it for itself: it can't be removed"


COMMANDS: tuple[Command, ...] = (
    Command("network.inspect", ("i",), "inspect", "networks", inspect, "inspect",
            "docker network inspect NETWORK", hint=10, immediate=True),
    Command("network.remove", ("d", "delete"), "remove", "networks", remove, "remove",
            "docker network rm NETWORK", "always", True, _removable, 40, True),
    Command("network.copy", ("y",), "copy name, ID or subnet", "networks", copy, "copy", hint=80),
)  # fmt: skip
