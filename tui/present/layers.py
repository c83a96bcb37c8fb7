"""What the layers screen says: the rows of the stack, and the totals of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.model.efficiency import Efficiency, efficiency
from tui.model.file_tree import ROOT, FileTree
from tui.model.images import HistoryEntry
from tui.model.layers import ImageLayers, instruction_of
from tui.model.times import parse_time
from tui.model.waste import Waste, waste_of
from tui.present.units import plural, size, stamp

Span = tuple[str, str]

MUCH_WASTE = 0.05
"""The share of an image from which its waste is shown as a warning."""

GOOD_SCORE = 0.9
"""The efficiency below which it is shown as a warning."""


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
    line: int | None = None
    """The line of the Dockerfile, from 1; None: unknown."""


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
        ("line", f"{row.line} of the Dockerfile" if row.line else ""),
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
    """What the header says of an image: bytes of all layers' files, bytes that later layers hide, counts, a score.

    `score` is the efficiency, 0 to 1, by dive's formula.
    """

    size: int
    waste: int
    files: int
    layers: int
    score: float

    @property
    def share(self) -> float:
        """The part of the image that is waste, 0 to 1."""
        return self.waste / self.size if self.size else 0.0

    def counts(self) -> list[Span]:
        """Return size and numbers in words."""
        files = f"{self.files:,} {'file' if self.files == 1 else 'files'}"
        return [(f" {size(self.size)}", "number"), (f"  {plural(self.layers, 'layer')}  {files} ", "")]

    def verdict(self) -> list[Span]:
        """Return waste and efficiency in words."""
        waste = f"{size(self.waste)} ({self.share:.0%})" if self.waste else "none"
        return [
            (" waste ", "dim"),
            (waste, "warn" if self.share >= MUCH_WASTE else ""),
            ("  efficiency ", "dim"),
            (f"{score_words(self.score)} ", "warn" if self.score < GOOD_SCORE else ""),
        ]


def score_words(score: float) -> str:
    """Return an efficiency as a percentage that says 100% only of what is."""
    return "100%" if score >= 1 else f"{min(score * 100, 99.9):.1f}%"


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that is told of an image as a whole: the files of its last layer's view, what is hidden, the totals."""

    image: ImageLayers
    whole: FileTree
    waste: Waste
    efficiency: Efficiency
    totals: Totals


def analysis_of(image: ImageLayers, whole: FileTree | None = None) -> Analysis:
    """Return the analysis of an image; `whole` is the view of its last layer. Takes seconds for a million paths."""
    if whole is None:
        whole = image.view(len(image.layers) - 1)
    waste = waste_of(image.trees)
    score = efficiency([layer.tree for layer in image.layers if not layer.empty])
    layers = sum(not layer.empty for layer in image.layers)
    totals = Totals(image.size, waste.size, whole.file_count(ROOT), layers, score.score)
    return Analysis(image, whole, waste, score, totals)
