"""Layers: what indexing costs over reading alone, memory a path, and how fast a tree of a million paths is browsed.

Run as `python tests/bench/bench_layers.py [--paths N] [--engine SOCKET --image NAME --docker CLI]`; with
`--shares NAME` for an image that has all layers of the first and more, and `--dive PROGRAM` for dive's time and memory.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tui.engine.archive import ArchiveIndexer
from tui.model.file_tree import ROOT
from tui.model.layers import ImageLayers

CHUNK = 256 << 10
ROUNDS = 5


TEMPLATE = tarfile.TarInfo("")
TEMPLATE.mtime = 1_700_000_000
BLANK = TEMPLATE.tobuf(tarfile.GNU_FORMAT)
BLANK_SUM = int(BLANK[148:154], 8) - sum(BLANK[124:136])


def header(name: str, size: int) -> bytes:
    """A tar header, made faster than the standard library does so that the reading is what is measured."""
    raw, length = name.encode(), b"%011o\0" % size
    total = BLANK_SUM + sum(raw) + sum(length)
    return b"".join((raw, BLANK[len(raw) : 124], length, BLANK[136:148], b"%06o\0 " % total, BLANK[156:]))


def layer(paths: int, size: int) -> Iterator[bytes]:
    """A layer of `paths` files of `size` bytes, forty to a folder."""
    body = bytes(size + -size % 512)
    for number in range(paths):
        yield header(f"usr/share/d{number // 1600:04}/s{number // 40 % 40:02}/file-{number:07}.dat", size) + body
    yield bytes(1024)


def archive(paths: int, size: int) -> Iterator[bytes]:
    """An image of one layer and its metadata, in chunks."""
    config = {"rootfs": {"diff_ids": []}, "history": [{"created_by": "ADD"}]}
    manifest = [{"Config": "c.json", "RepoTags": [], "Layers": ["l/layer.tar"]}]
    length = paths * (512 + size + -size % 512) + 1024
    pending = bytearray(header("l/layer.tar", length))
    for part in layer(paths, size):
        pending += part
        if len(pending) >= CHUNK:
            yield bytes(pending)
            pending.clear()
    for name, value in (("c.json", config), ("manifest.json", manifest)):
        text = json.dumps(value).encode()
        pending += header(name, len(text)) + text.ljust(len(text) + -len(text) % 512, b"\0")
    yield bytes(pending + bytes(1024))


def timed(work: Callable[[], object]) -> float:
    """The median seconds of several runs."""
    times: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def index(chunks: Iterator[bytes] | list[bytes]) -> ImageLayers:
    indexer = ArchiveIndexer()
    for chunk in chunks:
        indexer.feed(chunk)
    return indexer.finish()


def resident() -> int:
    """This process's memory in bytes, now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def many_paths(paths: int) -> None:
    before = resident()
    start = time.perf_counter()
    image = index(archive(paths, 0))
    took = time.perf_counter() - start
    tree = image.layers[0].tree
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    kept = resident() - before
    print(f"{paths:,} paths: {took:.2f} s to index, {took / paths * 1e6:.1f} us a path")
    print(
        f"  memory kept {kept / 1e6:.0f} MB ({kept / len(tree):.0f} B a path), peak of the process {peak / 1e6:.0f} MB"
    )
    view_time = timed(lambda: image.view(0))
    view = image.view(0)
    print(f"  view of the image: {view_time:.2f} s ({view_time / paths * 1e6:.2f} us a path)")
    deep = f"/usr/share/d{(paths - 1) // 1600:04}/s00"
    folder = view.find(deep)
    assert folder is not None
    assert view.file_count(ROOT) == paths

    def open_folder() -> list[object]:
        nodes = view.children(view.find(deep) or ROOT)
        return [(view.name(node), view.kind(node), view.total_size(node), view.link(node)) for node in nodes]

    print(f"  open a folder: {timed(open_folder) * 1e3:.3f} ms")
    print(f"  search, one hit: {timed(lambda: list(view.search(f'{paths - 1:07}'))) * 1e3:.1f} ms")


def synthetic() -> None:
    for paths, size in ((60_000, 10_000), (2_000, 300_000)):
        chunks = list(archive(paths, size))
        total = sum(map(len, chunks))
        copy = timed(lambda chunks=chunks: [bytes(memoryview(chunk)) for chunk in chunks])
        print(f"{paths:,} files, {total / 1e6:.0f} MB: copying the bytes {copy:.3f} s", end="; ")
        print(f"indexed {timed(lambda chunks=chunks: index(chunks)):.3f} s")


READ = """
import asyncio, resource, sys, time
from pathlib import Path
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.jobs.layer_cache import LayerCache
from tui.jobs.layer_store import LayerStore
from tui.jobs.layers import LayersJob
from tui.present.layer_tree import LayerView
from tui.present.layers import analysis_of

async def none(engine):
    return None

async def read(socket, cache, image, way):
    if way == "archive":
        Engine.layer_lists = none
    engine, layers = Engine(Endpoint("unix://" + socket, "bench")), LayerCache(LayerStore(Path(cache)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    job = LayersJob(engine, layers, image, image)
    job.start()
    await job.wait()
    read = time.perf_counter() - start
    assert job.layers is not None, job.error
    view = LayerView.of(job.layers, len(job.layers.layers) - 1)
    seen = time.perf_counter() - start
    analysis_of(job.layers, view.tree)
    whole = time.perf_counter() - start
    layers.close()
    await engine.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(read, seen, whole, (peak - before) * 1024, peak * 1024, job.seen)

asyncio.run(read(*sys.argv[1:]))
"""


def reading(path: str, cache: str, image: str, way: str = "archive") -> list[float]:
    """Read it from the `archive`, or from the daemon's own `lists`, which need this to be its machine, and root.

    Returns seconds until it is read, its tree is there, all is counted; memory above the start, in all; bytes seen."""
    line = [sys.executable, "-c", READ, path, cache, image, way]
    done = subprocess.run(line, cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def save_time(line: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(line, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def against_docker_save(path: str, image: str, docker: str, shares: str, dive: str) -> None:
    line = [docker, "-H", f"unix://{path}", "save", image]
    saves: list[float] = []
    ours: list[list[float]] = []
    lists: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):  # in turns, so that both see the same machine
            saves.append(save_time(line))
            ours.append(reading(path, f"{folder}/{number}", image))
            lists.append(reading(path, f"{folder}/l{number}", image, "lists"))
        save, read = statistics.median(saves), statistics.median(one[0] for one in ours)
        print(f"{image}: docker save {save:.2f} s, indexed {read:.2f} s, ratio {read / save:.2f} (to reach: 1.1)")
        whole, grown, peak = (statistics.median(one[at] for one in ours) for at in (2, 3, 4))
        listed, held = (statistics.median(one[at] for one in lists) for at in (2, 3))
        print(f"  from the daemon's own lists, with waste and totals {listed:.2f} s, ratio {listed / save:.2f}; "
              f"memory +{held / 1e6:.0f} MB")  # fmt: skip
        print(f"  with waste and totals {whole:.2f} s; memory +{grown / 1e6:.0f} MB, {peak / 1e6:.0f} MB in all")
        again = [reading(path, f"{folder}/0", image) for _ in range(ROUNDS)]
        seen = statistics.median(one[1] for one in again)
        print(f"  again, in another run: {seen:.2f} s until its tree is there (to reach: 0.3 s)")
        if shares:
            other = [reading(path, shutil.copytree(f"{folder}/0", f"{folder}/s{n}"), shares) for n in range(ROUNDS)]
            read, seen = (statistics.median(one[at] for one in other) for at in (0, 5))
            print(f"{shares}, which shares its layers: {read:.2f} s, {seen / 1e6:.1f} MB of the archive passed")
        if dive:
            archive = f"{folder}/image.tar"
            with open(archive, "wb") as out:
                subprocess.run(line, stdout=out, check=True)
            start = time.perf_counter()
            command = [dive, "--source", "docker-archive", archive, "--json", f"{folder}/dive.json"]
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            took = time.perf_counter() - start
            used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
            print(f"  dive on the saved archive {took:.2f} s, with docker save {took + save:.2f} s: "
                  f"ratio {whole / (took + save):.2f}, by lists {listed / (took + save):.2f} (to reach: 0.6); "
                  f"at most {used / 1e6:.0f} MB")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=1_000_000, help="0: no synthetic archives")
    parser.add_argument("--engine", help="the socket of an engine")
    parser.add_argument("--image", default="busybox")
    parser.add_argument("--shares", default="", help="an image with all layers of the other")
    parser.add_argument("--docker", default="docker", help="the docker CLI")
    parser.add_argument("--dive", default="", help="the dive program")
    options = parser.parse_args()
    if options.paths:
        many_paths(options.paths)
        synthetic()
    if options.engine:
        against_docker_save(options.engine, options.image, options.docker, options.shares, options.dive)


if __name__ == "__main__":
    main()
