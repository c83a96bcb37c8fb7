"""Several series in one chart: each has its glyph, and its peak is marked."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tui.model.stats import Sample, Usage
from tui.model.usage_history import UsageHistory
from tui.present.stats import MEASURES, legend, memory_bar, start_words
from widgets.line_chart import Line, plotted

SECOND = 10**9


def text_of(*lines: Line, width: int, height: int, top: float) -> list[str]:
    return ["".join(text for text, _ in row) for row in plotted(lines, width, height, top, "^")]


def test_each_series_has_its_glyph_and_its_peak() -> None:
    one, other = Line([0, 5, 10, 5], "o", "info"), Line([0, 0, math.nan, 10], "x", "good")
    assert text_of(one, other, width=5, height=3, top=10) == ["  ^^ ", " o o ", "xx   "]


@given(st.lists(st.floats(), max_size=30), st.integers(1, 30), st.integers(1, 8), st.floats(0, 1e9))
def test_it_is_as_large_as_it_should_be(values: list[float], width: int, height: int, top: float) -> None:
    drawn = text_of(Line(values, "o", "info"), width=width, height=height, top=top)
    assert [len(row) for row in drawn] == [width] * height


def history(*cpu: float, began: int = 100) -> UsageHistory:
    found = UsageHistory()
    for second, value in enumerate(cpu):
        found.add(Usage(Sample(value, 1, 100, read_ns=(began + second) * SECOND)))
    return found


def test_histories_that_began_at_different_times_stand_below_the_same_columns() -> None:
    early, late = history(1, 2, 3, 4), history(9, 8, began=102)
    assert early.columns("cpu", 100 * SECOND, SECOND, 5)[:4] == [1, 2, 3, 4]
    assert math.isnan(early.columns("cpu", 100 * SECOND, SECOND, 5)[4])
    shown = late.columns("cpu", 100 * SECOND, SECOND, 4)
    assert math.isnan(shown[0])
    assert shown[2:] == [9, 8]
    assert early.columns("cpu", 100 * SECOND, 2 * SECOND, 2) == [2, 4]
    assert early.until_ns == 104 * SECOND


def test_the_line_of_one_tells_now_and_its_peak() -> None:
    words = "".join(text for text, _ in legend(MEASURES[0], history(1, 9, 2), "running", ascii=True))
    assert words == "2.0%  ^9.0% 00:01:41"
    assert "no sample" in legend(MEASURES[0], None, "running", ascii=True)[0][0]
    assert legend(MEASURES[0], None, "paused", ascii=True)[0][0].startswith("it is paused")
    assert legend(MEASURES[0], history(1), "paused", ascii=True)[0][0] == "paused"
    assert legend(MEASURES[0], history(1), "exited", ascii=True)[0][0] == "ended"


def test_memory_beside_the_limit_and_the_host() -> None:
    spans = memory_bar(25 << 20, 50 << 20, 100 << 20, 20, ascii=True)
    assert "".join(text for text, _ in spans) == "#####=====---------- 25MiB, limit 50MiB; 25.0% of the host's 100MiB"
    free = memory_bar(1, 100 << 20, 100 << 20, 20, ascii=True)
    assert "".join(text for text, _ in free) == "#------------------- 1B, no limit; 0.0% of the host's 100MiB"


def test_how_long_its_start_took() -> None:
    assert start_words(10 * SECOND, 10 * SECOND + SECOND // 2, 0) == (
        "running 500ms after it was created (its last start)"
    )
    assert "2 restarts since" in start_words(10 * SECOND, 11 * SECOND, 2)
    assert start_words(10 * SECOND, None, 0) == ""
