"""A text that is read and scrolled: the body of a dialog, a message, a help page."""

from __future__ import annotations

from collections.abc import Sequence

from textual.events import Resize
from textual.geometry import Size
from textual.strip import Strip

from widgets.line_view import CursorList, Span
from widgets.literal import literal, wrap


class TextPane(CursorList):
    """Lines of text, wrapped to the width; the movement keys scroll it. A line may begin with a tone: (text, tone)."""

    DEFAULT_CSS = "TextPane { height: auto; }"

    def __init__(
        self,
        lines: Sequence[str | Span] = (),
        *,
        ascii: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self._lines: list[Span] = []
        self._rows: list[Span] = []
        self._laid_out = 0
        self.set_lines(lines)

    def set_lines(self, lines: Sequence[str | Span]) -> None:
        """Show another text, from its beginning."""
        self._lines = [(line, "plain") if isinstance(line, str) else line for line in lines]
        self._laid_out = 0
        self._top = self._cursor = 0
        self.refresh(layout=True)

    def rows_at(self, width: int) -> int:
        """How many rows the text takes at a width."""
        self._lay_out(width)
        return len(self._rows)

    def _lay_out(self, width: int) -> None:
        if width == self._laid_out:
            return
        self._laid_out = width
        self._rows = []
        for text, tone in self._lines:
            shown = literal(text, ascii=self.ascii)
            indent = len(shown) - len(shown.lstrip(" "))
            room = width - indent
            if indent and room > 8:
                rows = [" " * indent + row for row in wrap(shown, room)]
            else:
                rows = wrap(shown, max(1, width))
            self._rows += [(row, tone) for row in rows or [""]]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.rows_at(max(1, width))

    @property
    def row_count(self) -> int:
        self._lay_out(max(1, self.size.width))
        return len(self._rows)

    def row_spans(self, index: int, width: int) -> Sequence[Span]:
        return [self._rows[index]]

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        index = self._top + y
        if index >= self.row_count:
            return self.blank(width)
        below = self.row_count - index - 1
        if y == height - 1 and below and height > 1:
            return self.paint([(f"{below + 1} more lines below", "dim")], width, self.rich_style)
        return self.paint(self.row_spans(index, width), width, self.rich_style)

    # ---- scrolling: there is no cursor to see, so each key moves the text
    def scroll_rows(self, rows: int) -> None:
        top = max(0, min(self._top + rows, self.row_count - max(1, self.size.height)))
        if top != self._top:
            self._top = self._cursor = top
            self.refresh()

    def action_cursor_by(self, rows: int) -> None:
        self.scroll_rows(rows)

    def action_cursor_page(self, pages: float) -> None:
        step = max(1, int(abs(pages) * max(1, self.size.height - 1)))
        self.scroll_rows(step if pages > 0 else -step)

    def action_cursor_to_edge(self, edge: int) -> None:
        self.scroll_rows(edge * self.row_count)

    def on_resize(self, event: Resize) -> None:
        self.scroll_rows(0)
