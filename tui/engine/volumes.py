"""Volumes: one coroutine an operation of the Engine API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tui.engine.decoding import decode
from tui.engine.disk import Disk
from tui.engine.transport import Transport
from tui.model.volumes import Volume, VolumesPruned, VolumeUse, WireVolume, WireVolumes, volume_from_wire


class Volumes:
    """The volume operations of one daemon. Each raises EngineError as errors.py says."""

    def __init__(self, transport: Transport, disk: Disk) -> None:
        self._transport = transport
        self._disk = disk

    async def list_all(self, *, filters: Mapping[str, Sequence[str]] | None = None) -> list[Volume]:
        """Return the volumes by name. No list tells their sizes: `sizes` does."""
        params = {"filters": dict(filters) if filters else None}
        answer = await self._transport.get("/volumes", WireVolumes, params=params)
        return sorted(map(volume_from_wire, answer.volumes or ()), key=lambda volume: volume.name)

    async def read(self, name: str) -> Volume:
        """Return one volume."""
        return volume_from_wire(await self._transport.get(_path(name), WireVolume))

    async def inspect(self, name: str) -> dict[str, Any]:
        """Return the whole inspect answer."""
        path = _path(name)
        return decode(await self._transport.read("GET", path), dict[str, Any], f"GET {path}")

    async def sizes(self) -> Mapping[str, VolumeUse]:
        """Return what each volume takes, by name; the daemon walks every file, so it may take minutes."""
        return await self._disk.volumes()

    async def create(
        self, name: str = "", *, driver: str = "local", labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Volume:  # fmt: skip
        """Return a new volume. Without a name the daemon makes one up; one that exists is returned as it is."""
        body = {"Name": name, "Driver": driver, "Labels": dict(labels or {}), "DriverOpts": dict(options or {})}
        return volume_from_wire(await self._transport.post("/volumes/create", WireVolume, body=body))

    async def remove(self, name: str, *, force: bool = False) -> None:
        """Remove it with its files. `force` is content where there is none. A Conflict names who uses it."""
        await self._transport.read("DELETE", _path(name), params={"force": force}, seconds=None)

    async def prune(self, *, named: bool = False, filters: Mapping[str, Sequence[str]] | None = None) -> VolumesPruned:
        """Remove the anonymous volumes that no container uses, with `named` the others too.

        A daemon that speaks less than API 1.42 always takes the named ones too.
        """
        wanted = dict(filters or {}) | ({"all": ["true"]} if named and self._transport.speaks(1, 42) else {})
        data = await self._transport.read(
            "POST", "/volumes/prune", params={"filters": wanted or None}, body={}, seconds=None
        )
        return decode(data, VolumesPruned, "POST /volumes/prune")


def _path(name: str) -> str:
    return f"/volumes/{quote(name, safe='')}"
