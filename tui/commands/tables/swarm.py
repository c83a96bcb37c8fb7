"""The table of the commands on swarms."""

from __future__ import annotations

from tui.commands.command import Command, Context
from tui.commands.later import code_of

run = code_of("swarm")


def _in_no_swarm(context: Context) -> str | None:
    status = context.session.swarm.status
    return "this daemon is in a swarm already" if status is not None and status.state != "inactive" else None


def _in_a_swarm(context: Context) -> str | None:
    status = context.session.swarm.status
    return "this daemon is in no swarm" if status is not None and status.state == "inactive" else None


COMMANDS: tuple[Command, ...] = (
    Command("app.swarm", (), "the swarm: nodes, stacks, secrets and configs", "app", run("overview"), "swarm",
            "docker info, docker stack ls, docker secret ls, docker config ls", immediate=True),
    Command("app.swarm_init", (), "begin a swarm", "app", run("init"), "swarm init",
            "docker swarm init --advertise-addr ADDRESS", "guarded", True, _in_no_swarm),
    Command("app.swarm_leave", (), "leave the swarm", "app", run("leave"), "swarm leave",
            "docker swarm leave [--force]", "always", True, _in_a_swarm),
)  # fmt: skip
