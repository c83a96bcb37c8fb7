"""The commands on containers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from shlex import quote

from tui.commands.command import Context
from tui.commands.running import Act, allowed, perform
from tui.engine.engine import Engine
from tui.engine.errors import Conflict
from tui.model.containers import Container
from tui.model.reference import check_container_name
from tui.present.containers import status_text
from tui.present.ports import address_of, published
from tui.present.units import plural

SIGNALS = (
    ("SIGKILL", "SIGKILL", "9: end it at once, nothing is saved"),
    ("SIGTERM", "SIGTERM", "15: ask it to end"),
    ("SIGINT", "SIGINT", "2: as ctrl+c does"),
    ("SIGQUIT", "SIGQUIT", "3: end; many programs dump their threads first"),
    ("SIGHUP", "SIGHUP", "1: many servers read their configuration again"),
    ("SIGUSR1", "SIGUSR1", "10: the program's own meaning"),
    ("SIGUSR2", "SIGUSR2", "12: the program's own meaning"),
    ("SIGWINCH", "SIGWINCH", "28: some servers end gracefully"),
    ("SIGSTOP", "SIGSTOP", "19: stop it (SIGCONT lets it go on)"),
    ("SIGCONT", "SIGCONT", "18: go on"),
)


def acts(containers: Sequence[Container], line: str, send: Callable[[Container], Awaitable[object]]) -> list[Act]:
    """Return one act a container; `line` has `{}` where the name goes."""
    return [Act(c.id, c.name, line.format(quote(c.name)), lambda c=c: send(c)) for c in containers]


def time_option(grace: int | None) -> str:
    """Return the option that says how many seconds a container has to end, with a space after it; none for its own."""
    return "" if grace is None else f"--time {grace} "


def described(containers: Sequence[Container], now: float) -> list[str]:
    """Return a line each: name, image and state."""
    return [f"{c.name}  ({c.image}, {status_text(c, now) or c.state})" for c in containers]


async def stop_or_start(context: Context) -> None:
    """Stop those of the targets that run; when none runs, start them all."""
    engine = context.session.engine
    running = [c for c in context.containers if c.is_running]
    if not running:
        await perform(
            context, "start", acts(context.containers, "docker start {}", lambda c: engine.containers.start(c.id))
        )
        return
    if await _guarded(context, "Stop", running):
        grace = context.session.stop_timeout
        line = f"docker stop {time_option(grace)}{{}}"
        await perform(context, "stop", acts(running, line, lambda c: engine.containers.stop(c.id, grace=grace)))


async def restart(context: Context) -> None:
    """Restart the targets."""
    engine = context.session.engine
    if await _guarded(context, "Restart", context.containers):
        grace = context.session.stop_timeout
        line = f"docker restart {time_option(grace)}{{}}"
        sent = acts(context.containers, line, lambda c: engine.containers.restart(c.id, grace=grace))
        await perform(context, "restart", sent)


async def pause(context: Context) -> None:
    """Unpause the targets that are paused; when none is, pause those that run."""
    engine = context.session.engine
    paused = [c for c in context.containers if c.state == "paused"]
    if paused:
        await perform(context, "unpause", acts(paused, "docker unpause {}", lambda c: engine.containers.unpause(c.id)))
        return
    running = [c for c in context.containers if c.state == "running"]
    if await _guarded(context, "Pause", running):
        await perform(context, "pause", acts(running, "docker pause {}", lambda c: engine.containers.pause(c.id)))


async def kill(context: Context) -> None:
    """Send a signal, which the user chooses, to the targets that run."""
    engine = context.session.engine
    running = [c for c in context.containers if c.is_running]
    whom = plural(len(running), "container") if len(running) > 1 else running[0].name
    signal = await context.ui.choose(f"Signal to {whom}", SIGNALS)
    if signal is None:
        return
    title = f"Send {signal} to {plural(len(running), 'container')}?"
    lines = described(running, context.session.now())
    names = [c.name for c in running]
    if await allowed(context, "always", title, lines, names=names, label=f"Send {signal}", danger=True):
        sent = acts(running, f"docker kill --signal={signal} {{}}", lambda c: engine.containers.kill(c.id, signal))
        await perform(context, "kill", sent)


async def rename(context: Context) -> None:
    """Ask for a new name and give it to the target."""
    target = context.containers[0]
    name = await context.ui.prompt(f"Rename {target.name}", "New name", target.name, check_container_name)
    if name is None or name == target.name:
        return
    line = f"docker rename {quote(target.name)} {quote(name)}"
    engine = context.session.engine
    await perform(
        context, "rename", [Act(target.id, target.name, line, lambda: engine.containers.rename(target.id, name))]
    )


async def limits(context: Context) -> None:
    """Read the limits of the targets and open the form on them."""
    from tui.model.limits import texts_of  # with the options of docker run

    session = context.session
    made = session.engine.containers.made
    found = await asyncio.gather(*(made(target.id) for target in context.containers))
    before = {target.id: texts_of(each.host_config) for target, each in zip(context.containers, found, strict=True)}
    context.ui.open("limits", session=session, containers=tuple(context.containers), before=before)


async def remove(context: Context) -> None:
    """Remove the targets after asking; those that run are killed by it, and the question says so."""
    engine = context.session.engine
    targets = context.containers
    running = [c for c in targets if c.is_running]
    title = f"Remove {plural(len(targets), 'container')}?"
    if running:
        title = f"Remove {plural(len(targets), 'container')}? {len(running)} running: killed first"
    lines = described(targets, context.session.now())
    names = [c.name for c in targets]
    if not await allowed(context, "always", title, lines, names=names, label="Remove", danger=True):
        return
    # what runs was asked about; a container that was started since then is refused by the daemon, and asked about
    sent = [
        Act(c.id, c.name, f"docker rm {'--force ' if c.is_running else ''}{quote(c.name)}",
            lambda c=c: engine.containers.remove(c.id, force=c.is_running))
        for c in targets
    ]  # fmt: skip
    failures = await perform(context, "remove", sent)
    refused = [failure for failure in failures if isinstance(failure.error, Conflict)]
    again = [c for c in targets if any(failure.act.key == c.id for failure in refused)]
    title, names = f"Remove {plural(len(again), 'container')} by force?", [c.name for c in again]
    lines = [f"{failure.act.name}: {failure.error}" for failure in refused]
    if again and await allowed(context, "always", title, lines, names=names, label="Remove by force", danger=True):
        forced = acts(again, "docker rm --force {}", lambda c: engine.containers.remove(c.id, force=True))
        await perform(context, "remove", forced)


async def commit(context: Context) -> None:
    """Open the commit form."""
    context.ui.open("commit", session=context.session, container=context.containers[0])


async def logs(context: Context) -> None:
    """Show the logs of the containers as one text."""
    context.ui.view("logs")


async def project_logs(context: Context) -> None:
    """Show the logs of all containers of the Compose project as one text."""
    project = context.containers[0].project
    containers = context.session.state.containers.values()
    found = sorted((c for c in containers if c.project == project), key=lambda c: c.name)
    targets = [(context.session, container) for container in found]
    context.ui.open("logs", session=context.session, targets=targets, title=project)


async def layers(context: Context) -> None:
    """Open the layers of the container's image."""
    target = context.containers[0]
    image = target.image_id or target.image
    context.ui.open("layers", session=context.session, image=image, title=target.image)


async def group(context: Context) -> None:
    """Group the table by Compose project, or not."""
    context.ui.view("group")


async def fold(context: Context) -> None:
    """Fold or unfold the group under the cursor."""
    context.ui.view("fold")


async def fold_all(context: Context) -> None:
    """Fold all groups, or unfold them."""
    context.ui.view("fold_all")


async def run_again(context: Context) -> None:
    """Open the run form on the container's image."""
    context.ui.open("run", session=context.session, image=context.containers[0].image)


async def inspect(context: Context) -> None:
    """Show the inspect answer as a tree."""
    context.ui.view("inspect")


async def stats(context: Context) -> None:
    """Show what the container used of the machine, as charts; of several in one chart."""
    context.ui.view("compare_stats")


async def timeline(context: Context) -> None:
    """Show what happened to the container, and why it died."""
    context.ui.view("timeline")


async def copy(context: Context) -> None:
    """Copy something of the container."""
    from tui.commands.remake import line_of, service_of  # with all that knows of docker run: for those who copy

    target = context.containers[0]
    options = [("name", target.name, "name"), ("id", target.id, "ID"), ("image", target.image, "image")]
    options += [(f"ip:{network}", address, f"IP in {network}") for network, address in target.networks if address]
    options += _port_options(target, context.session.engine)
    choices = {value: label for value, label, _ in options}
    options += [("run", "docker run …", "the line that makes such a container"),
                ("compose", "services: …", "a Compose service of it")]  # fmt: skip
    chosen = await context.ui.choose(f"Copy from {target.name}", options)
    if chosen == "run":
        context.ui.copy(*await line_of(context.session, target))
    elif chosen == "compose":
        service = await service_of(context.session, target)
        if service is None:
            context.ui.note(f"{target.name} has settings that Compose cannot be told", "warning")
        else:
            context.ui.copy(service, f"a Compose service of {target.name}")
    elif chosen is not None:
        context.ui.copy(choices[chosen])


def _port_options(target: Container, engine: Engine) -> list[tuple[str, str, str]]:
    """Return for each published port where it is reached, and on another machine the line that brings it here."""
    host = engine.transport.connections.remote_host
    options: list[tuple[str, str, str]] = []
    for port in published(target.ports):
        name = f"{port.private}/{port.protocol}"
        if address := address_of(port, host):
            options.append((f"port:{address}/{port.protocol}", address, f"address of {name}"))
        if host and port.protocol == "tcp":  # ssh carries nothing else
            line = engine.endpoint.forward_line(port.public, port.ip)
            options.append((f"tunnel:{port.ip}:{port.public}", line, f"tunnel to {name}"))
    return options


async def _guarded(context: Context, verb: str, targets: Sequence[Container]) -> bool:
    title = f"{verb} {plural(len(targets), 'container')} on {context.session.name}?"
    lines, names = described(targets, context.session.now()), [target.name for target in targets]
    return await allowed(context, "guarded", title, lines, names=names, label=verb, host_told=True)
