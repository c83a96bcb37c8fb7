"""The Compose projects of a host, made of its containers as they change; what did not change is not made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tui.model.compose import PROJECT, Project, project_from, project_id
from tui.model.containers import Container
from tui.present.tally import changed_keys


class ProjectBook:
    """Keeps the projects of the last containers that it was shown."""

    def __init__(self) -> None:
        self._containers: Mapping[str, Container] = {}
        self._members: dict[str, dict[str, Container]] = {}
        self._projects: Mapping[str, Project] = {}

    def of(self, containers: Mapping[str, Container]) -> Mapping[str, Project]:
        """Return the projects by ID: the same mapping for the same containers, the same record for the same members."""
        if containers is self._containers:
            return self._projects
        before, self._containers = self._containers, containers
        changed = changed_keys(before, containers)
        touched: dict[str, None] = {}  # in the order of the containers
        for key in (*changed, *(before.keys() - containers.keys())):
            if (old := before.get(key)) is not None and (name := old.labels.get(PROJECT)):
                touched[name] = None
                if containers.get(key) is None or containers[key].labels.get(PROJECT) != name:
                    del self._members[name][key]
        for key in changed:
            if name := containers[key].labels.get(PROJECT):
                touched[name] = None
                self._members.setdefault(name, {})[key] = containers[key]
        self._make(touched)
        return self._projects

    def _make(self, names: Iterable[str]) -> None:
        """Make these projects anew; most of what happens to a container is no news of its project."""
        projects = dict(self._projects)
        changed = False
        for name in names:
            key, found = project_id(name), self._members[name]
            if not found:
                del self._members[name]
                changed |= projects.pop(key, None) is not None
            elif (made := project_from(name, found.values())) != projects.get(key):
                projects[key] = made
                changed = True
        if changed:
            self._projects = projects
