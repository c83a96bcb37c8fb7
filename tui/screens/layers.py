"""The layers of an image: the history as a stack, and the files of each layer read from the streamed archive."""

from __future__ import annotations

import asyncio
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container as Box
from textual.containers import Vertical
from textual.events import Resize

from tui.engine.errors import EngineError
from tui.jobs.layers import LayersJob
from tui.model.file_tree import ROOT, Change, FileTree
from tui.model.layers import ImageLayers
from tui.present.history import instruction
from tui.present.layers import FilesSource, change_counts, instruction_spans, layer_spans
from tui.present.units import plural, size
from tui.screens.base import HytheScreen
from widgets.choice_list import Choice, ChoiceList
from widgets.line_view import Span
from widgets.search_bar import SearchBar
from widgets.span_line import KeyHints, SpanLine
from widgets.tree_view import TreeView

FILTERS: tuple[Change | None, ...] = (None, Change.ADDED, Change.CHANGED, Change.REMOVED)


class LayersScreen(HytheScreen):
    """`image` is what the daemon is asked for (an ID), `title` what it is called here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "pane", "Layers or files", show=False, id="layers.pane"),
        Binding("v", "whole", "This layer, or the image up to it", show=False, id="layers.whole"),
        Binding("f", "filter", "Only added, changed or removed", show=False, id="layers.filter"),
        Binding("o", "by_size", "By name or by size", show=False, id="layers.sort"),
        Binding("slash", "search", "Search", show=False, id="layers.search"),
        Binding("x", "cancel", "Cancel", show=False, id="layers.cancel"),
        Binding("r", "again", "Read again", show=False, id="layers.again"),
        Binding("escape,q", "leave", "Back", show=False, id="layers.leave"),
    ]
    own_keys = (
        ("tab enter", "from the layers to the files, and back"),
        ("v", "the files of this layer alone, or of the image up to it"),
        ("f", "all, added, changed, removed files"),
        ("o", "by name, by size"),
        ("/ n N", "search a name; next, previous hit"),
        ("* -", "open all below; close all"),
        ("x r", "cancel the reading; read again"),
        ("esc q", "back"),
    )

    def __init__(self, image: str = "", title: str = "", job: LayersJob | None = None) -> None:
        super().__init__()
        self._image = job.image if job else image
        self._title = (job.image_title if job else title) or image
        self._job = job
        self._layers: ImageLayers | None = None
        self._views: dict[int, FileTree] = {}
        self._whole = False
        self._filter = 0
        self._by_size = False

    def compose(self) -> ComposeResult:
        ascii_only = self.hythe.settings.ascii
        yield SpanLine(id="header", ascii=ascii_only)
        with Box(id="main"):
            with Vertical(id="stack-pane", classes="pane"):
                yield SpanLine(id="stack-title", classes="title", ascii=ascii_only)
                yield ChoiceList(id="stack", ascii=ascii_only)
            with Vertical(id="files-pane", classes="pane"):
                yield SpanLine(id="files-title", classes="title", ascii=ascii_only)
                yield TreeView[str](id="files", ascii=ascii_only, column_widths=(10, 5, 7))
        yield SearchBar(id="search")
        yield KeyHints(id="footer", ascii=ascii_only)

    def on_mount(self) -> None:
        words = (("enter", "files"), ("v", "layer/image"), ("f", "changes"), ("o", "by size"), ("/", "search"))
        self.query_one("#footer", KeyHints).hint(
            [(key, key, word, True) for key, word in (*words, ("x", "cancel"), ("q", "back"))]
        )
        self._arrange(self.size.width)
        self.set_focus(self.stack)
        self.run_worker(self._open(), group="layers", exclusive=True)

    def on_resize(self, event: Resize) -> None:
        self._arrange(event.size.width)

    def _arrange(self, width: int) -> None:
        """From 110 columns the files stand beside the layers, else below them."""
        self.query_one("#main").styles.layout = "horizontal" if width >= 110 else "vertical"

    @property
    def stack(self) -> ChoiceList:
        """The list of layers, the newest first."""
        return self.query_one("#stack", ChoiceList)

    @property
    def files(self) -> TreeView[str]:
        """The tree of files."""
        return cast("TreeView[str]", self.query_one("#files"))

    # reading

    async def _open(self) -> None:
        known = self.session.layer_cache.get(self._image)
        if known is None:
            await self._show_history()
            await self._read()
            return
        self._show(known)

    async def _show_history(self) -> None:
        """Show the stack as the history tells it, before the archive is there."""
        self._draw_header()
        try:
            entries = await self.session.engine.images.history(self._image)
        except EngineError as error:
            self.files.set_notice(f"history: {error}")
            return
        self.stack.show(
            [
                Choice(
                    f"history:{number}",
                    (
                        (f"{size(entry.size) if entry.size else '-':>17}  ", "number" if entry.size else "dim"),
                        *instruction_spans(instruction(entry.created_by) or entry.comment, empty=not entry.size),
                    ),
                )
                for number, entry in enumerate(entries)
            ]
        )

    async def _read(self) -> None:
        session = self.session
        job = self._job
        if job is None:
            image = session.state.images.get(self._image)
            job = self._job = LayersJob(session.engine, self._image, self._title, image.size if image else 0)
            entry = session.history.begin(job.line, session.name)
            session.jobs.start(job)
        else:
            entry = None
        stop = job.listen(self._progress)
        self._progress()
        try:
            await job.wait()
        except asyncio.CancelledError:
            # the screen is left: nobody waits for the archive any more
            await job.cancel()
            raise
        finally:
            stop()
            if entry is not None:
                entry.close("ok" if job.state == "done" else "failed" if job.error else "cancelled", job.error)
        if job.result is None:
            self._draw_header()
            reason = job.error or "cancelled"
            self.files.set_notice(f"the files were not read: {reason}  (r reads again)")
            return
        session.layer_cache.put(self._image, job.result)
        self._show(job.result)

    def _progress(self) -> None:
        if self._job is not None and self.is_mounted and self._job.state == "running":
            self.files.set_notice(f"{self._job.progress} …  (x cancels)")

    def _show(self, layers: ImageLayers) -> None:
        self._layers = layers
        whole = layers.size
        ascii_only = self.hythe.settings.ascii
        numbered = list(enumerate(layers.layers))
        self.stack.show([Choice(f"{n}", tuple(layer_spans(row, whole, ascii_only))) for n, row in reversed(numbered)])
        self._draw_header()
        self.run_worker(self._show_files(), group="files", exclusive=True)

    # what is drawn

    def _number(self) -> int | None:
        """The number of the layer under the cursor, from the lowest; None while they are not read."""
        chosen = self.stack.chosen
        return int(chosen) if self._layers is not None and chosen and chosen.isdigit() else None

    async def _view(self, number: int) -> FileTree:
        """Return the files of the image up to a layer; merging takes a second for a million paths, so in a thread."""
        assert self._layers is not None
        found = self._views.get(number)
        if found is None:
            found = await asyncio.to_thread(self._layers.view, number)
            while len(self._views) >= 8:
                self._views.pop(next(iter(self._views)))
            self._views[number] = found
        return found

    async def _show_files(self) -> None:
        number = self._number()
        if number is None or self._layers is None:
            return
        layer = self._layers.layers[number]
        tree = await self._view(number)
        only = FILTERS[self._filter]
        alone = not self._whole
        self.files.set_source(
            FilesSource(tree, changed_only=alone, only=only, by_size=self._by_size)
            if not (alone and layer.empty)
            else None
        )
        if alone and layer.empty:
            self.files.set_notice("no files: this instruction only changes the image's configuration")
        else:
            self.files.set_notice("nothing here" if only is None else f"no {only.name.lower()} files here")
        self._draw_files_title(tree, number)
        last = await self._view(len(self._layers.layers) - 1)
        self._draw_header(self._layers.waste(last))

    def _draw_files_title(self, tree: FileTree, number: int) -> None:
        counts = change_counts(tree)
        which = f"image up to layer {number + 1}" if self._whole else f"layer {number + 1}"
        left: list[Span] = [(" files ", "head"), (which, "")]
        for change, letter, tone in ((Change.ADDED, "A", "added"), (Change.CHANGED, "C", "changed"),
                                     (Change.REMOVED, "D", "removed")):  # fmt: skip
            left.append((f"  {letter} {counts[change]}", tone if counts[change] else "dim"))
        if (only := FILTERS[self._filter]) is not None:
            left.append((f"  only {only.name.lower()}", "warn"))
        if self._by_size:
            left.append(("  by size", "warn"))
        right = [(f"{plural(tree.file_count(ROOT), 'file')}, {size(tree.total_size(ROOT))} ", "dim")]
        self.query_one("#files-title", SpanLine).show(left, right)

    def _draw_header(self, waste: int | None = None) -> None:
        left: list[Span] = [(" hythe ", "head"), ("layers of ", ""), (self._title, "accent")]
        right: list[Span] = []
        title: list[Span] = [(" layers ", "head"), ("newest first", "dim")]
        if self._layers is not None:
            full = sum(not layer.empty for layer in self._layers.layers)
            right = [(f"{size(self._layers.size)} in {plural(full, 'layer')}", "")]
            if waste is not None:
                right.append((f", {size(waste)} wasted", "warn" if waste else "dim"))
            right.append((" ", ""))
        self.query_one("#header", SpanLine).show(left, right)
        self.query_one("#stack-title", SpanLine).show(title)

    # keys

    def on_choice_list_moved(self, _message: ChoiceList.Moved) -> None:
        self.run_worker(self._show_files(), group="files", exclusive=True)

    def on_choice_list_chosen(self, _message: ChoiceList.Chosen) -> None:
        self.set_focus(self.files)

    def action_pane(self) -> None:
        """Go to the other pane."""
        self.set_focus(self.stack if self.files.has_focus else self.files)

    def action_whole(self) -> None:
        """Turn between what the layer did and the image up to it."""
        self._whole = not self._whole
        self._again_files()

    def action_filter(self) -> None:
        """Show the next kind of change."""
        self._filter = (self._filter + 1) % len(FILTERS)
        self._again_files()

    def action_by_size(self) -> None:
        """Turn between the order by name and by size."""
        self._by_size = not self._by_size
        self._again_files()

    def _again_files(self) -> None:
        self.run_worker(self._show_files(), group="files", exclusive=True)

    def action_search(self) -> None:
        """Search a name in the tree."""
        self.query_one(SearchBar).open("", "search the files")

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        self.files.search(message.query)

    def on_search_bar_closed(self, _message: SearchBar.Closed) -> None:
        self.set_focus(self.files)

    def on_tree_view_search_changed(self, message: TreeView.SearchChanged) -> None:
        self.query_one(SearchBar).show_hits(message.hit, message.total, message.complete)

    async def action_cancel(self) -> None:
        """Cancel the reading."""
        if self._job is not None:
            self.run_worker(self._job.cancel(), group="cancel")

    def action_again(self) -> None:
        """Read the archive again after it failed."""
        if self._layers is None and (self._job is None or self._job.state != "running"):
            self._job = None
            self.run_worker(self._open(), group="layers", exclusive=True)

    def action_leave(self) -> None:
        """Go back; from the files to the layers first."""
        if self.files.has_focus:
            self.set_focus(self.stack)
        else:
            self.hythe.pop_screen()
