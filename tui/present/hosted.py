"""Rows of several hosts in one table: a record with the host that it is of, and columns that say which."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from tui.present.columns import Cell, Column

R = TypeVar("R")


class Hosted(msgspec.Struct, Generic[R], frozen=True):
    """A record, and the number of its host among those that are shown together."""

    host: int
    record: R


def merge(
    before: Mapping[str, Hosted[R]], tables: Sequence[Mapping[str, R]], key: Callable[[int, str], str]
) -> dict[str, Hosted[R]]:
    """Return the rows of all hosts by `key(host, id)`; where the record is the same object, the row is too."""
    rows: dict[str, Hosted[R]] = {}
    for host, records in enumerate(tables):
        for id, record in records.items():
            name = key(host, id)
            known = before.get(name)
            rows[name] = known if known is not None and known.record is record else Hosted(host, record)
    return rows


def hosted_columns(
    names: Sequence[str], tones: Sequence[str], columns: Sequence[Sequence[Column[R]]]
) -> list[Column[Hosted[R]]]:
    """Return the columns of a table of several hosts: which host, then each column as that host's own rows say it.

    `columns` has the same columns for each host, bound to what its cells are made of besides the record.
    """
    first: Column[Hosted[R]] = Column(
        "host", "HOST", 12, lambda row: (names[row.host], tones[row.host]), lambda row: (names[row.host].lower(),),
        min_width=8, priority=99,
    )  # fmt: skip
    return [first, *(_of_each([host[at] for host in columns]) for at in range(len(columns[0])))]


def _of_each(columns: Sequence[Column[Any]]) -> Column[Any]:
    def cell(row: Hosted[Any]) -> Cell:
        return columns[row.host].render(row.record)

    def order(row: Hosted[Any]) -> Any:
        return columns[row.host].order(row.record)

    return msgspec.structs.replace(columns[0], render=cell, order=order)
