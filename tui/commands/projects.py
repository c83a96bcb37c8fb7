"""The commands on Compose projects and their services: through Docker Compose, or by the API where that is enough."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from shlex import quote

from tui.commands.command import Context, Guard
from tui.commands.compose_runs import Target, described, gone, run_compose, run_job, targets_of, why_not
from tui.commands.containers import acts, time_option
from tui.commands.containers import described as described_containers
from tui.commands.running import Act, allowed, perform
from tui.commands.session import Session
from tui.engine.compose_cli import compose_words
from tui.model.compose import ProjectPlace
from tui.model.containers import Container
from tui.model.networks import Network
from tui.present.units import plural

Fallback = Callable[[Context, Target], Awaitable[None]]


def _targets(context: Context) -> list[Target]:
    """Return what a command acts on; nothing, which is said, where that went since it was asked for."""
    targets = targets_of(context)
    if (reason := gone(context)) is not None:
        context.ui.note(reason, "warning")
    return targets


async def _through_compose(
    context: Context,
    targets: Sequence[Target],
    words: Sequence[str],
    verb: str,
    otherwise: Fallback | None = None,
    *,
    starts: bool = False,
) -> None:
    """Run Compose on each target; where it can't, do the same `otherwise`, or say why nothing can.

    One that starts what there is would start those that are kept aside too: that is then done `otherwise`.
    """

    async def one(target: Target) -> None:
        reason = await why_not(context.session, target)
        if not reason and not (starts and target.kept):
            await run_compose(context, target, words, verb)
        elif otherwise is not None:
            await otherwise(context, target)
        else:
            context.ui.note(f"{verb} {target.title}: {reason}", "warning")

    await asyncio.gather(*map(one, targets))


async def _asked(
    context: Context, targets: Sequence[Target], verb: str, guard: Guard = "guarded", more: Sequence[str] = ()
) -> bool:
    title = f"{verb} {targets[0].title if len(targets) == 1 else plural(len(targets), 'project')}"
    title = f"{title} on {context.session.name}?"
    lines = [*described(targets), *more]
    return await allowed(context, guard, title, lines, names=_names(targets), label=verb, host_told=True)


def _names(targets: Sequence[Target]) -> list[str]:
    """The names of the projects, and of the services where not the whole of one is meant."""
    return [each.name for target in targets for each in target.services or (target.project,)]


async def up(context: Context) -> None:
    """Make and start what the files say, and make anew what differs from them."""
    targets = _targets(context)
    kept = [container for target in targets for container in target.kept]
    lines = [f"  ! {container.name}, kept aside, may be removed" for container in kept]
    if targets and await _asked(context, targets, "Up", "always" if kept else "guarded", lines):
        await _through_compose(context, targets, ["up", "--detach"], "up")


async def stop_or_start(context: Context) -> None:
    """Stop those of the targets that run; when none runs, start them all."""
    targets = _targets(context)
    running = [target for target in targets if any(c.is_running for c in target.containers)]
    if not running:
        await _through_compose(context, targets, ["start"], "start", _start, starts=True)
    elif await _asked(context, running, "Stop"):
        await _through_compose(context, running, ["stop", *_grace(context)], "stop", _stop)


async def restart(context: Context) -> None:
    """Restart the targets."""
    targets = _targets(context)
    if targets and await _asked(context, targets, "Restart"):
        await _through_compose(context, targets, ["restart", *_grace(context)], "restart", _restart, starts=True)


def _grace(context: Context) -> list[str]:
    seconds = context.session.stop_timeout
    return [] if seconds is None else [f"--timeout={seconds}"]


async def _start(context: Context, target: Target) -> None:
    engine = context.session.engine
    await perform(context, "start", acts(target.containers, "docker start {}", lambda c: engine.containers.start(c.id)))


async def _stop(context: Context, target: Target) -> None:
    engine, grace = context.session.engine, context.session.stop_timeout
    running = [c for c in target.containers if c.is_running]
    sent = acts(running, f"docker stop {time_option(grace)}{{}}", lambda c: engine.containers.stop(c.id, grace=grace))
    await perform(context, "stop", sent)


async def _restart(context: Context, target: Target) -> None:
    engine, grace = context.session.engine, context.session.stop_timeout
    sent = acts(
        target.containers,
        f"docker restart {time_option(grace)}{{}}",
        lambda c: engine.containers.restart(c.id, grace=grace),
    )
    await perform(context, "restart", sent)


async def down(context: Context) -> None:
    """Remove the containers of the targets, and of whole projects the networks too, after asking; volumes stay."""
    session, targets = context.session, _targets(context)
    if not targets:
        return
    lines: list[str] = []
    for target in targets:
        lines += described_containers([*target.containers, *target.kept], session.now())
        lines += [f"network {network.name}" for network in _networks(context, target)]
    subject = targets[0].title if len(targets) == 1 else plural(len(targets), "project")
    title = f"Down {subject}: remove {plural(len(lines), 'object')} on {session.name}?"
    lines.append("volumes stay")
    if await allowed(context, "always", title, lines, names=_names(targets), label="Down", danger=True, host_told=True):
        whole = [target for target in targets if not target.services]
        some = [target for target in targets if target.services]
        await asyncio.gather(
            _through_compose(context, whole, ["down", *_grace(context)], "down", _down),
            _through_compose(context, some, ["rm", "--stop", "--force"], "rm", _down),
        )


async def _down(context: Context, target: Target) -> None:
    """Do by the API what `docker compose down` does: stop, remove, and then the networks of a whole project."""
    engine, grace = context.session.engine, context.session.stop_timeout

    async def remove(container: Container) -> None:
        await engine.containers.stop(container.id, grace=grace)  # whatever is known: it may have started since
        await engine.containers.remove(container.id)

    line = f"docker stop {time_option(grace)}{{0}} && docker rm {{0}}"
    failures = await perform(context, "remove", acts([*target.containers, *target.kept], line, remove))
    networks = _networks(context, target)
    if not failures and networks:
        sent = [
            Act(n.id, n.name, f"docker network rm {quote(n.name)}", lambda n=n: engine.networks.remove(n.id))
            for n in networks
        ]
        await perform(context, "remove", sent)


def _networks(context: Context, target: Target) -> list[Network]:
    if target.services:
        return []
    networks = context.session.state.networks.values()
    return sorted((n for n in networks if n.project == target.project.name), key=lambda n: n.name)


async def pull(context: Context) -> None:
    """Pull the images that the files name."""
    await _through_compose(context, _targets(context), ["pull"], "pull")


async def build(context: Context) -> None:
    """Build the images that the files say how to build."""
    await _through_compose(context, _targets(context), ["build"], "build")


async def scale(context: Context) -> None:
    """Ask for a number of containers of one service, and have that many."""
    session, targets = context.session, _targets(context)
    if not targets:
        return
    target = targets[0]
    services = target.services or target.project.services
    names = [service.name for service in services]
    options = [(s.name, s.name, plural(len(s.containers), "container")) for s in services]
    name = names[0] if len(names) == 1 else await context.ui.choose(f"Scale which service of {target.title}?", options)
    service = next((each for each in services if each.name == name), None)
    if service is None:
        return
    chosen = Target(target.project, (service,), target.containers)
    if reason := await why_not(session, chosen):
        context.ui.note(f"scale {chosen.title}: {reason}", "warning")
        return
    now = len(service.containers)
    text = await context.ui.prompt(f"Scale {chosen.title}", "Containers", str(now), check_count)
    if text is None or int(text) == now:
        return
    surplus = [f"{container.name} is removed" for container in service.containers[int(text) :]]
    title = f"Scale {chosen.title} from {now} to {int(text)} on {session.name}?"
    guard: Guard = "always" if surplus else "guarded"
    lines = surplus or [f"{now} now"]
    if await allowed(context, guard, title, lines, names=[service.name], label="Scale", host_told=True):
        whole = Target(target.project, (), ())
        await run_compose(context, whole, ["scale", "--", f"{service.name}={int(text)}"], f"scale {service.name} of")


def check_count(text: str) -> str | None:
    """Return what is wrong with a number of containers, or None."""
    if not (text.isascii() and text.isdigit()):
        return "a number: 0, 1, 2 …"
    return None if int(text) <= 1000 else "at most 1000"


async def logs(context: Context) -> None:
    """Show the logs of the targets' containers, of every host, as one text."""
    context.ui.view("project_logs")


def logs_of(contexts: Sequence[Context]) -> tuple[list[tuple[Session, Container]], str]:
    """Return the containers of the targets on each host, by name, and what they are called together."""
    found: list[tuple[Session, Container]] = []
    titles: list[str] = []
    for context in contexts:
        for target in targets_of(context):
            titles.append(target.title)
            found += [(context.session, container) for container in target.containers]
    found.sort(key=lambda pair: pair[1].name)
    return found, titles[0] if len(titles) == 1 else plural(len(titles), "project")


async def copy(context: Context) -> None:
    """Copy something of the project."""
    targets = _targets(context)
    if not targets:
        return
    target = targets[0]
    place = target.project.place
    options = [("name", place.name, "name")]
    options += [("folder", place.working_dir, "folder")] if place.working_dir else []
    options += [(f"file:{path}", path, "Compose file") for path in place.config_files]
    line = " ".join(map(quote, ["docker", *compose_words(place)]))
    options.append(("line", line, "what its docker compose lines begin with"))
    choices = {value: label for value, label, _ in options}
    chosen = await context.ui.choose(f"Copy from {target.title}", options)
    if chosen is not None:
        context.ui.copy(choices[chosen])


async def up_folder(context: Context) -> None:
    """Ask for a folder or a Compose file of this machine, and start that project on the host in front."""
    session = context.session
    if problem := await session.compose.find():
        context.ui.note(f"Compose can't be run: {problem}", "warning")
        return
    text = await context.ui.prompt(
        "Start a Compose project", "Folder or Compose file", _folder_now() or "/", check_place
    )
    if text is None:
        return
    place = await asyncio.to_thread(place_of, text)
    subject = place.config_files[0] if place.config_files else place.working_dir
    if not session.guarded or await context.ui.confirm(f"Up on {session.name}?", [subject], label="Up"):
        await run_job(context, place, ["up", "--detach"], f"compose up {subject}")


def place_of(text: str) -> ProjectPlace:
    """Return the place that a typed path names: a folder, in which Compose finds its file by itself, or a file."""
    path = os.path.abspath(os.path.expanduser(text.strip()))
    return ProjectPlace("", path) if os.path.isdir(path) else ProjectPlace("", os.path.dirname(path), (path,))


def check_place(text: str) -> str | None:
    """Return what is wrong with a path of a folder or file of this machine, or None."""
    path = os.path.expanduser(text.strip())
    if not text.strip() or not os.path.exists(path):
        return "there is nothing of that name on this machine"
    if not os.path.isdir(path) and not os.path.isfile(path):
        return "a device, a pipe or a socket is no Compose file"  # Compose would read it without an end
    if not os.path.isabs(path) and not _folder_now():
        return "the folder that hythe was started in is gone: write a path from /"
    return None


def _folder_now() -> str:
    """Return the folder that hythe was started in, or an empty string where that is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _is_idle(context: Context) -> str | None:
    """Return what Compose does already with one of the projects: two runs would work against each other."""
    busy = context.session.busy
    running = [busy[target.project.id] for target in targets_of(context) if target.project.id in busy]
    return f"{running[0]} is under way (J lists the jobs)" if running else gone(context)


def needs_compose(context: Context) -> str | None:
    problem = context.session.compose.problem
    return f"it needs Docker Compose: {problem}" if problem else _is_idle(context)


def has_containers(context: Context) -> str | None:
    return None if any(target.containers for target in targets_of(context)) else "it has no containers"


def can_change(context: Context) -> str | None:
    return has_containers(context) or _is_idle(context)
