"""The tree view: flattening against a naive model, keys, search in closed branches, JSON, and size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from widgets.flat_tree import FlatTree, Walk, path_at, place_of
from widgets.json_source import JsonSource
from widgets.line_view import Span
from widgets.tree_view import TreeView

Tree = dict[str, Any]


class DictSource:
    """Nested dicts; a node is its path."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def _at(self, node: tuple[str, ...]) -> Tree:
        value = self.tree
        for key in node:
            value = value[key]
        return value

    def roots(self) -> Sequence[tuple[str, ...]]:
        return [(key,) for key in self.tree]

    def children(self, node: tuple[str, ...]) -> Sequence[tuple[str, ...]]:
        return [(*node, key) for key in self._at(node)]

    def has_children(self, node: tuple[str, ...]) -> bool:
        return bool(self._at(node))

    def label(self, node: tuple[str, ...]) -> Sequence[Span]:
        return [(node[-1], "plain")]

    def columns(self, node: tuple[str, ...]) -> Sequence[Span]:
        return ()

    def search_text(self, node: tuple[str, ...]) -> str:
        return node[-1]


trees = st.recursive(
    st.just({}), lambda below: st.dictionaries(st.sampled_from("abcdef"), below, max_size=4), max_leaves=30
)


def naive(source: DictSource, expanded: set[Any]) -> list[tuple[Any, int]]:
    out: list[tuple[Any, int]] = []

    def visit(node: tuple[str, ...]) -> None:
        out.append((node, len(node) - 1))
        if node in expanded:
            for child in source.children(node):
                visit(child)

    for root in source.roots():
        visit(root)
    return out


@settings(max_examples=200)
@given(trees, st.lists(st.tuples(st.sampled_from(["expand", "collapse", "all", "rebuild"]), st.integers(0, 40))))
def test_rows_are_those_of_a_naive_walk(tree: Tree, steps: list[tuple[str, int]]) -> None:
    source = DictSource(tree)
    flat = FlatTree(source)
    for step, number in steps:
        if not flat.nodes:
            break
        row = number % len(flat.nodes)
        if step == "rebuild":
            flat.rebuild()
        elif step == "all":
            flat.expand_all(row, 10)
        else:
            getattr(flat, step)(row)
        assert list(zip(flat.nodes, flat.depths, strict=True)) == naive(source, flat.expanded)
        for at, node in enumerate(flat.nodes):
            assert flat.path_of(at) == [node[: depth + 1] for depth in range(len(node))]


@given(trees)
def test_a_walk_meets_every_node_in_order(tree: Tree) -> None:
    source = DictSource(tree)
    walk = Walk(source)
    met = [(node, walk.place) for node in walk]
    everything = {node for node, _ in met}
    assert [node for node, _ in met] == [node for node, _ in naive(source, everything)]
    assert [place for _, place in met] == sorted(place for _, place in met)
    for node, place in met:
        path = path_at(source, place)
        assert path[-1] == node
        assert place_of(source, path) == place


# ---- the widget

VALUE: dict[str, Any] = {
    "Name": "web [red]\x1b[31m",
    "Config": {"Env": ["A=1", "B=needle", "C=3"], "Tty": False, "Nothing": None, "Empty": {}},
    "Sizes": {"a b": 1.5, "needle": 2},
}


class Trees(App[None]):
    def __init__(self, source: Any, **options: Any) -> None:
        super().__init__()
        self.view: TreeView[Any] = TreeView(source, **options)
        self.opened: list[Any] = []
        self.searches: list[tuple[int, int, bool]] = []

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.focus()

    def on_tree_view_opened(self, event: TreeView.Opened) -> None:
        self.opened.append(event.node)

    def on_tree_view_search_changed(self, event: TreeView.SearchChanged) -> None:
        self.searches.append((event.hit, event.total, event.complete))


def lines(app: Trees) -> list[str]:
    return [app.view.render_line(y).text.rstrip() for y in range(app.view.size.height)]


async def searched(app: Trees, pilot: Pilot[None]) -> tuple[int, int, bool]:
    while not app.searches or not app.searches[-1][2]:
        await pilot.pause()
    return app.searches[-1]


async def test_keys_open_close_and_move() -> None:
    app = Trees(JsonSource(VALUE))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("down", "right", "right", "right")
        assert lines(app)[:6] == [
            '  Name: "web [red]\\u001b[31m"',
            "▾ Config: {4}",
            "  ▾ Env: [3]",
            '      0: "A=1"',
            '      1: "B=needle"',
            '      2: "C=3"',
        ]
        assert app.view.cursor_node == ("Config", "Env")
        await pilot.press("right", "enter")
        await pilot.pause()
        assert app.opened == [("Config", "Env", 0)]
        await pilot.press("left", "left", "left", "left")
        assert app.view.cursor_node == ("Config",)
        assert app.view.row_count == 3
        await pilot.press("asterisk")
        assert app.view.row_count == 10
        await pilot.press("minus")
        assert app.view.row_count == 3


async def test_the_cursor_and_what_is_open_survive_a_new_value() -> None:
    app = Trees(JsonSource(VALUE))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("down", "asterisk", "down", "down", "down")
        node = app.view.cursor_node
        app.view.set_source(JsonSource({"New": 1, **VALUE}))
        assert app.view.cursor_node == node
        assert ("Config", "Env", 2) in app.view.visible_nodes
        app.view.set_source(JsonSource({"Name": "x"}))
        assert app.view.cursor_node == ("Name",)
        app.view.set_source(JsonSource([]))
        assert lines(app)[0].strip() == "[]"
        app.view.set_source(None)
        app.view.set_notice("not read yet [/]")
        assert lines(app)[0] == "not read yet [/]"


async def test_a_search_opens_the_way_to_each_hit_and_around() -> None:
    app = Trees(JsonSource(VALUE))
    async with app.run_test(size=(60, 12)) as pilot:
        app.view.search("NEEDLE".lower())
        assert await searched(app, pilot) == (1, 2, True)
        assert app.view.cursor_node == ("Config", "Env", 1)
        await pilot.press("n")
        assert app.view.cursor_node == ("Sizes", "needle")
        await pilot.press("n")
        assert app.view.cursor_node == ("Config", "Env", 1)
        await pilot.press("N")
        assert app.view.cursor_node == ("Sizes", "needle")
        app.searches.clear()
        app.view.search("nowhere")
        assert await searched(app, pilot) == (0, 0, True)
        assert app.view.cursor_node == ("Sizes", "needle")


async def test_a_filter_shows_matching_branches_and_gives_the_rest_back() -> None:
    app = Trees(JsonSource(VALUE))
    async with app.run_test(size=(60, 12)) as pilot:
        app.view.set_filter("needle")
        while app.view.row_count != 5:
            await pilot.pause()
        assert list(app.view.visible_nodes) == [
            ("Config",), ("Config", "Env"), ("Config", "Env", 1), ("Sizes",), ("Sizes", "needle"),
        ]  # fmt: skip
        assert app.view.cursor_node == ("Config", "Env", 1)
        app.view.set_filter("")
        assert app.view.cursor_node == ("Config", "Env", 1)
        assert ("Name",) in app.view.visible_nodes


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (40, 10)])
@pytest.mark.parametrize("ascii", [False, True])
async def test_every_line_has_the_width_of_the_view(size: tuple[int, int], ascii: bool) -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = {"日本": deep, "\u202e": "\x1b]0;\x07"}
    app = Trees(JsonSource({"deep": deep, "long": "y" * 50_000_000}), ascii=ascii)
    async with app.run_test(size=size) as pilot:
        app.view.expand_all(5_000)
        await pilot.press("G", "shift+right")
        for _ in range(40):
            for y in range(app.view.size.height):
                strip = app.view.render_line(y)
                assert strip.cell_length == app.view.size.width
                assert not ascii or strip.text.isascii()
                assert "\x1b" not in strip.text
                assert "\u202e" not in strip.text
            await pilot.press("pageup")


class Million:
    """A million nodes, and a count of what was asked about them."""

    def __init__(self) -> None:
        self.labels = 0

    def roots(self) -> Sequence[int]:
        return range(1_000)

    def children(self, node: int) -> Sequence[int]:
        return range(1_000 + node * 999, 1_000 + (node + 1) * 999) if node < 1_000 else ()

    def has_children(self, node: int) -> bool:
        return node < 1_000

    def label(self, node: int) -> Sequence[Span]:
        self.labels += 1
        return [(f"file-{node}", "plain")]

    def columns(self, node: int) -> Sequence[Span]:
        return [(f"{node} B", "number")]

    def search_text(self, node: int) -> str:
        return f"file-{node}"


async def test_a_million_nodes_cost_a_screenful() -> None:
    source = Million()
    app = Trees(source)
    async with app.run_test(size=(60, 12)) as pilot:
        for row in range(999, -1, -1):
            app.view._flat.expand(row)  # type: ignore[union-attr]
        app.view.rows_changed()
        assert app.view.row_count == 1_000_000
        source.labels = 0
        await pilot.press("G")
        await pilot.pause()
        assert app.view.cursor_node == 999_999
        assert lines(app)[-1].split() == ["file-999999", "999999", "B"]
        assert source.labels < 200


async def test_opening_everything_is_bounded_and_says_so() -> None:
    app = Trees(JsonSource({"a": list(range(1000))}))
    async with app.run_test(size=(60, 12)):
        assert app.view.expand_all(limit=10) is False
        assert app.view.expand_all(limit=1000) is True


def test_json_paths_and_values() -> None:
    source = JsonSource(VALUE)
    assert source.path_of(("Config", "Env", 1)) == "$.Config.Env[1]"
    assert source.path_of(("Sizes", "a b")) == '$.Sizes["a b"]'
    assert source.path_of(()) == "$"
    assert source.value_of(("Sizes", "a b")) == 1.5
    assert JsonSource("x").roots() == [()]
    assert JsonSource(10**5000).label(())[0][0].startswith("0x")
    assert [tone for _, tone in source.label(("Config", "Nothing"))][-1] == "constant"


async def test_a_heading_stays_above_the_rows_and_none_is_hidden_by_it() -> None:
    app = Trees(DictSource({str(number): {} for number in range(9)}))
    async with app.run_test(size=(30, 5)) as pilot:
        app.view.set_heading([("NAME", "dim")])
        await pilot.pause()
        assert lines(app) == ["  NAME", "  0", "  1", "  2", "  3"]
        await pilot.press("G")
        assert lines(app) == ["  NAME", "  5", "  6", "  7", "  8"]
        await pilot.click(offset=(3, 2))
        assert app.view.cursor_node == ("6",)
        await pilot.click(offset=(3, 0))
        assert app.view.cursor_node == ("6",), "the heading is no row"
        await pilot.press("k", "k", "k")
        assert lines(app) == ["  NAME", "  3", "  4", "  5", "  6"]
        app.view.set_source(None)
        app.view.set_notice("nothing")
        await pilot.pause()
        assert lines(app)[0] == "nothing"


async def test_branches_that_are_to_be_open_are_from_the_first() -> None:
    app = Trees(None)
    async with app.run_test(size=(30, 5)) as pilot:
        app.view.set_source(DictSource({"a": {"b": {}}}), opened=[("a",)])
        await pilot.pause()
        assert [line.strip() for line in lines(app)][:2] == ["▾ a", "b"]
