"""Edits a text, with what there is to say about it below, each remark at its place in the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import TextArea

from widgets.dialogs import FRAME, Dialog
from widgets.editors import Lines
from widgets.line_view import CursorList, Span

MOST_ROWS = 8


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about the characters of a text from `start` up to `end`; `bad` where something is lost."""

    start: int
    end: int
    text: str
    bad: bool = True


class RemarkList(CursorList):
    """The remarks, each with its line and column. Enter goes to the place."""

    DEFAULT_CSS = "RemarkList { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "go", "Go there", show=False, id="remarks.go")]

    def __init__(self, go: Callable[[Remark], object], *, ascii: bool = False) -> None:
        super().__init__(ascii=ascii)
        self._go = go
        self._rows: list[tuple[str, Remark]] = []
        self.set_notice("nothing to say: every word is understood")

    @property
    def row_count(self) -> int:
        return len(self._rows)

    def row_spans(self, index: int, width: int) -> Sequence[Span]:
        where, remark = self._rows[index]
        return [(f"{where:>6} ", "dim"), (remark.text, "bad" if remark.bad else "plain")]

    def show(self, text: str, remarks: Sequence[Remark]) -> None:
        """Show what there is to say about a text."""
        self._rows = [(_place(text, remark.start), remark) for remark in remarks]
        self._cursor = min(self._cursor, max(0, len(self._rows) - 1))
        self.rows_changed()

    def action_go(self) -> None:
        if self._rows:
            self._go(self._rows[self.cursor][1])

    def row_clicked(self, index: int, x: int) -> None:
        self.action_go()


def _place(text: str, offset: int) -> str:
    row, column = _location(text, offset)
    return f"{row + 1}:{column + 1}"


def _location(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n"), offset - (before.rfind("\n") + 1)


class LineDialog(Dialog[str | None]):
    """Gives the text back when it is taken, None when it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "take", "Take it", show=False, id="line.take"),
        Binding("tab", "other", "To the remarks, and back", show=False, priority=True, id="line.other"),
        Binding("shift+tab", "other", "To the remarks, and back", show=False, priority=True, id="line.other_back"),
    ]
    DEFAULT_CSS = """
    LineDialog > .dialog--box > Lines { height: auto; min-height: 3; max-height: 12; }
    """
    WIDEST = 120

    def __init__(
        self,
        title: str,
        text: str,
        check: Callable[[str], Sequence[Remark]],
        label: str,
        *,
        ascii: bool = False,
    ) -> None:
        super().__init__(title, keys=f"f2 {label}   tab remarks   esc cancel", ascii=ascii)
        self._text = text
        self._check = check
        self._remarks = RemarkList(self._go_to, ascii=ascii)
        self._area: Lines | None = None

    def compose_body(self) -> ComposeResult:
        self._area = Lines(self._text, soft_wrap=True, compact=True, highlight_cursor_line=False, tab_behavior="focus")
        self._area.cursor_blink = False
        yield self._area
        yield self._remarks

    def on_mount(self) -> None:
        super().on_mount()
        if self._area is not None:
            self._area.move_cursor(self._area.document.end)
        self._show()

    def body(self) -> CursorList:
        return self._remarks

    def body_rows(self, width: int) -> int:
        return MOST_ROWS

    def first_focus(self) -> Widget | None:
        return self._area

    def _fixed_rows(self, width: int) -> int:
        area = self._area
        return min(12, max(3, area.virtual_size.height if area is not None else 3)) + FRAME - 2

    @property
    def text(self) -> str:
        """The text as it stands."""
        return self._area.text if self._area is not None else self._text

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._show()

    def _show(self) -> None:
        self._remarks.show(self.text, self._check(self.text))
        self._fit(self.app.size.width, self.app.size.height)  # pyright: ignore[reportUnknownMemberType]  # of any App

    def _go_to(self, remark: Remark) -> None:
        """Mark the place of a remark in the text."""
        if self._area is not None:
            self._area.focus()
            self._area.move_cursor(_location(self.text, remark.start))
            self._area.move_cursor(_location(self.text, remark.end), select=True)

    def action_other(self) -> None:
        if self._area is not None:
            (self._remarks if self._area.has_focus else self._area).focus()

    def action_take(self) -> None:
        self.dismiss(self.text)
