"""The processes of a container as a tree, or as a list, sorted; and the columns that there is room for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from tui.model.processes import Process, ProcessTree
from tui.present.units import memory, percent

Span = tuple[str, str]
Order = Literal["pid", "cpu", "memory", "time", "user", "command"]

ORDERS: Mapping[Order, tuple[str, Callable[[Process], tuple[float, str]]]] = {
    "pid": ("number", lambda _: (0, "")),
    "cpu": ("CPU, the greatest first", lambda process: (-(process.cpu or 0.0), "")),
    "memory": ("memory, the greatest first", lambda process: (-(process.memory or 0), "")),
    "time": ("time on the CPU, the greatest first", lambda process: (-(process.seconds or 0), "")),
    "user": ("user", lambda process: (0, process.user)),
    "command": ("command", lambda process: (0, process.command)),
}
"""What processes can be sorted by: its name for people, and what they are compared by, before their numbers."""

USER_WIDTH = 10


class _Column(msgspec.Struct, frozen=True):
    order: Order
    title: str
    width: int
    cell: Callable[[Process], str]


_COLUMNS = (
    _Column("cpu", "CPU", 6, lambda process: "" if process.cpu is None else percent(process.cpu)),
    _Column("memory", "MEM", 7, lambda process: "" if process.memory is None else memory(process.memory)),
    _Column("time", "TIME", 8, lambda process: time_used(process.seconds)),
    _Column("user", "USER", USER_WIDTH, lambda process: process.user[:USER_WIDTH]),
)


def time_used(seconds: int | None) -> str:
    """Return time on the CPU: 0:07, 12:34, 1:02:03; nothing where it is not known."""
    if seconds is None:
        return ""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


class ProcessRows:
    """A source for a tree view: nodes are the numbers of processes on the daemon's machine."""

    def __init__(self, tree: ProcessTree, order: Order, *, flat: bool, width: int) -> None:
        self.tree = tree
        self._flat = flat
        self._order: Order = order
        count = 4 if width >= 72 else 3 if width >= 54 else 2
        known = {
            "cpu": any(process.cpu is not None for process in tree.by_pid.values()),
            "memory": any(process.memory is not None for process in tree.by_pid.values()),
            "time": any(process.seconds is not None for process in tree.by_pid.values()),
        }
        self._columns = [column for column in _COLUMNS[:count] if known.get(column.order, True)]

    def _sorted(self, pids: Sequence[int]) -> Sequence[int]:
        key = ORDERS[self._order][1]
        return sorted(pids, key=lambda pid: (key(self.tree.by_pid[pid]), pid))

    def heading(self, remark: str) -> tuple[Sequence[Span], Sequence[Span]]:
        """Return what stands above the labels, with a remark, and above the columns; what sorts them stands out."""
        label: list[Span] = [("PID", self._tone("pid")), (" COMMAND", self._tone("command"))]
        if remark:
            label.append((f"  {remark}", "warn"))
        titles = [(f"{column.title:>{column.width}}", self._tone(column.order)) for column in self._columns]
        return label, titles

    def _tone(self, order: Order) -> str:
        return "accent" if order == self._order else "dim"

    @property
    def branches(self) -> set[int]:
        """The processes that began others, while it is a tree."""
        return set() if self._flat else {pid for pid in self.tree.by_pid if self.tree.children(pid)}

    # the source

    def roots(self) -> Sequence[int]:
        return self._sorted(list(self.tree.by_pid) if self._flat else self.tree.children(None))

    def children(self, node: int) -> Sequence[int]:
        return () if self._flat else self._sorted(self.tree.children(node))

    def has_children(self, node: int) -> bool:
        return not self._flat and bool(self.tree.children(node))

    def label(self, node: int) -> Sequence[Span]:
        return [(f"{node} ", "dim"), (self.tree.by_pid[node].command, "")]

    def columns(self, node: int) -> Sequence[Span]:
        process = self.tree.by_pid[node]
        return [(f"{column.cell(process):>{column.width}}", "number") for column in self._columns]

    def search_text(self, node: int) -> str:
        process = self.tree.by_pid[node]
        return f"{node} {process.command} {process.user}"
