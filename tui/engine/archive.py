"""Reads an image's layers from its archive while it streams by: trees of files, never the files."""

import asyncio
import hashlib
import posixpath
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Protocol

import msgspec

from tui.engine.archive_reader import MAX_JSON, ArchiveError, ArchiveReader, Config, LayerBody, Manifest
from tui.engine.tar_entries import add_entry
from tui.engine.tarscan import TarHeader, TarScanner
from tui.model.file_tree import FileTree
from tui.model.layers import ImageConfig, ImageLayers, Layer
from tui.model.tree_builder import TreeBuilder

__all__ = ["ArchiveError", "ArchiveIndexer", "KnownLayer", "digest_in", "index_archive", "stack_of"]

MAX_ENTRIES: Final = 2_000_000
_SLICE: Final = 256 << 10
_PACKED_SLICE: Final = 64 << 10
"""Unpacked it may be a thousand times as much."""
_BATCH: Final = 1 << 20
"""Bytes that are handed to the thread at once, where there are so many."""
_AHEAD: Final = 16
"""Pieces that may have come in beyond those that are looked at."""
_MOST_WAITING: Final = 16
"""Pieces whose digest may still be counted."""
_DIGEST: Final = re.compile(r"(?:\A|/)([0-9a-f]{64})(?:/layer\.tar|\.tar)?\Z")


class KnownLayer(msgspec.Struct, frozen=True):
    """A layer that was read: `diff_id` is the digest of its unpacked archive, and `tree` what is in it."""

    diff_id: str
    tree: FileTree


def stack_of(config: Config, bodies: Sequence[tuple[str, str, int, FileTree, str]]) -> list[Layer]:
    """Returns the entries of an image's history, each with its layer; layers that it does not tell of come last.

    `bodies` are the last fields of a Layer, from its diff ID on, the lowest layer first.
    """
    layers: list[Layer] = []
    taken = 0
    for entry in config.history or []:
        words = (entry.created_by or "", entry.created or "", entry.comment or "")
        if entry.empty_layer:
            layers.append(Layer(*words, empty=True))
        elif taken < len(bodies):
            layers.append(Layer(*words, False, *bodies[taken]))
            taken += 1
    return layers + [Layer("", "", "", False, *body) for body in bodies[taken:]]


def digest_in(member: str) -> str:
    """Returns the 64 hexadecimal digits that the name of a layer's member tells it by; empty for other names.

    They are those of the blob's digest in an OCI layout, and in Docker's older one those of an identifier that follows
    from the content of the layer and of those below it.
    """
    found = _DIGEST.search(member)
    return found[1] if found else ""


class _Digest:
    """The SHA-256 of a stream, counted in a thread of its own: hashlib leaves the interpreter to others meanwhile."""

    _threads = ThreadPoolExecutor(1, "layer-digest")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._waiting: deque[Future[None]] = deque()

    def update(self, data: memoryview) -> None:
        """Take the next piece; when many wait, the first of them is waited for."""
        self._waiting.append(self._threads.submit(self._hash.update, data))
        if len(self._waiting) > _MOST_WAITING:
            self._waiting.popleft().result()

    def finish(self) -> str:
        """Return it as the digest of a layer."""
        for future in self._waiting:
            future.result()
        return f"sha256:{self._hash.hexdigest()}"


class _IndexedLayer:
    """A layer's archive: its entries become a tree, and its bytes a digest."""

    def __init__(self, owner: "ArchiveIndexer", name: str, size: int) -> None:
        self._owner = owner
        self._name = name
        self._size = size
        self._builder = TreeBuilder()
        self._scanner = TarScanner(self._entry)
        self._digest = _Digest()

    def feed(self, data: memoryview) -> None:
        self._digest.update(data)
        self._scanner.feed(data)

    def close(self) -> None:
        self._scanner.close()
        layer = KnownLayer(self._digest.finish(), self._builder.finish())
        self._owner.take_layer(self._name, layer, self._size)

    def _entry(self, header: TarHeader) -> None:
        before = len(self._builder)
        add_entry(self._builder, header)
        self._owner.count(len(self._builder) - before, header.name)


class ArchiveIndexer(ArchiveReader):
    """Takes the archive in pieces and keeps the trees, never the files. Memory grows with the number of paths alone."""

    def __init__(
        self,
        *,
        known: Callable[[str], KnownLayer | None] = lambda _digest: None,
        diff_ids: list[str] | None = None,
        on_layer: Callable[[str, KnownLayer], object] = lambda _digest, _layer: None,
        max_entries: int = MAX_ENTRIES,
        max_json: int = MAX_JSON,
    ) -> None:
        """`known` returns a layer by the digits of `digest_in`, whose body is skipped then; `diff_ids` are those of the
        image that is wanted, where they are known; `on_layer` is told of each layer as soon as it was read.
        `max_entries` bounds the paths in all layers.
        """
        super().__init__(max_json=max_json)
        self._known = known
        self._diff_ids = diff_ids
        self._on_layer = on_layer
        self._max_entries = max_entries
        self._entries = 0
        self._layers: dict[str, tuple[KnownLayer, int]] = {}
        self.skipped = 0
        """Layers whose bodies were not read because they were known."""

    @property
    def read(self) -> dict[str, tuple[str, int]]:
        """The layers passed so far: member name and size by diff ID."""
        return {layer.diff_id: (name, size) for name, (layer, size) in self._layers.items()}

    def finish(self) -> ImageLayers:
        """Returns the layers of the image. Raises ArchiveError where the archive is cut, incomplete or has others."""
        self.close()
        manifest, config = self.image(self._diff_ids)
        return ImageLayers(
            tuple(self._stack(manifest, config)),
            config.config or ImageConfig(),
            tuple(manifest.repo_tags or ()),
            config.architecture,
            config.os,
            config.created or "",
        )

    def passes_over(self, name: str, size: int) -> bool:
        layer = self._known(digest) if (digest := digest_in(name)) else None
        if layer is not None:
            self._layers[name] = (layer, size)
            self.skipped += 1
        return layer is not None

    def open_layer(self, name: str, size: int) -> LayerBody:
        return _IndexedLayer(self, name, size)

    def count(self, paths: int, name: bytes) -> None:
        """Counts new paths of a layer."""
        self._entries += paths
        if self._entries > self._max_entries:
            raise ArchiveError(f"the layers have more than {self._max_entries} paths, at {ascii(name)[1:200]}")

    def take_layer(self, name: str, layer: KnownLayer, size: int) -> None:
        """Keeps a layer that was read to its end."""
        self._layers[name] = (layer, size)
        self._on_layer(digest_in(name), layer)

    def _stack(self, manifest: Manifest, config: Config) -> list[Layer]:
        told = config.rootfs.diff_ids
        bodies = [self._found(name, told[n] if n < len(told) else "") for n, name in enumerate(manifest.layers)]
        return stack_of(config, bodies)

    def _found(self, name: str, diff_id: str) -> tuple[str, str, int, FileTree, str]:
        """The diff ID, digest, size, tree and member of a layer that the manifest names."""
        place = self.place(name)
        found = self._layers.get(place)
        if found is None:
            raise ArchiveError(f"the layer {name!a} that manifest.json names is not in the archive")
        layer, size = found
        if diff_id.startswith("sha256:") and diff_id != layer.diff_id:
            raise ArchiveError(f"the layer {name!a} has not the content that the image names: {diff_id} is expected")
        return layer.diff_id, _blob(place), size, layer.tree, place


def _blob(name: str) -> str:
    """The digest of a blob by its name in an OCI layout; empty for other names."""
    parts = posixpath.normpath(name).split("/")
    return f"{parts[1]}:{parts[2]}" if len(parts) == 3 and parts[0] == "blobs" else ""


class Pieces(Protocol):
    """Takes an archive in pieces; `packed` tells whether a small one may take long."""

    packed: bool

    def feed(self, chunk: bytes | memoryview) -> None:
        """Takes the next bytes, which must not change afterwards."""
        ...


async def index_archive(
    chunks: AsyncIterable[bytes], indexer: Pieces, enough: Callable[[], bool] = lambda: False
) -> bool:
    """Feeds a streamed archive to its reader, in a thread, while the next pieces come in.

    Returns False where `enough`, which is asked in the thread too, said so before the archive's end; the rest is left
    unread. Raises ArchiveError, and what `chunks` raises. When it returns, or is cancelled, nothing goes on.
    """
    waiting: asyncio.Queue[bytes | None] = asyncio.Queue(_AHEAD)
    coming = asyncio.create_task(_fill(chunks, waiting))
    feeder = _Feeder(indexer, enough)
    try:
        while not feeder.has_enough and (batch := await _batch(waiting)):
            await feeder.feed(batch)
        if not feeder.has_enough:
            await coming
    finally:
        coming.cancel()
        await asyncio.wait([coming])
    return not feeder.has_enough


async def _fill(chunks: AsyncIterable[bytes], waiting: "asyncio.Queue[bytes | None]") -> None:
    """Puts what comes into the queue, and None behind the last piece, whether that is the end or an error."""
    try:
        async for chunk in chunks:
            await waiting.put(chunk)
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
        if (task := asyncio.current_task()) is None or not task.cancelling():
            await waiting.put(None)


async def _batch(waiting: "asyncio.Queue[bytes | None]") -> list[bytes]:
    """The pieces that are there, one at least; none at the end."""
    batch: list[bytes] = []
    size = 0
    chunk = await waiting.get()
    while chunk is not None:
        batch.append(chunk)
        size += len(chunk)
        if size >= _BATCH or waiting.empty():
            return batch
        chunk = waiting.get_nowait()
    if batch:
        waiting.put_nowait(None)  # for the next time; there is room, as it was just taken out
    return batch


class _Feeder:
    """Feeds pieces to a reader in a thread; when that is cancelled, the thread stops within a slice."""

    def __init__(self, indexer: Pieces, enough: Callable[[], bool]) -> None:
        self._indexer = indexer
        self._enough = enough
        self._stopped = False
        self.has_enough = False

    async def feed(self, batch: list[bytes]) -> None:
        """Take the next pieces. Raises what the reader raises."""
        task = asyncio.ensure_future(asyncio.to_thread(self._feed, batch))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stopped = True
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # taken note of: nobody is there for it any more
            raise

    def _feed(self, batch: list[bytes]) -> None:
        indexer = self._indexer
        for chunk in batch:
            view = memoryview(chunk)
            start = 0
            while start < len(view) and not self._stopped:
                piece = view[start : start + (_PACKED_SLICE if indexer.packed else _SLICE)]
                start += len(piece)
                indexer.feed(piece)
                if self._enough():
                    self.has_enough = True
                    return
