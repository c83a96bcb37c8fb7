"""The rest between two showings of the state: short after what happens now and then, longer in a storm."""

import pytest

from tui.screens.show_pace import DEAR, GROWTH, MOST_SHARE, SHARE, ShowPace

COST = 0.01


def test_what_happens_now_and_then_is_shown_at_once() -> None:
    pace, now = ShowPace(), 100.0
    for _ in range(10):
        assert pace.wait(now) == 0
        pace.shown(now + COST, COST)
        now += COST + SHARE * COST + 1e-6


def test_what_follows_a_showing_waits_for_the_rest_and_the_next_is_hardly_later() -> None:
    """An event brings two states, of which the second waits: the event after it must not."""
    pace = ShowPace()
    pace.shown(100.0, COST)
    assert pace.wait(100.1) == pytest.approx(SHARE * COST - 0.1)
    pace.shown(100.0 + SHARE * COST, COST)
    assert pace.wait(100.0 + SHARE * COST + GROWTH * SHARE * COST + 1e-6) == 0


def test_in_a_storm_the_rest_grows_to_its_most_and_is_short_again_afterwards() -> None:
    pace, now = ShowPace(), 100.0
    pace.shown(now, COST)
    waits: list[float] = []
    for _ in range(10):
        waits.append(wait := pace.wait(now))
        now += wait
        pace.shown(now, COST)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (pytest.approx(SHARE * COST), pytest.approx(MOST_SHARE * COST))
    assert pace.wait(now + MOST_SHARE * COST + 1e-6) == 0
    pace.shown(now + 10, COST)
    assert pace.wait(now + 10) == pytest.approx(SHARE * COST)


def test_after_a_storm_events_that_come_in_turn_are_hardly_late_again() -> None:
    """Each brings two states, and comes when the second one's rest is about over: none of them makes that longer."""
    pace, now = ShowPace(), 100.0
    pace.shown(now, COST)
    for _ in range(20):
        now += pace.wait(now)
        pace.shown(now, COST)
    cheap = DEAR / 2
    for _ in range(20):
        first = pace.wait(now)
        now += first
        pace.shown(now, cheap)
        pace.wait(now)
        now += SHARE * cheap
        pace.shown(now, cheap)
        now += 0.9 * SHARE * cheap
    assert first <= 0.11 * SHARE * cheap
