"""The marked containers beside each other: what each used of the machine, in one chart, a measure at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Resize

from tui.commands.session import Session
from tui.model.containers import Container
from tui.model.usage_history import UsageHistory
from tui.present.stats import MEASURES, clock, legend
from tui.present.units import plural
from tui.screens.base import HytheScreen
from widgets.chart import nice_top
from widgets.line_chart import GLYPHS, MOST, TONES, Line, LineChart
from widgets.line_view import Span
from widgets.span_line import KeyHints, SpanLine

SECONDS = 1.0
"""How often it is looked again at what was read; a sample comes about each second."""


class CompareStatsScreen(HytheScreen):
    """One chart of `targets`, with a line for each below it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,tab,l,right_square_bracket", "measure(1)", "Next", show=False, id="compare_stats.next"),
        Binding("left,shift+tab,left_square_bracket", "measure(-1)", "Previous", show=False,
                id="compare_stats.previous"),
        Binding("escape,q", "leave", "Back", show=False, id="compare_stats.leave"),
    ]  # fmt: skip
    DEFAULT_CSS = """
    CompareStatsScreen {
        & > #measures { background: $panel; }
        & > LineChart { height: 1fr; min-height: 3; }
        & > #legends { height: auto; max-height: 40%; }
    }
    """
    own_keys = (("← → tab", "another measure: CPU, memory, network …"), ("esc q", "back"))

    def __init__(self, targets: Sequence[tuple[Session, Container]]) -> None:
        super().__init__()
        running = [(session, row) for session, row in targets if row.state == "running"]
        idle = [(session, row) for session, row in targets if row.state != "running"]
        self._targets = [*running, *idle][:MOST]
        self._left_out = len(targets) - len(self._targets)
        self._shown = 0
        self._watching = ExitStack()
        self._watched: set[tuple[Session, str]] = set()
        self._legends: list[SpanLine] = []

    def compose(self) -> ComposeResult:
        yield SpanLine(id="header", ascii=self.ascii)
        yield SpanLine(id="measures", ascii=self.ascii)
        yield LineChart(id="chart", ascii=self.ascii)
        self._legends = [SpanLine(ascii=self.ascii) for _ in self._targets]
        with VerticalScroll(id="legends", can_focus=False):
            yield from self._legends
        yield KeyHints(id="footer", ascii=self.ascii)

    def on_mount(self) -> None:
        hints = (("→", "measure") if not self.ascii else ("tab", "measure"), ("esc", "back"))
        self.query_one("#footer", KeyHints).hint([(key, key, word, True) for key, word in hints])
        self._watch()
        left: list[Span] = [(" hythe ", "head"), (f"stats of {plural(len(self._targets), 'container')}", "accent")]
        if self._left_out:
            left.append((f"  {self._left_out} more left out: {MOST} are told apart at most", "warn"))
        self.query_one("#header", SpanLine).show(left)
        self.query_one("#chart").focus()
        self.set_interval(SECONDS, self.draw)
        self.call_after_refresh(self.draw)

    def on_unmount(self) -> None:
        self._watching.close()

    def on_resize(self, _event: Resize) -> None:
        self.call_after_refresh(self.draw)

    def _watch(self) -> None:
        """Have those read that run now: one of them may be started, or come back, while this is seen."""
        running = {(session, row.id) for session, row in self._targets if _state(session, row) == "running"}
        if running == self._watched:
            return
        self._watched = running
        before, self._watching = self._watching, ExitStack()
        for session in {session for session, _ in running}:
            ids = [id for owner, id in running if owner is session]
            self._watching.enter_context(session.usage.following(ids))
        before.close()

    def _histories(self) -> list[UsageHistory | None]:
        found = [session.usage.histories.get(row.id) for session, row in self._targets]
        return [history if history is not None and len(history) else None for history in found]

    def draw(self) -> None:
        """Show what is known by now."""
        chart = self.query_one("#chart", LineChart)
        self._watch()
        measure, histories = MEASURES[self._shown], self._histories()
        known = [history for history in histories if history is not None]
        start = min((history.began_ns for history in known), default=0)
        until = max((history.until_ns for history in known), default=1)
        seconds = 1
        while (until - start) / (seconds * 10**9) > chart.columns:
            seconds *= 2
        glyphs = GLYPHS[self.ascii]
        lines = [
            Line(history.columns(measure.series, start, seconds * 10**9, chart.columns), glyphs[at], TONES[at])
            for at, history in enumerate(histories)
            if history is not None
        ]
        peaks = [history.series[measure.series].peak for history in known]
        top = nice_top(max((peak for peak in peaks if math.isfinite(peak)), default=0.0), binary=measure.binary)
        words = (measure.words(top), f"{clock(start)} UTC", clock(until)) if known else ("no sample yet", "", "")
        chart.show(lines, top, words)
        self._draw_measures()
        for at, ((session, row), history) in enumerate(zip(self._targets, histories, strict=True)):
            host = f"{session.name}  " if self.many_hosts else ""
            spans = legend(measure, history, _state(session, row), ascii=self.ascii)
            self._legends[at].show([(f" {glyphs[at]} {row.name}  ", TONES[at]), (host, session.tone), *spans])

    def _draw_measures(self) -> None:
        spans: list[Span] = [(" ", "")]
        for at, measure in enumerate(MEASURES):
            spans += [(measure.title, "accent" if at == self._shown else "dim"), ("  ", "")]
        self.query_one("#measures", SpanLine).show(spans)

    def action_measure(self, step: int) -> None:
        """Show another measure."""
        self._shown = (self._shown + step) % len(MEASURES)
        self.draw()

    def action_leave(self) -> None:
        """Go back."""
        self.hythe.pop_screen()


def _state(session: Session, row: Container) -> str:
    """Return the state that a container is in now; empty when it is gone."""
    now = session.state.containers.get(row.id)
    return "" if now is None else now.state
