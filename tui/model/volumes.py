"""A volume: what the list, inspect and disk-use answers say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from tui.model.times import parse_time

ANONYMOUS_LABEL = "com.docker.volume.anonymous"


class WireUsage(msgspec.Struct, rename="pascal", gc=False):
    """Only `GET /system/df` tells it; -1 means that the daemon did not say."""

    size: int = -1
    ref_count: int = -1


class WireVolume(msgspec.Struct, rename="pascal", gc=False):
    """One entry of `GET /volumes` and `GET /system/df`, and the answer to `GET /volumes/{name}` (API 1.41 to 1.51)."""

    name: str
    driver: str = ""
    mountpoint: str = ""
    created_at: str = ""
    scope: str = ""
    labels: dict[str, str] | None = None
    options: dict[str, str] | None = None
    usage_data: WireUsage | None = None


class WireVolumes(msgspec.Struct, rename="pascal", gc=False):
    """The answer to `GET /volumes`; `warnings` name the drivers that could not be asked."""

    volumes: list[WireVolume] | None = None
    warnings: list[str] | None = None


class VolumesPruned(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """The answer to `POST /volumes/prune`: the names removed, and the bytes that were freed."""

    volumes_deleted: list[str] | None = None
    space_reclaimed: int = 0


class Volume(msgspec.Struct, frozen=True, gc=False):  # no cycles: 10,000 must not hold up the collector
    """A volume as last read from the daemon. `created` is seconds since the epoch, None where no driver tells it."""

    name: str
    driver: str = "local"
    mountpoint: str = ""
    scope: str = "local"
    created: float | None = None
    labels: Mapping[str, str] = {}
    options: Mapping[str, str] = {}

    @property
    def id(self) -> str:
        """Its name: a volume has no other identity."""
        return self.name

    @property
    def short_id(self) -> str:
        """The name, that of an anonymous volume cut to twelve characters."""
        return self.name[:12] if self.anonymous else self.name

    @property
    def anonymous(self) -> bool:
        """Whether the daemon made up its name, for a container that asked for a volume without one."""
        # daemons before 24 do not label it
        return ANONYMOUS_LABEL in self.labels or re.fullmatch(r"[0-9a-f]{64}", self.name) is not None

    @property
    def project(self) -> str:
        """The Compose project that made it, or an empty string."""
        return self.labels.get("com.docker.compose.project", "")


class VolumeUse(msgspec.Struct, frozen=True, gc=False):
    """What a volume takes: bytes on disk and containers that mount it; None means that the daemon did not say."""

    size: int | None = None
    users: int | None = None


def volume_from_wire(wire: WireVolume) -> Volume:
    """Return the record of a list entry or an inspect answer: both say the same."""
    return Volume(
        name=wire.name,
        driver=wire.driver,
        mountpoint=wire.mountpoint,
        scope=wire.scope,
        created=parse_time(wire.created_at),
        labels=wire.labels or {},
        options=wire.options or {},
    )


def volume_use(wire: WireVolume) -> VolumeUse:
    """Return what the disk-use answer says of a volume."""
    usage = wire.usage_data or WireUsage()
    return VolumeUse(usage.size if usage.size >= 0 else None, usage.ref_count if usage.ref_count >= 0 else None)
