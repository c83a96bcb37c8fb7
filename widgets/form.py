"""A form: fields below each other that are checked as they are filled in, sent with a key, and left without loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Button, Static

from widgets.fields import Field, FieldValue
from widgets.literal import literal

NARROW = 56
"""Below this width labels stand above their fields."""


class Form(VerticalScroll, can_focus=False):
    """Shows fields and the buttons that send and leave them. Enter goes on, and sends from the last field.

    `headings` stand before the fields that they are given for, by the field's name.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "submit", "Send", id="form.submit"),
        Binding("escape", "cancel", "Cancel", id="form.cancel"),
        Binding("down", "move(1)", "Next field", show=False, id="form.next"),
        Binding("up", "move(-1)", "Previous field", show=False, id="form.previous"),
    ]
    DEFAULT_CSS = """
    Form {
        height: 1fr;
        & > .form--heading { text-style: bold; color: $text-accent; padding-top: 1; height: auto; }
        & > .form--buttons { height: auto; padding-top: 1; }
        & > .form--buttons > Button { margin-right: 2; }
    }
    """

    class Submitted(Message):
        """The form is filled in without a fault."""

        def __init__(self, form: Form, values: dict[str, FieldValue]) -> None:
            super().__init__()
            self.form = form
            self.values = values

        @property
        def control(self) -> Form:
            return self.form

    class Event(Message):
        """Something happened in a form."""

        def __init__(self, form: Form) -> None:
            super().__init__()
            self.form = form

        @property
        def control(self) -> Form:
            return self.form

    class Cancelled(Event):
        """The user wants to leave; `form.is_dirty` tells if something would be lost."""

    class Changed(Event):
        """The user changed a field."""

    def __init__(
        self,
        fields: Sequence[Field],
        *,
        submit_label: str = "OK",
        headings: Mapping[str, str] | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        names = [field.key for field in fields]
        if len(set(names)) != len(names):
            raise ValueError(f"two fields have the same name: {names}")
        self.fields = list(fields)
        self._submit_label = submit_label
        self._headings = headings or {}

    def compose(self) -> ComposeResult:
        for field in self.fields:
            if heading := self._headings.get(field.key):
                yield Static(Content(literal(heading)), classes="form--heading", markup=False)
            yield field
        with Horizontal(classes="form--buttons"):
            yield Button(Content(literal(self._submit_label)), variant="primary", compact=True, classes="-submit")
            yield Button(Content("Cancel"), compact=True, classes="-cancel")

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width < NARROW, "-narrow")

    # ---- what it holds
    def field(self, name: str) -> Field:
        """The field with a name. Raises KeyError if there is none."""
        for field in self.fields:
            if field.key == name:
                return field
        raise KeyError(name)

    def values(self) -> dict[str, FieldValue]:
        """What the fields hold, by name."""
        return {field.key: field.value for field in self.fields}

    @property
    def is_dirty(self) -> bool:
        """Whether any value is another one than at first."""
        return any(field.is_dirty for field in self.fields)

    def first_error(self) -> tuple[str, str] | None:
        """The name of the first field with a fault, and the fault; nothing is shown."""
        for field in self.fields:
            wrong = field.problem()
            if wrong:
                return field.key, wrong
        return None

    def show_error(self, name: str, text: str) -> None:
        """Show a fault that somebody else found, and go to its field."""
        field = self.field(name)
        field.set_error(text)
        field.take_focus()

    # ---- keys
    def focus_first(self) -> None:
        """Put the focus into the first field."""
        if self.fields:
            self.fields[0].take_focus()

    def action_submit(self) -> None:
        """Send the form, or show every fault and go to the first."""
        wrong = [field for field in self.fields if field.validate()]
        if wrong:
            wrong[0].take_focus()
        else:
            self.post_message(self.Submitted(self, self.values()))

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled(self))

    def action_move(self, step: int) -> None:
        if step > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    def on_field_done(self, event: Field.Done) -> None:
        event.stop()
        if event.field is self.fields[-1]:
            self.action_submit()
        else:
            self.fields[self.fields.index(event.field) + 1].take_focus()

    def on_field_changed(self, event: Field.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.has_class("-submit"):
            self.action_submit()
        else:
            self.action_cancel()
