"""What a row of the projects table says, and one of a project's services."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from tui.model.compose import (
    NOT_READ,
    ComposeService,
    Drift,
    Project,
    ProjectFiles,
    ProjectPlace,
    drift_of,
    wanted_of,
    with_files,
)
from tui.present.columns import Cell, Column
from tui.present.glyphs import Mark
from tui.present.ports import ports_text
from tui.present.references import shorter_reference
from tui.present.units import plural

RUNNING = Mark("●", "+", "running", "good")
UNWELL = Mark("▲", "!", "unwell", "bad")
PARTLY = Mark("◑", "~", "partly", "warn")
PAUSED = Mark("‖", "=", "paused", "warn")
STOPPED = Mark("○", "-", "stopped", "muted")
NONE = Mark("◌", ".", "none", "info")

ENDED_WELL = frozenset({None, 0, 130, 137, 143})
"""Exit codes of who ended by itself without an error, or was told to end: SIGINT, SIGKILL and SIGTERM."""

ORDER = (UNWELL, PARTLY, PAUSED, RUNNING, STOPPED, NONE)
DRIFT_TONES: dict[Drift, str] = {
    "same": "muted", "differs": "warn", "not created": "warn", "not in the file": "warn", "not known": "muted"
}  # fmt: skip


class Condition(Protocol):
    """What is asked of a container for the state of those it stands with."""

    @property
    def state(self) -> str:
        """The daemon's word for it."""
        ...

    @property
    def health(self) -> str:
        """How it fares by its own check; empty without one."""
        ...

    @property
    def exit_code(self) -> int | None:
        """What it ended with last."""
        ...


def state_mark(containers: Sequence[Condition]) -> Mark:
    """Return the state of these containers as a whole: what needs a look goes before what is well."""
    states = {container.state for container in containers}
    if not states:
        return NONE
    ill = any(
        c.state in ("restarting", "dead") or (c.state == "running" and c.health == "unhealthy") for c in containers
    )
    ended = any(c.state == "exited" and c.exit_code not in ENDED_WELL for c in containers)
    if ill or (ended and "running" in states):
        return UNWELL
    if states == {"running"}:
        return RUNNING
    if "running" in states:
        return PARTLY
    return PAUSED if "paused" in states else STOPPED


def drift_text(project: Project, files: ProjectFiles) -> Cell:
    """Return in a few words which services are not as the file says."""
    if files.problem:
        return ("…", "muted") if files is NOT_READ else ("not known", "muted")
    drifted = [
        service.name for service in with_files(project, files) if drift_of(service, files) not in ("same", "not known")
    ]
    if not drifted:
        return "none", "muted"
    return (drifted[0] if len(drifted) == 1 else plural(len(drifted), "service")), "warn"


def services_count(project: Project, files: ProjectFiles) -> tuple[int, int]:
    """Return how many services have every container running that is wanted, and how many are wanted at all."""
    wanted = [(service, wanted_of(service, files)) for service in with_files(project, files)]
    return sum(service.running >= count > 0 for service, count in wanted), sum(count > 0 for _, count in wanted)


class ProjectRows(msgspec.Struct):
    """The side data that cells are made of besides the record: what is known of a project's files.

    `host` tells what reaches the daemon's machine, or nothing for this one.
    """

    files: Callable[[ProjectPlace], ProjectFiles]
    ascii: bool = False
    host: Callable[[], str] = lambda: ""

    def columns(self) -> Sequence[Column[Project]]:
        """Return the table's columns, in their order."""
        columns: tuple[Column[Project], ...] = (
            Column("name", "NAME", 20, lambda p: (p.name, ""), _by_name, min_width=12, flex=2, priority=100),
            Column("state", "STATE", 10, self._state, _rank, priority=95),
            Column("services", "SERVICES", 8, self._services, self._services_order, align="right", priority=90),
            Column("containers", "RUNNING", 7, _running, _running_order, align="right", priority=60),
            Column("drift", "DRIFT", 14, self._drift, self._drift_order, min_width=10, priority=80),
            Column("ports", "PORTS", 18, self._ports, lambda p: p.ports, min_width=10, flex=1, priority=70),
            Column("files", "CONFIG FILES", 30, _files, lambda p: p.place.config_files, min_width=14, flex=2,
                   priority=50),
        )  # fmt: skip
        return [column.then_by(_by_name) for column in columns]

    def _state(self, project: Project) -> Cell:
        mark = state_mark(project.containers)
        return mark.text(self.ascii), mark.tone

    def _services(self, project: Project) -> Cell:
        up, wanted = services_count(project, self.files(project.place))
        return f"{up}/{wanted}", "" if up == wanted else "warn"

    def _services_order(self, project: Project) -> tuple[int, int]:
        up, wanted = services_count(project, self.files(project.place))
        return wanted - up, wanted

    def _drift(self, project: Project) -> Cell:
        return drift_text(project, self.files(project.place))

    def _drift_order(self, project: Project) -> tuple[bool, str]:
        text, tone = self._drift(project)
        return tone != "warn", text

    def _ports(self, project: Project) -> Cell:
        return ports_text(project.ports, "->" if self.ascii else "→", self.host()), "accent"


class ServiceRows(msgspec.Struct):
    """The cells of a service; `files` is what the project's files say."""

    files: ProjectFiles
    ascii: bool = False
    host: str = ""

    def columns(self) -> Sequence[Column[ComposeService]]:
        """Return the table's columns, in their order."""
        return (
            Column("name", "SERVICE", 18, lambda s: (s.name, ""), lambda s: s.name, min_width=10, flex=1, priority=100),
            Column("state", "STATE", 10, self._state, lambda s: s.name, priority=95),
            Column("running", "RUN", 5, self._running, lambda s: s.name, align="right", priority=90),
            Column("drift", "DRIFT", 15, self._drift, lambda s: s.name, min_width=9, priority=80),
            Column("image", "IMAGE", 24, lambda s: (s.image, "muted"), lambda s: s.image, min_width=12, flex=2,
                   priority=70, shorter=shorter_reference),
            Column("ports", "PORTS", 16, self._ports, lambda s: s.ports, min_width=10, flex=1, priority=60),
        )  # fmt: skip

    def _state(self, service: ComposeService) -> Cell:
        mark = state_mark(service.containers)
        return mark.text(self.ascii), mark.tone

    def _running(self, service: ComposeService) -> Cell:
        wanted = wanted_of(service, self.files)
        return f"{service.running}/{wanted}", "" if service.running >= wanted else "warn"

    def _drift(self, service: ComposeService) -> Cell:
        drift = drift_of(service, self.files)
        return drift, DRIFT_TONES[drift]

    def _ports(self, service: ComposeService) -> Cell:
        return ports_text(service.ports, "->" if self.ascii else "→", self.host), "accent"


def search_text(project: Project) -> str:
    """Return what the table's filter looks into: name, state, services, images, ports and files."""
    services = " ".join(f"{service.name} {service.image}" for service in project.services)
    parts = (project.name, state_mark(project.containers).word, services, ports_text(project.ports), _files(project)[0])
    return " ".join(parts)


def service_text(service: ComposeService) -> str:
    """Return what a search among the services looks into."""
    return f"{service.name} {service.image} {state_mark(service.containers).word} {ports_text(service.ports)}"


def _by_name(project: Project) -> str:
    return project.name.lower()


def _rank(project: Project) -> int:
    return ORDER.index(state_mark(project.containers))


def _running(project: Project) -> Cell:
    containers = project.containers
    return f"{sum(c.is_running for c in containers)}/{len(containers)}", "muted"


def _running_order(project: Project) -> tuple[int, int]:
    containers = project.containers
    return sum(c.is_running for c in containers), len(containers)


def _files(project: Project) -> Cell:
    return ", ".join(project.place.config_files) or "not told", "muted"
