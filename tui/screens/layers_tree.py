"""The pane of the layers screen that shows the files of a layer, or why they are not there yet."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Resize
from textual.widgets import Static

from tui.model.layers import ImageLayers
from tui.present.layer_tree import SHOWS, LayerTree, LayerView, Show, TreePath
from tui.present.layers import StackRow
from tui.screens.base import content
from widgets.bars import Progress, ProgressLine
from widgets.line_view import Span
from widgets.name_search import NameSearch
from widgets.search_bar import SearchBar
from widgets.span_line import SpanLine
from widgets.tree_view import TreeView

MOST_VIEWS: Final = 12
MOST_NODES: Final = 1_000_000
"""Nodes of all views kept, besides the one that is shown."""

FEW: Final = 40
"""Changed paths up to which all are shown without opening a folder."""

SETTLE_SECONDS: Final = 0.05
"""How long the cursor must rest on a layer before its files are shown."""

WIDE: Final = 64
"""Cells from which modes and owners have room beside the names."""


class LayerPane(Vertical):
    """A tree of files under a title; instead of it, what is being waited for or what went wrong."""

    DEFAULT_CSS = """
    LayerPane {
        & > #layer-progress { display: none; }
        & > #layer-notice { display: none; height: auto; max-height: 1fr; padding: 1 2; }
        & > #layer-notice.-error { color: $text-error; }
    }
    """

    def __init__(self, *, ascii: bool, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._ascii = ascii
        self._image: ImageLayers | None = None
        self._number = 0
        self._row: StackRow | None = None
        self._views: OrderedDict[int, LayerView] = OrderedDict()
        self._view: LayerView | None = None
        self._opened: set[int] = set()
        self._aim = ""
        self._making = False
        self._search = NameSearch()
        self.whole = False
        self.show_only: Show = "all"
        self.by_size = False

    def compose(self) -> ComposeResult:
        yield SpanLine(id="layer-title", classes="title", ascii=self._ascii)
        yield ProgressLine(id="layer-progress", ascii=self._ascii)
        yield Static(id="layer-notice", markup=False)
        yield TreeView[TreePath](id="layer-tree", columns="left", column_widths=(7,), ascii=self._ascii)
        yield SearchBar(ascii=self._ascii, id="layer-search")

    @property
    def files(self) -> TreeView[TreePath]:
        """The tree of files."""
        return cast("TreeView[TreePath]", self.query_one("#layer-tree"))

    @property
    def search_bar(self) -> SearchBar:
        """Where a search is typed."""
        return self.query_one("#layer-search", SearchBar)

    @property
    def view(self) -> LayerView | None:
        """The view that is shown."""
        return self._view

    @property
    def query_text(self) -> str:
        """What is searched; empty: nothing."""
        return self._search.query

    # what stands where the tree would be

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a text in the place of the tree; empty: the tree is there."""
        notice = self.query_one("#layer-notice", Static)
        notice.update(content(text, ascii=self._ascii))
        notice.set_class(error, "-error")
        notice.display = bool(text)

    def progress(self, progress: Progress | None) -> None:
        """Show how far the reading is; None: it is over."""
        line = self.query_one("#layer-progress", ProgressLine)
        line.display = progress is not None
        if progress is not None:
            line.show(progress)

    # what is shown

    def show_image(self, image: ImageLayers, first: LayerView | None = None) -> None:
        """Take the layers that were read, with a view of them if one was made."""
        self._image = image
        self._views.clear()
        self._opened.clear()
        if first is not None:
            self._views[first.number] = first
        self._bring()

    def show_layer(self, number: int, row: StackRow) -> None:
        """Show another layer as soon as the cursor rests on it and its view is made."""
        self._number, self._row = number, row
        self._draw_title()
        self.run_worker(self._settle, group="layer-settle", exclusive=True)

    async def _settle(self) -> None:
        """Wait until the cursor rests: this worker is cancelled when it moves on."""
        await asyncio.sleep(SETTLE_SECONDS)
        self._bring()

    def search(self, query: str) -> None:
        """Look for a name in the whole tree; empty: end the search."""
        self._search.begin(self.files, query)

    def show_hits(self, message: TreeView.SearchChanged) -> None:
        """Say how the search stands."""
        self._search.tell(message, self.search_bar)
        self._draw_title()

    def turn_view(self) -> None:
        """Show the whole image up to the layer instead of the layer alone, or the other way round."""
        self.whole = not self.whole
        self._fill()

    def turn_filter(self) -> None:
        """Show all, only what was added, only what was changed, only what was deleted, only what is big."""
        self.show_only = SHOWS[(SHOWS.index(self.show_only) + 1) % len(SHOWS)]
        self._fill()

    def turn_sort(self) -> None:
        """Sort folders by size, or by name again."""
        self.by_size = not self.by_size
        self._fill()

    def _bring(self) -> None:
        """Show the layer under the cursor: at once if its view is there, else when it has been made."""
        if not self._stands:
            return
        known = self._views.get(self._number)
        if known is not None:
            self._views.move_to_end(self._number)
            if known is not self._view:
                self._view = known
                self._fill()
                self._open_few()
                self._take_aim()
            self._draw_title()
            return
        self._draw_title()
        if self._image is not None and not self._making:
            self._making = True
            self.run_worker(self._make, group="layer-view")

    async def _make(self) -> None:
        """Make the view that is wanted, beside the keys and one at a time, until the wanted one is there."""
        try:
            while self._image is not None and self._number not in self._views:
                image, number = self._image, self._number
                view = await asyncio.to_thread(LayerView.of, image, number)
                if image is self._image:
                    self._keep(view)
        finally:
            self._making = False
        self._bring()

    def _keep(self, view: LayerView) -> None:
        self._views[view.number] = view
        while len(self._views) > 1 and (
            len(self._views) > MOST_VIEWS or sum(len(view.tree) for view in self._views.values()) > MOST_NODES
        ):
            self._views.popitem(last=False)

    @property
    def _stands(self) -> bool:
        """Whether all parts are there: when the screen is taken down they go one by one, before workers are ended."""
        return all(self.query(part) for part in ("#layer-title", "#layer-progress", "#layer-notice", "#layer-tree"))

    def _fill(self) -> None:
        if not self._stands:
            return
        view = self._view
        if view is None or view.number != self._number:
            self._draw_title()
            return
        tree = self.files
        tree.set_source(
            LayerTree(
                view,
                whole=self.whole,
                show=self.show_only,
                by_size=self.by_size,
                wide=self.size.width >= WIDE,
                arrow="->" if self._ascii else "→",
            )
        )
        tree.set_notice("" if tree.row_count else self._why_empty(view))
        source = tree.source
        if self.show_only == "big" and isinstance(source, LayerTree):
            ways = source.big_paths()
            for way in reversed(ways):  # the last one leaves the cursor on the greatest
                tree.go_to(way)
        self._draw_title()

    def _open_few(self) -> None:
        """Open the way to what a layer changes where that is little, the first time that it is shown."""
        source = self.files.source
        if self._number in self._opened or not isinstance(source, LayerTree):
            return
        self._opened.add(self._number)
        ways = source.changed_paths(FEW)
        for way in reversed(ways):
            self.files.go_to(way)

    def aim(self, path: str) -> None:
        """Put the cursor on a path as soon as the wanted layer is shown."""
        self._aim = path
        if self._view is not None and self._view.number == self._number:
            self._take_aim()

    def _take_aim(self) -> None:
        path, self._aim = self._aim, ""
        if path and not self.go_to(path):
            self.whole, self.show_only = False, "all"
            self._fill()
            self.go_to(path)

    def go_to(self, path: str) -> bool:
        """Put the cursor on a path; False where it is not shown."""
        source = self.files.source
        way = source.path_to(path) if isinstance(source, LayerTree) else []
        return bool(way) and self.files.go_to(way)

    def _why_empty(self, view: LayerView) -> str:
        if self.show_only != "all":
            return f"nothing is {self.show_only} here: f shows the next kind"
        if self.whole:
            return "no files up to here"
        if self._row is not None and self._row.empty:
            return "metadata only: no files; v shows the image up to here"
        return "this layer changes no files; v shows the image up to here"

    def _draw_title(self) -> None:
        if not self._stands:
            return
        left: list[Span] = [(f" {'image up to' if self.whole else 'layer'} {self._number + 1} ", "head")]
        view = self._view
        if self._image is not None and (view is None or view.number != self._number):
            left.append((" reading its files ...", "busy"))
        elif view is not None:
            left += view.spans()
        right = list(self._search.spans)
        if self.show_only != "all":
            right.append((f" only {self.show_only}{', 1% or more' if self.show_only == 'big' else ''} ", "warn"))
        if self.by_size:
            right.append((" by size ", "accent"))
        self.query_one("#layer-title", SpanLine).show(left, right)

    def on_resize(self, event: Resize) -> None:
        """Give modes and owners their columns, or take them away."""
        source = self.files.source
        if isinstance(source, LayerTree) and source.wide != (event.size.width >= WIDE):
            self._fill()
