"""The table of the commands on the processes of containers."""

from __future__ import annotations

from tui.commands.command import Command, Context
from tui.commands.later import code_of

run = code_of("processes")


def _running(context: Context) -> str | None:
    container = context.containers[0]
    if container.state == "paused":
        return "it is paused: unpause it first, nothing can be run in it"
    return None if container.state == "running" else "it does not run"


COMMANDS: tuple[Command, ...] = (
    Command("container.processes", ("h",), "processes", "containers", run("processes"), "processes",
            "docker top CONTAINER -eo pid,ppid,user,pcpu,rss,time,args", immediate=True),
    Command("container.signal_process", (), "send a signal to a process in it", "containers", run("signal_process"), "",
            "docker exec CONTAINER kill -SIGNAL PID", "always", True, _running),
)  # fmt: skip
