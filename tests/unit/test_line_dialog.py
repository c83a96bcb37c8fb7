"""The dialog of a line: what there is to say stands below it at its place, and changes as it is typed."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App

from widgets.editors import Lines
from widgets.line_dialog import LineDialog, Remark, RemarkList


def remarks(text: str) -> list[Remark]:
    """Complain about each x."""
    return [Remark(at, at + 1, f"[red]x at {at}[/]") for at, character in enumerate(text) if character == "x"]


class Asking(App[None]):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.dialog = LineDialog("A line", text, remarks, "take it")
        self.answers: list[Any] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)


def shown(app: App[Any]) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 10)], ids=str)
async def test_remarks_stand_at_their_places_and_the_text_is_given_back(size: tuple[int, int]) -> None:
    app = Asking("a x\nb\ncx")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert "1:3 [red]x at 2[/]" in shown(app)
        assert "f2 take it" in shown(app)
        await pilot.press("tab", "j", "enter")
        area = app.dialog.query_one(Lines)
        assert area.has_focus
        assert area.selected_text == "x"
        assert area.cursor_location == (2, 2)
        await pilot.press("y")
        await pilot.pause()
        assert app.dialog.text == "a x\nb\ncy"
        assert app.dialog.query_one(RemarkList).row_count == 1
        await pilot.press("f2")
        assert app.answers == ["a x\nb\ncy"]


async def test_leaving_gives_nothing_back() -> None:
    app = Asking("clean")
    async with app.run_test() as pilot:
        assert "every word is understood" in shown(app)
        await pilot.press("escape")
        assert app.answers == [None]
