"""What is read only while it is in sight on the dashboard, besides the usage of containers."""

from __future__ import annotations

from tui.commands.fleet import Fleet
from tui.screens.resource_pane import ResourcePane


def watch_projects(pane: ResourcePane, *, seen: bool, detailed: bool) -> None:
    """Have the Compose files read of the projects in sight, and with `detailed` of the one under the cursor."""
    cursor = pane.cursor
    for session, visible in pane.in_sight().items():
        wanted = dict.fromkeys(visible if seen and pane.display else ())
        if seen and detailed and cursor and cursor[0] is session:
            wanted[cursor[1].id] = None  # its details may be all that is seen of it
        found = [session.projects.get(key) for key in wanted]
        session.compose_files.watch(project.place for project in found if project is not None)


def watch_swarm(fleet: Fleet, *, seen: bool) -> None:
    """Have the swarm of each host followed while its services or nodes are in front."""
    for session in fleet.sessions:
        session.swarm.watch(seen)
