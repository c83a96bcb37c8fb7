"""Where the columns of a live table stand: which fit, how wide, and what a column is."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison

T_contra = TypeVar("T_contra", contravariant=True)

Cell = tuple[str, str]
"""A text, and the tone that says what it means: "", muted, good, warn, bad, busy, accent, info or head."""

TONES = ("muted", "good", "warn", "bad", "busy", "accent", "info", "head")

GAP = 1
"""Cells between two columns."""

GUTTER = 2
"""Cells for the mark and the gap after it."""

FOLDED, UNFOLDED = ("▸ ", "> "), ("▾ ", "v ")
"""What stands before the name of a group of rows, and that in ASCII."""

INDENT = "  "
"""What stands before the name of a row in a group."""


class Column(Protocol[T_contra]):
    """What a live table needs to know of a column; any object with these read-only attributes will do."""

    @property
    def key(self) -> str:
        """Names the column among the others."""
        ...

    @property
    def title(self) -> str:
        """What the header says."""
        ...

    @property
    def width(self) -> int:
        """The width in cells that shows most values whole."""
        ...

    @property
    def min_width(self) -> int:
        """The width in cells below which the column is dropped."""
        ...

    @property
    def flex(self) -> int:
        """Its share of the width that is left over; 0 for none."""
        ...

    @property
    def align(self) -> Literal["left", "right"]:
        """Which side of the cell the text stands at."""
        ...

    @property
    def priority(self) -> int:
        """Columns with the lowest number are dropped first when the width is short."""
        ...

    @property
    def shorter(self) -> Callable[[str, int, str], Iterable[str]] | None:
        """What says a text that does not fit in ever shorter ways, given it, the width and the sign of a cut.

        The first that fits is drawn, else the last without its end. None where the end is what tells least.
        """
        ...

    def cell(self, row: T_contra) -> Cell:
        """What to draw for a row."""
        ...

    def sort_key(self, row: T_contra) -> "SupportsRichComparison":
        """What to order a row by; any two of a column compare."""
        ...


class Placed(NamedTuple):
    """A column that fits: its position among all the columns, and the cells it takes."""

    column: int
    x: int
    width: int


def place(columns: Sequence[Column[Any]], width: int) -> tuple[Placed, ...]:
    """The columns that fit into `width` cells, gutter included, from left to right.

    Columns of the lowest priority are dropped, the rightmost first, until the rest have their minimum; the best one
    stays at any width. What is left goes to the most important ones until each has its preferred width, and then to
    those with flex.
    """
    room = width - GUTTER
    kept = sorted(range(len(columns)), key=lambda index: (-columns[index].priority, index))
    while len(kept) > 1 and _least(columns, kept) > room:
        kept.pop()
    if not kept or room <= 0:
        return ()
    widths = {index: min(columns[index].min_width, room) for index in kept}
    spare = room - sum(widths.values()) - GAP * (len(kept) - 1)
    for index in kept:
        more = max(0, min(spare, columns[index].width - widths[index]))
        widths[index] += more
        spare -= more
    _share(columns, widths, max(0, spare))
    placed: list[Placed] = []
    x = GUTTER
    for index in sorted(kept):
        placed.append(Placed(index, x, widths[index]))
        x += widths[index] + GAP
    return tuple(placed)


def _least(columns: Sequence[Column[Any]], kept: Sequence[int]) -> int:
    return sum(columns[index].min_width for index in kept) + GAP * (len(kept) - 1)


def _share(columns: Sequence[Column[Any]], widths: dict[int, int], spare: int) -> None:
    """Divide the spare width by flex, without losing a cell to rounding."""
    total = sum(columns[index].flex for index in widths)
    for index in widths:
        if flex := columns[index].flex:
            more = spare * flex // total
            widths[index] += more
            spare -= more
            total -= flex


def thumb(height: int, total: int, top: int) -> range:
    """The lines of a scrollbar of `height` lines that its thumb takes; empty when everything fits."""
    if total <= height or height <= 0:
        return range(0)
    size = max(1, height * height // total)
    start = round(top * (height - size) / (total - height))
    return range(start, start + size)
