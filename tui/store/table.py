"""Records of one resource by ID, and the pure steps by which what was read becomes what is known.

Every read carries `as_of`, the number of the moment at which it was sent. A read says nothing about what happened
after that moment, so an older one never overwrites a newer one, and a list never brings back what a later read, or an
event, found gone. What changed after a read was sent is told by an event, which asks for another read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, Protocol, TypeVar

import msgspec


class Record(Protocol):
    """What a table holds: an immutable value of one object, `id` its key."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Record)


class Table(msgspec.Struct, Generic[R], frozen=True):
    """Records by ID. `listed`: the moment of the last whole list, which told what `as_of` says nothing of.

    `as_of`: the moments of what is newer or older than that list; `gone`: of what was found missing after it.
    """

    records: Mapping[str, R] = {}
    as_of: Mapping[str, int] = {}
    gone: Mapping[str, int] = {}
    listed: int = -1


def _newest(_known: R, listed: R) -> R:
    return listed


def with_list(table: Table[R], as_of: int, listed: Iterable[R], choose: Callable[[R, R], R] = _newest) -> Table[R]:
    """Return the table after a whole list that was sent at `as_of`.

    `choose(known, listed)` says what is known now of an object of which they say different things.
    """
    if as_of < table.listed:
        return table
    fresh = {record.id: record for record in listed}
    records: dict[str, R] = {}
    moments: dict[str, int] = {}
    for key, known in table.records.items():
        moment = table.as_of.get(key, table.listed)
        if moment > as_of:
            records[key], moments[key] = known, moment
        elif (listed_now := fresh.get(key)) is not None:
            if known == listed_now:
                records[key] = known
                continue
            records[key] = choose(known, listed_now)
            if records[key] is known:
                # what stays for knowing more than a list stays as old as it is: a read under way may know more yet
                moments[key] = moment
    for key, record in fresh.items():
        if key not in records and table.gone.get(key, -1) < as_of:
            records[key] = record
    gone = {key: moment for key, moment in table.gone.items() if moment > as_of}
    return Table(_same(table.records, records), moments, gone, as_of)


def _same(before: Mapping[str, R], after: Mapping[str, R]) -> Mapping[str, R]:
    """Return the former records where nothing changed, so that who has seen them need not look again."""
    if len(before) == len(after) and all(
        key == other and known is record
        for (key, known), (other, record) in zip(before.items(), after.items(), strict=True)
    ):
        return before
    return after


def with_reads(table: Table[R], reads: Iterable[tuple[int, str, R | None]]) -> Table[R]:
    """Return the table after single reads `(as_of, id, record or None for gone)`, in order."""
    records, moments, gone = dict(table.records), dict(table.as_of), dict(table.gone)
    changed = False
    for as_of, key, record in reads:
        if moments.get(key, table.listed) > as_of or gone.get(key, -1) > as_of:
            continue
        if record is None:
            changed |= records.pop(key, None) is not None
            moments.pop(key, None)
            gone[key] = as_of
        elif records.get(key) != record:
            records[key], moments[key] = record, as_of
            gone.pop(key, None)
            changed = True
        else:
            moments[key] = as_of
    return Table(records if changed else table.records, moments, gone, table.listed)


def forgetting(table: Table[R], before: int) -> Table[R]:
    """Return the table without what was found gone before the oldest request that is under way was sent.

    Nothing that is still to be answered can bring it back.
    """
    gone = {key: moment for key, moment in table.gone.items() if moment >= before}
    return table if len(gone) == len(table.gone) else msgspec.structs.replace(table, gone=gone)
