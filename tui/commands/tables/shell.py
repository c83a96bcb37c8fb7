"""The table of the commands on what runs in containers."""

from __future__ import annotations

from tui.commands.command import Command, Context
from tui.commands.later import code_of

run = code_of("shell")


def runs(context: Context) -> str | None:
    """Return why nothing can be run in the containers now, or None where it can in one of them."""
    states = {c.state for c in context.containers}
    if "running" in states:
        return None
    if "paused" in states:
        return "it is paused: p lets it go on"
    return "it is restarting" if "restarting" in states else "it does not run: s starts it"


COMMANDS: tuple[Command, ...] = (
    Command("container.shell", ("e",), "shell in it", "containers", run("shell"), "shell",
            "docker exec -it CONTAINER SHELL", "guarded", True, runs, 35),
    Command("container.shell_as", ("E",), "shell or another command in it: user, folder, environment asked",
            "containers", run("shell_as"), "exec", "docker exec -it [OPTIONS] CONTAINER COMMAND", "guarded", True,
            runs),
    Command("container.one_off", ("x",), "run a command in them, with the output by name", "containers", run("one_off"),
            "run in", "docker exec CONTAINER COMMAND", "guarded", True, runs, many=True, together=True, immediate=True),
    Command("container.attach", ("a",), "attach to its main process", "containers", run("attach"), "attach",
            "docker attach CONTAINER", "always", True, runs, 65),
)  # fmt: skip
