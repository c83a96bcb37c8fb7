"""The pane of the files screen: the tree of a container's files, or why it is not there yet."""

from __future__ import annotations

from typing import Final, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Resize
from textual.widgets import Static

from tui.model.container_tree import ContainerTree, FilePath
from tui.present.container_tree import FilesSource, change_spans, first_changes
from tui.present.units import plural, size
from tui.screens.base import content
from tui.screens.files_reading import FilesReading
from widgets.bars import Progress, ProgressLine
from widgets.line_view import Span
from widgets.name_search import NameSearch
from widgets.search_bar import SearchBar
from widgets.span_line import SpanLine
from widgets.tree_view import TreeView

FEW: Final = 40
"""Changed paths up to which all are shown without opening a folder."""

WIDE: Final = 64
"""Cells from which modes and owners have room beside the names."""

WAITING: Final = "Waiting for the daemon, which sends all that is in the files: its API has no listing.\nx stops."


class FilesPane(Vertical):
    """What was read of one container, under a title; `name` is the container's."""

    DEFAULT_CSS = """
    FilesPane {
        & > #files-problem { display: none; }
        & > #files-progress { display: none; }
        & > #files-notice { display: none; height: auto; max-height: 1fr; padding: 1 2; }
        & > #files-notice.-error { color: $text-error; }
    }
    """

    def __init__(self, reading: FilesReading, name: str, *, ascii: bool, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._reading = reading
        self._container = name
        self._ascii = ascii
        self._shown: object = None
        self._unfolded = False
        self._search = NameSearch()
        self.only_changes = self.by_size = self.gone = False
        self.silence = ""
        """Why the daemon does not answer, while it does not."""

    def compose(self) -> ComposeResult:
        yield SpanLine(id="files-title", classes="title", ascii=self._ascii)
        yield SpanLine(id="files-problem", ascii=self._ascii)
        yield ProgressLine(id="files-progress", ascii=self._ascii)
        yield Static(id="files-notice", markup=False)
        yield TreeView[FilePath](id="files-tree", columns="left", column_widths=(7,), ascii=self._ascii)
        yield SearchBar(ascii=self._ascii, id="files-search")

    @property
    def files(self) -> TreeView[FilePath]:
        """The tree of files."""
        return cast("TreeView[FilePath]", self.query_one("#files-tree"))

    @property
    def search_bar(self) -> SearchBar:
        """Where a search is typed."""
        return self.query_one("#files-search", SearchBar)

    @property
    def tree_read(self) -> ContainerTree:
        """What was read."""
        return self._reading.tree

    # where the cursor is

    def go_to(self, path: str) -> bool:
        """Put the cursor on a path, a folder opened; False where it is not known."""
        way = self.tree_read.way(path)
        if not way or not self.files.go_to(way):
            return False
        self.files.open_branch()
        return True

    def unfold_changes(self) -> None:
        """Open the way to what the container changed where that is little, once, the cursor on top."""
        tree = self.tree_read
        if not self._unfolded and "/" in tree.parts and tree.changes_known:
            self._unfolded = True
            for path in first_changes(tree, FEW):
                self.files.go_to(tree.way(path))
            self.files.move_to(0)

    # search

    @property
    def query_text(self) -> str:
        """What is searched; empty: nothing."""
        return self._search.query

    def search(self, query: str) -> None:
        """Look for a name in all that was read; empty: end the search."""
        self._search.begin(self.files, query)

    def show_hits(self, message: TreeView.SearchChanged) -> None:
        """Say how the search stands."""
        self._search.tell(message, self.search_bar)
        self._draw_title()

    # what is drawn

    def draw(self) -> None:
        """Show what is known by now."""
        known = (self.tree_read.version, self.only_changes, self.by_size)
        if known != self._shown:
            self._shown = known
            self._fill()
        self._draw_notice()
        self._draw_progress()
        self._draw_title()

    def _fill(self) -> None:
        view = self.files
        view.set_source(
            FilesSource(
                self.tree_read, only_changes=self.only_changes, by_size=self.by_size,
                wide=self.size.width >= WIDE, arrow="->" if self._ascii else "→",
            )
        )  # fmt: skip
        view.set_notice("" if view.row_count else self._why_empty())

    def _why_empty(self) -> str:
        if not self.tree_read.parts:
            return ""
        if self.only_changes:
            return self._reading.changes_problem or "nothing differs from the image, volumes aside: c shows all"
        return "there are no files"

    def _draw_notice(self) -> None:
        """Say in the place of the tree why there is none yet."""
        reading, job = self._reading, self._reading.job
        text = ""
        if not self.tree_read.parts:
            if reading.problem:
                text = f"The files of {self._container} cannot be read:\n{reading.problem}\n\nr tries again."
            elif job is not None and job.state == "running" and not job.seen:
                text = WAITING
        notice = self.query_one("#files-notice", Static)
        notice.update(content(text, ascii=self._ascii))
        notice.set_class(bool(reading.problem), "-error")
        notice.display = bool(text)
        words = self._problem_words()
        problem = self.query_one("#files-problem", SpanLine)
        problem.display = bool(words)
        problem.show([(f" {words}", "bad" if self.gone else "warn")])

    def _problem_words(self) -> str:
        reading = self._reading
        if self.gone:
            return f"{self._container} is gone: this is what was read before"
        if self.silence:
            return f"the daemon does not answer: {self.silence}"
        if not reading.tree.parts:
            return ""
        if reading.problem:
            return f"not all was read: {reading.problem}"
        return f"what differs from its image is not known: {reading.changes_problem}" if reading.changes_problem else ""

    def _draw_progress(self) -> None:
        job = self._reading.job
        line = self.query_one("#files-progress", ProgressLine)
        running = job is not None and job.state == "running" and job.seen > 0
        line.display = running
        if job is not None and running:
            rate = None if self.silence else job.rate
            line.show(Progress(f" {job.path}: {plural(job.paths, 'path')}", job.seen, job.expected, rate))

    def _draw_title(self) -> None:
        tree = self.tree_read
        left: list[Span] = [(" ", "")]
        for path, part in sorted(tree.parts.items()):
            more = "" if part.complete else "at least "
            left += [
                (f"{path} ", "head"),
                (f"{more}{plural(len(part.tree) - 1, 'path')}, {size(part.seen)} read  ", ""),
            ]
        right = list(self._search.spans) or change_spans(tree)
        if self.only_changes:
            right.append((" only changes ", "warn"))
        if self.by_size:
            right.append((" by size ", "accent"))
        self.query_one("#files-title", SpanLine).show(left, right)

    def on_resize(self, event: Resize) -> None:
        """Give modes and owners their columns, or take them away."""
        source = self.files.source
        if isinstance(source, FilesSource) and source.wide != (event.size.width >= WIDE):
            self._fill()
