"""Recreates containers from their image, newer or not. The old one is kept aside, and one key brings it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from shlex import quote
from typing import Any, cast

from tui.commands.command import Context
from tui.commands.remake import read_spec
from tui.commands.running import allowed
from tui.commands.session import Session
from tui.commands.steps import Step, Steps
from tui.engine.errors import EngineError, NotFound
from tui.model.compose import IMAGE
from tui.model.containers import Container
from tui.model.kept import kept_for, kept_name
from tui.model.recreate import Made, recreate_request
from tui.model.reference import is_image_id
from tui.model.run_line import docker_line
from tui.present.containers import status_text
from tui.present.secrets import looks_secret
from tui.present.units import plural

AT_ONCE = 4
LOOKS = 6
BETWEEN_LOOKS = 0.5
"""How often, and how many seconds apart, a new container is looked at before it counts as running."""

NO_RESTART: Mapping[str, Any] = {"RestartPolicy": {"Name": "no"}}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with one container, all of it known before the user is asked.

    `image` is what it is made from, a name or an ID; `old_image` and `new_image` are the IDs of the images that it has
    and gets; `earlier` are those that were kept aside for it before.
    """

    target: Container
    made: Made
    image: str
    old_image: str
    new_image: str
    policy: str
    removes_itself: bool
    warnings: tuple[str, ...] = ()
    earlier: tuple[Container, ...] = ()

    @property
    def name(self) -> str:
        """The container's name, which the new one gets."""
        return self.target.name

    @property
    def is_lost(self) -> bool:
        """Whether the old one removes itself as it is stopped, so that it cannot be kept aside."""
        return self.removes_itself and self.target.is_running

    @property
    def again(self) -> Made:
        """How to make the old one again, from the very image that it had."""
        request = self.made.request
        body = {**request.body, "Image": self.old_image}
        return Made(type(request)(body, request.name, request.platform, request.connect), self.made.line)


async def plan_for(session: Session, target: Container) -> Plan:
    """Return what recreating a container takes. Raises EngineError; NotFound names an image that is not there."""
    engine = session.engine
    inspect = await engine.containers.inspect(target.id)
    config, host = _map(inspect.get("Config")), _map(inspect.get("HostConfig"))
    old_image = str(inspect.get("Image") or "")
    try:
        old = _map((await engine.images.inspect(old_image)).get("Config"))
    except NotFound:
        old = None  # the image was removed by force: everything counts as the container's own
    reference = str(config.get("Image") or old_image)
    new_image = (await engine.images.details(reference)).id
    containers = session.state.containers.values()
    names = {c.name: c.id for c in containers}
    successors = {c.id: names[name] for c in containers if (name := kept_for(c.name) or "") in names}
    api = engine.transport.api_version or (1, 41)
    machine = (await engine.info()).name
    request = recreate_request(inspect, old, image=reference, api=api, successors=successors, daemon=machine)
    labels = _map(request.body.get("Labels"))
    if labels.get(IMAGE) == old_image:  # with the old one's ID, Compose's next up would make it anew once more
        request.body["Labels"] = {**labels, IMAGE: new_image}
    spec = (await read_spec(session, target.id)).spec
    binds = cast("list[str]", _map(request.body["HostConfig"]).get("Binds") or [])
    links = cast("list[str]", _map(request.body["HostConfig"]).get("Links") or [])
    spec = spec.with_options(name=(target.name,), volume=tuple(binds), link=tuple(links))
    return Plan(
        target,
        Made(request, docker_line(spec, hide=looks_secret, command=("docker", "create"))),
        reference,
        old_image,
        new_image,
        str(_map(host.get("RestartPolicy")).get("Name") or "no"),
        bool(host.get("AutoRemove")),
        await _warnings(session, target),
        tuple(c for c in containers if kept_for(c.name) == target.name and not c.is_running),
    )


def _map(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


async def _warnings(session: Session, target: Container) -> tuple[str, ...]:
    """Say who is bound to this very container, by its ID, and so will not follow to the new one."""
    found: list[str] = []
    for kin in await session.engine.containers.kinship():
        if kin.id == target.id:
            found += [f"{name} links to it: recreate that one too" for name in kin.linked_from]
        elif kin.network_mode == f"container:{target.id}":
            found.append(f"{kin.name} is in its network: recreate that one too")
    return tuple(found)


def described(plan: Plan, now: float) -> list[str]:
    """Return what is to be done with a container, a line each."""
    target, image = plan.target, plan.image
    new, old = (text.removeprefix("sha256:")[:12] for text in (plan.new_image, plan.old_image))
    if new == old:
        source = f"  from {image}, the image that it has now"
    elif is_image_id(image):
        source = f"  from the image {new}"
    else:
        source = f"  from {image}, which is {new} now: it has {old}"
    lines = [f"{target.name}  ({target.image}, {status_text(target, now) or target.state})", source]
    if plan.is_lost:
        lines.append("  it removes itself when it stops: what it wrote outside its volumes is lost")
    else:
        lines.append("  the old one is kept aside, stopped, with what it wrote outside its volumes")
        if target.project:
            lines.append(f"  ! the next `docker compose up` or `down` of {target.project} removes the old one")
    lines += [f"  {old.name}, kept from before, is removed" for old in plan.earlier]
    return [*lines, *(f"  ! {warning}" for warning in plan.warnings)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a plan: the new container's ID, or why there is none."""

    plan: Plan
    id: str = ""
    problem: str = ""


async def recreate(context: Context) -> None:
    """Make the targets anew from their images, each as it is, after asking."""
    session, ui = context.session, context.ui
    plans: list[Plan] = []
    for target in context.containers:
        try:
            plans.append(await plan_for(session, target))
        except NotFound as error:
            ui.note(f"recreate {target.name}: {error}\npull the image first, or tag one with its name", "error")
    if not plans:
        return
    lines = [line for plan in plans for line in described(plan, session.now())]
    title = f"Recreate {plural(len(plans), 'container')}?"
    names = [plan.name for plan in plans]
    if not await allowed(context, "always", title, lines, names=names, label="Recreate", danger=True):
        return
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(plan: Plan) -> Outcome:
        async with limit:
            return await carry_out(session, plan)

    await _tell(context, await asyncio.gather(*map(one, plans)))


async def _tell(context: Context, outcomes: Sequence[Outcome]) -> None:
    ui = context.ui
    made = [outcome for outcome in outcomes if outcome.id]
    failed = [outcome for outcome in outcomes if not outcome.id]
    if made:
        more = f"  (and {len(made) - 1} more)" if len(made) > 1 else ""
        ui.note(f"{made[0].plan.name} is made anew from {made[0].plan.image}{more}; B goes back to the old one")
    if len(failed) == 1:
        ui.note(f"recreate {failed[0].plan.name}: {failed[0].problem}", "error")
    elif failed:
        lines = [f"{outcome.plan.name}: {outcome.problem}" for outcome in failed]
        await ui.tell(f"recreate: {len(failed)} of {len(outcomes)} failed", "\n".join(lines))
    if len(outcomes) == 1 and made:
        ui.go_to("container", made[0].id, context.session)
        await _watch(context, made[0])


async def _watch(context: Context, outcome: Outcome) -> None:
    """Say so if the new container does not stay up."""
    name = outcome.plan.name
    for _ in range(LOOKS if outcome.plan.target.is_running else 0):
        await asyncio.sleep(BETWEEN_LOOKS)
        try:
            found = await context.session.engine.containers.read(outcome.id)
        except NotFound:
            context.ui.note(f"{name} has ended, and removed itself; B goes back to the old one", "warning")
            return
        if not found.is_running and found.exit_code != 0:
            context.ui.note(f"{name} ended at once, exit code {found.exit_code}; B goes back to the old one", "error")
            return


async def carry_out(session: Session, plan: Plan) -> Outcome:
    """Recreate one container; the old one is as it was where that fails."""
    session.set_busy(plan.target.id, "recreate")
    steps = Steps(session)
    try:
        async with steps:
            made = await _recreate(session, plan, steps)
    except EngineError as error:
        left = steps.left or [f"{plan.name} is as it was"]
        return Outcome(plan, problem="\n".join([str(error), *left]))
    finally:
        session.set_busy(plan.target.id, None)
    await _keep_down(session, plan, made, steps)
    return Outcome(plan, made)


async def _recreate(session: Session, plan: Plan, steps: Steps) -> str:
    engine, target = session.engine.containers, plan.target
    kept, gone = aside_name(session, plan.name), asyncio.Event()
    await rename(session, steps, target.id, plan.name, kept, when=lambda: not gone.is_set())
    steps.undo_with(*revival(session, plan), when=gone.is_set)
    made = await create(session, steps, plan.made, plan.name)
    if target.is_running:
        await stop(session, steps, target.id, kept, gone=gone if plan.is_lost else None)
        await steps.take(f"docker start {quote(plan.name)}", lambda: engine.start(made))
    return made


def aside_name(session: Session, name: str) -> str:
    """Return what a container is called that is put aside now: by the second, or the next one that is free."""
    taken = {container.name for container in session.state.containers.values()}
    moment = datetime.fromtimestamp(session.now())
    while (found := kept_name(name, moment.strftime("%Y%m%d-%H%M%S"))) in taken:
        moment += timedelta(seconds=1)
    return found


async def rename(
    session: Session, steps: Steps, id: str, old: str, new: str, *, when: Callable[[], bool] = lambda: True
) -> None:
    """Give a container another name; it gets the old one back if `when` says so. Raises EngineError."""
    engine = session.engine.containers
    await steps.take(f"docker rename {quote(old)} {quote(new)}", lambda: engine.rename(id, new))
    steps.undo_with(f"docker rename {quote(new)} {quote(old)}", lambda: engine.rename(id, old), when=when)


async def create(session: Session, steps: Steps, made: Made, name: str) -> str:
    """Create a container and connect it to its networks, or remove it again; return its ID. Raises EngineError."""
    engine, request = session.engine, made.request
    created = await steps.take(
        made.line, lambda: engine.containers.create(request.body, name=name, platform=request.platform)
    )
    steps.undo_with(f"docker rm --force {quote(name)}", lambda: engine.containers.remove(created.id, force=True))
    for network, endpoint in request.connect:
        line = f"docker network connect {quote(network)} {quote(name)}"
        await steps.take(line, lambda n=network, e=endpoint: engine.networks.attach(n, created.id, e))
    return created.id


async def stop(session: Session, steps: Steps, id: str, name: str, *, gone: asyncio.Event | None) -> None:
    """Stop a container, or start it again; one that removes itself is awaited, and sets `gone`. Raises EngineError."""
    engine, grace = session.engine.containers, session.stop_timeout
    time = "" if grace is None else f"--time {grace} "
    if gone is None:
        steps.undo_with(f"docker start {quote(name)}", lambda: engine.start(id))
    await steps.take(f"docker stop {time}{quote(name)}", lambda: engine.stop(id, grace=grace))
    if gone is None:
        return
    gone.set()
    for _ in range(100):
        try:
            await engine.read(id)
        except NotFound:
            return
        await asyncio.sleep(0.1)


def revival(session: Session, plan: Plan) -> Step:
    """How a container that has removed itself is made again."""
    engine, request = session.engine, plan.again.request

    async def again() -> None:
        made = await engine.containers.create(request.body, name=plan.name)
        for network, endpoint in request.connect:
            await engine.networks.attach(network, made.id, endpoint)
        await engine.containers.start(made.id)

    return f"{plan.made.line} && docker start {quote(plan.name)}", again


async def _keep_down(session: Session, plan: Plan, made: str, steps: Steps) -> None:
    """See that the old one stays down, and clear away what was kept before it."""
    engine = session.engine.containers
    if plan.is_lost:
        session.made_before[made] = plan.again
    elif plan.policy == "always":
        # a daemon that comes up starts what has this policy, also what was stopped
        line = f"docker update --restart no {plan.target.short_id}"
        await steps.try_to(line, lambda: engine.update(plan.target.id, NO_RESTART))
    for old in plan.earlier:
        await steps.try_to(f"docker rm {quote(old.name)}", lambda o=old: engine.remove(o.id))
