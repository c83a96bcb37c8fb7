"""The layers that were read: those of the last few images in memory, and more on disk."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tui.engine.archive import KnownLayer
from tui.jobs.layer_store import LayerStore, layers_of
from tui.model.layers import ImageLayers

MOST_IMAGES: Final = 4
MOST_PATHS: Final = 1_500_000
"""Paths kept in memory, some 100 MB; the image that was read last is kept however many it has."""


class LayerCache:
    """The layers of a few images by ID, of which the one looked at longest ago gives way, in front of a store on disk.

    What is kept on disk is written beside all else; `close` waits for it.
    """

    def __init__(
        self, store: LayerStore | None = None, *, most_images: int = MOST_IMAGES, most_paths: int = MOST_PATHS
    ) -> None:
        self._images: OrderedDict[str, ImageLayers] = OrderedDict()
        self._most_images = most_images
        self._most_paths = most_paths
        self._store = store
        self._writer: ThreadPoolExecutor | None = None
        self._told = False

    def get(self, image_id: str) -> ImageLayers | None:
        """Return the layers of an image in memory, or None."""
        found = self._images.get(image_id)
        if found is not None:
            self._images.move_to_end(image_id)
        return found

    def put(self, image_id: str, layers: ImageLayers) -> None:
        """Keep the layers of an image in memory, and what is needed to find them again on disk."""
        self.remember(image_id, layers)
        if self._store is not None:
            self._later(self._store.put_image, image_id, layers)
            self._later(self._store.trim)

    def remember(self, image_id: str, layers: ImageLayers) -> None:
        """Keep the layers of an image in memory."""
        self._images[image_id] = layers
        self._images.move_to_end(image_id)
        while len(self._images) > 1 and (len(self._images) > self._most_images or self._paths() > self._most_paths):
            self._images.popitem(last=False)

    def put_layer(self, digest: str, layer: KnownLayer) -> None:
        """Keep a layer that was read, on disk; `digest` is what its archive tells it by. From any thread."""
        if self._store is not None:
            self._later(self._store.put_tree, layer, digest)

    def trees(self, diff_ids: Sequence[str]) -> dict[str, KnownLayer]:
        """Return those of the layers that are kept, by diff ID. Reads files: for a thread."""
        known = {
            layer.diff_id: KnownLayer(layer.diff_id, layer.tree)
            for image in tuple(self._images.values())
            for layer in image.layers
            if not layer.empty
        }
        found: dict[str, KnownLayer] = {}
        for diff_id in diff_ids:
            layer = known.get(diff_id)
            if layer is None and self._store is not None:
                layer = self._store.tree(diff_id.removeprefix("sha256:"))
            if layer is not None and layer.diff_id == diff_id:
                found[diff_id] = layer
        return found

    def stored(self, image_id: str, trees: dict[str, KnownLayer]) -> ImageLayers | None:
        """Return an image of the store, with those trees; None where it, or a tree, is not there. For a thread."""
        line = self._store.image(image_id) if self._store is not None else None
        return layers_of(line, trees) if line is not None else None

    def diff_id(self, digest: str) -> str:
        """Return the diff ID of the layer that an archive tells by the digits; empty: not known."""
        for image in self._images.values():
            for layer in image.layers:
                if layer.digest.endswith(digest) or (layer.member and digest in layer.member):
                    return layer.diff_id
        digits = self._store.diff_id(digest) if self._store is not None else ""
        return f"sha256:{digits}" if digits else ""

    def take_problem(self) -> str:
        """Return why nothing is kept on disk, the first time that there is a reason; else nothing."""
        problem = self._store.problem if self._store is not None else ""
        if not problem or self._told:
            return ""
        self._told = True
        return problem

    def close(self) -> None:
        """Return when all is written."""
        if self._writer is not None:
            self._writer.shutdown()
            self._writer = None

    def _later(self, write: object, *arguments: object) -> None:
        if self._writer is None:
            self._writer = ThreadPoolExecutor(1, "layer-cache")
        assert callable(write)
        self._writer.submit(write, *arguments)

    def _paths(self) -> int:
        """Count the paths kept; images share the trees of common layers."""
        trees = {id(layer.tree): len(layer.tree) for image in self._images.values() for layer in image.layers}
        return sum(trees.values())
