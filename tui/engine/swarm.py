"""The swarm of a daemon that manages one: services, tasks, nodes, and the daemon's own part in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any
from urllib.parse import quote

from tui.engine.containers import log_lines
from tui.engine.decoding import decode
from tui.engine.errors import EngineError
from tui.engine.transport import Transport
from tui.model.log_record import LogBatch
from tui.model.swarm import (
    SwarmName,
    SwarmNode,
    SwarmService,
    SwarmStatus,
    SwarmTask,
    WireInfo,
    WireNamed,
    WireNode,
    WireService,
    WireTask,
    name_from,
    node_from,
    service_from,
    status_from,
    task_from,
    told_apart,
)

Spec = dict[str, Any]


class Swarm:
    """The swarm operations of one daemon (API 1.41 to 1.51). Each raises EngineError as errors.py says.

    A daemon that is no manager answers 503 with its own words. A change carries the version of the object that it was
    made from, read right before: the daemon refuses one that was made from an older one.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def status(self) -> SwarmStatus:
        """Return how the daemon stands to a swarm."""
        return status_from(await self._transport.get("/info", WireInfo))

    async def services(self) -> list[SwarmService]:
        """Return the services by name, with how many of their tasks run and should."""
        found = await self._transport.get("/services", list[WireService], params={"status": "true"})
        return sorted(map(service_from, found), key=lambda service: service.name)

    async def tasks(self, service: str) -> list[SwarmTask]:
        """Return the tasks of a service, the newest first in each slot."""
        params = {"filters": {"service": [service]}}
        found = map(task_from, await self._transport.get("/tasks", list[WireTask], params=params))
        return sorted(found, key=lambda task: (task.slot, task.node if not task.slot else "", -(task.time or 0.0)))

    async def task(self, task: str) -> SwarmTask:
        """Return one task; NotFound when the manager has forgotten it."""
        return task_from(await self._transport.get(f"/tasks/{quote(task, safe='')}", WireTask))

    async def task_log_batches(
        self,
        task: str,
        *,
        tty: bool,
        follow: bool = False,
        tail: int | None = None,
        since: str = "",
        over: asyncio.Event | None = None,
    ) -> AsyncGenerator[LogBatch]:
        """Yield the output of a task's container, wherever it runs, as `Containers.log_batches` does (API 1.29).

        The manager has it sent by the node. Why a node can't be asked it says in a line of its own, of the stream
        `SYSTEMERR` and without a time, at the end of what is not followed; of a log driver that can't be read it says
        nothing at all. While it is followed nothing is said, and the stream goes on when the task has ended: it is
        taken to be at its end when `over` is set, and a last line without a line end is yielded then.
        """
        params = {
            "stdout": True, "stderr": True, "follow": follow, "tail": "all" if tail is None else tail,
            "since": since or None, "timestamps": True,
        }  # fmt: skip
        path = f"/tasks/{quote(task, safe='')}/logs"
        async with self._transport.stream("GET", path, params=params, chunked=False) as answer:
            yield LogBatch()
            chunks = answer.chunks() if over is None else _until_set(over, answer.chunks())
            async for batch in log_lines(chunks, tty, f"GET {path}", timestamps=True):
                yield batch

    async def nodes(self) -> list[SwarmNode]:
        """Return the nodes by name; those of one host name are told apart by their labels."""
        found = await self._transport.get("/nodes", list[WireNode])
        return told_apart(sorted(map(node_from, found), key=lambda node: (node.name, node.id)))

    async def secrets(self) -> list[SwarmName]:
        """Return the names of the secrets; no manager gives away what is in them."""
        return sorted(map(name_from, await self._transport.get("/secrets", list[WireNamed])), key=lambda n: n.name)

    async def configs(self) -> list[SwarmName]:
        """Return the names of the configs."""
        return sorted(map(name_from, await self._transport.get("/configs", list[WireNamed])), key=lambda n: n.name)

    async def inspect_service(self, service: str) -> dict[str, Any]:
        """Return the whole inspect answer of a service."""
        return await self._object(f"/services/{quote(service, safe='')}")

    async def inspect_node(self, node: str) -> dict[str, Any]:
        """Return the whole inspect answer of a node."""
        return await self._object(f"/nodes/{quote(node, safe='')}")

    async def change_service(self, service: str, change: Callable[[Spec], None]) -> None:
        """Read a service, let `change` change its spec, and send that as a new version of what was read."""
        await self._update(f"/services/{quote(service, safe='')}", change, {})

    async def rollback(self, service: str) -> None:
        """Have a service be as it was before its last change."""
        await self._update(f"/services/{quote(service, safe='')}", lambda _spec: None, {"rollback": "previous"})

    async def remove_service(self, service: str) -> None:
        """Remove a service and its containers on every node."""
        await self._transport.read("DELETE", f"/services/{quote(service, safe='')}")

    async def change_node(self, node: str, *, availability: str = "", role: str = "") -> None:
        """Make a node active, pause or drain, or a manager or worker; what is left empty stays."""

        def change(spec: Spec) -> None:
            spec.update({key: value for key, value in (("Availability", availability), ("Role", role)) if value})

        await self._update(f"/nodes/{quote(node, safe='')}", change, {})

    async def remove_node(self, node: str, *, force: bool = False) -> None:
        """Remove a node from the swarm; the daemon refuses one that is not down, unless forced."""
        await self._transport.read("DELETE", f"/nodes/{quote(node, safe='')}", params={"force": force})

    async def init(self, advertise: str = "", listen: str = "0.0.0.0:2377") -> str:
        """Begin a swarm with this daemon as its manager, and return the node's ID."""
        body: Spec = {"ListenAddr": listen, "AdvertiseAddr": advertise, "Spec": {}}
        return await self._transport.post("/swarm/init", str, body=body)

    async def leave(self, *, force: bool = False) -> None:
        """Leave the swarm; a manager is let go only by force."""
        await self._transport.read("POST", "/swarm/leave", params={"force": force}, body={})

    async def _object(self, path: str) -> dict[str, Any]:
        return decode(await self._transport.read("GET", path), dict[str, Any], f"GET {path}")

    async def _update(self, path: str, change: Callable[[Spec], None], more: dict[str, str]) -> None:
        found = await self._object(path)
        spec, version = found.get("Spec"), found.get("Version")
        if not isinstance(spec, dict) or not isinstance(version, dict):
            raise EngineError(f"GET {path}: the answer has no spec or no version")
        change(spec)  # pyright: ignore[reportUnknownArgumentType] what a JSON object holds is not known
        params = {"version": str(version.get("Index", 0)), **more}  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] as above
        await self._transport.read("POST", f"{path}/update", params=params, body=spec)  # pyright: ignore[reportUnknownArgumentType] as above


async def _until_set(over: asyncio.Event, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what comes until the event is set."""
    ended = asyncio.ensure_future(over.wait())
    coming = asyncio.ensure_future(anext(chunks, None))
    try:
        while True:
            await asyncio.wait([coming, ended], return_when=asyncio.FIRST_COMPLETED)
            if not coming.done() or (chunk := await coming) is None:
                return
            coming = asyncio.ensure_future(anext(chunks, None))
            yield chunk
    finally:
        for waiting in (ended, coming):
            waiting.cancel()
        await asyncio.gather(ended, coming, return_exceptions=True)


def set_replicas(count: int) -> Callable[[Spec], None]:
    """Return the change of a replicated service's spec that makes it have `count` replicas."""

    def change(spec: Spec) -> None:
        spec.setdefault("Mode", {})["Replicated"] = {"Replicas": count}

    return change


def set_image(image: str) -> Callable[[Spec], None]:
    """Return the change of a service's spec that makes its containers be made from another image."""

    def change(spec: Spec) -> None:
        spec.setdefault("TaskTemplate", {}).setdefault("ContainerSpec", {})["Image"] = image

    return change
