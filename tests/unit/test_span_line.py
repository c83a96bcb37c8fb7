"""Lines of toned text: what stands at the right is told from what stands at the left, and scroll bars in ASCII."""

import pytest
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.widgets import Static

from widgets.scroll_bar import draw_bars
from widgets.span_line import KeyHints, SpanLine


class LineApp(App[None]):
    def compose(self) -> ComposeResult:
        yield SpanLine(id="line")


@pytest.mark.parametrize("length", range(60, 90))
async def test_a_blank_stands_between_left_and_right(length: int) -> None:
    app = LineApp()
    async with app.run_test(size=(80, 1)) as pilot:
        line = app.query_one("#line", SpanLine)
        line.show([("x" * length, "")], [("● live", "good"), (" ", "")])
        await pilot.pause()
        text = line.render_line(0).text
        assert len(text) == 80
        assert text.endswith(" ● live ")
        assert text.count("x") == min(length, 72 if length <= 72 else 71)


class HintApp(App[None]):
    def compose(self) -> ComposeResult:
        yield KeyHints(id="hints")


@pytest.mark.parametrize("length", range(1, 12))
async def test_a_hint_is_shown_whole_or_not_at_all(length: int) -> None:
    app = HintApp()
    async with app.run_test(size=(40, 1)) as pilot:
        hints = app.query_one("#hints", KeyHints)
        hints.hint([("1", "a", "x" * 22, True), ("2", "b", "y" * length, True), ("3", "c", "z", True)])
        await pilot.pause()
        text = hints.render_line(0).text
        assert len(text) == 40
        assert "…" not in text
        assert text.count("y") == length
        assert text.count("z") == (1 if length <= 7 else 0)


class ScrollApp(App[None]):
    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static("\n".join("row" for _ in range(37)))


@pytest.mark.parametrize("at", range(0, 28, 3))
async def test_scroll_bars_are_ascii_where_all_is(at: int) -> None:
    draw_bars(ascii=True)
    try:
        app = ScrollApp()
        async with app.run_test(size=(20, 10)) as pilot:
            bar = app.query_one(VerticalScroll).vertical_scrollbar
            bar.position = at
            await pilot.pause()
            lines = [bar.render_line(y) for y in range(10)]
            assert all(line.text.isascii() for line in lines)
            thumb = [any(segment.style and segment.style.reverse for segment in line) for line in lines]
            assert 1 <= sum(thumb) < 10, "where it stands is seen without colour too"
    finally:
        draw_bars(ascii=False)
    assert ScrollBar.renderer is ScrollBarRender
