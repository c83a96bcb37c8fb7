"""What takes a host's disk, as it was last told, and when: read when somebody asks for it, never by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import aclosing

from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.model.disk import KINDS, DiskKind, DiskUse, DiskVolume

SURE_SECONDS = 60.0
"""How long a volume is known to be empty after it was counted."""


class DiskBook:
    """The latest disk use of one host. Times are those of `now`, seconds since the epoch."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine = engine
        self._now = now
        self._task: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], object]] = []
        self._also: set[DiskKind] = set()
        self._anew: set[DiskKind] = set()
        self._volumes_of: tuple[DiskVolume, ...] | None = None
        self._volumes: Mapping[str, DiskVolume] = {}
        self.use = DiskUse()
        self.read_at: dict[DiskKind, float] = {}
        """When each kind was told last."""
        self.problem = ""
        """Why the last reading failed, in the daemon's words; empty while it did not."""

    @property
    def reading(self) -> bool:
        """Whether the daemon is counting."""
        return self._task is not None and not self._task.done()

    @property
    def was_asked(self) -> bool:
        """Whether it was ever asked for."""
        return self._task is not None

    @property
    def volumes(self) -> Mapping[str, DiskVolume]:
        """The volumes by name, as they were counted last."""
        told = self.use.volumes
        if told is not self._volumes_of:
            self._volumes_of = told
            self._volumes = {volume.name: volume for volume in told or ()}
        return self._volumes

    def volume_size(self, name: str) -> int | None:
        """Return a volume's bytes as they were counted last; None where that is not known."""
        found = self.volumes.get(name)
        return found.size if found is not None else None

    def is_empty(self, name: str) -> bool:
        """Return whether a volume was counted just now, and had nothing in it."""
        fresh = self._now() - self.read_at.get("volume", 0.0) <= SURE_SECONDS
        return fresh and self.volume_size(name) == 0

    def read(self, kinds: Sequence[DiskKind] = KINDS, *, anew: bool = False) -> None:
        """Begin to read; while a reading is under way the kinds that it does not tell are read after it.

        With `anew` those that it told are read again too: it may have begun before something changed.
        """
        if self.reading:
            (self._anew if anew else self._also).update(kinds)
        else:
            self._also.clear()
            self._anew.clear()
            self._task = asyncio.create_task(self._read(kinds))
            self._changed()

    async def wait(self) -> None:
        """Return when nothing is being read."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def cancel(self) -> None:
        """Stop reading; what was told by then stays."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
            self._changed()

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` on each change; the function returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def _read(self, kinds: Sequence[DiskKind]) -> None:
        told: set[DiskKind] = set()
        try:
            while kinds:
                now: set[DiskKind] = set()
                async with aclosing(self._engine.disk.use(kinds)) as parts:
                    async for part in parts:
                        known: set[DiskKind] = {kind for kind in KINDS if part.part(kind) is not None}
                        self._take(part, known - now)  # each answer holds those before it, too
                        now |= known
                told |= now
                kinds = [kind for kind in KINDS if kind in self._also - told or kind in self._anew]
                self._anew.clear()
        except EngineError as error:
            self.problem = f"{error}; {error.hint}" if error.hint else str(error)
        else:
            self.problem = ""
        finally:
            asyncio.get_running_loop().call_soon(self._changed)  # once it is done

    def _take(self, part: DiskUse, kinds: Collection[DiskKind]) -> None:
        self.use = self.use.with_parts(part)
        for kind in kinds:
            self.read_at[kind] = self._now()
        self._changed()

    def _changed(self) -> None:
        for listener in tuple(self._listeners):
            listener()
