"""The state of the demo engine: every object by ID, how references find them, and its timers."""

import asyncio
import hashlib
import random
from bisect import bisect_left, insort
from collections.abc import Callable, Coroutine
from typing import Any

from tui.demo import references
from tui.demo.clock import NS, Clock
from tui.demo.errors import ApiError, no_such_container, no_such_image
from tui.demo.events import EventBus
from tui.demo.jsonish import JsonMap
from tui.demo.layers import Layer, Node, flatten
from tui.demo.records import CacheRecord, Container, Exec, Image, Network, Volume
from tui.demo.swarm import SwarmState

DATA_ROOT = "/var/lib/docker"
CPUS = 8
MEMORY = 16 * 1024**3
HOST_NAME = "demo"


def _newness(container: Container) -> int:
    return -container.created_ns


_KEPT_ROOTS = 256
"""Stacks of layers whose files are kept together; those of the others are put together again."""


class World:
    """All state. Operations live in other modules and take the world as their first argument."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.seed = seed
        self.rng = random.Random(seed)
        self.bus = EventBus()
        self.containers: dict[str, Container] = {}
        self.names: dict[str, str] = {}
        self.images: dict[str, Image] = {}
        self.tags: dict[str, str] = {}
        self.volumes: dict[str, Volume] = {}
        self.networks: dict[str, Network] = {}
        self.execs: dict[str, Exec] = {}
        self.cache: dict[str, CacheRecord] = {}
        self.build_steps: dict[str, Any] = {}
        self.sessions: dict[str, Any] = {}
        self.ports: dict[str, str] = {}
        self.next_port = 32_768
        self.sick: set[str] = set()
        self.swarm: SwarmState | None = None
        self.booted_ns = clock.now_ns()
        self._ids = 0
        self._pids = 1800
        self._order: list[Container] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._roots: dict[tuple[Layer, ...], dict[str, Node]] = {}

    def now(self) -> int:
        """Return nanoseconds since the epoch."""
        return self.clock.now_ns()

    def new_id(self, kind: str = "id") -> str:
        """Return the next 64 hex digits; the same seed gives the same row of IDs."""
        self._ids += 1
        return hashlib.sha256(f"{self.seed}/{kind}/{self._ids}".encode()).hexdigest()

    def new_pid(self) -> int:
        """Return a process ID not used before."""
        self._pids += self.rng.randrange(1, 40)
        return self._pids

    # Timers

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside the requests; it ends with the engine."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def after(self, seconds: float, action: Callable[[], None]) -> asyncio.Task[None]:
        """Call `action` once `seconds` of the clock have passed, unless the task that waits for that is cancelled."""

        async def wait() -> None:
            await self.clock.sleep(seconds)
            action()

        return self.spawn(wait())

    async def close(self) -> None:
        """Cancel every timer."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def change_or(self, container: Container, seconds: float | None) -> None:
        """Return when the container has changed, or after `seconds` of the clock."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        container.waiters.append(waiter)
        if seconds is None:
            await waiter
            return
        timer = asyncio.ensure_future(self.clock.sleep(seconds))
        try:
            await asyncio.wait([waiter, timer], return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            waiter.cancel()
            if waiter in container.waiters:
                container.waiters.remove(waiter)

    # Events

    def emit(self, type_: str, action: str, id_: str, attributes: dict[str, str]) -> None:
        """Send an event."""
        self.bus.emit(type_, action, id_, attributes, self.now())

    def emit_container(self, container: Container, action: str, **more: str) -> None:
        """Send a container's event: its labels, image and name, and `more`."""
        base = {"image": container.image_ref, "name": container.name}
        self.emit("container", action, container.id, {**container.labels, **base, **more})

    def emit_image(self, image: Image, action: str, name: str) -> None:
        """Send an image's event."""
        labels: dict[str, str] = {} if action == "delete" else image.run_config.get("Labels") or {}
        self.emit("image", action, image.id, {**labels, "name": name})

    # Containers

    def add_container(self, container: Container) -> None:
        """Register a new container."""
        self.containers[container.id] = container
        self.names[container.name] = container.id
        insort(self._order, container, key=_newness)

    def drop_container(self, container: Container) -> None:
        """Forget a container."""
        self.containers.pop(container.id, None)
        if self.names.get(container.name) == container.id:
            del self.names[container.name]
        for exec_id in container.execs:
            self.execs.pop(exec_id, None)
        at = bisect_left(self._order, _newness(container), key=_newness)
        while at < len(self._order) and self._order[at] is not container:
            at += 1
        del self._order[at : at + 1]

    def newest_first(self) -> list[Container]:
        """Return all containers, newest first. The list changes with the world: it is not to be kept."""
        return self._order

    def find_container(self, ref: str) -> Container:
        """Return the container by ID, name or unambiguous start of its ID; raises ApiError."""
        plain = ref.removeprefix("/")
        found = self.containers.get(plain) or self.containers.get(self.names.get(plain, ""))
        if found:
            return found
        hits = [c for id_, c in self.containers.items() if id_.startswith(plain)] if plain else []
        if len(hits) > 1:
            raise ApiError(400, f"multiple IDs found with provided prefix: {plain}")
        if not hits:
            raise no_such_container(plain)
        return hits[0]

    def name_taken(self, name: str) -> ApiError | None:
        """Return the 409 for a name in use, None for a free one."""
        owner = self.names.get(name)
        if owner is None:
            return None
        return ApiError(
            409,
            f'Conflict. The container name "/{name}" is already in use by container "{owner}". '
            "You have to remove (or rename) that container to be able to reuse that name.",
        )

    def rename(self, container: Container, name: str) -> None:
        """Give a container another name."""
        del self.names[container.name]
        container.name = name
        self.names[name] = container.id

    # Images

    def add_image(self, image: Image) -> Image:
        """Register an image; one with the same ID is kept and returned instead."""
        return self.images.setdefault(image.id, image)

    def tag_image(self, image: Image, tagged: str) -> None:
        """Point name:tag at an image, taking it away from another."""
        old = self.images.get(self.tags.get(tagged, ""))
        if old is not None and old is not image:
            old.tags.remove(tagged)
            self.touch_users(old)
        self.tags[tagged] = image.id
        if tagged not in image.tags:
            image.tags.append(tagged)
            image.tags.sort()
        image.tagged_ns = self.now()

    def touch_users(self, image: Image) -> None:
        """Drop the cached rows of an image's containers: they show its name."""
        for container in self.containers.values():
            if container.image_id == image.id:
                container.row = None

    def find_image(self, ref: str) -> Image:
        """Return the image by reference, ID or start of its ID; raises ApiError 404 or 400."""
        found = self.images.get(ref) or self.images.get("sha256:" + ref)
        if found:
            return found
        bare = ref.removeprefix("sha256:")
        if not ref.startswith("sha256:"):
            reference = references.parse(ref)
            if reference.digest:
                for image in self.images.values():
                    if f"{reference.name}@{reference.digest}" in image.digests:
                        return image
            elif reference.tagged in self.tags:
                return self.images[self.tags[reference.tagged]]
        hits = [i for i in self.images.values() if bare and i.id.removeprefix("sha256:").startswith(bare)]
        if len(hits) != 1:
            raise no_such_image(ref)
        return hits[0]

    def users_of(self, image_id: str) -> list[Container]:
        """Return the containers made from an image."""
        return [c for c in self.containers.values() if c.image_id == image_id]

    def root_of(self, layers: tuple[Layer, ...]) -> dict[str, Node]:
        """Return the files of a stack of layers; shared, not to be changed."""
        if layers not in self._roots:  # by the layers themselves, which it holds: an address is used again
            while len(self._roots) >= _KEPT_ROOTS:
                del self._roots[next(iter(self._roots))]
            self._roots[layers] = flatten(layers)
        return self._roots[layers]

    # Networks and volumes

    def find_network(self, ref: str) -> Network:
        """Return a network by name, ID or start of its ID; raises ApiError 404."""
        for network in self.networks.values():
            if ref in (network.name, network.id):
                return network
        hits = [n for n in self.networks.values() if ref and n.id.startswith(ref)]
        if len(hits) != 1:
            raise ApiError(404, f"network {ref} not found")
        return hits[0]

    def find_volume(self, name: str) -> Volume:
        """Return a volume; raises ApiError 404."""
        if name not in self.volumes:
            raise ApiError(404, f"get {name}: no such volume")
        return self.volumes[name]

    def ensure_volume(self, name: str, **more: Any) -> Volume:
        """Return a volume, created if there is none of the name."""
        if name not in self.volumes:
            self.volumes[name] = Volume(name, self.now() // NS * NS, **more)
            self.emit("volume", "create", name, {"driver": self.volumes[name].driver})
        return self.volumes[name]

    def empty_config(self) -> JsonMap:
        """Return the run configuration of an image that says nothing."""
        return {
            "Cmd": None,
            "Entrypoint": None,
            "Env": None,
            "Labels": None,
            "User": "",
            "Volumes": None,
            "WorkingDir": "",
        }
