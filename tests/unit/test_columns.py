"""How a table is sorted once a column was chosen."""

import pytest

from tui.present.columns import Column, sort_after, sort_options


@pytest.mark.parametrize(
    ("chosen", "now", "then"),
    [
        ("name", (None, False), ("name", False)),
        ("name", ("name", False), ("name", True)),
        ("size", ("name", True), ("size", True)),
        ("size", ("size", True), ("size", False)),
        ("", ("size", True), (None, False)),
    ],
    ids=["first", "turned", "greatest-first", "greatest-turned", "none"],
)
def test_the_order_after_a_choice(chosen: str, now: tuple[str | None, bool], then: tuple[str | None, bool]) -> None:
    assert sort_after(chosen, now, {"size"}) == then


def test_the_choice_tells_which_column_sorts() -> None:
    columns: list[Column[str]] = [Column(key, key.upper(), 5, lambda row: (row, ""), str) for key in ("name", "size")]
    assert sort_options(columns, "size") == [("name", "name", ""), ("size", "size", "sorted by this: turns it round")]
