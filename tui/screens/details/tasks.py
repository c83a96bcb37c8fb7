"""The Tasks tab: each attempt to run a container of a swarm's service, where, and why it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tui.commands.session import Session
from tui.model.swarm import SwarmService
from tui.present.swarm import task_lines
from tui.screens.details.tab import DetailTab
from widgets.line_view import Span
from widgets.tree_view import TreeView

AGAIN_SECONDS = 5.0
"""How often it is read: no event tells of tasks on other nodes."""


class LinesSource:
    """Lines as a tree of one level."""

    def __init__(self, lines: Sequence[Sequence[Span]]) -> None:
        self._lines = lines

    def roots(self) -> Sequence[int]:
        return range(len(self._lines))

    def children(self, node: int) -> Sequence[int]:
        return ()

    def has_children(self, node: int) -> bool:
        return False

    def label(self, node: int) -> Sequence[Span]:
        return self._lines[node]

    def columns(self, node: int) -> Sequence[Span]:
        return ()

    def search_text(self, node: int) -> str:
        return "".join(text for text, _ in self._lines[node])


class TasksTab(DetailTab):
    """What `docker service ps` prints, with errors in full; read again while it is seen."""

    name = "tasks"

    def make(self) -> TreeView[int]:
        self.view = TreeView[int](ascii=self.settings.ascii)
        return self.view

    async def fill(self, session: Session, row: SwarmService) -> None:
        shown: list[list[Span]] | None = None
        while True:
            tasks = await session.engine.swarm.tasks(row.id)
            lines = task_lines(row, tasks, session.swarm.nodes, session.now(), ascii=self.settings.ascii)
            if lines != shown:
                shown = lines
                self.view.set_source(LinesSource(lines))
                self.view.set_notice("" if lines else "no tasks: nothing was tried yet")
            await asyncio.sleep(AGAIN_SECONDS)

    def empty(self, notice: str) -> None:
        self.view.set_source(None)
        self.view.set_notice(notice)
