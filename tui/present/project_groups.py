"""What the row of a Compose project says in the containers table, of its containers as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from tui.model.compose import is_kept, is_one_off
from tui.model.containers import Container
from tui.model.stats import Usage
from tui.present.columns import Cell
from tui.present.projects import state_mark
from tui.present.tally import Tally
from tui.present.units import memory, percent, plural

NO_PROJECT = ""
"""The group of the containers that no project made."""


def group_rank(project: str) -> tuple[bool, str, str]:
    """Return what groups are ordered by, from the name of the project; what no project made comes last."""
    return project == NO_PROJECT, project.lower(), project


class _Condition(NamedTuple):
    state: str
    health: str
    exit_code: int | None


class _Kind(NamedTuple):
    """What a container counts as."""

    project: str
    is_beside: bool
    condition: _Condition


class _Sum(NamedTuple):
    cpu: float = 0.0
    memory: int = 0
    known: int = 0


class _Count(NamedTuple):
    """The containers of a project and how many run, without those of `docker compose run` and those kept aside.

    `all` counts these too.
    """

    conditions: tuple[_Condition, ...]
    running: int
    made: int
    all: int


_NONE = _Count((), 0, 0, 0)


class ProjectGroups:
    """The cells of the projects of one host; `take` and `measure` follow its containers and what these use.

    `wanted` gives how many containers a project should have as far as its files are known, 0 where they are not.
    """

    def __init__(
        self, usage: Mapping[str, Usage], wanted: Callable[[str], int] = lambda _project: 0, *, ascii: bool = False
    ) -> None:
        self._usage = usage
        self._wanted = wanted
        self._ascii = ascii
        self._containers: Mapping[str, Container] = {}
        self._tally = Tally[Container, _Kind](_kinds)
        self._tallied: Mapping[_Kind, int] = {}
        self._counts: dict[str, _Count] = {}
        self._sums: dict[str, _Sum] = {}

    def take(self, containers: Mapping[str, Container]) -> None:
        """Follow the containers: all that there are, whichever of them the table shows."""
        self._containers = containers
        tallied = self._tally.count(containers)
        if tallied is not self._tallied:
            self._tallied = tallied
            self._counts = _counts(tallied)

    def measure(self) -> None:
        """Sum up what is known now of what the containers use."""
        sums: dict[str, _Sum] = {}
        for id, usage in self._usage.items():
            container = self._containers.get(id)
            if container is None or container.state != "running" or usage.sample.cpu is None:
                continue
            cpu, used, known = sums.get(container.project, _Sum())
            sums[container.project] = _Sum(cpu + usage.sample.cpu, used + usage.sample.memory, known + 1)
        self._sums = sums

    def cell(self, column: str, project: str, shown: int, marked: int, *, filtered: bool) -> Cell:
        """Return what a project's row says in a column; `shown` of its containers are, and `marked` of these marked."""
        count = self._counts.get(project, _NONE)
        if column == "name":
            return project or "no project", "head"
        if column == "state":
            mark = state_mark(count.conditions)
            return mark.text(self._ascii), mark.tone
        if column == "status":
            wanted = max(count.made, self._wanted(project) if project else 0)
            parts = [f"{count.running}/{wanted} running"]
            parts += [f"{shown} match"] if filtered else []
            parts += [f"{marked} marked"] if 0 < marked < shown else []
            return ", ".join(parts), "warn" if project and count.running < wanted else ""
        if column == "image":
            return plural(count.all, "container"), "muted"
        return self._used(column, project, count.running) if column in ("cpu", "memory") else ("", "")

    def _used(self, column: str, project: str, running: int) -> Cell:
        """Return a sum; where some that run are not measured, as the least that it may be."""
        found = self._sums.get(project)
        if found is None:
            return "", ""
        least = "" if found.known >= running else ">" if self._ascii else "≥"
        return least + (percent(found.cpu) if column == "cpu" else memory(found.memory)), "muted"


def _kinds(container: Container) -> Iterable[_Kind]:
    condition = _Condition(container.state, container.health, container.exit_code)
    is_beside = is_one_off(container) or (bool(container.project) and is_kept(container))
    return (_Kind(container.project, is_beside, condition),)


def _counts(tallied: Mapping[_Kind, int]) -> dict[str, _Count]:
    found: dict[str, _Count] = {}
    for (project, is_beside, condition), number in tallied.items():
        conditions, running, made, everything = found.get(project, _NONE)
        if is_beside:
            found[project] = _Count(conditions, running, made, everything + number)
            continue
        runs = number if condition.state == "running" else 0
        found[project] = _Count((*conditions, condition), running + runs, made + number, everything + number)
    return found
