"""Reads an image's layers: from the cache, from what the daemon keeps on this machine, or from its archive."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from shlex import quote
from typing import Final

import msgspec

from tui.engine.archive import ArchiveError, ArchiveIndexer, KnownLayer, index_archive
from tui.engine.engine import Engine
from tui.engine.layer_lists import ListError
from tui.jobs.job import Job
from tui.jobs.layer_cache import LayerCache
from tui.jobs.list_reading import ListReading
from tui.model.images import HistoryEntry
from tui.model.layers import ImageConfig, ImageLayers, ImageStack, Layer
from tui.model.line_up import line_up
from tui.present.units import size

PACE: Final = 0.2
"""The least seconds between two words about the progress."""

RATE_SECONDS: Final = 3.0
"""The time over which the rate is taken."""


class LayersJob(Job):
    """Reads one image. `seen` bytes have come of about `expected` (0: unknown); `layers` is there when it is done.

    `image_id` is the image's ID as soon as the daemon told it. `reused` counts layers that were known, and `asked` says
    whether the daemon was asked for the archive at all. It ends with ArchiveError or EngineError in the daemon's words,
    kept in `exception`.
    """

    screen = "layers"

    def __init__(self, engine: Engine, cache: LayerCache, image: str, title: str, expected: int = 0) -> None:
        super().__init__(f"layers of {title}", f"docker save {quote(title)}")
        self.image = image
        self.image_id = ""
        self.image_title = title
        self.expected = expected
        self.seen = 0
        self.reused = 0
        self.asked = False
        self.layers: ImageLayers | None = None
        self.exception: Exception | None = None
        self.progress = "looking for what is known"
        self._engine = engine
        self._cache = cache
        self.on_ask: Callable[[], object] = lambda: None
        """Called when the daemon is asked for the archive."""
        self._told = 0.0
        self._marks: deque[tuple[float, int]] = deque()

    @property
    def rate(self) -> float | None:
        """Bytes a second of late; None before that can be told."""
        if len(self._marks) < 2:
            return None
        (start, before), (end, after) = self._marks[0], self._marks[-1]
        return (after - before) / (end - start) if end > start else None

    def take_layers(self) -> ImageLayers | None:
        """Return the layers, which the job holds no longer: it is kept in a list, and they may be large."""
        layers, self.layers = self.layers, None
        return layers

    async def work(self) -> None:
        stack = await self._engine.images.stack(self.image)
        self.image_id = stack.id
        found = self._cache.get(stack.id)
        if found is None or not _is_of(found, stack):
            found = await self._find(stack)
        else:
            self.reused = sum(not layer.empty for layer in found.layers)
            found = msgspec.structs.replace(found, tags=_tags(stack))
        self.layers = found
        self.progress = ""

    async def _find(self, stack: ImageStack) -> ImageLayers:
        trees = await asyncio.to_thread(self._cache.trees, stack.diff_ids)
        stored = await asyncio.to_thread(self._cache.stored, stack.id, trees)
        if stored is not None and _is_of(stored, stack):
            stored = msgspec.structs.replace(stored, tags=_tags(stack))
            self.reused = len(trees)
            self._cache.remember(stack.id, stored)
            return stored
        found = await self._by_lists(stack, trees)
        if found is None:
            history = (await self._engine.images.history(self.image))[::-1] if trees else []
            found = lined_up(stack, history, trees)
            if found is not None:
                self.reused = len(trees)
            else:
                found = await self._read(stack, history, trees)
        self._cache.put(stack.id, found)
        return found

    async def _by_lists(self, stack: ImageStack, trees: dict[str, KnownLayer]) -> ImageLayers | None:
        """Read what is missing from what the daemon keeps of it on this machine, which costs it nothing.

        Returns None where that can't be; the layers that could be read are in `trees` then.
        """
        lists = await self._engine.layer_lists() if stack.diff_ids else None
        if lists is None:
            return None
        known = len(trees)
        reading = ListReading(lists, stack, trees, lambda layer: self._cache.put_layer("", layer))
        task = asyncio.ensure_future(asyncio.to_thread(reading.read))
        try:
            while not (await asyncio.wait([task], timeout=PACE))[0]:
                self.fraction = reading.fraction
                self.progress = f"{reading.layers} of {reading.wanted} layers read from the daemon's own lists"
                self.changed()
        except asyncio.CancelledError:
            reading.stop()
            await asyncio.wait([task])
            raise
        self.fraction = None
        try:
            found = task.result()
        except ListError:
            return None
        self.reused = known
        return msgspec.structs.replace(found, tags=_tags(stack))

    async def _read(
        self, stack: ImageStack, history: Sequence[HistoryEntry], trees: dict[str, KnownLayer]
    ) -> ImageLayers:
        """Read the archive, as far as it has what is not known yet."""
        self.asked = True
        self.progress = "the daemon is preparing the archive"
        self.on_ask()
        self.changed()
        try:
            return await self._stream(stack, history, trees)
        except ArchiveError:
            if not trees:
                raise
        # what is known may be what is wrong
        self.seen = 0
        return await self._stream(stack, history, {})

    async def _stream(
        self, stack: ImageStack, history: Sequence[HistoryEntry], trees: dict[str, KnownLayer]
    ) -> ImageLayers:
        missing = set(stack.diff_ids) - trees.keys()
        passed = dict(trees)
        early: list[ImageLayers | None] = []

        def known(digest: str) -> KnownLayer | None:
            return trees.get(f"sha256:{digest}") or trees.get(self._cache.diff_id(digest))

        def took(digest: str, layer: KnownLayer) -> None:
            passed[layer.diff_id] = layer
            missing.discard(layer.diff_id)
            self._cache.put_layer(digest, layer)

        indexer = ArchiveIndexer(known=known, diff_ids=list(stack.diff_ids), on_layer=took)

        def enough() -> bool:
            """Whether nothing but what is known already is to come."""
            if missing or indexer.skipped >= len(trees):
                return False
            if not early:
                early.append(lined_up(stack, history, passed, indexer.read))
            return early[0] is not None

        async with aclosing(self._chunks()) as chunks:
            whole = await index_archive(chunks, indexer, enough)
        self.reused = len(trees)
        if not whole and early and early[0] is not None:
            return early[0]
        return indexer.finish()

    def failure(self, error: Exception) -> str:
        self.exception = error
        return super().failure(error)

    async def _chunks(self) -> AsyncGenerator[bytes]:
        async with aclosing(self._engine.images.archive(self.image)) as chunks:
            async for chunk in chunks:
                yield chunk
                self.seen += len(chunk)
                self._tell()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told < PACE:
            return
        self._told = now
        self._marks.append((now, self.seen))
        while now - self._marks[0][0] > RATE_SECONDS:
            self._marks.popleft()
        if self.seen > self.expected:
            self.expected = 0  # the archive has more than the files: how much is not known
        self.fraction = self.seen / self.expected if self.expected else None
        self.progress = f"{size(self.seen)} read"
        self.changed()


def lined_up(
    stack: ImageStack,
    history: Sequence[HistoryEntry],
    trees: dict[str, KnownLayer],
    members: dict[str, tuple[str, int]] | None = None,
) -> ImageLayers | None:
    """Return an image whose layers are all known, without its archive; None where one is not, or it is not certain.

    `history` is the daemon's, the oldest entry first; `trees` are by diff ID. `members` are the names and sizes of
    layers in the archive, where they are known.
    """
    if not history or any(diff_id not in trees for diff_id in stack.diff_ids):
        return None
    stacked = [trees[diff_id] for diff_id in stack.diff_ids]
    empty = line_up([(entry.created_by, entry.size) for entry in history], [layer.tree for layer in stacked])
    if empty is None:
        return None
    waiting = iter(stacked)
    layers: list[Layer] = []
    for entry, none in zip(history, empty, strict=True):
        created = datetime.fromtimestamp(entry.created, UTC).isoformat() if entry.created > 0 else ""
        if none:
            layers.append(Layer(entry.created_by, created, entry.comment, True))
            continue
        layer = next(waiting)
        member, length = (members or {}).get(layer.diff_id, ("", 0))
        layers.append(
            Layer(entry.created_by, created, entry.comment, False, layer.diff_id, "", length, layer.tree, member)
        )
    return ImageLayers(
        tuple(layers), stack.config or ImageConfig(), _tags(stack), stack.architecture, stack.os, stack.created or ""
    )


def _is_of(found: ImageLayers, stack: ImageStack) -> bool:
    """Whether the layers are those of the image: where an ID is that of an index, several platforms have the same."""
    return [layer.diff_id for layer in found.layers if not layer.empty] == list(stack.diff_ids)


def _tags(stack: ImageStack) -> tuple[str, ...]:
    return tuple(tag for tag in stack.repo_tags or () if tag != "<none>:<none>")
