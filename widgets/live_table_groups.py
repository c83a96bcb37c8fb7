"""What a grouped live table holds: the rows of each group in order below a row of the group's own. It draws nothing."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

from widgets.live_table_model import Changes, Entry, TableModel

T = TypeVar("T")

HEAD = "\n"
"""What the key of a group's row begins with; no key of a record has it."""


class Group:
    """A group of rows: `keys` are those of its rows that the filter lets through, in order; `size` counts all of them.

    `key` is that of the group's own row. `start` is where that row is drawn, -1 while none of the rows pass.
    """

    __slots__ = ("folded", "id", "key", "keys", "rank", "size", "start")

    def __init__(self, id: str, rank: Any) -> None:
        self.id = id
        self.key = HEAD + id
        self.rank = rank
        self.keys: list[str] = []
        self.size = 0
        self.folded = False
        self.start = -1


class GroupedModel(TableModel[T]):
    """A TableModel whose rows can be put into groups, each of which can be folded.

    Groups stand in the order of `group_rank` of their names, whatever sorts the rows in them. A filter opens all
    groups, for what it finds to be seen; what is folded while it is in force is open again when it has gone. While
    frozen, rows stay in the group that they were in.
    """

    def __init__(
        self,
        search_text: Callable[[T], str],
        group_of: Callable[[T], str],
        group_rank: Callable[[str], Any],
        folded: set[str] | None = None,
    ) -> None:
        """
        Args:
            search_text: What `filter` looks into for a row.
            group_of: The name of the group that a row is in.
            group_rank: What groups are ordered by, of their names; ties by name.
            folded: The names of the groups that are folded; kept, and changed as they are folded and unfolded.
        """
        super().__init__(search_text)
        self._group_of = group_of
        self._group_rank = group_rank
        self._grouped = False
        self._groups: dict[str, Group] = {}
        self._ordered: list[Group] = []
        self._members: dict[str, Group] = {}
        self._settled: dict[str, T] = {}
        """The record that says which group a row is in."""
        self._unsettled = False
        self.folded: set[str] = set() if folded is None else folded
        """The names of the groups that are folded while no filter is in force, of those too that have no rows now."""
        self._folded_in_filter: set[str] = set()

    # What there is to read

    @property
    def grouped(self) -> bool:
        """Whether the rows are in groups."""
        return self._grouped

    @property
    def groups(self) -> Sequence[Group]:
        """The groups that have rows, in order."""
        return self._ordered

    def group_at(self, key: str) -> Group | None:
        """The group whose own row has this key, or None."""
        return self._groups.get(key[len(HEAD) :]) if key.startswith(HEAD) else None

    def group_with(self, key: str) -> Group | None:
        """The group that a row is in, or None."""
        return self._members.get(key)

    @property
    def passing(self) -> Sequence[str]:
        """The keys of all rows that the filter lets through, in order, folded away or not."""
        if not self._grouped:
            return super().passing
        return list(chain.from_iterable(group.keys for group in self._ordered))

    @property
    def passing_count(self) -> int:
        """How many rows the filter lets through, folded away or not."""
        return sum(len(group.keys) for group in self._ordered) if self._grouped else super().passing_count

    def __contains__(self, key: str) -> bool:
        """Whether a row, or the row of a group, is drawn."""
        if (head := self.group_at(key)) is not None:
            return head.start >= 0
        return super().__contains__(key) and not ((group := self.group_with(key)) and group.folded)

    def is_gone(self, key: str) -> bool:
        """Whether a row is only still drawn because the table is frozen; that of a group never is."""
        return not key.startswith(HEAD) and super().is_gone(key)

    def index(self, key: str) -> int | None:
        """Where a key is drawn, or None."""
        if not self._grouped:
            return super().index(key)
        if (head := self.group_at(key)) is not None:
            return head.start if head.start >= 0 else None
        if key not in self:
            return None
        group = self._members[key]
        at = self._find(group.keys, self._entries[key])
        return None if at is None else group.start + 1 + at

    def stand_in(self, key: str) -> str | None:
        """The row of the group that a row is folded into; of a group's row that is no more, nothing."""
        entry, group = self._entries.get(key), self.group_with(key)
        return group.key if group is not None and group.folded and entry is not None and entry.shown else None

    # What changes it

    def group(self, grouped: bool) -> None:
        """Put the rows into groups, or into one list again."""
        if grouped != self._grouped:
            self._grouped = grouped
            self._groups, self._ordered, self._members, self._settled = {}, [], {}, {}
            self._unsettled = True
            self.resort()

    def fold(self, name: str, folded: bool) -> None:
        """Fold or unfold one group."""
        (self._folds.add if folded else self._folds.discard)(name)
        self._draw()

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold all groups that there are."""
        names = {group.id for group in self._ordered}
        (self._folds.update if folded else self._folds.difference_update)(names)
        self._draw()

    def filter(self, query: str) -> None:
        """Draw only the rows whose search text holds the words of the query, each below its group's own row."""
        if not self._query:
            self._folded_in_filter.clear()
        super().filter(query)

    def resort(self) -> None:
        """Ask for the rank of each row again, and order by it within the groups."""
        if self._grouped and (self._unsettled or self.frozen):
            for entry in self._entries.values():
                self._settle(entry)
        self._unsettled = False
        super().resort()

    # How

    @property
    def _folds(self) -> set[str]:
        return self._folded_in_filter if self._query else self.folded

    def _settle(self, entry: Entry[T]) -> None:
        """Have a row in the group that its record names."""
        key = entry.key
        member = self._members.get(key)
        if member is not None and self._settled[key] is entry.row:
            return
        name = self._group_of(entry.row)
        self._settled[key] = entry.row
        if member is not None and member.id == name:
            return
        if member is not None:
            self._leave(key)
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Group(name, self._group_rank(name))
            self._ordered = sorted((*self._ordered, group), key=attrgetter("rank", "id"))
        group.size += 1
        self._members[key] = group

    def _forget(self, key: str) -> None:
        """Follow a row that is gone."""
        self._leave(key)
        del self._settled[key]

    def _leave(self, key: str) -> None:
        """Take a row out of its group, and a group that is empty out of the table."""
        group = self._members.pop(key)
        group.size -= 1
        if not group.size:
            del self._groups[group.id]
            self._ordered = [other for other in self._ordered if other is not group]

    def _draw(self) -> None:
        """Make the order that is drawn of those of the groups."""
        if not self._grouped:
            return
        drawn: list[str] = []
        folds = self._folds
        for group in self._ordered:
            group.start = len(drawn) if group.keys else -1
            group.folded = group.id in folds
            if group.keys:
                drawn.append(group.key)
                if not group.folded:
                    drawn += group.keys
        self.drawn = drawn

    def _sift(self) -> None:
        super()._sift()
        if not self._grouped:
            return
        for group in self._ordered:
            group.keys = []
        for key, group in zip(self.drawn, map(self._members.__getitem__, self.drawn), strict=True):
            group.keys.append(key)
        self._draw()

    def _will_move(self, entry: Entry[T]) -> bool:
        group = self.group_with(entry.key)
        return super()._will_move(entry) or (group is not None and self._group_of(entry.row) != group.id)

    def _take_all(self, rows: Mapping[str, T], changes: Changes) -> None:
        if self._grouped:
            for key in changes.removed:
                self._forget(key)
        self._unsettled = True
        super()._take_all(rows, changes)

    def _take_few(self, rows: Mapping[str, T], changes: Changes) -> None:
        super()._take_few(rows, changes)
        if self._grouped:
            for key in changes.removed:
                self._forget(key)
            self._draw()

    def _move(self, entry: Entry[T]) -> None:
        group = self.group_with(entry.key)
        if group is None or self._group_of(entry.row) == group.id:
            super()._move(entry)
            if group is not None:
                self._settle(entry)
            return
        self._take_out(entry)
        entry.rank = self._rank(entry.row) if self._rank is not None else entry.rank
        self._put_in(entry)

    def _put_in(self, entry: Entry[T]) -> None:
        if self._grouped:
            self._settle(entry)
        super()._put_in(entry)

    def _lists(self, entry: Entry[T]) -> list[list[str]]:
        if not self._grouped:
            return super()._lists(entry)
        return [self._all, self._members[entry.key].keys] if entry.shown else [self._all]
