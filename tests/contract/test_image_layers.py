"""Layers against every engine: what a container wrote is found in the layer that its commit made."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, NotFound
from tui.engine.layer_lists import LayerLists
from tui.jobs.extract import ExtractJob, Selection
from tui.jobs.layer_cache import LayerCache
from tui.jobs.layer_file import LayerFileJob
from tui.jobs.layer_store import LayerStore
from tui.jobs.layers import LayersJob
from tui.model.compare import compare_files, shared_layers
from tui.model.file_lookup import locate
from tui.model.file_tree import ROOT, Change
from tui.model.layers import Layer
from tui.model.tree_codec import encode_tree
from tui.present.layer_tree import LayerTree, LayerView
from tui.present.layers import analysis_of, history_rows, image_rows

IMAGE = "busybox:latest"


@dataclass
class Bench:
    """An engine and what a test left in it."""

    engine: Engine
    lists: bool
    """Whether layers are read from what the daemon keeps on this machine; else from its archives."""
    cache: LayerCache = field(default_factory=LayerCache)
    containers: list[str] = field(default_factory=list[str])
    images: list[str] = field(default_factory=list[str])

    async def commit(self, script: str, image: str = IMAGE) -> str:
        """Return the ID of an image with what a shell script does in a container."""
        body = {"Image": image, "Cmd": ["sh", "-c", script]}
        made = await self.engine.containers.create(body, name=f"layers-{secrets.token_hex(4)}")
        self.containers.append(made.id)
        await self.engine.containers.start(made.id)
        async with asyncio.timeout(30):
            while (await self.engine.containers.read(made.id)).state != "exited":  # noqa: ASYNC110 - the engine knows
                await asyncio.sleep(0.02)
        committed = await self.engine.containers.commit(made.id)
        self.images.append(committed)
        return committed

    async def read(self, image: str) -> LayersJob:
        """Return a reading that has ended."""
        rows = history_rows(await self.engine.images.history(image))
        job = LayersJob(self.engine, self.cache, image, "it", sum(row.size for row in rows))
        job.start()
        await job.wait()
        return job


async def without_lists(_engine: Engine) -> LayerLists | None:
    return None


@pytest.fixture(params=["archive", "lists"])
async def bench(
    request: pytest.FixtureRequest, engine_socket: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    engine = Engine(Endpoint(f"unix://{engine_socket}", "test"))
    await engine.connect()
    by_lists = request.param == "lists"
    if not by_lists:
        monkeypatch.setattr(Engine, "layer_lists", without_lists)
    elif await engine.layer_lists() is None:
        await engine.close()
        pytest.skip("the daemon keeps no lists of layers, or none that may be read")
    bench = Bench(engine, by_lists)
    yield bench
    for container in bench.containers:
        await engine.containers.remove(container, force=True, volumes=True)
    for image in reversed(bench.images):
        try:
            await engine.images.remove(image, force=True)
        except NotFound:
            continue
    await engine.close()


async def test_a_written_file_is_in_the_layer_of_its_commit(bench: Bench) -> None:
    image = await bench.commit("mkdir -p /data/sub; echo hello >/data/sub/note.txt; rm /bin/cat; echo x >/motd")
    job = await bench.read(image)
    assert job.state == "done", job.error
    layers = job.layers
    assert layers is not None
    if bench.lists:
        assert not job.asked
    else:
        assert job.seen > sum(layer.blob_size for layer in layers.layers) > 0
    last = len(layers.layers) - 1
    view = LayerView.of(layers, last)
    source = LayerTree(view, whole=False)
    ways = {way[-1]: Change(view.tree.change[way[-1].node]) for way in source.changed_paths(100)}
    assert ways["/data/sub/note.txt"] is Change.ADDED
    assert ways["/bin/cat"] is Change.REMOVED
    assert ways["/motd"] is Change.ADDED
    note = source.path_to("/data/sub/note.txt")[-1]
    assert source.size_of(note.node) == 6
    assert view.tree.find("/bin/sh") is not None
    assert source.path_to("/bin/sh") == []  # of a layer below
    below = LayerView.of(layers, last - 1).tree
    assert below.find("/data/sub") is None
    assert below.find("/bin/cat") is not None


async def test_the_rows_are_those_of_the_history(bench: Bench) -> None:
    image = await bench.commit("echo x >/x")
    history = history_rows(await bench.engine.images.history(image))
    layers = (await bench.read(image)).layers
    assert layers is not None
    rows = image_rows(layers, history)
    assert [row.instruction for row in rows] == [row.instruction for row in history]
    assert rows[-1].image_id == image
    assert rows[-1].size == 2
    assert rows[-1].created is not None


async def test_waste_is_what_a_later_layer_hides(bench: Bench) -> None:
    first = await bench.commit(f"echo {'0' * 4999} >/big; echo 1 >/small")
    second = await bench.commit("rm /big; echo 22 >/small", first)
    layers = (await bench.read(second)).layers
    assert layers is not None
    analysis = analysis_of(layers)
    last = len(layers.layers) - 1
    lost = {one.path: (one.size, one.layer, one.by, one.how) for one in analysis.waste.files()}
    assert lost["/big"] == (5000, last - 1, last, "deleted")
    assert lost["/small"] == (2, last - 1, last, "rewritten")
    assert analysis.totals.waste == layers.size - analysis.whole.total_size(ROOT)
    assert 0 < analysis.totals.score < 1


ODD = """
mkdir -p /odd/empty /odd/deep/er; cd /odd
ln -s ../nowhere link; echo twice >one; ln one two; mkfifo pipe; chmod 4711 one; chown 7:8 two
touch -d '1965-04-03 02:01:00' old; touch "$(printf 'a\\nb \\303\\251 \\377')"
touch $(printf 'n%.0s' $(seq 1 200)); mkdir -p $(printf 'long/%.0s' $(seq 1 60)); truncate -s 3000000 holes
rm /bin/cat; rm -r /root; mkdir /root; echo new >/root/new
"""


async def test_lists_and_archive_tell_the_same(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    if not bench.lists:
        return  # the other way compares the two
    image = await bench.commit("rm -r /odd/deep; echo more >/odd/one", await bench.commit(ODD))
    listed = await bench.read(image)
    monkeypatch.setattr(Engine, "layer_lists", without_lists)
    bench.cache = LayerCache()
    told = await bench.read(image)
    assert (listed.asked, told.asked) == (False, True)
    assert (listed.state, told.state) == ("done", "done")
    assert len(layers_of(listed)) >= 3
    for one, other in zip(layers_of(listed), layers_of(told), strict=True):
        assert (one.diff_id, one.created_by, one.comment) == (other.diff_id, other.created_by, other.comment)
        assert encode_tree(one.tree) == encode_tree(other.tree)
    assert listed.layers is not None
    assert told.layers is not None
    assert msgspec.structs.replace(listed.layers, layers=()) == msgspec.structs.replace(told.layers, layers=())


async def test_what_was_read_is_asked_for_no_more_in_the_next_run(bench: Bench, tmp_path: Path) -> None:
    first = await bench.commit("echo 1 >/one")
    second = await bench.commit("echo 2 >/two", first)
    jobs: list[LayersJob] = []
    for image in (first, second, second):
        bench.cache = LayerCache(LayerStore(tmp_path))  # as another run of hythe has it
        jobs.append(await bench.read(image))
        bench.cache.close()
    assert [job.state for job in jobs] == ["done"] * 3
    assert [job.asked for job in jobs] == ([False] * 3 if bench.lists else [True, True, False])
    assert jobs[0].layers is not None
    count = sum(not layer.empty for layer in jobs[0].layers.layers)
    assert [job.reused for job in jobs] == [0, count, count + 1]
    paths = [[layer.tree.path(n) for n in range(len(layer.tree))] for layer in layers_of(jobs[1])]
    assert paths == [[layer.tree.path(n) for n in range(len(layer.tree))] for layer in layers_of(jobs[2])]
    assert [layer.diff_id for layer in layers_of(jobs[1])] == [layer.diff_id for layer in layers_of(jobs[2])]


async def test_a_file_of_each_layer_is_looked_at_and_extracted(bench: Bench, tmp_path: Path) -> None:
    first = await bench.commit("mkdir /data; echo old >/data/note; echo gone >/data/gone; ln -s note /data/link")
    image = await bench.commit("echo newer >/data/note; rm /data/gone; echo $(seq 1 9000) >/data/long", first)
    layers = (await bench.read(image)).layers
    assert layers is not None
    last = len(layers.layers) - 1

    async def content(number: int, path: str, most: int = 1 << 20) -> bytes:
        assert layers is not None
        view = layers.view(number)
        node = view.find(path)
        assert node is not None
        job = LayerFileJob(bench.engine, image, "it", layers, locate(layers, view, node), most)
        job.start()
        await job.wait()
        assert job.state == "done", job.error
        assert (job.seen == 0) == bench.lists
        return job.content

    assert await content(last - 1, "/data/note") == b"old\n"
    assert await content(last, "/data/note") == b"newer\n"
    assert await content(last, "/data/link") == b"newer\n"
    assert await content(last, "/data/gone") == b"gone\n"
    assert await content(last, "/data/long", 10) == b"1 2 3 4 5 "

    view = layers.view(last)
    folder = view.find("/data")
    assert folder is not None
    job = ExtractJob(bench.engine, image, "it", Selection(layers, view, folder), tmp_path)
    job.start()
    await job.wait()
    assert job.state == "done", job.error
    assert (tmp_path / "data" / "note").read_bytes() == b"newer\n"
    assert (tmp_path / "data" / "link").read_bytes() == b"newer\n"
    assert (tmp_path / "data" / "long").read_bytes() == b" ".join(b"%d" % n for n in range(1, 9001)) + b"\n"
    assert sorted(os.listdir(tmp_path / "data")) == ["link", "long", "note"]


async def test_two_images_are_compared(bench: Bench) -> None:
    first = await bench.commit("echo 1 >/only; echo 1 >/both")
    second = await bench.commit("echo 22 >/both; echo 3 >/more")
    one, other = (await bench.read(first)).layers, (await bench.read(second)).layers
    assert one is not None
    assert other is not None
    found = compare_files(analysis_of(one).whole, analysis_of(other).whole)
    changes = {found.tree.path(node): Change(found.tree.change[node]) for node in range(1, len(found.tree))}
    assert {path: changes[path] for path in ("/only", "/both", "/more", "/bin/sh")} == {
        "/only": Change.REMOVED,
        "/both": Change.CHANGED,
        "/more": Change.ADDED,
        "/bin/sh": Change.SAME,
    }
    base = sum(not layer.empty for layer in one.layers) - 1
    assert shared_layers(one, other).common == base


def layers_of(job: LayersJob) -> list[Layer]:
    """The layers of a reading that have files."""
    assert job.layers is not None
    return [layer for layer in job.layers.layers if not layer.empty]


async def test_the_daemons_words_say_what_is_wrong(bench: Bench) -> None:
    gone = "sha256:" + "0" * 64
    job = LayersJob(bench.engine, bench.cache, gone, gone)
    job.start()
    await job.wait()
    assert job.state == "failed"
    assert "0" * 64 in job.error  # 20.10 and 28 tell of the file that they miss
    assert isinstance(job.exception, ApiError)
    assert bench.cache.get(gone) is None


async def test_a_cancelled_reading_leaves_nothing_and_the_engine_answers(bench: Bench) -> None:
    job = LayersJob(bench.engine, bench.cache, (await bench.engine.images.read(IMAGE)).id, IMAGE)
    job.start()
    await asyncio.sleep(0)  # it has begun
    await job.cancel()
    assert job.state == "cancelled"
    assert job.layers is None
    again = await bench.read(IMAGE)
    assert again.state == "done"
    assert bench.cache.get(again.image_id) is again.layers
