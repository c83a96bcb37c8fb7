"""Whatever is shown, sorted, filtered, frozen and marked: the order is that of a naive model, the cursor keeps its row,
and what was painted piece by piece is what painting everything would give."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from rich.style import Style
from textual.geometry import Region, Size

from widgets.live_table import LiveTable
from widgets.live_table_layout import GAP, GUTTER, place, thumb
from widgets.live_table_model import Query, TableModel, nearest
from widgets.live_table_paint import Palette

KEYS = [f"k{number:02}" for number in range(30)]


@dataclass(frozen=True)
class Row:
    name: str
    size: int


@dataclass(frozen=True)
class Field:
    key: str
    width: int = 6
    min_width: int = 3
    flex: int = 0
    priority: int = 5
    shorter: None = None
    align: Any = "left"
    title: str = "T"

    def cell(self, row: Row) -> tuple[str, str]:
        return str(getattr(row, self.key)), "good" if row.size > 2 else ""

    def sort_key(self, row: Row) -> Any:
        return getattr(row, self.key)


PALETTE = Palette(
    Style(),
    defaultdict(
        Style,
        {"cursor": Style(reverse=True), "cursor-blurred": Style(bold=True), "gone": Style(strike=True)},
        good=Style(color="green"),
        accent=Style(color="blue"),
        busy=Style(color="yellow"),
        header=Style(underline=True),
        thumb=Style(color="red"),
        empty=Style(dim=True),
        problem=Style(italic=True),
    ),
    lambda style: style,
)


class Table(LiveTable[Row]):
    """A table without an app, which remembers what it asked to have painted."""

    now = Size(20, 7)

    def __init__(self) -> None:
        self.dirty: list[Region] = []
        self.busy: set[str] = set()
        self.told: list[Any] = []
        fields = [Field("name"), Field("size", align="right")]
        super().__init__(
            fields, search_text=lambda row: f"{row.name} {row.size}", empty="none", row_busy=self.busy.__contains__
        )

    @property
    def size(self) -> Size:
        return self.now

    @property
    def outer_size(self) -> Size:
        return self.now

    def _styles_now(self) -> Palette:
        return PALETTE

    def refresh(self, *regions: Region, **_: Any) -> Any:
        self.dirty += regions or [self.now.region]
        return self

    def post_message(self, message: Any) -> bool:
        self.told.append(message)
        return True

    def picture(self) -> list[list[tuple[str, Any]]]:
        return [
            [(character, segment.style) for segment in self.render_line(y) for character in segment.text]
            for y in range(self.now.height)
        ]


records = st.builds(Row, st.sampled_from(["ann", "bob", "Cy", "ann bob"]), st.integers(0, 4))
rows = st.dictionaries(st.sampled_from(KEYS), records, max_size=30)
queries = st.sampled_from(["", "ann", "ANN bob", "!ann", "cy 3", "!", "zzz", "bob !2"])
sorts = st.tuples(st.sampled_from([None, "name", "size"]), st.booleans())


def passes(row: Row, query: str) -> bool:
    text = f"{row.name} {row.size}".lower()
    return all(
        (word[1:] not in text if len(word) > 1 else True) if word[0] == "!" else word in text
        for word in query.lower().split()
    )


class Tables(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.table = Table()
        self.screen: list[list[tuple[str, Any]]] = []
        self.given: dict[str, Row] = {}
        self.held: dict[str, Row] | None = None
        self.sort: tuple[str | None, bool] = (None, False)
        self.query = ""
        self.cursor: str | None = None
        self.marks: set[str] = set()
        self.frozen_order: list[str] | None = None

    @initialize(size=st.tuples(st.integers(1, 24), st.integers(1, 12)))
    def begin(self, size: tuple[int, int]) -> None:
        self.table.now = Size(*size)
        self.table._lay_out()
        self.screen = self.table.picture()

    def expected(self) -> list[str]:
        if self.frozen_order is not None:
            return self.frozen_order
        return self.ordered(self.given)

    def ordered(self, held: dict[str, Row]) -> list[str]:
        name, descending = self.sort
        keys = [key for key in held if passes(held[key], self.query)]
        if name is not None:
            keys.sort()
            keys.sort(key=lambda key: getattr(held[key], name), reverse=descending)
        return keys

    @rule(rows=rows)
    def show(self, rows: dict[str, Row]) -> None:
        self.marks &= rows.keys()
        self.given = rows
        if self.held is not None:
            self.held.update({key: row for key, row in rows.items() if key in self.held})
        self.table.show(dict(rows))

    @rule(data=st.data())
    def show_a_few_changes(self, data: st.DataObject) -> None:
        rows_now = dict(self.given)
        for key in data.draw(st.lists(st.sampled_from(KEYS), max_size=3)):
            change = data.draw(st.sampled_from(["remove", "change"]))
            if change == "remove":
                rows_now.pop(key, None)
            else:
                rows_now[key] = data.draw(records)
        self.show(rows_now)

    @rule(sort=sorts)
    def sort_by(self, sort: tuple[str | None, bool]) -> None:
        name, descending = sort
        if self.held is not None and name is None:
            return  # the order rows are given in says nothing of those that are held
        self.sort = name, descending
        self.table.sort_by(name, descending)
        if self.held is not None:
            self.frozen_order = self.ordered(self.held)

    @rule(query=queries)
    def filter(self, query: str) -> None:
        if self.held is not None and self.sort[0] is None:
            return
        self.query = query
        self.table.filter(query)
        if self.held is not None:
            passing = set(self.ordered(self.held))
            self.frozen_order = [key for key in self.all_held if key in passing]

    @precondition(lambda self: self.held is None)
    @rule()
    def freeze(self) -> None:
        self.table.freeze()
        self.held = dict(self.given)
        self.frozen_order = self.ordered(self.given)

    @precondition(lambda self: self.held is not None)
    @rule()
    def thaw(self) -> None:
        self.table.thaw()
        self.held = self.frozen_order = None
        assert self.table.pending_changes == 0

    @property
    def all_held(self) -> list[str]:
        return list(self.table._model._all)

    @rule()
    def mark(self) -> None:
        key = self.table.cursor_key
        self.table.toggle_mark()
        if key is not None and key in self.given:
            self.marks ^= {key}

    @rule()
    def mark_all(self) -> None:
        shown = {key for key in self.table.order if key in self.given}
        self.marks = self.marks - shown if shown <= self.marks else self.marks | shown
        self.table.mark_all_shown()

    @rule(steps=st.integers(-12, 12))
    def move(self, steps: int) -> None:
        order = self.expected()
        before = order.index(self.table.cursor_key) if self.table.cursor_key is not None else 0
        self.table.action_move(steps)
        if order:
            self.cursor = order[max(0, min(len(order) - 1, before + steps))]
            assert self.table.cursor_key == self.cursor
            assert self.cursor in self.table.visible_keys or self.table._body_height == 0

    @rule(rows=st.integers(-5, 5))
    def wheel(self, rows: int) -> None:
        self.table._set_top(self.table._top + rows)
        self.table._refresh_view()

    @rule(busy=st.sets(st.sampled_from(KEYS)))
    def work(self, busy: set[str]) -> None:
        self.table.busy.clear()
        self.table.busy.update(busy)
        self.table.touch()

    @rule(problem=st.sampled_from([None, "out of reach", "no such host: " * 9]))
    def problem(self, problem: str | None) -> None:
        self.table.set_problem(problem)

    @rule(size=st.tuples(st.integers(1, 24), st.integers(1, 12)))
    def resize(self, size: tuple[int, int]) -> None:
        self.table.now = Size(*size)
        self.table._lay_out()
        self.screen = self.table.picture()
        self.table.dirty.clear()

    @invariant()
    def the_order_is_the_naive_one(self) -> None:
        table, order = self.table, self.expected()
        assert list(table.order) == order
        assert table.shown_count == len(order)
        assert table.total_count == len(self.held if self.held is not None else self.given)
        assert table.marks == self.marks
        assert table.visible_keys == tuple(order[table._top : table._top + table._body_height])
        assert table._top == 0 or table._top + table._body_height <= len(order)

    @invariant()
    def the_cursor_keeps_its_row(self) -> None:
        order = self.expected()
        if self.cursor in order:
            assert self.table.cursor_key == self.cursor
        elif order:
            assert self.table.cursor_key in order
        else:
            assert self.table.cursor_key is None
        self.cursor = self.table.cursor_key

    @invariant()
    def rows_say_what_is_latest(self) -> None:
        for key in self.table.visible_keys:
            row = self.given.get(key) or (self.held or {})[key]
            assert self.table._model.row(key) == row

    @invariant()
    def nothing_was_left_unpainted(self) -> None:
        if not self.screen:
            return
        table = self.table
        fresh = table.picture()
        for region in table.dirty:
            for y in range(max(0, region.y), min(region.bottom, table.now.height)):
                self.screen[y][region.x : region.right] = fresh[y][region.x : region.right]
        table.dirty.clear()
        assert self.screen == fresh
        for line in table._lines.values():
            line.cells = table._cells_of(next(key for key, other in table._lines.items() if other is line))
            line.drawn = [None] * len(line.cells)
            line.forget()
        assert self.screen == table.picture()


Tables.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestTables = Tables.TestCase


@given(
    st.lists(
        st.builds(
            Field,
            st.just("name"),
            st.integers(1, 40),
            st.integers(1, 20),
            st.integers(0, 3),
            st.integers(0, 5),
        ),
        max_size=8,
    ),
    st.integers(0, 200),
)
def test_columns_stand_side_by_side_within_the_width(fields: list[Field], width: int) -> None:
    placed = place(fields, width)
    x = GUTTER
    for one in placed:
        assert one.x == x
        assert one.width >= (fields[one.column].min_width if len(placed) > 1 else 1)
        x += one.width + GAP
    assert x - GAP <= max(width, GUTTER)
    kept = {one.column for one in placed}
    if placed and len(kept) < len(fields):
        assert min(fields[index].priority for index in kept) >= max(
            field.priority for index, field in enumerate(fields) if index not in kept
        )
    if placed and len(kept) == len(fields) and any(field.flex for field in fields):
        assert x - GAP == width or all(one.width <= fields[one.column].width for one in placed)


@given(st.integers(0, 60), st.integers(0, 20_000), st.integers(0, 20_000))
def test_the_thumb_is_within_the_bar_and_at_its_ends_at_the_ends(height: int, total: int, top: int) -> None:
    bar = thumb(height, total, min(top, max(0, total - height)))
    if total <= height or not height:
        assert not bar
        return
    assert 0 <= bar.start < bar.stop <= height
    assert thumb(height, total, 0).start == 0
    assert thumb(height, total, total - height).stop == height


@pytest.mark.parametrize(
    ("query", "text", "matches"),
    [
        ("", "anything", True),
        ("web", "my-WEB-1", True),
        ("web db", "my-web-1", False),
        ("!web", "my-web-1", False),
        ("my !db", "my-web-1", True),
        ("!", "x", True),
        ("  ", "x", True),
        ("STRASSE", "straße", True),
    ],
)
def test_queries(query: str, text: str, matches: bool) -> None:
    assert Query(query).matches(text.casefold()) is matches


def test_nearest_is_the_next_else_the_one_before() -> None:
    assert nearest("abcd", 1, {"c", "a"}.__contains__) == "c"
    assert nearest("abcd", 2, {"a", "b"}.__contains__) == "b"
    assert nearest("abcd", 9, {"a"}.__contains__) == "a"
    assert nearest("abcd", 0, frozenset[str]().__contains__) is None


def test_one_change_among_many_rows_asks_for_one_rank() -> None:
    asked: list[Row] = []
    model = TableModel[Row](lambda row: row.name)

    def rank(row: Row) -> int:
        asked.append(row)
        return row.size

    many = {str(number): Row("x", number) for number in range(1000)}
    model.show(many)
    model.sort_by(rank)
    asked.clear()
    model.show({**many, "7": Row("x", 5000), "new": Row("x", -1)})
    assert asked == [Row("x", 5000), Row("x", -1)]
    assert (model.drawn[0], model.drawn[-1]) == ("new", "7")
    assert model.index("7") == 1000


def test_ranks_without_a_total_order_lose_no_row() -> None:
    model = TableModel[Row](lambda row: row.name)
    ranks = {"a": float("nan"), "b": 1.0, "c": float("nan"), "d": 0.0}
    model.sort_by(lambda row: ranks[row.name])
    shown = {key: Row(key, 0) for key in ranks}
    model.show(shown)
    for key in "abcd":
        assert model.index(key) is not None
        model.show({other: row for other, row in shown.items() if other != key})
        assert sorted(model.drawn) == sorted(set(shown) - {key})
        model.show(shown)
        assert sorted(model.drawn) == list("abcd")


def test_texts_are_made_ready_a_few_at_a_time() -> None:
    asked: list[int] = []

    def text(row: int) -> str:
        asked.append(row)
        return f"row {row}"

    model = TableModel[int](text)
    model.show({f"k{number}": number for number in range(10)})
    assert model.read_some(4)
    assert asked == [0, 1, 2, 3]
    assert model.read_some(6)
    assert not model.read_some(6)
    model.filter("row 7")
    assert model.drawn == ["k7"]
    assert sorted(asked) == list(range(10))
