"""Screens by the name that commands open them with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tui.screens.base import HytheScreen
from tui.screens.build import BuildScreen
from tui.screens.build_form import BuildFormScreen
from tui.screens.commit import CommitScreen
from tui.screens.connect import HostsScreen
from tui.screens.help import HelpScreen
from tui.screens.history import HistoryScreen
from tui.screens.jobs import JobsScreen
from tui.screens.layers import LayersScreen
from tui.screens.logs import LogsScreen
from tui.screens.run import RunScreen
from tui.screens.theme import ThemeScreen

if TYPE_CHECKING:
    from tui.app import HytheApp

Maker = Callable[..., HytheScreen]

SCREENS: Mapping[str, Maker] = {
    "build": BuildFormScreen,
    "build_job": BuildScreen,
    "commit": CommitScreen,
    "help": HelpScreen,
    "history": HistoryScreen,
    "hosts": HostsScreen,
    "jobs": JobsScreen,
    "layers": LayersScreen,
    "logs": LogsScreen,
    "run": RunScreen,
    "theme": ThemeScreen,
}


def make_screen(name: str, app: HytheApp, arguments: Mapping[str, Any]) -> HytheScreen:
    """Return the screen of that name. A screen that explains the one in front is told which that is."""
    if name == "help":
        front = app.screen
        return HelpScreen(front if isinstance(front, HytheScreen) else None)
    return SCREENS[name](**arguments)
