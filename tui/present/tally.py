"""How many records there are of each kind, kept up as they change: of 10,000, only those that changed are looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, compress
from operator import is_not
from typing import Generic, TypeVar

R = TypeVar("R")


class Tally(Generic[R]):
    """Counts immutable records by `kinds`: what each of them counts as, once for each."""

    def __init__(self, kinds: Callable[[R], Iterable[str]]) -> None:
        self._kinds = kinds
        self._records: Mapping[str, R] = {}
        self._counted: Counter[str] = Counter()

    def count(self, records: Mapping[str, R]) -> Mapping[str, int]:
        """Return how many there are of each kind among the latest records; of which there are none is left out.

        The mapping is kept and must not be changed afterwards, nor what was returned.
        """
        before, self._records = self._records, records
        if records is before:
            return self._counted
        changed = list(compress(records, map(is_not, map(before.get, records), records.values())))
        gone = before.keys() - records.keys() if len(records) - len(before) < len(changed) else set[str]()
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
