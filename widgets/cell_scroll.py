"""Finds what only moved up or down in a frame: the terminal can move it by itself, for a few bytes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import ne
from typing import NamedTuple

from widgets.cell_looks import PLAIN

FEWEST_ROWS = 3
"""Rows that have to differ before it is worth looking."""

ROW_COST = 8
"""Bytes that it takes to come to a row and to have its look."""

WORTH = 48
"""Bytes that a move has to save: it costs some twenty, and what it moves wrongly is written again."""

EDGE = 2
"""Cells at the right that don't count for a row to be known again: a scrollbar stays where it is."""

BLANK = " "


class Scroll(NamedTuple):
    """Rows from `top` to `bottom`, both in it, move up by `up` rows (down when negative); blank ones follow them."""

    top: int
    bottom: int
    up: int


class Cells(NamedTuple):
    """Rows of cells: their characters, and the numbers of their looks."""

    text: list[list[str]]
    look: list[list[int]]

    def scrolled(self, scroll: Scroll) -> "Cells":
        """Return the rows from `top` to `bottom` as they are after the move."""
        top, bottom, up = scroll
        width = len(self.text[top])
        count = min(abs(up), bottom - top + 1)
        text, look = self.text[top : bottom + 1], self.look[top : bottom + 1]
        blank, plain = [[BLANK] * width for _ in range(count)], [[PLAIN] * width for _ in range(count)]
        if up > 0:
            return Cells(text[count:] + blank, look[count:] + plain)
        return Cells(blank + text[: len(text) - count], plain + look[: len(look) - count])


def find_scroll(wanted: Cells, seen: Cells, rows: Iterable[int]) -> Scroll | None:
    """Return the move that saves most of what is to be written in these rows; None where none is worth it."""
    differing = [y for y in rows if wanted.text[y] != seen.text[y]]
    if len(differing) < FEWEST_ROWS:
        return None
    origins = _unique(seen.text, differing)
    moves = [(y, origins[key]) for key, y in _unique(wanted.text, differing).items() if key in origins]
    if not moves:
        return None
    up, votes = Counter(origin - y for y, origin in moves).most_common(1)[0]
    if up == 0 or votes < 2:
        return None
    rows_moved = [row for y, origin in moves if origin - y == up for row in (y, origin)]
    scroll = Scroll(min(rows_moved), max(rows_moved), up)
    return scroll if _saved(wanted, seen, scroll) >= WORTH else None


def _unique(text: Sequence[Sequence[str]], rows: Iterable[int]) -> dict[str, int]:
    """The rows by what stands in them, of those that no other is equal to."""
    found: dict[str, int] = {}
    doubled: set[str] = set()
    for y in rows:
        key = "".join(text[y][:-EDGE])
        if key in found:
            doubled.add(key)
        found[key] = y
    return {key: y for key, y in found.items() if key not in doubled and not key.isspace()}


def _saved(wanted: Cells, seen: Cells, scroll: Scroll) -> int:
    """About how many bytes less have to be written after the move."""
    rows = slice(scroll.top, scroll.bottom + 1)
    whole = Cells(wanted.text[rows], wanted.look[rows])
    return _cost(whole, Cells(seen.text[rows], seen.look[rows])) - _cost(whole, seen.scrolled(scroll))


def _cost(wanted: Cells, seen: Cells) -> int:
    """About how many bytes it takes to write what differs: the cells, and for each row the way there and a look."""
    total = 0
    for text, seen_text, look, seen_look in zip(wanted.text, seen.text, wanted.look, seen.look, strict=True):
        if cells := max(sum(map(ne, text, seen_text)), sum(map(ne, look, seen_look))):
            total += cells + ROW_COST
    return total
