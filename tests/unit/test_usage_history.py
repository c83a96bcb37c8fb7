"""What is kept of a container's usage: bounded, its peaks never lost, gaps told from zeros."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tui.model.stats import Sample, Usage
from tui.model.usage_history import SLOTS, UsageHistory

SECOND = 10**9
START = 1_790_000_000 * SECOND


def used(second: float, cpu: float | None, memory: int = 0) -> Usage:
    return Usage(Sample(cpu, memory, 1000, read_ns=START + round(second * SECOND)), rx_rate=2 * (cpu or 0))


def filled(*usages: Usage) -> UsageHistory:
    history = UsageHistory()
    for usage in usages:
        history.add(usage)
    return history


def test_a_sample_a_second_is_a_slot_each_and_the_first_without_cpu_is_none() -> None:
    history = filled(used(0, None), used(1, 5.0, 7), used(2, 9.0, 3), used(3, 1.0, 4))
    assert list(history.series["cpu"].values) == [5.0, 9.0, 1.0]
    assert list(history.series["rx"].values) == [10.0, 18.0, 2.0]
    assert list(history.series["memory"].values) == [7, 3, 4]
    assert (history.series["cpu"].peak, history.slot_of(history.series["cpu"].peak_ns)) == (9.0, 1)


def test_a_sample_that_comes_late_leaves_no_gap_but_a_pause_does() -> None:
    history = filled(used(0, 1.0), used(2.1, 2.0), used(6, 3.0))
    values = list(history.series["cpu"].values)
    assert values[:3] == [1.0, 2.0, 2.0]
    assert [math.isnan(value) for value in values[3:6]] == [True, True, True]
    assert values[6] == 3.0


def test_a_clock_that_is_put_back_loses_no_sample_and_one_put_forward_stays_bounded() -> None:
    history = filled(used(10, 1.0), used(3, 8.0), used(11, 2.0))
    assert list(history.series["cpu"].values) == [8.0, 2.0]
    history.add(used(10**9, 3.0))
    assert len(history) <= SLOTS
    assert history.series["cpu"].peak == 8.0


@given(st.lists(st.tuples(st.floats(0, 5000), st.floats(0, 10_000)), min_size=1, max_size=60))
def test_whatever_comes_it_is_bounded_and_holds_its_peak(seen: list[tuple[float, float]]) -> None:
    history = filled(*(used(second, cpu) for second, cpu in seen))
    for series in history.series.values():
        assert 0 < len(series.values) <= SLOTS
        assert len(series.values) == len(history)
    cpu = history.series["cpu"]
    most = max(value for _, value in seen)
    assert cpu.peak == most == max(value for value in cpu.values if not math.isnan(value))


def test_a_day_of_samples_fits_and_the_peak_is_where_it_was() -> None:
    history = UsageHistory()
    for second in range(86_400):
        history.add(used(second, 99.0 if second == 50_000 else 1.0))
    cpu = history.series["cpu"]
    assert (history.slot_seconds, len(history)) == (512, 169)
    assert cpu.values[history.slot_of(cpu.peak_ns)] == 99.0
    assert sum(value == 99.0 for value in cpu.values) == 1
