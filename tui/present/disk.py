"""What takes the disk, in words: a line for each kind, and a row for each object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from tui.model.disk import CacheRecord, DiskContainer, DiskImage, DiskKind, DiskObject, DiskUse, DiskVolume
from tui.present.columns import Cell, Column
from tui.present.units import ago, plural, size

NAMES: Mapping[DiskKind, str] = {
    "image": "images", "container": "containers", "volume": "volumes", "build-cache": "build cache",
}  # fmt: skip
"""What each kind is called, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One kind: its bytes (None: not told yet), those that nothing uses, and what else there is to say."""

    kind: DiskKind
    size: int | None
    idle: int | None
    text: str


def summaries(use: DiskUse) -> list[Summary]:
    """Return a summary of each kind."""
    return [Summary(kind, use.size_of(kind), *_told(kind, use)) for kind in NAMES]


def _told(kind: DiskKind, use: DiskUse) -> tuple[int | None, str]:
    objects = use.part(kind)
    if objects is None:
        return None, NAMES[kind]
    users = image_users(use)
    idle = [each for each in objects if not in_use(each, users)]
    freed = sum(alone(each) or 0 for each in idle)
    counted = plural(len(objects), "record" if kind == "build-cache" else kind)
    text = f"{NAMES[kind]}: {counted}, {len(idle)} in use by nothing" if objects else f"{NAMES[kind]}: none"
    if kind == "image" and use.images:
        saved = sum(each.size for each in use.images) - (use.layers_size or 0)
        text += f"; sharing layers saves {size(saved)}" if saved > 0 else ""
    if kind == "container" and objects:
        text = f"{NAMES[kind]}: {counted}, {len(idle)} that do not run; what they wrote"
    if kind == "volume" and (unknown := sum(each.size is None for each in use.volumes or ())):
        text += f"; of {unknown} the driver tells no size"
    if kind == "build-cache" and (shared := sum(each.size for each in use.cache or () if each.shared)):
        text += f"; {size(shared)} more are the images'"
    return freed, text


def image_users(use: DiskUse) -> frozenset[str]:
    """Return the IDs of the images that containers are made from."""
    return frozenset(container.image_id for container in use.containers or ())


def in_use(each: DiskObject, images: Collection[str]) -> bool:
    """Return whether something needs the object; `images` are those that containers are made from."""
    match each:
        case DiskImage():
            return each.id in images or bool(each.users)
        case DiskContainer():
            return each.state not in ("created", "exited", "dead")
        case DiskVolume():
            return each.users != 0
        case CacheRecord():
            return each.in_use or each.shared


def alone(each: DiskObject) -> int | None:
    """Return the bytes that go with the object alone; None where that is not known."""
    match each:
        case DiskImage():
            return each.unique
        case CacheRecord():
            return 0 if each.shared else each.size
        case DiskContainer() | DiskVolume():
            return each.size


@dataclass(frozen=True, slots=True)
class DiskRow:
    """A row of the table: an object, and what uses it in words."""

    kind: DiskKind
    id: str
    name: str
    size: int | None
    alone: int | None
    use: str
    tone: str
    created: float | None
    used: float | None


def rows_of(use: DiskUse, kinds: Sequence[DiskKind]) -> dict[str, DiskRow]:
    """Return the objects of these kinds as rows by their keys."""
    users = image_users(use)
    found: dict[str, DiskRow] = {}
    for kind in kinds:
        for each in use.part(kind) or ():
            row = _row(kind, each, users)
            found[f"{kind} {row.id}"] = row
    return found


def _row(kind: DiskKind, each: DiskObject, users: Collection[str]) -> DiskRow:
    match each:
        case DiskImage():
            used = in_use(each, users)
            words = "containers" if used else "nothing" if each.tags else "nothing, no tag"
            tone, when = ("good" if used else "warn"), None
            return DiskRow(kind, each.id, each.name, each.size, each.unique, words, tone, each.created, when)
        case DiskContainer():
            tone = "good" if each.state == "running" else "muted"
            words = each.status or each.state
            return DiskRow(kind, each.id, each.name, each.size, each.size, words, tone, each.created, None)
        case DiskVolume():
            words = "not told" if each.users is None else plural(each.users, "container") if each.users else "nothing"
            name = f"{each.name[:12]} anonymous" if each.anonymous else each.name
            tone = "good" if each.users else "warn"
            return DiskRow(kind, each.name, name, each.size, each.size, words, tone, each.created, None)
        case CacheRecord():
            words = "a build" if each.in_use else "an image" if each.shared else f"used {each.uses} times"
            tone = "good" if each.in_use or each.shared else "muted"
            name = each.description or each.id
            return DiskRow(kind, each.id, name, each.size, alone(each), words, tone, each.created, each.used)


def columns(now: Callable[[], float]) -> Sequence[Column[DiskRow]]:
    """Return the table's columns; `now` is seconds since the epoch."""

    def when(moment: float | None) -> Cell:
        return (ago(now() - moment), "muted") if moment else ("", "muted")

    made: tuple[Column[DiskRow], ...] = (
        Column("name", "NAME", 30, lambda r: (r.name, ""), lambda r: r.name.lower(), min_width=14, flex=3,
               priority=100),
        Column("kind", "KIND", 11, lambda r: (r.kind.replace("-", " "), "muted"), lambda r: r.kind, priority=60),
        Column("size", "SIZE", 8, lambda r: bytes_cell(r.size), lambda r: -1 if r.size is None else r.size,
               align="right", priority=95),
        Column("alone", "ALONE", 8, lambda r: bytes_cell(r.alone), lambda r: -1 if r.alone is None else r.alone,
               align="right", priority=90),
        Column("use", "IN USE BY", 18, lambda r: (r.use, r.tone), lambda r: r.use, min_width=10, flex=1, priority=80),
        Column("created", "CREATED", 9, lambda r: when(r.created), lambda r: r.created or 0.0, align="right",
               priority=70),
        Column("used", "LAST USED", 9, lambda r: when(r.used), lambda r: r.used or 0.0, align="right", priority=50),
    )  # fmt: skip
    return [column.then_by(lambda row: row.name) for column in made]


def bytes_cell(count: int | None) -> Cell:
    """Return a cell with a size, or one that says that it is not told."""
    return ("not told", "muted") if count is None else (size(count), "" if count else "muted")


def search_text(row: DiskRow) -> str:
    """Return what the table's filter looks into."""
    return f"{row.kind} {row.name} {row.id} {row.use}"
