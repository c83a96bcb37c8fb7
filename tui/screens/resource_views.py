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
from tui.present.tally import Tally
from tui.store.state import Resource, State


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A table of the dashboard.

    `columns` binds the cells to a host's side data (clock, usage), and returns besides the columns what takes in the
    containers when they change, for cells that tell who uses an object. `running` says which rows stay while only
    running ones are shown; None: that leaves the table alone. `greatest` names the columns that sort from the
    greatest to the least when they are chosen.
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


def _containers(session: Session, ascii: bool) -> tuple[Sequence[Column[Any]], None]:
    transport = session.engine.transport
    rows = container_rows.ContainerRows(session.now, session.usage.usage, ascii, lambda: transport.remote_host)
    return rows.columns(), None


def _images(session: Session, ascii: bool) -> tuple[Sequence[Column[Any]], Callable[[Mapping[str, Container]], None]]:
    rows = image_rows.ImageRows(session.now, ascii=ascii, is_newer=lambda image: bool(session.newer.newer_tags(image)))

    users = Tally[Container](image_rows.used_by)

    def follow(containers: Mapping[str, Container]) -> None:
        rows.used_by = users.count(containers)

    return rows.columns(), follow


def _volumes(session: Session, _ascii: bool) -> tuple[Sequence[Column[Any]], Callable[[Mapping[str, Container]], None]]:
    rows = volume_rows.VolumeRows(session.now)

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
        "no volumes yet", greatest=frozenset({"used"}),
    ),
    ResourceView(
        "networks", "network", lambda state: state.networks, _networks, network_rows.search_text, "name",
        "no networks", greatest=frozenset({"used"}),
    ),
)  # fmt: skip

VIEW_OF: Mapping[str, ResourceView] = {view.name: view for view in VIEWS}
