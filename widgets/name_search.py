"""A search in a tree as its screen tells of it: beside the query while that is typed, in a title afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from widgets.line_view import Span
from widgets.search_bar import SearchBar
from widgets.tree_view import TreeView


class NameSearch:
    """What is searched in one tree, and how that stands."""

    def __init__(self) -> None:
        self.query = ""
        """What is searched; empty: nothing."""
        self.spans: Sequence[Span] = ()
        """How it stands, for a title."""

    def begin(self, tree: TreeView[Any], query: str) -> None:
        """Look for a name in the whole tree; empty: end the search."""
        self.query = query
        tree.search(query)

    def tell(self, message: TreeView.SearchChanged, bar: SearchBar) -> None:
        """Take in how the search stands, and say it in the bar where that is open."""
        if bar.is_open:
            bar.show_hits(message.hit, message.total, message.complete)
        some = "" if message.complete else "+"
        words = f"{self.query}: {message.hit or '-'} of {message.total:,}{some} "
        self.spans = [(words, "hit")] if self.query else ()
