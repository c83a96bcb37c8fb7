"""When a frame may be written: on a quick line at once, on a slow one never in arrears, and soon after a key."""

import pytest

from widgets.line_pace import (
    ASK_FROM,
    GUESS,
    KEY_SECONDS,
    LATE_SECONDS,
    PATIENCE_SECONDS,
    REST_SECONDS,
    SLOW_SECONDS,
    WINDOW,
    LinePace,
    Slow,
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Line(LinePace):
    """A line with a clock that is moved by hand, on a terminal that answers."""

    def __init__(self, slow: Slow = "auto", *, answers: bool = True) -> None:
        self.clock = Clock()
        super().__init__(slow, self.clock)
        if answers:
            self.answered()  # to the question that every terminal is asked at the start

    def write(self, size: int) -> bool:
        asked = self.asks(size)
        self.sent(size, asked=asked)
        return asked


def test_small_frames_need_not_wait_for_answers() -> None:
    line = Line()
    assert not line.write(ASK_FROM - 1)
    assert line.write(1)
    while line.wait(0) == 0:
        line.write(200)
    assert WINDOW < sum(size for _, size in line._flying) + line._unasked < WINDOW + 400


def test_a_large_frame_holds_the_next_until_it_is_answered() -> None:
    line = Line()
    assert line.write(10_000)
    line.clock.now += 0.01
    assert line.wait(0) == pytest.approx(PATIENCE_SECONDS - 0.01)
    line.answered()
    assert line.wait(0) == 0
    assert not line.is_slow


def test_an_answer_that_is_lost_holds_nothing_for_ever() -> None:
    line = Line()
    line.write(10_000)
    line.clock.now += PATIENCE_SECONDS
    assert line.wait(0) == 0
    line.answered()
    assert line.wait(0) == 0


def test_a_terminal_that_answers_nothing_is_never_asked_nor_waited_for() -> None:
    line = Line(answers=False)
    assert not line.write(100_000)
    assert line.wait(0) == 0
    assert line.wait(1) > 0


def test_a_late_answer_tells_of_a_slow_line_and_it_recovers() -> None:
    line = Line()
    line.write(600)
    line.clock.now += 0.01
    line.answered()
    line.write(10_000)
    line.clock.now += 0.01 + 2 * LATE_SECONDS
    line.answered()
    assert line.is_slow
    line.clock.now += SLOW_SECONDS
    assert not line.is_slow


def test_a_line_of_long_ways_is_not_a_slow_one() -> None:
    line = Line()
    for _ in range(5):
        line.write(600)
        line.clock.now += 0.3
        line.answered()
    assert not line.is_slow


def test_bytes_that_the_kernel_does_not_take_tell_of_a_slow_line() -> None:
    line = Line(answers=False)
    assert line.wait(10) > 0
    line.clock.now += LATE_SECONDS / 2
    line.wait(10)
    assert not line.is_slow
    line.clock.now += LATE_SECONDS
    line.wait(10)
    assert line.is_slow


def test_a_slow_line_rests_between_frames_but_not_after_a_key() -> None:
    line = Line(True)
    line.write(1_000)
    line.clock.now += 0.2
    line.answered()
    assert line.wait(0) == pytest.approx(0.2)
    line.key()
    assert line.is_urgent
    assert line.wait(0) == 0
    line.clock.now += KEY_SECONDS
    assert not line.is_urgent
    assert line.wait(0) == pytest.approx(0.2 - KEY_SECONDS)
    line.clock.now += 0.1
    assert line.wait(0) == 0


def test_a_rest_is_neither_too_short_nor_too_long() -> None:
    for took in (0.0, 1.9):
        line = Line(True)
        line.write(1_000)
        line.clock.now += took
        line.answered()
        assert REST_SECONDS[0] - 1e-9 <= line.wait(0) <= REST_SECONDS[1] + 1e-9


def test_a_slow_line_that_answers_nothing_rests_by_the_bytes() -> None:
    line = Line(True, answers=False)
    line.write(GUESS // 4)
    assert line.wait(0) == pytest.approx(0.25)


def test_the_setting_counts() -> None:
    never = Line(False)
    never.write(10_000)
    never.clock.now += 1
    never.answered()
    assert not never.is_slow
    assert never.wait(0) == 0
    assert Line(True).is_slow
