"""The tabs of the detail pane, one file a tab, and which resource has which."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

from tui.screens.details.tab import DetailTab
from tui.screens.table_name import TableName


class TabKind(NamedTuple):
    """A kind of tab by its `name`, and where its code is: nobody waits at the start for tabs that he may never open."""

    name: str
    module: str
    cls: str

    def load(self) -> type[DetailTab]:
        """Return the class of the tab, imported now if it was not before."""
        found: type[DetailTab] = getattr(import_module(f"tui.screens.details.{self.module}"), self.cls)
        return found


_INSPECT = TabKind("inspect", "inspect", "InspectTab")

TABS: Mapping[TableName, tuple[TabKind, ...]] = {
    "containers": (
        TabKind("logs", "logs", "LogsTab"),
        TabKind("stats", "stats", "StatsTab"),
        TabKind("processes", "processes", "ProcessesTab"),
        TabKind("timeline", "timeline", "TimelineTab"),
        TabKind("environment", "environment", "EnvironmentTab"),
        _INSPECT,
    ),
    "images": (TabKind("layers", "history", "HistoryTab"), _INSPECT),
    "volumes": (_INSPECT,),
    "networks": (TabKind("attached", "network", "AttachedTab"), TabKind("reach", "network", "ReachTab"), _INSPECT),
    "projects": (TabKind("services", "services", "ServicesTab"),),
    "services": (TabKind("tasks", "tasks", "TasksTab"), _INSPECT),
    "nodes": (_INSPECT,),
}
"""The tabs of each table, the first in front."""
