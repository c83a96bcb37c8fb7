"""Removes objects one by one, each looked at again just before: what changed since it was shown stays."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from shlex import quote
from typing import Literal, Protocol

from tui.engine.engine import Engine
from tui.engine.errors import ApiError, EngineError, NotFound
from tui.jobs.job import Job
from tui.model.clean_up import STOPPED, Doomed
from tui.present.units import plural, size

Fate = Literal["waiting", "removing", "removed", "gone", "kept"]

UNTOLD: Mapping[Fate, str] = {
    "waiting": "not reached",
    "removing": "its removal was asked for and nobody answered: it may be gone",
}
"""What is said of an object that an end came too early for."""


class Record(Protocol):
    """Writes down how a line that was begun ended: "ok", "failed" or "cancelled", with the daemon's words."""

    def __call__(self, outcome: Literal["ok", "failed", "cancelled"], detail: str = "") -> object: ...


Begin = Callable[[str], Record]
"""Writes down a docker line that is under way, and returns what says how it ended."""


def removal_line(each: Doomed) -> str:
    """Return the docker line that removes an object."""
    match each.kind:
        case "container":
            return f"docker rm {quote(each.name)}"
        case "network":
            return f"docker network rm {quote(each.name)}"
        case "volume":
            return f"docker volume rm {quote(each.name)}"
        case "image":
            return f"docker rmi {' '.join(map(quote, each.tags)) or each.name}"
        case "build-cache":
            return f"docker builder prune --all --force --filter id={quote(each.id)}"


class CleanUpJob(Job):
    """Removes what it is given, in that order. `measure` returns the bytes that the daemon's disk use comes to now.

    `recount` has them counted by themselves, where an end came too early and something was, or may be, removed by then.
    What the daemon refuses, and what is another object by now than the one that was shown, is kept and told by name.
    """

    screen = "clean_up_job"

    def __init__(
        self,
        engine: Engine,
        title: str,
        line: str,
        objects: Sequence[Doomed],
        begin: Begin,
        before: int,
        measure: Callable[[], Awaitable[int | None]],
        recount: Callable[[], object],
    ) -> None:
        super().__init__(title, line)
        self._engine = engine
        self._begin = begin
        self._before = before
        self._measure = measure
        self._recount = recount
        self.objects = tuple(objects)
        self.fates: dict[str, tuple[Fate, str]] = {each.key: ("waiting", "") for each in self.objects}
        """What became of each by its key, and for what was kept, why."""
        self.freed: int | None = None
        """By how many bytes the daemon's disk use is less than before; None until it was told."""
        self._counts = Counter[Fate]({"waiting": len(self.objects)})
        self._say()

    def count(self, *fates: Fate) -> int:
        """Return how many objects met one of these fates."""
        return sum(self._counts[fate] for fate in fates)

    async def work(self) -> None:
        try:
            for each in self.objects:
                await self._take(each)
        except (asyncio.CancelledError, EngineError):
            if self.count("removing", "removed", "gone"):
                self._recount()
            raise
        finally:
            for each in self.objects if self.count("waiting", "removing") else ():
                fate = self.fates[each.key][0]
                if fate in UNTOLD:
                    self._put(each, "kept", UNTOLD[fate])
        self.progress = f"{self._words()}; the daemon counts what is left"
        self.changed()
        after = await self._measure()
        if after is not None:
            self.freed = max(0, self._before - after)
        self._say()

    async def _take(self, each: Doomed) -> None:
        self._set(each, "removing")
        try:
            if (why := await self._difference(each)) is not None:
                self._set(each, "kept", why)
                return
        except NotFound:
            self._set(each, "gone", "it was gone already")
            return
        record = self._begin(removal_line(each))
        try:
            await self._remove(each)
        except NotFound:
            record("ok", "it was gone already")
            self._set(each, "gone", "it was gone already")
        except ApiError as error:
            record("failed", str(error))
            self._set(each, "kept", str(error))
        except asyncio.CancelledError:
            record("cancelled")
            raise
        except EngineError as error:
            record("failed", str(error))
            raise
        else:
            record("ok")
            self._set(each, "removed")

    async def _difference(self, each: Doomed) -> str | None:
        """Return in what it is another object than the one that was shown, or None. Raises NotFound."""
        engine = self._engine
        match each.kind:
            case "container":
                now = await engine.containers.read(each.id)
                if now.state not in STOPPED:
                    return f"it is {now.state} by now"
                return None if now.name == each.name else f"it is called {now.name} by now"
            case "volume":
                # daemons before 23 tell when what is in it changed
                made = (await engine.volumes.read(each.id)).created
                return None if made == each.created else "it was made or changed after it was counted"
            case "image":
                tags = (await engine.images.read(each.id)).tags
                if tags != each.tags:
                    return f"its tags changed: {', '.join(tags) or 'it has none by now'}"
                # the daemon would keep it, but for its last tag alone: the others would be gone
                made = await engine.containers.list_all(filters={"ancestor": [each.id]})
                users = [container.name for container in made if container.image_id == each.id]
                return f"it is in use by now: {', '.join(users[:3])}" if users else None
            case "network" | "build-cache":
                return None  # an ID is never given twice, and the daemon keeps those that are used

    async def _remove(self, each: Doomed) -> None:
        engine = self._engine
        match each.kind:
            case "container":
                await engine.containers.remove(each.id)
            case "network":
                await engine.networks.remove(each.id)
            case "volume":
                await engine.volumes.remove(each.id)
            case "image":
                await self._remove_image(each)
            case "build-cache":
                pruned = await engine.disk.prune_cache(each.id)
                if each.id not in (pruned.caches_deleted or ()):
                    raise ApiError(409, "the builder keeps it: it is in use, or another record builds upon it")

    async def _remove_image(self, each: Doomed) -> None:
        """Take its tags away, and then the digests that other repositories know it by, which keep it as tags do."""
        images = self._engine.images
        answers = [answer for name in each.tags or (each.id,) for answer in await images.remove(name)]
        if any(answer.deleted == each.id for answer in answers):
            return
        try:
            left = (await images.read(each.id)).digests
        except NotFound:
            return
        for name in left:
            record = self._begin(f"docker rmi {quote(name)}")
            try:
                answers = await images.remove(name)
            except EngineError as error:
                record("failed", str(error))
                raise
            record("ok")
            if any(answer.deleted == each.id for answer in answers):
                return
        raise ApiError(409, "the daemon keeps it, though none of its tags and digests is left", f"DELETE {each.id}")

    def _set(self, each: Doomed, fate: Fate, why: str = "") -> None:
        self._put(each, fate, why)
        self._say()

    def _put(self, each: Doomed, fate: Fate, why: str) -> None:
        self._counts[self.fates[each.key][0]] -= 1
        self._counts[fate] += 1
        self.fates[each.key] = (fate, why)

    def _words(self) -> str:
        kept = self.count("kept")
        text = f"{self.count('removed')} of {plural(len(self.objects), 'object')} removed"
        return text + (f", {kept} kept" if kept else "")

    def _say(self) -> None:
        done = len(self.objects) - self.count("waiting", "removing")
        self.fraction = done / len(self.objects) if self.objects else None
        freed = "" if self.freed is None else f", {size(self.freed)} freed by the daemon's own count"
        self.progress = self._words() + freed
        self.changed()
