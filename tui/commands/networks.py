"""The commands on networks."""

from __future__ import annotations

from shlex import quote

from tui.commands.command import Context
from tui.commands.running import Act, allowed, perform
from tui.model.containers import Container
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
    names = [network.name for network in targets]
    if await allowed(context, "always", title, lines, names=names, label="Remove", danger=True):
        acts = [
            Act(n.id, n.name, f"docker network rm {quote(n.name)}", lambda n=n: engine.networks.remove(n.id))
            for n in targets
        ]
        await perform(context, "remove", acts)


def _described(context: Context, network: Network) -> str:
    users = users_of(context, network)
    attached = f", attached: {', '.join(users[:5])}{' …' if len(users) > 5 else ''}" if users else ""
    return f"{network.name}  ({network.driver}{attached})"


async def create(context: Context) -> None:
    """Open the form of a new network."""
    context.ui.open("network", session=context.session)


async def connect(context: Context) -> None:
    """Open the form that attaches a container."""
    context.ui.open("network_connect", session=context.session, network=context.networks[0])


async def disconnect(context: Context) -> None:
    """Let one of the attached containers be chosen, ask, and detach it."""
    session, network = context.session, context.networks[0]
    ends = [each for each in session.state.containers.values() if network.name in dict(each.networks)]
    options = [(each.id, each.name, _end(each, network)) for each in sorted(ends, key=lambda each: each.name)]
    chosen = await context.ui.choose(f"Disconnect from {network.name}", options)
    target = next((each for each in ends if each.id == chosen), None)
    if target is None:
        return
    lines = [f"{target.name}  ({_end(target, network)})"]
    if len(target.networks) == 1:
        lines.append("it is in no other network: nothing reaches it afterwards")
    title = f"Disconnect from {network.name}?"
    names = [network.name]
    if await allowed(context, "always", title, lines, names=names, label="Disconnect", danger=target.is_running):
        line = f"docker network disconnect {quote(network.name)} {quote(target.name)}"
        act = Act(network.id, target.name, line, lambda: session.engine.networks.disconnect(network.id, target.id))
        await perform(context, "disconnect", [act])


def _end(container: Container, network: Network) -> str:
    return f"{container.state}, {dict(container.networks).get(network.name) or 'no address'}"


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
