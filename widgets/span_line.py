"""One line of toned text: titles, headers, status lines, key hints."""

from __future__ import annotations

from collections.abc import Sequence

from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from widgets.line_view import LineView, Span
from widgets.literal import cells, literal


class SpanLine(LineView, can_focus=False):
    """Spans on the left and spans on the right; what does not fit is cut from the end of the left ones.

    A blank stands between the two, however little room there is.
    """

    DEFAULT_CSS = "SpanLine { height: 1; width: 1fr; }"

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._left: tuple[Span, ...] = ()
        self._right: tuple[Span, ...] = ()

    def show(self, left: Sequence[Span], right: Sequence[Span] = ()) -> None:
        """Show these spans; nothing is painted when they are the same."""
        if (tuple(left), tuple(right)) != (self._left, self._right):
            self._left, self._right = tuple(left), tuple(right)
            self.refresh()

    @property
    def text(self) -> str:
        """What the line says, left and right."""
        return "".join(text for text, _ in (*self._left, *self._right))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y or not width:
            return self.blank(width)
        base = self.rich_style
        reserved = sum(cells(literal(text, ascii=self.ascii)) for text, _ in self._right)
        if not reserved:
            return self.paint(self._left, width, base)
        if reserved + 8 > width:
            return self.paint((*self._left, (" ", ""), *self._right), width, base)
        right = self._right
        if not "".join(text for text, _ in right).startswith(" "):
            right, reserved = ((" ", ""), *right), reserved + 1
        return Strip([*self.paint(self._left, width - reserved, base), *self.paint(right, reserved, base)], width)


class KeyHints(SpanLine):
    """The footer: keys and what they do, as many as fit; one that can't be used now is dim. A click presses the key."""

    class Pressed(Message):
        """A hint was clicked; `id` is the one it was given with."""

        def __init__(self, id: str) -> None:
            super().__init__()
            self.id = id

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._hints: tuple[tuple[str, str, str, bool], ...] = ()
        self._places: list[tuple[int, int, str]] = []

    def hint(self, hints: Sequence[tuple[str, str, str, bool]]) -> None:
        """Show hints `(id, key, word, usable)`, most useful first."""
        if tuple(hints) != self._hints:
            self._hints = tuple(hints)
            self._arrange()

    def on_resize(self) -> None:
        self._arrange()

    def on_click(self, event: Click) -> None:
        for start, end, id in self._places:
            if start <= event.x < end:
                self.post_message(self.Pressed(id))

    def _arrange(self) -> None:
        spans: list[Span] = []
        self._places = []
        used = 0
        for id, key, word, usable in self._hints:
            length = len(key) + 1 + len(word) + 2
            if used + length - 2 > self.size.width:
                break
            gap = "  "[: max(0, self.size.width - used - length + 2)]  # what ends with the line needs none behind it
            spans += [(key, "accent" if usable else "dim"), (f" {word}{gap}", "" if usable else "dim")]
            self._places.append((used, used + length - 2, id))
            used += length
        self.show(spans)
