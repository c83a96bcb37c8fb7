"""What is written to a terminal: moves, looks and characters, in as few bytes as there need be."""

from functools import lru_cache

from rich.cells import cell_len, split_graphemes

from widgets.cell_looks import PLAIN, Looks
from widgets.literal import one_cell_each

CLUSTER = 32
"""Code points kept in a cell; no character that is meant to be read needs more."""


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


class Pen:
    """Collects what to write, and knows where the terminal's cursor is and in which look it writes."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._out: list[str] = []
        self._look = PLAIN
        self._at: tuple[int, int] | None = None
        self.spoilt = 0
        """How many cells from the last position `write` may have drawn over, beyond those that it was given."""

    def copy(self) -> "Pen":
        """Another pen that has written the same."""
        other = Pen(self._looks)
        other._out, other._look, other._at = [*self._out], self._look, self._at
        return other

    def scroll(self, top: int, bottom: int, up: int) -> None:
        """Move the rows from `top` to `bottom` up (down when negative); before anything else is written.

        Margins (DECSTBM), and line feeds or reverse indexes at them: what every terminal since the VT100 knows.
        """
        steps = f"\x1b[{bottom + 1}H" + "\n" * up if up > 0 else f"\x1b[{top + 1}H" + "\x1bM" * -up
        self._out.append(f"\x1b[{top + 1};{bottom + 1}r{steps}\x1b[r")
        self._at = None  # the cursor is at home, or where it was

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
        if self._look != PLAIN:
            self._out.append("\x1b[m")
        if cursor is not None:
            self.move(cursor[1], cursor[0])
        return "".join(self._out)
