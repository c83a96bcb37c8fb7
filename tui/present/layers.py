"""What the layers screen says: the rows of the stack, and the totals of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.model.file_tree import ROOT, Change, FileTree
from tui.model.images import HistoryEntry
from tui.model.layers import ImageLayers, instruction_of
from tui.model.times import parse_time
from tui.present.units import plural, size, stamp

Span = tuple[str, str]

MUCH_WASTE = 0.05
"""The share of an image from which its waste is shown as a warning."""


@dataclass(frozen=True, slots=True)
class StackRow:
    """One entry of an image's history. `size` is bytes, `created` seconds since the epoch; None: unknown."""

    instruction: str
    size: int
    empty: bool
    created: float | None = None
    created_by: str = ""
    comment: str = ""
    diff_id: str = ""
    digest: str = ""
    blob_size: int = 0
    image_id: str = ""


def history_rows(entries: Sequence[HistoryEntry]) -> list[StackRow]:
    """Return the daemon's history, the oldest entry first. What has no size is taken for empty, as nothing tells."""
    return [
        StackRow(
            words_of(entry.created_by, entry.comment),
            entry.size,
            not entry.size,
            float(entry.created) if entry.created > 0 else None,
            entry.created_by,
            entry.comment,
            image_id=entry.id if entry.id.startswith("sha256:") else "",
        )
        for entry in reversed(entries)
    ]


def image_rows(image: ImageLayers, known: Sequence[StackRow]) -> list[StackRow]:
    """Return the rows of an image whose archive was read; `known` are those of the daemon's history, for their IDs."""
    count = len(image.layers)
    ids = [row.image_id for row in known] if len(known) == count else [""] * count
    return [
        StackRow(
            words_of(layer.created_by, layer.comment),
            layer.size,
            layer.empty,
            parse_time(layer.created),
            layer.created_by,
            layer.comment,
            layer.diff_id,
            layer.digest,
            layer.blob_size,
            image_id,
        )
        for layer, image_id in zip(image.layers, ids, strict=True)
    ]


def words_of(created_by: str, comment: str = "") -> str:
    """Return a history entry in Dockerfile words on one line; an import may have nothing but a comment."""
    return " ".join(instruction_of(created_by).split()) or " ".join(comment.split()) or "(no instruction)"


def row_details(row: StackRow, number: int) -> str:
    """Return all that is known of an entry of the history, as lines."""
    facts = [
        ("layer", f"{number}{', metadata only' if row.empty else ''}"),
        ("size", f"{size(row.size)} ({row.size:,} bytes)"),
        ("created", stamp(row.created) if row.created is not None else ""),
        ("comment", row.comment),
        ("diff ID", row.diff_id),
        ("blob", f"{row.digest} ({size(row.blob_size)})" if row.digest else ""),
        ("image ID", row.image_id),
    ]
    lines = [f"{name:<10}{value}" for name, value in facts if value]
    return "\n".join([*lines, "", *(instruction_of(row.created_by) or row.instruction).splitlines()])


@dataclass(frozen=True, slots=True)
class Totals:
    """What the header says of an image: bytes of all layers' files, bytes that later layers hide, and counts."""

    size: int
    waste: int
    files: int
    layers: int

    @property
    def share(self) -> float:
        """The part of the image that is waste, 0 to 1."""
        return self.waste / self.size if self.size else 0.0

    def spans(self) -> list[Span]:
        """Return the totals in words."""
        waste = f"{size(self.waste)} ({self.share:.0%})" if self.waste else "none"
        return [
            (size(self.size), "number"),
            (f"  {plural(self.layers, 'layer')}  {self.files:,} {'file' if self.files == 1 else 'files'}", ""),
            ("  waste ", "dim"),
            (f"{waste} ", "warn" if self.share >= MUCH_WASTE else ""),
        ]


def totals_of(image: ImageLayers, whole: FileTree) -> Totals:
    """Return an image's totals; `whole` is the view of its last layer."""
    layers = sum(not layer.empty for layer in image.layers)
    return Totals(image.size, image.waste(whole), whole.file_count(ROOT), layers)


@dataclass(frozen=True, slots=True)
class Wasted:
    """A path of which later layers hide `size` bytes; `layer` is the number of the last one that brought them."""

    path: str
    size: int
    layer: int
    times: int

    @property
    def words(self) -> str:
        """How much it is and where it comes from."""
        brought = "brought by" if self.times == 1 else f"brought {self.times} times, last by"
        return f"{size(self.size)}, {brought} layer {self.layer + 1}"


def wasted_files(image: ImageLayers, whole: FileTree, most: int = 200) -> list[Wasted]:
    """Return the files that later layers rewrite or delete, the greatest waste first.

    `whole` is the view of the last layer. Takes some seconds for a million paths.
    """
    found: dict[str, Wasted] = {}
    for number, layer in enumerate(image.layers):
        tree = layer.tree
        places: list[int | None] = [ROOT] * len(tree)
        for node in range(1, len(tree)):  # parents stand before their children
            above = places[tree.parent(node)]
            place = places[node] = None if above is None else whole.child(above, tree.name_bytes(node))
            length = tree.size(node)
            if not length or _is_seen(whole, place, number):
                continue
            path = tree.path(node)
            before = found.get(path, Wasted(path, 0, 0, 0))
            found[path] = Wasted(path, before.size + length, number, before.times + 1)
    return sorted(found.values(), key=lambda wasted: (-wasted.size, wasted.path))[:most]


def _is_seen(whole: FileTree, place: int | None, number: int) -> bool:
    """Whether what a layer brings is what the whole image has at that place."""
    return place is not None and whole.layer[place] == number and whole.change[place] != Change.REMOVED
