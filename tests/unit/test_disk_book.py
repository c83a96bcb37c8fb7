"""When the disk of a host is counted again."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import cast

from tui.engine.engine import Engine
from tui.model.disk import KINDS, DiskKind, DiskUse
from tui.store.disk import DiskBook


class Daemon:
    """It tells nothing of images but that there are none, each time when it is let."""

    def __init__(self) -> None:
        self.asked: list[tuple[DiskKind, ...]] = []
        self.may = asyncio.Event()

    @property
    def disk(self) -> "Daemon":
        return self

    async def use(self, kinds: Sequence[DiskKind]) -> AsyncGenerator[DiskUse]:
        self.asked.append(tuple(kinds))
        await self.may.wait()
        yield DiskUse(images=(), containers=(), volumes=(), cache=())


async def asked(*, anew: bool) -> list[tuple[DiskKind, ...]]:
    daemon = Daemon()
    book = DiskBook(cast("Engine", daemon), lambda: 0.0)
    book.read()
    await asyncio.sleep(0)
    assert book.reading
    book.read(anew=anew)
    daemon.may.set()
    await book.wait()
    return daemon.asked


async def test_what_a_reading_tells_anyway_is_not_read_again() -> None:
    assert await asked(anew=False) == [tuple(KINDS)]


async def test_what_may_have_changed_since_it_began_is_read_again() -> None:
    assert await asked(anew=True) == [tuple(KINDS)] * 2


async def test_kinds_of_which_there_is_nothing_are_as_new_as_the_others() -> None:
    daemon, moment = Daemon(), 1.0
    daemon.may.set()
    book = DiskBook(cast("Engine", daemon), lambda: moment)
    for moment in (1.0, 50.0):
        book.read()
        await book.wait()
        assert book.read_at == dict.fromkeys(KINDS, moment)
