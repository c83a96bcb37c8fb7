"""The table of the commands on nodes of a swarm."""

from __future__ import annotations

from tui.commands.command import Command
from tui.commands.later import code_of

run = code_of("nodes")

COMMANDS: tuple[Command, ...] = (
    Command("node.availability", ("v",), "availability: active, pause, drain", "nodes", run("availability"),
            "availability", "docker node update --availability AVAILABILITY NODE", "always", True, hint=10, many=True),
    Command("node.promote", ("p",), "promote or demote", "nodes", run("promote_or_demote"), "promote/demote",
            "docker node promote NODE, docker node demote NODE", "always", True, hint=20, many=True),
    Command("node.remove", ("d", "delete"), "remove from the swarm", "nodes", run("remove"), "remove",
            "docker node rm [--force] NODE", "always", True, hint=30, many=True),
    Command("node.inspect", ("i",), "inspect", "nodes", run("inspect"), "inspect",
            "docker node inspect NODE", hint=40, immediate=True),
)  # fmt: skip
