"""The steps of some work as a tree: state, title, time of each; the cursor goes with the running one until it moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.bars import duration
from widgets.line_view import MORE, CursorList, Span
from widgets.literal import cells, fit, literal
from widgets.time_bar import rounded_end, time_bar

State = Literal["waiting", "running", "done", "cached", "failed", "cancelled"]

LOOKS: dict[State, tuple[str, str, str]] = {
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
ROOM_FOR_BARS = 70
WIDEST_BAR = 24
FOLD = {False: ("▾", "▸"), True: ("-", "+")}
"""Marks of an open and of a folded group."""


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


@dataclass(frozen=True, slots=True)
class Group:
    """A heading, with the steps below it. While it is folded the cursor can stand on it."""

    name: str
    steps: tuple[Step, ...]
    folded: bool = False

    @property
    def state(self) -> State:
        """How far they are, all in all."""
        states = {step.state for step in self.steps}
        for state in ("failed", "running", "cancelled"):
            if state in states:
                return state
        if "waiting" in states:
            return "running" if states & {"done", "cached"} else "waiting"
        return "cached" if states == {"cached"} else "done"


class StepsView(CursorList):
    """Shows steps below their groups, with bars that show which went on at the same time where there is room.

    `now` is told with the steps, since nothing here looks at a clock.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", show=False, id="steps.open"),
        Binding("left", "fold", "Fold", show=False, id="steps.fold"),
        Binding("right", "unfold", "Unfold", show=False, id="steps.unfold"),
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
        self._rows: list[Step | Group] = []
        self._folded: set[str] = set()
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

    @property
    def cursor_group(self) -> Group | None:
        """The folded group under the cursor."""
        row = self._rows[self._cursor] if self._cursor < len(self._rows) else None
        return row if isinstance(row, Group) else None

    def set_steps(self, steps: Sequence[Step], now: float = 0.0) -> None:
        """Show these steps, in this order; only rows that say something else are painted.

        `now` is the present on the steps' clock: how long the running ones have taken is told from it.
        """
        before, width = self._rows, self.size.width
        old = [self.row_spans(row, width) for row in self._visible_rows()]
        here = self._rows[self._cursor] if self._cursor < len(self._rows) else None
        self._now = now
        self._steps = {step.id: step for step in steps}
        self._rows = self._with_headings(list(self._steps.values()))
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

    def select(self, id: str) -> bool:
        """Put the cursor on a step, and follow none; False if it is not there. A folded group is opened for it."""
        step = self._steps.get(id)
        if step is None:
            return False
        self._following = False
        if step.group in self._folded:
            self._folded.discard(step.group)
            self._renew()
        self.move_to(next(at for at, row in enumerate(self._rows) if isinstance(row, Step) and row.id == id))
        return True

    def _with_headings(self, steps: Sequence[Step]) -> list[Step | Group]:
        """The steps below a heading wherever another group begins; those of a folded group are left out."""
        rows: list[Step | Group] = []
        for name, members in groupby(steps, lambda step: step.group):
            inside = tuple(members)
            folded = name in self._folded
            if name:
                rows.append(Group(name, inside, folded))
            if not name or not folded:
                rows += inside
        return rows

    def _visible_rows(self) -> range:
        return range(self._top, min(len(self._rows), self._top + max(1, self.size.height)))

    def _row_to_stand_on(self, here: Step | Group | None) -> int:
        """The running step (else the one that failed, else the last that began) while following, else where it was."""
        places: dict[str, int] = {}
        groups: dict[str, int] = {}
        for at, row in enumerate(self._rows):
            if isinstance(row, Step):
                places[row.id] = at
            else:
                groups[row.name] = at
        if self._following and (step := self._step_to_follow()) is not None:
            return places.get(step.id, groups.get(step.group, 0))
        if isinstance(here, Group) and here.name in groups:
            return groups[here.name]
        if isinstance(here, Step) and here.id in places:
            return places[here.id]
        return next(iter(places.values()), 0)

    def _step_to_follow(self) -> Step | None:
        for states in (("running",), ("failed",), ("done", "cached", "cancelled")):
            found = [step for step in self._steps.values() if step.state in states]
            if found:
                return found[0] if states[0] == "failed" else found[-1]
        return None

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
        bar = min(WIDEST_BAR, width // 5) if width >= ROOM_FOR_BARS else 0
        if isinstance(row, Group):
            return self._group_spans(row, width, bar)
        glyph, plain, tone = LOOKS[row.state]
        indent = "  " if row.group else " "
        spans: list[Span] = [(f"{indent}{plain if self.ascii else glyph} ", tone)]
        if width >= ROOM_FOR_WORDS:
            spans.append((fit(row.state, WORD + 1), tone))
        taken = sum(cells(text) for text, _ in spans)
        room = max(1, width - taken - TIME - 1 - (bar + 1 if bar else 0))
        title = literal(row.title, room * 4 + 4, ascii=self.ascii)
        detail = literal(row.detail, room * 4 + 4, ascii=self.ascii)
        left = room - cells(title) - 2
        if detail and left >= 4:
            spans += [(title + "  ", "plain"), (fit(detail, left, ellipsis=MORE[self.ascii]), "dim")]
        else:
            spans.append((fit(title, room, ellipsis=MORE[self.ascii]), "plain"))
        if bar:
            spans.append((f" {self._bar((row,), bar)}", tone))
        spans.append((" " + fit(self._time_of(row), TIME, "right"), "dim"))
        return spans

    def _group_spans(self, group: Group, width: int, bar: int) -> list[Span]:
        ended = sum(step.state not in ("waiting", "running") for step in group.steps)
        mark = FOLD[self.ascii][group.folded]
        glyph, plain, tone = LOOKS[group.state]
        state = f"{plain if self.ascii else glyph} " if group.folded else ""
        room = max(1, width - TIME - 1 - (bar + 1 if bar else 0) - 2 - len(state))
        title = f"{literal(group.name, ascii=self.ascii)}  {ended} of {len(group.steps)}"
        spans: list[Span] = [(f"{mark} ", "head"), (state, tone), (fit(title, room, ellipsis=MORE[self.ascii]), "head")]
        if bar:
            spans.append((f" {self._bar(group.steps, bar) if group.folded else ' ' * bar}", tone))
        spans.append((" " + fit(self._time_of_group(group), TIME, "right"), "dim"))
        return spans

    def _bar(self, steps: Sequence[Step], width: int) -> str:
        """When the steps went on, between the beginning of all and their end, in `width` cells."""
        begun = [step.started for step in self._steps.values() if step.started is not None]
        if not begun:
            return " " * width
        first, last = min(begun), max(self._end_of(step) for step in self._steps.values())
        running = any(step.state == "running" for step in self._steps.values())
        times = [(step.started, self._end_of(step)) for step in steps if step.started is not None]
        return time_bar(times, first, rounded_end(first, last) if running else last, width, ascii=self.ascii)

    def _end_of(self, step: Step) -> float:
        if step.started is None:
            return 0.0
        if step.ended is not None:
            return max(step.ended, step.started)
        return max(self._now, step.started) if step.state == "running" else step.started

    def _time_of(self, step: Step) -> str:
        if step.started is None:
            return ""
        if step.ended is None and step.state != "running":
            return ""
        return duration(max(0.0, (step.ended if step.ended is not None else self._now) - step.started))

    def _time_of_group(self, group: Group) -> str:
        begun = [step.started for step in group.steps if step.started is not None]
        return duration(max(map(self._end_of, group.steps)) - min(begun)) if begun else ""

    # ---- moving
    def move_to(self, index: int) -> bool:
        """Put the cursor on a step; an open heading is passed over in the direction of the move, else the other way."""
        if not self._rows:
            return False
        index = max(0, min(index, len(self._rows) - 1))
        up, down = range(index, -1, -1), range(index, len(self._rows))
        order = (*down, *up) if index >= self._cursor else (*up, *down)
        at = next((at for at in order if _can_stand(self._rows[at])), index)
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
        self.move_to(self._row_to_stand_on(self.cursor_step or self.cursor_group))

    def action_fold(self) -> None:
        """Fold the group of the step under the cursor."""
        step = self.cursor_step
        if step is not None and step.group:
            self._following = False
            self._folded.add(step.group)
            self._renew()
            self.move_to(
                next(at for at, row in enumerate(self._rows) if isinstance(row, Group) and row.name == step.group)
            )

    def action_unfold(self) -> None:
        """Open the group under the cursor."""
        group = self.cursor_group
        if group is not None:
            self._following = False
            self._folded.discard(group.name)
            self._renew()
            self.move_to(self._cursor + 1)
            self._tell()

    def _renew(self) -> None:
        """Lay the rows out anew, after a group was folded or opened."""
        self._rows = self._with_headings(list(self._steps.values()))
        self.rows_changed()

    def action_open(self) -> None:
        step = self.cursor_step
        if step is not None:
            self.post_message(self.Opened(self, step))
        else:
            self.action_unfold()


def _can_stand(row: Step | Group) -> bool:
    return isinstance(row, Step) or row.folded
