"""A live table whose rows can be put into groups that fold, each below a row of the group's own."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol, TypeVar

from widgets.live_table import LiveTable
from widgets.live_table_groups import Group, GroupedModel
from widgets.live_table_layout import FOLDED, INDENT, UNFOLDED, Cell, Column
from widgets.live_table_paint import State

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Grouping(Protocol[T_contra]):
    """What a table needs to know of the groups of its rows."""

    lead: str
    """The key of the column that names the row, or the group."""

    def group_of(self, row: T_contra) -> str:
        """The name that the table knows the group of a row by."""
        ...

    def rank(self, group: str) -> Any:
        """What groups are ordered by."""
        ...

    def cell(self, column: str, group: Group, marked: int, *, filtered: bool) -> Cell:
        """What to draw for a group in a column, with so many rows marked, and others hidden by a filter or not."""
        ...


class GroupedTable(LiveTable[T]):
    """A LiveTable with groups. Their rows can have the cursor and are no records: `cursor_row` is None there.

    What is marked in a folded group stays marked; the row of a group is drawn as marked while all is that it stands
    for.
    """

    def __init__(
        self,
        columns: Sequence[Column[T]],
        grouping: Grouping[T],
        *,
        search_text: Callable[[T], str],
        folded: set[str] | None = None,
        **options: Any,
    ) -> None:
        """
        Args:
            columns: The columns, from left to right.
            grouping: What the groups are, and what their rows say.
            search_text: What `filter` looks into for a row.
            folded: The names of the groups that are folded; kept, and changed as they are folded and unfolded.
            options: What else a LiveTable takes.
        """
        self._grouping = grouping
        self._groups = GroupedModel[T](search_text, grouping.group_of, grouping.rank, folded)
        super().__init__(columns, search_text=search_text, model=self._groups, **options)

    # What there is to read

    @property
    def grouped(self) -> bool:
        """Whether the rows are in groups."""
        return self._groups.grouped

    @property
    def cursor_group(self) -> Group | None:
        """The group whose own row is under the cursor, or None."""
        return self.group_at(self._cursor) if self._cursor is not None else None

    def group_at(self, key: str) -> Group | None:
        """The group whose own row has this key, or None."""
        return self._groups.group_at(key)

    def group_with(self, key: str) -> Group | None:
        """The group that a row is in, or None."""
        return self._groups.group_with(key)

    @property
    def cursor_row(self) -> T | None:
        """The record under the cursor; None on the row of a group."""
        return super().cursor_row if self.cursor_group is None else None

    @property
    def targets(self) -> tuple[str, ...]:
        """What a command applies to: the marked rows, or all in the group under the cursor, or the row there."""
        group = self.cursor_group
        return super().targets if group is None or self.shown_marks else tuple(group.keys)

    # What changes it

    def group(self, grouped: bool) -> None:
        """Put the rows into groups, or into one list again."""
        head = self.cursor_group
        if head is not None and not grouped:
            self._set_cursor(head.keys[0])
        self._rearrange(lambda: self._groups.group(grouped))
        self.touch()

    def fold(self, group: Group, folded: bool) -> None:
        """Fold or unfold a group; a cursor in it goes to the row of the group."""
        self._rearrange(lambda: self._groups.fold(group.id, folded))

    def toggle_fold(self) -> None:
        """Fold or unfold the group under the cursor, or that of the row there."""
        if self._cursor is not None and (group := self.cursor_group or self.group_with(self._cursor)) is not None:
            self.fold(group, not group.folded)

    def toggle_all_folds(self) -> None:
        """Fold all groups; when all are folded, unfold them."""
        folded = all(group.folded for group in self._groups.groups if group.keys)
        self._rearrange(lambda: self._groups.fold_all(not folded))

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or all that its group's row stands for; when they are, unmark them."""
        if (group := self.cursor_group) is not None:
            self._toggle_marks(group.keys)
        else:
            super().toggle_mark()

    def move_to(self, key: str) -> bool:
        """Put the cursor on a row, unfolding its group, and bring it into sight. False when the filter hides it."""
        group = self.group_with(key)
        if group is not None and group.folded and self._groups.stand_in(key) is not None:
            self.fold(group, folded=False)
        return super().move_to(key)

    def action_open(self) -> None:
        """Ask to see into the row under the cursor; fold or unfold a group."""
        if self.cursor_group is not None:
            self.toggle_fold()
        else:
            super().action_open()

    # How it is drawn

    def _said_anew(self, changed: Collection[str]) -> Collection[str]:
        """The rows of groups too: they say what is in them all."""
        in_sight = self._model.drawn[self._top : self._top + self._body_height]
        return {*changed, *filter(self.group_at, in_sight)}

    def _cells_of(self, key: str) -> list[Cell]:
        lead = self._grouping.lead
        columns = [self._columns[place.column] for place in self._painter.placed]
        if (group := self.group_at(key)) is not None:
            marked = len(self._marks.intersection(group.keys)) if self._marks else 0
            filtered = bool(self._groups.query)
            cells = [self._grouping.cell(column.key, group, marked, filtered=filtered) for column in columns]
            sign, tone = (FOLDED if group.folded else UNFOLDED)[self._ascii], "head"
        else:
            cells = super()._cells_of(key)
            if not self._groups.grouped:
                return cells
            sign, tone = INDENT, None
        return [
            (sign + cell[0], cell[1] if tone is None else tone) if column.key == lead else cell
            for column, cell in zip(columns, cells, strict=True)
        ]

    def _state_of(self, key: str) -> State:
        state = super()._state_of(key)
        if self._marks and (group := self.group_at(key)) is not None and self._marks.issuperset(group.keys):
            return State(state.cursor, state.focused, True, state.busy, state.gone)
        return state
