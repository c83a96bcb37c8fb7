"""Reads an image's layers from its archive as the daemon sends it, and keeps those of the last few images."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from shlex import quote
from typing import Final

from tui.engine.archive import ArchiveIndexer, index_archive
from tui.engine.engine import Engine
from tui.jobs.job import Job
from tui.model.file_tree import FileTree
from tui.model.layers import ImageLayers
from tui.present.units import size

MOST_IMAGES: Final = 4
MOST_PATHS: Final = 1_500_000
"""Paths kept in all, some 100 MB; the image that was read last is kept however many it has."""

PACE: Final = 0.2
"""The least seconds between two words about the progress."""

RATE_SECONDS: Final = 3.0
"""The time over which the rate is taken."""


class LayerCache:
    """The layers of a few images by ID, of which the one looked at longest ago gives way."""

    def __init__(self, most_images: int = MOST_IMAGES, most_paths: int = MOST_PATHS) -> None:
        self._images: OrderedDict[str, ImageLayers] = OrderedDict()
        self._most_images = most_images
        self._most_paths = most_paths

    def get(self, image: str) -> ImageLayers | None:
        """Return the layers of an image ID, or None."""
        found = self._images.get(image)
        if found is not None:
            self._images.move_to_end(image)
        return found

    def put(self, image: str, layers: ImageLayers) -> None:
        """Keep the layers of an image ID."""
        self._images[image] = layers
        self._images.move_to_end(image)
        while len(self._images) > 1 and (len(self._images) > self._most_images or self._paths() > self._most_paths):
            self._images.popitem(last=False)

    def trees(self) -> dict[str, FileTree]:
        """Return the trees by the digest of the blob that they were read from."""
        return {layer.digest: layer.tree for image in self._images.values() for layer in image.layers if layer.digest}

    def _paths(self) -> int:
        """Count the paths kept; images share the trees of common layers."""
        trees = {id(layer.tree): len(layer.tree) for image in self._images.values() for layer in image.layers}
        return sum(trees.values())


class LayersJob(Job):
    """Reads one image. `seen` bytes have come of about `expected` (0: unknown); `layers` is there when it is done.

    It ends with ArchiveError or EngineError in the daemon's words, kept in `exception`.
    """

    screen = "layers"

    def __init__(self, engine: Engine, cache: LayerCache, image: str, title: str, expected: int = 0) -> None:
        super().__init__(f"layers of {title}", f"docker save {quote(title)}")
        self.image = image
        self.image_title = title
        self.expected = expected
        self.seen = 0
        self.layers: ImageLayers | None = None
        self.exception: Exception | None = None
        self.progress = "the daemon is preparing the archive"
        self._engine = engine
        self._cache = cache
        self._told = 0.0
        self._marks: deque[tuple[float, int]] = deque()

    @property
    def rate(self) -> float | None:
        """Bytes a second of late; None before that can be told."""
        if len(self._marks) < 2:
            return None
        (start, before), (end, after) = self._marks[0], self._marks[-1]
        return (after - before) / (end - start) if end > start else None

    async def work(self) -> None:
        indexer = ArchiveIndexer(known=self._cache.trees())
        async with aclosing(self._chunks()) as chunks:
            self.layers = await index_archive(chunks, indexer)
        self._cache.put(self.image, self.layers)

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
