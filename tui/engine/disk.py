"""What takes the disk, as `GET /system/df` tells it: slow, so asked for rarely, and by one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence

import msgspec

from tui.engine.decoding import decode
from tui.engine.transport import Transport
from tui.model.disk import KINDS, DiskKind, DiskUse, WireDiskUse, disk_use
from tui.model.volumes import VolumeUse


class CachePruned(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """The answer to `POST /build/prune`: the IDs removed, and the bytes that were freed."""

    caches_deleted: list[str] | None = None
    space_reclaimed: int = 0


class Disk:
    """The disk use of one daemon. The daemon answers a second request at the same time with an error, so they queue.

    Each operation raises EngineError as errors.py says. A request that is cancelled is cut; the daemon may go on to
    count, and answers the next one with an error until it is done.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._one_at_a_time = asyncio.Lock()

    async def use(self, kinds: Sequence[DiskKind] = KINDS) -> AsyncGenerator[DiskUse]:
        """Yield what the kinds take, as far as it is told by then: of volumes it may take minutes.

        Before API 1.42 a daemon knows no `type`: it counts everything, and tells it at once.
        """
        found = DiskUse()
        if not self._transport.speaks(1, 42):
            yield await self._ask(KINDS, None)
            return
        for kind in kinds:
            found = found.with_parts(await self._ask((kind,), {"type": kind}))
            yield found

    async def volumes(self) -> Mapping[str, VolumeUse]:
        """Return what each volume takes, by name. The daemon walks every file: it may take minutes."""
        params = {"type": "volume"} if self._transport.speaks(1, 42) else None
        found = (await self._ask(("volume",), params)).volumes or ()
        return {volume.name: VolumeUse(volume.size, volume.users) for volume in found}

    async def prune_cache(self, id: str) -> CachePruned:
        """Remove one record of the build cache; one that another builds upon, or that is in use, stays."""
        # the daemon takes one value only, and looks for it anywhere in an ID: these are 25 letters and digits
        params = {"all": True, "filters": {"id": [id]}}
        data = await self._transport.read("POST", "/build/prune", params=params, body={}, seconds=None)
        return decode(data, CachePruned, "POST /build/prune")

    async def _ask(self, kinds: tuple[DiskKind, ...], params: Mapping[str, str] | None) -> DiskUse:
        async with self._one_at_a_time:
            data = await self._transport.read("GET", "/system/df", params=params, seconds=None)
        return disk_use(decode(data, WireDiskUse, "GET /system/df"), kinds)
