"""The pane of the layers screen that shows the history as a stack: sizes, ages, what a scan found, instructions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.commands.session import Session
from tui.jobs.build import BuildJob
from tui.present.instructions import dockerfile_lines, instruction_spans
from tui.present.layers import StackRow
from tui.present.units import size, span
from tui.screens.layers_scan import LayerCounts
from widgets.bars import share_bar
from widgets.choice_list import Choice, ChoiceList
from widgets.line_view import Span
from widgets.span_line import SpanLine

BAR = 8
"""Cells of a layer's bar."""


class StackPane(Vertical):
    """The entries of one image's history, the oldest first, in a list that says where its cursor is."""

    def __init__(self, session: Session, *, ascii: bool, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._session = session
        self._ascii = ascii
        self._counts = LayerCounts()
        self.rows: Sequence[StackRow] = ()
        """What is shown."""

    def compose(self) -> ComposeResult:
        yield SpanLine(id="stack-title", classes="title", ascii=self._ascii)
        yield ChoiceList(id="stack", ascii=self._ascii)

    @property
    def entries(self) -> ChoiceList:
        """The list."""
        return self.query_one("#stack", ChoiceList)

    @property
    def number(self) -> int:
        """The number of the entry under the cursor, 0 for the oldest."""
        return int(self.entries.chosen or 0)

    def show_title(self, right: Sequence[Span]) -> None:
        """Draw the title, with what is known of the whole at its right."""
        title: list[Span] = [(" layers ", "head"), ("oldest first, as in a Dockerfile", "dim")]
        self.query_one("#stack-title", SpanLine).show(title, right)

    def show(self, rows: Sequence[StackRow]) -> None:
        """Show these entries; the cursor stays where it is, and begins on the last that has files."""
        first = not self.entries.row_count
        self.rows = rows
        self._draw()
        if first and rows:
            full = [at for at, row in enumerate(rows) if not row.empty]
            self.entries.move_to(full[-1] if full else len(rows) - 1)

    def go_to(self, diff_id: str) -> None:
        """Put the cursor on the layer with a diff ID, where there is one."""
        at = next((at for at, row in enumerate(self.rows) if row.diff_id and row.diff_id == diff_id), None)
        if at is not None:
            self.entries.move_to(at)

    def renew_counts(self, image_id: str) -> bool:
        """Show the counts of the image's last scan; returns whether they are others than before."""
        renewed = self._counts.renew(self._session.scans, image_id)
        if renewed:
            self._draw()
        return renewed

    def _draw(self) -> None:
        total = sum(row.size for row in self.rows)
        self.entries.show([Choice(str(at), tuple(self._spans(row, total))) for at, row in enumerate(self.rows)])

    def _spans(self, row: StackRow, total: int) -> Sequence[Span]:
        bar = share_bar(row.size / total if total else 0, BAR, self._ascii)
        age = span(self._session.now() - row.created) if row.created is not None else ""
        line = f"{row.line:>4} " if row.line else "     " if any(other.line for other in self.rows) else ""
        return [
            (" " * BAR if row.empty else bar, "info"),
            (f"{'' if row.empty else size(row.size):>7}", "number"),
            (f"{age:>5}  ", "dim"),
            *self._counts.spans(row),
            (line, "constant"),
            *instruction_spans(row.instruction, dim=row.empty),
        ]


def with_lines(session: Session, rows: list[StackRow], image_id: str) -> list[StackRow]:
    """Return the rows with their lines of the Dockerfile, where the image was built here."""
    for job in session.jobs:
        if isinstance(job, BuildJob) and job.build.result is not None and job.build.result.image_id == image_id:
            lines = dockerfile_lines(job.dockerfile, job.spec.target, [row.instruction for row in rows])
            return [replace(row, line=line) for row, line in zip(rows, lines, strict=True)]
    return rows
