"""Containers: one coroutine or iterator an operation of the Engine API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from tui.engine.decoding import decode
from tui.engine.early import EarlyLists, each_listed
from tui.engine.errors import ConnectionLost, MalformedAnswer
from tui.engine.framing import FramingError
from tui.engine.log_lines import LogReader
from tui.engine.slices import in_slices
from tui.engine.streams import documents
from tui.engine.transport import ANSWER_TIMEOUT, Transport
from tui.model.cgroups import Counts, counts_from_stats
from tui.model.containers import Container, ContainerInspect, Kinship, from_inspect
from tui.model.happenings import Story, WireStory, story_from
from tui.model.log_record import LogBatch, LogRecord
from tui.model.processes import Processes
from tui.model.stats import Sample, WireStats, sample_from
from tui.model.surroundings import Surroundings, WireSurroundings, surroundings_from

if TYPE_CHECKING:
    from tui.model.run_wire import RunInspect

LOG_SLICE = 256 << 10
"""Bytes of a log that are made lines of at a time."""


class Created(msgspec.Struct, rename="pascal"):
    """The answer to `POST /containers/create`."""

    id: str
    warnings: list[str] | None = None


class Updated(msgspec.Struct, rename="pascal"):
    """The answer to `POST /containers/{id}/update`."""

    warnings: list[str] | None = None


class Change(msgspec.Struct, frozen=True, rename="pascal"):
    """One entry of `GET /containers/{id}/changes`: kind 0 is changed, 1 added, 2 deleted."""

    path: str
    kind: int


class Containers:
    """The container operations of one daemon. Each raises EngineError as errors.py says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.early: EarlyLists | None = None
        """What was read before there was a client; the next list of everything is this."""

    async def list_all(
        self, *, stopped: bool = True, filters: Mapping[str, Sequence[str]] | None = None
    ) -> list[Container]:
        """Return the containers, stopped ones too unless `stopped` is False."""
        if self.early is not None and stopped and not filters:
            early, self.early = self.early, None
            await early.ended()
            if early.containers is not None:
                return early.containers
        params = {"all": stopped, "filters": dict(filters) if filters else None}
        return await in_slices(each_listed(await self._transport.read("GET", "/containers/json", params=params)))

    async def read(self, container: str) -> Container:
        """Return one container by ID or name, from inspect: never behind the events, unlike the list."""
        return from_inspect(await self._transport.get(_path(container, "json"), ContainerInspect))

    async def inspect(self, container: str, *, size: bool = False) -> dict[str, Any]:
        """Return the whole inspect answer; with `size` the daemon counts what it wrote, which may take a second."""
        path = _path(container, "json")
        params = {"size": True} if size else None
        data = await self._transport.read("GET", path, params=params, seconds=None if size else ANSWER_TIMEOUT)
        return decode(data, dict[str, Any], f"GET {path}")

    async def made(self, container: str) -> RunInspect:
        """Return the part of the inspect answer that says how it was made."""
        from tui.model.run_wire import RunInspect  # with the whole grammar of runs: for those who make it again

        return await self._transport.get(_path(container, "json"), RunInspect)

    async def surroundings(self, container: str) -> Surroundings:
        """Return its environment, mounts, ports, labels and networks."""
        return surroundings_from(await self._transport.get(_path(container, "json"), WireSurroundings))

    async def story(self, container: str) -> Story:
        """Return what became of it, with the output of its last health checks."""
        return story_from(await self._transport.get(_path(container, "json"), WireStory))

    async def kinship(self) -> list[Kinship]:
        """Return what every container, running or not, is bound to."""
        return await self._transport.get("/containers/json", list[Kinship], params={"all": True})

    async def create(self, body: Mapping[str, Any], *, name: str = "", platform: str = "") -> Created:
        """Create a container from a `POST /containers/create` body; filling its new volumes may take long."""
        params = {"name": name or None, "platform": platform or None}
        path = "/containers/create"
        data = await self._transport.read("POST", path, params=params, body=body, seconds=None)
        return decode(data, Created, f"POST {path}")

    async def start(self, container: str) -> None:
        """Start it; one that runs already is left alone."""
        await self._transport.read("POST", _path(container, "start"), seconds=None)

    async def stop(self, container: str, *, grace: int | None = None) -> None:
        """Stop it: its stop signal, then SIGKILL after `grace` seconds (None: the container's own, mostly 10)."""
        await self._transport.read("POST", _path(container, "stop"), params={"t": grace}, seconds=None)

    async def restart(self, container: str, *, grace: int | None = None) -> None:
        """Stop and start it."""
        await self._transport.read("POST", _path(container, "restart"), params={"t": grace}, seconds=None)

    async def kill(self, container: str, signal: str = "SIGKILL") -> None:
        """Send a signal to its main process."""
        await self._transport.read("POST", _path(container, "kill"), params={"signal": signal})

    async def pause(self, container: str) -> None:
        """Freeze its processes."""
        await self._transport.read("POST", _path(container, "pause"))

    async def unpause(self, container: str) -> None:
        """Let its processes go on."""
        await self._transport.read("POST", _path(container, "unpause"))

    async def rename(self, container: str, name: str) -> None:
        """Give it another name."""
        await self._transport.read("POST", _path(container, "rename"), params={"name": name})

    async def update(self, container: str, changes: Mapping[str, Any]) -> list[str]:
        """Change limits or the restart policy in place, in the words of `HostConfig`; return the daemon's warnings.

        Zeros, empty texts and what is not named stay as they are.
        """
        path = _path(container, "update")
        data = await self._transport.read("POST", path, body=changes)
        return decode(data, Updated, f"POST {path}").warnings or []

    async def remove(self, container: str, *, force: bool = False, volumes: bool = False) -> None:
        """Remove it; `force` kills it first, `volumes` removes its anonymous volumes too."""
        await self._transport.read("DELETE", _path(container), params={"force": force, "v": volumes}, seconds=None)

    async def changes(self, container: str) -> list[Change]:
        """Return what differs in its file system from its image."""
        path = _path(container, "changes")
        data = await self._transport.read("GET", path, seconds=None)
        return [] if data.strip() == b"null" else decode(data, list[Change], f"GET {path}")

    async def top(self, container: str, ps: str = "") -> Processes:
        """Return its processes, as the ps of the daemon's machine shows them; `ps` is its options, by default `-ef`.

        Raises:
            ApiError: that ps does not know the options, in its words; Conflict: the container does not run.
        """
        params = {"ps_args": ps} if ps else None
        return await self._transport.get(_path(container, "top"), Processes, params=params)

    async def commit(
        self, container: str, *, repo: str = "", tag: str = "", author: str = "", message: str = "",
        pause: bool = True, changes: Sequence[str] = (),
    ) -> str:  # fmt: skip
        """Make an image of it and return the image's ID. `changes` are Dockerfile instructions, one each."""
        params = {
            "container": container, "repo": repo or None, "tag": tag or None, "author": author or None,
            "comment": message or None, "pause": pause, "changes": "\n".join(changes) or None,
        }  # fmt: skip
        # an empty body is answered with 400; packing a big layer takes minutes in which nothing is sent
        data = await self._transport.read("POST", "/commit", params=params, body={}, seconds=None)
        return decode(data, Committed, "POST /commit").id

    async def logs(
        self, container: str, *, tty: bool, follow: bool = False, tail: int | None = None, since: str = "",
        timestamps: bool = True,
    ) -> AsyncGenerator[list[LogRecord]]:  # fmt: skip
        """Yield what `log_batches` does, as records."""
        batches = self.log_batches(container, tty=tty, follow=follow, tail=tail, since=since, timestamps=timestamps)
        async with aclosing(batches):
            async for batch in batches:
                yield list(batch.records())

    async def log_batches(
        self, container: str, *, tty: bool, follow: bool = False, tail: int | None = None, since: str = "",
        until: str = "", timestamps: bool = True,
    ) -> AsyncGenerator[LogBatch]:  # fmt: skip
        """Yield its output in batches of lines, the last `tail` and then, with `follow`, what comes.

        The first batch may be empty: it comes as soon as the daemon has begun to answer. `since` and `until`, both
        inclusive, are seconds since the epoch with a fraction of nine digits. A clean end means that the container
        stopped, or that the daemon did: the caller tells which by reading it.

        Raises:
            ApiError: the log driver can't be read, in the daemon's words; there is no such container.
        """
        params = {
            "stdout": True, "stderr": True, "follow": follow, "tail": "all" if tail is None else tail,
            "since": since or None, "until": until or None, "timestamps": timestamps,
        }  # fmt: skip
        path = _path(container, "logs")
        # a daemon writes each line as a chunk of its own, which halves what it can send: HTTP/1.0 has no chunks
        async with self._transport.stream("GET", path, params=params, chunked=False) as answer:
            yield LogBatch()
            async for batch in log_lines(answer.chunks(), tty, f"GET {path}", timestamps):
                yield batch

    async def stats(self, container: str) -> AsyncGenerator[Sample]:
        """Yield a sample about each second while it exists; the daemon sends zeros for one that is stopped."""
        path = _path(container, "stats")
        request = f"GET {path}"
        async with self._transport.stream("GET", path, params={"stream": True}) as answer:
            async for wire in documents(answer, WireStats, request, self._transport.endpoint.url):
                yield sample_from(wire)

    async def counts(self, container: str) -> Counts:
        """Return what is counted for it now, in one answer; the daemon may take a second or two for it."""
        params = {"stream": False, "one-shot": True}
        return counts_from_stats(await self._transport.get(_path(container, "stats"), WireStats, params=params))


class Committed(msgspec.Struct, rename="pascal"):
    """The answer to `POST /commit`."""

    id: str


async def log_lines(
    chunks: AsyncIterator[bytes], tty: bool, request: str, timestamps: bool
) -> AsyncGenerator[LogBatch]:
    """Yield the lines of the chunks of a log answer in batches: raw with a TTY, else in frames (stdcopy).

    A batch takes some milliseconds at most to make: whatever else the program does goes on between two of them.
    """
    reader = LogReader(timestamps=timestamps, tty=tty)
    try:
        async for chunk in chunks:
            for at in range(0, len(chunk), LOG_SLICE):
                if at:
                    await asyncio.sleep(0)
                if len(batch := reader.feed(chunk[at : at + LOG_SLICE])):
                    yield batch
    except FramingError as error:
        raise MalformedAnswer(request, str(error)) from error
    except ConnectionLost:
        yield reader.close()
        raise
    yield reader.close()


def _path(container: str, operation: str = "") -> str:
    return f"/containers/{quote(container, safe='')}" + (f"/{operation}" if operation else "")
