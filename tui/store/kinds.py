"""The resources that a feed keeps: how each is listed and read, and what an event does to its records.

A new resource is one entry of `KINDS`, and the property of `State` that names its records.
"""

from __future__ import annotations

import operator
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar

import msgspec

from tui.engine.engine import Engine
from tui.model.containers import Container
from tui.model.events import Event
from tui.model.images import Image
from tui.model.networks import Network
from tui.model.volumes import Volume
from tui.store.state import Resource
from tui.store.table import Record

R = TypeVar("R", bound=Record)

OTHERWISE = ""
"""The verb that stands for those that a description does not name."""


class Touch(msgspec.Struct, frozen=True):
    """What an event does to the records of a resource.

    `read`: the object has to be read again; `gone`: it exists no more; `list`: more than one changed, or nobody can
    tell which. The object is the one that the event is of, or the one that its attribute `named_by` tells.
    """

    how: Literal["read", "gone", "list", "nothing"]
    named_by: str = ""

    def key(self, event: Event) -> str:
        """Return the key of the object, or an empty string where the event does not tell it."""
        return event.attributes.get(self.named_by, "") if self.named_by else event.id


READ, GONE, LIST, NOTHING = Touch("read"), Touch("gone"), Touch("list"), Touch("nothing")


class Kind(msgspec.Struct, Generic[R], frozen=True):
    """One resource. `touches`: by event type and verb; `list_some`: by their keys, where the daemon can.

    `lags`: whether a list may show an object as it was a moment before an event told of it.
    `agrees(known, listed)`: whether a list says nothing new of a known record. `outranks(known)`: whether the record
    knows more than a list, so that it is read again rather than replaced where a list shows it otherwise.
    `news(known, listed)`: what is known of an object that changed, when only a list was asked so far.
    """

    resource: Resource
    list_all: Callable[[Engine], Awaitable[list[R]]]
    read: Callable[[Engine, str], Awaitable[R]]
    touches: Mapping[str, Mapping[str, Touch]]
    list_some: Callable[[Engine, Sequence[str]], Awaitable[list[R]]] | None = None
    lags: bool = False
    agrees: Callable[[R, R], bool] = operator.eq
    outranks: Callable[[R], bool] = msgspec.field(default=lambda _known: False)
    news: Callable[[R, R], R] = msgspec.field(default=lambda _known, listed: listed)

    def doubtful(self, records: Mapping[str, R], listed: Iterable[R]) -> list[str]:
        """Return the keys of the records to be read again: a list, which may lag behind, shows them otherwise."""
        found: list[str] = []
        for record in listed:
            known = records.get(record.id)
            if known is not None and self.outranks(known) and not self.agrees(known, record):
                found.append(record.id)
        return found

    def chooser(
        self, view: Collection[str], changed: Collection[str] = (), *, anew: bool = False
    ) -> Callable[[R, R], R]:
        """Return what says which record stays where a known and a listed one differ.

        What is known of the `changed` is old, with `anew` what is known of any. One in `view` is never thrown away:
        it gets the news, and has to be read again.
        """

        def choose(known: R, listed: R) -> R:
            if not self.outranks(known):
                return listed
            if known.id in view:
                return self.news(known, listed) if known.id in changed else known
            return listed if anew or known.id in changed else known

        return choose


def container_agrees(known: Container, listed: Container) -> bool:
    """Return whether a listed container says nothing new over the known one, which an inspect may have told more of."""
    if not known.inspected:
        return known == listed
    same = (known.name, known.state, known.exit_code) == (listed.name, listed.state, listed.exit_code)
    # the status text tells the health of a running container only
    same = same and (listed.state != "running" or known.health == listed.health)
    return same and (known.ports, known.networks) == (listed.ports, listed.networks)


def container_news(known: Container, listed: Container) -> Container:
    """Return an inspected container with what a list tells anew; since when it runs is as old as it was."""
    if not known.inspected:
        return listed
    return msgspec.structs.replace(
        known,
        name=listed.name,
        state=listed.state,
        status=listed.status,
        exit_code=listed.exit_code,
        health=listed.health,
        ports=listed.ports,
        networks=listed.networks,
    )


CONTAINERS = Kind[Container](
    "containers",
    lambda engine: engine.containers.list_all(),
    lambda engine, key: engine.containers.read(key),
    {
        # `remove` is Podman's word
        "container": {"destroy": GONE, "remove": GONE, "prune": LIST, OTHERWISE: READ},
        # it may be so new that it is not known yet
        "network": {"connect": Touch("read", "container"), "disconnect": Touch("read", "container")},
    },
    list_some=lambda engine, keys: engine.containers.list_all(filters={"id": keys}),
    lags=True,
    agrees=container_agrees,
    outranks=lambda known: known.inspected,
    news=container_news,
)

IMAGES = Kind[Image](
    "images",
    lambda engine: engine.images.list_all(),
    lambda engine, key: engine.images.read(key),
    {
        # a moved tag tells nothing of the image that lost it, and no event tells the shared sizes: only a list does;
        # what was pushed has a digest from then on
        "image": {"save": NOTHING, OTHERWISE: LIST},
        "container": {"commit": LIST},
    },
)

VOLUMES = Kind[Volume](
    "volumes",
    lambda engine: engine.volumes.list_all(),
    lambda engine, key: engine.volumes.read(key),
    {
        "volume": {
            # daemons before 23 tell nothing of the volumes that a prune removed
            "prune": LIST,
            "mount": NOTHING,
            "unmount": NOTHING,
            # a destroyed one too: another may have its name by now
            OTHERWISE: READ,
        },
    },
)

NETWORKS = Kind[Network](
    "networks",
    lambda engine: engine.networks.list_all(),
    lambda engine, key: engine.networks.read(key),
    {
        "network": {
            "destroy": GONE,
            "remove": GONE,
            "prune": LIST,
            # who is attached is told by the containers
            "connect": NOTHING,
            "disconnect": NOTHING,
            OTHERWISE: READ,
        },
    },
)

KINDS: Mapping[Resource, Kind[Any]] = {kind.resource: kind for kind in (CONTAINERS, IMAGES, VOLUMES, NETWORKS)}


def touched(event: Event) -> Sequence[tuple[Resource, Touch]]:
    """Return what an event does, by resource."""
    found = _TOUCHED.get((event.type, event.verb))
    return _TOUCHED.get((event.type, OTHERWISE), _NONE) if found is None else found


def _index() -> dict[tuple[str, str], list[tuple[Resource, Touch]]]:
    """Return the touches of all kinds by (event type, verb), each verb with what the kinds say otherwise."""
    verbs: dict[str, set[str]] = {}
    for kind in KINDS.values():
        for type_, touches in kind.touches.items():
            verbs.setdefault(type_, {OTHERWISE}).update(touches)
    return {
        (type_, verb): [
            (kind.resource, touch)
            for kind in KINDS.values()
            if (touches := kind.touches.get(type_)) and (touch := touches.get(verb, touches.get(OTHERWISE, NOTHING)))
            and touch.how != "nothing"
        ]
        for type_, known in verbs.items()
        for verb in known
    }  # fmt: skip


_TOUCHED = _index()
_NONE: Sequence[tuple[Resource, Touch]] = ()
