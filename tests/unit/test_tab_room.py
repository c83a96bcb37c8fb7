"""The tabs that a line has room for."""

import pytest

from widgets.tab_room import first_shown


@pytest.mark.parametrize(
    ("front", "room", "first"),
    [(0, 100, 0), (4, 100, 0), (4, 50, 0), (4, 49, 1), (4, 41, 2), (4, 1, 4), (2, 30, 0), (2, 29, 1)],
)
def test_the_tab_in_front_is_within_the_room(front: int, room: int, first: int) -> None:
    assert first_shown([10] * 5, front, room, 2) == first


def test_one_tab_is_always_shown() -> None:
    assert first_shown([10], 0, 0, 2) == 0
