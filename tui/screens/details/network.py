"""The tabs of networks: who is attached with which address, and which container reaches which."""

from __future__ import annotations

from collections.abc import Sequence

from tui.commands.session import Session
from tui.model.containers import Container
from tui.model.networks import Network
from tui.present.reach import Line, attached_lines, index_of, reach_lines
from tui.screens.details.tab import DetailTab
from widgets.line_view import Span
from widgets.tree_view import TreeView


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


class AttachedTab(DetailTab):
    """What a network is, and the containers that are attached to it."""

    name = "attached"

    def make(self) -> TreeView[str]:
        self.view = TreeView[str](ascii=self.settings.ascii)
        return self.view

    async def fill(self, session: Session, row: Network) -> None:
        ends = await session.engine.networks.attached(row.id)
        self.view.set_source(LineSource(attached_lines(row, ends, session.state.containers.values())))

    def empty(self, notice: str) -> None:
        self.view.set_source(None)
        self.view.set_notice(notice)


class ReachTab(DetailTab):
    """Whom each container of a network reaches, by this and by its other networks; or whom one container does."""

    name = "reach"

    def make(self) -> TreeView[str]:
        self.view = TreeView[str](ascii=self.settings.ascii)
        return self.view

    async def fill(self, session: Session, row: Network | Container) -> None:
        containers = session.state.containers.values()
        if isinstance(row, Container):
            wanted = [row]
        else:
            wanted = [each for each in containers if any(name == row.name for name, _ in each.networks)]
            wanted.sort(key=lambda each: (not each.is_running, each.name))
        lines = reach_lines(wanted, containers, session.state.networks.values())
        self.view.set_source(LineSource(lines))
        self.view.set_notice("" if lines else "no container is attached: none reaches another by it")

    def empty(self, notice: str) -> None:
        self.view.set_source(None)
        self.view.set_notice(notice)
