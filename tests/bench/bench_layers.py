"""Layers: what indexing costs over reading alone, memory a path, and how fast a tree of a million paths is browsed.

Run as `python tests/bench/bench_layers.py [--paths N] [--engine SOCKET --image NAME --docker CLI]`.
"""

import argparse
import http.client
import json
import resource
import socket
import statistics
import subprocess
import sys
import tarfile
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
    config = {"rootfs": {"diff_ids": ["sha256:0"]}, "history": [{"created_by": "ADD"}]}
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


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("docker")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def export(path: str, image: str, take: Callable[[bytes], None]) -> None:
    connection = UnixConnection(path)
    connection.request("GET", f"/images/{image}/get")
    response = connection.getresponse()
    while chunk := response.read1(CHUNK):
        take(chunk)
    connection.close()


def against_docker_save(path: str, image: str, docker: str) -> None:
    def indexed() -> None:
        indexer = ArchiveIndexer()
        export(path, image, indexer.feed)
        indexer.finish()

    line = [docker, "-H", f"unix://{path}", "save", image]
    save = timed(lambda: subprocess.run(line, stdout=subprocess.DEVNULL, check=True))
    ours = timed(indexed)
    print(f"{image}: docker save {save:.2f} s, indexed {ours:.2f} s, ratio {ours / save:.2f} (to reach: 1.1)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=1_000_000)
    parser.add_argument("--engine", help="the socket of an engine")
    parser.add_argument("--image", default="busybox")
    parser.add_argument("--docker", default="docker", help="the docker CLI")
    options = parser.parse_args()
    many_paths(options.paths)
    synthetic()
    if options.engine:
        against_docker_save(options.engine, options.image, options.docker)


if __name__ == "__main__":
    main()
