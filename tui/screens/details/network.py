"""The tabs of networks: who is attached with which address, and which container reaches which."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tui.commands.session import Session
from tui.model.containers import Container
from tui.model.networks import Network
from tui.present.reach import Line, attached_lines, index_of, reach_lines
from tui.screens.details.tab import DetailTab
from widgets.line_view import Span
from widgets.tree_view import TreeView

BURST_SECONDS = 0.3
"""How long changes are gathered before they are shown."""


class LineSource:
    """Lines as a tree; a node is the path of a line."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = index_of(lines)
        self._roots = [f"\0{line.key}" for line in lines]

    def roots(self) -> Sequence[str]:
        return self._roots

    def children(self, node: str) -> Sequence[str]:
        return [f"{node}\0{line.key}" for line in self._lines[node].below]

    def has_children(self, node: str) -> bool:
        return bool(self._lines[node].below)

    def label(self, node: str) -> Sequence[Span]:
        return self._lines[node].spans

    def columns(self, node: str) -> Sequence[Span]:
        return ()

    def search_text(self, node: str) -> str:
        return "".join(text for text, _ in self._lines[node].spans)


def attached_to(session: Session, network: Network) -> list[Container]:
    """Return the containers that are attached to a network, whether they run or not: those that run first."""
    found = [
        each for each in session.state.containers.values() if any(name == network.name for name, _ in each.networks)
    ]
    return sorted(found, key=lambda each: (not each.is_running, each.name))


class NetworkTab(DetailTab):
    """A tab that is drawn again whenever another container is attached, or one of them changes its state."""

    def make(self) -> TreeView[str]:
        self.view = TreeView[str](ascii=self.settings.ascii)
        return self.view

    async def read(self, session: Session, network: Network) -> Sequence[Line]:
        """Return what it says now. Raises EngineError."""
        raise NotImplementedError

    async def fill(self, session: Session, row: Network) -> None:
        shown: object = None
        with session.following() as news:
            while True:
                news.clear()
                ends = [(each.id, each.name, each.state, each.networks) for each in attached_to(session, row)]
                if ends != shown:
                    shown = ends
                    self.view.set_source(LineSource(await self.read(session, row)))
                await news.wait()
                await asyncio.sleep(BURST_SECONDS)

    def empty(self, notice: str) -> None:
        self.view.set_source(None)
        self.view.set_notice(notice)


class AttachedTab(NetworkTab):
    """What a network is, and the containers that are attached to it."""

    name = "attached"

    async def read(self, session: Session, network: Network) -> Sequence[Line]:
        ends = await session.engine.networks.attached(network.id)
        return attached_lines(network, ends, attached_to(session, network))


class ReachTab(NetworkTab):
    """Whom each container of a network reaches, by this network and by its others."""

    name = "reach"

    async def read(self, session: Session, network: Network) -> Sequence[Line]:
        state = session.state
        lines = reach_lines(attached_to(session, network), state.containers.values(), state.networks.values())
        return lines or [Line("none", (("no container is attached: none reaches another by it", "dim"),))]
