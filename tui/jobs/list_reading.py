"""Reads the layers of an image from what its daemon keeps of them on this machine, in a thread."""

from __future__ import annotations

from collections.abc import Callable

from tui.engine.archive import MAX_ENTRIES, KnownLayer, stack_of
from tui.engine.layer_lists import LayerLists, ListError, chain_ids
from tui.model.layers import ImageConfig, ImageLayers, ImageStack


class ListReading:
    """Reads the layers of `stack` that are not in `trees`, and puts them there; `on_layer` is told of each.

    Meanwhile `layers` of `wanted` have been read.
    """

    def __init__(
        self,
        lists: LayerLists,
        stack: ImageStack,
        trees: dict[str, KnownLayer],
        on_layer: Callable[[KnownLayer], object],
    ) -> None:
        self._lists = lists
        self._stack = stack
        self._trees = trees
        self._on_layer = on_layer
        self._missing = {
            diff_id: chain_id
            for diff_id, chain_id in zip(stack.diff_ids, chain_ids(stack.diff_ids), strict=True)
            if diff_id not in trees
        }
        self._stopped = False
        self._seen = self._size = 0
        self.layers = 0
        self.wanted = len(self._missing)

    @property
    def fraction(self) -> float | None:
        """How much of the lists has been read; None before that is known."""
        return self._seen / self._size if self._size else None

    def read(self) -> ImageLayers:
        """Return the image, as its archive tells it but for its tags.

        Raises:
            ListError: they are not all there, or it was stopped.
        """
        config = self._lists.config(self._stack.id)
        self._size = sum(map(self._lists.packed_size, self._missing.values()))
        paths = 0
        for diff_id, chain_id in self._missing.items():
            layer = self._lists.layer(chain_id, diff_id, max_entries=MAX_ENTRIES - paths, on_bytes=self._took)
            paths += len(layer.tree)
            self._trees[diff_id] = layer
            self._on_layer(layer)
            self.layers += 1
        bodies = [(diff_id, "", 0, self._trees[diff_id].tree, "") for diff_id in self._stack.diff_ids]
        return ImageLayers(
            tuple(stack_of(config, bodies)),
            config.config or ImageConfig(),
            (),
            config.architecture,
            config.os,
            config.created or "",
        )

    def stop(self) -> None:
        """End the reading soon; from any thread."""
        self._stopped = True

    def _took(self, count: int) -> None:
        self._seen += count
        if self._stopped:
            raise ListError("it was stopped")
