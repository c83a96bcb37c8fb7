"""Runs a command's requests on many objects side by side, and tells what became of each by name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from tui.commands.command import RUNNING, Context, Guard
from tui.engine.errors import ApiError, EngineError

AT_ONCE = 8


class Act(msgspec.Struct, frozen=True):
    """One request on one object: its ID and name, the docker line it equals, and how it is sent."""

    key: str
    name: str
    line: str
    send: Callable[[], Awaitable[object]]


class Failure(msgspec.Struct, frozen=True):
    """A request that the daemon (or the line to it) refused."""

    act: Act
    error: EngineError


async def perform(context: Context, verb: str, acts: Sequence[Act], *, report: bool = True) -> list[Failure]:
    """Send the acts, at most eight at once; mark their rows busy, record their lines, and report.

    Returns the failures, which with `report` have been shown to the user already.
    """
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(act: Act) -> Failure | None:
        async with limit:
            return await _send(context, verb, act)

    failures = [failure for failure in await asyncio.gather(*map(one, acts)) if failure]
    if report:
        await tell(context, verb, acts, failures)
    return failures


async def _send(context: Context, verb: str, act: Act) -> Failure | None:
    session = context.session
    entry = session.history.begin(act.line, session.name)
    session.set_busy(act.key, verb)
    try:
        await act.send()
    except EngineError as error:
        entry.close("failed", str(error))
        if isinstance(error, ApiError) and error.in_between:
            session.refused[RUNNING.get()] = f"{error}; {error.hint}"
        return Failure(act, error)
    except asyncio.CancelledError:
        entry.close("cancelled")
        raise
    else:
        entry.close("ok")
        return None
    finally:
        session.set_busy(act.key, None)
        if not session.feed.tells_events:
            session.feed.refresh()


async def tell(context: Context, verb: str, acts: Sequence[Act], failures: Sequence[Failure]) -> None:
    """Show the docker line of what worked, and each failure by name in the daemon's words."""
    failed = {failure.act.key for failure in failures}
    done = [act for act in acts if act.key not in failed]
    if done:
        more = f"  (and {len(done) - 1} more)" if len(done) > 1 else ""
        context.ui.note(f"$ {done[0].line}{more}")
    if len(failures) == 1:
        failure = failures[0]
        hint = f"\n{failure.error.hint}" if failure.error.hint else ""
        context.ui.note(f"{verb} {failure.act.name}: {failure.error}{hint}", "error")
    elif failures:
        lines = [f"{failure.act.name}: {failure.error}" for failure in failures]
        await context.ui.tell(f"{verb}: {len(failures)} of {len(acts)} failed", "\n".join(lines))


def to_type(names: Sequence[str]) -> str:
    """Return what is typed to say that these are meant: the name of one, of several their number."""
    return names[0] if len(names) == 1 else str(len(names))


async def allowed(
    context: Context,
    guard: Guard,
    title: str,
    lines: Sequence[str],
    *,
    names: Sequence[str],
    label: str,
    danger: bool = False,
    host_told: bool = False,
) -> bool:
    """Return whether the guard lets it pass, asking the user where it must.

    `lines` tell of the exact objects; `names` are their names, which need not be those of the rows: what is not asked
    about is not counted. Where several hosts are shown, the question says which one it is about, unless the title does
    (`host_told`). What would ask on a guarded host only asks on any where the row of a group stands for the objects.
    """
    guarded = context.session.guarded
    # a group may be folded: what is meant has to be seen
    if guard == "free" or (guard == "guarded" and not guarded and not context.group):
        return True
    typed = to_type(names) if guard == "always" and guarded else None
    if context.ui.many_hosts and not host_told:
        lines = [f"on {context.session.name}:", *lines]
    return await context.ui.confirm(title, lines, label=label, danger=danger, typed=typed)
