"""Screens by the name that commands open them with, each imported when it is first opened: a start needs none."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tui.screens.base import HytheScreen

if TYPE_CHECKING:
    from tui.app import HytheApp

SCREENS: Mapping[str, tuple[str, str]] = {
    "build": ("tui.screens.build_form", "BuildFormScreen"),
    "build_job": ("tui.screens.build", "BuildScreen"),
    "clean_up": ("tui.screens.clean_up", "CleanUpScreen"),
    "clean_up_job": ("tui.screens.clean_up_job", "CleanUpJobScreen"),
    "commit": ("tui.screens.commit", "CommitScreen"),
    "compare": ("tui.screens.layers_compare", "CompareScreen"),
    "context": ("tui.screens.context_form", "ContextFormScreen"),
    "disk": ("tui.screens.disk", "DiskScreen"),
    "events": ("tui.screens.events", "EventsScreen"),
    "exec": ("tui.screens.exec_form", "ExecFormScreen"),
    "extract": ("tui.screens.extract", "ExtractScreen"),
    "files": ("tui.screens.files", "FilesScreen"),
    "volume_files": ("tui.screens.volume_files", "VolumeFilesScreen"),
    "help": ("tui.screens.help", "HelpScreen"),
    "history": ("tui.screens.history", "HistoryScreen"),
    "hosts": ("tui.screens.hosts", "HostsScreen"),
    "jobs": ("tui.screens.jobs", "JobsScreen"),
    "layers": ("tui.screens.layers", "LayersScreen"),
    "limits": ("tui.screens.limits", "LimitsScreen"),
    "logs": ("tui.screens.logs", "LogsScreen"),
    "network": ("tui.screens.network_form", "NetworkFormScreen"),
    "network_connect": ("tui.screens.network_connect", "NetworkConnectScreen"),
    "one_off": ("tui.screens.one_off", "OneOffScreen"),
    "output": ("tui.screens.output", "OutputScreen"),
    "ports": ("tui.screens.ports", "PortsScreen"),
    "problems": ("tui.screens.problems", "ProblemsScreen"),
    "pull": ("tui.screens.pull", "PullScreen"),
    "registries": ("tui.screens.registries", "RegistriesScreen"),
    "remote_tag": ("tui.screens.remote_tag", "RemoteTagScreen"),
    "repositories": ("tui.screens.repositories", "RepositoriesScreen"),
    "run": ("tui.screens.run", "RunScreen"),
    "scan": ("tui.screens.scan", "ScanScreen"),
    "stats_compare": ("tui.screens.stats_compare", "CompareStatsScreen"),
    "swarm": ("tui.screens.swarm", "SwarmScreen"),
    "tags": ("tui.screens.tags", "TagsScreen"),
    "theme": ("tui.screens.theme", "ThemeScreen"),
    "transfer": ("tui.screens.transfer", "TransferScreen"),
    "volume": ("tui.screens.volume_form", "VolumeFormScreen"),
}
"""The module and the class of each."""


def make_screen(name: str, app: HytheApp, arguments: Mapping[str, Any]) -> HytheScreen:
    """Return the screen of that name. A screen that explains the one in front is told which that is."""
    module, kind = SCREENS[name]
    screen: type[HytheScreen] = getattr(import_module(module), kind)
    if name == "help":
        front = app.screen
        arguments = {"front": front if isinstance(front, HytheScreen) else None}
    return screen(**arguments)
