"""Fields of which one value is chosen with keys: among several, or yes and no."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from widgets.fields import Field, FieldValue
from widgets.line_view import LineView


class _Switch(LineView):
    """One focusable line that a subclass of Field draws and turns with keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "turn(1)", "Next", show=False, id="field.next_choice"),
        Binding("left", "turn(-1)", "Previous", show=False, id="field.previous_choice"),
        Binding("enter", "done", "Next field", show=False, id="field.done"),
    ]
    DEFAULT_CSS = """
    _Switch { height: 1; }
    """

    def __init__(
        self, text: Callable[[], str], turn: Callable[[int], None], done: Callable[[], object], *, ascii: bool
    ) -> None:
        super().__init__(ascii=ascii)
        self._text = text
        self._turn = turn
        self._done = done

    def render_line(self, y: int) -> Strip:
        style = self.line_style(self.has_focus) if self.has_focus else self.rich_style
        return self.paint([(self._text(), "plain")], self.size.width, style)

    def action_turn(self, step: int) -> None:
        self._turn(step)
        self.refresh()

    def action_done(self) -> None:
        self._done()

    def on_click(self) -> None:
        self.action_turn(1)


class ChoiceField(Field):
    """One of a few values: left and right go through them."""

    def __init__(
        self,
        label: str,
        name: str,
        options: Sequence[tuple[str, str]],
        value: str | None = None,
        hint: str = "",
        *,
        ascii: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(label, name, hint=hint, ascii=ascii, id=id)
        if not options:
            raise ValueError(f"the field {name} has no options")
        self._options = list(options)
        self._first = self._options[0][0] if value is None else value
        if self._first not in [option for option, _ in options]:
            self._options.append((self._first, self._first))  # what is there now is not lost for being unknown
        self._at = [option for option, _ in self._options].index(self._first)

    def compose_editor(self) -> Widget:
        return _Switch(self._text, self._turn, lambda: self.post_message(self.Done(self)), ascii=self.ascii)

    def _text(self) -> str:
        before, after = ("<", ">") if self.ascii else ("‹", "›")
        return f"{before} {self._options[self._at][1]} {after}  {self._at + 1} of {len(self._options)}"

    def _turn(self, step: int) -> None:
        self._at = (self._at + step) % len(self._options)
        self.edited()

    @property
    def value(self) -> str:
        return self._options[self._at][0]

    @property
    def is_dirty(self) -> bool:
        return self.value != self._first

    def put(self, value: FieldValue) -> None:
        self._offer(str(value))
        self.set_value(str(value))

    def insert(self, text: str) -> None:
        self._turn(self._offer(text) - self._at)
        self.editor.refresh()

    def _offer(self, value: str) -> int:
        """Offer a value, if it is not among the options yet; its place among them."""
        known = [option for option, _ in self._options]
        if value not in known:
            self._options.append((value, value))
            known.append(value)
        return known.index(value)

    def set_options(self, options: Sequence[tuple[str, str]]) -> None:
        """Offer other options; the one that is chosen stays, even where it is not among them."""
        chosen = self._options[self._at]
        self._options = list(options)
        if chosen[0] not in [option for option, _ in options]:
            self._options.append(chosen)
        self._at = [option for option, _ in self._options].index(chosen[0])
        if self.is_mounted:
            self.editor.refresh()

    def set_value(self, value: str) -> None:
        """Choose another option, as if it had been chosen from the beginning. Raises ValueError if there is none."""
        self._at = [option for option, _ in self._options].index(value)
        self._first = value
        if self.is_mounted:
            self.editor.refresh()


class ToggleField(Field):
    """Yes or no: space turns it."""

    def __init__(
        self,
        label: str,
        name: str,
        value: bool = False,
        text: str = "",
        hint: str = "",
        *,
        ascii: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(label, name, hint=hint, ascii=ascii, id=id)
        self._first = self._value = value
        self._caption = text

    def compose_editor(self) -> Widget:
        return _Switch(self._text, self._turn, lambda: self.post_message(self.Done(self)), ascii=self.ascii)

    def _text(self) -> str:
        return f"[{'x' if self._value else ' '}] {self._caption or ('yes' if self._value else 'no')}"

    def _turn(self, step: int) -> None:
        self._value = not self._value
        self.edited()

    def put(self, value: FieldValue) -> None:
        self.set_value(value is True)

    def insert(self, text: str) -> None:
        if (text == "true") != self._value:
            self._turn(1)
            self.editor.refresh()

    @property
    def value(self) -> bool:
        return self._value

    @property
    def is_dirty(self) -> bool:
        return self._value != self._first

    def set_value(self, value: bool) -> None:
        """Set it, as if it had been so from the beginning."""
        self._first = self._value = value
        if self.is_mounted:
            self.editor.refresh()
