"""What takes the disk, as `GET /system/df` tells it: slow, so asked for rarely, and by one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from tui.engine.decoding import decode
from tui.engine.transport import Transport
from tui.model.volumes import VolumeUse, WireVolume, volume_use


class WireDiskUse(msgspec.Struct, rename="pascal", gc=False):
    """The part of `GET /system/df` that is read here (API 1.41 to 1.51)."""

    volumes: list[WireVolume] | None = None


class Disk:
    """The disk use of one daemon. The daemon answers a second request at the same time with an error, so they queue."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._one_at_a_time = asyncio.Lock()

    async def volumes(self) -> Mapping[str, VolumeUse]:
        """Return what each volume takes, by name. The daemon walks every file: it may take minutes."""
        # before 1.42 a daemon knows no `type`, and counts everything
        params = {"type": "volume"} if self._transport.speaks(1, 42) else None
        async with self._one_at_a_time:
            data = await self._transport.read("GET", "/system/df", params=params, seconds=None)
        found = decode(data, WireDiskUse, "GET /system/df").volumes or ()
        return {wire.name: volume_use(wire) for wire in found}
