"""The live table on a screen: what it draws, what keys and the mouse do, what it tells."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Static

from widgets.live_table import LiveTable
from widgets.live_table_canvas import merged


@dataclass(frozen=True)
class Boat:
    name: str
    load: int = 0
    tone: str = ""


@dataclass(frozen=True)
class BoatColumn:
    key: str
    text: Callable[[Boat], str]
    sort: Callable[[Boat], int | str]
    title: str = ""
    width: int = 10
    min_width: int = 4
    flex: int = 0
    align: Literal["left", "right"] = "left"
    priority: int = 10
    shorter: Callable[[str, int, str], Iterable[str]] | None = None

    def cell(self, row: Boat) -> tuple[str, str]:
        return self.text(row), row.tone

    def sort_key(self, row: Boat) -> int | str:
        return self.sort(row)


NAME = BoatColumn("name", lambda boat: boat.name, lambda boat: boat.name, "NAME", flex=1, priority=20)
LOAD = BoatColumn("load", lambda boat: str(boat.load), lambda boat: boat.load, "LOAD", 6, 4, align="right")
NOTE = BoatColumn("note", lambda boat: f"note {boat.name}", lambda boat: boat.name, "NOTE", priority=1)


def boats(count: int) -> dict[str, Boat]:
    return {f"k{index:03}": Boat(f"boat-{index:03}", count - index) for index in range(count)}


@dataclass
class Seen:
    messages: list[Message] = field(default_factory=list)

    def of(self, kind: type[Message]) -> list[Message]:
        return [message for message in self.messages if isinstance(message, kind)]


class Harbour(App[None]):
    def __init__(self, table: LiveTable[Boat], ansi: bool | None = None) -> None:
        super().__init__(ansi_color=ansi)
        self.table = table
        self.seen = Seen()

    def compose(self) -> ComposeResult:
        yield self.table
        yield Static("foot")

    def on_live_table_highlighted(self, message: LiveTable.Highlighted) -> None:
        self.seen.messages.append(message)

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        self.seen.messages.append(message)

    def on_live_table_view_changed(self, message: LiveTable.ViewChanged) -> None:
        self.seen.messages.append(message)

    def on_live_table_marks_changed(self, message: LiveTable.MarksChanged) -> None:
        self.seen.messages.append(message)


def make(**options: object) -> Harbour:
    options.setdefault("sort", "name")
    table = LiveTable[Boat]([NAME, LOAD, NOTE], search_text=lambda boat: boat.name, **options)  # type: ignore[arg-type]
    return Harbour(table)


def text(app: Harbour) -> list[str]:
    table = app.table
    return [strip.text.rstrip() for strip in table.render_lines(table.size.region)]


async def test_it_draws_a_header_and_sorted_rows_under_it() -> None:
    app = make()
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.show({"b": Boat("beta", 2), "a": Boat("alpha", 1)})
        await pilot.pause()
        assert text(app) == [
            "  NAME▲                 LOAD NOTE",
            "  alpha                    1 note alpha",
            "  beta                     2 note beta",
            "",
            "",
        ]
        assert app.table.visible_keys == ("a", "b")
        assert app.table.cursor_key == "a"
        assert app.table.cursor_row == Boat("alpha", 1)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 2), (3, 3), (5, 2), (12, 4), (300, 2)])
@pytest.mark.parametrize("count", [0, 1, 50])
async def test_no_size_is_too_small(size: tuple[int, int], count: int) -> None:
    app = make(empty="no boats")
    async with app.run_test(size=size) as pilot:
        app.table.show(boats(count))
        app.table.set_problem("the harbour can't be reached")
        table = app.table  # Pilot's keys would wait for a widget without a size
        for act in [table.action_mark, table.action_last, table.action_first, table.action_open, table.mark_all_shown]:
            act()
            table.render_lines(table.size.region)
        table.action_page(0.5)
        table.action_page(-1)
        app.table.filter("nothing at all")
        app.table.set_problem(None)
        await resize(pilot, 40, 10)
        app.table.filter("")
        await pilot.pause()
        assert app.table.shown_count == count
        assert len(text(app)) == 9


async def test_keys_move_the_cursor_and_the_rows() -> None:
    app = make()
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.table
        table.show(boats(100))
        for keys, expected in [
            (["j", "down"], "k002"),
            (["k"], "k001"),
            (["G"], "k099"),
            (["g"], "k000"),
            (["end"], "k099"),
            (["home"], "k000"),
            (["pagedown"], "k010"),
            (["ctrl+d"], "k015"),
            (["ctrl+u"], "k010"),
            (["pageup", "k", "k"], "k000"),
        ]:
            await pilot.press(*keys)
            assert table.cursor_key == expected
            assert expected in table.visible_keys
        assert app.seen.of(LiveTable.Highlighted)[-1].key == "k000"


async def test_enter_and_double_click_open() -> None:
    app = make()
    async with app.run_test(size=(40, 12)) as pilot:
        app.table.show(boats(5))
        await pilot.press("j", "enter")
        await pilot.click(app.table, offset=(4, 4), times=2)
        assert [message.key for message in app.seen.of(LiveTable.Opened)] == ["k001", "k003"]


async def test_a_click_moves_the_cursor_and_a_click_on_a_title_sorts() -> None:
    app = make()
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.table
        table.show(boats(5))
        await pilot.click(table, offset=(4, 3))
        assert table.cursor_key == "k002"
        await pilot.click(table, offset=(26, 0))
        assert table.sort == ("load", False)
        assert table.order[0] == "k004"
        await pilot.click(table, offset=(3, 9))
        await pilot.click(table, offset=(26, 0))
        assert table.sort == ("load", True)
        assert table.order[0] == "k000"
        assert table.cursor_key == "k002"
        assert "LOAD▼" in text(app)[0]


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    app = make()
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.table
        table.show(boats(100))
        await pilot.pause()
        table.post_message(scroll(table))
        await pilot.pause()
        assert table.visible_keys[0] == "k003"
        assert table.cursor_key == "k000"
        table.show({**boats(100), "a": Boat("aaa")})
        assert table.visible_keys[0] == "k003"
        await pilot.press("j")
        assert table.cursor_key == "k001"
        assert "k001" in table.visible_keys


def scroll(table: LiveTable[Boat]):
    from textual.events import MouseScrollDown

    return MouseScrollDown(table, 1, 1, 0, 1, 0, False, False, False)


async def test_marks_follow_rows_and_go_with_them() -> None:
    app = make()
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.table
        rows = boats(5)
        table.show(rows)
        await pilot.press("space", "space")
        assert table.marks == {"k000", "k001"}
        assert table.cursor_key == "k002"
        assert text(app)[1].startswith("● boat-000")
        table.sort_by("load")
        assert text(app)[5].startswith("● boat-000")
        assert table.targets == ("k001", "k000")
        del rows["k000"]
        table.show(dict(rows))
        assert table.marks == {"k001"}
        table.filter("003")
        await pilot.press("*")
        assert table.marks == {"k001", "k003"}
        assert table.targets == ("k003",)  # what the filter hides is not acted on
        table.filter("004")
        assert table.targets == ("k004",)
        table.filter("nosuch")
        assert table.targets == ()
        table.filter("003")
        table.clear_marks()
        await pilot.pause()
        assert table.targets == ("k003",)
        assert app.seen.of(LiveTable.MarksChanged)[-1].marks == frozenset()


async def test_a_busy_row_shows_it() -> None:
    busy: set[str] = set()
    app = make(row_busy=busy.__contains__)
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.table
        table.show(boats(3))
        await pilot.press("space")
        busy |= {"k000", "k001"}
        table.touch()
        assert [line[:2] for line in text(app)[1:4]] == ["◉ ", "◌ ", "  "]


async def test_touch_draws_what_cells_take_from_elsewhere() -> None:
    extra = {"k000": "1"}
    column = BoatColumn("extra", lambda boat: extra.get(f"k{boat.name[-3:]}", ""), lambda boat: 0, "EXTRA", priority=30)
    table = LiveTable[Boat]([NAME, column], search_text=lambda boat: boat.name, sort="name")
    app = Harbour(table)
    async with app.run_test(size=(40, 12)):
        table.show(boats(3))
        extra["k000"] = "2"
        extra["k001"] = "3"
        table.touch(["k000", "unknown"])
        assert [line.split()[1:] for line in text(app)[1:4]] == [["2"], [], []]
        table.touch()
        assert [line.split()[1:] for line in text(app)[1:4]] == [["2"], ["3"], []]


async def test_one_changed_cell_repaints_one_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make()
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.table
        rows = boats(50)
        table.show(rows)
        await pilot.pause()
        painted = []
        monkeypatch.setattr(table, "refresh", lambda *regions, **_: painted.extend(regions))
        table.show({**rows, "k003": Boat("boat-003", 999)})
        assert [tuple(region) for region in painted] == [(21, 4, 7, 1)]
        painted.clear()
        table.show({**rows, "k003": Boat("boat-003", 999)})
        table.show({**rows, "k003": Boat("boat-003", 999), "k030": Boat("boat-030", 999)})
        table.touch()
        assert painted == []
        await pilot.press("j")
        assert sorted(region.y for region in painted) == [1, 2]


async def test_the_row_of_the_cursor_stays_at_its_line() -> None:
    app = make()
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.table
        table.show(boats(100))
        await pilot.press("pagedown", "pagedown", "k", "k")
        line = table.visible_keys.index("k018")
        table.show({**boats(100), **{f"a{n}": Boat(f"a{n}") for n in range(30)}})
        assert table.cursor_key == "k018"
        assert table.visible_keys.index("k018") == line
        table.sort_by("load")
        assert table.visible_keys.index("k018") == line


async def test_new_rows_come_into_sight_at_the_head() -> None:
    app = make()
    async with app.run_test(size=(40, 12)):
        table = app.table
        table.show(boats(100))
        table.show({**boats(100), "a": Boat("aaa")})
        assert table.visible_keys[:2] == ("a", "k000")
        assert table.cursor_key == "k000"


async def test_the_cursor_goes_to_the_nearest_row_when_its_own_vanishes() -> None:
    app = make()
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.table
        rows = boats(5)
        table.show(rows)
        await pilot.press("j", "j")
        table.show({key: row for key, row in rows.items() if key not in {"k002", "k003"}})
        assert table.cursor_key == "k004"
        table.show({"k000": rows["k000"]})
        assert table.cursor_key == "k000"
        table.show({})
        assert table.cursor_key is None
        assert table.cursor_row is None
        assert table.targets == ()
        await pilot.press("j", "enter", "space", "*", "G")
        table.show(rows)
        assert table.cursor_key == "k000"


async def test_frozen_rows_stay_where_they_are() -> None:
    app = make()
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.table
        rows = boats(4)
        table.show(rows)
        await pilot.press("j", "space", "k")
        table.freeze()
        table.show({"k000": Boat("zzz"), "k002": rows["k002"], "k003": rows["k003"], "k009": Boat("new")})
        assert table.order == ("k000", "k001", "k002", "k003")
        assert table.pending_changes == 3
        assert text(app)[1].split()[0] == "zzz"
        gone = table.render_lines(table.size.region)[2]
        assert all(segment.style and segment.style.strike for segment in list(gone)[:-1])
        assert table.marks == frozenset()
        assert table.cursor_key == "k001"
        table.thaw()
        assert table.order == ("k002", "k003", "k009", "k000")
        assert table.cursor_key == "k002"
        assert table.pending_changes == 0
        assert not table.frozen


async def test_what_is_in_sight_is_told_once_for_many_changes() -> None:
    app = make()
    async with app.run_test(size=(40, 7)) as pilot:
        table = app.table
        table.show(boats(100))
        await pilot.pause()
        app.seen.messages.clear()
        table.filter("1")
        table.filter("12")
        table.sort_by("load")
        await pilot.pause()
        (told,) = app.seen.of(LiveTable.ViewChanged)
        assert told.visible_keys == table.visible_keys == ("k012",)
        table.filter("")
        await resize(pilot, 40, 8)
        await pilot.pause()
        assert app.seen.of(LiveTable.ViewChanged)[-1].visible_keys == table.visible_keys
        assert len(table.visible_keys) == 6


async def test_it_says_why_there_is_nothing() -> None:
    app = make(empty="no boats\x1b[31m")
    async with app.run_test(size=(40, 7)):
        table = app.table
        assert text(app)[1] == "  no boats␛[31m"
        table.show(boats(3))
        table.filter("xyz")
        assert text(app)[1] == "  Nothing matches xyz"


async def test_what_stands_where_no_rows_are_can_change() -> None:
    app = make(empty="no boats")
    async with app.run_test(size=(40, 7)) as pilot:
        app.table.set_empty("looking for boats \x1b[31m")
        await pilot.pause()
        assert text(app)[1].strip() == "looking for boats ␛[31m"
        app.table.show(boats(1))
        await pilot.pause()
        assert "looking" not in "".join(text(app))


async def test_a_problem_stands_above_the_known_rows() -> None:
    app = make()
    async with app.run_test(size=(40, 7)) as pilot:
        table = app.table
        table.show(boats(3))
        table.set_problem("can't connect\x1b]52;c;x\x07 to the harbour at the end of the world, " * 9)
        lines = text(app)
        assert lines[1].startswith("! can't connect␛]52;c;x␇ to the")
        assert lines[4].split()[0] == "boat-000"
        table.show({})
        await pilot.pause()
        assert len([line for line in text(app) if line]) == 6
        table.set_problem(None)
        table.show(boats(3))
        assert text(app)[1].split()[0] == "boat-000"


async def test_text_from_outside_is_drawn_literally_and_exactly_wide() -> None:
    app = make()
    names = [
        "[red]x[/]",
        "\x1b]0;t\x07",
        "a\nb",
        "\u202eevil",
        "中文字中文字中文字中文字",
        "👨‍👩‍👧 fam",
        "e\u0301" * 9,
        "x" * 1_000_000,
    ]
    async with app.run_test(size=(30, 12)) as pilot:
        table = app.table
        table.show({str(index): Boat(name) for index, name in enumerate(names)})
        await pilot.pause()
        strips = table.render_lines(table.size.region)
        drawn = "\n".join(strip.text for strip in strips)
        assert "[red]x[/]" in drawn
        assert "\x1b" not in drawn
        assert "\u202e" not in drawn
        for strip in strips:
            assert strip.cell_length == sum(segment.cell_length for segment in strip) == 30


async def resize(pilot: Pilot[None], width: int, height: int) -> None:
    """Resize the terminal and wait until the table is laid out for it: on a busy machine that takes a while."""
    await pilot.resize_terminal(width, height)
    async with asyncio.timeout(60):
        while pilot.app.query_one(LiveTable).size.width != width:
            await pilot.pause()


async def test_columns_give_way_by_priority() -> None:
    app = make()
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.show(boats(2))
        assert "NOTE" in text(app)[0]
        await resize(pilot, 16, 6)
        assert "NOTE" not in text(app)[0]
        assert "LOAD" in text(app)[0]
        await resize(pilot, 10, 6)
        assert "LOAD" not in text(app)[0]
        assert "NAM" in text(app)[0]


async def test_other_columns_keep_rows_and_cursor() -> None:
    app = make()
    async with app.run_test(size=(40, 6)) as pilot:
        table = app.table
        table.show(boats(3))
        await pilot.press("j")
        table.set_columns([LOAD, NAME])
        assert table.sort == ("name", False)
        assert text(app)[2].split() == ["2", "boat-001"]
        table.set_columns([LOAD])
        assert table.sort == (None, False)
        assert table.cursor_key == "k001"
        with pytest.raises(KeyError):
            table.sort_by("name")


async def test_ascii_draws_ascii() -> None:
    app = make(ascii=True)
    async with app.run_test(size=(24, 6)) as pilot:
        app.table.show({f"{n}": Boat(f"é{n} and a long name" * 3) for n in range(30)})
        await pilot.press("space")
        assert "".join(text(app)).isascii()
        assert text(app)[1].startswith("* \\xe90")


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
async def test_the_cursor_is_seen_in_every_theme(theme: str) -> None:
    app = make()
    async with app.run_test(size=(40, 6)) as pilot:
        app.theme = theme
        app.table.show({"a": Boat("a", 0, "bad"), "b": Boat("b", 0, "bad")})
        await pilot.pause()
        first, second = (next(iter(strip)).style for strip in app.table.render_lines(app.table.size.region)[1:3])
        assert first != second
        assert first is not None
        assert first.bold


async def test_without_colour_the_cursor_is_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Harbour(make().table, ansi=True)
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.show({"a": Boat("a", 0, "bad"), "b": Boat("b", 0, "bad")})
        await pilot.pause()
        styles = [segment.style for strip in app.table.render_lines(app.table.size.region) for segment in strip]
        colours = [colour for style in styles if style for colour in (style.color, style.bgcolor) if colour]
        assert all(colour.is_default for colour in colours)
        assert next(iter(app.table.render_lines(app.table.size.region)[1])).style.reverse


lines = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 20), st.integers(1, 9)).map(lambda r: Region(r[1], r[0], r[2], 1)),
    max_size=30,
)


@given(lines, st.booleans())
def test_merged_regions_cover_the_same_cells_and_more_of_the_same_lines(regions: list[Region], bar: bool) -> None:
    regions.sort(key=lambda region: region.y)
    if bar:
        regions.append(Region(30, 0, 1, 10))
    few = merged(regions)
    assert len(few) <= len(regions)
    for region in regions:
        assert any(other.contains_region(region) for other in few)
    assert {y for region in few for y in region.line_range} == {y for region in regions for y in region.line_range}
