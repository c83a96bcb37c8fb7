"""A frame of terminal cells: as it should be, as the terminal shows it, and the bytes from one to the other."""

from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from rich.color import ColorSystem
from textual.strip import Strip

from widgets.cell_looks import Looks
from widgets.cell_pen import CLUSTER, Pen, cells_of, unsure_width
from widgets.cell_scroll import Cells, find_scroll

GAP = 4
"""Unchanged cells in a row that are written again rather than jumped over: a jump costs as many bytes."""

_UNKNOWN = "\0"
_NO_LOOK = -1


class CellFrame:
    """What a terminal of a given size should show and what it shows, cell by cell."""

    def __init__(self, width: int, height: int, system: ColorSystem | None) -> None:
        self.width, self.height = width, height
        self.complete = False
        """Whether all of the frame was ever put; cells that were not are not written."""
        self.urgent = False
        """Whether what is put now comes first when not all can be written at once."""
        self._looks = Looks(system)
        self._text, self._look = _unknown(width, height)
        self._seen_text, self._seen_look = _unknown(width, height)
        self._strips: list[dict[int, Strip]] = [{} for _ in range(height)]
        self._dirty: dict[int, tuple[int, int]] = {}
        self._urgent_rows: set[int] = set()

    @property
    def is_dirty(self) -> bool:
        """Whether something may differ from what the terminal shows."""
        return bool(self._dirty)

    def forget(self) -> None:
        """Take what the terminal shows for unknown: the next `changes` write all that was ever put."""
        self._seen_text, self._seen_look = _unknown(self.width, self.height)
        self._dirty = dict.fromkeys(range(self.height), (0, self.width))
        self._urgent_rows.clear()

    # What it should show

    def put(self, y: int, x: int, strip: Strip) -> None:
        """Put a strip into the frame; what sticks out of the frame, or of the strip's own length, is cut."""
        if not 0 <= y < self.height or not 0 <= x < self.width:
            return
        known = self._strips[y]
        if known.get(x) is strip:
            return
        end = min(self.width, x + strip.cell_length)
        for start in [start for start, old in known.items() if start < end and x < start + old.cell_length]:
            del known[start]
        known[x] = strip
        first = x
        for text, style, control in strip:
            if control or not text:
                continue
            if x >= end:
                break
            if text.isascii() and text.isprintable():
                cells = list(text[: end - x])
            else:
                marks, whole = cells_of(text)
                cells = _cut(whole, end - x)
                if marks and x > first:
                    self._add_marks(y, x - 1, marks)
            if cells:
                x = self._write(y, x, cells, self._looks.number(style))

    def _write(self, y: int, x: int, cells: list[str], look: int) -> int:
        """Write cells of one look into a row; returns where they end. Halves of wide characters become blanks."""
        row, looks = self._text[y], self._look[y]
        end = x + len(cells)
        same_look = [look] * len(cells)
        if row[x:end] == cells and looks[x:end] == same_look:
            return end
        low, high = x, end
        if row[x] == "":
            low = x - 1
            row[low] = " "
        if end < self.width and row[end] == "":
            row[end] = " "
            high = end + 1
        row[x:end] = cells
        looks[x:end] = same_look
        self._touch(y, low, high)
        return end

    def _add_marks(self, y: int, x: int, marks: str) -> None:
        """Put marks on a character that is already in the frame: a segment may begin between the two."""
        row = self._text[y]
        if row[x] == "":
            x -= 1
        row[x] = (row[x] + marks)[:CLUSTER]
        self._touch(y, x, x + 1)

    def _touch(self, y: int, low: int, high: int) -> None:
        old_low, old_high = self._dirty.get(y, (low, high))
        self._dirty[y] = min(low, old_low), max(high, old_high)
        if self.urgent:
            self._urgent_rows.add(y)

    # What to write

    def changes(self, cursor: tuple[int, int] | None = None, limit: int | None = None) -> str:
        """What to write so that the terminal shows the frame; from then on that is taken for done.

        With `cursor` (x, y), the terminal's cursor is left there. With `limit`, whole rows up to about so many bytes
        are written, those first that were put as urgent, then those that have waited longest; call it again for more.
        Empty when nothing differs.
        """
        pen = Pen(self._looks)
        self._scroll(pen)
        runs: list[_Run] = []
        for y, low, high in self._due(limit):
            if self._is_sure(y, low, high):
                runs += self._runs(y, low, high)
            else:
                self._write_row(pen, y, low, high)
        in_order = self._written(pen, runs, cursor)
        by_look = self._written(pen, sorted(runs, key=attrgetter("look")), cursor)
        return min(in_order, by_look, key=len)

    def _scroll(self, pen: Pen) -> None:
        """Let the terminal move what only moved, where that saves much; the rows are looked through again after it."""
        # of a frame that was never whole, cells that were not put would be taken for blank ones
        if not self.complete:
            return
        seen = Cells(self._seen_text, self._seen_look)
        found = find_scroll(Cells(self._text, self._look), seen, self._dirty)
        if found is None:
            return
        pen.scroll(*found)
        rows = slice(found.top, found.bottom + 1)
        self._seen_text[rows], self._seen_look[rows] = seen.scrolled(found)
        for y in range(found.top, found.bottom + 1):
            self._dirty[y] = 0, self.width

    def _due(self, limit: int | None) -> list[tuple[int, int, int]]:
        """Take the parts of rows (y, from, up to) that are to be written now, from top to bottom."""
        rows = list(self._dirty)
        if limit is not None:
            rows = sorted(rows, key=lambda y: y not in self._urgent_rows)
            room = limit
            for count, y in enumerate(rows):
                low, high = self._dirty[y]
                room -= self._differing(y, low, high)
                if room <= 0:
                    del rows[count + 1 :]
                    break
        self._urgent_rows.difference_update(rows)
        return [(y, *self._dirty.pop(y)) for y in sorted(rows)]

    def _differing(self, y: int, low: int, high: int) -> int:
        """How many cells in a part of a row differ from what the terminal shows: about the bytes that they cost."""
        text, look, seen, seen_look = self._text[y], self._look[y], self._seen_text[y], self._seen_look[y]
        return sum(text[x] != seen[x] or look[x] != seen_look[x] for x in range(low, high))

    def _is_sure(self, y: int, low: int, high: int) -> bool:
        """Whether all characters in a part of a row have the same width everywhere, so that their order is free."""
        cells = self._text[y][max(0, low - 1) : high]
        return "".join(cells).isascii() or not any(cell and unsure_width(cell) for cell in cells)

    def _runs(self, y: int, x: int, high: int) -> Iterator["_Run"]:
        """The runs of cells that differ in a part of a row, each of one look; they are taken for written."""
        while (x := self._next_change(y, x, high)) < high:
            run = _Run(y, x, self._run_end(y, x, high), self._look[y][x])
            self._take_for_written(y, x, run.end)
            yield run
            x = run.end

    def _written(self, pen: Pen, runs: list["_Run"], cursor: tuple[int, int] | None) -> str:
        """What a pen writes for runs of characters of sure width."""
        pen = pen.copy()
        for y, x, end, look in runs:
            pen.move(y, x)
            pen.write(self._text[y][x:end], look, self.width - x)
        return pen.finish(cursor)

    def _write_row(self, pen: Pen, y: int, x: int, high: int) -> None:
        """Write what differs in a part of a row from left to right, and what a character of unsure width drew over."""
        while (x := self._next_change(y, x, high)) < high:
            pen.move(y, x)
            cells = self._text[y][x : self._run_end(y, x, high)]
            end = x + pen.write(cells, self._look[y][x], self.width - x)
            self._take_for_written(y, x, end)
            spoilt = min(self.width, x + pen.spoilt)
            if spoilt > end:
                self._seen_text[y][end:spoilt] = [_UNKNOWN] * (spoilt - end)
                self._seen_look[y][end:spoilt] = [_NO_LOOK] * (spoilt - end)
                high = max(high, spoilt)
            x = end

    def _next_change(self, y: int, x: int, high: int) -> int:
        """The first cell from x on that differs, or the lead of its wide character; `high` or more when none does."""
        text, look, seen, seen_look = self._text[y], self._look[y], self._seen_text[y], self._seen_look[y]
        while x < high and text[x] == seen[x] and look[x] == seen_look[x]:
            x += 1
        return x - 1 if x < high and text[x] == "" else x

    def _take_for_written(self, y: int, x: int, end: int) -> None:
        self._seen_text[y][x:end] = self._text[y][x:end]
        self._seen_look[y][x:end] = self._look[y][x:end]

    def _run_end(self, y: int, x: int, high: int) -> int:
        """Where the cells end that are written in one go: of one look, up to the last that differs, over short gaps."""
        text, look, seen, seen_look = self._text[y], self._look[y], self._seen_text[y], self._seen_look[y]
        number = look[x]
        end = at = x + 1
        while at < high and look[at] == number:
            if text[at] != seen[at] or seen_look[at] != number:
                end = at + 1
            elif at - end >= GAP:
                break
            at += 1
        while end < self.width and text[end] == "":
            end += 1
        return end


def _unknown(width: int, height: int) -> Cells:
    """Cells of which nothing is known."""
    return Cells([[_UNKNOWN] * width for _ in range(height)], [[_NO_LOOK] * width for _ in range(height)])


def _cut(cells: tuple[str, ...], room: int) -> list[str]:
    """As many cells as there is room for; of a wide character that doesn't fit, a blank."""
    cut = list(cells[:room])
    if room < len(cells) and cells[room] == "":
        cut[-1] = " "
    return cut


class _Run(NamedTuple):
    """Cells of one look that stand side by side, from x up to `end`."""

    y: int
    x: int
    end: int
    look: int
