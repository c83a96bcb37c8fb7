"""What is asked of the daemon for an image's layers: nothing that is known, and no archive further than needed."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncGenerator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from archives import Files, diff_id, docker_archive, tar
from tui.engine.engine import Engine
from tui.engine.layer_lists import LayerLists
from tui.jobs.layer_cache import LayerCache
from tui.jobs.layer_store import LayerStore
from tui.jobs.layers import LayersJob
from tui.model.images import HistoryEntry
from tui.model.layers import ImageStack

BASE, MIDDLE, TOP = (tar({f"{name}/file": name.encode() * 300}) for name in ("base", "middle", "top"))
REMOVAL = tar({"base/.wh.file": b""})


def size_of(layer: bytes) -> int:
    """The bytes of a layer's files."""
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        return sum(member.size for member in archive)


class Daemon:
    """Images of a daemon that counts what is asked of it; `packed` as the containerd store has them."""

    def __init__(self, *, packed: bool = False) -> None:
        self.images = SimpleNamespace(stack=self._stack, history=self._history, archive=self._archive)
        self._known: dict[str, tuple[list[bytes], list[HistoryEntry], bytes]] = {}
        self.tags: dict[str, list[str]] = {}
        self._packed = packed
        self.archives = self.passed = 0

    def add(self, name: str, *layers: bytes, words: tuple[str, ...] = (), empty: str = "CMD x") -> None:
        """Add an image; the last entry of its history is empty."""
        told = words or tuple(f"RUN {number}" for number in range(len(layers)))
        config = {
            "rootfs": {"diff_ids": [diff_id(layer) for layer in layers]},
            "history": [*({"created_by": word} for word in told), {"created_by": empty, "empty_layer": True}],
            "config": {"Env": ["A=1"]},
        }
        members = {layer: gzip.compress(layer, mtime=0) if self._packed else layer for layer in layers}
        sizes = [size_of(layer) for layer in layers]
        history = [HistoryEntry("<missing>", 1, word, size=size) for word, size in zip(told, sizes, strict=True)]
        history.append(HistoryEntry("sha256:x", 1, empty))
        self._known[name] = (list(layers), history[::-1], tar(layout([members[layer] for layer in layers], config)))

    async def layer_lists(self) -> LayerLists | None:
        return None

    async def _stack(self, image: str) -> ImageStack:
        layers, _, _ = self._known[image]
        tags = self.tags.get(image, [f"{image}:1"])
        told = {"Id": f"sha256:{hashlib.sha256(image.encode()).hexdigest()}", "RepoTags": tags}
        text = json.dumps({**told, "RootFS": {"Layers": [diff_id(layer) for layer in layers]}})
        return msgspec.json.decode(text, type=ImageStack)

    async def _history(self, image: str) -> list[HistoryEntry]:
        return self._known[image][1]

    async def _archive(self, image: str) -> AsyncGenerator[bytes]:
        self.archives += 1
        data = self._known[image][2]
        for start in range(0, len(data), 512):
            yield data[start : start + 512]
            self.passed += 512


def layout(members: list[bytes], config: dict[str, object]) -> Files:
    """An OCI layout in which blobs stand in the order of the layers."""
    text = json.dumps(config).encode()
    names = [f"blobs/sha256/{hashlib.sha256(data).hexdigest()}" for data in [*members, text]]
    manifest = [{"Config": names[-1], "RepoTags": None, "Layers": names[:-1]}]
    return {
        "blobs": (tarfile.DIRTYPE, ""),
        **dict(zip(names, [*members, text], strict=True)),
        "manifest.json": json.dumps(manifest).encode(),
    }


def cache_in(folder: Path) -> LayerCache:
    return LayerCache(LayerStore(folder))


def mislead(folder: Path, digest: str, to: str) -> None:
    """Let a digest's name lead to another layer."""
    (next(folder.glob("layers-*/trees")) / digest).symlink_to(to.removeprefix("sha256:"))


async def read(daemon: Daemon, cache: LayerCache, image: str) -> LayersJob:
    job = LayersJob(cast(Engine, daemon), cache, image, image)
    job.start()
    await job.wait()
    cache.close()
    assert job.state == "done", job.error
    assert job.layers is not None
    return job


@pytest.mark.parametrize("packed", [False, True], ids=["overlay", "containerd"])
async def test_the_next_run_asks_for_no_archive(tmp_path: Path, packed: bool) -> None:
    daemon = Daemon(packed=packed)
    daemon.add("app", BASE, TOP)
    first = await read(daemon, cache_in(tmp_path), "app")
    again = await read(daemon, cache_in(tmp_path), "app")
    assert (first.asked, again.asked, again.reused, daemon.archives) == (True, False, 2, 1)
    assert first.layers is not None
    assert again.layers is not None
    for one, other in zip(first.layers.layers, again.layers.layers, strict=True):
        assert [getattr(one, name) for name in one.__struct_fields__ if name != "tree"] == [
            getattr(other, name) for name in other.__struct_fields__ if name != "tree"
        ]
        assert len(one.tree) == len(other.tree)
    assert again.layers.tags == ("app:1",)


@pytest.mark.parametrize("packed", [False, True], ids=["overlay", "containerd"])
async def test_a_shared_layer_is_read_once(tmp_path: Path, packed: bool) -> None:
    daemon = Daemon(packed=packed)
    daemon.add("one", BASE, MIDDLE)
    daemon.add("other", BASE, TOP)
    await read(daemon, cache_in(tmp_path), "one")
    job = await read(daemon, cache_in(tmp_path), "other")
    assert (job.asked, job.reused) == (True, 1)
    assert job.layers is not None
    assert [layer.diff_id for layer in job.layers.layers] == [diff_id(BASE), diff_id(TOP), ""]
    assert job.layers.view(2).find("/base/file") is not None
    store = LayerStore(tmp_path)
    assert all(store.tree(diff_id(layer).removeprefix("sha256:")) for layer in (BASE, MIDDLE, TOP))


async def test_the_archive_is_read_no_further_than_what_is_missing(tmp_path: Path) -> None:
    large = tar({"large": bytes(300_000)})
    daemon = Daemon()
    daemon.add("one", large)
    daemon.add("other", TOP, large)
    await read(daemon, cache_in(tmp_path), "one")
    before = daemon.passed
    job = await read(daemon, cache_in(tmp_path), "other")
    assert daemon.passed - before < 50_000
    assert job.layers is not None
    assert [layer.diff_id for layer in job.layers.layers] == [diff_id(TOP), diff_id(large), ""]
    assert job.layers.layers[0].member.startswith("blobs/sha256/")
    assert [layer.empty for layer in job.layers.layers] == [False, False, True]


async def test_an_image_of_known_layers_needs_no_archive(tmp_path: Path) -> None:
    daemon = Daemon()
    daemon.add("one", BASE, TOP)
    daemon.add("labelled", BASE, TOP, empty="LABEL a=b")
    await read(daemon, cache_in(tmp_path), "one")
    job = await read(daemon, cache_in(tmp_path), "labelled")
    assert (job.asked, job.reused) == (False, 2)
    assert job.layers is not None
    assert [layer.created_by for layer in job.layers.layers] == ["RUN 0", "RUN 1", "LABEL a=b"]
    assert job.layers.layers[0].created == "1970-01-01T00:00:01+00:00"


@pytest.mark.parametrize(("first", "then"), [((BASE, TOP), (BASE,)), ((BASE,), (BASE, TOP))], ids=["less", "more"])
@pytest.mark.parametrize("run", ["one", "the next"])
async def test_another_platform_under_the_same_id_is_read_anew(
    tmp_path: Path, run: str, first: tuple[bytes, ...], then: tuple[bytes, ...]
) -> None:
    """In containerd's store an image's ID is the index's, which stays when another platform of it is pulled."""
    daemon = Daemon(packed=True)
    daemon.add("app", *first)
    cache = cache_in(tmp_path)
    await read(daemon, cache, "app")
    daemon.add("app", *then)
    job = await read(daemon, cache if run == "one" else cache_in(tmp_path), "app")
    assert job.layers is not None
    assert [layer.diff_id for layer in job.layers.layers if not layer.empty] == [*map(diff_id, then)]


async def test_an_image_in_memory_has_the_tags_of_now(tmp_path: Path) -> None:
    daemon = Daemon()
    daemon.add("app", BASE)
    cache = cache_in(tmp_path)
    await read(daemon, cache, "app")
    daemon.tags["app"] = ["app:2", "<none>:<none>"]
    job = await read(daemon, cache, "app")
    assert (daemon.archives, job.reused) == (1, 1)
    assert job.layers is not None
    assert job.layers.tags == ("app:2",)


async def test_where_the_history_is_not_certain_the_archive_tells(tmp_path: Path) -> None:
    daemon = Daemon()
    daemon.add("one", BASE, REMOVAL)
    daemon.add("other", BASE, REMOVAL, words=("RUN 0", "RUN rm"), empty="RUN true")
    await read(daemon, cache_in(tmp_path), "one")
    job = await read(daemon, cache_in(tmp_path), "other")
    assert job.asked
    assert job.layers is not None
    assert [(layer.created_by, layer.empty) for layer in job.layers.layers] == [
        ("RUN 0", False), ("RUN rm", False), ("RUN true", True),
    ]  # fmt: skip


async def test_what_is_known_wrongly_is_read_again(tmp_path: Path) -> None:
    daemon = Daemon(packed=True)
    daemon.add("one", BASE)
    daemon.add("other", TOP, BASE)
    await read(daemon, cache_in(tmp_path), "one")
    mislead(tmp_path, hashlib.sha256(gzip.compress(TOP, mtime=0)).hexdigest(), diff_id(BASE))
    job = await read(daemon, cache_in(tmp_path), "other")
    assert daemon.archives == 3
    assert job.layers is not None
    assert job.layers.layers[0].tree.find("/top/file") is not None


async def test_content_that_is_not_what_the_image_names_is_refused(tmp_path: Path) -> None:
    daemon = Daemon()
    daemon.add("app", BASE, TOP)
    layers, history, data = daemon._known["app"]
    daemon._known["app"] = (layers, history, data.replace(b"top" * 300, b"pot" * 300))
    job = LayersJob(cast(Engine, daemon), cache_in(tmp_path), "app", "app")
    job.start()
    await job.wait()
    assert job.state == "failed"
    assert "has not the content that the image names" in job.error
    assert hashlib.sha256(TOP).hexdigest() in job.error


async def test_a_reading_that_breaks_keeps_the_layers_that_came_whole(tmp_path: Path) -> None:
    daemon = Daemon()
    daemon.add("app", BASE, TOP)
    layers, history, data = daemon._known["app"]
    daemon._known["app"] = (layers, history, data[: data.index(b"top/file") + 600])
    cache = cache_in(tmp_path)
    job = LayersJob(cast(Engine, daemon), cache, "app", "app")
    job.start()
    await job.wait()
    cache.close()
    assert job.state == "failed"
    store = LayerStore(tmp_path)
    assert store.tree(diff_id(BASE).removeprefix("sha256:")) is not None
    assert store.tree(diff_id(TOP).removeprefix("sha256:")) is None


async def test_docker_s_older_layout_is_reused_too(tmp_path: Path) -> None:
    daemon = Daemon()
    daemon.add("one", BASE, MIDDLE)
    daemon.add("other", BASE, TOP)
    for name, layers in (("one", [BASE, MIDDLE]), ("other", [BASE, TOP])):
        config = {"rootfs": {"diff_ids": [diff_id(layer) for layer in layers]}, "history": [{}, {}]}
        data = tar({**docker_archive(layers, config)})
        daemon._known[name] = (layers, daemon._known[name][1][1:], data)
    await read(daemon, cache_in(tmp_path), "one")
    job = await read(daemon, cache_in(tmp_path), "other")
    assert job.reused == 1
    assert job.layers is not None
    assert [layer.diff_id for layer in job.layers.layers] == [diff_id(BASE), diff_id(TOP)]
