"""A text with numbered lines, of which some carry a mark of how far they are and a note at their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.line_view import MORE, CursorList, Span
from widgets.literal import cells, fit, literal
from widgets.steps_view import LOOKS, State

SHIFT_CELLS = 8
NOTE = 6
WARNED = {False: "⚠", True: "!"}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line; without a `state` it carries no mark."""

    number: int
    spans: tuple[Span, ...]
    state: State | None = None
    note: str = ""
    warned: bool = False


class SourceView(CursorList):
    """Shows lines, with a cursor on one of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "shift(1)", "Scroll right", show=False, id="source.right"),
        Binding("left", "shift(-1)", "Scroll left", show=False, id="source.left"),
    ]

    class Highlighted(Message):
        """The user moved the cursor to a line."""

        def __init__(self, view: SourceView, number: int) -> None:
            super().__init__()
            self.view = view
            self.number = number

        @property
        def control(self) -> SourceView:
            return self.view

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._lines: list[SourceLine] = []
        self._quiet = False

    def set_lines(self, lines: Sequence[SourceLine]) -> None:
        """Show other lines; only those that say something else are painted."""
        before, self._lines = self._lines, list(lines)
        if len(before) != len(self._lines):
            self.rows_changed()
            return
        for y in range(min(self.size.height, len(self._lines) - self._top)):
            if before[self._top + y] != self._lines[self._top + y]:
                self.refresh_row(y)

    def go_to(self, number: int) -> None:
        """Put the cursor on a line, without telling of it, some lines of what follows in view."""
        self._quiet = True
        try:
            self.move_to(number - 1)
        finally:
            self._quiet = False

    @property
    def row_count(self) -> int:
        return len(self._lines)

    def row_spans(self, index: int, width: int) -> Sequence[Span]:
        line = self._lines[index]
        digits = len(str(len(self._lines)))
        glyph, tone = " ", ""
        if line.state is not None:
            glyph, plain, tone = LOOKS[line.state]
            glyph = plain if self.ascii else glyph
        warned = WARNED[self.ascii] if line.warned else " "
        gutter: list[Span] = [(glyph, tone), (warned, "warn"), (f"{line.number:>{digits}} ", "dim")]
        note = NOTE if line.note else 0
        room = max(1, width - digits - 3 - note)
        return [*gutter, *self._part(line.spans, room), *([(fit(line.note, note, "right"), "dim")] if note else [])]

    def _part(self, spans: Sequence[Span], room: int) -> list[Span]:
        """What of a line is in view, exactly `room` cells wide."""
        out: list[Span] = []
        skip, used = self._shift_cells, 0
        for text, tone in spans:
            shown = literal(text, (skip + room) * 4 + 16, ascii=self.ascii)
            if skip:
                dropped = shown[:skip]
                shown, skip = shown[skip:], skip - len(dropped)
            left = room - used
            if cells(shown) > left:
                out.append((fit(shown, left, ellipsis=MORE[self.ascii]), tone))
                return out
            out.append((shown, tone))
            used += cells(shown)
        out.append((" " * (room - used), ""))
        return out

    _shift_cells = 0

    def action_shift(self, direction: int) -> None:
        """Scroll sideways."""
        self._shift_cells = max(0, self._shift_cells + direction * SHIFT_CELLS)
        self.refresh()

    def cursor_moved(self) -> None:
        if not self._quiet and self._lines:
            self.post_message(self.Highlighted(self, self._lines[self._cursor].number))
