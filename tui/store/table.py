"""Records of one resource by ID, and the pure steps by which what was read becomes what is known.

Every read carries `as_of`, the number of the moment at which it was sent. A read says nothing about what happened
after that moment, so an older one never overwrites a newer one, and a list never brings back what a later read, or an
event, found gone. What changed after a read was sent is told by an event, which asks for another read.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, Protocol, TypeVar

import msgspec


class Record(Protocol):
    """What a table holds: an immutable value of one object, `id` its key."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Record)


class Table(msgspec.Struct, Generic[R], frozen=True):
    """Records by ID with the moment of their reading; `gone`: what was found missing after the list of `listed`."""

    records: Mapping[str, R] = {}
    as_of: Mapping[str, int] = {}
    gone: Mapping[str, int] = {}
    listed: int = -1


def with_list(
    table: Table[R], as_of: int, listed: Iterable[R], keeps: Callable[[R, R], bool] = operator.eq
) -> Table[R]:
    """Return the table after a whole list that was sent at `as_of`; `keeps(known, listed)` says which record stays."""
    if as_of < table.listed:
        return table
    fresh = {record.id: record for record in listed}
    records: dict[str, R] = {}
    moments: dict[str, int] = {}
    for key, known in table.records.items():
        if table.as_of[key] > as_of:
            records[key], moments[key] = known, table.as_of[key]
        elif key in fresh:
            kept = keeps(known, fresh[key])
            records[key] = known if kept else fresh[key]
            # one that is kept for knowing more than a list stays as old as it is: a read under way may know more yet
            moments[key] = table.as_of[key] if kept and known != fresh[key] else as_of
    for key, record in fresh.items():
        if key not in records and table.gone.get(key, -1) < as_of:
            records[key], moments[key] = record, as_of
    gone = {key: moment for key, moment in table.gone.items() if moment > as_of}
    return Table(records, moments, gone, as_of)


def with_reads(table: Table[R], reads: Iterable[tuple[int, str, R | None]]) -> Table[R]:
    """Return the table after single reads `(as_of, id, record or None for gone)`, in order."""
    records, moments, gone = dict(table.records), dict(table.as_of), dict(table.gone)
    for as_of, key, record in reads:
        if moments.get(key, table.listed) > as_of or gone.get(key, -1) > as_of:
            continue
        if record is None:
            records.pop(key, None)
            moments.pop(key, None)
            gone[key] = as_of
        elif records.get(key) != record:
            records[key], moments[key] = record, as_of
            gone.pop(key, None)
        else:
            moments[key] = as_of
    return Table(records, moments, gone, table.listed)
