"""The fields of a form: each has a name, a value, a check whose complaint stands below it, and knows its changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from widgets.editors import Line, Lines, Shown
from widgets.literal import literal

Check = Callable[[str], str | None]
"""What is wrong with a text; None if nothing is."""

FieldValue = str | bool | list[str]

LONGEST_MESSAGE = 400


class Field(Widget):
    """A label, an editor and a line below it for the hint or what is wrong."""

    DEFAULT_CSS = """
    Field {
        layout: horizontal;
        width: 1fr;
        height: auto;
        & .field--label { width: 20; padding-right: 2; }
        & > Vertical { width: 1fr; height: auto; }
        & .field--message { width: 1fr; height: auto; text-style: dim; display: none; }
        & .field--message.-shown { display: block; }
        & .field--message.-bad { color: $text-error; text-style: none; }
        &:focus-within .field--label { text-style: bold; color: $text-accent; }
        & TextArea { height: auto; min-height: 1; max-height: 6; }
    }
    .-narrow Field { layout: vertical; }
    .-narrow Field .field--label { width: 1fr; }
    """

    class Event(Message):
        """Something happened in a field."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> Field:
            return self.field

    class Changed(Event):
        """The user changed the value."""

    class Done(Event):
        """Enter was pressed: on to the next field."""

    def __init__(self, label: str, name: str, *, hint: str = "", ascii: bool = False, id: str | None = None) -> None:
        super().__init__(name=name, id=id)
        self.label = label
        self.key = name
        self.hint = hint
        self.ascii = ascii
        self._error: str | None = None
        self._fault: str | None = None
        self._touched = False
        self._awaits_focus = False
        self.further: Callable[[], str | None] | None = None
        """What else may be wrong with the value: with other fields, or with what is out there."""

    # ---- what a subclass says
    def compose_editor(self) -> Widget:
        """The widget that edits the value and takes the focus."""
        raise NotImplementedError

    @property
    def value(self) -> FieldValue:
        """What the field holds."""
        raise NotImplementedError

    @property
    def is_dirty(self) -> bool:
        """Whether the value is another one than at first."""
        raise NotImplementedError

    def problem(self) -> str | None:
        """What is wrong with the value now, whether it is shown or not."""
        return None

    def insert(self, text: str) -> None:
        """Take a text as if it had been typed: in the place of the value, or as one more where there are several."""
        raise NotImplementedError

    def put(self, value: FieldValue) -> None:
        """Put another value in, as if it had stood there from the beginning."""
        raise NotImplementedError

    # ---- common
    def forget_faults(self) -> None:
        """Complain about nothing until the value is checked again."""
        self._touched = False
        self._fault = None
        self.set_error(None)

    def fault(self) -> str | None:
        """What is wrong with the value, by itself or beside others, whether it is shown or not."""
        return self.problem() or (self.further() if self.further is not None else None)

    def gist(self, limit: int) -> str:
        """The label and the value in at most about `limit` characters; empty where there is no value."""
        value = self.value
        if isinstance(value, bool):
            return self.label.lower() if value else ""
        texts = value if isinstance(value, list) else [value] if value else []
        more = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
        return f"{self.label.lower()} {literal(texts[0], limit, ascii=self.ascii)}{more}" if texts else ""

    def compose(self) -> ComposeResult:
        yield Static(Content(literal(self.label)), classes="field--label", markup=False)
        with Vertical():
            yield self.compose_editor()
            yield Static(classes="field--message", markup=False)

    def on_mount(self) -> None:
        self._show_message()
        if self._awaits_focus:
            self._awaits_focus = False
            self.editor.focus()

    @property
    def editor(self) -> Widget:
        """The widget that takes the focus."""
        return self.query_one(Vertical).children[0]

    @property
    def error(self) -> str | None:
        """What the line below the field complains about."""
        return self._error

    def take_focus(self) -> None:
        """Put the focus into the field, as soon as it is there."""
        if self.query(Vertical):
            self.editor.focus()
        else:
            self._awaits_focus = True

    def validate(self) -> str | None:
        """Check the value, show what is wrong with it, and return that."""
        self._touched = True
        self._fault = self.fault()
        self.set_error(self._fault)
        return self._error

    def check_again(self) -> None:
        """Show what is wrong now, where that is another thing than before; a fault that somebody else found stays."""
        if self.fault() != self._fault:
            self.validate()

    def set_error(self, text: str | None) -> None:
        """Show what is wrong, as somebody else found out; the next change takes it away."""
        if text != self._error:
            self._error = text
            self._show_message()

    def set_hint(self, text: str) -> None:
        """Show another hint below the field while nothing is wrong with it."""
        if text != self.hint:
            self.hint = text
            self._show_message()

    def _show_message(self) -> None:
        if not self.query(".field--message"):
            return  # not composed yet: on_mount shows it
        message = self.query_one(".field--message", Static)
        mark = ("x " if self.ascii else "✗ ") if self._error else ""
        text = mark + literal(self._error or self.hint, LONGEST_MESSAGE, ascii=self.ascii)
        message.update(Content(text))
        message.set_class(bool(self._error), "-bad")
        message.set_class(bool(text), "-shown")

    def edited(self) -> None:
        """Called by a subclass after the user changed the value."""
        self.validate()
        self.post_message(self.Changed(self))


class TextField(Field):
    """A text of one line."""

    def __init__(
        self,
        label: str,
        name: str,
        value: str = "",
        placeholder: str = "",
        check: Check | None = None,
        hint: str = "",
        *,
        password: bool = False,
        suggester: Suggester | None = None,
        ascii: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(label, name, hint=hint, ascii=ascii, id=id)
        self._shown = Shown()
        self._first = value
        self._known = self._shown.show(value)
        self._check = check
        self._placeholder = placeholder
        self._make_line = partial(Line, password=password, suggester=suggester)
        self._line: Line | None = None  # made when there is an app, which Textual's Input needs

    def compose_editor(self) -> Widget:
        self._line = self._make_line(self._known, placeholder=literal(self._placeholder, ascii=self.ascii))
        return self._line

    @property
    def value(self) -> str:
        return self._shown.restore(self._line.value if self._line is not None else self._known)

    @property
    def is_dirty(self) -> bool:
        return self.value != self._first

    def set_value(self, value: str) -> None:
        """Put another text in, as if it had stood there from the beginning."""
        self._first = value
        self._known = self._shown.show(value)
        if self._line is not None:
            self._line.value = self._known
        if self._touched:
            self.validate()

    def put(self, value: FieldValue) -> None:
        self.set_value(str(value))

    def set_placeholder(self, text: str) -> None:
        """Show another text while the field is empty."""
        self._placeholder = text
        if self._line is not None:
            self._line.placeholder = literal(text, ascii=self.ascii)

    def insert(self, text: str) -> None:
        if self._line is not None:
            self._line.value = self._shown.show(text)
            self._line.cursor_position = len(self._line.value)

    def problem(self) -> str | None:
        return self._check(self.value) if self._check is not None else None

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._known:
            self._known = event.value
            self.edited()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Done(self))


class ListField(Field):
    """Several texts, one a line. What is wrong with one of them is told with its line."""

    def __init__(
        self,
        label: str,
        name: str,
        value: Sequence[str] = (),
        placeholder: str = "",
        check: Check | None = None,
        hint: str = "",
        *,
        ascii: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(label, name, hint=hint, ascii=ascii, id=id)
        self._shown = Shown()
        self._first = list(value)
        self._check = check
        self._known = self._text(value)
        self._placeholder = placeholder
        self._area: TextArea | None = None

    def _text(self, items: Sequence[str]) -> str:
        return "\n".join(self._shown.show(item) for item in items)

    def compose_editor(self) -> Widget:
        self._area = Lines(
            self._known,
            soft_wrap=False,
            compact=True,
            highlight_cursor_line=False,
            placeholder=Content(literal(self._placeholder, ascii=self.ascii)),
        )
        self._area.cursor_blink = False
        return self._area

    def _lines(self) -> list[str]:
        return (self._area.text if self._area is not None else self._known).split("\n")

    @property
    def value(self) -> list[str]:
        return [self._shown.restore(line) for line in self._lines() if line.strip()]

    @property
    def is_dirty(self) -> bool:
        return self.value != self._first

    def set_value(self, value: Sequence[str]) -> None:
        """Put other texts in, as if they had stood there from the beginning."""
        self._first = list(value)
        self._known = self._text(value)
        if self._area is not None:
            self._area.load_text(self._known)
        if self._touched:
            self.validate()

    def put(self, value: FieldValue) -> None:
        self.set_value(value if isinstance(value, list) else [str(value)])

    def set_placeholder(self, text: str) -> None:
        """Show another text while the field is empty."""
        self._placeholder = text
        if self._area is not None:
            self._area.placeholder = Content(literal(text, ascii=self.ascii))

    def insert(self, text: str) -> None:
        area = self._area
        if area is None:
            return
        row = area.cursor_location[0]
        shown = self._shown.show(text)
        if area.document[row].strip():
            area.move_cursor((row, len(area.document[row])))
            area.insert("\n" + shown)
        else:
            area.replace(shown, (row, 0), (row, len(area.document[row])))

    def problem(self) -> str | None:
        if self._check is None:
            return None
        for number, line in enumerate(self._lines(), 1):
            wrong = self._check(self._shown.restore(line)) if line.strip() else None
            if wrong:
                return f"line {number}, {literal(line, 40, ascii=self.ascii)}: {wrong}"
        return None

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if event.text_area.text != self._known:
            self._known = event.text_area.text
            self.edited()
