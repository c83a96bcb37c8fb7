"""What an image wastes as a tree: the layers that hide something, and below each the files that it hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui.model.layers import ImageLayers
from tui.model.waste import Lost, Waste
from tui.present.layers import words_of
from tui.present.units import size

Span = tuple[str, str]

HOW: Final = {"deleted": ("D", "removed"), "rewritten": ("C", "changed"), "owner": ("o", "changed")}
"""The letter and the tone of what a layer did to a file."""

HOW_WORDS: Final = {"deleted": "deletes", "rewritten": "rewrites", "owner": "changes owners or modes of"}


@dataclass(frozen=True, slots=True)
class WasteNode:
    """A layer that hides something, or (`place` from 0) one of the files that it hides; MORE stands for the rest."""

    by: int
    place: int = -1


class WasteTree:
    """Waste as a tree widget asks for it."""

    def __init__(self, image: ImageLayers, waste: Waste) -> None:
        self._image = image
        self._layers = {layer.by: layer for layer in waste.layers}

    def lost(self, node: WasteNode) -> Lost | None:
        """Return the file that a node stands for; None for a layer, and for the rest of one."""
        files = self._layers[node.by].files
        return files[node.place] if 0 <= node.place < len(files) else None

    def roots(self) -> Sequence[WasteNode]:
        """Return the layers, the greatest waste first."""
        return [WasteNode(by) for by in self._layers]

    def children(self, node: WasteNode) -> Sequence[WasteNode]:
        """Return the files that a layer hides, the greatest first."""
        if node.place >= 0:
            return ()
        layer = self._layers[node.by]
        more = layer.count > len(layer.files)
        return [WasteNode(node.by, place) for place in range(len(layer.files) + more)]

    def has_children(self, node: WasteNode) -> bool:
        """Return whether a node is a layer."""
        return node.place < 0

    def label(self, node: WasteNode) -> Sequence[Span]:
        """Return what a layer does, or which file it hides of which layer."""
        layer = self._layers[node.by]
        if node.place < 0:
            does = ", ".join(f"{HOW_WORDS[how]} {count:,}" for how, count in layer.counts.items())
            entry = self._image.layers[node.by]
            return [(f"layer {node.by + 1} ", "head"), (f"{does}  ", "warn"), (words_of(entry.created_by), "")]
        lost = self.lost(node)
        if lost is None:
            return [(f"and {layer.count - len(layer.files):,} smaller files", "dim")]
        letter, tone = HOW[lost.how]
        return [(f"{letter} ", tone), (lost.path, tone), (f"  of layer {lost.layer + 1}", "dim")]

    def columns(self, node: WasteNode) -> Sequence[Span]:
        """Return the bytes that are lost."""
        lost = self.lost(node)
        if lost is not None:
            return [(size(lost.size), "number")]
        return [(size(self._layers[node.by].size) if node.place < 0 else "", "number")]

    def search_text(self, node: WasteNode) -> str:
        """Return the path, or the layer's instruction."""
        lost = self.lost(node)
        return lost.path if lost is not None else words_of(self._image.layers[node.by].created_by)
