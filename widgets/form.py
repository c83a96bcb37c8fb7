"""A form: fields that are checked as they are filled in, in groups that fold, sent with a key, left without loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Button

from widgets.fields import Field, FieldValue
from widgets.form_group import Group, GroupBox, GroupHeading
from widgets.literal import literal

__all__ = ["Form", "Group"]

NARROW = 56
"""Below this width labels stand above their fields."""


class Form(VerticalScroll, can_focus=False):
    """Shows fields and the buttons that send and leave them. Enter goes on, and sends from the last field.

    `groups` gather fields under headings, which fold; fields that are in none stand before them.
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
        & > .form--heading { margin-top: 1; }
        & > .form--heading.-close { margin-top: 0; }
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
        groups: Sequence[Group] = (),
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        names = [field.key for field in fields]
        if len(set(names)) != len(names):
            raise ValueError(f"two fields have the same name: {names}")
        self.fields = list(fields)
        self._submit_label = submit_label
        gathered = {name for group in groups for name in group.names}
        self._free = [field for field in self.fields if field.key not in gathered]
        ascii_only = bool(self.fields) and self.fields[0].ascii
        self.boxes = [GroupBox(group, [self.field(name) for name in group.names], ascii=ascii_only) for group in groups]

    def compose(self) -> ComposeResult:
        yield from self._free
        for number, box in enumerate(self.boxes):
            box.heading.set_class(number > 0 and not self.boxes[number - 1].group.opened, "-close")
            yield box.heading
            yield box
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

    def fill(self, values: Mapping[str, FieldValue]) -> None:
        """Put values in, as if they had stood there from the beginning; faults are told anew when they are found."""
        for field in self.fields:
            if field.key in values:
                field.forget_faults()
                field.put(values[field.key])
        for box in self.boxes:
            box.heading.refresh()

    @property
    def is_dirty(self) -> bool:
        """Whether any value is another one than at first."""
        return any(field.is_dirty for field in self.fields)

    def first_error(self) -> tuple[str, str] | None:
        """The name of the first field with a fault, and the fault; nothing is shown."""
        for field in self.fields:
            wrong = field.fault()
            if wrong:
                return field.key, wrong
        return None

    def show_error(self, name: str, text: str) -> None:
        """Show a fault that somebody else found, and go to its field."""
        self.field(name).set_error(text)
        self.go_to(name)

    def go_to(self, name: str) -> None:
        """Put the focus into a field, opening its group."""
        field = self.field(name)
        for box in self.boxes:
            if field in box.fields:
                box.set_opened(True)
        field.take_focus()

    # ---- keys
    def focus_first(self) -> None:
        """Put the focus into the first field."""
        if self.fields:
            self.go_to(self.fields[0].key)

    def action_submit(self) -> None:
        """Send the form, or show every fault and go to the first."""
        wrong = [field for field in self.fields if field.validate()]
        if wrong:
            for box in self.boxes:
                box.heading.refresh()
            self.go_to(wrong[0].key)
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
        stops = list(self._stops())
        after = stops[stops.index(event.field) + 1 :]
        if not after:
            self.action_submit()
        elif isinstance(after[0], Field):
            after[0].take_focus()
        else:
            after[0].focus()

    def _stops(self) -> Iterator[Field | GroupHeading]:
        """Where enter comes by: the fields that are seen, and the headings."""
        yield from self._free
        for box in self.boxes:
            yield box.heading
            if box.heading.opened:
                yield from box.fields

    def on_group_heading_toggled(self, event: GroupHeading.Toggled) -> None:
        event.stop()
        for box in self.boxes:
            if box.heading is event.heading:
                box.set_opened(event.opened)

    def on_field_changed(self, event: Field.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.has_class("-submit"):
            self.action_submit()
        else:
            self.action_cancel()
