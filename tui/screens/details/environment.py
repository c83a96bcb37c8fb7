"""The Environment tab: what a container has around it, secrets masked until asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tui.commands.session import Session
from tui.engine.inside_ports import listening
from tui.model.containers import Container
from tui.model.surroundings import Listening, Surroundings, unseen
from tui.present.surroundings import SECTIONS, Key, SurroundingsSource
from tui.screens.base import HytheScreen
from tui.screens.details.tab import DetailTab
from widgets.tree_view import TreeView

AGAIN_SECONDS = 5.0
"""How long until it is looked again who listens, which asks the daemon nothing."""


class EnvironmentView(TreeView[Key]):
    """A tree that tells which of its leaves was opened."""

    def __init__(self, opened: Callable[[Key], None], *, ascii: bool) -> None:
        super().__init__(ascii=ascii)
        self._opened = opened

    def on_tree_view_opened(self, message: TreeView.Opened) -> None:
        message.stop()
        self._opened(message.node)


class EnvironmentTab(DetailTab):
    """Environment, mounts, ports with who listens, networks and labels; `enter` shows a secret or a mount's files."""

    name = "environment"

    def make(self) -> EnvironmentView:
        self.view = EnvironmentView(self._open, ascii=self.settings.ascii)
        self._shown: tuple[Session, Container] | None = None
        """The host and the container that the tree is of."""
        self._around = Surroundings()
        self._listening = Listening()
        self._host = ""
        self._asked: set[Key] = set()
        self._unfolded = False
        return self.view

    def wanted(self, row: Container) -> object:
        return row.id, row.state, row.ports, row.networks

    async def fill(self, session: Session, row: Container) -> None:
        if self._shown is None or (self._shown[0], self._shown[1].id) != (session, row.id):
            self._asked.clear()  # a secret was asked for of another one
        engine = session.engine
        self._around = await engine.containers.surroundings(row.id)
        self._shown = session, row
        self._host = engine.transport.connections.remote_host
        self._listening = await asyncio.to_thread(listening, engine.endpoint, row.id, self._around)
        self._show()
        if not self._unfolded:
            self._unfolded = True
            self._unfold()
        while not self._listening.problem:
            await asyncio.sleep(AGAIN_SECONDS)
            now = await asyncio.to_thread(listening, engine.endpoint, row.id, self._around)
            if now != self._listening:
                self._listening = now
                self._show()

    def _show(self) -> None:
        arrow = "->" if self.settings.ascii else "→"
        source = SurroundingsSource(self._around, self._listening, self._host, self._asked, arrow)
        self.view.set_notice("")
        self.view.set_source(source)

    def _unfold(self) -> None:
        """Open the sections when the tab comes into view; meanwhile they stay as the user has them."""
        source = self.view.source
        for section in reversed(SECTIONS):
            below = source.children((section,)) if source is not None else ()
            if below:
                self.view.go_to([(section,), below[0]])
        self.view.move_to(0)

    def _open(self, key: Key) -> None:
        """Show or hide a secret; open the files of a mount."""
        source = self.view.source
        if not isinstance(source, SurroundingsSource) or self._shown is None:
            return
        session, row = self._shown
        if key in source.secrets:
            self._asked ^= {key}
            self._show()
        elif (mount := source.mounts.get(key)) is not None:
            screen = self.view.screen
            if isinstance(screen, HytheScreen):
                why = unseen(mount.destination, self._around.plain_mounts)
                if why:
                    screen.note(why, "warning")
                else:
                    screen.open("files", session=session, container=row, path=mount.destination)

    def empty(self, notice: str) -> None:
        self._shown = None
        self._unfolded = False
        self.view.set_source(None)
        self.view.set_notice(notice)
