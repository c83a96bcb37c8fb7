"""The Inspect tab: the daemon's whole answer as a tree that can be searched."""

from __future__ import annotations

from typing import Any

from tui.commands.session import Session
from tui.model.containers import Container
from tui.model.images import Image
from tui.screens.details.tab import DetailTab
from widgets.json_source import JsonSource
from widgets.tree_view import TreeView


class InspectTab(DetailTab):
    """What `docker inspect` prints, as a tree."""

    name = "inspect"

    def make(self) -> TreeView[Any]:
        self.view = TreeView[Any](ascii=self.settings.ascii)
        return self.view

    async def fill(self, session: Session, row: Container | Image) -> None:
        engine = session.engine
        operations = engine.containers if isinstance(row, Container) else engine.images
        self.view.set_source(JsonSource(await operations.inspect(row.id)))

    def empty(self, notice: str) -> None:
        self.view.set_source(None)
        self.view.set_notice(notice)
