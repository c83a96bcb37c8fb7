"""What is read only while it is in sight on the dashboard, besides the usage of containers."""

from __future__ import annotations

from itertools import islice

from tui.commands.fleet import Fleet
from tui.commands.session import Session
from tui.model.compose import Project
from tui.screens.resource_pane import ResourcePane

MOST_FOLDED = 64
"""Containers in folded groups whose usage is read, on each host."""


def watch_projects(pane: ResourcePane, *, seen: bool, detailed: tuple[Session, Project] | None) -> None:
    """Have the Compose files read of the projects in sight, and of the one whose details are."""
    for session, visible in pane.in_sight().items():
        wanted = dict.fromkeys(visible if seen and pane.display else ())
        if seen and detailed is not None and detailed[0] is session:
            wanted[detailed[1].id] = None  # its details may be all that is seen of it
        found = [session.projects.get(key) for key in wanted]
        session.compose_files.watch(project.place for project in found if project is not None)


def watch_swarm(fleet: Fleet, *, seen: bool) -> None:
    """Have the swarm of each host followed while its services or nodes are in front."""
    for session in fleet.sessions:
        session.swarm.watch(seen)


def watch_usage(pane: ResourcePane, *, seen: bool) -> None:
    """Have it read what the containers in sight use, and those of groups that are folded; and what lists leave out."""
    shown = seen and pane.display
    cursor = pane.cursor
    for session, visible in pane.in_sight().items():
        known = session.state.containers
        keys = visible if shown else []
        running = (key for key in keys if key in known and known[key].state == "running")
        folded = pane.folded_in_sight(session) if shown else ()
        within = (key for key in folded if key in known and known[key].state == "running")
        session.usage.watch([*running, *islice(within, MOST_FOLDED)])
        # the row whose details are shown is looked at wherever the table is: a list tells less of it
        detailed = [cursor[1].id] if cursor and cursor[0] is session and seen else []
        session.feed.inspect_missing([*keys, *detailed])
