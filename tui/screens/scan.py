"""What a scanner found in an image: counts by severity, a table to filter and sort, each finding in full."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize

from tui.commands.places import ask_file
from tui.commands.scan import begin_scan, running_scan
from tui.jobs.log_save import write_file
from tui.jobs.scan import Scan, ScanJob
from tui.present.columns import Column
from tui.present.findings import (
    FindingRow,
    columns,
    count_spans,
    detail_lines,
    detail_title,
    export_chunks,
    report_words,
    rows_of,
    search_text,
)
from tui.present.units import duration, size, stamp
from tui.screens.table_screen import TableScreen
from widgets.line_view import Span
from widgets.live_table import LiveTable
from widgets.span_line import KeyHints, SpanLine
from widgets.text_pane import TextPane

SECONDS = 0.25
"""How often it is looked how far a scan is."""

RUNNING = (("x", "cancel"), ("l", "what it says"))
FOUND = (("f", "fixable"), ("v", "layer"), ("L", "layers"), ("r", "again"))
FAILED = (("r", "again"), ("l", "what it said"))
ALWAYS = (("/", "filter"), ("o", "sort"), ("?", "help"), ("esc", "back"), ("tab", "details"), ("E", "export"))

LOW = 20
"""Rows of the terminal below which the details stand in the table's place when they are asked for."""


class ScanScreen(TableScreen[FindingRow]):
    """One line a finding, the worst first. `job` is a scan under way or ended, else `scan` is one that is known."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "fixable", "Only what can be fixed", show=False, id="scan.fixable"),
        Binding("v", "layer", "Only this layer", show=False, id="scan.layer"),
        Binding("L", "layers", "Layers", show=False, id="scan.layers"),
        Binding("y", "copy", "Copy the ID", show=False, id="scan.copy"),
        Binding("E", "export", "Write as JSON", show=False, id="scan.export"),
        Binding("l", "output", "What the tool said", show=False, id="scan.output"),
        Binding("r", "again", "Scan again", show=False, id="scan.again"),
        Binding("x", "cancel", "Cancel", show=False, id="scan.cancel"),
        Binding("tab,shift+tab", "details", "Details", show=False, id="scan.details"),
    ]
    DEFAULT_CSS = """
    ScanScreen {
        & > #finding { height: 12; padding: 0 1; }
        &.-short > #finding { height: 8; }
        &.-low > #finding, &.-low > #finding-title { display: none; }
        &.-low.-detail > #finding-title { display: block; }
        &.-low.-detail > #finding { display: block; height: 1fr; }
        &.-low.-detail > #rows { display: none; }
    }
    """
    own_keys = (
        ("enter tab", "to the details of the finding, and back"),
        ("f", "only what can be fixed by a newer package, or all"),
        ("v", "only what came with the layer of the finding, or all"),
        ("L", "the layers of the image, at that of the finding"),
        ("y", "copy the finding's ID, package or links"),
        ("E", "write all findings as JSON to a file"),
        ("l", "what the tool said"),
        ("r x", "scan again; cancel the scan"),
        ("esc q", "back; a scan goes on"),
    )
    sort = ("severity", False)
    empty = "nothing found"

    def __init__(self, job: ScanJob | None = None, scan: Scan | None = None) -> None:
        super().__init__()
        self._job = job
        self._scan = scan
        self._rows: dict[str, FindingRow] = {}
        self._fixable = False
        self._layer: FindingRow | None = None
        """The finding whose layer alone is shown."""
        self._notice: str | None = None

    # what the table is

    def columns(self) -> Sequence[Column[FindingRow]]:
        return columns(self.ascii)

    def search_text(self) -> Callable[[FindingRow], str]:
        return search_text

    def compose_above(self) -> ComposeResult:
        yield SpanLine(id="counts", ascii=self.ascii)

    def compose_below(self) -> ComposeResult:
        yield SpanLine(id="finding-title", classes="title", ascii=self.ascii)
        yield TextPane(ascii=self.ascii, id="finding")

    def heading(self) -> Sequence[Span]:
        spans: list[Span] = [("scan of ", ""), (f"{self.image_name}  ", "accent")]
        job = self._job
        if job is not None and job.state == "running":
            took = duration(self.session.now() - job.started)
            known = f": {job.progress}" if self._scan is not None else ""
            spans.append((f"{job.tool} is at it, {took}{known}", "busy"))
        return spans

    def draw_title(self) -> None:
        if self._scan is not None:
            super().draw_title()
        else:
            line = self._job.line if self._job else ""
            self.query_one("#table-title", SpanLine).show([(f" $ {line}", "dim")])

    def title_spans(self) -> Sequence[Span]:
        spans: list[Span] = [(" found", "head")]
        if self._fixable:
            spans.append(("  only what can be fixed", "warn"))
        if self._layer:
            spans.append((f"  only layer {self._layer.place}", "warn"))
        if self._scan is not None:
            spans += report_words(self._scan.report, self._scan.ended, self.session.now())
        return spans

    @property
    def image_name(self) -> str:
        """What the image is called here."""
        return self._job.image_name if self._job else self._scan.name if self._scan else ""

    @property
    def image_id(self) -> str:
        """The image's ID."""
        return self._job.image if self._job else self._scan.image if self._scan else ""

    @property
    def pane(self) -> TextPane:
        """The details of the finding under the cursor."""
        return self.query_one("#finding", TextPane)

    # what is drawn

    def on_mount(self) -> None:
        super().on_mount()
        self._arrange(self.size.height)
        self.set_interval(SECONDS, self._look)
        if self._scan is not None:
            self._take(self._scan)
        self._look()

    def on_resize(self, event: Resize) -> None:
        self._arrange(event.size.height)

    def _arrange(self, height: int) -> None:
        self.set_class(height < LOW, "-low")
        self.set_class(height < 30, "-short")

    def _look(self) -> None:
        """Show how far the scan is, and what it found once it has ended."""
        if not self.stands:
            return
        job = self._job
        if job is not None and job.scan is not None and job.scan is not self._scan:
            self._take(job.scan)
        self._say(self._words(job))
        self.table.set_empty(self._instead(job))
        running = job is not None and job.state == "running"
        hints = (*(RUNNING if running else FOUND if self._scan else FAILED), *ALWAYS)
        self.query_one("#footer", KeyHints).hint([(key, key, word, True) for key, word in hints])
        self.draw_header()
        self.draw_title()

    def _instead(self, job: ScanJob | None) -> str:
        """Return what stands where no rows are: nothing found is said of a scan that is done alone."""
        if self._scan is not None:
            return self.empty
        return job.progress if job is not None and job.state == "running" else ""

    def _words(self, job: ScanJob | None) -> str | None:
        """Return why there is no newer scan, or None."""
        if job is None or job.state in ("done", "running"):
            return None
        known = "\nbelow is what the scan before found" if self._scan is not None else ""
        if job.state == "cancelled":
            return f"the scan was cancelled; r scans again{known}"
        hint = f"\n{job.hint}" if job.hint else ""
        return f"{job.error}{hint}\nl tells all that {job.tool} said; r scans again{known}"

    def _say(self, words: str | None) -> None:
        if words != self._notice:
            self._notice = words
            self.table.set_problem(words)

    def _take(self, scan: Scan) -> None:
        self._scan = scan
        self.run_worker(partial(self._show, scan), group="show", exclusive=True)

    async def _show(self, scan: Scan) -> None:
        rows = await asyncio.to_thread(rows_of, scan.report)  # there may be 200,000
        if self.stands:
            self._rows = rows
            self.query_one("#counts", SpanLine).show(count_spans(scan.report.counts, self.ascii))
            self._narrow()

    def _narrow(self) -> None:
        """Show the rows that the two filters of this screen let through."""
        rows = self._rows
        if self._fixable or self._layer:
            diff_id = self._layer.finding.diff_id if self._layer else ""
            rows = {
                key: row
                for key, row in rows.items()
                if (not self._fixable or row.finding.fixed) and (not diff_id or row.finding.diff_id == diff_id)
            }
        self.show_rows(rows)
        self._draw_details()

    def _draw_details(self) -> None:
        row = self.table.cursor_row
        self.query_one("#finding-title", SpanLine).show([(" details ", "head"), *detail_title(row, self.ascii)])
        self.pane.set_lines(detail_lines(row))

    def on_live_table_highlighted(self, _message: LiveTable.Highlighted) -> None:
        self._draw_details()

    def on_live_table_opened(self, _message: LiveTable.Opened) -> None:
        self.action_details()

    # keys

    def action_details(self) -> None:
        """Go to the details, or back to the table."""
        there = self.pane.has_focus
        self.set_class(not there, "-detail")
        (self.table if there else self.pane).focus()

    def action_fixable(self) -> None:
        """Show only what a newer package mends, or all again."""
        self._fixable = not self._fixable
        self._narrow()

    def action_layer(self) -> None:
        """Show only what came with the layer of the finding under the cursor, or all again."""
        row = self.table.cursor_row
        if self._layer:
            self._layer = None
        elif row is not None and row.finding.diff_id:
            self._layer = row
        else:
            tool = self._scan.report.tool if self._scan else "the tool"
            self.note(f"layer: {tool} does not tell the layer of this", "warning")
            return
        self._narrow()

    def action_layers(self) -> None:
        """Open the layers of the image, at the one of the finding."""
        row = self.table.cursor_row
        self.open("layers", image=self.image_id, title=self.image_name, layer=row.finding.diff_id if row else "")

    def action_output(self) -> None:
        """Show what the tool said."""
        if self._job is None:
            self.note("what the tool said is not kept with a scan of before: J lists the jobs", "warning")
        else:
            self.open("output", job=self._job)

    def action_copy(self) -> None:
        """Copy something of the finding under the cursor."""
        if (row := self.table.cursor_row) is not None:
            self.run_worker(partial(self._copy, row), group="ask", exclusive=True)

    async def _copy(self, row: FindingRow) -> None:
        finding = row.finding
        options = [(finding.id, finding.id, "ID")]
        if finding.package:
            package = f"{finding.package} {finding.installed}".strip()
            options.append((package, package, "package"))
        options += [(link, link, "link") for link in finding.links]
        chosen = await self.choose(f"Copy from {finding.id}", options)
        if chosen is not None:
            self.copy(chosen)

    def action_export(self) -> None:
        """Write all findings as JSON to a file."""
        if self._scan is None:
            self.note("export: nothing was found yet", "warning")
        else:
            self.run_worker(partial(self._export, self._scan), group="ask", exclusive=True)

    async def _export(self, scan: Scan) -> None:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", scan.name).strip("-.") or "image"
        path = await ask_file(self, "Write the findings as JSON", f"{name[:100]}-scan.json")
        if path is None:
            return
        try:
            written = await write_file(path, _chunks(scan))
        except OSError as error:
            self.note(f"{path}: {error.strerror or error}", "error")
        else:
            self.note(f"written: {path} ({size(written)})")

    def action_again(self) -> None:
        """Scan again."""
        self.run_worker(self._again, group="scan", exclusive=True)

    async def _again(self) -> None:
        running = running_scan(self.session, self.image_id)
        job = running or await begin_scan(self.session, self, self.image_id, self.image_name)
        if job is not None:
            self._job = job
            self._look()

    def action_cancel(self) -> None:
        """End the scan."""
        job = self._job
        if job is not None and job.state == "running":
            self.run_worker(job.cancel, group="cancel")
            self.note(f"cancelling {job.title} …")

    def action_back(self) -> None:
        """Leave the details, take away the filters one by one, leave."""
        if self.pane.has_focus:
            self.action_details()
        elif self._layer or self._fixable:
            self._layer, self._fixable = None, False
            self._narrow()
        else:
            super().action_back()


async def _chunks(scan: Scan) -> AsyncGenerator[bytes]:
    for chunk in export_chunks(scan.image, scan.name, scan.line, stamp(scan.ended), scan.report):
        yield chunk
