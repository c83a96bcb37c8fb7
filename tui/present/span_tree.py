"""A tree whose rows are all known: what each says, and which are below it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

Span = tuple[str, str]
KeyT = TypeVar("KeyT", bound=Hashable)


class SpanTree(Generic[KeyT]):
    """What a tree view asks, answered from `tops`, `spans` and `below`, which a subclass fills."""

    def __init__(self) -> None:
        self.tops: Sequence[KeyT] = ()
        """The rows of the first level."""
        self.spans: dict[KeyT, list[Span]] = {}
        """What each row says."""
        self.below: dict[KeyT, list[KeyT]] = {}
        """The rows below each that has some."""

    def roots(self) -> Sequence[KeyT]:
        """Return the rows of the first level."""
        return self.tops

    def children(self, node: KeyT) -> Sequence[KeyT]:
        """Return the rows below one."""
        return self.below.get(node, ())

    def has_children(self, node: KeyT) -> bool:
        """Return whether something is told below it."""
        return bool(self.below.get(node))

    def label(self, node: KeyT) -> Sequence[Span]:
        """Return what the row says."""
        return self.spans[node]

    def columns(self, node: KeyT) -> Sequence[Span]:
        """Return nothing: a row has no further cells."""
        return ()

    def search_text(self, node: KeyT) -> str:
        """Return what the row says, and no more: a masked value is not searched."""
        return "".join(text for text, _ in self.spans[node])
