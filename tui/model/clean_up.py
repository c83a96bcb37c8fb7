"""Which objects each kind of prune would remove, one by one, so that what is shown is what goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from tui.model.containers import Container
from tui.model.disk import CacheRecord, DiskUse
from tui.model.networks import Network

DoomedKind = Literal["container", "network", "volume", "image", "build-cache"]
Part = Literal[
    "containers", "networks", "dangling images", "unused images", "anonymous volumes", "unused volumes",
    "dangling cache", "cache",
]  # fmt: skip

STOPPED = frozenset({"created", "exited", "dead"})
"""The states of containers that `docker container prune` removes."""

KEPT_CACHE = frozenset({"internal", "frontend"})
"""The types of records that `docker builder prune` leaves without `--all`; so it does those that images share."""


@dataclass(frozen=True, slots=True)
class Prune:
    """A kind of prune: what it takes, and the docker line that takes the same without a look at it."""

    id: str
    title: str
    line: str
    parts: tuple[Part, ...]


PRUNES: tuple[Prune, ...] = (
    Prune("containers", "containers that do not run", "docker container prune", ("containers",)),
    Prune("dangling", "images without a tag", "docker image prune", ("dangling images",)),
    Prune("images", "images that no container uses", "docker image prune --all", ("unused images",)),
    Prune("anonymous", "volumes without a name that no container uses", "docker volume prune", ("anonymous volumes",)),
    Prune("volumes", "all volumes that no container uses", "docker volume prune --all", ("unused volumes",)),
    Prune("networks", "networks that no container uses", "docker network prune", ("networks",)),
    Prune("cache", "build cache that no image shares", "docker builder prune", ("dangling cache",)),
    Prune("all-cache", "all build cache", "docker builder prune --all", ("cache",)),
    Prune("system", "containers, networks, untagged images and build cache together", "docker system prune",
          ("containers", "networks", "dangling images", "dangling cache")),
    Prune("everything", "all of the above but volumes with a name", "docker system prune --all --volumes",
          ("containers", "networks", "unused images", "anonymous volumes", "cache")),
)  # fmt: skip


class Doomed(msgspec.Struct, frozen=True, gc=False):
    """An object that a prune would remove. Times are seconds since the epoch; None: the API does not tell it.

    `size`: bytes that go with it alone; `last`: when it was used last, in the daemon's words, or `used` as a time;
    `users`: containers that name it though they do not run, for which it is not ticked at first.
    """

    kind: DoomedKind
    id: str
    name: str
    size: int | None = None
    created: float | None = None
    used: float | None = None
    last: str = ""
    users: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What names it among objects of all kinds."""
        return f"{self.kind} {self.id}"


def doomed(
    prune: Prune, use: DiskUse, networks: Iterable[Network], containers: Iterable[Container]
) -> Sequence[Doomed]:
    """Return what the prune would remove now, in the order in which it can be removed.

    What nothing but containers that go too uses goes with them.
    """
    parts = prune.parts
    known = tuple(containers)
    going = frozenset(each.id for each in use.containers or () if each.state in STOPPED and "containers" in parts)
    found: list[Doomed] = []
    if "containers" in parts:
        found += _containers(use)
    if "networks" in parts:
        found += _networks(networks, known, going)
    if "anonymous volumes" in parts or "unused volumes" in parts:
        found += _volumes(use, known, going, named="unused volumes" in parts)
    if "dangling images" in parts or "unused images" in parts:
        found += _images(use, going, tagged="unused images" in parts)
    if "dangling cache" in parts or "cache" in parts:
        found += _cache(use.cache or (), every="cache" in parts)
    return found


def _containers(use: DiskUse) -> Iterator[Doomed]:
    for each in use.containers or ():
        if each.state in STOPPED:
            yield Doomed("container", each.id, each.name, each.size, each.created, last=each.status)


def _networks(networks: Iterable[Network], containers: Iterable[Container], going: frozenset[str]) -> Iterator[Doomed]:
    stopped: dict[str, list[str]] = {}
    running: set[str] = set()
    for container in containers:
        for name, _ in container.networks:
            if container.state not in STOPPED:
                running.add(name)
            elif container.id not in going:
                stopped.setdefault(name, []).append(container.name)
    for network in networks:
        # the daemon leaves a swarm's networks to the swarm
        if network.predefined or network.ingress or network.scope != "local" or network.name in running:
            continue
        users = tuple(sorted(stopped.get(network.name, ())))
        yield Doomed("network", network.id, network.name, 0, network.created, users=users)


def _volumes(use: DiskUse, containers: Sequence[Container], going: frozenset[str], *, named: bool) -> Iterator[Doomed]:
    mounted: dict[str, list[str]] = {}
    for container in containers:
        for mount in container.mounts:
            if mount.type == "volume":
                mounted.setdefault(mount.source, []).append(container.id)
    for each in use.volumes or ():
        users = mounted.get(each.name, ())
        # a volume whose users are not known here is used by something else
        freed = bool(users) and going.issuperset(users) and each.users == len(users)
        if (freed or each.users == 0) and (named or each.anonymous):
            yield Doomed("volume", each.name, each.name, each.size, each.created)


def _images(use: DiskUse, going: frozenset[str], *, tagged: bool) -> Iterator[Doomed]:
    in_use = {each.image_id for each in use.containers or () if each.id not in going}
    for each in use.images or ():
        if each.id not in in_use and (tagged or not each.tags):
            yield Doomed("image", each.id, each.name, each.unique, each.created, tags=each.tags)


def _cache(records: Sequence[CacheRecord], *, every: bool) -> Iterator[Doomed]:
    for each in children_first(records):
        if each.in_use or (not every and (each.shared or each.type in KEPT_CACHE)):
            continue
        name = each.description or each.id
        size = 0 if each.shared else each.size
        yield Doomed("build-cache", each.id, name, size, each.created, each.used or each.created)


def children_first(records: Sequence[CacheRecord]) -> list[CacheRecord]:
    """Return the records in an order in which none is before another that builds upon it."""
    known = {each.id: each for each in records}
    above = dict.fromkeys(known, 0)
    for each in records:
        for parent in each.parents:
            if parent in above:
                above[parent] += 1
    ready = [each for each in records if not above[each.id]]
    ordered: list[CacheRecord] = []
    while ready:
        each = ready.pop()
        ordered.append(each)
        for parent in each.parents:
            if parent in above:
                above[parent] -= 1
                if not above[parent]:
                    ready.append(known[parent])
    if len(ordered) < len(records):  # what builds upon itself is no cache, but must not be lost from sight
        seen = {each.id for each in ordered}
        ordered += [each for each in records if each.id not in seen]
    return ordered
