"""The Compose projects of a host, made of its containers as they change; what did not change is not made again."""

from __future__ import annotations

from collections.abc import Mapping
from operator import is_

from tui.model.compose import PROJECT, Project, project_from, project_id
from tui.model.containers import Container


class ProjectBook:
    """Keeps the projects of the last containers that it was shown."""

    def __init__(self) -> None:
        self._containers: Mapping[str, Container] = {}
        self._members: dict[str, list[Container]] = {}
        self._projects: Mapping[str, Project] = {}

    def of(self, containers: Mapping[str, Container]) -> Mapping[str, Project]:
        """Return the projects by ID: the same mapping for the same containers, the same record for the same members."""
        if containers is self._containers:
            return self._projects
        self._containers = containers
        members: dict[str, list[Container]] = {}
        for container in containers.values():
            if name := container.labels.get(PROJECT):
                members.setdefault(name, []).append(container)
        changed = False
        projects: dict[str, Project] = {}
        for name, found in members.items():
            key = project_id(name)
            known = self._projects.get(key)
            before = self._members.get(name, ())
            if known is not None and len(before) == len(found) and all(map(is_, before, found)):
                projects[key] = known
                continue
            made = project_from(name, found)
            # most of what happens to a container is no news of its project
            projects[key] = known if known is not None and known == made else made
            changed |= projects[key] is not known
        self._members = members
        if changed or len(projects) != len(self._projects):
            self._projects = projects
        return self._projects
