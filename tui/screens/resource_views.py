"""The tables of the dashboard, one entry a resource: what it lists, how its rows look, and what its details are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tui.commands.session import Session
from tui.model.containers import Container
from tui.present import containers as container_rows
from tui.present import images as image_rows
from tui.present import networks as network_rows
from tui.present import projects as project_rows
from tui.present import swarm as swarm_rows
from tui.present import volumes as volume_rows
from tui.present.columns import Column
from tui.present.newer import ImagesByTag
from tui.present.problems import Problem, problems_of
from tui.present.tally import Tally
from tui.screens.table_name import TableName
from tui.store.state import Resource


class ResourceView(msgspec.Struct, frozen=True):
    """A table of the dashboard.

    `columns` binds the cells to a host's side data (clock, usage), and returns besides the columns what takes in the
    containers when they change, for cells that tell who uses an object. `running` says which rows stay while only
    running ones are shown; None: that leaves the table alone. `greatest` names the columns that sort from the
    greatest to the least when they are chosen. `source` is the resource that the rows are made of, None for the
    swarm, which is no part of the feed's state; `records` gives the same mapping as long as nothing changed.
    `opened` is called for each host when the table is shown, and `note` is what the title says of a host besides.
    Rows that are `by_project` are containers, and can be grouped by their Compose project.
    """

    name: TableName
    noun: str
    source: Resource | None
    records: Callable[[Session], Mapping[str, Any]]
    columns: Callable[[Session, bool], tuple[Sequence[Column[Any]], Callable[[Mapping[str, Container]], None] | None]]
    search_text: Callable[[Any], str]
    sort: str
    empty: str
    running: Callable[[Any], bool] | None = None
    greatest: frozenset[str] = frozenset()
    opened: Callable[[Session], None] = lambda _session: None
    note: Callable[[Session], tuple[str, str]] = lambda _session: ("", "")
    by_project: bool = False

    def is_known(self, session: Session) -> bool:
        """Whether a host's records were read, or could not be."""
        if self.source is None:
            return session.swarm.known or bool(session.swarm.why_not)
        return self.source in session.state.listed or self.source in session.state.problems

    def problem(self, session: Session) -> str:
        """Why a host's records could not be read, or an empty string."""
        if self.source is None:
            return session.swarm.problem or session.swarm.why_not
        return session.state.problems.get(self.source, "")

    def why_not(self, sessions: Sequence[Session]) -> str:
        """Why none of the hosts has such objects, or an empty string."""
        if self.source is not None or any(not session.swarm.why_not for session in sessions):
            return ""
        return sessions[0].swarm.why_not

    def is_offered(self, sessions: Sequence[Session]) -> bool:
        """Whether the table has a tab: that of a swarm only where a daemon is known to be in one."""
        return self.source is not None or any(
            session.swarm.status is not None and session.swarm.status.state != "inactive" for session in sessions
        )


def _containers(session: Session, ascii: bool) -> tuple[Sequence[Column[Any]], None]:
    connections = session.engine.transport.connections
    names = ImagesByTag()

    def problems(container: Container) -> Sequence[Problem]:
        images = names.named(container.image, session.feed.records("images"))
        usage = session.usage.usage.get(container.id)
        return problems_of(container, session.happenings.of(container.id), usage, images, session.now())

    rows = container_rows.ContainerRows(
        session.now, session.usage.usage, ascii, lambda: connections.remote_host, problems
    )
    return rows.columns(), None


def _images(session: Session, ascii: bool) -> tuple[Sequence[Column[Any]], Callable[[Mapping[str, Container]], None]]:
    rows = image_rows.ImageRows(session.now, ascii=ascii, is_newer=lambda image: bool(session.newer.newer_tags(image)))

    users = Tally[Container, str](image_rows.used_by)

    def follow(containers: Mapping[str, Container]) -> None:
        rows.used_by = users.count(containers)

    return rows.columns(), follow


def _volumes(session: Session, _ascii: bool) -> tuple[Sequence[Column[Any]], Callable[[Mapping[str, Container]], None]]:
    rows = volume_rows.VolumeRows(session.now, size_of=session.disk.volume_size)

    def follow(_containers: Mapping[str, Container]) -> None:
        rows.used_by = session.volume_users

    return rows.columns(), follow


def _networks(
    session: Session, _ascii: bool
) -> tuple[Sequence[Column[Any]], Callable[[Mapping[str, Container]], None]]:
    rows = network_rows.NetworkRows(session.now)

    def follow(_containers: Mapping[str, Container]) -> None:
        rows.used_by = session.network_users

    return rows.columns(), follow


def _count_volumes(session: Session) -> None:
    """Have the sizes counted once, when the volumes are looked at first; later only when somebody asks."""
    if not session.disk.was_asked and session.state.condition.answers:
        session.disk.read(("volume",))


def _volumes_note(session: Session) -> tuple[str, str]:
    book = session.disk
    return volume_rows.sizes_note(book.read_at.get("volume"), book.problem, session.now(), reading=book.reading)


def _projects(session: Session, ascii: bool) -> tuple[Sequence[Column[Any]], None]:
    connections = session.engine.transport.connections
    rows = project_rows.ProjectRows(session.compose_files.of, ascii, lambda: connections.remote_host)
    return rows.columns(), None


def _services(_session: Session, ascii: bool) -> tuple[Sequence[Column[Any]], None]:
    return swarm_rows.ServiceRows(ascii).columns(), None


def _nodes(_session: Session, ascii: bool) -> tuple[Sequence[Column[Any]], None]:
    return swarm_rows.NodeRows(ascii).columns(), None


VIEWS: tuple[ResourceView, ...] = (
    ResourceView(
        "containers", "container", "containers", lambda session: session.state.containers, _containers,
        container_rows.search_text, "name",
        "no containers yet: n on an image runs one, b builds an image", lambda c: c.is_running,
        frozenset({"cpu", "memory", "limit", "net", "disk", "restarts"}), by_project=True,
    ),
    ResourceView(
        "images", "image", "images", lambda session: session.state.images, _images, image_rows.search_text,
        "tag",
        "no images yet: b builds one from a Dockerfile", greatest=frozenset({"size", "shared", "used"}),
    ),
    ResourceView(
        "volumes", "volume", "volumes", lambda session: session.state.volumes, _volumes, volume_rows.search_text,
        "name",
        "no volumes yet: n makes one", greatest=frozenset({"used", "size"}), opened=_count_volumes, note=_volumes_note,
    ),
    ResourceView(
        "networks", "network", "networks", lambda session: session.state.networks, _networks, network_rows.search_text,
        "name",
        "no networks", greatest=frozenset({"used"}),
    ),
    ResourceView(
        "projects", "project", "containers", lambda session: session.projects, _projects, project_rows.search_text,
        "name", "no Compose projects: no container here was made by one",
        greatest=frozenset({"services", "containers"}),
    ),
    ResourceView(
        "services", "service", None, lambda session: session.swarm.services, _services, swarm_rows.service_text,
        "name", "no services in this swarm",
    ),
    ResourceView(
        "nodes", "node", None, lambda session: session.swarm.nodes, _nodes, swarm_rows.node_text, "name", "no nodes",
    ),
)  # fmt: skip

VIEW_OF: Mapping[str, ResourceView] = {view.name: view for view in VIEWS}
