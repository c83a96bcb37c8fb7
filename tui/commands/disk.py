"""The commands on a host's disk: what takes it, and the removal of exactly those objects that were shown."""

from __future__ import annotations

from collections.abc import Sequence

from tui.commands.command import Context, Option
from tui.commands.session import Session
from tui.jobs.clean_up import CleanUpJob, Record
from tui.model.clean_up import PRUNES, Doomed, Prune, doomed
from tui.model.disk import KINDS
from tui.present.clean_up import described, freed_words
from tui.present.units import plural

MOST_LISTED = 1000
"""Objects that a question lists."""

PRUNE_OF = {prune.id: prune for prune in PRUNES}


async def clean_up(context: Context) -> None:
    """Ask which kind of prune, and show what it would remove."""
    chosen = await context.ui.choose("Clean up: show what would be removed by", options(context.session))
    if chosen is not None:
        context.ui.open("clean_up", session=context.session, prune=chosen)


def options(session: Session) -> list[Option]:
    """Return the kinds of prune, each with its docker line, and with what it would remove as far as that is known."""
    known = all(session.disk.use.part(kind) is not None for kind in KINDS)
    found: list[Option] = []
    for prune in PRUNES:
        amount = ""
        if known:
            objects = objects_of(session, prune)
            amount = f"{len(objects)}, {freed_words(objects)}  " if objects else "nothing  "
        found.append((prune.id, prune.title, f"{amount}$ {prune.line}"))
    return found


def objects_of(session: Session, prune: Prune) -> Sequence[Doomed]:
    """Return what a prune would remove, as far as it is known now.

    Without a list of the containers nobody knows which networks are used by none.
    """
    state = session.state
    known = "containers" in state.listed and "containers" not in state.problems
    return doomed(prune, session.disk.use, state.networks.values() if known else (), state.containers.values())


async def remove(context: Context, prune: Prune, objects: Sequence[Doomed]) -> CleanUpJob | None:
    """Ask, and begin to remove exactly these objects; None where the user would not have it.

    Where volumes are among them, and on a guarded host, their number has to be typed.
    """
    session = context.session
    volumes = sum(each.kind == "volume" for each in objects)
    lines = [described(each) for each in objects[:MOST_LISTED]]
    if len(objects) > MOST_LISTED:
        lines.append(f"… and {len(objects) - MOST_LISTED} more")
    typed = str(len(objects)) if volumes or session.guarded else None
    files = f", {plural(volumes, 'volume')} with all files" if volumes else ""
    title = f"Remove {plural(len(objects), 'object')} on {session.name}{files}?"
    if not await context.ui.confirm(title, lines, label="Remove", danger=True, typed=typed):
        return None

    def begin(line: str) -> Record:
        return session.history.begin(line, session.name).close

    async def measure() -> int | None:
        await session.disk.cancel()
        session.disk.read()
        await session.disk.wait()
        return None if session.disk.problem else session.disk.use.total

    def recount() -> None:
        session.disk.read(anew=True)

    before = session.disk.use.total
    title = f"clean up: {prune.title}"
    job = CleanUpJob(session.engine, title, prune.line, objects, begin, before, measure, recount)
    session.jobs.start(job)
    return job
