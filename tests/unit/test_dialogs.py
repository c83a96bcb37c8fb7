"""Dialogs: what each key answers, that nothing is hidden or obeyed, and that they fit small terminals."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import OptionList

from widgets.choice_dialog import ChoiceDialog
from widgets.dialogs import ConfirmDialog, Dialog, MessageDialog, PromptDialog
from widgets.wait_dialog import WaitDialog

SIZES = [(80, 24), (40, 10), (1, 1)]
HOSTILE = "[red]a[/] \x1b]0;x\x07 \u202eb"


class Asking(App[None]):
    def __init__(self, dialog: Dialog[Any]) -> None:
        super().__init__()
        self.dialog = dialog
        self.answers: list[Any] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)


def shown(app: App[Any]) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def answer(dialog: Dialog[Any], *keys: str, size: tuple[int, int] = (80, 24)) -> list[Any]:
    app = Asking(dialog)
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        return app.answers


@pytest.mark.parametrize(
    ("danger", "key", "expected"),
    [
        (False, "y", True),
        (False, "n", False),
        (False, "enter", True),
        (False, "escape", False),
        (True, "y", True),
        (True, "n", False),
        (True, "enter", False),
        (True, "escape", False),
        (True, "q", False),
    ],
)
async def test_a_confirmation_is_answered_by_one_key(danger: bool, key: str, expected: bool) -> None:
    assert await answer(ConfirmDialog("Remove", ["web"], "Remove", danger=danger), key) == [expected]


async def test_a_typed_confirmation_takes_only_that_text() -> None:
    dialog = ConfirmDialog("Remove", ["volume yn"], "Remove", danger=True, typed="yn")
    app = Asking(dialog)
    async with app.run_test() as pilot:
        await pilot.press("y", "enter")
        assert app.answers == []
        assert "another text" in shown(app)
        await pilot.press("n", "enter")
        assert app.answers == [True]


@pytest.mark.parametrize("name", ["a" * 64, "b" * 255])
async def test_what_has_to_be_typed_can_be_seen_and_typed_on_a_small_terminal(name: str) -> None:
    app = Asking(ConfirmDialog("Remove", [name], "Remove", danger=True, typed=name))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("x", "enter")
        await pilot.pause()
        text = shown(app)
        assert "another text" in text
        assert "enter Remove" in text
        await pilot.press("backspace", *name[: 64 if len(name) == 64 else 32], "enter")
        assert app.answers == [True]


async def test_every_object_of_a_long_list_can_be_seen() -> None:
    app = Asking(ConfirmDialog("Remove", [f"container-{n}" for n in range(60)], "Remove", danger=True))
    async with app.run_test(size=(40, 10)) as pilot:
        text = shown(app)
        assert "container-0" in text
        assert "more lines below" in text
        assert "cancel" in text
        seen = text
        for _ in range(20):
            await pilot.press("pagedown")
            seen += shown(app)
        assert all(f"container-{n} " in seen for n in range(60))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True])
async def test_hostile_text_is_literal_at_every_size(size: tuple[int, int], ascii: bool) -> None:
    for dialog in (
        ConfirmDialog(HOSTILE, [HOSTILE], HOSTILE, typed=HOSTILE, ascii=ascii),
        ChoiceDialog(HOSTILE, [("a", HOSTILE, HOSTILE)], ascii=ascii),
        PromptDialog(HOSTILE, HOSTILE, HOSTILE, lambda _: HOSTILE, ascii=ascii),
        MessageDialog(HOSTILE, HOSTILE, ascii=ascii),
        WaitDialog(HOSTILE, HOSTILE, ascii=ascii),
    ):
        app = Asking(dialog)
        async with app.run_test(size=size) as pilot:
            await pilot.press("x")
            await pilot.pause()
            text = shown(app)
            assert not {"\x1b", "\x07", "\u202e"} & set(text)
            if size == (80, 24):
                assert "[red]a[/]" in text


async def test_a_choice_moves_with_j_and_filters_by_typing() -> None:
    options = [("1", "bridge", "default"), ("2", "host", ""), ("3", "jumbo", "a net")]
    assert await answer(ChoiceDialog("Network", options), "j", "enter") == ["2"]
    assert await answer(ChoiceDialog("Network", options), "h", "o", "enter") == ["2"]
    assert await answer(ChoiceDialog("Network", options), "slash", "j", "enter") == ["3"]
    assert await answer(ChoiceDialog("Network", options), "x", "enter") == []
    assert await answer(ChoiceDialog("Network", options), "x", "escape", "escape") == [None]
    assert await answer(ChoiceDialog("Network", options), "x", "backspace", "enter") == ["1"]


def no_capitals(text: str) -> str | None:
    return "no capitals" if text != text.lower() else None


async def test_a_prompt_is_checked_as_it_is_typed() -> None:
    app = Asking(PromptDialog("Rename", "New name", "web", no_capitals))
    async with app.run_test() as pilot:
        assert "no capitals" not in shown(app)
        await pilot.press("A")
        assert "no capitals" in shown(app)
        await pilot.press("enter")
        assert app.answers == []
        await pilot.press("backspace", "2", "enter")
        assert app.answers == ["web2"]


async def test_a_prompt_keeps_what_cannot_be_edited() -> None:
    assert await answer(PromptDialog("Value", "", "two\nlines"), "enter") == ["two\nlines"]
    assert await answer(PromptDialog("Value", "", "two\nlines"), "escape") == [None]


async def test_a_message_scrolls_and_closes() -> None:
    app = Asking(MessageDialog("Error", "\n".join(f"line {n}" for n in range(100))))
    async with app.run_test() as pilot:
        await scrolls(app, pilot)
        await pilot.press("enter")
        assert app.answers == [None]


async def scrolls(app: Asking, pilot: Pilot[None]) -> None:
    assert "line 99" not in shown(app)
    await pilot.press("G")
    assert "line 99" in shown(app)
    await pilot.press("g")
    assert "line 0 " in shown(app)


async def test_a_choice_shows_all_its_options_after_the_palette_was_open() -> None:
    """The palette has Textual's OptionList, whose style goes by the name of the class: another's must not have it."""
    app = Asking(ChoiceDialog("Log out of", [("a", "registry-a", ""), ("b", "registry-b", "")]))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.screen_stack[0].mount(OptionList("x"))
        app.push_screen(ChoiceDialog("Log out of", [("a", "registry-a", ""), ("b", "registry-b", "")]))
        await pilot.pause()
        assert "registry-a" in shown(app)
        assert "registry-b" in shown(app)
