"""Long lists that are made with pauses, so that no key waits for them."""

import asyncio
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

SLICE = 500
"""Records that are made without a pause: some 3 ms."""


async def in_slices(records: Iterable[T]) -> list[T]:
    """Return the records, which are made as they are asked for, with pauses: 10,000 must not keep a key waiting."""
    made: list[T] = []
    for record in records:
        made.append(record)
        if len(made) % SLICE == 0:
            await asyncio.sleep(0)
    return made
