"""The tables of the dashboard, one entry a resource: what it lists, how its rows look, and what its details are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui.commands.session import Session
from tui.model.containers import Container
from tui.present import containers as container_rows
from tui.present import images as image_rows
from tui.present import networks as network_rows
from tui.present import volumes as volume_rows
from tui.present.columns import Column
from tui.present.newer import ImagesByTag
from tui.present.problems import Problem, problems_of
from tui.present.tally import Tally
from tui.store.state import Resource, State


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A table of the dashboard.

    `columns` binds the cells to a host's side data (clock, usage), and returns besides the columns what takes in the
    containers when they change, for cells that tell who uses an object. `running` says which rows stay while only
    running ones are shown; None: that leaves the table alone. `greatest` names the columns that sort from the
    greatest to the least when they are chosen. `opened` is called for each host when the table is shown, and `note`
    is what the title says of a host besides.
    """

    name: Resource
    noun: str
    records: Callable[[State], Mapping[str, Any]]
    columns: Callable[[Session, bool], tuple[Sequence[Column[Any]], Callable[[Mapping[str, Container]], None] | None]]
    search_text: Callable[[Any], str]
    sort: str
    empty: str
    running: Callable[[Any], bool] | None = None
    greatest: frozenset[str] = frozenset()
    opened: Callable[[Session], None] = lambda _session: None
    note: Callable[[Session], tuple[str, str]] = lambda _session: ("", "")


def _containers(session: Session, ascii: bool) -> tuple[Sequence[Column[Any]], None]:
    transport = session.engine.transport
    names = ImagesByTag()

    def problems(container: Container) -> Sequence[Problem]:
        images = names.named(container.image, session.state.images)
        usage = session.usage.usage.get(container.id)
        return problems_of(container, session.happenings.of(container.id), usage, images, session.now())

    rows = container_rows.ContainerRows(
        session.now, session.usage.usage, ascii, lambda: transport.remote_host, problems
    )
    return rows.columns(), None


def _images(session: Session, ascii: bool) -> tuple[Sequence[Column[Any]], Callable[[Mapping[str, Container]], None]]:
    rows = image_rows.ImageRows(session.now, ascii=ascii)

    users = Tally[Container](image_rows.used_by)

    def follow(containers: Mapping[str, Container]) -> None:
        rows.used_by = users.count(containers)

    return rows.columns(), follow


def _volumes(session: Session, _ascii: bool) -> tuple[Sequence[Column[Any]], Callable[[Mapping[str, Container]], None]]:
    rows = volume_rows.VolumeRows(session.now, size_of=session.disk.volume_size)

    users = Tally[Container](volume_rows.used_by)

    def follow(containers: Mapping[str, Container]) -> None:
        rows.used_by = users.count(containers)

    return rows.columns(), follow


def _networks(
    session: Session, _ascii: bool
) -> tuple[Sequence[Column[Any]], Callable[[Mapping[str, Container]], None]]:
    rows = network_rows.NetworkRows(session.now)

    users = Tally[Container](network_rows.used_by)

    def follow(containers: Mapping[str, Container]) -> None:
        rows.used_by = users.count(containers)

    return rows.columns(), follow


def _count_volumes(session: Session) -> None:
    """Have the sizes counted once, when the volumes are looked at first; later only when somebody asks."""
    if not session.disk.was_asked and session.state.condition.answers:
        session.disk.read(("volume",))


def _volumes_note(session: Session) -> tuple[str, str]:
    book = session.disk
    return volume_rows.sizes_note(book.read_at.get("volume"), book.problem, session.now(), reading=book.reading)


VIEWS: tuple[ResourceView, ...] = (
    ResourceView(
        "containers", "container", lambda state: state.containers, _containers, container_rows.search_text, "name",
        "no containers yet: n on an image runs one, b builds an image", lambda c: c.is_running,
        frozenset({"cpu", "memory", "limit", "net", "disk", "restarts"}),
    ),
    ResourceView(
        "images", "image", lambda state: state.images, _images, image_rows.search_text, "tag",
        "no images yet: b builds one from a Dockerfile", greatest=frozenset({"size", "shared", "used"}),
    ),
    ResourceView(
        "volumes", "volume", lambda state: state.volumes, _volumes, volume_rows.search_text, "name",
        "no volumes yet: n makes one", greatest=frozenset({"used", "size"}), opened=_count_volumes, note=_volumes_note,
    ),
    ResourceView(
        "networks", "network", lambda state: state.networks, _networks, network_rows.search_text, "name",
        "no networks", greatest=frozenset({"used"}),
    ),
)  # fmt: skip

VIEW_OF: Mapping[str, ResourceView] = {view.name: view for view in VIEWS}
