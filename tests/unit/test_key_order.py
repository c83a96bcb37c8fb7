"""Keys that are kept until what they are meant for is there."""

import asyncio
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Input

from widgets import key_order
from widgets.key_order import KeysInOrder


class Form(KeysInOrder, App[int]):
    BINDINGS = [Binding("ctrl+t", "note", priority=True)]  # noqa: RUF012 as Textual wants it

    noted = 0

    def compose(self) -> ComposeResult:
        yield Input(id="field")

    def action_note(self) -> None:
        self.noted += 1


async def test_keys_are_held_in_order_until_they_are_released() -> None:
    app = Form()
    async with app.run_test() as pilot:
        field = app.query_one(Input)
        app.hold_keys()
        for key in "abc":
            app.simulate_key(key)
        app.simulate_key("ctrl+t")
        await pilot.pause()
        assert (field.value, app.noted) == ("", 1)
        app.release_keys()
        app.simulate_key("d")
        for _ in range(200):
            await pilot.pause(0.01)
            if len(field.value) == 4:
                break
        assert field.value == "abcd"
        app.release_keys()
        await pilot.press("e")
        assert field.value == "abcde"


async def test_an_app_that_ends_right_after_a_key_is_done_with_it_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_order, "LINGER_SECONDS", 0.4)  # longer than a busy machine needs to end it
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    app = Form()
    async with app.run_test() as pilot:
        await pilot.press("a")
        assert app._current is not None
    for _ in range(200):
        if app._current is None or told:
            break
        await asyncio.sleep(0.01)
    assert (app._current, told) == (None, [])
