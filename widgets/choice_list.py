"""A list of lines to choose from, with headings and notes between them that the cursor passes over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.line_view import CursorList, Span


@dataclass(frozen=True, slots=True)
class Choice:
    """A line: `key` names it when it is chosen; a heading or a note has none."""

    key: str | None
    spans: tuple[Span, ...]

    @property
    def is_heading(self) -> bool:
        """Whether it names the lines below it."""
        return self.key is None and bool(self.spans) and self.spans[0][1] == "head"

    @classmethod
    def heading(cls, text: str) -> Choice:
        """A line that names the lines below it."""
        return cls(None, ((text, "head"),))

    @classmethod
    def note(cls, text: str, tone: str) -> Choice:
        """A line that only says something."""
        return cls(None, ((text, tone),))


class ChoiceList(CursorList):
    """Lines with a cursor on those that can be chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Choose", show=False, id="choices.choose")]

    class Chosen(Message):
        """A line was chosen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Moved(Message):
        """The cursor is on another line."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._choices: tuple[Choice, ...] = ()
        self._last = 0

    def show(self, choices: Sequence[Choice]) -> None:
        """Show these lines; the cursor stays on the line with the same key."""
        before = self.chosen
        self._choices = tuple(choices)
        keys = [choice.key for choice in self._choices]
        self.rows_changed()
        at = keys.index(before) if before in keys and before is not None else self._next(0, 1)
        self.move_to(at)

    @property
    def chosen(self) -> str | None:
        """The key of the line under the cursor."""
        return self._choices[self.cursor].key if self.cursor < len(self._choices) else None

    @property
    def row_count(self) -> int:
        return len(self._choices)

    def row_spans(self, index: int, width: int) -> Sequence[Span]:
        choice = self._choices[index]
        return (("  " if choice.key is not None else " ", ""), *choice.spans)

    def cursor_moved(self) -> None:
        choice = self._choices[self.cursor] if self.cursor < len(self._choices) else None
        if choice is not None and choice.key is None:
            step = 1 if self.cursor >= self._last else -1
            at = self._next(self.cursor, step)
            self._last = at
            self.move_to(at)
            return
        self._last = self.cursor
        if choice is not None and choice.key is not None:
            self.post_message(self.Moved(choice.key))

    def keep_cursor_visible(self) -> bool:
        """Scroll as little as possible, but to the very top where nothing above the cursor can be chosen."""
        if self.top and self._next(0, 1) == self.cursor < self.size.height:
            self.scroll_to_top()
            return True
        return super().keep_cursor_visible()

    def _next(self, at: int, step: int) -> int:
        """The nearest line that can be chosen, first in one direction, then in the other; `at` if there is none."""
        count = len(self._choices)
        at = max(0, min(at, count - 1))
        if not count:
            return at
        onward = range(at, count) if step > 0 else range(at, -1, -1)
        back = range(at, -1, -1) if step > 0 else range(at, count)
        return next((i for i in (*onward, *back) if self._choices[i].key is not None), at)

    def action_choose(self) -> None:
        """Choose the line under the cursor."""
        if (key := self.chosen) is not None:
            self.post_message(self.Chosen(key))

    def row_clicked(self, index: int, x: int) -> None:
        self.action_choose()
