"""Goes back to the container that was kept aside when another one was made from it; once more goes forward again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from shlex import quote

from tui.commands.command import Context
from tui.commands.recreate import NO_RESTART, Plan, aside_name, create, plan_for, rename, revival, stop
from tui.commands.running import allowed
from tui.commands.session import Session
from tui.commands.steps import Steps
from tui.engine.errors import EngineError
from tui.model.containers import Container
from tui.model.kept import kept_for
from tui.model.recreate import Made
from tui.present.containers import status_text


@dataclass(frozen=True, slots=True)
class Pair:
    """The container that has a name now (None: nobody has), and the earlier one: kept, or how to make it again."""

    name: str
    now: Container | None
    kept: Container | None
    made: Made | None = None


def _pair(context: Context) -> Pair:
    session, target = context.session, context.containers[0]
    containers = session.state.containers.values()
    name = kept_for(target.name)
    if name is not None and not target.is_running:
        return Pair(name, next((c for c in containers if c.name == name), None), target)
    kept = [c for c in containers if kept_for(c.name) == target.name and not c.is_running]
    newest = max(kept, key=lambda c: c.name, default=None)
    return Pair(target.name, target, newest, session.made_before.get(target.id))


def can_go_back(context: Context) -> str | None:
    """Return why there is nothing to go back to, or None."""
    pair = _pair(context)
    return None if pair.kept or pair.made else "no earlier one of it is kept: u recreates it and keeps one"


async def go_back(context: Context) -> None:
    """Let the earlier container take the place of the one that was made from it, which is kept in its turn."""
    session, ui, pair = context.session, context.ui, _pair(context)
    title = f"Go back to the earlier {pair.name}?"
    plan = await plan_for(session, pair.now) if pair.now is not None else None
    lines = _described(session, pair, plan)
    if not await allowed(context, "always", title, lines, names=[pair.name], label="Go back", danger=True):
        return
    busy = [one.id for one in (pair.now, pair.kept) if one is not None]
    for id in busy:
        session.set_busy(id, "go back")
    steps = Steps(session)
    try:
        async with steps:
            id = await _swap(session, pair, plan, steps)
    except EngineError as error:
        ui.note("\n".join([f"go back to the earlier {pair.name}: {error}", *steps.left]), "error")
    else:
        await _keep_down(session, pair, plan, id, steps)
        ui.note(f"{pair.name} is the earlier one again; B goes forward")
        ui.go_to("container", id, session)
    finally:
        for id in busy:
            session.set_busy(id, None)


def _described(session: Session, pair: Pair, plan: Plan | None) -> list[str]:
    def row(container: Container) -> str:
        return f"{container.name}  ({container.image}, {status_text(container, session.now()) or container.state})"

    lines: list[str] = []
    if pair.now is not None and plan is not None:
        gone = plan.is_lost
        lines.append(row(pair.now))
        lines.append("  it removes itself when it stops" if gone else "  it is stopped, and kept aside in its turn")
        lines += [f"  ! {warning}" for warning in plan.warnings]
    if pair.kept is not None:
        return [*lines, row(pair.kept), f"  it becomes {pair.name} again"]
    return [*lines, "the earlier one removed itself: it is made again, from the image that it had"]


async def _swap(session: Session, pair: Pair, plan: Plan | None, steps: Steps) -> str:
    """Exchange the two, and return the ID of the one that has the name then. Raises EngineError."""
    engine, now, kept = session.engine.containers, pair.now, pair.kept
    if now is not None and plan is not None:
        aside, gone = aside_name(session, pair.name), asyncio.Event()
        await rename(session, steps, now.id, pair.name, aside, when=lambda: not gone.is_set())
        steps.undo_with(*revival(session, plan), when=gone.is_set)
        if now.is_running:
            await stop(session, steps, now.id, aside, gone=gone if plan.is_lost else None)
    if kept is not None:
        await rename(session, steps, kept.id, kept.name, pair.name)
        id = kept.id
    else:
        assert pair.made is not None
        id = await create(session, steps, pair.made, pair.name)
    if now is None or now.is_running:
        await steps.take(f"docker start {quote(pair.name)}", lambda: engine.start(id))
    return id


async def _keep_down(session: Session, pair: Pair, plan: Plan | None, id: str, steps: Steps) -> None:
    """Let the restart policy go over to the one that runs, and remember what has removed itself."""
    engine = session.engine.containers
    if plan is None or pair.now is None:
        return
    if plan.is_lost:
        session.made_before[id] = plan.again
    elif plan.policy == "always":
        line = f"docker update --restart no {pair.now.short_id}"
        await steps.try_to(line, lambda: engine.update(plan.target.id, NO_RESTART))
    if plan.policy == "always" and pair.kept is not None:
        policy = {"RestartPolicy": {"Name": "always"}}
        await steps.try_to(f"docker update --restart always {quote(pair.name)}", lambda: engine.update(id, policy))
