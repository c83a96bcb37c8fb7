"""The commands on the processes of a container."""

from __future__ import annotations

from shlex import quote

from msgspec.structs import replace

from tui.commands.command import Context
from tui.commands.containers import SIGNALS, kill
from tui.commands.running import Act, allowed, perform
from tui.commands.shell import shell_of
from tui.engine.errors import ProcessUnknown
from tui.model.containers import Container
from tui.model.processes import Process, ProcessTree
from tui.present.processes import time_used

MOST_OFFERED = 500


async def processes(context: Context) -> None:
    """Show what runs in the container."""
    context.ui.view("processes")


async def signal_process(context: Context) -> None:
    """Send a signal to one process of the container; to its main one as the container's own kill does."""
    container = context.containers[0]
    process = context.process or await _choose(context, container)
    if process is None:
        return
    if process.pid == container.pid:
        context.ui.note(f"{process.pid} is the main process of {container.name}: docker kill reaches it")
        await kill(replace(context, rows=(container,)))
        return
    signal = await context.ui.choose(f"Signal to {process.pid} {process.command}"[:60], SIGNALS)
    if signal is None:
        return
    lines = [f"{process.pid}  {process.command}", f"{process.user}, {time_used(process.seconds)} on the CPU"]
    title = f"Send {signal} to a process in {container.name}?"
    names = [container.name]
    if not await allowed(context, "always", title, lines, names=names, label=f"Send {signal}", danger=True):
        return
    # only now: between the question and the answer its number may have become another's
    engine = context.session.engine
    shell = await shell_of(context.session, container)
    if shell is None:
        raise ProcessUnknown("there is no shell in the container that could send a signal to a process of it")
    number = await engine.processes.inside(container, process, shell)
    script = f"kill -{signal.removeprefix('SIG')} {number}"
    line = f"docker exec --user 0 {quote(container.name)} {quote(shell)} -c {quote(script)}"
    act = Act(container.id, container.name, line, lambda: engine.processes.signal(container.id, shell, number, signal))
    await perform(context, "signal to a process of", [act])


async def _choose(context: Context, container: Container) -> Process | None:
    found = ProcessTree(await context.session.engine.processes.of(container.id))
    options = [(str(pid), f"{pid}", process.command) for pid, process in list(found.by_pid.items())[:MOST_OFFERED]]
    chosen = await context.ui.choose(f"Which process of {container.name}", options)
    return None if chosen is None else found.by_pid[int(chosen)]
