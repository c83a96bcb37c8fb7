"""A text of many lines, each in its tones: only visible ones are drawn; with line numbers, and a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from widgets.line_view import CursorList, Span, overlay
from widgets.matching import Matcher

SHIFT_CELLS = 8


class CodeView(CursorList):
    """Shows `count` lines that `line` returns by their number, from 0."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,greater_than_sign", "shift(1)", "See further right", show=False, id="code.shift_right"),
        Binding("left,less_than_sign", "shift(-1)", "See further left", show=False, id="code.shift_left"),
        Binding("n", "next_hit(1)", "Next hit", show=False, id="code.next_hit"),
        Binding("N", "next_hit(-1)", "Previous hit", show=False, id="code.previous_hit"),
    ]

    class SearchChanged(Message):
        """How the search stands: the cursor's hit (from 1; 0: on none) and how many lines have one."""

        def __init__(self, hit: int, total: int) -> None:
            super().__init__()
            self.hit = hit
            self.total = total

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._count = 0
        self._line: Callable[[int], Sequence[Span]] = lambda _number: ()
        self._numbered = False
        self._find: Callable[[str], Sequence[int]] | None = None
        self._matcher: Matcher | None = None
        self._hits: list[int] = []

    def show_lines(
        self,
        count: int,
        line: Callable[[int], Sequence[Span]],
        *,
        numbered: bool = False,
        find: Callable[[str], Sequence[int]] | None = None,
    ) -> None:
        """Show other lines, from the first one; `numbered`: with their numbers before them.

        `find` returns the lines that a query is found in, in order, where looking at each of them would take too long.
        """
        self._count, self._line, self._numbered, self._find = count, line, numbered, find
        self._cursor = self._top = self._shift = 0
        self._matcher, self._hits = None, []
        self.rows_changed()

    @property
    def row_count(self) -> int:
        return self._count

    def row_spans(self, index: int, width: int) -> Sequence[Span]:
        spans = self._line(index)
        if self._matcher is not None:
            spans = overlay(spans, self._matcher.ranges("".join(text for text, _ in spans)), "hit")
        return spans

    def row_strip(self, index: int, width: int, base: Style, flat: bool) -> Strip:
        if not self._numbered:
            return super().row_strip(index, width, base, flat)
        margin = len(str(self._count)) + 1
        number = self.paint([(f"{index + 1:>{margin - 1}} ", "dim")], margin, base, flat=flat)
        return Strip.join([number, super().row_strip(index, width - margin, base, flat)])

    def action_shift(self, direction: int) -> None:
        """See what is further right, or left."""
        self._shift = max(0, self._shift + direction * SHIFT_CELLS)
        self.refresh()

    def search(self, query: str) -> None:
        """Look for a text and go to the first hit from the cursor on; empty: end the search."""
        self._matcher = Matcher(query) if query else None
        self._hits = []
        if self._matcher is not None:
            self._hits = list(self._find(query)) if self._find else self._matching(self._matcher)
            onward = next((hit for hit in self._hits if hit >= self.cursor), self._hits[0] if self._hits else None)
            if onward is not None:
                self.move_to(onward)
        self.refresh()
        self._tell()

    def _matching(self, matcher: Matcher) -> list[int]:
        """The lines that a query is found in."""
        line, test = self._line, matcher.test
        return [index for index in range(self._count) if test("".join(text for text, _ in line(index)))]

    def action_next_hit(self, direction: int) -> None:
        """Go to the next hit, or the previous one, and around the end."""
        if not self._hits:
            return
        if direction > 0:
            to = next((hit for hit in self._hits if hit > self.cursor), self._hits[0])
        else:
            to = next((hit for hit in reversed(self._hits) if hit < self.cursor), self._hits[-1])
        self.move_to(to)
        self._tell()

    def _tell(self) -> None:
        hit = self._hits.index(self.cursor) + 1 if self.cursor in self._hits else 0
        self.post_message(self.SearchChanged(hit, len(self._hits)))
