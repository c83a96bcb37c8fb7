"""What commands on hosts work with: docker's context store, the history of docker lines, and a way to change hosts."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tui.commands.history import History
from tui.engine.context_store import ContextStore, StoredContext
from tui.engine.endpoint import context_endpoint
from tui.engine.errors import EngineError
from tui.engine.probe import Prober
from tui.model.context_spec import ContextSpec
from tui.model.hosts import UNUSABLE, HostRow, Probe
from tui.store.hosts import HostBook

WHERE = "contexts"
"""What the history says in the place of a host."""


@dataclass(frozen=True, slots=True)
class HostDesk:
    """The hosts there are, the history, and how hythe is connected to other hosts."""

    book: HostBook
    history: History
    connect: Callable[[Sequence[HostRow]], Awaitable[None]]

    def stored(self, row: HostRow) -> StoredContext | None:
        """Return a host's entry in docker's store."""
        found = self.book.found.get(row.host.key)
        return found.stored if found is not None else None

    async def change(self, line: str, write: Callable[[], object]) -> None:
        """Change the store in a thread, and keep the docker line that it equals; then read the hosts, and ask new ones.

        Raises:
            EngineError: it can't be changed so.
        """
        entry = self.history.begin(line, WHERE)
        try:
            with entry.closed_by_failure():
                await asyncio.to_thread(write)
            entry.close("ok")
        finally:
            self.book.probe(await self.book.reload())


async def try_context(spec: ContextSpec, prober: Prober, env: Mapping[str, str]) -> Probe:
    """Return what the host of a context says that is not in docker's store yet.

    The context is made in a temporary store that only this user can read, so that it is reached in just the way in
    which it will be.
    """
    with tempfile.TemporaryDirectory(prefix="hythe-", ignore_cleanup_errors=True) as folder:
        store = ContextStore(Path(folder))
        try:
            await asyncio.to_thread(store.create, msgspec.structs.replace(spec, name="test"))
            endpoint = context_endpoint("test", "the form", {**env, "DOCKER_CONFIG": folder})
        except EngineError as error:
            return Probe(UNUSABLE, reason=str(error), hint=error.hint)
        found = await prober(endpoint)
        stored = store.find("test")
    if stored is None:
        return found
    reason, hint = found.reason, found.hint
    for field in ("ca", "cert", "key"):  # the user's own files, not the copies
        if (copy := getattr(stored.spec, field)) and (named := getattr(spec, field)):
            reason, hint = reason.replace(copy, named), hint.replace(copy, named)
    return msgspec.structs.replace(found, reason=reason, hint=hint)
