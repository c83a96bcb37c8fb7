"""What a frame writes leads a terminal to show the frame, whatever it showed before."""

import re
import unicodedata
from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.cell_diff_frame import CellFrame
from widgets.cell_looks import Looks
from widgets.cell_pen import cells_of

WIDTH, HEIGHT = 12, 4

STYLES = [
    Style.null(),
    Style(bold=True),
    Style(reverse=True, dim=True),
    Style(color="red"),
    Style(color="#ff8000", bgcolor="#202020"),
    Style(color="#ff8000", bgcolor="#202020", bold=True),
    Style(bgcolor="blue", underline=True, strike=True),
    Style(color="default", bgcolor="default", italic=True),
]
SURE = ["a", "b", " ", "  ", "abc", "中", "文字", "é", "e\u0301", "─"]
UNSURE = ["👍", "👨‍👩‍👧", "❤️", "🇩🇪", "1️⃣", "⚡"]
HOSTILE = ["\x1b[2J", "\n", "\x9b5n", "\u202e", "\t", "\x00", "\ud800"]

styles = st.sampled_from(STYLES)


def segments(pieces: list[str]) -> st.SearchStrategy[list[Segment]]:
    text = st.lists(st.sampled_from(pieces), min_size=1, max_size=6).map("".join)
    return st.lists(st.tuples(text, styles).map(lambda both: Segment(*both)), max_size=4)


def puts(pieces: list[str]) -> st.SearchStrategy[list[tuple[int, int, Strip]]]:
    put = st.tuples(st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1), segments(pieces).map(Strip))
    return st.lists(put, max_size=6)


class Screen(pyte.Screen):
    """A screen that doesn't wrap for a mark on the last character of a line, as no real terminal does."""

    def draw(self, data: str) -> None:
        for character in data:
            if unicodedata.combining(character) and self.cursor.x == self.columns:
                row = self.buffer[self.cursor.y]
                last = row[self.columns - 1]
                row[self.columns - 1] = last._replace(data=unicodedata.normalize("NFC", last.data + character))
            else:
                super().draw(character)


class Terminal:
    def __init__(self) -> None:
        self.screen = Screen(WIDTH, HEIGHT)
        self.stream = pyte.Stream(self.screen)

    def feed(self, data: str) -> None:
        self.stream.feed(data)

    def cells(self) -> list[tuple[Any, ...]]:
        return [(y, x, *self.screen.buffer[y][x]) for y in range(HEIGHT) for x in range(WIDTH)]

    def scribble(self) -> None:
        self.feed("\x1b[H" + "\r\n".join(["#" * WIDTH] * HEIGHT))


def blank(frame: CellFrame) -> None:
    for y in range(HEIGHT):
        frame.put(y, 0, Strip([Segment(" " * WIDTH)]))


@given(st.lists(puts(SURE + UNSURE + HOSTILE), min_size=1, max_size=5), st.data())
def test_differences_lead_where_a_full_write_does(
    frames: list[list[tuple[int, int, Strip]]], data: st.DataObject
) -> None:
    terminal = Terminal()
    terminal.scribble()
    frame = CellFrame(WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    blank(frame)
    for puts in frames:
        for y, x, strip in puts:
            frame.put(y, x, strip)
        frame.urgent = data.draw(st.booleans())
        if data.draw(st.booleans()):
            terminal.feed(frame.changes(limit=data.draw(st.none() | st.integers(1, 60))))
    for _ in range(HEIGHT):
        terminal.feed(frame.changes(limit=1))
    assert not frame.is_dirty
    assert frame.changes() == ""
    afresh = Terminal()
    afresh.scribble()
    frame.forget()
    afresh.feed(frame.changes())
    assert terminal.cells() == afresh.cells()


@given(st.lists(st.lists(segments(SURE), min_size=HEIGHT, max_size=HEIGHT), min_size=1, max_size=4))
def test_it_shows_what_textual_would_write(frames: list[list[list[Segment]]]) -> None:
    terminal = Terminal()
    terminal.scribble()
    frame = CellFrame(WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    console = Console(color_system="truecolor", force_terminal=True)
    for rows in frames:
        expected = Terminal()
        for y, row in enumerate(rows):
            strip = Strip(row).adjust_cell_length(WIDTH)
            frame.put(y, 0, strip)
            expected.feed(f"\x1b[{y + 1}H" + Strip(list(strip)).render(console))
        terminal.feed(frame.changes())
        assert terminal.cells() == expected.cells()


@given(puts(SURE + UNSURE + HOSTILE))
def test_nothing_is_written_but_text_moves_and_looks(puts: list[tuple[int, int, Strip]]) -> None:
    frame = CellFrame(WIDTH, HEIGHT, ColorSystem.EIGHT_BIT)
    for y, x, strip in puts:
        frame.put(y, x, strip)
    written = re.sub(r"\x1b\[\d*(;\d*)*[mHCG]", "", frame.changes())
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202e\ud800]", written)


@given(puts(SURE), st.sampled_from([None, ColorSystem.STANDARD]))
def test_no_more_colours_than_the_terminal_has(puts: list[tuple[int, int, Strip]], system: ColorSystem | None) -> None:
    frame = CellFrame(WIDTH, HEIGHT, system)
    for y, x, strip in puts:
        frame.put(y, x, strip)
    codes = {code for run in re.findall(r"\x1b\[([\d;]*)m", frame.changes()) for code in run.split(";") if code}
    attributes = {"1", "2", "3", "4", "7", "9"}
    colours = {*map(str, range(30, 38)), *map(str, range(90, 98)), *map(str, range(40, 48)), *map(str, range(100, 108))}
    assert codes <= (attributes if system is None else attributes | colours | {"39", "49"})


@pytest.mark.parametrize("old", STYLES)
@pytest.mark.parametrize("new", STYLES)
def test_a_look_doesn_t_depend_on_the_one_before(old: Style, new: Style) -> None:
    looks = Looks(ColorSystem.TRUECOLOR)
    first, second = looks.number(old), looks.number(new)
    terminal, afresh = Terminal(), Terminal()
    terminal.feed(looks.change(0, first) + "a\r")
    if first != second:
        terminal.feed(looks.change(first, second))
    terminal.feed("b")
    afresh.feed((looks.change(0, second) if second else "") + "b")
    assert terminal.cells() == afresh.cells()


def test_a_changed_cell_costs_a_move_and_a_character() -> None:
    frame = CellFrame(80, 24, ColorSystem.TRUECOLOR)
    frame.put(3, 0, Strip([Segment("x" * 80)]))
    assert frame.changes() == "\x1b[4H" + "x" * 80
    frame.put(3, 0, Strip([Segment("x" * 40 + "y" + "x" * 39)]))
    assert frame.changes() == "\x1b[4;41Hy"
    frame.put(3, 0, Strip([Segment("x" * 40 + "z" + "x" * 30 + "zxxz" + "x" * 5)]))
    assert frame.changes() == "\x1b[4;41Hz\x1b[30Czxxz"
    assert frame.changes() == ""


def test_the_same_strip_costs_nothing_until_it_was_covered() -> None:
    frame = CellFrame(10, 1, None)
    under, over = Strip([Segment("u" * 10)], 10), Strip([Segment("oo")], 2)
    frame.put(0, 0, under)
    assert frame.changes() == "\x1b[1Huuuuuuuuuu"
    frame.put(0, 4, over)
    assert frame.changes() == "\x1b[1;5Hoo"
    frame.put(0, 0, under)
    assert frame.changes() == "\x1b[1;5Huu"


def test_the_cursor_is_left_where_it_is_wanted() -> None:
    frame = CellFrame(10, 2, None)
    frame.put(0, 0, Strip([Segment("abc")]))
    assert frame.changes((3, 0)) == "\x1b[1Habc"
    frame.put(0, 0, Strip([Segment("abd")]))
    assert frame.changes((5, 1)) == "\x1b[1;3Hd\x1b[2;6H"
    assert frame.changes((5, 1)) == ""


def test_links_are_not_written() -> None:
    frame = CellFrame(10, 1, ColorSystem.TRUECOLOR)
    frame.put(0, 0, Strip([Segment("here", Style(link="https://example.com"))]))
    assert frame.changes() == "\x1b[1Hhere"


def test_what_was_drawn_over_by_a_wider_character_is_written_again() -> None:
    frame = CellFrame(12, 1, None)
    frame.put(0, 0, Strip([Segment("abcdefghijkl")]))
    frame.changes()
    frame.put(0, 2, Strip([Segment("👨‍👩‍👧")]))
    assert frame.changes() == "\x1b[1;3H  \x1b[3G👨‍👩‍👧\x1b[1;5Hefgh"
    frame.put(0, 10, Strip([Segment("👨‍👩‍👧")]))
    assert frame.changes() == "\x1b[1;11H  \x1b[11G👨"


def test_marks_of_the_next_segment_sit_on_the_last_character() -> None:
    frame = CellFrame(12, 1, None)
    frame.put(0, 0, Strip([Segment("中"), Segment("\u0301x", Style(bold=True))]))
    assert frame.changes() == "\x1b[1H  \x1b[1G中\u0301\x1b[1;3H\x1b[1mx\x1b[m"


def test_cells_of_a_text() -> None:
    assert cells_of("a中\u0301\x1b") == ("", ("a", "中\u0301", "", "␛"))
    assert cells_of("\u0301\u0301a") == ("\u0301\u0301", ("a",))
    assert len(cells_of("e" + "\u0301" * 1000)[1][0]) == 32


def test_what_is_outside_the_frame_is_cut() -> None:
    frame = CellFrame(4, 1, None)
    for y, x in [(-1, 0), (1, 0), (0, -1), (0, 4)]:
        frame.put(y, x, Strip([Segment("abc")]))
    assert frame.changes() == ""
    frame.put(0, 3, Strip([Segment("中文")]))
    assert frame.changes() == "\x1b[1;4H "


def test_slices_take_urgent_rows_first_and_then_those_that_waited_longest() -> None:
    frame = CellFrame(20, 4, None)
    for y, text in ((2, "waits"), (0, "then"), (3, "last")):
        frame.put(y, 0, Strip([Segment(text.ljust(20, "."))]))
    frame.urgent = True
    frame.put(1, 0, Strip([Segment("key".ljust(20, "."))]))
    written = [frame.changes(limit=20) for _ in range(4)]
    assert [next(word for word in ("waits", "then", "last", "key") if word in text) for text in written] == [
        *("key", "waits", "then", "last")
    ]
    assert not frame.is_dirty
    assert frame.changes(limit=20) == ""
