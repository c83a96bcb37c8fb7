"""The commands on hosts: change to another, and make, edit, remove and choose docker's contexts."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tui.commands.command import Context
from tui.commands.running import to_type
from tui.model.context_spec import DEFAULT, create_line, remove_line, use_line
from tui.model.hosts import HostRow
from tui.present.units import plural

if TYPE_CHECKING:
    from tui.commands.host_desk import HostDesk
    from tui.engine.context_store import StoredContext


def _desk(context: Context) -> HostDesk:
    if context.desk is None:
        raise RuntimeError("commands on hosts are run by the hosts screen")
    return context.desk


async def connect(context: Context) -> None:
    """Change to the host; to several, which then stand in one table."""
    await _desk(context).connect(context.hosts)


async def create(context: Context) -> None:
    """Open the form of a new context, on the address of a host that is none yet."""
    row = context.hosts[0] if context.hosts else None
    host = row.host.url if row is not None and row.host.kind in ("socket", "named") else ""
    context.ui.open("context", session=context.connected, desk=_desk(context), host=host)


async def edit(context: Context) -> None:
    """Open the form of the context."""
    desk = _desk(context)
    context.ui.open("context", session=context.connected, desk=desk, stored=desk.stored(context.hosts[0]))


async def use(context: Context) -> None:
    """Make it docker's current context."""
    desk, name = _desk(context), context.hosts[0].name
    line = use_line(name)
    await desk.change(line, lambda: desk.book.store.use(name))
    context.ui.note(f"$ {line}")
    for variable in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        if desk.book.env.get(variable):
            context.ui.note(
                f"{variable} is set, and goes before the current context: unset it to use {name}", "warning"
            )
            return


async def remove(context: Context) -> None:
    """Remove contexts after asking; of the current one docker goes back to the default one."""
    desk, rows = _desk(context), context.hosts
    entries = [entry for row in rows if (entry := desk.stored(row)) is not None]
    title = f"Remove {plural(len(rows), 'context')}?"
    typed = None
    if any(row.guarded for row in rows):
        typed = to_type([row.name for row in rows])
    lines = [line for row in rows for line in _described(row)]
    lines.append("their TLS files go too" if any(entry.has_tls for entry in entries) else "the daemons are not touched")
    if not await context.ui.confirm(title, lines, label="Remove", danger=True, typed=typed):
        return
    line = _remove_line(desk, entries, force=any(row.host.current for row in rows))
    await desk.change(line, lambda: desk.book.store.remove(entries))
    context.ui.note(f"$ {line}")


def _remove_line(desk: HostDesk, entries: list[StoredContext], *, force: bool) -> str:
    """The equal line; what docker can't read, its own command can't remove."""
    lines = (
        [remove_line([entry.spec.name for entry in sound], force=force)]
        if (sound := [entry for entry in entries if not entry.problem or entry.spec.name])
        else []
    )
    folder = desk.book.store.folder / "contexts" / "meta"
    lines += [f"rm -r {shlex.quote(str(folder / entry.folder))}" for entry in entries if entry not in sound]
    return "; ".join(lines)


def _described(row: HostRow) -> list[str]:
    """The context and what leads to it, in lines."""
    notes = [row.host.url or row.host.problem, row.host.description]
    if row.host.current:
        notes.append("docker's current context: docker goes back to the default one")
    if row.in_use:
        notes.append("hythe is connected to it, and stays so")
    return [row.name, *(f"    {note}" for note in notes if note)]


async def copy(context: Context) -> None:
    """Copy the name, the address, or a line that leads there."""
    row = context.hosts[0]
    options = [(row.name, row.name, "name")]
    if row.host.url:
        options.append((row.host.url, row.host.url, "address"))
    if row.is_context:
        lines = [
            (use_line(row.name), "docker's current context"),
            (f"hythe --context {shlex.quote(row.name)}", "hythe"),
        ]
    else:
        url = shlex.quote(row.host.url)
        lines = [(f"export DOCKER_HOST={url}", "this shell"), (f"hythe --host {url}", "hythe")] if url != "''" else []
    stored = _desk(context).stored(row)
    if stored is not None and not stored.problem:
        lines.append((create_line(stored.spec), "the same context elsewhere"))
    if row.probe is not None and row.probe.reason:
        lines.append((row.probe.reason, "why it can't be reached"))
    chosen = await context.ui.choose(
        f"Copy from {row.title}", [*options, *((line, line, hint) for line, hint in lines)]
    )
    if chosen is not None:
        context.ui.copy(chosen)


def why_not_connect(context: Context) -> str | None:
    broken = next((row for row in context.hosts if row.host.problem), None)
    return broken.host.problem if broken else None


def why_not_edit(context: Context) -> str | None:
    row = context.hosts[0]
    if (why := _why_no_context(row)) is not None:
        return why
    stored = _desk(context).stored(row)
    return stored.problem if stored is not None and (stored.problem and not stored.spec.name) else None


def why_not_use(context: Context) -> str | None:
    row = context.hosts[0]
    if row.host.kind == "default":
        return None
    return _why_no_context(row) or row.host.problem or None


def why_not_remove(context: Context) -> str | None:
    return next((why for row in context.hosts if (why := _why_no_context(row)) is not None), None)


def _why_no_context(row: HostRow) -> str | None:
    """Why a host is nothing of docker's store, or None."""
    if row.host.kind == "default":
        return f"{DEFAULT} is no entry of docker's store: it means DOCKER_HOST, or else the default socket"
    if row.host.kind == "missing":
        return "there is no such context: make it with n, or let docker use another with u"
    return None if row.is_context else "only docker's contexts: n makes one of its address"
