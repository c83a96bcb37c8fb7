"""Bars are exactly as wide as they were told, whatever the numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from widgets.bars import (
    Progress,
    ProgressLine,
    amount,
    duration,
    progress_spans,
    share_bar,
)
from widgets.literal import cells

numbers = st.floats(allow_nan=True, allow_infinity=True)
widths = st.integers(-1, 60)


@given(numbers, widths, st.booleans())
def test_a_share_bar_has_its_width(fraction: float, width: int, ascii: bool) -> None:
    assert cells(share_bar(fraction, width, ascii)) == max(0, width)


def test_a_small_share_is_seen() -> None:
    assert share_bar(0.0001, 10) == "▏         "
    assert share_bar(0.0001, 4, ascii=True) == "#..."
    assert share_bar(0, 4) == "    "
    assert share_bar(0.5, 4) == "██  "
    assert share_bar(7, 4) == "████"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4s"), (9.96, "10s"), (59.6, "1m00s"), (184, "3m04s"), (7500, "2h05m"), (273_600, "3d04h"), (-1, "?")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_amounts() -> None:
    assert [amount(n) for n in (0, 999, 1500, 999_960, 23_400_000, 5e15)] == [
        "0 B", "999 B", "1.5 kB", "1.0 MB", "23.4 MB", "5000.0 TB",
    ]  # fmt: skip


@given(st.text(max_size=80), st.integers(1, 120), st.floats(0, 1e12), st.one_of(st.none(), st.floats(0, 1e12)))
def test_a_progress_has_its_width(text: str, width: int, done: float, total: float | None) -> None:
    spans = progress_spans(Progress(text, done, total, 1e6), width)
    assert sum(cells(part) for part, _ in spans) == width


def test_a_progress_tells_what_there_is_room_for() -> None:
    progress = Progress("pulling", 50e6, 100e6, 5e6)
    wide = "".join(text for text, _ in progress_spans(progress, 120))
    assert "50%" in wide
    assert "50.0 MB / 100.0 MB" in wide
    assert "5.0 MB/s" in wide
    assert "10s left" in wide
    assert "".join(text for text, _ in progress_spans(progress, 12)) == "pulli…   50%"


class Bars(App[None]):
    def compose(self) -> ComposeResult:
        yield ProgressLine()


async def test_a_progress_line_that_says_the_same_is_not_painted() -> None:
    app = Bars()
    async with app.run_test(size=(40, 4)) as pilot:
        line = app.query_one(ProgressLine)
        line.show(Progress("x", 1_000_000, 2_000_000))
        await pilot.pause()
        painted: list[int] = []
        render = line.render_line
        line.render_line = lambda y: painted.append(y) or render(y)  # type: ignore[method-assign]
        line.show(Progress("x", 1_000_001, 2_000_000))
        await pilot.pause()
        assert painted == []
        line.show(Progress("x", 1_500_000, 2_000_000))
        await pilot.pause()
        assert painted
