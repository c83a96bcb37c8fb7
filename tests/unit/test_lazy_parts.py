"""Parts are styled when they are drawn, and again when what styles them changed."""

import gc
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.strip import Strip

from widgets.lazy_parts import LazyParts


class Flag(LazyParts):
    PARTS: ClassVar[frozenset[str]] = frozenset({"flag--pole", "flag--unused"})
    DEFAULT_CSS = """
    Flag {
        & .flag--pole { color: $success; }
        &.-night .flag--pole { color: $error; }
    }
    """

    def render_line(self, y: int) -> Strip:
        style = self.get_component_rich_style("flag--pole")
        self.shown = str(style.color.triplet.hex) if style.color and style.color.triplet else ""
        return Strip.blank(self.size.width, style)


class Banner(Flag):
    PARTS: ClassVar[frozenset[str]] = frozenset({"banner--text"})


class Quay(App[None]):
    def compose(self) -> ComposeResult:
        yield Banner()


async def test_only_what_is_drawn_is_styled(monkeypatch: pytest.MonkeyPatch) -> None:
    styled: list[str] = []
    apply = Stylesheet.apply

    def record(self: Stylesheet, node: object, **options: object) -> None:
        styled.extend(name for name in getattr(node, "classes", ()) if "--" in name)
        apply(self, node, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Stylesheet, "apply", record)
    app = Quay()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert set(styled) - {"screen--selection"} == {"flag--pole"}
        banner = app.query_one(Banner)
        assert banner.get_component_styles("banner--text")
        with pytest.raises(KeyError):
            banner.get_component_styles("flag--none")


async def test_a_class_or_theme_that_changes_is_seen_at_the_next_drawing() -> None:
    app = Quay()
    async with app.run_test() as pilot:
        await pilot.pause()
        banner = app.query_one(Banner)
        first = banner.shown
        banner.add_class("-night")
        await pilot.pause()
        night = banner.shown
        assert night != first
        banner.remove_class("-night")
        await pilot.pause()
        assert banner.shown == first
        app.theme = "textual-light" if app.theme != "textual-light" else "textual-dark"
        await pilot.pause()
        assert banner.shown == app.theme_variables["success"].lower()


async def test_no_node_of_a_part_is_kept_that_only_adds_to_what_is_behind_it() -> None:
    app = Quay()
    async with app.run_test() as pilot:
        await pilot.pause()
        banner = app.query_one(Banner)
        style = banner.get_component_rich_style("banner--text", partial=True)
        banner.notify_style_update()
        assert banner.get_component_rich_style("banner--text", partial=True) == style
        gc.collect()
        kept = [node for node in gc.get_objects() if type(node) is DOMNode and node.has_class("banner--text")]
        assert not kept
