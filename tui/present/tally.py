"""How many records there are of each kind, kept up as they change: of 10,000, only those that changed are looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain, compress
from operator import is_not
from typing import Generic, TypeVar

R = TypeVar("R")
K = TypeVar("K", bound=Hashable)


class _Last:
    """The last two mappings that were compared, and what differed: several tallies follow the same records."""

    before: Mapping[str, object] = {}
    after: Mapping[str, object] = {}
    changed: Sequence[str] = ()


def changed_keys(before: Mapping[str, object], after: Mapping[str, object]) -> Sequence[str]:
    """Return the keys of `after` whose records are others than in `before`, or new."""
    if before is not _Last.before or after is not _Last.after:
        _Last.before, _Last.after = before, after
        # no line of ours for each of 10,000 records
        _Last.changed = list(compress(after, map(is_not, map(before.get, after), after.values())))
    return _Last.changed


class Tally(Generic[R, K]):
    """Counts immutable records by `kinds`: what each of them counts as, once for each."""

    def __init__(self, kinds: Callable[[R], Iterable[K]]) -> None:
        self._kinds = kinds
        self._records: Mapping[str, R] = {}
        self._counted: Counter[K] = Counter()

    def count(self, records: Mapping[str, R]) -> Mapping[K, int]:
        """Return how many there are of each kind among the latest records; of which there are none is left out.

        The mapping is kept and must not be changed afterwards, nor what was returned.
        """
        before, self._records = self._records, records
        if records is before:
            return self._counted
        changed = changed_keys(before, records)
        left = len(before) + sum(key not in before for key in changed) - len(records)
        gone = before.keys() - records.keys() if left else set[str]()
        if 2 * (len(changed) + len(gone)) > len(records):
            self._counted = Counter(chain.from_iterable(map(self._kinds, records.values())))
        elif changed or gone:
            counted = self._counted.copy()
            for key in (*changed, *gone):
                if (old := before.get(key)) is not None:
                    counted.subtract(self._kinds(old))
            for key in changed:
                counted.update(self._kinds(records[key]))
            self._counted = +counted
        return self._counted
