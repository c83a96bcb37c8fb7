"""One file of an image or a container: text in colours, or a dump."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.commands.job_history import end_entry
from tui.jobs.container_file import ContainerFileJob
from tui.jobs.layer_file import LayerFileJob
from tui.present.file_text import Line, hex_hits, hex_line, hex_rows, is_text, text_lines
from tui.present.units import duration
from tui.screens.base import HytheScreen, content
from widgets.code_view import CodeView
from widgets.line_view import Span
from widgets.search_bar import SearchBar
from widgets.span_line import KeyHints, SpanLine

HINTS = (
    ("cancel", "x", "cancel"),
    ("again", "r", "again"),
    ("form", "h", "text/hex"),
    ("search", "/", "search"),
    ("hit(1)", "n", "next"),
    ("leave", "q", "back"),
)

FileJob = LayerFileJob | ContainerFileJob
"""What reads a file: `content` is its beginning, once the job is done."""


class FileScreen(HytheScreen):
    """Reads a file and shows its beginning. Subclasses say how it is read, and what is told of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "form", "Text or hex", show=False, id="file.form"),
        Binding("slash", "search", "Search", show=False, id="file.search"),
        Binding("y", "copy", "Copy the path", show=False, id="file.copy"),
        Binding("x", "cancel", "Cancel the reading", show=False, id="file.cancel"),
        Binding("r", "again", "Read again", show=False, id="file.again"),
        Binding("escape", "back", "Back", show=False, id="file.back"),
        Binding("q", "leave", "Leave", show=False, id="file.leave"),
    ]
    CSS = """
    FileScreen {
        & #file-notice { display: none; height: auto; padding: 1 2; }
        & #file-notice.-error { color: $text-error; }
    }
    """
    own_keys = (
        ("h", "as text, or as hexadecimal digits"),
        ("/ n N", "search; next and previous hit"),
        ("< >", "see further left or right"),
        ("y", "copy the path"),
        ("x r", "cancel the reading; read again"),
        ("esc q", "end the search; back"),
    )
    reading_words: ClassVar[str] = "Reading the file"

    def __init__(self, path: str, title: str) -> None:
        """`path` is what was opened, `title` what it is a file of."""
        super().__init__()
        self.path = path
        self._title = title
        self._job: FileJob | None = None
        self._lines: list[Line] = []
        self._hex = False
        self._query = ""

    def make_job(self) -> FileJob:
        """Return what reads the file."""
        raise NotImplementedError

    def facts(self) -> list[Span]:
        """Return what is told of the file above it."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield SpanLine(id="header", ascii=self.ascii)
        yield SpanLine(id="file-title", classes="title", ascii=self.ascii)
        yield Static(id="file-notice", markup=False)
        yield CodeView(id="file-view", ascii=self.ascii)
        yield SearchBar(ascii=self.ascii, id="file-search")
        yield KeyHints(id="footer", ascii=self.ascii)

    def on_mount(self) -> None:
        self.query_one("#header", SpanLine).show(
            [(" hythe ", "head"), (self.path, "accent"), ("  of ", ""), (self._title, "")]
        )
        self.query_one("#file-title", SpanLine).show(self.facts())
        self.code.focus()
        self.run_worker(self._read, group="file", exclusive=True)

    @property
    def code(self) -> CodeView:
        """The text, or the dump."""
        return self.query_one("#file-view", CodeView)

    @property
    def reading(self) -> bool:
        """Whether the file is being read."""
        return self._job is not None and self._job.state == "running"

    # reading

    async def _read(self) -> None:
        session = self.session
        job = self._job = self.make_job()
        entry = session.history.begin(job.line, session.name)
        clock = self.set_interval(1.0, self._draw_progress)
        job.start()
        self._draw_progress()
        self._draw_footer()
        try:
            await job.wait_or_cancel()
        finally:
            clock.stop()
            end_entry(entry, job)
        self.query_one("#file-title", SpanLine).show(self.facts())
        if job.state == "done":
            await self._show(job.content)
        elif job.error:
            self._say(f"{self.path} cannot be read:\n{job.error}\n\nr tries again.", error=True)
        else:
            self._say("The reading was cancelled.\nr reads it again.")
        self._draw_footer()

    async def _show(self, data: bytes) -> None:
        self._say("")
        if not data:
            self.code.set_notice("the file is empty")
            return
        self._hex = not is_text(data)
        if not self._hex:
            self._lines = await asyncio.to_thread(text_lines, self.path, data)
        self._draw_content()

    def _draw_content(self) -> None:
        data = self._job.content if self._job is not None else b""
        if self._hex:
            self.code.show_lines(
                hex_rows(data), lambda row: hex_line(data, row), find=lambda query: hex_hits(data, query)
            )
        else:
            lines = self._lines
            self.code.show_lines(len(lines), lambda row: lines[row], numbered=True)
        if self._query:
            self.code.search(self._query)

    def _say(self, text: str, *, error: bool = False) -> None:
        notice = self.query_one("#file-notice", Static)
        notice.update(content(text, ascii=self.ascii))
        notice.set_class(error, "-error")
        notice.display = bool(text)

    def _draw_progress(self) -> None:
        job = self._job
        if job is not None and job.state == "running" and self.is_mounted:
            waited = duration(max(0.0, self.session.now() - job.started))
            self._say(f"{self.reading_words} ({waited}).\n{job.progress}\nx cancels.")

    def _draw_footer(self) -> None:
        failed = self._job is not None and self._job.state in ("failed", "cancelled")
        usable = {"cancel": self.reading, "again": failed}
        shown = [(id, key, word, True) for id, key, word in HINTS if usable.get(id, True)]
        self.query_one("#footer", KeyHints).hint(shown)

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.run_worker(partial(self.run_action, message.id), group="hints")

    # keys

    async def action_form(self) -> None:
        """Turn between text and hexadecimal digits."""
        job = self._job
        if job is None or not job.content:
            return
        self._hex = not self._hex
        if not self._hex and not self._lines:
            self._lines = await asyncio.to_thread(text_lines, self.path, job.content)
        self._draw_content()

    def action_search(self) -> None:
        """Type a text to search."""
        self.query_one(SearchBar).open()

    def action_hit(self, direction: int) -> None:
        """Go to the next or the previous hit."""
        self.code.action_next_hit(direction)

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        self._query = message.query
        self.code.search(message.query)

    def on_search_bar_closed(self, _message: SearchBar.Closed) -> None:
        self.code.focus()

    def on_code_view_search_changed(self, message: CodeView.SearchChanged) -> None:
        bar = self.query_one(SearchBar)
        if bar.is_open:
            bar.show_hits(message.hit, message.total, True)
        right: list[Span] = []
        if self._query:
            right = [(f"{self._query}: {message.hit or '-'} of {message.total:,} lines ", "hit")]
        self.query_one("#file-title", SpanLine).show(self.facts(), right)

    def action_copy(self) -> None:
        """Copy the path."""
        self.copy(self.path)

    def action_cancel(self) -> None:
        """Cancel the reading."""
        if self._job is not None and self.reading:
            self.run_worker(self._job.cancel, group="cancel")

    def action_again(self) -> None:
        """Read again what could not be read."""
        if self._job is not None and self._job.state in ("failed", "cancelled"):
            self.run_worker(self._read, group="file", exclusive=True)

    def action_back(self) -> None:
        """End the search, else leave."""
        if self._query:
            self._query = ""
            self.code.search("")
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Leave; a reading under way is cancelled by it."""
        self.hythe.pop_screen()
