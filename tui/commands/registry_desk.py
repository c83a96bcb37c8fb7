"""What the screens of registries do: open one with the docker CLI's login, and delete a tag from it."""

from __future__ import annotations

from collections.abc import Sequence

from tui.commands.command import Ui
from tui.commands.session import Session
from tui.engine.credentials import DockerLogins
from tui.engine.errors import EngineError
from tui.engine.registry import Registry
from tui.engine.registry_trust import is_local
from tui.model.registry import RemoteTag

FROM_HERE = "asked from this machine, not from the daemon's"


async def open_registry(session: Session, host: str) -> Registry:
    """Return a client for a registry, with the login that the docker CLI has for it.

    Raises:
        CredentialsError: its login cannot be used, or the helper that has it fails or hangs.
    """
    login = await DockerLogins().usable(host)
    return Registry(host, login, plain=is_local(host) or host in await _insecure(session))


async def _insecure(session: Session) -> frozenset[str]:
    try:
        return await session.engine.registries.insecure()
    except EngineError:
        return frozenset()  # a daemon that is away keeps nobody from looking into a registry, with TLS


async def delete_tag(
    session: Session, ui: Ui, registry: Registry, name: str, found: RemoteTag, others: Sequence[str]
) -> bool:
    """Delete what a tag names after asking; `others` are tags known to name the same. Returns whether it was done."""
    shown = f"{registry.host}/{name}:{found.tag}"
    if session.engine.read_only:
        ui.note(f"delete {shown}: read-only: nothing is changed from this host", "warning")
        return False
    lines = [shown, found.digest, "the registry deletes the manifest: every tag that names it is gone"]
    if others:
        lines.append(f"known to name it, too: {', '.join(others[:8])}{' …' if len(others) > 8 else ''}")
    typed = found.tag if session.guarded else None
    if not await ui.confirm("Delete from the registry?", lines, label="Delete", danger=True, typed=typed):
        return False
    entry = session.history.begin(registry.delete_line(name, found.digest), session.name)
    try:
        with entry.closed_by_failure():
            await registry.delete(name, found.digest)
    except EngineError as error:
        ui.note(f"{error}\n{error.hint}".strip(), "error")
        return False
    entry.close("ok")
    ui.note(f"deleted {shown}")
    return True
