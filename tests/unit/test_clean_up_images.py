"""Images that a clean up removes: with the digests that keep them, and not at all where they came into use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import pytest

from tui.engine.engine import Engine
from tui.engine.errors import NotFound
from tui.jobs.clean_up import CleanUpJob
from tui.model.clean_up import Doomed
from tui.model.containers import Container
from tui.model.images import Image, ImageDeleted

ID = "sha256:" + "5" * 64
OTHER = "other.example/app@sha256:" + "9" * 64


@dataclass
class Daemon:
    """One image that goes with the last of its references, as dockerd keeps one: `images` and `containers` are its."""

    tags: list[str]
    digests: list[str]
    users: list[Container] = field(default_factory=list[Container])
    removed: list[str] = field(default_factory=list[str])

    @property
    def images(self) -> Daemon:
        return self

    @property
    def containers(self) -> Daemon:
        return self

    async def read(self, name: str) -> Image:
        if not (self.tags or self.digests):
            raise NotFound(404, f"No such image: {name}", "GET")
        return Image(ID, tuple(self.tags), digests=tuple(self.digests))

    async def remove(self, name: str) -> list[ImageDeleted]:
        self.removed.append(name)
        for known in (self.tags, self.digests):
            if name in known:
                known.remove(name)
        gone = not (self.tags or self.digests)
        return [ImageDeleted(untagged=name), *([ImageDeleted(deleted=ID)] if gone else [])]

    async def list_all(self, *, filters: Mapping[str, Sequence[str]]) -> list[Container]:
        assert filters == {"ancestor": [ID]}
        return self.users


def made(daemon: Daemon, lines: list[str], recount: Callable[[], object]) -> CleanUpJob:
    def begin(line: str):
        def record(outcome: Literal["ok", "failed", "cancelled"], detail: str = "") -> None:
            lines.append(f"{outcome} {line}")

        return record

    async def measure() -> int:
        return 0

    image = Doomed("image", ID, "a:1", tags=("a:1", "b:1"))
    line = "docker image prune --all"
    return CleanUpJob(cast("Engine", daemon), "clean up", line, [image], begin, 0, measure, recount)


async def cleaned(daemon: Daemon) -> tuple[CleanUpJob, list[str]]:
    lines: list[str] = []
    job = made(daemon, lines, list)
    job.start()
    await job.wait()
    assert job.state == "done", job.error
    return job, lines


async def test_an_image_goes_with_the_digests_of_other_repositories() -> None:
    daemon = Daemon(["a:1", "b:1"], [OTHER])
    job, lines = await cleaned(daemon)
    assert daemon.removed == ["a:1", "b:1", OTHER]
    assert job.fates[f"image {ID}"] == ("removed", "")
    assert lines == [f"ok docker rmi {OTHER}", "ok docker rmi a:1 b:1"]


async def test_an_image_that_came_into_use_keeps_every_tag() -> None:
    daemon = Daemon(["a:1", "b:1"], [], [Container("c", "web", "a:1", "created", image_id=ID)])
    job, lines = await cleaned(daemon)
    assert (daemon.removed, lines) == ([], [])
    assert job.fates[f"image {ID}"] == ("kept", "it is in use by now: web")


async def test_a_container_of_an_image_that_was_made_from_it_is_none_of_its_own() -> None:
    daemon = Daemon(["a:1", "b:1"], [], [Container("c", "web", "child:1", "created", image_id="sha256:child")])
    job, _ = await cleaned(daemon)
    assert job.fates[f"image {ID}"] == ("removed", "")


async def test_an_image_that_the_daemon_keeps_is_not_said_to_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Daemon(["a:1", "b:1"], [OTHER])

    async def nothing(name: str) -> list[ImageDeleted]:
        return [ImageDeleted(untagged=name)]

    monkeypatch.setattr(daemon, "remove", nothing)
    job, lines = await cleaned(daemon)
    fate, why = job.fates[f"image {ID}"]
    assert fate == "kept"
    assert "the daemon keeps it" in why
    assert lines[-1] == "failed docker rmi a:1 b:1"


async def test_one_that_is_cancelled_has_the_disk_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon, begun = Daemon(["a:1", "b:1"], []), asyncio.Event()

    async def hang(_name: str) -> list[ImageDeleted]:
        begun.set()
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(daemon, "remove", hang)
    counts: list[str] = []
    job = made(daemon, [], lambda: counts.append("again"))
    job.start()
    await begun.wait()
    assert counts == []
    await job.cancel()
    assert (job.state, counts) == ("cancelled", ["again"])
    assert job.fates[f"image {ID}"][1].startswith("its removal was asked for")


async def test_one_that_removed_nothing_before_it_was_cancelled_has_nothing_counted() -> None:
    counts: list[str] = []
    job = made(Daemon(["a:1"], []), [], lambda: counts.append("again"))
    job.start()
    await job.cancel()
    assert (job.state, counts) == ("cancelled", [])
