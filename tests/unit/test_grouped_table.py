"""Whatever is shown, sorted, filtered, frozen, marked, grouped and folded: the order is that of a naive model, the
cursor keeps its row or goes to that of its group, and what was painted piece by piece is what painting everything
would give."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from rich.style import Style
from textual.geometry import Region, Size

from widgets.grouped_table import GroupedTable
from widgets.live_table_groups import HEAD, Group, GroupedModel
from widgets.live_table_paint import Palette

KEYS = [f"k{number:02}" for number in range(24)]


@dataclass(frozen=True)
class Row:
    name: str
    size: int
    team: str


@dataclass(frozen=True)
class Field:
    key: str
    width: int = 12
    min_width: int = 5
    flex: int = 0
    priority: int = 5
    shorter: None = None
    align: Any = "left"
    title: str = "T"

    def cell(self, row: Row) -> tuple[str, str]:
        return str(getattr(row, self.key)), "good" if row.size > 2 else ""

    def sort_key(self, row: Row) -> Any:
        return getattr(row, self.key)


class Teams:
    lead = "name"

    def group_of(self, row: Row) -> str:
        return row.team

    def rank(self, group: str) -> Any:
        return group == "", group

    def cell(self, column: str, group: Group, marked: int, *, filtered: bool) -> tuple[str, str]:
        if column == "name":
            return group.id or "none", ""
        return f"{len(group.keys)}/{group.size} {marked} {'?' if filtered else ''}", "muted"


PALETTE = Palette(
    Style(),
    defaultdict(
        Style,
        {"cursor": Style(reverse=True), "cursor-blurred": Style(bold=True), "gone": Style(strike=True)},
        good=Style(color="green"),
        head=Style(bold=True),
        accent=Style(color="blue"),
        thumb=Style(color="red"),
    ),
    lambda style: style,
)


class Table(GroupedTable[Row]):
    """A table without an app, which remembers what it asked to have painted."""

    now = Size(28, 7)

    def __init__(self) -> None:
        self.dirty: list[Region] = []
        self.told: list[Any] = []
        super().__init__([Field("name"), Field("size")], Teams(), search_text=lambda row: f"{row.name} {row.size}")

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


teams = st.sampled_from(["", "red", "blue", "[bold]"])
records = st.builds(Row, st.sampled_from(["ann", "bob", "Cy"]), st.integers(0, 4), teams)
rows = st.dictionaries(st.sampled_from(KEYS), records, max_size=24)
queries = st.sampled_from(["", "", "ann", "3", "zzz"])


class GroupedTables(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.table = Table()
        self.screen: list[list[tuple[str, Any]]] = []
        self.given: dict[str, Row] = {}
        self.sort: tuple[str, bool] = ("name", False)
        self.query = ""
        self.grouped = False
        self.folded: set[str] = set()
        self.folded_in_filter: set[str] = set()
        self.cursor: str | None = None
        self.marks: set[str] = set()
        # while frozen: the latest record of each row held, the order of all and of those that pass, and their teams
        self.held: dict[str, Row] | None = None
        self.held_order: list[str] = []
        self.held_passing: set[str] = set()
        self.held_teams: dict[str, str] = {}

    @initialize(size=st.tuples(st.integers(4, 30), st.integers(2, 12)), grouped=st.booleans())
    def begin(self, size: tuple[int, int], grouped: bool) -> None:
        self.table.now = Size(*size)
        self.table.sort_by("name")
        self.table._lay_out()
        self.screen = self.table.picture()
        self.group(grouped)

    # the naive model

    def passes(self, row: Row) -> bool:
        return self.query in f"{row.name} {row.size}".lower()

    def ordered(self, held: dict[str, Row]) -> list[str]:
        name, descending = self.sort
        return sorted(sorted(held), key=lambda key: getattr(held[key], name), reverse=descending)

    def hold(self) -> None:
        assert self.held is not None
        self.held_order = self.ordered(self.held)
        self.held_teams = {key: row.team for key, row in self.held.items()}
        self.held_passing = {key for key, row in self.held.items() if self.passes(row)}

    @property
    def folds(self) -> set[str]:
        return self.folded_in_filter if self.query else self.folded

    def by_team(self) -> list[tuple[str, list[str]]]:
        """Return the keys that pass, in order, by the team that they stand below."""
        if self.held is None:
            order = [key for key in self.ordered(self.given) if self.passes(self.given[key])]
            team_of = {key: row.team for key, row in self.given.items()}
        else:
            order = [key for key in self.held_order if key in self.held_passing]
            team_of = self.held_teams
        if not self.grouped:
            return [("", order)]
        found = [(team, [key for key in order if team_of[key] == team]) for team in ("[bold]", "blue", "red", "")]
        return [(team, keys) for team, keys in found if keys]

    def drawn(self) -> list[str]:
        if not self.grouped:
            return self.by_team()[0][1]
        drawn: list[str] = []
        for team, keys in self.by_team():
            drawn += [HEAD + team, *(keys if team not in self.folds else [])]
        return drawn

    # what happens

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
            if data.draw(st.booleans()):
                rows_now.pop(key, None)
            else:
                rows_now[key] = data.draw(records)
        self.show(rows_now)

    @rule(name=st.sampled_from(["name", "size"]), descending=st.booleans())
    def sort_by(self, name: str, descending: bool) -> None:
        self.sort = name, descending
        self.table.sort_by(name, descending)
        if self.held is not None:
            self.hold()

    @rule(query=queries)
    def filter(self, query: str) -> None:
        if not self.query:
            self.folded_in_filter.clear()
        self.query = query
        self.table.filter(query)
        if self.held is not None:
            self.held_passing = {key for key, row in self.held.items() if self.passes(row)}

    @rule(grouped=st.booleans())
    def group(self, grouped: bool) -> None:
        head = self.cursor
        changes = grouped != self.grouped
        first = next((keys[0] for team, keys in self.by_team() if HEAD + team == head), None) if self.grouped else None
        self.grouped = grouped
        self.table.group(grouped)
        if changes and self.held is not None:
            self.hold()
        if not grouped and first is not None:
            self.cursor = first

    @rule()
    def fold_here(self) -> None:
        before = self.table.cursor_key
        group = self.table.cursor_group or (self.table.group_with(before) if before else None)
        self.table.toggle_fold()
        if group is not None and self.grouped:
            self.folds.symmetric_difference_update({group.id})
            assert self.table.cursor_key == group.key or before == self.table.cursor_key

    @precondition(lambda self: self.grouped)
    @rule()
    def fold_all(self) -> None:
        teams = {team for team, _ in self.by_team()}
        known = {group.id for group in self.table._groups.groups}
        self.table.toggle_all_folds()
        (self.folds.difference_update if teams <= self.folds else self.folds.update)(known)

    @precondition(lambda self: self.held is None)
    @rule()
    def freeze(self) -> None:
        self.table.freeze()
        self.held = dict(self.given)
        self.hold()

    @precondition(lambda self: self.held is not None)
    @rule()
    def thaw(self) -> None:
        self.table.thaw()
        self.held = None
        assert self.table.pending_changes == 0

    @rule()
    def mark(self) -> None:
        key = self.table.cursor_key
        self.table.toggle_mark()
        if key is None:
            return
        within = dict(self.by_team())[key[1:]] if key.startswith(HEAD) else [key]
        shown = {each for each in within if each in self.given}
        self.marks = self.marks - shown if shown <= self.marks else self.marks | shown

    @rule(data=st.data())
    def move_to(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(KEYS))
        passing = {each for _, keys in self.by_team() for each in keys}
        assert self.table.move_to(key) == (key in passing)
        if key in passing:
            if self.grouped:
                self.folds.discard(next(team for team, keys in self.by_team() if key in keys))
            self.cursor = key
            assert self.table.cursor_key == key

    @rule(steps=st.integers(-12, 12))
    def move(self, steps: int) -> None:
        drawn = self.drawn()
        before = drawn.index(self.table.cursor_key) if self.table.cursor_key is not None else 0
        self.table.action_move(steps)
        if drawn:
            self.cursor = drawn[max(0, min(len(drawn) - 1, before + steps))]
            assert self.table.cursor_key == self.cursor

    @rule(end=st.booleans())
    def jump(self, end: bool) -> None:
        (self.table.action_last if end else self.table.action_first)()
        drawn = self.drawn()
        if drawn:
            self.cursor = drawn[-1 if end else 0]

    # what holds

    @invariant()
    def the_order_is_the_naive_one(self) -> None:
        table, drawn = self.table, self.drawn()
        passing = [key for _, keys in self.by_team() for key in keys]
        assert list(table._groups.drawn) == drawn
        assert list(table.order) == passing
        assert table.shown_count == len(passing)
        assert table.total_count == len(self.held if self.held is not None else self.given)
        assert table.marks == self.marks
        assert list(table.shown_marks) == [key for key in passing if key in self.marks]
        assert table.visible_keys == tuple(drawn[table._top : table._top + table._body_height])
        assert [table._groups.index(key) for key in drawn] == list(range(len(drawn)))
        assert all((key in table._groups) == (key in drawn) for key in KEYS)

    @invariant()
    def groups_are_counted(self) -> None:
        if self.grouped:
            team_of = {key: row.team for key, row in self.given.items()} if self.held is None else self.held_teams
            sizes = {group.id: group.size for group in self.table._groups.groups}
            assert sizes == {team: list(team_of.values()).count(team) for team in set(team_of.values())}

    @invariant()
    def the_cursor_keeps_its_row(self) -> None:
        drawn = self.drawn()
        team = next((team for team, keys in self.by_team() if self.cursor in keys), None)
        if self.cursor in drawn:
            assert self.table.cursor_key == self.cursor
        elif self.grouped and team is not None:
            assert self.table.cursor_key == HEAD + team
        elif drawn:
            assert self.table.cursor_key in drawn
        else:
            assert self.table.cursor_key is None
        self.cursor = self.table.cursor_key

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
        for key, line in table._lines.items():
            line.cells = table._cells_of(key)
            line.forget()
        assert self.screen == table.picture()


GroupedTables.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestGroupedTables = GroupedTables.TestCase


def model() -> GroupedModel[Row]:
    return GroupedModel[Row](lambda row: row.name, lambda row: row.team, lambda team: team)


def test_one_change_among_many_rows_asks_for_one_rank_and_one_group() -> None:
    asked: list[str] = []
    groups = GroupedModel[Row](lambda row: row.name, lambda row: asked.append(row.team) or row.team, lambda team: team)
    many = {str(number): Row("x", number, f"t{number % 7}") for number in range(1000)}
    groups.show(many)
    groups.sort_by(lambda row: row.size)
    groups.group(True)
    asked.clear()
    groups.show({**many, "7": Row("x", 5000, "t0"), "new": Row("x", -1, "t1")})
    assert set(asked) == {"t0", "t1"}
    assert len(asked) <= 4
    assert groups.drawn[: 1 + groups.groups[0].size][-1] == "7"
    assert groups.drawn[groups.groups[1].start + 1] == "new"


def test_folds_are_kept_of_groups_that_went_and_came_back() -> None:
    groups = model()
    groups.show({"a": Row("ann", 1, "red"), "b": Row("bob", 1, "blue")})
    groups.group(True)
    groups.fold("red", True)
    groups.show({"b": Row("bob", 1, "blue")})
    assert groups.drawn == [HEAD + "blue", "b"]
    groups.show({"a": Row("ann", 1, "red"), "b": Row("bob", 1, "blue")})
    assert groups.drawn == [HEAD + "blue", "b", HEAD + "red"]


def test_a_filter_opens_the_groups_and_they_are_as_before_when_it_goes() -> None:
    groups = model()
    groups.show({"a": Row("ann", 1, "red"), "b": Row("bob", 1, "red"), "c": Row("ann", 1, "blue")})
    groups.group(True)
    groups.fold_all(True)
    groups.filter("ann")
    assert groups.drawn == [HEAD + "blue", "c", HEAD + "red", "a"]
    groups.fold("red", True)
    groups.filter("an")
    assert groups.drawn == [HEAD + "blue", "c", HEAD + "red"]
    groups.filter("")
    assert groups.drawn == [HEAD + "blue", HEAD + "red"]


@given(rows=rows)
def test_turning_groups_on_and_off_leaves_the_list_as_it_was(rows: dict[str, Row]) -> None:
    groups = model()
    groups.show(rows)
    groups.sort_by(lambda row: row.name)
    before = list(groups.drawn)
    groups.group(True)
    groups.group(False)
    assert groups.drawn == before


def test_a_row_that_changes_its_group_while_frozen_is_counted_and_moves_at_the_thaw() -> None:
    groups = model()
    groups.show({"a": Row("ann", 1, "red"), "b": Row("bob", 1, "red")})
    groups.group(True)
    groups.freeze()
    groups.show({"a": Row("ann", 1, "blue"), "b": Row("bob", 1, "red")})
    assert groups.drawn == [HEAD + "red", "a", "b"]
    assert groups.pending == 1
    groups.thaw()
    assert groups.drawn == [HEAD + "blue", "a", HEAD + "red", "b"]
    assert groups.pending == 0
