"""Says what is waited for, while it is, and lets it be given up."""

from __future__ import annotations

from textual.app import ComposeResult

from widgets.dialogs import Dialog
from widgets.line_view import CursorList
from widgets.text_pane import TextPane


class WaitDialog(Dialog[bool]):
    """Only escape gives up: what is typed ahead is not meant for it. Who opened it closes it with True at the end."""

    def __init__(self, title: str, text: str, *, ascii: bool = False) -> None:
        super().__init__(title, keys="esc gives up", ascii=ascii)
        self._pane = TextPane(text.splitlines(), ascii=ascii)

    def compose_body(self) -> ComposeResult:
        yield self._pane

    def body(self) -> CursorList:
        return self._pane

    def body_rows(self, width: int) -> int:
        return self._pane.rows_at(width)

    def cancelled(self) -> bool:
        return False
