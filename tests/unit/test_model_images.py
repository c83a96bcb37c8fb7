"""What real engines say of images becomes one record."""

import json
from pathlib import Path
from typing import Any

import pytest

from tui.engine.decoding import decode
from tui.engine.errors import MalformedAnswer
from tui.model.images import (
    HistoryEntry,
    Image,
    ImageInspect,
    ImageSummary,
    image_from_inspect,
    image_from_summary,
    real_tags,
)
from tui.model.system import Version

DATA = Path(__file__).parent / "data"
ENGINES = ["20", "28"]


def listed(engine: str) -> dict[str, Image]:
    wires = decode((DATA / f"images_{engine}.json").read_bytes(), list[ImageSummary], "list")
    return {image.reference: image for image in map(image_from_summary, wires)}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_list_and_the_inspect_of_a_real_engine_agree(engine: str) -> None:
    found = listed(engine)
    built, base = found["coretests-img:latest"], found["busybox:latest"]
    wire = decode((DATA / f"image_inspect_{engine}.json").read_bytes(), ImageInspect, "inspect")
    assert image_from_inspect(wire) == built
    assert built.tags == ("coretests-img:latest", "coretests-img:two")
    assert built.labels == {"a": "b"}
    assert built.size >= base.size > 1 << 20
    assert built.shared_size is None, "the daemon says -1 where it was not asked"
    assert not built.dangling
    assert wire.config is not None
    assert (wire.config.cmd, wire.config.exposed_ports, wire.config.volumes) == (["sh"], {"80/tcp": {}}, {"/v": {}})
    assert "X=1" in (wire.config.env or [])


@pytest.mark.parametrize("engine", ENGINES)
def test_the_history_of_a_real_engine(engine: str) -> None:
    history = decode((DATA / f"image_history_{engine}.json").read_bytes(), list[HistoryEntry], "history")
    assert "CMD" in history[0].created_by
    assert history[0].tags == ["coretests-img:latest", "coretests-img:two"] or set(history[0].tags or ()) == {
        "coretests-img:latest",
        "coretests-img:two",
    }
    assert sum(entry.size for entry in history) == listed(engine)["coretests-img:latest"].size
    assert [entry.created for entry in history] == sorted((entry.created for entry in history), reverse=True)


@pytest.mark.parametrize(("engine", "version", "api"), [("20", "20.10", "1.41"), ("28", "28.5", "1.51")])
def test_the_version_of_a_real_engine(engine: str, version: str, api: str) -> None:
    got = decode((DATA / f"version_{engine}.json").read_bytes(), Version, "version")
    assert got.version.startswith(version)
    assert (got.api_version, got.os, got.arch) == (api, "linux", "amd64")
    assert got.min_api_version


def summary(**changes: Any) -> Image:
    document = {"Id": "sha256:" + "ab" * 32, "Created": 5} | changes
    return image_from_summary(decode(json.dumps([document]).encode(), list[ImageSummary], "list")[0])


def test_the_least_that_a_list_may_say() -> None:
    got = summary(RepoTags=None, RepoDigests=None, Labels=None, SharedSize=-1, Future={})
    assert got == Image("sha256:" + "ab" * 32, created=5.0)
    assert got.dangling
    assert got.reference == got.short_id == "abababababab"


@pytest.mark.parametrize("tags", [None, [], ["<none>:<none>"]])
def test_a_dangling_image_in_the_words_of_each_engine(tags: list[str] | None) -> None:
    got = summary(RepoTags=tags, RepoDigests=["<none>@<none>"])
    assert got.dangling
    assert got.digests == ()


def test_tags_are_in_order_and_real() -> None:
    assert real_tags(["b:1", "<none>:<none>", "a:1"]) == ("a:1", "b:1")
    assert summary(RepoTags=["b:1", "a:1"]).reference == "a:1"


@pytest.mark.parametrize(("shared", "known"), [(-1, None), (0, 0), (7, 7)])
def test_a_shared_size_may_be_unknown(shared: int, known: int | None) -> None:
    assert summary(SharedSize=shared).shared_size == known


def test_the_least_that_an_inspect_may_say() -> None:
    got = image_from_inspect(decode(b'{"Id":"sha256:1","Config":null}', ImageInspect, "inspect"))
    assert got == Image("sha256:1")
    got = image_from_inspect(decode(b'{"Id":"sha256:1","Config":{"Labels":null}}', ImageInspect, "inspect"))
    assert got == Image("sha256:1")


@pytest.mark.parametrize("text", [b'{"Created":5}', b'{"Id":null,"Created":5}', b'{"Id":"a","Created":"now"}'])
def test_a_list_entry_without_its_essentials_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedAnswer, match="unexpected answer to list"):
        decode(b"[" + text + b"]", list[ImageSummary], "list")
