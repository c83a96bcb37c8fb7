"""The groups of the containers table: one for each Compose project of each host, and one for what no project made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tui.commands.fleet import Fleet
from tui.commands.session import Session
from tui.model.compose import project_id, wanted_of, with_files
from tui.model.containers import Container
from tui.present.hosted import Hosted
from tui.present.project_groups import ProjectGroups, group_rank
from widgets.live_table_groups import Group
from widgets.live_table_layout import Cell


class GroupMemory(msgspec.Struct):
    """Whether containers are grouped, and by the names of the hosts in the table which groups are folded."""

    grouped: bool = False
    folded: dict[tuple[str, ...], set[str]] = msgspec.field(default_factory=dict[tuple[str, ...], set[str]])

    def folds(self, fleet: Fleet) -> set[str]:
        """Return the names of the groups that are folded: the set is kept, and changed by whoever folds."""
        return self.folded.setdefault(tuple(session.name for session in fleet.sessions), set())


class ContainerGroups:
    """What the table has to know of its groups. The name of a group is its project's, after the number of its host."""

    lead = "name"

    def __init__(self, fleet: Fleet, *, ascii: bool) -> None:
        self._fleet = fleet
        self._hosts = [
            ProjectGroups(session.usage.usage, _wanted_on(session), ascii=ascii) for session in fleet.sessions
        ]

    def follow(self) -> None:
        """Follow what the hosts say of their containers; for the rows of groups to be drawn after it."""
        for session, groups in zip(self._fleet.sessions, self._hosts, strict=True):
            groups.take(session.state.containers)
            groups.measure()

    def owner(self, group: Group) -> tuple[Session, str]:
        """Return the host of a group and its project, an empty string where no project made what is in it."""
        number, _, project = group.id.partition(":")
        return self._fleet.sessions[int(number)], project

    # what the table asks

    def group_of(self, row: Container | Hosted[Container]) -> str:
        """Return the name of the group that a row is in."""
        return f"{row.host}:{row.record.project}" if isinstance(row, Hosted) else f"0:{row.project}"

    def rank(self, group: str) -> Any:
        """Order by project and host; what no project made comes last."""
        number, _, project = group.partition(":")
        return group_rank(project), int(number)

    def cell(self, column: str, group: Group, marked: int, *, filtered: bool) -> Cell:
        """Return what a group's row says in a column."""
        number, _, project = group.id.partition(":")
        session = self._fleet.sessions[int(number)]
        if column == "host":
            return session.name, session.tone
        return self._hosts[int(number)].cell(column, project, len(group.keys), marked, filtered=filtered)


def _wanted_on(session: Session) -> Callable[[str], int]:
    def wanted(name: str) -> int:
        """Return how many containers a project should have by its files; 0 while nobody has read these."""
        # the projects are not made of 10,000 containers for nothing
        project = session.projects.get(project_id(name)) if session.compose_files.knows_any else None
        if project is None:
            return 0
        described = session.compose_files.of(project.place)
        return sum(wanted_of(service, described) for service in with_files(project, described))

    return wanted
