"""Charts: what is drawn of numbers, exactly as wide as it may be, and repainted no more than it has to be."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from widgets.chart import Chart, ChartGrid, Look, chart_lines, columns_in, drawn, grouped, nice_top

LOOKS: tuple[Look, ...] = ("braille", "block", "ascii")
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


def test_a_column_is_as_high_as_its_value() -> None:
    assert chart_lines([0, 4, 8, math.nan], 2, 1, 8, "braille") == ["⣠⡇"]
    assert chart_lines([1, 8, 16], 4, 2, 16, "block") == ["  █ ", "▁██ "]
    assert chart_lines([1, 2, 3, 6], 4, 2, 6, "ascii") == ["   |", ".:||"]


@given(st.lists(NUMBERS, max_size=80), st.integers(1, 30), st.integers(1, 6), NUMBERS, st.sampled_from(LOOKS))
def test_whatever_the_numbers_it_has_its_size(
    values: list[float], width: int, height: int, top: float, look: Look
) -> None:
    lines = chart_lines(values, width, height, top if math.isfinite(top) else 1.0, look)
    assert [len(line) for line in lines] == [width] * height
    if look == "ascii":
        assert all(line.isascii() for line in lines)


@given(st.lists(st.floats(0, 100), max_size=300), st.integers(1, 100))
def test_groups_stay_where_they_are_as_values_come(values: list[float], most: int) -> None:
    groups, step = grouped(values, most)
    assert len(groups) <= most
    more, step_after = grouped([*values, 1.0], most)
    if step_after == step and values:
        assert more[: len(groups) - 1] == groups[:-1]


@pytest.mark.parametrize("look", LOOKS)
def test_the_peak_is_marked_without_colour(look: Look) -> None:
    chart = Chart((), [1, 2, 9, 2], 10, peak=2)
    rows = drawn(chart, 10, 3, look)
    text = ["".join(part for part, _ in row) for row in rows]
    mark = "^" if look == "ascii" else "▲"
    assert text[0].index(mark) == (1 if look == "braille" else 2)
    assert all(len(line) == 10 for line in text)


def test_the_full_height_is_a_round_number() -> None:
    assert [nice_top(peak) for peak in (math.nan, 0, 1.5, 4.9, 51, 230)] == [1, 1, 2, 5, 100, 500]
    assert nice_top(70_000, binary=True) == 131_072


def test_columns() -> None:
    assert (columns_in(10, "braille"), columns_in(10, "ascii")) == (20, 10)


class Grid(App[None]):
    def compose(self) -> ComposeResult:
        yield ChartGrid(id="grid")


async def test_a_new_value_repaints_only_the_lines_that_it_changes() -> None:
    app = Grid()
    async with app.run_test(size=(80, 24)) as pilot:
        grid = app.query_one(ChartGrid)
        painted: list[int] = []
        plain = grid.refresh_row
        grid.refresh_row = lambda y: (painted.append(y), plain(y))[1]  # type: ignore[method-assign]

        def chart(*values: float) -> Chart:
            return Chart([("CPU", "bold")], values, 8)

        grid.show([chart(8, 8, 8), chart(1), chart(1)], [("since", "dim")])
        await pilot.pause()
        painted.clear()
        grid.show([chart(8, 8, 8), chart(1), chart(1)], [("since", "dim")])
        assert painted == []
        grid.show([chart(8, 8, 8, 1), chart(1), chart(1)], [("since", "dim")])
        assert painted == [8]


async def test_charts_that_do_not_fit_are_scrolled_to() -> None:
    app = Grid()
    async with app.run_test(size=(40, 6)) as pilot:
        grid = app.query_one(ChartGrid)
        grid.focus()
        grid.show([Chart([(f"chart {n}", "")], [1.0], 1) for n in range(6)], [("the end", "dim")])
        await pilot.press("pagedown")
        lines = ["".join(segment.text for segment in grid.render_line(y)) for y in range(6)]
        assert lines[-1].strip() == "the end"
        await pilot.press("pageup")
        assert "chart 0" in "".join(segment.text for segment in grid.render_line(0))
