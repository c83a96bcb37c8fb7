"""Groups of a form: they fold, make their fields when they are needed, and show where something is wrong."""

from __future__ import annotations

from typing import Any

from textual.app import App, ComposeResult
from textual.events import Paste
from textual.pilot import Pilot
from textual.screen import Screen

from widgets.choice_fields import ToggleField
from widgets.editors import Line
from widgets.fields import ListField, TextField
from widgets.form import Form, Group
from widgets.form_group import GroupHeading


def refuse_no(text: str) -> str | None:
    return "not no" if text == "no" else None


class Grouped(App[None]):
    """A form of three groups; a paste of one text is taken by the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict[str, Any]] = []

    def compose(self) -> ComposeResult:
        yield Form(
            [
                TextField("First", "first"),
                TextField("Open", "open", "a"),
                TextField("Folded", "folded", "", "", refuse_no),
                ListField("Many", "many", ["1", "2", "3"]),
                ToggleField("Switch", "switch", True),
                TextField("Last", "last"),
            ],
            groups=[
                Group("One", ["open"]),
                Group("Two", ["folded", "many", "switch"], opened=False),
                Group("Three", ["last"], opened=False),
            ],
        )

    def on_form_submitted(self, message: Form.Submitted) -> None:
        self.sent.append(message.values)

    @property
    def form(self) -> Form:
        return self.query_one(Form)


def shown(pilot: Pilot[None]) -> str:
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def test_a_folded_group_says_what_is_in_it_and_makes_its_fields_when_opened() -> None:
    app = Grouped()
    async with app.run_test(size=(80, 24)) as pilot:
        assert "▾ One" in shown(pilot)
        assert "▸ Two  many 1 and 2 more, switch" in shown(pilot)
        assert len(app.query(Line)) == 2
        assert app.form.values()["many"] == ["1", "2", "3"]
        heading = list(app.query(GroupHeading))[1]
        heading.focus()
        await pilot.press("space")
        await pilot.pause()
        assert "▾ Two" in shown(pilot)
        assert len(app.query(Line)) == 3
        await pilot.press("left")
        await pilot.pause()
        assert "▸ Two" in shown(pilot)
        await pilot.press("right")
        await pilot.pause()
        assert [box.heading.opened for box in app.form.boxes] == [True, True, False]


async def test_enter_goes_by_headings_and_sends_from_the_last_field() -> None:
    app = Grouped()
    async with app.run_test(size=(80, 24)) as pilot:
        app.form.focus_first()
        await pilot.press("enter")
        assert isinstance(app.focused, GroupHeading)
        app.form.go_to("last")
        await pilot.pause()
        await pilot.press("x", "enter")
        await pilot.pause()
        assert [values["last"] for values in app.sent] == ["x"]


async def test_a_fault_in_a_folded_group_opens_it() -> None:
    app = Grouped()
    async with app.run_test(size=(80, 24)) as pilot:
        app.form.field("folded").further = lambda: "beside others it is wrong"
        app.form.action_submit()
        await pilot.pause()
        await pilot.pause()
        assert app.sent == []
        assert "✗ beside others it is wrong" in shown(pilot)
        assert app.focused is app.form.field("folded").editor
        app.form.boxes[1].set_opened(False)
        await pilot.pause()
        assert "▸ Two  ✗ folded: beside others it is wrong" in shown(pilot)
        assert app.form.first_error() == ("folded", "beside others it is wrong")
        app.form.field("folded").further = None
        app.form.field("folded").check_again()
        assert app.form.first_error() is None


async def test_a_fault_that_somebody_else_found_stays_while_nothing_else_is_wrong() -> None:
    app = Grouped()
    async with app.run_test(size=(80, 24)):
        field = app.form.field("first")
        field.set_error("the daemon says no")
        field.check_again()
        assert field.error == "the daemon says no"


async def test_a_text_can_be_put_in_as_if_it_had_been_typed() -> None:
    app = Grouped()
    async with app.run_test(size=(80, 24)) as pilot:
        app.form.boxes[1].set_opened(True)
        await pilot.pause()
        app.form.field("first").insert("chosen")
        app.form.field("many").insert("4")
        app.form.field("switch").insert("false")
        await pilot.pause()
        values = app.form.values()
        assert values["first"] == "chosen"
        assert sorted(values["many"]) == ["1", "2", "3", "4"]
        assert values["switch"] is False


class Taking(Screen[None]):
    """Takes what begins with docker."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[str] = []

    def compose(self) -> ComposeResult:
        yield Form([TextField("First", "first"), ListField("Many", "many")])

    def take_paste(self, text: str) -> bool:
        if text.startswith("docker"):
            self.taken.append(text)
        return text.startswith("docker")


async def test_a_paste_may_be_taken_by_what_is_around() -> None:
    app = App[None]()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = Taking()
        await app.push_screen(screen)
        form = screen.query_one(Form)
        for name in ("first", "many"):
            form.go_to(name)
            await pilot.pause()
            assert app.focused is not None
            app.focused.post_message(Paste("docker run \\\r  x"))
            app.focused.post_message(Paste("a \\\rb"))
            await pilot.pause()
        assert screen.taken == ["docker run \\\n  x"] * 2
        assert form.values() == {"first": "a b", "many": ["a \\", "b"]}
