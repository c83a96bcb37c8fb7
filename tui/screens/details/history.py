"""The Layers tab: an image's history as a list, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from tui.commands.session import Session
from tui.model.images import HistoryEntry, Image
from tui.present.layers import words_of
from tui.present.units import ago, size
from tui.screens.details.tab import DetailTab
from widgets.line_view import Span
from widgets.tree_view import TreeView


class HistorySource:
    """An image's history as a tree of one level: size and instruction, newest first."""

    def __init__(self, entries: Sequence[HistoryEntry], now: float) -> None:
        self._entries = entries
        self._now = now

    def roots(self) -> Sequence[int]:
        return range(len(self._entries))

    def children(self, node: int) -> Sequence[int]:
        return ()

    def has_children(self, node: int) -> bool:
        return False

    def label(self, node: int) -> Sequence[Span]:
        entry = self._entries[node]
        word, _, rest = words_of(entry.created_by, entry.comment).partition(" ")
        return [(word, "key"), (f" {rest}", "" if entry.size else "dim")]

    def columns(self, node: int) -> Sequence[Span]:
        entry = self._entries[node]
        age = ago(self._now - entry.created) if entry.created > 0 else ""
        return [(size(entry.size) if entry.size else "-", "number" if entry.size else "dim"), (age, "dim")]

    def search_text(self, node: int) -> str:
        return self._entries[node].created_by


class HistoryTab(DetailTab):
    """What `docker history` prints."""

    name = "layers"

    def make(self) -> TreeView[int]:
        self.view = TreeView[int](ascii=self.settings.ascii, column_widths=(8, 7))
        return self.view

    async def fill(self, session: Session, row: Image) -> None:
        entries = await session.engine.images.history(row.id)
        self.view.set_source(HistorySource(entries, session.now()))

    def empty(self, notice: str) -> None:
        self.view.set_source(None)
        self.view.set_notice(notice)
