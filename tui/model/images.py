"""An image: what the list, inspect and history answers say of it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tui.model.times import parse_time


class ImageSummary(msgspec.Struct, rename="pascal", gc=False):
    """One entry of `GET /images/json` (API 1.41 to 1.51). Sizes are bytes; -1 means that the daemon did not say."""

    id: str
    created: int
    repo_tags: list[str] | None = None
    repo_digests: list[str] | None = None
    parent_id: str = ""
    size: int = 0
    shared_size: int = -1
    containers: int = -1
    labels: dict[str, str] | None = None


class WireHealthcheck(msgspec.Struct, rename="pascal", gc=False):
    """A health check; durations are nanoseconds."""

    test: list[str] | None = None
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class WireImageConfig(msgspec.Struct, rename="pascal", gc=False):
    cmd: list[str] | None = None
    entrypoint: list[str] | None = None
    env: list[str] | None = None
    exposed_ports: dict[str, object] | None = None
    volumes: dict[str, object] | None = None
    working_dir: str = ""
    user: str = ""
    labels: dict[str, str] | None = None
    stop_signal: str = ""
    stop_timeout: int | None = None
    healthcheck: WireHealthcheck | None = None


class ImageInspect(msgspec.Struct, rename="pascal", gc=False):
    """The part of `GET /images/{name}/json` that hythe uses (API 1.41 to 1.51)."""

    id: str
    repo_tags: list[str] | None = None
    repo_digests: list[str] | None = None
    parent: str = ""
    created: str = ""
    size: int = 0
    config: WireImageConfig | None = None
    architecture: str = ""
    variant: str = ""
    os: str = ""
    author: str = ""
    comment: str = ""

    @property
    def platform(self) -> str:
        """What it is made for, such as linux/arm64 or linux/arm/v7."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class HistoryEntry(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """One entry of `GET /images/{name}/history`, newest first; `size` is bytes, an inherited `id` is "<missing>"."""

    id: str
    created: int
    created_by: str = ""
    tags: list[str] | None = None
    size: int = 0
    comment: str = ""


class ImageDeleted(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """One line of the answer to `DELETE /images/{name}`: a tag taken away, or an image deleted."""

    untagged: str = ""
    deleted: str = ""


class Image(msgspec.Struct, frozen=True, gc=False):  # no cycles: 10,000 must not hold up the collector
    """An image as last read from the daemon. Sizes are bytes, times seconds since the epoch; None means unknown."""

    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    created: float = 0.0
    size: int = 0
    shared_size: int | None = None
    parent: str = ""
    labels: Mapping[str, str] = {}

    @property
    def short_id(self) -> str:
        """The first twelve hexadecimal characters of the ID, as the docker CLI shows it."""
        return self.id.removeprefix("sha256:")[:12]

    @property
    def dangling(self) -> bool:
        """Whether no tag names it."""
        return not self.tags

    @property
    def reference(self) -> str:
        """What a command should call it: its first tag, else its short ID."""
        return self.tags[0] if self.tags else self.short_id


def real_tags(tags: list[str] | None) -> tuple[str, ...]:
    """Return the tags in order, without the `<none>:<none>` that daemons before 25 list for a dangling image."""
    return tuple(sorted(tag for tag in tags or () if tag != "<none>:<none>"))


def image_from_summary(wire: ImageSummary) -> Image:
    """Return the record of a list entry."""
    return Image(
        id=wire.id,
        tags=real_tags(wire.repo_tags),
        digests=_digests(wire.repo_digests),
        created=float(wire.created),
        size=wire.size,
        shared_size=wire.shared_size if wire.shared_size >= 0 else None,
        parent=wire.parent_id,
        labels=wire.labels or {},
    )


def image_from_inspect(wire: ImageInspect) -> Image:
    """Return the record of an inspect answer; it does not know the shared size."""
    return Image(
        id=wire.id,
        tags=real_tags(wire.repo_tags),
        digests=_digests(wire.repo_digests),
        created=float(int(parse_time(wire.created) or 0)),
        size=wire.size,
        parent=wire.parent,
        labels=(wire.config.labels if wire.config else None) or {},
    )


def _digests(digests: list[str] | None) -> tuple[str, ...]:
    return tuple(sorted(digest for digest in digests or () if not digest.startswith("<none>@")))
