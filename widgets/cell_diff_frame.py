"""A frame of terminal cells: as it should be, as the terminal shows it, and the bytes from one to the other."""

from collections.abc import Iterator
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes
from rich.color import Color, ColorSystem
from rich.style import Style
from textual.strip import Strip

from widgets.literal import one_cell_each

GAP = 4
"""Unchanged cells in a row that are written again rather than jumped over: a jump costs as many bytes."""

CLUSTER = 32
"""Code points kept in a cell; no character that is meant to be read needs more."""

_STYLES_KEPT = 4096
_PLAIN = 0
_UNKNOWN = "\0"
_NO_LOOK = -1

_ATTRIBUTES = (
    ("bold", "1"),
    ("dim", "2"),
    ("italic", "3"),
    ("underline", "4"),
    ("blink", "5"),
    ("blink2", "6"),
    ("reverse", "7"),
    ("conceal", "8"),
    ("strike", "9"),
    ("underline2", "21"),
    ("frame", "51"),
    ("encircle", "52"),
    ("overline", "53"),
)
"""Rich's attributes and their SGR parameters (ECMA-48, 8.3.117)."""

Look = tuple[tuple[str, ...], str, str]
"""SGR parameters: of the attributes, of the colour, of the background; empty for the terminal's default."""


class Looks:
    """Numbers for the looks that styles have in one colour system, and the escapes between any two. 0 is plain."""

    def __init__(self, system: ColorSystem | None) -> None:
        self._system = system
        self._ids: dict[Style | None, int] = {None: _PLAIN}
        self._looks: list[Look] = [((), "", "")]
        self._numbers: dict[Look, int] = {self._looks[0]: _PLAIN}
        self._changes: dict[tuple[int, int], str] = {}

    def number(self, style: Style | None) -> int:
        """The number of a style's look. A link is not part of it: no frame ever holds one."""
        found = self._ids.get(style)
        if found is None:
            if len(self._ids) > _STYLES_KEPT:
                self._ids.clear()
            found = self._ids[style] = self._of(style)
        return found

    def _of(self, style: Style | None) -> int:
        if style is None:
            return _PLAIN
        attributes = tuple(code for name, code in _ATTRIBUTES if getattr(style, name))
        look = attributes, self._colour(style.color, True), self._colour(style.bgcolor, False)
        number = self._numbers.get(look)
        if number is None:
            number = self._numbers[look] = len(self._looks)
            self._looks.append(look)
        return number

    def _colour(self, colour: Color | None, foreground: bool) -> str:
        if colour is None or self._system is None or colour.is_default:
            return ""
        return ";".join(colour.downgrade(self._system).get_ansi_codes(foreground))

    def change(self, old: int, new: int) -> str:
        """The shortest SGR sequence from one look to another."""
        found = self._changes.get((old, new))
        if found is None:
            if len(self._changes) > _STYLES_KEPT:
                self._changes.clear()
            found = self._changes[old, new] = self._sequence(self._looks[old], self._looks[new])
        return found

    @staticmethod
    def _sequence(old: Look, new: Look) -> str:
        attributes, colour, background = new
        afresh = ";".join(["", *attributes, *filter(None, (colour, background))])
        if set(old[0]) <= set(attributes):
            parts = [code for code in attributes if code not in old[0]]
            if colour != old[1]:
                parts.append(colour or "39")
            if background != old[2]:
                parts.append(background or "49")
            onwards = ";".join(parts)
            if parts and len(onwards) < len(afresh):
                return f"\x1b[{onwards}m"
        return f"\x1b[{afresh}m"


def _is_flag_letter(cell: str) -> bool:
    """Whether this is a regional indicator: two of them are a flag of 2 cells, one alone takes 1 or 2."""
    return "\U0001f1e6" <= cell <= "\U0001f1ff"


@lru_cache(4096)
def cells_of(text: str) -> tuple[str, tuple[str, ...]]:
    """A text cell by cell: a wide character is followed by an empty string, marks stay with what they sit on.

    What would steer the terminal is replaced. Returns the marks that have nothing in the text to sit on, and the cells.
    """
    text = one_cell_each(text)
    cells: list[str] = []
    marks = ""
    lead = -1
    for start, end, size in split_graphemes(text)[0]:
        if size == 1 and cells and _is_flag_letter(cells[-1]) and _is_flag_letter(text[start:end]):
            cells[lead] += text[start:end]
            cells.append("")
        elif size:
            lead = len(cells)
            cells += [text[start:end][:CLUSTER], *[""] * (size - 1)]
        elif cells:
            cells[lead] = (cells[lead] + text[start:end])[:CLUSTER]
        else:
            marks += text[start:end]
    return marks, tuple(cells)


@lru_cache(4096)
def unsure_width(cell: str) -> int:
    """The most cells that a terminal may take for a character; 0 when all terminals agree.

    They disagree on emoji, and on clusters: joined emoji, flags, selectors and marks.
    """
    if len(cell) > 1 or _is_flag_letter(cell):
        return max(cell_len(cell), sum(2 if _is_flag_letter(character) else cell_len(character) for character in cell))
    size = cell_len(cell)
    return size if cell >= "\U0001f000" or (size == 2 and "\u2300" <= cell < "\u2e80") else 0


class CellFrame:
    """What a terminal of a given size should show and what it shows, cell by cell."""

    def __init__(self, width: int, height: int, system: ColorSystem | None) -> None:
        self.width, self.height = width, height
        self.complete = False
        """Whether all of the frame was ever put; cells that were not are not written."""
        self.urgent = False
        """Whether what is put now comes first when not all can be written at once."""
        self._looks = Looks(system)
        self._text = [[_UNKNOWN] * width for _ in range(height)]
        self._look = [[_NO_LOOK] * width for _ in range(height)]
        self._seen_text = [[_UNKNOWN] * width for _ in range(height)]
        self._seen_look = [[_NO_LOOK] * width for _ in range(height)]
        self._strips: list[dict[int, Strip]] = [{} for _ in range(height)]
        self._dirty: dict[int, tuple[int, int]] = {}
        self._urgent_rows: set[int] = set()

    @property
    def is_dirty(self) -> bool:
        """Whether something may differ from what the terminal shows."""
        return bool(self._dirty)

    def forget(self) -> None:
        """Take what the terminal shows for unknown: the next `changes` write all that was ever put."""
        self._seen_text = [[_UNKNOWN] * self.width for _ in range(self.height)]
        self._seen_look = [[_NO_LOOK] * self.width for _ in range(self.height)]
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
        pen = _Pen(self._looks)
        runs: list[_Run] = []
        for y, low, high in self._due(limit):
            if self._is_sure(y, low, high):
                runs += self._runs(y, low, high)
            else:
                self._write_row(pen, y, low, high)
        in_order = self._written(pen, runs, cursor)
        by_look = self._written(pen, sorted(runs, key=attrgetter("look")), cursor)
        return min(in_order, by_look, key=len)

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

    def _written(self, pen: "_Pen", runs: list["_Run"], cursor: tuple[int, int] | None) -> str:
        """What a pen writes for runs of characters of sure width."""
        pen = pen.copy()
        for y, x, end, look in runs:
            pen.move(y, x)
            pen.write(self._text[y][x:end], look, self.width - x)
        return pen.finish(cursor)

    def _write_row(self, pen: "_Pen", y: int, x: int, high: int) -> None:
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


class _Pen:
    """Collects what to write, and knows where the terminal's cursor is and in which look it writes."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._out: list[str] = []
        self._look = _PLAIN
        self._at: tuple[int, int] | None = None
        self.spoilt = 0
        """How many cells from the last position `write` may have drawn over, beyond those that it was given."""

    def copy(self) -> "_Pen":
        """Another pen that has written the same."""
        other = _Pen(self._looks)
        other._out, other._look, other._at = [*self._out], self._look, self._at
        return other

    def move(self, y: int, x: int) -> None:
        """Go to a cell."""
        if self._at == (y, x):
            return
        if self._at is not None and self._at[0] == y and self._at[1] < x:
            steps = x - self._at[1]
            self._out.append(f"\x1b[{steps}C" if steps > 1 else "\x1b[C")
        else:
            self._out.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
        self._at = y, x

    def write(self, cells: list[str], look: int, room: int) -> int:
        """Write cells where `move` went, up to the first whose width is unsure; returns how many they were.

        `room` is the number of cells up to the right edge.
        """
        if look != self._look:
            self._out.append(self._looks.change(self._look, look))
            self._look = look
        self.spoilt = 0
        text = "".join(cells)
        if not text.isascii():
            for index, cell in enumerate(cells):
                if cell and (most := unsure_width(cell)):
                    own = 2 if cells[index + 1 : index + 2] == [""] else 1
                    self._out.append("".join(cells[:index]))
                    self._write_unsure(cell, own, index, most <= room - index)
                    self.spoilt = index + most
                    return index + own
        self._out.append(text)
        y, x = self._at or (0, 0)
        self._at = (y, x + len(cells)) if len(cells) < room else None  # at the right edge, terminals differ
        return len(cells)

    def _write_unsure(self, cell: str, own: int, index: int, fits: bool) -> None:
        """Write a character of unsure width, so many cells on; its cells are blanked first, should it be narrower."""
        if not fits:
            cell = cell[0] if cell_len(cell[0]) == own else " " * own
        if own == 2:
            column = (self._at or (0, 0))[1] + index
            self._out.append(f"  \x1b[{column + 1}G")  # not by steps back: after the last column, terminals differ
        self._out.append(cell)
        self._at = None

    def finish(self, cursor: tuple[int, int] | None) -> str:
        """All that was collected, with the look reset and the cursor placed; empty when there was nothing."""
        if not self._out:
            return ""
        if self._look != _PLAIN:
            self._out.append("\x1b[m")
        if cursor is not None:
            self.move(cursor[1], cursor[0])
        return "".join(self._out)
