"""Keys that are kept until what they are meant for is there."""

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Input

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
