"""Things with weights: a bar that shows each one's share, its size, a note and a text, with a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message

from widgets.bars import share_bar
from widgets.line_view import MORE, CursorList, Span
from widgets.literal import fit, literal

BAR = 10
SIZE = 8
NOTE = 8
ROOM_FOR_BAR = 56


@dataclass(frozen=True, slots=True)
class Weight:
    """One thing; `tone` colours its note."""

    weight: float
    size: str
    note: str
    text: str
    tone: str = "dim"
    key: int | None = None


class WeightsView(CursorList):
    """Shows weights below each other; their bars are shares of the greatest."""

    class Highlighted(Message):
        """The cursor came to a row."""

        def __init__(self, view: WeightsView, weight: Weight) -> None:
            super().__init__()
            self.view = view
            self.weight = weight

        @property
        def control(self) -> WeightsView:
            return self.view

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._weights: list[Weight] = []

    def set_weights(self, weights: Sequence[Weight]) -> None:
        """Show other things."""
        if list(weights) != self._weights:
            self._weights = list(weights)
            self.rows_changed()

    @property
    def row_count(self) -> int:
        return len(self._weights)

    def row_spans(self, index: int, width: int) -> Sequence[Span]:
        row = self._weights[index]
        spans: list[Span] = []
        taken = SIZE + NOTE + 3
        if width >= ROOM_FOR_BAR:
            greatest = max(weight.weight for weight in self._weights) or 1.0
            spans.append((f" {share_bar(row.weight / greatest, BAR, self.ascii)}", "accent"))
            taken += BAR + 1
        room = max(1, width - taken)
        text = fit(literal(row.text, room * 4 + 4, ascii=self.ascii), room, ellipsis=MORE[self.ascii])
        return [*spans, (f"{row.size:>{SIZE}} ", ""), (f"{row.note:>{NOTE}}  ", row.tone), (text, "")]

    def cursor_moved(self) -> None:
        if self._weights:
            self.post_message(self.Highlighted(self, self._weights[self._cursor]))
