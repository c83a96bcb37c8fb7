"""A screen that is one scrolling list of lines with a header and a footer: help, history and the like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.screens.base import HytheScreen
from widgets.choice_list import Choice, ChoiceList
from widgets.span_line import KeyHints, SpanLine


class ListScreen(HytheScreen):
    """Subclasses say what the header reads and which lines there are."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", "Back", show=False, id="list.leave")]
    heading: ClassVar[str] = ""
    hints: Sequence[tuple[str, str]] = ()

    def compose(self) -> ComposeResult:
        ascii_only = self.hythe.settings.ascii
        yield SpanLine(id="header", ascii=ascii_only)
        yield ChoiceList(id="lines", ascii=ascii_only)
        yield KeyHints(id="footer", ascii=ascii_only)

    def on_mount(self) -> None:
        self.query_one("#header", SpanLine).show([(" hythe ", "head"), (self.heading, "accent")])
        self.show_hints()
        self.fill()
        self.lines.focus()

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.press_hint(message.id)

    def show_hints(self) -> None:
        """Show in the footer what the keys do now."""
        self.query_one("#footer", KeyHints).hint([(key, key, word, True) for key, word in (*self.hints, ("q", "back"))])

    @property
    def lines(self) -> ChoiceList:
        """The list."""
        return self.query_one("#lines", ChoiceList)

    def fill(self) -> None:
        """Show the lines as they are now."""
        self.lines.show(self.choices())

    def choices(self) -> Sequence[Choice]:
        """Return the lines."""
        return ()

    def action_leave(self) -> None:
        """Go back."""
        self.hythe.pop_screen()
