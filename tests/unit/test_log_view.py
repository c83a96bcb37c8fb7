"""The log view: bounds, following, scrolling, wrapping, search and filter, and that hostile lines stay cheap."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from widgets import sgr
from widgets.literal import cells
from widgets.log_buffer import LogLine
from widgets.log_layout import BLOCK
from widgets.log_text import chop, stamp
from widgets.log_view import LogView


class Logs(App[None]):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.log_view = LogView(**options)
        self.searches: list[tuple[int, int, bool]] = []
        self.follows: list[bool] = []
        self.copies: list[tuple[int, bool]] = []
        self.problems: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.log_view

    def on_mount(self) -> None:
        self.log_view.focus()

    def on_log_view_search_changed(self, event: LogView.SearchChanged) -> None:
        self.searches.append((event.hit, event.total, event.complete))

    def on_log_view_copied(self, event: LogView.Copied) -> None:
        self.copies.append((event.lines, event.cut))

    def on_log_view_filter_changed(self, event: LogView.FilterChanged) -> None:
        self.problems.append(event.problem)

    def on_log_view_follow_changed(self, event: LogView.FollowChanged) -> None:
        self.follows.append(event.following)


def numbered(count: int, start: int = 0) -> list[LogLine]:
    return [LogLine(f"line {number}") for number in range(start, start + count)]


def lines(app: Logs) -> list[str]:
    return [app.log_view.render_line(y).text.rstrip() for y in range(app.log_view.size.height)]


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came")


@given(st.lists(st.text(max_size=12), max_size=5), st.integers(2, 9))
def test_wrapping_loses_nothing(texts: list[str], width: int) -> None:
    rows = chop([Segment(text) for text in texts], width)
    assert "".join(segment.text for row in rows for segment in row) == "".join(texts)
    assert all(sum(cells(segment.text) for segment in row) <= width for row in rows if len(row) == 1)


def test_stamps_have_a_fixed_width() -> None:
    assert stamp(1_700_000_000.5, None, "absolute") == "2023-11-14 22:13:20.500 "
    assert stamp(1e300, None, "absolute") == f"{'no such time':<24}"
    for gap in (0, 0.0131, 12.5, 184, 18_120, 1e6, 1e12, -3):
        assert len(stamp(1e9 + gap, 1e9, "relative")) == 10
    assert stamp(13.5, 1, "relative").strip() == "+12.5s"


# ---- the view


async def test_it_follows_until_the_user_scrolls_up() -> None:
    app = Logs()
    async with app.run_test(size=(40, 5)) as pilot:
        app.log_view.append(numbered(10))
        await pilot.pause()
        assert lines(app) == [f"  line {n}" for n in range(5, 10)]
        await pilot.press("k")
        assert lines(app)[0] == "  line 5"
        assert app.log_view.cursor == 8
        app.log_view.append(numbered(3, 10))
        await until(pilot, lambda: "3 new lines" in lines(app)[-1])
        assert lines(app)[:4] == [f"  line {n}" for n in range(5, 9)]
        await pilot.press("k", "k", "k", "k")
        assert lines(app)[0] == "  line 4"
        await pilot.press("g")
        assert lines(app)[0] == "  line 0"
        await pilot.press("pagedown", "pagedown", "pagedown", "pagedown")
        assert app.log_view.following
        assert lines(app)[-1] == "  line 12"
        await pilot.press("g", "G")
        assert lines(app)[-1] == "  line 12"
        await pilot.pause()
        assert app.follows == [False, True, False, True]


async def test_appends_are_painted_a_few_times_a_second_and_only_the_rows_that_changed() -> None:
    app = Logs()
    async with app.run_test(size=(40, 20)) as pilot:
        painted: list[int] = []
        render = app.log_view.render_line
        app.log_view.render_line = lambda y: painted.append(y) or render(y)  # type: ignore[method-assign]
        app.log_view.append(numbered(1))
        await until(pilot, lambda: 0 in painted)
        painted.clear()
        for number in range(1, 11):
            app.log_view.append(numbered(1, number))
        await until(pilot, lambda: 10 in painted)
        assert sorted(painted) == list(range(1, 11))


async def test_dropped_lines_are_counted() -> None:
    app = Logs(max_lines=10)
    async with app.run_test(size=(40, 5)) as pilot:
        app.log_view.append(numbered(25))
        await pilot.press("g")
        assert lines(app)[:2] == ["· 15 older lines were dropped", "  line 15"]


async def test_wrapping_and_sideways() -> None:
    app = Logs()
    async with app.run_test(size=(12, 4)) as pilot:
        app.log_view.append([LogLine("0123456789abcdefghijklmnop"), LogLine("日本語日本語日本語", "stderr")])
        await pilot.pause()
        assert lines(app)[:2] == ["  012345678…", "┃ 日本語日 …"]
        await pilot.press("right")
        assert lines(app)[0] == "  89abcdefg…"
        await pilot.press("left", "w")
        assert lines(app) == ["  abcdefghij", "  klmnop", "┃ 日本語日本", "  語日本語"]
        await pilot.press("k")
        assert app.log_view.cursor == 0
        assert not app.log_view.following
        await pilot.press("j", "j")
        assert app.log_view.following


async def test_times_and_sources_stand_before_the_text() -> None:
    app = Logs()
    async with app.run_test(size=(60, 3)) as pilot:
        app.log_view.append([LogLine("a", time=1.7e9, source="web"), LogLine("b", time=1.7e9 + 2, source="db")])
        await pilot.pause()
        assert lines(app)[:2] == ["  web a", "  db  b"]
        await pilot.press("t")
        assert lines(app)[1] == "    +2.000s db  b"
        await pilot.press("t")
        assert lines(app)[0] == "  2023-11-14 22:13:20.000 web a"


async def test_only_colours_are_obeyed() -> None:
    app = Logs()
    async with app.run_test(size=(60, 3)) as pilot:
        app.log_view.append([LogLine("\x1b[31mred\x1b[0m [bold]x[/] \x1b]52;c;eA==\x07\x1b[2J\u202e")])
        await pilot.pause()
        strip = app.log_view.render_line(0)
        assert strip.text.rstrip() == "  red [bold]x[/] ␛]52;c;eA==␇␛[2J\\u202e"
        colours = {segment.text: segment.style.color for segment in strip if segment.style}
        assert colours["red"] is not None
        assert colours["red"].number == 1


async def test_a_search_goes_up_from_the_end_and_around() -> None:
    app = Logs()
    async with app.run_test(size=(40, 5)) as pilot:
        app.log_view.append(numbered(100))
        app.log_view.search("LINE 1".lower())
        await until(pilot, lambda: bool(app.searches) and app.searches[-1] == (11, 11, True))
        assert any("line 19" in line for line in lines(app))
        await pilot.press("n")
        await until(pilot, lambda: app.searches[-1][0] == 1)
        assert any("line 1" in line for line in lines(app))
        await pilot.press("N")
        await until(pilot, lambda: app.searches[-1][0] == 11)
        app.log_view.append(numbered(1, 1000))
        await until(pilot, lambda: app.searches[-1] == (11, 12, True))
        app.log_view.search("")
        await pilot.press("n")
        assert app.log_view._hit is None


async def test_a_search_sees_through_colours_and_shows_a_hit_that_is_far_right() -> None:
    app = Logs()
    async with app.run_test(size=(40, 5)) as pilot:
        app.log_view.append([LogLine("x" * 500 + "ER\x1b[31mROR")])
        app.log_view.search("error")
        await until(pilot, lambda: bool(app.searches) and app.searches[-1] == (1, 1, True))
        assert "ERROR" in lines(app)[0]


async def test_a_filter_shows_only_lines_that_match_old_and_new() -> None:
    app = Logs(max_lines=50)
    async with app.run_test(size=(40, 4)) as pilot:
        app.log_view.append(numbered(40))
        app.log_view.set_filter("line 3")
        await until(pilot, lambda: lines(app) == ["  line 36", "  line 37", "  line 38", "  line 39"])
        app.log_view.append([*numbered(20, 200), LogLine("line 3 again")])
        await until(pilot, lambda: lines(app)[-1] == "  line 3 again")
        await pilot.press("g")
        assert lines(app)[:2] == ["· 11 older lines were dropped", "  line 30"]
        app.log_view.set_filter("nothing like it")
        await until(pilot, lambda: lines(app)[0] == "the filter hides all 50 lines")
        app.log_view.set_filter("")
        await pilot.press("G")
        assert lines(app)[-2:] == ["  line 219", "  line 3 again"]


async def test_lines_dropped_under_a_reader_never_break_it() -> None:
    app = Logs(max_lines=20, wrapped=True)
    async with app.run_test(size=(10, 6)) as pilot:
        app.log_view.append(numbered(20))
        app.log_view.search("line")
        app.log_view.set_filter("1")
        await pilot.press("g")
        for round in range(30):
            app.log_view.append(numbered(7, 100 * round))
            assert len(lines(app)) == 6
            await pilot.press(*("j", "k", "pageup", "n", "w", "g")[round % 6])
        app.log_view.clear()
        await pilot.pause()
        assert app.log_view.following
        assert lines(app)[0] == ""


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (40, 10)])
@pytest.mark.parametrize("ascii", [False, True])
async def test_every_line_has_the_width_of_the_view(size: tuple[int, int], ascii: bool) -> None:
    app = Logs(ascii=ascii)
    async with app.run_test(size=size) as pilot:
        app.log_view.append([LogLine("日本\u202e\x1b]0;x\x07" * 30, "stderr", 1.0, "so[/]urce"), LogLine("")] * 20)
        for key in ("w", "t", "k", "t", "right", "w", "g", "t"):
            await pilot.press(key)
            for y in range(app.log_view.size.height):
                strip = app.log_view.render_line(y)
                assert strip.cell_length == app.log_view.size.width
                assert not ascii or strip.text.isascii()
                assert not {"\x1b", "\x07", "\u202e"} & set(strip.text)


@pytest.mark.parametrize(
    ("part", "times"),
    [("x", 100_000_000), ("\x1b[1;31m\x1b[0;32m", 700_000), ("\t\u202e日", 3_000_000)],
    ids=["long", "escapes", "wide"],
)
@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_hostile_line_costs_what_is_shown(
    monkeypatch: pytest.MonkeyPatch, part: str, times: int, wrapped: bool
) -> None:
    laid_out: list[int] = []
    original = sgr.literal
    line = part * times
    app = Logs(wrapped=wrapped)
    async with app.run_test(size=(80, 24)) as pilot:
        app.log_view.append([LogLine(line)] * 30)
        await pilot.pause()
        monkeypatch.setattr(sgr, "literal", lambda text, **rest: laid_out.append(len(text)) or original(text, **rest))
        app.log_view._layouts.clear()
        assert len(lines(app)) == 24
        # a row has 80 cells, and is looked at a little further; wrapped, a line is laid out by the block
        assert 0 < sum(laid_out) <= (4 * BLOCK if wrapped else 24 * 80 * 6)
        laid_out.clear()
        lines(app)
        assert not laid_out
        assert app.log_view.buffer.size <= 64 << 20


async def test_why_there_is_nothing_is_told() -> None:
    app = Logs()
    async with app.run_test(size=(20, 4)) as pilot:
        app.log_view.set_notice("journald cannot be read [/]")
        await pilot.pause()
        assert lines(app)[:2] == ["journald cannot be", "read [/]"]
        app.log_view.append(numbered(1))
        await until(pilot, lambda: lines(app)[0] == "  line 0")


# ---- the cursor, and what it acts on


async def test_the_cursor_goes_through_a_line_that_is_higher_than_the_view() -> None:
    app = Logs(wrapped=True)
    async with app.run_test(size=(12, 4)) as pilot:
        app.log_view.append([LogLine("0123456789" * 6), *numbered(2)])
        await pilot.press("g")
        assert lines(app) == ["  0123456789"] * 4
        seen: list[int | None] = []
        for _ in range(5):
            await pilot.press("j")
            seen.append(app.log_view.cursor)
        assert seen == [0, 0, 1, 2, None]
        await pilot.press("k", "k", "k")
        assert app.log_view.cursor == 0
        await pilot.press("k", "k", "k", "k", "k")
        assert lines(app)[0] == "  0123456789"


async def test_a_line_is_folded_out_by_its_parts_or_wrapped() -> None:
    app = Logs(fold_out=lambda text: [[("part", "key"), (f" {text}", "")]] * 2 if text.startswith("{") else None)
    async with app.run_test(size=(20, 6)) as pilot:
        app.log_view.append([LogLine("{x}"), LogLine("0123456789" * 3)])
        await pilot.press("k", "enter")
        assert lines(app)[:4] == ["  {x}", "    part {x}", "    part {x}", "  01234567890123456…"]
        await pilot.press("j", "enter")
        assert lines(app)[3:5] == ["  012345678901234567", "  890123456789"]
        await pilot.press("enter", "k", "enter")
        assert lines(app)[:2] == ["  {x}", "  01234567890123456…"]


async def test_lines_are_marked_and_chosen_and_copied() -> None:
    app = Logs()
    copied: list[str] = []
    app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
    async with app.run_test(size=(40, 12)) as pilot:
        app.log_view.append([LogLine(f"l{n}\t\x1b[31mred\x1b[0m\x1b]0;x\x07") for n in range(8)])
        await pilot.press("g", "space", "j", "space")
        assert [line[:2] for line in lines(app)[:4]] == ["◆ ", "  ", "◆ ", "  "]
        await pilot.press("y")
        assert copied == ["l0      red␛]0;x␇\nl2      red␛]0;x␇"]
        app.log_view.clear_selection()
        await pilot.press("v", "j", "j", "y")
        assert copied[-1].splitlines() == [f"l{n}      red␛]0;x␇" for n in (3, 4, 5)]
        await pilot.press("k", "y")
        assert copied[-1].startswith("l4")
        assert copied[-1].count("\n") == 0
        app.log_view.set_filter("l6")
        await until(pilot, lambda: "l6" in lines(app)[0])
        await pilot.press("y")
        assert copied[-1].startswith("l6")


async def test_more_than_a_clipboard_takes_is_cut_and_told() -> None:
    app = Logs()
    copied: list[str] = []
    app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
    async with app.run_test(size=(40, 5)) as pilot:
        app.log_view.append([LogLine("x" * 300_000)] * 5)
        await pilot.press("g", "v", "j", "j", "j", "j", "k", "y")
        await until(pilot, lambda: bool(app.copies))
        assert app.copies == [(3, True)]
        assert len(copied[0]) <= 1 << 20


# ---- lines that are not here


async def test_what_is_not_here_is_asked_for_where_it_would_stand() -> None:
    app = Logs()
    asked: list[str] = []
    async with app.run_test(size=(40, 5)) as pilot:
        view = app.log_view
        view.ask = asked.append
        view.append(numbered(40))
        await pilot.press("g")
        assert asked == []  # nothing more can be had
        view.more_above = True
        view.set_edge("older lines can be had")
        await pilot.press("g")
        assert asked == ["start", "above"]
        assert lines(app)[:2] == ["· older lines can be had", "  line 0"]
        view.buffer.prepend([b"older"], [0], [0])
        view.lines_changed()
        await until(pilot, lambda: lines(app)[1] == "  older" or lines(app)[0] == "  older")
        asked.clear()
        view.buffer.extend_head([b"start %d" % n for n in range(40)], [0] * 40, [0] * 40)
        view.show_start()
        await pilot.press("G", "g")
        assert lines(app)[0] == "  start 0"
        assert asked == []
        await pilot.press(*["pagedown"] * 10)
        assert asked[-1] == "gap"
        assert "· older lines can be had" in lines(app)
        view.buffer.joined = True
        view.lines_changed()
        await until(pilot, lambda: "· older lines can be had" not in lines(app))


async def test_before_a_head_that_begins_late_it_says_so_and_the_start_is_asked_for() -> None:
    app = Logs()
    asked: list[str] = []
    async with app.run_test(size=(40, 6)) as pilot:
        view = app.log_view
        view.ask = asked.append
        view.append(numbered(2))
        view.buffer.extend_head([b"since"], [0], [0])
        view.buffer.joined = True
        view.more_above = view.more_before_head = True
        view.set_edge("", "older lines")
        await pilot.press("g")
        assert asked == ["start"]
        assert lines(app)[:4] == ["· older lines", "  since", "  line 0", "  line 1"]
        await pilot.press("space", "space")
        assert view.chosen() == [view.buffer.stretches[0].first]
        view.set_filter("line")
        await until(pilot, lambda: lines(app)[:3] == ["· older lines", "  line 0", "  line 1"])
        view.more_before_head = False
        view.set_edge("")
        asked.clear()
        await pilot.press("G", "g")
        assert asked == []
        assert lines(app)[:2] == ["  line 0", "  line 1"]


@pytest.mark.parametrize("hidden", [True, False])
async def test_the_start_is_where_the_filter_finds_the_first_line_later_on(hidden: bool) -> None:
    app = Logs()
    async with app.run_test(size=(40, 4)) as pilot:
        view = app.log_view
        view.append([LogLine("hidden" if hidden else "passing")] * 20)
        view.set_filter("passing")
        await until(pilot, lambda: view.lines.filter is not None and view.lines.filter.complete)
        for text in (b"hidden", b"passing first", b"passing second"):
            view.buffer.extend_head([text], [0], [0])
            if text == b"hidden":
                view.show_start()
            view.lines_changed()
            await until(pilot, lambda: view.lines.filter is not None and view.lines.filter.complete)
        await until(pilot, lambda: lines(app)[:2] == ["  passing first", "  passing second"])
        await pilot.press("j")
        assert view.buffer[view.cursor or 0].text == "passing second"
        await pilot.press("G")
        view.lines_changed()
        await until(pilot, lambda: view.following)


async def test_the_time_since_the_line_before_is_told_of_lines_that_came_before_it() -> None:
    app = Logs()
    async with app.run_test(size=(40, 8)) as pilot:
        view = app.log_view
        view.append([LogLine("third", time=5.0), LogLine("fourth", time=5.5)])
        await pilot.press("t")
        assert [line.split() for line in lines(app)[:2]] == [["third"], ["+0.500s", "fourth"]]
        view.buffer.prepend([b"second"], [3_000_000_000], [0])
        view.lines_changed()
        await until(pilot, lambda: "third" in lines(app)[1])
        assert lines(app)[1].split() == ["+2.000s", "third"]
        view.buffer.extend_head([b"first"], [2_000_000_000], [0])
        view.buffer.joined = True
        view.lines_changed()
        await until(pilot, lambda: "second" in lines(app)[1])
        assert lines(app)[1].split() == ["+1.000s", "second"]


async def test_a_search_within_a_filter_finds_only_what_is_shown() -> None:
    app = Logs()
    async with app.run_test(size=(40, 8)) as pilot:
        app.log_view.append([LogLine(f"{'odd' if n % 2 else 'even'} {n}") for n in range(30)])
        app.log_view.set_filter("odd")
        app.log_view.search("~1.$")
        await until(pilot, lambda: bool(app.searches) and app.searches[-1] == (5, 5, True))
        app.log_view.set_filter("")
        await until(pilot, lambda: app.searches[-1][1:] == (10, True))


async def test_a_wrong_expression_is_told_and_finds_nothing() -> None:
    app = Logs()
    async with app.run_test(size=(40, 4)) as pilot:
        app.log_view.append(numbered(3))
        app.log_view.set_filter("~(")
        await until(pilot, lambda: bool(app.problems))
        assert "missing )" in app.problems[-1]
        assert lines(app)[:3] == ["  line 0", "  line 1", "  line 2"]


async def test_times_are_local_where_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-3")
    time.tzset()
    try:
        assert stamp(1.7e9, None, "absolute", local=True) == "2023-11-15 01:13:20.000 "
        assert stamp(1.7e9, None, "absolute") == "2023-11-14 22:13:20.000 "
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_what_is_said_of_older_lines_can_be_neither_marked_nor_copied_with_others() -> None:
    app = Logs()
    copied: list[str] = []
    app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
    async with app.run_test(size=(40, 12)) as pilot:
        app.log_view.append(numbered(3))
        app.log_view.set_edge("older lines")
        await pilot.press("pageup", "k", "k", "k")
        assert app.log_view.cursor == app.log_view.lines.edge_number
        await pilot.press("space")
        assert not app.log_view.has_selection
        await pilot.press("k", "v", "j", "j", "y")
        assert copied == ["line 0\nline 1"]


# ---- what hostile lines cost: measured in what is laid out, not in seconds


@pytest.mark.parametrize("part", ["x", "日\u202e", "\x1b[31mx\x1b[0m", "e\u0301\t", "👨\u200d👩"])
@pytest.mark.parametrize("wrapped", [False, True])
async def test_of_a_long_line_only_what_is_seen_is_laid_out(
    monkeypatch: pytest.MonkeyPatch, part: str, wrapped: bool
) -> None:
    seen: list[int] = []
    original = sgr.split

    def split(text: str, *rest: Any) -> Iterator[tuple[str, Any]]:
        for piece in original(text, *rest):
            seen.append(len(piece[0]))
            yield piece

    app = Logs(wrapped=wrapped)
    async with app.run_test(size=(80, 24)) as pilot:
        app.log_view.append([LogLine(part * ((1 << 19) // len(part))), LogLine("end")])
        await pilot.pause()
        monkeypatch.setattr(sgr, "split", split)
        for key in ("G", "g", "pagedown", "pagedown", "pageup"):
            await pilot.press(key)
            app.log_view._layouts.clear()
            seen.clear()
            assert len(lines(app)) == 24
            assert sum(seen) < 6 * 4096 if wrapped else len(seen) < 4096
