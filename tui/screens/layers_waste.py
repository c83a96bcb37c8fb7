"""What an image wastes: advice in words, and the files that later layers hide by the layer that hides them."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.present.layer_advice import advice
from tui.present.layers import Analysis
from tui.present.waste_tree import WasteNode, WasteTree
from tui.screens.base import HytheScreen
from widgets.line_view import Span
from widgets.name_search import NameSearch
from widgets.search_bar import SearchBar
from widgets.span_line import KeyHints, SpanLine
from widgets.text_pane import TextPane
from widgets.tree_view import TreeView

HINTS = (
    ("pane", "tab", "advice or files"),
    ("open", "enter", "open, go to the file"),
    ("search", "/", "search"),
    ("copy", "y", "copy path"),
    ("leave", "q", "back"),
)


class LayerWasteScreen(HytheScreen):
    """Ends with the hidden file (Lost) that was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "pane", "Advice or files", show=False, id="waste.pane"),
        Binding("slash", "search", "Search", show=False, id="waste.search"),
        Binding("y", "copy", "Copy the path", show=False, id="waste.copy"),
        Binding("escape", "back", "Back", show=False, id="waste.back"),
        Binding("q", "leave", "Leave", show=False, id="waste.leave"),
    ]
    CSS = """
    LayerWasteScreen {
        & #advice { max-height: 40%; padding: 0 1; }
        & #waste-tree { height: 1fr; }
    }
    """
    own_keys = (
        ("tab", "from the advice to the files, and back"),
        ("enter", "open a layer; go to the file in the layer that brought it"),
        ("/ n N", "search a path; next and previous hit"),
        ("y", "copy the path under the cursor"),
        ("esc q", "one step back; leave"),
    )

    def __init__(self, analysis: Analysis, title: str) -> None:
        super().__init__()
        self._analysis = analysis
        self._title = title
        self._source = WasteTree(analysis.image, analysis.waste)
        self._search = NameSearch()

    def compose(self) -> ComposeResult:
        yield SpanLine(id="header", ascii=self.ascii)
        yield SpanLine(id="advice-title", classes="title", ascii=self.ascii)
        yield TextPane(id="advice", ascii=self.ascii)
        yield SpanLine(id="waste-title", classes="title", ascii=self.ascii)
        yield TreeView[WasteNode](id="waste-tree", columns="left", column_widths=(7,), ascii=self.ascii)
        yield SearchBar(ascii=self.ascii, id="waste-search")
        yield KeyHints(id="footer", ascii=self.ascii)

    def on_mount(self) -> None:
        analysis = self._analysis
        left: list[Span] = [(" hythe ", "head"), ("waste of ", ""), (f"{self._title} ", "accent")]
        self.query_one("#header", SpanLine).show(left, analysis.totals.verdict())
        found = advice(analysis.image, analysis.whole, analysis.waste)
        self.query_one("#advice-title", SpanLine).show([(" advice", "head")])
        lines = [f"- {one.text}" for one in found] or ["nothing to say: no waste or leftovers worth a word"]
        self.query_one("#advice", TextPane).set_lines(lines)
        self._draw_title()
        self.tree_view.set_source(self._source)
        if not analysis.waste.layers:
            self.tree_view.set_notice("no layer rewrites or deletes what another one brought")
        for node in self._source.roots()[:1]:
            if self.tree_view.go_to([node]):
                self.tree_view.action_toggle_branch()
        self.tree_view.focus()
        hints = [(id, key, word, True) for id, key, word in HINTS]
        self.query_one("#footer", KeyHints).hint(hints)

    @property
    def tree_view(self) -> TreeView[WasteNode]:
        """The hidden files."""
        return cast("TreeView[WasteNode]", self.query_one("#waste-tree"))

    def _draw_title(self) -> None:
        files = sum(layer.count for layer in self._analysis.waste.layers)
        words = f" hidden by later layers: {files:,} {'file' if files == 1 else 'files'}"
        left: list[Span] = [(words, "head"), ("  the greatest first", "dim")]
        self.query_one("#waste-title", SpanLine).show(left, self._search.spans)

    def on_tree_view_opened(self, message: TreeView.Opened) -> None:
        lost = self._source.lost(message.node)
        if lost is not None:
            self.dismiss(lost)

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.run_worker(partial(self.run_action, message.id), group="hints")

    def action_open(self) -> None:
        """Open what is under the cursor."""
        self.tree_view.action_open()

    def action_pane(self) -> None:
        """Go to the advice, or to the files."""
        other = self.query_one("#advice", TextPane) if self.tree_view.has_focus else self.tree_view
        other.focus()

    def action_search(self) -> None:
        """Type a path to search."""
        self.query_one(SearchBar).open()

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        self._search.begin(self.tree_view, message.query)

    def on_search_bar_closed(self, _message: SearchBar.Closed) -> None:
        self.tree_view.focus()

    def on_tree_view_search_changed(self, message: TreeView.SearchChanged) -> None:
        self._search.tell(message, self.query_one(SearchBar))
        self._draw_title()

    def action_copy(self) -> None:
        """Copy the path under the cursor."""
        node = self.tree_view.cursor_node
        lost = self._source.lost(node) if node is not None else None
        if lost is not None:
            self.copy(lost.path)

    def action_back(self) -> None:
        """End the search, else leave."""
        if self._search.query:
            self._search.begin(self.tree_view, "")
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Leave."""
        self.dismiss(None)
