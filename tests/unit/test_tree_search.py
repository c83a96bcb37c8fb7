"""The hits of a search in a tree: their order, which is the next, and what is not known before all was looked at."""

from collections.abc import Sequence

import pytest

from widgets.flat_tree import Place
from widgets.line_view import Span
from widgets.matching import Matcher
from widgets.tree_search import TreeSearch

NAMES = {"": ["bin", "etc", "usr"], "bin": ["sh"], "etc": ["shadow", "hosts"], "usr": ["share"]}
SHARES: Sequence[Place] = [(0, 0), (1, 0), (2, 0)]
"""Where the names with `sh` in them are."""


class Names:
    def roots(self) -> Sequence[str]:
        return NAMES[""]

    def children(self, node: str) -> Sequence[str]:
        return NAMES[node]

    def has_children(self, node: str) -> bool:
        return node in NAMES

    def label(self, node: str) -> Sequence[Span]:
        return [(node, "")]

    def columns(self, node: str) -> Sequence[Span]:
        return ()

    def search_text(self, node: str) -> str:
        return node


async def searched(query: str, start: Place | None = None) -> TreeSearch[str]:
    search = TreeSearch(Names(), Matcher(query), start)
    await search.run(lambda: None)
    return search


async def test_hits_are_in_the_order_of_the_rows() -> None:
    search = await searched("sh")
    assert [search.place(hit) for hit in range(search.total)] == SHARES
    assert search.complete
    assert [search.hit_at(place) for place in [*SHARES, (1, 1), None]] == [0, 1, 2, None, None]


@pytest.mark.parametrize(
    ("place", "direction", "hit"), [((0,), 1, 0), ((0, 0), 1, 1), ((2, 0), 1, 0), ((1,), -1, 0), ((0, 0), -1, 2)]
)
async def test_the_next_hit_is_found_around_the_end(place: Place, direction: int, hit: int) -> None:
    assert (await searched("sh")).next(place, direction) == hit


async def test_nothing_found_is_no_hit() -> None:
    search = await searched("none", (0,))
    assert (search.next((0,), 1), search.next((0,), -1), search.arrival()) == (None, None, None)


async def test_the_arrival_is_the_first_hit_from_the_start_on_and_is_told_once() -> None:
    search = await searched("sh", (1, 1))
    assert (search.arrival(), search.arrival()) == (2, None)


async def test_the_arrival_goes_around_the_end() -> None:
    assert (await searched("sh", (2, 0, 0))).arrival() == 0


async def test_what_comes_after_the_last_hit_is_told_when_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widgets.tree_search.SLICE_SECONDS", -1.0)  # a pause at the first node, then after each 64
    search = TreeSearch(Names(), Matcher("bin"))
    told: list[tuple[int, bool, int | None]] = []

    def news() -> None:
        hit = search.arrival() if search.complete else search.next((0,), 1)
        told.append((search.total, search.complete, hit))

    await search.run(news)
    assert told == [(1, False, None), (1, True, 0)]
