"""What a live table holds: records by key, their order, filter, freeze and marks. It draws nothing."""

from collections.abc import Callable, Mapping, Sequence
from itertools import compress, islice
from operator import attrgetter, is_not
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")

Rank = Any
"""What a row is sorted by: anything with a total order among the rows of one column."""

_FEW, _SHARE = 64, 10
"""So many changes, or this part of all rows if it is more, are put into the order one by one; more are sorted anew."""


class Changes(NamedTuple):
    """What the latest rows changed: keys of records that are new, gone, or differ from before."""

    added: Sequence[str]
    removed: Sequence[str]
    changed: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


class Entry(Generic[T]):
    """A row, with what was worked out from its record and stays true as long as the record does."""

    __slots__ = ("gone", "key", "rank", "row", "shown", "text")

    def __init__(self, key: str, row: T) -> None:
        self.key = key
        self.row = row
        self.rank: Rank = None
        self.text: str | None = None
        self.shown = False
        self.gone = False


class Query:
    """A filter of plain words: all must occur, whatever their case; a word after `!` must not."""

    def __init__(self, text: str = "") -> None:
        words = text.casefold().split()
        self.text = text.strip()
        self._wanted = [word for word in words if not word.startswith("!")]
        self._unwanted = [word[1:] for word in words if word.startswith("!") and len(word) > 1]

    def __bool__(self) -> bool:
        return bool(self._wanted or self._unwanted)

    @property
    def single(self) -> str:
        """The one word that is all there is to the filter; empty when it is more, or less."""
        return self._wanted[0] if len(self._wanted) == 1 and not self._unwanted else ""

    def matches(self, text: str) -> bool:
        """Whether a case-folded text passes."""
        for word in self._wanted:
            if word not in text:
                return False
        return not any(word in text for word in self._unwanted) if self._unwanted else True


class TableModel(Generic[T]):
    """Rows by key in sorted, filtered order; while frozen, contents follow the records, order and membership stay."""

    def __init__(self, search_text: Callable[[T], str]) -> None:
        self._search_text = search_text
        self._entries: dict[str, Entry[T]] = {}
        self._given: Mapping[str, T] = {}
        self._all: list[str] = []
        self._rank: Callable[[T], Rank] | None = None
        self._descending = False
        self._query = Query()
        self._latest: Mapping[str, T] | None = None
        self._moved: set[str] = set()
        self._outside: int = 0
        self.drawn = self._all
        """The keys that pass the filter, in order. Not to be changed by the reader."""

    # What there is to read

    def __contains__(self, key: str) -> bool:
        """Whether a key is among the drawn ones."""
        entry = self._entries.get(key)
        return entry is not None and entry.shown

    @property
    def total(self) -> int:
        """How many rows there are, filtered away or not."""
        return len(self._entries)

    @property
    def query(self) -> Query:
        """The filter."""
        return self._query

    @property
    def frozen(self) -> bool:
        """Whether order and membership are held."""
        return self._latest is not None

    @property
    def pending(self) -> int:
        """How many rows will come, go or move at the thaw."""
        return self._outside + len(self._moved)

    @property
    def passing(self) -> Sequence[str]:
        """The keys of all rows that the filter lets through, in order. Not to be changed by the reader."""
        return self.drawn

    @property
    def passing_count(self) -> int:
        """How many rows the filter lets through."""
        return len(self.drawn)

    def row(self, key: str) -> T:
        """The latest record of a key; KeyError when it is unknown."""
        return self._entries[key].row

    def is_gone(self, key: str) -> bool:
        """Whether a row is only still drawn because the table is frozen."""
        return self._entries[key].gone

    def stand_in(self, key: str) -> str | None:
        """The key of what is drawn in the place of a row that isn't by itself; None when nothing is."""
        return None

    def has(self, key: str) -> bool:
        """Whether a row exists, drawn or not."""
        entry = self._entries.get(key)
        return entry is not None and not entry.gone

    def index(self, key: str) -> int | None:
        """Where a key is drawn, or None."""
        entry = self._entries.get(key)
        return self._find(self.drawn, entry) if entry is not None and entry.shown else None

    # What changes it

    def show(self, rows: Mapping[str, T]) -> Changes:
        """Take in the latest rows; all that is not in them is gone."""
        if self.frozen:
            return self._show_frozen(rows)
        changes, fresh = self._compare(rows)
        many = len(changes.added) + len(changes.removed) + len(fresh) > max(_FEW, len(rows) // _SHARE)
        if many or (self._rank is None and list(rows) != self._all):
            self._take_all(rows, changes)
        elif changes:
            self._take_few(rows, changes)
        self._given = rows
        return changes

    def sort_by(self, rank: Callable[[T], Rank] | None, descending: bool = False) -> None:
        """Order the rows by what `rank` says of them, ties by key; without it, as they were given."""
        self._rank, self._descending = rank, descending and rank is not None
        self.resort()

    def resort(self) -> None:
        """Ask for the rank of each row again, and order by it."""
        entries, rank = self._entries, self._rank
        self._moved.clear()
        if rank is None:
            ordered = [entries[key] for key in (entries if self.frozen else self._given)]
            for position, entry in enumerate(ordered):
                entry.rank = position
        else:
            ordered = sorted(entries.values(), key=attrgetter("key"))
            for entry in ordered:
                entry.rank = rank(entry.row)
            ordered.sort(key=attrgetter("rank"), reverse=self._descending)
        self._all = [entry.key for entry in ordered]
        self._sift()

    def filter(self, query: str) -> None:
        """Draw only the rows whose search text holds the words of the query."""
        self._query = Query(query)
        self._sift()
        self._moved = {key for key in self._moved if self._will_move(self._entries[key])}

    def freeze(self) -> None:
        """Hold order and membership from now on."""
        if not self.frozen:
            self._latest = self._given

    def thaw(self) -> Changes:
        """Let all that was held come, go and move."""
        if self._latest is None:
            return Changes((), (), ())
        latest, self._latest, self._outside = self._latest, None, 0
        changes, _ = self._compare(latest)
        self._take_all(latest, changes)
        self._given = latest
        return changes

    # How

    def _compare(self, rows: Mapping[str, T]) -> tuple[Changes, list[Entry[T]]]:
        """What differs between the rows held and the latest; records that differ are taken over on the way."""
        added: list[str] = []
        fresh: list[Entry[T]] = []
        entries, given = self._entries, self._given  # these two have the same keys
        # most of 10,000 records are those of a moment ago: these are passed over without a line of ours for each
        other = map(is_not, map(given.get, rows), rows.values())
        for key in compress(rows, other):
            row, entry = rows[key], entries.get(key)
            if entry is None:
                added.append(key)
            elif entry.row is not row:
                if entry.row != row:
                    fresh.append(entry)
                    entry.text = None
                entry.row = row
        if len(entries) + len(added) == len(rows):
            removed: list[str] = []
        else:
            removed = [key for key in entries if key not in rows]
        return Changes(added, removed, [entry.key for entry in fresh]), fresh

    def _show_frozen(self, rows: Mapping[str, T]) -> Changes:
        """Take in contents, and count what else will happen at the thaw."""
        changes, fresh = self._compare(rows)
        gone = set(changes.removed)
        newly_gone = [key for key in changes.removed if not self._entries[key].gone]
        back = [key for key, entry in self._entries.items() if entry.gone and key not in gone]
        for entry in self._entries.values():
            entry.gone = entry.key in gone
        for entry in fresh:
            (self._moved.add if self._will_move(entry) else self._moved.discard)(entry.key)
        self._moved -= gone
        self._latest = rows
        self._outside = len(changes.added) + len(gone)
        return Changes((), newly_gone, [*changes.changed, *back])

    def _will_move(self, entry: Entry[T]) -> bool:
        """Whether a held entry's record belongs elsewhere than where it is drawn."""
        moves = self._rank is not None and self._rank(entry.row) != entry.rank
        return moves or entry.shown != self._passes(entry)

    def _take_all(self, rows: Mapping[str, T], changes: Changes) -> None:
        """Put any number of changes into effect by sorting anew."""
        for key in changes.removed:
            del self._entries[key]
        for key in changes.added:
            self._entries[key] = Entry(key, rows[key])
        self._given = rows
        self.resort()

    def _take_few(self, rows: Mapping[str, T], changes: Changes) -> None:
        """Put a few changes into effect, each at the cost of two binary searches."""
        for key in changes.removed:
            self._take_out(self._entries[key])
            del self._entries[key]
        for key in changes.changed:
            self._move(self._entries[key])
        for key in changes.added:
            entry = self._entries[key] = Entry(key, rows[key])
            entry.rank = self._rank(entry.row) if self._rank is not None else None
            self._put_in(entry)

    def _move(self, entry: Entry[T]) -> None:
        """Put an entry whose record changed where it belongs now."""
        rank = self._rank(entry.row) if self._rank is not None else entry.rank
        if rank != entry.rank or entry.shown != self._passes(entry):
            self._take_out(entry)
            entry.rank = rank
            self._put_in(entry)

    def _take_out(self, entry: Entry[T]) -> None:
        for keys in self._lists(entry):
            position = self._find(keys, entry)
            if position is not None:
                del keys[position]

    def _put_in(self, entry: Entry[T]) -> None:
        entry.shown = self._passes(entry)
        for keys in self._lists(entry):
            keys.insert(self._place(keys, entry), entry.key)

    def _lists(self, entry: Entry[T]) -> list[list[str]]:
        """The lists that hold the key of an entry: without a filter, both are one."""
        return [self._all, self.drawn] if self.drawn is not self._all and entry.shown else [self._all]

    def _place(self, keys: list[str], entry: Entry[T]) -> int:
        """The first position whose key doesn't come before the entry."""
        entries, descending = self._entries, self._descending
        rank, key = entry.rank, entry.key
        low, high = 0, len(keys)
        while low < high:
            middle = (low + high) // 2
            other = entries[keys[middle]]
            first, last = (rank, other.rank) if descending else (other.rank, rank)
            before = other.key < key if first == last else first < last
            low, high = (middle + 1, high) if before else (low, middle)
        return low

    def _find(self, keys: list[str], entry: Entry[T]) -> int | None:
        """Where an entry's key stands; by looking at each, should its column's ranks have no total order."""
        position = self._place(keys, entry)
        if position < len(keys) and keys[position] == entry.key:
            return position
        return keys.index(entry.key) if entry.key in keys else None

    def _passes(self, entry: Entry[T]) -> bool:
        if not self._query:
            return True
        if entry.text is None:
            entry.text = self._search_text(entry.row).casefold()
        return self._query.matches(entry.text)

    def read_some(self, most: int) -> bool:
        """Make the texts that a filter looks into for so many of the rows that have none; False when all have one."""
        missing = list(islice((entry for entry in self._entries.values() if entry.text is None), most))
        for entry in missing:
            entry.text = self._search_text(entry.row).casefold()
        return len(missing) == most

    def _sift(self) -> None:
        """Filter all rows anew."""
        entries, passes = self._entries, self._passes
        if not self._query:
            for entry in entries.values():
                entry.shown = True
            self.drawn = self._all
            return
        drawn: list[str] = []
        word = self._query.single
        for key in self._all:
            entry = entries[key]
            # what is typed is one word most of the time: no calls for each of 10,000 rows
            if word and entry.text is not None:
                entry.shown = word in entry.text
            else:
                entry.shown = passes(entry)
            if entry.shown:
                drawn.append(key)
        self.drawn = drawn


def nearest(order: Sequence[str], position: int, alive: Callable[[str], bool]) -> str | None:
    """The key nearest to a position of an order among those still alive: the next one, else the one before."""
    for key in order[position:]:
        if alive(key):
            return key
    for key in reversed(order[:position]):
        if alive(key):
            return key
    return None
