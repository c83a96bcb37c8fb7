"""A column of a table: how wide it is, what a row says in it, and how rows are ordered by it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Generic, Literal, TypeVar

import msgspec

T = TypeVar("T")
Cell = tuple[str, str]
"""Text as it came (the widget makes it safe), and a tone: "", muted, good, warn, bad, busy, accent or info."""


class Column(msgspec.Struct, Generic[T], frozen=True):
    """Widths are terminal cells; `flex` shares out spare ones; the lowest `priority` is dropped first.

    A `min_width` of 0 stands for `width`: the column is never squeezed.
    """

    key: str
    title: str
    width: int
    render: Callable[[T], Cell]
    order: Callable[[T], Any]
    min_width: int = 0
    flex: int = 0
    align: Literal["left", "right"] = "left"
    priority: int = 50
    shorter: Callable[[str, int, str], Iterable[str]] | None = None
    """Given a cell's text, the width and the sign of a cut, ever shorter texts; None where only the end is cut off."""

    def __post_init__(self) -> None:
        if not self.min_width:
            msgspec.structs.force_setattr(self, "min_width", self.width)

    def then_by(self, order: Callable[[T], Any]) -> Column[T]:
        """Return the column with its ties put in an order that means something to a reader."""
        first = self.order

        def both(row: T) -> tuple[Any, Any]:
            return first(row), order(row)

        return msgspec.structs.replace(self, order=both)

    def cell(self, row: T) -> Cell:
        """Return what the row says here."""
        return self.render(row)

    def sort_key(self, row: T) -> Any:
        """Return what rows are compared by; of one type for all rows."""
        return self.order(row)


def sort_options(columns: Sequence[Column[Any]], sorted_by: str | None) -> list[tuple[str, str, str]]:
    """Return the columns that a table can be sorted by as choices: key, label, and a word on the one that sorts now."""
    return [
        (column.key, column.title.lower(), "sorted by this: turns it round" if column.key == sorted_by else "")
        for column in columns
    ]


def sort_after(chosen: str, now: tuple[str | None, bool], greatest: Collection[str] = ()) -> tuple[str | None, bool]:
    """Return the column to sort by, and whether from the greatest to the least, once one was chosen.

    `now` is the same before: the column that sorts already is turned round. `greatest` are those that begin with the
    greatest. An empty choice sorts by none.
    """
    key, descending = now
    return chosen or None, not descending if chosen == key else chosen in greatest
