"""The Processes tab: what runs in a container, as a tree that is read again while it is seen."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message

from tui.commands.command import Option
from tui.commands.session import Session
from tui.engine.errors import EngineError
from tui.model.containers import Container
from tui.model.processes import Process, ProcessTree
from tui.present.containers import status_text
from tui.present.processes import ORDERS, Order, ProcessRows
from tui.screens.details.tab import DetailTab
from widgets.tree_view import TreeView

AGAIN_SECONDS = 2.0
"""How often it is read again: each time the daemon runs a ps."""


class ProcessView(TreeView[int]):
    """The tree; what is pressed on a process goes to the pane, which runs commands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("K", "signal", "Send a signal", show=False, id="processes.signal"),
        Binding("o", "order", "Sort by", show=False, id="processes.order"),
        Binding("t", "flat", "Tree or list", show=False, id="processes.flat"),
    ]

    class SignalWanted(Message):
        """A signal is to be sent to a process, which is of the `owner`: a host and the ID of a container there."""

        def __init__(self, process: Process, owner: tuple[Session, str]) -> None:
            super().__init__()
            self.process = process
            self.owner = owner

    class OrderWanted(Message):
        """They are to be sorted by something else, which is to be asked for: see `orders`, `sort_by`."""

        def __init__(self, view: ProcessView) -> None:
            super().__init__()
            self.view = view

    def __init__(self, *, ascii: bool) -> None:
        super().__init__(ascii=ascii)
        self.order: Order = "pid"
        self._is_flat = False
        self.owner: tuple[Session, str] | None = None
        """The host and the container that the tree is of."""
        self._tree: ProcessTree | None = None
        self._remark = ""
        self._known_branches: set[int] = set()

    def show_tree(self, tree: ProcessTree | None, remark: str = "") -> None:
        """Show what runs now; branches that are new are open."""
        self._tree, self._remark = tree, remark
        if tree is None:
            self._known_branches = set()
            self.set_source(None)
            return
        rows = ProcessRows(tree, self.order, flat=self._is_flat, width=self.size.width)
        label, columns = rows.heading(remark)
        new = rows.branches - self._known_branches
        self._known_branches = rows.branches if not self._is_flat else self._known_branches
        self.set_heading(label, columns)
        self.set_source(rows, opened=new)

    def on_resize(self, event: Resize) -> None:
        self.show_tree(self._tree, self._remark)

    def orders(self) -> list[Option]:
        """What they can be sorted by, as options."""
        return [(order, title, "now" if order == self.order else "") for order, (title, _) in ORDERS.items()]

    def sort_by(self, chosen: str) -> None:
        """Sort by one of the options."""
        self.order = next(order for order in ORDERS if order == chosen)
        self.show_tree(self._tree, self._remark)

    def action_signal(self) -> None:
        if self._tree is not None and self.owner is not None and self.cursor_node is not None:
            self.post_message(self.SignalWanted(self._tree.by_pid[self.cursor_node], self.owner))

    def action_order(self) -> None:
        self.post_message(self.OrderWanted(self))

    def action_flat(self) -> None:
        self._is_flat = not self._is_flat
        self.show_tree(self._tree, self._remark)


class ProcessesTab(DetailTab):
    """What `docker top` prints, as a tree."""

    name = "processes"

    def make(self) -> ProcessView:
        self.view = ProcessView(ascii=self.settings.ascii)
        return self.view

    def wanted(self, row: Container) -> object:
        return row.id, row.state

    async def fill(self, session: Session, row: Container) -> None:
        if row.state not in ("running", "paused"):
            self.empty(f"no processes, since it does not run: {status_text(row, session.now()) or row.state}")
            return
        self.empty("")
        remark = "paused: they stand still" if row.state == "paused" else ""
        while True:
            try:
                found = await session.engine.processes.of(row.id)
            except EngineError as error:
                self.failed(str(error))  # and again: a line that broke may come back without another row
            else:
                self.view.owner = session, row.id
                self.view.show_tree(ProcessTree(found), remark)
            await asyncio.sleep(AGAIN_SECONDS)

    def empty(self, notice: str) -> None:
        self.view.show_tree(None)
        self.view.set_notice(notice)
