"""The table of the commands on networks."""

from __future__ import annotations

from tui.commands.command import Command, Context
from tui.commands.later import code_of

run = code_of("networks")


def _takes_containers(context: Context) -> str | None:
    driver = context.networks[0].driver
    return "a container can't be connected to it while it exists" if driver in ("host", "null") else None


def _has_containers(context: Context) -> str | None:
    attached = context.networks[0].name in context.session.network_users  # asked whenever the footer is drawn
    return _takes_containers(context) or (None if attached else "nobody is attached")


def _removable(context: Context) -> str | None:
    made_by_user = any(not network.predefined for network in context.networks)
    return None if made_by_user else "the daemon made it for itself: it can't be removed"


COMMANDS: tuple[Command, ...] = (
    Command("network.inspect", ("i",), "inspect", "networks", run("inspect"), "inspect",
            "docker network inspect NETWORK", hint=10, immediate=True),
    Command("network.create", ("n",), "new network", "networks", run("create"), "new",
            "docker network create NAME", "free", True, hint=20, immediate=True, rowless=True),
    Command("network.connect", ("c",), "connect a container", "networks", run("connect"), "connect",
            "docker network connect NETWORK CONTAINER", "free", True, _takes_containers, hint=30, immediate=True),
    Command("network.disconnect", ("x",), "disconnect a container", "networks", run("disconnect"), "disconnect",
            "docker network disconnect NETWORK CONTAINER", "always", True, _has_containers, hint=35),
    Command("network.remove", ("d", "delete"), "remove", "networks", run("remove"), "remove",
            "docker network rm NETWORK", "always", True, _removable, 40, True),
    Command("network.copy", ("y",), "copy name, ID or subnet", "networks", run("copy"), "copy", hint=80),
)  # fmt: skip
