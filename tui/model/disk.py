"""What takes a daemon's disk: what `GET /system/df` says of images, containers, volumes and the build cache."""

from __future__ import annotations

from typing import Literal

import msgspec

from tui.model.containers import Wire, container_name
from tui.model.images import ImageSummary, real_tags
from tui.model.times import parse_time
from tui.model.volumes import WireVolume, volume_from_wire, volume_use

DiskKind = Literal["image", "container", "volume", "build-cache"]
"""The kinds of `GET /system/df`, by the words of its `type` parameter."""

KINDS: tuple[DiskKind, ...] = ("container", "image", "build-cache", "volume")
"""In the order in which they are asked for: of volumes the daemon walks every file."""


class WireDiskContainer(Wire):
    id: str
    names: list[str] | None = None
    image: str = ""
    image_id: str = msgspec.field(default="", name="ImageID")
    state: str = ""
    status: str = ""
    created: int = 0
    size_rw: int = 0


class WireCache(msgspec.Struct, rename="pascal", gc=False):
    """A record of the build cache; what it builds upon has been called three names."""

    id: str = msgspec.field(name="ID")
    parents: list[str] | None = None
    spaced_parents: list[str] | None = msgspec.field(default=None, name=" Parents")  # from API 1.42 on, indeed so
    parent: str = ""
    type: str = ""
    description: str = ""
    in_use: bool = False
    shared: bool = False
    size: int = 0
    created_at: str = ""
    last_used_at: str | None = None
    usage_count: int = 0


class WireDiskUse(msgspec.Struct, rename="pascal", gc=False):
    """The answer to `GET /system/df` (API 1.41 to 1.51); what was not asked for is not there."""

    layers_size: int | None = None
    images: list[ImageSummary] | None = None
    containers: list[WireDiskContainer] | None = None
    volumes: list[WireVolume] | None = None
    build_cache: list[WireCache] | None = None


class DiskImage(msgspec.Struct, frozen=True, gc=False):
    """An image: `size` counts all its layers, `unique` those that no other image has. Bytes; None: not told."""

    id: str
    tags: tuple[str, ...] = ()
    size: int = 0
    unique: int | None = None
    users: int | None = None
    created: float = 0.0

    @property
    def name(self) -> str:
        """Its first tag, else its short ID."""
        return self.tags[0] if self.tags else self.id.removeprefix("sha256:")[:12]


class DiskContainer(msgspec.Struct, frozen=True, gc=False):
    """A container: `size` is what it wrote, in bytes; `status` tells in the daemon's words since when it is so."""

    id: str
    name: str
    image: str = ""
    image_id: str = ""
    state: str = ""
    status: str = ""
    created: float = 0.0
    size: int = 0


class DiskVolume(msgspec.Struct, frozen=True, gc=False):
    """A volume: bytes, and containers that mount it; None where the driver does not tell."""

    name: str
    size: int | None = None
    users: int | None = None
    created: float | None = None
    anonymous: bool = False


class CacheRecord(msgspec.Struct, frozen=True, gc=False):
    """A record of the build cache; `parents` are the records that it builds upon, times seconds since the epoch."""

    id: str
    type: str = ""
    description: str = ""
    in_use: bool = False
    shared: bool = False
    size: int = 0
    created: float | None = None
    used: float | None = None
    uses: int = 0
    parents: tuple[str, ...] = ()


DiskObject = DiskImage | DiskContainer | DiskVolume | CacheRecord


class DiskUse(msgspec.Struct, frozen=True):
    """What takes the disk; each part is None until it was told. Sizes are bytes.

    `layers_size` counts each layer once, however many images have it.
    """

    layers_size: int | None = None
    images: tuple[DiskImage, ...] | None = None
    containers: tuple[DiskContainer, ...] | None = None
    volumes: tuple[DiskVolume, ...] | None = None
    cache: tuple[CacheRecord, ...] | None = None

    def part(self, kind: DiskKind) -> tuple[DiskObject, ...] | None:
        """Return the objects of a kind; None where it was not told."""
        match kind:
            case "image":
                return self.images
            case "container":
                return self.containers
            case "volume":
                return self.volumes
            case "build-cache":
                return self.cache

    def size_of(self, kind: DiskKind) -> int | None:
        """Return what a kind takes in all; None where it was not told. Cache that an image shares is the image's."""
        match kind:
            case "image":
                return self.layers_size
            case "container":
                return None if self.containers is None else sum(each.size for each in self.containers)
            case "volume":
                return None if self.volumes is None else sum(each.size or 0 for each in self.volumes)
            case "build-cache":
                return None if self.cache is None else sum(each.size for each in self.cache if not each.shared)

    @property
    def total(self) -> int:
        """What everything takes that was told so far."""
        return sum(self.size_of(kind) or 0 for kind in KINDS)

    def with_parts(self, other: DiskUse) -> DiskUse:
        """Return this with what the other one was told in addition or anew."""
        told = {name: value for name in self.__struct_fields__ if (value := getattr(other, name)) is not None}
        return msgspec.structs.replace(self, **told)


def disk_use(wire: WireDiskUse, kinds: tuple[DiskKind, ...]) -> DiskUse:
    """Return what an answer tells of the kinds that were asked for: a daemon writes null for none at all."""
    return DiskUse(
        layers_size=(wire.layers_size or 0) if "image" in kinds else None,
        images=tuple(map(_image, wire.images or ())) if "image" in kinds else None,
        containers=tuple(map(_container, wire.containers or ())) if "container" in kinds else None,
        volumes=tuple(map(_volume, wire.volumes or ())) if "volume" in kinds else None,
        cache=tuple(map(_cache, wire.build_cache or ())) if "build-cache" in kinds else None,
    )


def _image(wire: ImageSummary) -> DiskImage:
    shared = wire.shared_size if wire.shared_size >= 0 else None
    return DiskImage(
        wire.id, real_tags(wire.repo_tags), wire.size, None if shared is None else max(0, wire.size - shared),
        wire.containers if wire.containers >= 0 else None, float(wire.created),
    )  # fmt: skip


def _container(wire: WireDiskContainer) -> DiskContainer:
    name = container_name(wire.names, wire.id)
    return DiskContainer(
        wire.id, name, wire.image, wire.image_id, wire.state, wire.status, float(wire.created), wire.size_rw
    )


def _volume(wire: WireVolume) -> DiskVolume:
    volume, use = volume_from_wire(wire), volume_use(wire)
    return DiskVolume(volume.name, use.size, use.users, volume.created, volume.anonymous)


def _cache(wire: WireCache) -> CacheRecord:
    # daemons before 23 name one parent
    parents = tuple(wire.parents or wire.spaced_parents or ([wire.parent] if wire.parent else ()))
    return CacheRecord(
        wire.id, wire.type, wire.description, wire.in_use, wire.shared, wire.size,
        parse_time(wire.created_at), parse_time(wire.last_used_at), wire.usage_count, parents,
    )  # fmt: skip
