"""The steps of some work: state, title and time of each; the cursor goes with the running one until it is moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.bars import duration
from widgets.line_view import MORE, CursorList, Span
from widgets.literal import cells, fit, literal

State = Literal["waiting", "running", "done", "cached", "failed", "cancelled"]

_LOOKS: dict[State, tuple[str, str, str]] = {
    "waiting": ("·", ".", "dim"),
    "running": ("▶", ">", "busy"),
    "done": ("✔", "+", "good"),
    "cached": ("≡", "=", "accent"),
    "failed": ("✗", "x", "bad"),
    "cancelled": ("⊘", "-", "warn"),
}
"""A glyph, its ASCII form and a tone for each state."""

WORD = 9
TIME = 7
ROOM_FOR_WORDS = 48


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `started` and `ended` are in seconds of one clock; `group` is a heading above steps that share it."""

    id: str
    title: str
    state: State = "waiting"
    started: float | None = None
    ended: float | None = None
    detail: str = ""
    group: str = ""


class StepsView(CursorList):
    """Shows steps, and under each its detail; `now` is told with the steps, since nothing here looks at a clock."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", show=False, id="steps.open"),
        Binding("f", "follow", "Follow the running step", show=False, id="steps.follow"),
    ]

    class StepMessage(Message):
        """Something happened to a step."""

        def __init__(self, view: StepsView, step: Step) -> None:
            super().__init__()
            self.view = view
            self.step = step

        @property
        def control(self) -> StepsView:
            return self.view

    class Highlighted(StepMessage):
        """The cursor came to a step."""

    class Opened(StepMessage):
        """Enter was pressed on a step."""

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._steps: dict[str, Step] = {}
        self._rows: list[Step | str] = []
        self._now = 0.0
        self._following = True
        self._told: str | None = None

    # ---- data
    @property
    def following(self) -> bool:
        """Whether the cursor goes along with the running step."""
        return self._following

    @property
    def cursor_step(self) -> Step | None:
        """The step under the cursor."""
        row = self._rows[self._cursor] if self._cursor < len(self._rows) else None
        return row if isinstance(row, Step) else None

    def set_steps(self, steps: Sequence[Step], now: float = 0.0) -> None:
        """Show these steps, in this order; only rows that say something else are painted.

        `now` is the present on the steps' clock: how long the running ones have taken is told from it.
        """
        before, width = self._rows, self.size.width
        old = [self.row_spans(row, width) for row in self._visible_rows()]
        here = self.cursor_step
        self._now = now
        self._steps = {step.id: step for step in steps}
        self._rows = _with_headings(list(self._steps.values()))
        at = self._row_to_stand_on(here)
        if len(before) != len(self._rows):
            self._cursor = at
            self.rows_changed()
        else:
            for y, row in enumerate(self._visible_rows()):
                if y >= len(old) or old[y] != self.row_spans(row, width):
                    self.refresh_row(y)
            self.move_to(at)
        self._tell()

    def _visible_rows(self) -> range:
        return range(self._top, min(len(self._rows), self._top + max(1, self.size.height)))

    def _row_to_stand_on(self, here: Step | None) -> int:
        """The running step (else the one that failed, else the last that began) while following, else where it was."""
        ids = {row.id: at for at, row in enumerate(self._rows) if isinstance(row, Step)}
        if self._following:
            for states in (("running",), ("failed",), ("done", "cached", "cancelled")):
                found = [step for step in self._steps.values() if step.state in states]
                if found:
                    return ids[(found[0] if states[0] == "failed" else found[-1]).id]
        if here is not None and here.id in ids:
            return ids[here.id]
        return next(iter(ids.values()), 0)

    def _tell(self) -> None:
        step = self.cursor_step
        if step is not None and step.id != self._told:
            self._told = step.id
            self.post_message(self.Highlighted(self, step))

    # ---- drawing
    @property
    def row_count(self) -> int:
        return len(self._rows)

    def row_spans(self, index: int, width: int) -> Sequence[Span]:
        row = self._rows[index]
        if isinstance(row, str):
            return [(row, "head")]
        glyph, plain, tone = _LOOKS[row.state]
        spans: list[Span] = [(f" {plain if self.ascii else glyph} ", tone)]
        if width >= ROOM_FOR_WORDS:
            spans.append((fit(row.state, WORD + 1), tone))
        taken = sum(cells(text) for text, _ in spans)
        room = max(1, width - taken - TIME - 1)
        title = literal(row.title, room * 4 + 4, ascii=self.ascii)
        detail = literal(row.detail, room * 4 + 4, ascii=self.ascii)
        left = room - cells(title) - 2
        if detail and left >= 4:
            spans += [(title + "  ", "plain"), (fit(detail, left, ellipsis=MORE[self.ascii]), "dim")]
        else:
            spans.append((fit(title, room, ellipsis=MORE[self.ascii]), "plain"))
        spans.append((" " + fit(self._time_of(row), TIME, "right"), "dim"))
        return spans

    def _time_of(self, step: Step) -> str:
        if step.started is None:
            return ""
        if step.ended is None and step.state != "running":
            return ""
        return duration(max(0.0, (step.ended if step.ended is not None else self._now) - step.started))

    # ---- moving
    def move_to(self, index: int) -> bool:
        """Put the cursor on a step; a heading is passed over in the direction of the move, else the other way."""
        if not self._rows:
            return False
        index = max(0, min(index, len(self._rows) - 1))
        up, down = range(index, -1, -1), range(index, len(self._rows))
        order = (*down, *up) if index >= self._cursor else (*up, *down)
        at = next((at for at in order if isinstance(self._rows[at], Step)), index)
        moved = super().move_to(at)
        if index < at and index < self._top:
            self._top = index  # a heading above the first step is seen, though the cursor does not go there
            self.refresh()
        return moved

    def cursor_moved(self) -> None:
        self._tell()

    def action_cursor_by(self, rows: int) -> None:
        self._following = False
        super().action_cursor_by(rows)

    def action_cursor_page(self, pages: float) -> None:
        self._following = False
        super().action_cursor_page(pages)

    def action_cursor_to_edge(self, edge: int) -> None:
        self._following = False
        super().action_cursor_to_edge(edge)

    def row_clicked(self, index: int, x: int) -> None:
        self._following = False

    def action_follow(self) -> None:
        """Go along with the running step again."""
        self._following = True
        self.move_to(self._row_to_stand_on(self.cursor_step))

    def action_open(self) -> None:
        step = self.cursor_step
        if step is not None:
            self.post_message(self.Opened(self, step))


def _with_headings(steps: Sequence[Step]) -> list[Step | str]:
    """The steps with a heading wherever another group begins."""
    rows: list[Step | str] = []
    group = ""
    for step in steps:
        if step.group and step.group != group:
            rows.append(step.group)
        group = step.group
        rows.append(step)
    return rows
