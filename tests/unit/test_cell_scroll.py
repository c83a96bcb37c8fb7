"""What only moved is moved by the terminal, and the frame is what the terminal shows all the same."""

import re
from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.cell_diff_frame import CellFrame

WIDTH, HEIGHT = 30, 9
STYLES = [Style.null(), Style(bold=True), Style(bgcolor="blue"), Style(color="#ff8000", bgcolor="#202020")]
WORDS = ["GET /a 200", "POST /bb 404", "中文", "👍 ok", "e\u0301", "", "same", "─────"]


class Terminal:
    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.screen = pyte.Screen(width, height)
        self.stream = pyte.Stream(self.screen)

    def feed(self, data: str) -> None:
        self.stream.feed(data)

    def cells(self) -> list[tuple[Any, ...]]:
        screen = self.screen
        return [(y, x, *screen.buffer[y][x]) for y in range(screen.lines) for x in range(screen.columns)]


def row(text: str, style: Style, width: int = WIDTH) -> Strip:
    return Strip([Segment(text, style)]).adjust_cell_length(width, style)


lines = st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 99), st.sampled_from(STYLES)), min_size=HEIGHT)
window = st.tuples(st.integers(0, 40), st.integers(0, HEIGHT - 1), st.integers(0, HEIGHT - 1))


@given(lines, st.lists(window, min_size=1, max_size=6), st.lists(st.none() | st.integers(1, 80), max_size=6))
def test_a_window_that_moves_over_a_text_shows_what_it_would_afresh(
    text: list[tuple[str, int, Style]], windows: list[tuple[int, int, int]], limits: list[int | None]
) -> None:
    terminal = Terminal()
    frame = CellFrame(WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    for y in range(HEIGHT):
        frame.put(y, 0, row(f"row {y}", STYLES[y % 2]))
    frame.complete = True
    terminal.feed(frame.changes())
    for number, (start, one, other) in enumerate(windows):
        top, bottom = min(one, other), max(one, other)
        for y in range(top, bottom + 1):
            words, count, style = text[(start + y) % len(text)]
            frame.put(y, 0, row(f"{words} {count} " * 3, style))
        limit = limits[number] if number < len(limits) else None
        terminal.feed(frame.changes(limit=limit))
    while frame.is_dirty:
        terminal.feed(frame.changes())
    afresh = Terminal()
    frame.forget()
    afresh.feed(frame.changes())
    assert terminal.cells() == afresh.cells()


def shown(frame: CellFrame, first: int, terminal: Terminal, *, bar: bool = True, top: int = 2) -> str:
    """What is written for a log whose first row shown is `first`, from row `top` on."""
    for y in range(top, frame.height):
        number = first + y - top
        thumb = "█" if bar and y - top == first // 4 else " "
        text = f"{number:04} GET /{number * 7919 % 9973}/{number * 104729 % 99991}"
        frame.put(y, 0, Strip([*row(text, Style(bgcolor="blue"), frame.width - 1), Segment(thumb)]))
    written = frame.changes()
    terminal.feed(written)
    return written


def log() -> tuple[CellFrame, Terminal]:
    frame, terminal = CellFrame(100, 30, ColorSystem.TRUECOLOR), Terminal(100, 30)
    for y in range(30):
        frame.put(y, 0, row(f"header {y}", Style.null(), 100))
    frame.complete = True
    terminal.feed(frame.changes())
    return frame, terminal


@pytest.mark.parametrize(("first", "then", "escape"), [(10, 11, "\n"), (10, 13, "\n\n\n"), (13, 10, "\x1bM" * 3)])
def test_a_log_that_moves_costs_what_is_new(first: int, then: int, escape: str) -> None:
    frame, terminal = log()
    assert len(shown(frame, first, terminal)) > 700
    written = shown(frame, then, terminal)
    assert re.search(r"\x1b\[3;30r\x1b\[\d+H" + re.escape(escape) + r"\x1b\[r", written)
    # a row is 99 characters and two escapes of some ten bytes
    assert len(written) < 60 + abs(then - first) * 125
    display = terminal.screen.display
    assert display[1].startswith("header 1")
    assert display[2].startswith(f"{then:04} GET")
    assert display[29].startswith(f"{then + 27:04} GET")


def test_the_rows_above_and_below_stay() -> None:
    frame, terminal = log()
    shown(frame, 10, terminal, bar=False, top=20)
    before = terminal.screen.display[:20]
    written = shown(frame, 11, terminal, bar=False, top=20)
    assert "\x1b[21;30r" in written
    assert terminal.screen.display[:20] == before


def test_values_that_change_in_their_rows_move_nothing() -> None:
    frame, terminal = log()
    for second in range(3):
        for y in range(30):
            frame.put(y, 0, row(f"container-{y} {(y * 31 + second * 7) % 100:3} %", Style.null(), 100))
        written = frame.changes()
        terminal.feed(written)
        assert "r" not in re.sub(r"header|container", "", written)


def test_a_frame_that_was_never_whole_moves_nothing() -> None:
    frame, terminal = CellFrame(100, 30, None), Terminal(100, 30)
    shown(frame, 10, terminal)
    assert "\n" not in shown(frame, 11, terminal)
