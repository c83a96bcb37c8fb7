"""A list that is read from somewhere slow: it fills while one looks, can be filtered, and says what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.commands.registry_desk import FROM_HERE
from tui.engine.errors import EngineError
from tui.screens.base import HytheScreen
from widgets.choice_list import Choice, ChoiceList
from widgets.line_view import Span
from widgets.search_bar import SearchBar
from widgets.span_line import KeyHints, SpanLine

DRAW_SECONDS = 0.1


class BrowseScreen(HytheScreen):
    """Subclasses read `entries`, a line by its key, and say what `enter` does with one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", show=False, id="browse.filter"),
        Binding("f5", "read", "Read again", show=False, id="browse.read"),
        Binding("escape", "back", "Back", show=False, id="browse.back"),
        Binding("q", "leave", "Back", show=False, id="browse.leave"),
    ]
    DEFAULT_CSS = """
    BrowseScreen {
        & #state { background: $panel; }
    }
    """
    hints: ClassVar[Sequence[tuple[str, str]]] = ()
    keys_of_list = (("/", "filter"), ("f5", "read again"), ("esc q", "back"))

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[str, tuple[Span, ...]] = {}
        self.problem = ""
        self._reading = self._due = False
        self._query = ""

    # what a subclass says

    def subject(self) -> str:
        """Return what the header says."""
        raise NotImplementedError

    async def fill(self) -> None:
        """Read the entries, and call `changed` as they come. Raises EngineError."""
        raise NotImplementedError

    def notes(self) -> Sequence[str]:
        """Return what is to be said below the entries."""
        return ()

    def why_empty(self) -> str:
        """Return what is said in the place of the entries where there are none."""
        return "nothing"

    # the frame

    def compose(self) -> ComposeResult:
        yield SpanLine(id="header", ascii=self.ascii)
        yield SpanLine(id="state", ascii=self.ascii)
        yield ChoiceList(id="lines", ascii=self.ascii)
        yield SearchBar(ascii=self.ascii, id="browse-search")
        yield KeyHints(id="footer", ascii=self.ascii)

    def on_mount(self) -> None:
        self.query_one("#header", SpanLine).show([(" hythe ", "head"), (self.subject(), "accent")])
        hints = (*self.hints, ("/", "filter"), ("esc", "back"))
        self.query_one("#footer", KeyHints).hint([(key, key, word, True) for key, word in hints])
        self.lines.focus()
        self.action_read()

    @property
    def lines(self) -> ChoiceList:
        """The list."""
        return self.query_one("#lines", ChoiceList)

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.press_hint(message.id)

    # reading

    def action_read(self) -> None:
        """Read it all again."""
        self.run_worker(self._read, group="read", exclusive=True)

    async def _read(self) -> None:
        self._reading, self.problem = True, ""
        self.draw()
        try:
            await self.fill()
        except EngineError as error:
            self.problem = f"{error}\n{error.hint}".strip()
        finally:
            self._reading = False
            if self.is_mounted:
                self.draw()

    def changed(self) -> None:
        """Draw soon, once for all that comes until then."""
        if self.is_mounted and not self._due:
            self._due = True
            self.set_timer(DRAW_SECONDS, self.draw)

    def shown(self) -> Mapping[str, tuple[Span, ...]]:
        """Return the entries that the filter lets pass: every word of it is in the line."""
        words = self._query.lower().split()
        if not words:
            return self.entries

        def passes(spans: tuple[Span, ...]) -> bool:
            text = "".join(text for text, _ in spans).lower()
            return all(word in text for word in words)

        return {key: spans for key, spans in self.entries.items() if passes(spans)}

    def draw(self) -> None:
        """Show what is known now."""
        self._due = False
        shown = self.shown()
        lines = [Choice(key, spans) for key, spans in shown.items()]
        if not lines and not self._reading and not self.problem:
            lines.append(Choice.note(self.why_empty() if not self._query else "nothing matches", "dim"))
        lines += [Choice.note(text, "bad") for text in self.problem.splitlines()]
        lines += [Choice.note(text, "dim") for text in self.notes()]
        self.lines.show(lines)
        count = str(len(shown)) if len(shown) == len(self.entries) else f"{len(shown)} of {len(self.entries)}"
        left: list[Span] = [(f" {count}", "")]
        if self._reading:
            left.append(("  reading …", "busy"))
        if self._query:
            left.append((f"  filter: {self._query}", "warn"))
        self.query_one("#state", SpanLine).show(left, [(f"{FROM_HERE} ", "dim")])

    # filter, leaving

    def action_filter(self) -> None:
        """Type words that the lines must have."""
        self.query_one("#browse-search", SearchBar).open(self._query)

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        self._query = message.query
        self.draw()

    def on_search_bar_closed(self, _message: SearchBar.Closed) -> None:
        self.lines.focus()

    def action_back(self) -> None:
        """Take the filter away, then leave."""
        if self._query:
            self._query = ""
            self.draw()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Go back."""
        self.hythe.pop_screen()
