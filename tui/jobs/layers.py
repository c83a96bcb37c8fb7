"""Reads the layers of an image from its streamed archive, and keeps what was read for the next look."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import aclosing

from tui.engine.archive import ArchiveIndexer, index_archive
from tui.engine.engine import Engine
from tui.jobs.job import Job
from tui.model.layers import ImageLayers
from tui.present.units import size

KEPT = 4


class LayerCache:
    """The layers of the last four images that were read, by image ID."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, ImageLayers] = OrderedDict()

    def get(self, image: str) -> ImageLayers | None:
        """Return what was read of an image, or None."""
        found = self._kept.get(image)
        if found is not None:
            self._kept.move_to_end(image)
        return found

    def put(self, image: str, layers: ImageLayers) -> None:
        """Keep what was read."""
        self._kept[image] = layers
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


class LayersJob(Job):
    """Streams and indexes one image's archive; `result` holds its layers in the end.

    `expected` is the size in bytes that the image is known by: the archive's own size is known only at its end.
    """

    screen = "layers"

    def __init__(self, engine: Engine, image: str, title: str, expected: int) -> None:
        super().__init__(f"layers of {title}", f"docker save {title}")
        self.image = image
        self.image_title = title
        self.result: ImageLayers | None = None
        self._engine = engine
        self._expected = expected
        self.progress = "the daemon is preparing the archive"

    async def work(self) -> None:
        """Read the archive to its end.

        Raises:
            EngineError: the daemon refused, or the line broke.
            ArchiveError: what came is no image archive, or is cut.
        """
        async with aclosing(self._engine.images.archive(self.image)) as chunks:
            self.result = await index_archive(chunks, ArchiveIndexer(), self._seen)

    def _seen(self, count: int) -> None:
        whole = f" of about {size(self._expected)}" if self._expected else ""
        self.progress = f"{size(count)}{whole} read"
        self.fraction = min(1.0, count / self._expected) if self._expected else None
        self.changed()
