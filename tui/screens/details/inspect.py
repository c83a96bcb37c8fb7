"""The Inspect tab: the daemon's whole answer as a tree that can be searched."""

from __future__ import annotations

from typing import Any

from tui.commands.session import Session
from tui.engine.engine import Engine
from tui.model.containers import Container
from tui.model.images import Image
from tui.model.networks import Network
from tui.model.swarm import SwarmNode, SwarmService
from tui.model.volumes import Volume
from tui.screens.details.tab import DetailTab
from widgets.json_source import JsonSource
from widgets.tree_view import TreeView

Inspected = Container | Image | Volume | Network | SwarmService | SwarmNode


class InspectTab(DetailTab):
    """What `docker inspect` prints, as a tree."""

    name = "inspect"

    def make(self) -> TreeView[Any]:
        self.view = TreeView[Any](ascii=self.settings.ascii)
        return self.view

    async def fill(self, session: Session, row: Inspected) -> None:
        self.view.set_source(JsonSource(await self._answer(session.engine, row)))

    @staticmethod
    async def _answer(engine: Engine, row: Inspected) -> object:
        match row:
            case Container():
                return await engine.containers.inspect(row.id)
            case Image():
                return await engine.images.inspect(row.id)
            case Volume():
                return await engine.volumes.inspect(row.name)
            case Network():
                return await engine.networks.inspect(row.id)
            case SwarmService():
                return await engine.swarm.inspect_service(row.id)
            case SwarmNode():
                return await engine.swarm.inspect_node(row.id)

    def empty(self, notice: str) -> None:
        self.view.set_source(None)
        self.view.set_notice(notice)
