"""The tabs of the detail pane, one file a tab, and which resource has which."""

from __future__ import annotations

from collections.abc import Mapping

from tui.screens.details.environment import EnvironmentTab
from tui.screens.details.history import HistoryTab
from tui.screens.details.inspect import InspectTab
from tui.screens.details.logs import LogsTab
from tui.screens.details.network import AttachedTab, ReachTab
from tui.screens.details.processes import ProcessesTab
from tui.screens.details.services import ServicesTab
from tui.screens.details.stats import StatsTab
from tui.screens.details.tab import DetailTab
from tui.screens.details.tasks import TasksTab
from tui.screens.details.timeline import TimelineTab
from tui.screens.table_name import TableName

TABS: Mapping[TableName, tuple[type[DetailTab], ...]] = {
    "containers": (LogsTab, StatsTab, ProcessesTab, TimelineTab, EnvironmentTab, InspectTab),
    "images": (HistoryTab, InspectTab),
    "volumes": (InspectTab,),
    "networks": (AttachedTab, ReachTab, InspectTab),
    "projects": (ServicesTab,),
    "services": (TasksTab, InspectTab),
    "nodes": (InspectTab,),
}
"""The tabs of each table, the first in front."""
