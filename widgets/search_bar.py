"""The line in which a search or a filter is typed, with how many hits there are beside it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from widgets.editors import Line
from widgets.literal import literal


class SearchBar(Horizontal):
    """Hidden until it is opened; tells what is typed as it is typed, and hides again on enter or escape.

    The screen passes `Changed` to whatever is searched, and gives the focus back when the bar is `Closed`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close(False)", "Clear", show=False, id="search.clear"),
        Binding("down", "close(True)", "Keep, and back to the text", show=False, id="search.keep"),
    ]
    DEFAULT_CSS = """
    SearchBar {
        height: 1;
        width: 1fr;
        display: none;
        &.-open { display: block; }
        & > .search--prompt { width: auto; text-style: bold; }
        & > Line { width: 1fr; }
        & > .search--count { width: auto; text-style: dim; padding-left: 1; }
        & > .search--count.-wrong { color: $text-error; text-style: bold; }
    }
    """

    class Event(Message):
        """Something happened in the bar: the query is `query`."""

        def __init__(self, bar: SearchBar, query: str) -> None:
            super().__init__()
            self.bar = bar
            self.query = query

        @property
        def control(self) -> SearchBar:
            return self.bar

    class Changed(Event):
        """The query is another one; empty: none."""

    class Closed(Event):
        """The bar was left, with the query that stays (empty: it was cleared)."""

    def __init__(
        self, prompt: str = "/", *, ascii: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._ascii = ascii
        self._prompt = prompt
        self._told = ""

    def compose(self) -> ComposeResult:
        yield Static(Content(literal(self._prompt, ascii=self._ascii)), classes="search--prompt", markup=False)
        yield Line()
        yield Static(classes="search--count", markup=False)

    @property
    def is_open(self) -> bool:
        """Whether a query can be typed."""
        return self.has_class("-open")

    def open(self, query: str = "", prompt: str | None = None) -> None:
        """Show the bar with a query in it, and take the focus."""
        if prompt is not None:
            self.query_one(".search--prompt", Static).update(Content(literal(prompt, ascii=self._ascii)))
        self.add_class("-open")
        line = self.query_one(Line)
        self._told = literal(query)
        line.value = self._told
        line.focus()

    def show_count(self, text: str, *, wrong: bool = False) -> None:
        """Say how the search stands, such as `3 of 17`, or what is `wrong` in what is typed."""
        count = self.query_one(".search--count", Static)
        count.set_class(wrong, "-wrong")
        count.update(Content(literal(text, ascii=self._ascii)))

    def show_hits(self, hit: int, total: int, complete: bool) -> None:
        """Say how the search stands, in the figures of `SearchChanged`."""
        some = "" if complete else "+"
        self.show_count(f"{hit or '-'} of {total:,}{some}" if total else ("no hit" if complete else "searching"))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._told:
            self._told = event.value
            self.post_message(self.Changed(self, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_close(True)

    def action_close(self, keep: bool) -> None:
        """Leave the bar, with the query or without it."""
        query = self.query_one(Line).value if keep else ""
        if query != self._told:
            self._told = query
            self.post_message(self.Changed(self, query))
        self.remove_class("-open")
        self.show_count("")
        self.post_message(self.Closed(self, query))
