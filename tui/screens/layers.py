"""The layers of an image: its history as a stack, and the files of each layer, read from the image's archive."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Resize

from tui.engine.errors import EngineError
from tui.jobs.extract import Selection
from tui.jobs.layers import LayersJob
from tui.model.file_lookup import NotThere, locate
from tui.model.images import Image
from tui.model.layers import ImageLayers
from tui.model.waste import Lost
from tui.present.layer_tree import LayerView
from tui.present.layers import Analysis, analysis_of, history_rows, image_rows, row_details
from tui.present.newer import newer_image
from tui.present.units import plural, size
from tui.screens.base import HytheScreen
from tui.screens.layers_actions import compare_with_another, extract, write_report
from tui.screens.layers_file import LayerFileScreen
from tui.screens.layers_reading import LayersReading, begin
from tui.screens.layers_scan import open_scan
from tui.screens.layers_stack import StackPane, with_lines
from tui.screens.layers_tree import LayerPane
from tui.screens.layers_waste import LayerWasteScreen
from widgets.bars import Progress
from widgets.choice_list import ChoiceList
from widgets.line_view import Span
from widgets.search_bar import SearchBar
from widgets.span_line import KeyHints, SpanLine
from widgets.tree_view import TreeView

BESIDE = 100
"""Columns from which the stack and the tree stand side by side."""

LOW = 16
"""Rows below which there is room for one of them only."""

MANY_PATHS = 20_000
"""Paths from which merging them takes long enough for a word."""

SCAN_SECONDS = 1.0
"""How often it is looked whether a scan has ended; that asks no daemon anything."""

HINTS = (
    ("cancel", "x", "cancel"),
    ("again", "r", "again"),
    ("pane", "tab", "pane"),
    ("view", "v", "layer/image"),
    ("filter", "f", "filter"),
    ("search", "/", "search"),
    ("waste", "w", "waste"),
    ("extract", "e", "extract"),
    ("leave", "q", "back"),
    ("sort", "o", "sort"),
    ("details", "i", "details"),
    ("scan", "s", "scan"),
    ("compare", "=", "compare"),
    ("report", "E", "report"),
)


class LayersScreen(HytheScreen):
    """`image` is what the daemon is asked for, `title` how it is called here; `job` is a reading under way or ended.

    The cursor begins on the `layer` with that diff ID, where there is one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "pane", "Stack or files", show=False, id="layers.pane"),
        Binding("right_square_bracket", "layer(1)", "Next layer", show=False, id="layers.next"),
        Binding("left_square_bracket", "layer(-1)", "Previous layer", show=False, id="layers.previous"),
        Binding("v", "view", "This layer, or the image up to it", show=False, id="layers.view"),
        Binding("f", "filter", "Only added, changed or deleted", show=False, id="layers.filter"),
        Binding("o", "sort", "By size, or by name", show=False, id="layers.sort"),
        Binding("slash", "search", "Search", show=False, id="layers.search"),
        Binding("n", "hit(1)", "Next hit", show=False, id="layers.next_hit"),
        Binding("N", "hit(-1)", "Previous hit", show=False, id="layers.previous_hit"),
        Binding("i", "details", "Details of the layer", show=False, id="layers.details"),
        Binding("w", "waste", "Waste", show=False, id="layers.waste"),
        Binding("y", "copy", "Copy the path", show=False, id="layers.copy"),
        Binding("e", "extract", "Extract the file or folder", show=False, id="layers.extract"),
        Binding("E", "report", "Write the report as JSON", show=False, id="layers.report"),
        Binding("equals_sign", "compare", "Compare with another image", show=False, id="layers.compare"),
        Binding("s", "scan", "Scan for vulnerabilities", show=False, id="layers.scan"),
        Binding("x", "cancel", "Cancel the reading", show=False, id="layers.cancel"),
        Binding("r", "again", "Read again", show=False, id="layers.again"),
        Binding("escape", "back", "Back", show=False, id="layers.back"),
        Binding("q", "leave", "Leave", show=False, id="layers.leave"),
    ]
    CSS = """
    LayersScreen {
        & #layers-main { height: 1fr; layout: vertical; }
        & #stack-pane { height: 2fr; }
        & #layer-pane { height: 3fr; }
        &.-beside #layers-main { layout: horizontal; }
        &.-beside #stack-pane { width: 2fr; height: 1fr; }
        &.-beside #layer-pane { width: 3fr; height: 1fr; border-left: vkey $panel; }
        &.-low #stack-pane { display: none; }
        &.-low.-stack #stack-pane { display: block; height: 1fr; }
        &.-low.-stack #layer-pane { display: none; }
    }
    """
    own_keys = (
        ("tab", "from the stack to the files, and back"),
        ("enter", "to the files; open a folder; look at a file"),
        ("[ ]", "previous and next layer, from the files too"),
        ("v", "the files of this layer, or of the whole image up to it"),
        ("f", "all that the layer does; only what it added, changed, deleted; only what is big"),
        ("o", "sort folders by size, or by name"),
        ("/ n N", "search a name; next and previous hit"),
        ("space * -", "open or close a folder; open all below; close all"),
        ("i", "the layer's whole instruction, its digests and its size"),
        ("w", "advice, and what later layers rewrite or delete, the greatest first"),
        ("e", "write the file or folder under the cursor to this machine"),
        ("E", "write the report on the image as JSON to a file"),
        ("=", "compare with another image"),
        ("s", "scan for vulnerabilities; the counts of a scan stand beside the layers: C critical, H high, M, L, N, ?"),
        ("y", "copy the path under the cursor"),
        ("x r", "cancel the reading of the archive; read again"),
        ("esc q", "one step back; leave"),
    )

    def __init__(self, image: str = "", title: str = "", job: LayersJob | None = None, layer: str = "") -> None:
        super().__init__()
        self._first_layer = layer
        self._image = job.image if job else image
        self._title = job.image_title if job else title or image
        self._given = job
        self._reading = LayersReading(self, self._draw_progress)
        self._layers: ImageLayers | None = None
        self._image_id = ""
        self._analysis: Analysis | None = None
        self._by_now: Image | None = None
        """The image that has the title's name now, where this one has lost it."""
        self._failure = ""

    def compose(self) -> ComposeResult:
        ascii_only = self.hythe.settings.ascii
        yield SpanLine(id="header", ascii=ascii_only)
        with Container(id="layers-main"):
            yield StackPane(self.session, ascii=ascii_only, id="stack-pane")
            yield LayerPane(ascii=ascii_only, id="layer-pane")
        yield KeyHints(id="footer", ascii=ascii_only)

    def on_mount(self) -> None:
        self.set_class(True, "-stack")
        self._arrange(self.size.width, self.size.height)
        self._draw_header()
        self.stack.focus()
        self.run_worker(self._open, group="layers", exclusive=True)
        self.set_interval(SCAN_SECONDS, self._draw_counts)

    @property
    def stack_pane(self) -> StackPane:
        """The history."""
        return self.query_one("#stack-pane", StackPane)

    @property
    def stack(self) -> ChoiceList:
        """The entries of the history, the oldest first."""
        return self.stack_pane.entries

    @property
    def pane(self) -> LayerPane:
        """The files."""
        return self.query_one("#layer-pane", LayerPane)

    @property
    def reading(self) -> bool:
        """Whether the archive is being read."""
        return self._reading.running

    # reading

    async def _open(self) -> None:
        self._failure = ""
        self.pane.say("")
        try:
            rows = history_rows(await self.session.engine.images.history(self._image))
        except EngineError as error:
            self._fail(error, str(error))
            return
        self.stack_pane.show(rows)
        self._show_layer()
        await self._read()

    async def _read(self) -> None:
        expected = sum(row.size for row in self.stack_pane.rows)
        given = self._given  # one that has ended has given its layers away: they are in the cache, most often
        known = given if given is not None and (given.state == "running" or given.layers is not None) else None
        reading = self._reading.read(self.session, self._image, self._title, expected, known)
        job = await begin(reading, self._draw_footer)  # the footer tells how to cancel it
        self.pane.progress(None)
        layers = job.take_layers()
        if layers is not None:
            await self._show(layers, job.image_id)
        elif job.error:
            self._fail(job.exception, job.error)
        else:
            self._failure = "cancelled"
            self.pane.say(f"The reading was cancelled after {size(job.seen)}.\nr reads the archive again.")
        self._draw_footer()

    def _fail(self, error: Exception | None, words: str) -> None:
        """Say in the place of the tree what went wrong, and what to do."""
        self._failure = words
        hint = getattr(error, "hint", "")
        lines = [f"The layers of {self._title} cannot be read:", words, *([hint] if hint else []), "", "r tries again."]
        self.pane.say("\n".join(lines), error=True)
        self._draw_footer()

    def _draw_progress(self) -> None:
        job = self._reading.job
        if job is None or not self.is_mounted or job.state != "running":
            return
        words = self._reading.waiting_words(self.session.now())
        self.pane.say(words)
        if not words:
            self.pane.progress(Progress(" reading the archive", job.seen, job.expected or None, job.rate))

    async def _show(self, layers: ImageLayers, image_id: str) -> None:
        """Show the layers that were read. The last layer's view is made first: the totals need it."""
        self._layers = layers
        self._image_id = image_id
        stack = self.stack_pane
        stack.show(with_lines(self.session, image_rows(layers, list(stack.rows)), image_id))
        self._draw_counts()
        self._show_layer()
        stack.go_to(self._first_layer)
        last = len(layers.layers) - 1
        if last < 0:
            self.pane.say("The image has no layers.")
            return
        self.pane.say("merging the layers ..." if sum(map(len, layers.trees)) > MANY_PATHS else "")
        whole = await asyncio.to_thread(LayerView.of, layers, last)
        self.pane.say("")
        self.pane.show_image(layers, whole)
        self._analysis = await asyncio.to_thread(analysis_of, layers, whole.tree)
        self._draw_header()
        self._draw_footer()

    # the stack

    @property
    def number(self) -> int:
        """The number of the entry under the cursor, 0 for the oldest."""
        return self.stack_pane.number

    def _show_layer(self) -> None:
        """Show the files of the layer under the cursor."""
        rows, number = self.stack_pane.rows, self.number
        if number < len(rows):
            self.pane.show_layer(number, rows[number])

    def _draw_counts(self) -> None:
        """Show the counts of a scan that has ended meanwhile, and that the image's name is another one's by now."""
        self.stack_pane.renew_counts(self._image_id)
        by_now = newer_image(self._title, self._image_id, self.session.state.images.values())
        if by_now is not self._by_now:
            self._by_now = by_now
            self._draw_header()

    def on_choice_list_moved(self, message: ChoiceList.Moved) -> None:
        rows, number = self.stack_pane.rows, int(message.key)
        if number < len(rows):
            self.pane.show_layer(number, rows[number])

    def on_choice_list_chosen(self, _message: ChoiceList.Chosen) -> None:
        self._to_files()

    def action_layer(self, step: int) -> None:
        """Go to the next (or previous) layer."""
        self.stack.move_to(self.number + step)

    # what is drawn

    def on_resize(self, event: Resize) -> None:
        self._arrange(event.size.width, event.size.height)

    def _arrange(self, width: int, height: int) -> None:
        self.set_class(width >= BESIDE, "-beside")
        self.set_class(height < LOW and width < BESIDE, "-low")

    def _draw_header(self) -> None:
        left: list[Span] = [(" hythe ", "head"), ("layers of ", ""), (f"{self._title} ", "accent")]
        if self._by_now is not None:
            left.append((f" name moved to {self._by_now.short_id}", "warn"))
        totals = self._analysis.totals if self._analysis else None
        self.query_one("#header", SpanLine).show(left, totals.verdict() if totals else ())
        self.stack_pane.show_title(totals.counts() if totals else ())

    def _draw_footer(self) -> None:
        usable = {"cancel": self.reading, "again": bool(self._failure) and not self.reading}
        shown = [(id, key, word, True) for id, key, word in HINTS if usable.get(id, True)]
        self.query_one("#footer", KeyHints).hint(shown)

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.run_worker(partial(self.run_action, message.id), group="hints")

    # panes

    def _to_files(self) -> None:
        self.set_class(False, "-stack")
        self.pane.files.focus()

    def _to_stack(self) -> None:
        self.set_class(True, "-stack")
        self.stack.focus()

    def action_pane(self) -> None:
        """Go to the other pane."""
        (self._to_files if self.stack.has_focus else self._to_stack)()

    def action_view(self) -> None:
        """Turn between the files of the layer and of the image up to it."""
        self.pane.turn_view()

    def action_filter(self) -> None:
        """Show the next kind of change alone, and all after the last."""
        self.pane.turn_filter()

    def action_sort(self) -> None:
        """Turn between the order by size and by name."""
        self.pane.turn_sort()

    async def action_details(self) -> None:
        """Show all that is known of the layer under the cursor."""
        rows, number = self.stack_pane.rows, self.number
        if rows:
            title = f"Layer {number + 1} of {self._title}"
            text = row_details(rows[number], number + 1)
            self.run_worker(partial(self.tell, title, text), group="details")

    def action_waste(self) -> None:
        """Say what is wasted and what to do about it; go to the file that is chosen there."""
        if self._analysis is not None:
            self.push(LayerWasteScreen(self._analysis, self._title), self._aim_at)

    def _aim_at(self, lost: Lost | None) -> None:
        if lost is not None:
            self.stack.move_to(lost.layer)
            self.pane.show_layer(lost.layer, self.stack_pane.rows[lost.layer])
            self.pane.aim(lost.path)
            self._to_files()

    # files

    def on_tree_view_opened(self, message: TreeView.Opened) -> None:
        view, layers = self.pane.view, self._layers
        if view is None or layers is None:
            return
        path = str(message.node)
        try:
            file = locate(layers, view.tree, message.node.node)
        except NotThere as error:
            self.note(str(error), "warning")
            return
        self.push(LayerFileScreen(self._image_id, self._title, layers, file, path))

    def action_open(self) -> None:
        """Open the file or the folder under the cursor."""
        if self.pane.files.has_focus:
            self.pane.files.action_open()
        else:
            self._to_files()

    def action_extract(self) -> None:
        """Write the file or folder under the cursor to this machine."""
        self.run_worker(self._extract, group="extract", exclusive=True)

    async def _extract(self) -> None:
        view, layers, path = self.pane.view, self._layers, self.pane.files.cursor_node
        if view is None or layers is None or path is None:
            self.note("extract: no file under the cursor", "warning")
            return
        selection = Selection(layers, view.tree, path.node, None if self.pane.whole else view.number)
        what = "the whole image" if self.pane.whole else f"layer {view.number + 1}"
        await extract(self, selection, what, self._image_id, self._title)

    # the image

    def action_report(self) -> None:
        """Write the report as JSON to a file."""
        self.run_worker(self._report, group="report", exclusive=True)

    async def _report(self) -> None:
        if self._analysis is None:
            self.note("report: the layers are not read yet", "warning")
        else:
            await write_report(self, self._analysis, self._image_id, self._title)

    def action_compare(self) -> None:
        """Choose another image and compare this one with it."""
        self.run_worker(self._compare, group="compare", exclusive=True)

    async def _compare(self) -> None:
        await compare_with_another(self, self._image, self._image_id, self._title)

    def action_scan(self) -> None:
        """Scan the image for vulnerabilities, or show what is known of them."""
        opening = partial(open_scan, self, self._image, self._image_id, self._title)
        self.run_worker(opening, group="scan", exclusive=True)

    def action_copy(self) -> None:
        """Copy the path under the cursor."""
        path = self.pane.files.cursor_node
        if path is not None:
            self.copy(path)

    # search

    def action_search(self) -> None:
        """Type a name to search in the tree."""
        self.set_class(False, "-stack")
        self.pane.search_bar.open()

    def action_hit(self, direction: int) -> None:
        """Go to the next or the previous hit."""
        self.pane.files.action_next_hit(direction)

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        self.pane.search(message.query)

    def on_search_bar_closed(self, _message: SearchBar.Closed) -> None:
        self._to_files()

    def on_tree_view_search_changed(self, message: TreeView.SearchChanged) -> None:
        self.pane.show_hits(message)

    def on_tree_view_expand_cut(self, message: TreeView.ExpandCut) -> None:
        self.note(f"opened the first {plural(message.limit, 'row')}: there are more", "warning")

    # leaving

    def action_cancel(self) -> None:
        """Cancel the reading."""
        if self.reading:
            self.run_worker(self._reading.cancel, group="cancel")

    def action_again(self) -> None:
        """Read again what could not be read."""
        if self._layers is None and not self.reading:
            self._given = None
            self.run_worker(self._open, group="layers", exclusive=True)

    def action_back(self) -> None:
        """Go one step back: end the search, go to the stack, leave."""
        if self.pane.query_text:
            self.pane.search("")
        elif not self.stack.has_focus:
            self._to_stack()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Leave; a reading under way is cancelled by it."""
        self.hythe.pop_screen()
