"""What a row of the images table says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from tui.model.containers import Container
from tui.model.images import Image
from tui.present.columns import Cell, Column
from tui.present.references import shorter_reference
from tui.present.units import ago, size


class ImageRows(msgspec.Struct):
    """The side data that cells are made of: the clock (seconds since the epoch) and each image's containers."""

    now: Callable[[], float]
    used_by: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])
    ascii: bool = False
    is_newer: Callable[[Image], bool] = lambda _image: False
    """Whether a registry is known to have another image under a tag of this one."""

    def columns(self) -> Sequence[Column[Image]]:
        """Return the table's columns, in their order."""
        columns: tuple[Column[Image], ...] = (
            Column("tag", "REPOSITORY:TAG", 36, self._tag, _tag_order, min_width=18, flex=3, priority=100,
                   shorter=shorter_reference),
            Column("id", "IMAGE ID", 12, _id, lambda i: i.short_id, priority=60),
            Column("created", "CREATED", 9, self._created, lambda i: i.created, align="right", priority=80),
            Column("size", "SIZE", 8, _size, lambda i: i.size, align="right", priority=90),
            Column("shared", "SHARED", 8, _shared, lambda i: i.shared_size or -1, align="right", priority=20),
            Column("used", "USED BY", 8, self._used, self._used_order, align="right", priority=70),
            Column("more", "OTHER TAGS", 18, _more, lambda i: len(i.tags), flex=2, priority=30),
        )  # fmt: skip
        return [column.then_by(_tag_order) for column in columns]

    def _tag(self, image: Image) -> Cell:
        if not image.tags:
            return "<none> dangling", "warn"
        mark = ("  ^ newer" if self.ascii else "  ↑ newer") if self.is_newer(image) else ""
        return f"{image.tags[0]}{mark}", "info" if mark else ""

    def _created(self, image: Image) -> Cell:
        return (ago(self.now() - image.created), "muted") if image.created > 0 else ("unknown", "muted")

    def _used(self, image: Image) -> Cell:
        count = self.used_by.get(image.id, 0)
        return (str(count), "good") if count else ("-", "muted")

    def _used_order(self, image: Image) -> int:
        return self.used_by.get(image.id, 0)


def used_by(container: Container) -> Sequence[str]:
    """Return the ID of the image that a container uses."""
    return (container.image_id,)


def search_text(image: Image) -> str:
    """Return what the table's filter looks into: tags, ID, digests and labels."""
    labels = " ".join(f"{key}={value}" for key, value in image.labels.items())
    return " ".join((*image.tags, "" if image.tags else "dangling <none>", image.short_id, *image.digests, labels))


def _tag_order(image: Image) -> tuple[bool, str]:
    return image.dangling, image.tags[0] if image.tags else image.id


def _id(image: Image) -> Cell:
    return image.short_id, "muted"


def _size(image: Image) -> Cell:
    return size(image.size), ""


def _shared(image: Image) -> Cell:
    return (size(image.shared_size), "muted") if image.shared_size is not None else ("", "")


def _more(image: Image) -> Cell:
    return ", ".join(image.tags[1:]), "muted"
