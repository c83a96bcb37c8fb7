"""Two images side by side: sizes, layers in common, configurations, and the files that differ as a tree."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Resize
from textual.widgets import Static

from tui.model.compare import compare_files, config_differences, shared_layers
from tui.present.compare import Line, comparison_lines
from tui.present.layer_tree import SHOWS, LayerTree, LayerView, Show, TreePath
from tui.present.layers import Analysis, analysis_of
from tui.present.units import size
from tui.screens.base import HytheScreen, content
from tui.screens.layers_reading import LayersReading, begin
from widgets.bars import Progress, ProgressLine
from widgets.line_view import Span
from widgets.name_search import NameSearch
from widgets.search_bar import SearchBar
from widgets.span_line import KeyHints, SpanLine
from widgets.text_pane import TextPane
from widgets.tree_view import TreeView

BESIDE = 100
"""Columns from which the words and the files stand side by side."""

WIDE = 64
"""Cells from which modes and owners have room beside the names."""

FEW = 40
"""Files that differ up to which all are shown without opening a folder."""

HINTS = (
    ("cancel", "x", "cancel"),
    ("again", "r", "again"),
    ("pane", "tab", "pane"),
    ("view", "v", "differences/all"),
    ("filter", "f", "filter"),
    ("sort", "o", "sort"),
    ("search", "/", "search"),
    ("leave", "q", "back"),
)

Named = tuple[str, str]
"""What the daemon is asked for, and what it is called here."""


class CompareScreen(HytheScreen):
    """Reads two images, each (image, title), one after the other: what they share is read once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "pane", "Words or files", show=False, id="compare.pane"),
        Binding("v", "view", "Differences, or all files", show=False, id="compare.view"),
        Binding("f", "filter", "Only added, changed or deleted", show=False, id="compare.filter"),
        Binding("o", "sort", "By size, or by name", show=False, id="compare.sort"),
        Binding("slash", "search", "Search", show=False, id="compare.search"),
        Binding("y", "copy", "Copy the path", show=False, id="compare.copy"),
        Binding("x", "cancel", "Cancel the reading", show=False, id="compare.cancel"),
        Binding("r", "again", "Read again", show=False, id="compare.again"),
        Binding("escape", "back", "Back", show=False, id="compare.back"),
        Binding("q", "leave", "Leave", show=False, id="compare.leave"),
    ]
    CSS = """
    CompareScreen {
        & #compare-main { height: 1fr; layout: vertical; }
        & #words-pane { height: 1fr; }
        & #files-pane { height: 1fr; }
        & #compare-words { height: 1fr; padding: 0 1; }
        &.-beside #compare-main { layout: horizontal; }
        &.-beside #words-pane { width: 1fr; }
        &.-beside #files-pane { width: 1fr; border-left: vkey $panel; }
        & #compare-notice { display: none; height: auto; padding: 1 2; }
        & #compare-notice.-error { color: $text-error; }
        & #compare-progress { display: none; }
    }
    """
    own_keys = (
        ("tab", "from the words to the files, and back"),
        ("v", "the files that differ, or all files of the second image"),
        ("f", "all that differs; only what was added, changed, deleted; only what is big"),
        ("o", "sort folders by size, or by name"),
        ("/ n N", "search a name; next and previous hit"),
        ("y", "copy the path under the cursor"),
        ("x r", "cancel the reading; read again"),
        ("esc q", "one step back; leave"),
    )

    def __init__(self, first: Named, second: Named) -> None:
        super().__init__()
        self._images = (first, second)
        self._reading = LayersReading(self, self._draw_progress)
        self._view: LayerView | None = None
        self._failed = False
        self._whole = False
        self._show_only: Show = "all"
        self._by_size = False
        self._search = NameSearch()

    def compose(self) -> ComposeResult:
        yield SpanLine(id="header", ascii=self.ascii)
        yield ProgressLine(id="compare-progress", ascii=self.ascii)
        yield Static(id="compare-notice", markup=False)
        with Container(id="compare-main"):
            with Vertical(id="words-pane", classes="pane"):
                yield TextPane(id="compare-words", ascii=self.ascii)
            with Vertical(id="files-pane", classes="pane"):
                yield SpanLine(id="files-title", classes="title", ascii=self.ascii)
                yield TreeView[TreePath](id="compare-tree", columns="left", column_widths=(7,), ascii=self.ascii)
                yield SearchBar(ascii=self.ascii, id="compare-search")
        yield KeyHints(id="footer", ascii=self.ascii)

    def on_mount(self) -> None:
        (_, first), (_, second) = self._images
        spans: list[Span] = [(" hythe ", "head"), ("< ", "removed"), (first, "accent"), ("  > ", "added")]
        self.query_one("#header", SpanLine).show([*spans, (second, "accent")])
        self.set_class(self.size.width >= BESIDE, "-beside")
        self.files.focus()
        self.run_worker(self._open, group="compare", exclusive=True)

    @property
    def files(self) -> TreeView[TreePath]:
        """The files that differ."""
        return cast("TreeView[TreePath]", self.query_one("#compare-tree"))

    @property
    def words(self) -> TextPane:
        """All but the files."""
        return self.query_one("#compare-words", TextPane)

    # reading

    async def _open(self) -> None:
        self._failed = False
        await begin(self._compare(), self._draw_footer)  # the footer tells how to cancel it
        self.query_one(ProgressLine).display = False
        self._draw_footer()

    async def _compare(self) -> None:
        found: list[Analysis] = []
        for image, title in self._images:
            job = await self._reading.read(self.session, image, title)
            layers = job.take_layers()
            if layers is None:
                self._failed = True
                words = job.error or "the reading was cancelled"
                self._say(f"{title} cannot be compared:\n{words}\n\nr tries again.", error=bool(job.error))
                return
            found.append(await asyncio.to_thread(analysis_of, layers))
        self._say("comparing ...")
        one, other = found
        files = await asyncio.to_thread(compare_files, one.whole, other.whole)
        view = await asyncio.to_thread(LayerView, files.tree, 0)
        sharing = shared_layers(one.image, other.image)
        differences = config_differences(one.image, other.image)
        self._say("")
        lines: list[Line] = comparison_lines(one, other, sharing, files, differences)
        self.words.set_lines(lines)
        self._view = view
        self._fill()
        source = self.files.source
        if isinstance(source, LayerTree):
            for way in reversed(source.changed_paths(FEW)):
                self.files.go_to(way)

    def _say(self, text: str, *, error: bool = False) -> None:
        notice = self.query_one("#compare-notice", Static)
        notice.update(content(text, ascii=self.ascii))
        notice.set_class(error, "-error")
        notice.display = bool(text)

    def _draw_progress(self) -> None:
        job = self._reading.job
        if job is None or not self.is_mounted or job.state != "running":
            return
        words = self._reading.waiting_words(self.session.now())
        self._say(words and f"{job.image_title}\n{words}")
        line = self.query_one(ProgressLine)
        line.display = not words
        if not words:
            line.show(Progress(f" reading {job.image_title}", job.seen, job.expected or None, job.rate))

    # what is drawn

    def _fill(self) -> None:
        view = self._view
        if view is None:
            return
        tree = self.files
        source = LayerTree(
            view,
            whole=self._whole,
            show=self._show_only,
            by_size=self._by_size,
            wide=tree.size.width >= WIDE,
            arrow="->" if self.ascii else "→",
        )
        tree.set_source(source)
        for way in reversed(source.big_paths()):
            tree.go_to(way)
        kind = "is different" if self._show_only == "all" else f"is {self._show_only}"
        tree.set_notice("" if tree.row_count else f"no file {kind}")
        self._draw_title()

    def _draw_title(self) -> None:
        view = self._view
        left: list[Span] = [(" all files " if self._whole else " files that differ ", "head")]
        if view is not None:
            left += view.spans()
        right = list(self._search.spans)
        if self._show_only != "all":
            right.append((f" only {self._show_only} ", "warn"))
        if self._by_size:
            right.append((" by size ", "accent"))
        self.query_one("#files-title", SpanLine).show(left, right)

    def _draw_footer(self) -> None:
        usable = {"cancel": self._reading.running, "again": self._failed and not self._reading.running}
        shown = [(id, key, word, True) for id, key, word in HINTS if usable.get(id, True)]
        self.query_one("#footer", KeyHints).hint(shown)

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= BESIDE, "-beside")

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.run_worker(partial(self.run_action, message.id), group="hints")

    # keys

    def on_tree_view_opened(self, message: TreeView.Opened) -> None:
        node = cast("TreePath", message.node)
        view = self._view
        if view is not None:
            self.note(f"{node}  {size(view.tree.size(node.node))}: L on the image shows what is in it")

    def action_pane(self) -> None:
        """Go to the other pane."""
        (self.words if self.files.has_focus else self.files).focus()

    def action_view(self) -> None:
        """Turn between the files that differ and all files."""
        self._whole = not self._whole
        self._fill()

    def action_filter(self) -> None:
        """Show the next kind of difference alone, and all after the last."""
        self._show_only = SHOWS[(SHOWS.index(self._show_only) + 1) % len(SHOWS)]
        self._fill()

    def action_sort(self) -> None:
        """Turn between the order by size and by name."""
        self._by_size = not self._by_size
        self._fill()

    def action_search(self) -> None:
        """Type a name to search."""
        self.query_one(SearchBar).open()

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        self._search.begin(self.files, message.query)

    def on_search_bar_closed(self, _message: SearchBar.Closed) -> None:
        self.files.focus()

    def on_tree_view_search_changed(self, message: TreeView.SearchChanged) -> None:
        self._search.tell(message, self.query_one(SearchBar))
        self._draw_title()

    def action_copy(self) -> None:
        """Copy the path under the cursor."""
        path = self.files.cursor_node
        if path is not None:
            self.copy(path)

    def action_cancel(self) -> None:
        """Cancel the reading."""
        if self._reading.running:
            self.run_worker(self._reading.cancel, group="cancel")

    def action_again(self) -> None:
        """Read again what could not be read."""
        if self._failed and not self._reading.running:
            self.run_worker(self._open, group="compare", exclusive=True)

    def action_back(self) -> None:
        """End the search, else leave."""
        if self._search.query:
            self._search.begin(self.files, "")
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Leave; a reading under way is cancelled by it."""
        self.hythe.pop_screen()
