"""What a row of the volumes table says; sizes are as old as the title says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from tui.model.containers import Container
from tui.model.volumes import Volume
from tui.present.columns import Cell, Column
from tui.present.units import ago, size


class VolumeRows(msgspec.Struct):
    """The side data that cells are made of: the clock (seconds since the epoch) and each volume's containers."""

    now: Callable[[], float]
    used_by: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])
    size_of: Callable[[str], int | None] = lambda _name: None
    """Bytes of a volume as they were counted last; None while that is not known."""

    def columns(self) -> Sequence[Column[Volume]]:
        """Return the table's columns, in their order."""
        columns: tuple[Column[Volume], ...] = (
            Column("name", "NAME", 34, _name, _by_name, min_width=16, flex=3, priority=100),
            Column("driver", "DRIVER", 10, lambda v: (v.driver, "muted"), lambda v: v.driver, priority=70),
            Column("size", "SIZE", 8, self._size, self._size_order, align="right", priority=95),
            Column("used", "USED BY", 8, self._used, self._used_order, align="right", priority=90),
            Column("created", "CREATED", 9, self._created, lambda v: v.created or 0.0, align="right", priority=80),
            Column("project", "PROJECT", 14, lambda v: (v.project, "info"), lambda v: v.project, flex=1, priority=60),
            Column("path", "MOUNTPOINT", 30, lambda v: (v.mountpoint, "muted"), lambda v: v.mountpoint,
                   min_width=16, flex=2, priority=30),
        )  # fmt: skip
        return [column.then_by(_by_name) for column in columns]

    def _created(self, volume: Volume) -> Cell:
        return (ago(self.now() - volume.created) if volume.created else "unknown"), "muted"

    def _size(self, volume: Volume) -> Cell:
        known = self.size_of(volume.name)
        return ("", "muted") if known is None else (size(known), "" if known else "muted")

    def _size_order(self, volume: Volume) -> int:
        known = self.size_of(volume.name)
        return -1 if known is None else known

    def _used(self, volume: Volume) -> Cell:
        count = self.used_by.get(volume.name, 0)
        return (str(count), "good") if count else ("-", "muted")

    def _used_order(self, volume: Volume) -> int:
        return self.used_by.get(volume.name, 0)


def used_by(container: Container) -> Collection[str]:
    """Return the names of the volumes that a container mounts."""
    return {mount.source for mount in container.mounts if mount.type == "volume"}


def search_text(volume: Volume) -> str:
    """Return what the table's filter looks into: name, driver, project, mount point and labels."""
    labels = " ".join(f"{key}={value}" for key, value in volume.labels.items())
    kind = "anonymous" if volume.anonymous else ""
    return " ".join((volume.name, kind, volume.driver, volume.project, volume.mountpoint, labels))


def _name(volume: Volume) -> Cell:
    return (f"{volume.short_id} anonymous", "muted") if volume.anonymous else (volume.name, "")


def _by_name(volume: Volume) -> tuple[bool, str]:
    return volume.anonymous, volume.name.lower()


def sizes_note(read_at: float | None, problem: str, now: float, *, reading: bool) -> Cell:
    """Return what the title says of the sizes: how old they are, that they are being counted, or why not."""
    age = f"sizes as of {ago(now - read_at)}" if read_at is not None else ""
    if reading:
        return f"{age}, counting again …" if age else "counting sizes …", "busy"
    if problem:
        return f"{age}; sizes: {problem}" if age else f"sizes: {problem}", "warn"
    return age, "dim"
