"""The detail pane: what the row under the cursor is made of. It reads only while it is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from tui.commands.session import Session
from tui.engine.errors import EngineError
from tui.model.containers import Container
from tui.model.images import HistoryEntry, Image
from tui.model.log_record import LogRecord, Stream
from tui.present.layers import words_of
from tui.present.units import ago, size
from widgets.json_source import JsonSource
from widgets.line_view import Span
from widgets.log_view import LogLine, LogView
from widgets.span_line import SpanLine
from widgets.tree_view import TreeView

SETTLE_SECONDS = 0.12
"""How long the cursor must rest on a row before its details are read."""

TABS: dict[str, tuple[str, ...]] = {"containers": ("logs", "inspect"), "images": ("layers", "inspect")}


class HistorySource:
    """An image's history as a tree of one level: size and instruction, newest first."""

    def __init__(self, entries: Sequence[HistoryEntry], now: float) -> None:
        self._entries = entries
        self._now = now

    def roots(self) -> Sequence[int]:
        return range(len(self._entries))

    def children(self, node: int) -> Sequence[int]:
        return ()

    def has_children(self, node: int) -> bool:
        return False

    def label(self, node: int) -> Sequence[Span]:
        entry = self._entries[node]
        word, _, rest = words_of(entry.created_by, entry.comment).partition(" ")
        return [(word, "key"), (f" {rest}", "" if entry.size else "dim")]

    def columns(self, node: int) -> Sequence[Span]:
        entry = self._entries[node]
        age = ago(self._now - entry.created) if entry.created > 0 else ""
        return [(size(entry.size) if entry.size else "-", "number" if entry.size else "dim"), (age, "dim")]

    def search_text(self, node: int) -> str:
        return self._entries[node].created_by


class DetailPane(Vertical):
    """Logs and inspect of a container; layers and inspect of an image. `watch_row` says which."""

    def __init__(self, session: Session, *, log_tail: int, ascii: bool, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._session = session
        self._log_tail = log_tail
        self._ascii = ascii
        self._tab = {"containers": "logs", "images": "layers"}
        self._resource = "containers"
        self._row: Container | Image | None = None
        self._shown: tuple[object, ...] | None = None
        self._reading = False

    def compose(self) -> ComposeResult:
        yield SpanLine(id="detail-title", classes="title", ascii=self._ascii)
        yield LogView(id="detail-logs", ascii=self._ascii, max_lines=20_000, max_bytes=32 << 20)
        yield TreeView[Any](id="detail-inspect", ascii=self._ascii)
        yield TreeView[int](id="detail-layers", ascii=self._ascii, column_widths=(8, 7))

    def on_mount(self) -> None:
        self._arrange()

    # what is shown

    @property
    def tab(self) -> str:
        """The tab in front: logs, inspect or layers."""
        return self._tab[self._resource]

    @property
    def body(self) -> LogView | TreeView[Any]:
        """The widget of the tab in front."""
        return cast("LogView | TreeView[Any]", self.query_one(f"#detail-{self.tab}"))

    def watch_row(self, resource: str, row: Container | Image | None, *, reading: bool) -> None:
        """Show this row; `reading` is False while the pane is not seen, and then nothing is read."""
        self._resource, self._row, self._reading = resource, row, reading
        self._arrange()

    def show_tab(self, tab: str) -> None:
        """Bring a tab of the resource to the front."""
        if tab in TABS[self._resource]:
            self._tab[self._resource] = tab
            self._arrange()

    def turn(self, step: int) -> None:
        """Bring the next (or previous) tab to the front."""
        tabs = TABS[self._resource]
        self.show_tab(tabs[(tabs.index(self.tab) + step) % len(tabs)])

    def _arrange(self) -> None:
        if not self.is_mounted or not self.children:
            return  # not there yet, or no longer: an app that ends takes the children first
        for child in self.query("#detail-logs, #detail-inspect, #detail-layers").results(Widget):
            child.display = child.id == f"detail-{self.tab}"
        self._draw_title()
        wanted = self._wanted()
        if wanted != self._shown:
            self._shown = wanted
            self.run_worker(self._fill(), group="detail", exclusive=True)

    def _wanted(self) -> tuple[object, ...] | None:
        """Return what would be read now: a change of it starts a new reading."""
        if not self._reading or self._row is None:
            return None
        row = self._row
        if isinstance(row, Container) and self.tab == "logs":
            # the stream ends with the process: a start is a new stream
            return ("logs", row.id, row.state in ("running", "paused", "restarting"), row.started)
        return (self.tab, row)

    def _draw_title(self) -> None:
        left: list[Span] = [(" ", "")]
        for tab in TABS[self._resource]:
            left += [(tab, "accent" if tab == self.tab else "dim"), ("  ", "")]
        row = self._row
        name = row.name if isinstance(row, Container) else row.reference if row else ""
        self.query_one("#detail-title", SpanLine).show(left, [(name[:60], "bold"), (" ", "")] if name else [])

    # reading

    async def _fill(self) -> None:
        row, tab = self._row, self.tab
        if self._shown is None or row is None:
            self._empty("no row under the cursor" if row is None else "")
            return
        await self._settle()
        if isinstance(row, Container) and tab == "logs":
            await self._follow(row)
        elif tab == "layers":
            await self._layers(row)
        else:
            await self._inspect(row)

    def _empty(self, notice: str) -> None:
        log = self.query_one("#detail-logs", LogView)
        log.clear()
        log.set_notice(notice)
        for id in ("#detail-inspect", "#detail-layers"):
            tree = cast("TreeView[Any]", self.query_one(id))
            tree.set_source(None)
            tree.set_notice(notice)

    async def _settle(self) -> None:
        """Wait until the cursor rests: this worker is cancelled when it moves on."""
        await asyncio.sleep(SETTLE_SECONDS)

    async def _inspect(self, row: Container | Image) -> None:
        tree = cast("TreeView[Any]", self.query_one("#detail-inspect"))
        engine = self._session.engine
        try:
            value = await (engine.containers if isinstance(row, Container) else engine.images).inspect(row.id)
        except EngineError as error:
            tree.set_source(None)
            tree.set_notice(f"inspect: {error}")
            return
        tree.set_source(JsonSource(value))

    async def _layers(self, row: Container | Image) -> None:
        tree = cast("TreeView[int]", self.query_one("#detail-layers"))
        try:
            entries = await self._session.engine.images.history(row.id)
        except EngineError as error:
            tree.set_source(None)
            tree.set_notice(f"history: {error}")
            return
        tree.set_source(HistorySource(entries, self._session.now()))

    async def _follow(self, row: Container) -> None:
        log = self.query_one("#detail-logs", LogView)
        log.clear()
        log.set_notice("reading the logs …")
        try:
            tty = row.tty if row.tty is not None else bool((await self._session.engine.containers.read(row.id)).tty)
            lines = self._session.engine.containers.logs(row.id, tty=tty, follow=True, tail=self._log_tail)
            async with aclosing(lines) as batches:
                log.set_notice("nothing was written yet" if row.is_running else self._nothing(row))
                async for records in batches:
                    log.append([line_of(record) for record in records])
        except EngineError as error:
            log.set_notice(f"logs: {error}")
            log.append([LogLine(f"— {error}", "system")])
            return
        if not row.is_running:
            log.set_notice(self._nothing(row))

    @staticmethod
    def _nothing(row: Container) -> str:
        return "not started yet: nothing was written" if row.state == "created" else "it ended without writing anything"


def line_of(record: LogRecord) -> LogLine:
    """Return a log line as the log view takes it."""
    text = f"{record.text} … {record.cut} more bytes" if record.cut else record.text
    stream = "stderr" if record.stream is Stream.STDERR else "stdout"
    return LogLine(text, stream, None if record.timestamp is None else record.timestamp / 1e9)
