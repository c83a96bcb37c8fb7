"""Asks to choose one of some options; typing shortens the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.widgets import Static

from widgets.dialogs import Dialog
from widgets.line_view import CursorList, Span
from widgets.literal import literal
from widgets.matching import Matcher

Option = tuple[str, str, str]
"""The value, its label and a hint."""


class OptionRows(CursorList):
    """Options to choose from. j and k move; `/` or any other letter begins to filter, and then every letter does."""

    DEFAULT_CSS = "OptionRows { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Choose", show=False, id="choice.choose"),
        Binding("backspace", "unfilter", "Shorten the filter", show=False, id="choice.shorten"),
    ]
    MOVES = "jkgG"

    class Chosen(Message):
        """An option was chosen."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    class Filtered(Message):
        """The filter is another one; None when there is none."""

        def __init__(self, text: str | None) -> None:
            super().__init__()
            self.text = text

    def __init__(self, options: Sequence[Option], *, ascii: bool = False) -> None:
        super().__init__(ascii=ascii)
        self._options = list(options)
        self._found = self._options
        self.filter: str | None = None
        self.set_notice("nothing matches")

    @property
    def row_count(self) -> int:
        return len(self._found)

    def row_spans(self, index: int, width: int) -> Sequence[Span]:
        _, label, hint = self._found[index]
        return [(label, "plain"), ("  " if hint else "", "plain"), (hint, "dim")]

    def set_filter(self, text: str | None) -> None:
        """Show the options whose label or hint has the text."""
        self.filter = text
        chosen = self._found[self.cursor] if self._found else None
        matcher = Matcher(text or "")
        self._found = [option for option in self._options if matcher.test(f"{option[1]}  {option[2]}")]
        self._cursor = self._found.index(chosen) if chosen in self._found else 0
        self.rows_changed()
        self.post_message(self.Filtered(text))

    def on_key(self, event: Key) -> None:
        if not event.is_printable or event.character is None:
            return
        if self.filter is None and (event.character in self.MOVES or event.character == " "):
            return
        event.stop()
        event.prevent_default()
        first = self.filter is None and event.character == "/"
        self.set_filter((self.filter or "") + ("" if first else event.character))

    def action_unfilter(self) -> None:
        if self.filter is not None:
            self.set_filter(self.filter[:-1] or None)

    def action_choose(self) -> None:
        if self._found:
            self.post_message(self.Chosen(self._found[self.cursor][0]))

    def row_clicked(self, index: int, x: int) -> None:
        self.action_choose()


class ChoiceDialog(Dialog[str | None]):
    """Asks to choose one of some options; None if none was chosen."""

    KEYS = "enter choose   esc cancel   / filter"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "leave", "Cancel", show=False, id="dialog.quit")]

    def __init__(self, title: str, options: Sequence[Option], *, ascii: bool = False) -> None:
        super().__init__(title, keys=self.KEYS, ascii=ascii)
        self._list = OptionRows(options, ascii=ascii)
        self._rows = len(options)

    def compose_body(self) -> ComposeResult:
        yield self._list

    def body(self) -> CursorList:
        return self._list

    def body_rows(self, width: int) -> int:
        return self._rows

    def action_leave(self) -> None:
        """Take the filter away first."""
        if self._list.filter is not None:
            self._list.set_filter(None)
        else:
            super().action_leave()

    def on_option_rows_chosen(self, event: OptionRows.Chosen) -> None:
        event.stop()
        self.dismiss(event.value)

    def on_option_rows_filtered(self, event: OptionRows.Filtered) -> None:
        event.stop()
        keys = self.KEYS if event.text is None else f"/{literal(event.text, ascii=self.ascii)}   esc all"
        self.query_one(".dialog--keys", Static).update(Content(keys))
