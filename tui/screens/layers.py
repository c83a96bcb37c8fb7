"""The layers of an image: its history as a stack, and the files of each layer, read from the image's archive."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Resize

from tui.commands.history import Entry
from tui.engine.errors import EngineError
from tui.jobs.layers import LayersJob
from tui.model.layers import ImageLayers
from tui.present.layer_tree import LayerView
from tui.present.layers import StackRow, Totals, history_rows, image_rows, row_details, totals_of, wasted_files
from tui.present.units import duration, plural, size, span
from tui.screens.base import HytheScreen
from tui.screens.layers_tree import LayerPane
from widgets.bars import Progress, share_bar
from widgets.choice_list import Choice, ChoiceList
from widgets.line_view import Span
from widgets.search_bar import SearchBar
from widgets.span_line import KeyHints, SpanLine
from widgets.tree_view import TreeView

BESIDE = 100
"""Columns from which the stack and the tree stand side by side."""

LOW = 16
"""Rows below which there is room for one of them only."""

BAR = 8
"""Cells of a layer's bar."""

HINTS = (
    ("cancel", "x", "cancel"),
    ("again", "r", "again"),
    ("pane", "tab", "pane"),
    ("view", "v", "layer/image"),
    ("filter", "f", "filter"),
    ("sort", "o", "sort"),
    ("search", "/", "search"),
    ("details", "i", "details"),
    ("waste", "w", "waste"),
    ("leave", "q", "back"),
)


class LayersScreen(HytheScreen):
    """`image` is what the daemon is asked for, `title` how it is called here; `job` is a reading under way or ended."""

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
        ("tab enter", "from the stack to the files, and back"),
        ("[ ]", "previous and next layer, from the files too"),
        ("v", "the files of this layer, or of the whole image up to it"),
        ("f", "all that the layer does; only what it added, changed, deleted"),
        ("o", "sort folders by size, or by name"),
        ("/ n N", "search a name; next and previous hit"),
        ("space * -", "open or close a folder; open all below; close all"),
        ("i", "the layer's whole instruction, its digests and its size"),
        ("w", "what later layers rewrite or delete, the greatest first"),
        ("y", "copy the path under the cursor"),
        ("x r", "cancel the reading of the archive; read again"),
        ("esc q", "one step back; leave"),
    )

    def __init__(self, image: str = "", title: str = "", job: LayersJob | None = None) -> None:
        super().__init__()
        self._image = job.image if job else image
        self._title = job.image_title if job else title or image
        self._job = job
        self._rows: list[StackRow] = []
        self._layers: ImageLayers | None = None
        self._totals: Totals | None = None
        self._whole: LayerView | None = None
        self._failure = ""

    def compose(self) -> ComposeResult:
        ascii_only = self.hythe.settings.ascii
        yield SpanLine(id="header", ascii=ascii_only)
        with Container(id="layers-main"):
            with Vertical(id="stack-pane", classes="pane"):
                yield SpanLine(id="stack-title", classes="title", ascii=ascii_only)
                yield ChoiceList(id="stack", ascii=ascii_only)
            yield LayerPane(ascii=ascii_only, id="layer-pane")
        yield KeyHints(id="footer", ascii=ascii_only)

    def on_mount(self) -> None:
        self.query_one("#stack-title", SpanLine).show(
            [(" layers ", "head"), ("oldest first, as in a Dockerfile", "dim")]
        )
        self.set_class(True, "-stack")
        self._arrange(self.size.width, self.size.height)
        self._draw_header()
        self.stack.focus()
        self.run_worker(self._open, group="layers", exclusive=True)

    @property
    def stack(self) -> ChoiceList:
        """The history, the oldest entry first."""
        return self.query_one("#stack", ChoiceList)

    @property
    def pane(self) -> LayerPane:
        """The files."""
        return self.query_one("#layer-pane", LayerPane)

    @property
    def reading(self) -> bool:
        """Whether the archive is being read."""
        return self._job is not None and self._job.state == "running"

    # reading

    async def _open(self) -> None:
        self._failure = ""
        self.pane.say("")
        known = self.session.layer_cache.get(self._image)
        try:
            self._rows = history_rows(await self.session.engine.images.history(self._image))
        except EngineError as error:
            if known is None:
                self._fail(error, str(error))
                return
        self._draw_stack()
        if known is None:
            await self._read()
        else:
            await self._show(known)

    async def _read(self) -> None:
        session = self.session
        entry: Entry | None = None
        job = self._job
        if job is None or job.state in ("failed", "cancelled"):
            expected = sum(row.size for row in self._rows)
            job = self._job = LayersJob(session.engine, session.layer_cache, self._image, self._title, expected)
            entry = session.history.begin(job.line, session.name)
            session.jobs.start(job)
        clock = self.set_interval(1.0, self._draw_progress)
        stop = job.listen(self._draw_progress)
        self._draw_progress()
        self._draw_footer()
        try:
            await job.wait()
        except asyncio.CancelledError:
            await job.cancel()  # the screen was left: nobody waits any more
            raise
        finally:
            stop()
            clock.stop()
            if entry is not None:
                entry.close("ok" if job.state == "done" else "failed" if job.error else "cancelled", job.error)
        self.pane.progress(None)
        if job.layers is not None:
            await self._show(job.layers)
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
        job = self._job
        if job is None or not self.is_mounted or job.state != "running":
            return
        if job.seen:
            self.pane.say("")
            self.pane.progress(Progress(" reading the archive", job.seen, job.expected or None, job.rate))
        else:
            waited = max(0.0, self.session.now() - job.started)
            self.pane.say(
                f"The daemon is preparing the archive ({duration(waited)}).\n"
                "It sends nothing before it has the whole, so how far it is can't be told.\nx cancels."
            )

    async def _show(self, layers: ImageLayers) -> None:
        """Show the layers that were read. The last layer's view is made first: the totals need it."""
        self._layers = layers
        self._rows = image_rows(layers, self._rows)
        self._draw_stack()
        last = len(layers.layers) - 1
        self.pane.say("merging the layers …" if sum(len(layer.tree) for layer in layers.layers) > 20_000 else "")
        whole = await asyncio.to_thread(LayerView, layers, last) if last >= 0 else None
        self.pane.say("")
        if whole is None:
            self.pane.say("The image has no layers.")
            return
        self._whole = whole
        self._totals = totals_of(layers, whole.tree)
        self._draw_header()
        self._draw_footer()
        self.pane.show_image(layers, whole)

    # the stack

    @property
    def number(self) -> int:
        """The number of the entry under the cursor, 0 for the oldest."""
        return int(self.stack.chosen or 0)

    def _draw_stack(self) -> None:
        known = self.stack.row_count
        total = sum(row.size for row in self._rows)
        self.stack.show([Choice(str(at), tuple(self._row_spans(row, total))) for at, row in enumerate(self._rows)])
        if not known and self._rows:
            full = [at for at, row in enumerate(self._rows) if not row.empty]
            self.stack.move_to(full[-1] if full else len(self._rows) - 1)
        if self._rows:
            self.pane.show_layer(self.number, self._rows[self.number])

    def _row_spans(self, row: StackRow, total: int) -> Sequence[Span]:
        bar = share_bar(row.size / total if total else 0, BAR, self.hythe.settings.ascii)
        age = span(self.session.now() - row.created) if row.created is not None else ""
        word, _, rest = row.instruction.partition(" ")
        facts: list[Span] = [
            (" " * BAR if row.empty else bar, "info"),
            (f"{'' if row.empty else size(row.size):>7}", "number"),
        ]
        facts.append((f"{age:>5}  ", "dim"))
        return [*facts, (word, "dim" if row.empty else "key"), (f" {rest}", "dim" if row.empty else "")]

    def on_choice_list_moved(self, message: ChoiceList.Moved) -> None:
        number = int(message.key)
        if number < len(self._rows):
            self.pane.show_layer(number, self._rows[number])

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
        self.query_one("#header", SpanLine).show(left, self._totals.spans() if self._totals else ())

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
        if self._rows:
            title = f"Layer {self.number + 1} of {self._title}"
            text = row_details(self._rows[self.number], self.number + 1)
            self.run_worker(partial(self.tell, title, text), group="details")

    async def action_waste(self) -> None:
        """List the files that later layers rewrite or delete, and go to the one that is chosen."""
        if self._layers is not None and self._whole is not None:
            self.run_worker(partial(self._choose_wasted, self._layers, self._whole), group="waste", exclusive=True)

    async def _choose_wasted(self, layers: ImageLayers, whole: LayerView) -> None:
        found = await asyncio.to_thread(wasted_files, layers, whole.tree)
        if not found:
            self.note("no waste: no layer rewrites or deletes what another one brought")
            return
        options = [(f"{at}", wasted.path, wasted.words) for at, wasted in enumerate(found)]
        chosen = await self.choose(f"Waste: what later layers hide, {size(layers.waste(whole.tree))}", options)
        if chosen is not None:
            wasted = found[int(chosen)]
            self.stack.move_to(wasted.layer)
            self.pane.show_layer(wasted.layer, self._rows[wasted.layer])
            self.pane.aim(wasted.path)
            self._to_files()

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
        self.pane.show_hits(message.hit, message.total, message.complete)

    def on_tree_view_expand_cut(self, message: TreeView.ExpandCut) -> None:
        self.note(f"opened the first {plural(message.limit, 'row')}: there are more", "warning")

    # leaving

    def action_cancel(self) -> None:
        """Cancel the reading."""
        if self._job is not None and self.reading:
            self.run_worker(self._job.cancel, group="cancel")

    def action_again(self) -> None:
        """Read again what could not be read."""
        if self._layers is None and not self.reading:
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
