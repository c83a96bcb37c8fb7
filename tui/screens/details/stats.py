"""The Stats tab: what a container used of the machine since hythe first looked, as charts."""

from __future__ import annotations

import os
from contextlib import suppress
from weakref import WeakKeyDictionary

from tui.commands.session import Session
from tui.engine.errors import EngineError
from tui.model.containers import Container
from tui.model.usage_history import UsageHistory
from tui.present.containers import status_text
from tui.present.stats import MEASURES, Measure, foot, head, memory_bar, start_words
from tui.screens.details.tab import DetailTab
from widgets.chart import PEAK, Chart, ChartGrid, Look, nice_top


class StatsTab(DetailTab):
    """CPU, memory, cache, network, disk and processes; it watches the container while it is seen."""

    name = "stats"

    def make(self) -> ChartGrid:
        # the console of Linux has no braille in its font
        look: Look = "block" if os.environ.get("TERM") == "linux" else "braille"
        self.view = ChartGrid(look=look, ascii=self.settings.ascii)
        self._totals = WeakKeyDictionary[Session, int]()
        return self.view

    async def _memory_of_host(self, session: Session) -> int:
        """Return the memory of the daemon's machine in bytes, asked for once; 0 where it is not told."""
        if session not in self._totals:
            with suppress(EngineError):  # a proxy may not let it through
                self._totals[session] = (await session.engine.info()).mem_total
        return self._totals.get(session, 0)

    def wanted(self, row: Container) -> object:
        return row.id, row.state, row.exit_code, row.inspected

    async def fill(self, session: Session, row: Container) -> None:
        if row.state != "running":
            self._show(session, row)
            return
        with session.usage.following([row.id]) as news:
            self._show(session, row)
            total, start = await self._memory_of_host(session), await _start_of(session, row)
            while True:
                news.clear()
                self._show(session, row, total, start)
                await news.wait()

    def _show(self, session: Session, row: Container, total: int = 0, start: str = "") -> None:
        """Show what is known; of one that does not run, what it used until it ended."""
        running = row.state == "running"
        paused = row.state == "paused"
        ended = "" if running else "paused" if paused else status_text(row, session.now())
        history = session.usage.histories.get(row.id)
        if history is None or not len(history):
            idle = "it is paused: what it uses is read once it goes on" if paused else f"it does not run: {ended}"
            self.view.set_notice("its first sample takes a second …" if running else idle)
            return
        mark = PEAK[self.view.look]
        step = self.view.step_of(len(history))
        charts = [_chart(history, measure, running, mark) for measure in MEASURES]
        more: list[list[tuple[str, str]]] = []
        if total and running and history.last is not None:
            sample, cells = history.last.sample, max(10, self.view.size.width // 3)
            bar = memory_bar(sample.memory, sample.memory_limit, total, cells, ascii=self.settings.ascii)
            more.append([("memory ", "bold"), *bar])
        if start and running:
            more.append([(start, "dim")])
        self.view.show(charts, foot(history, step, ended=ended, peak_mark=mark), *more)

    def empty(self, notice: str) -> None:
        self.view.set_notice(notice)


async def _start_of(session: Session, row: Container) -> str:
    """Return how long its start took, in words; nothing where that is not told."""
    with suppress(EngineError):  # the charts go on without it
        story = await session.engine.containers.story(row.id)
        return start_words(story.created_ns, story.started_ns, story.restarts)
    return ""


def _chart(history: UsageHistory, measure: Measure, running: bool, mark: str) -> Chart:
    series = history.series[measure.series]
    least = 64 << 10 if measure.binary else 1
    return Chart(
        head(measure, history, running=running, peak_mark=mark),
        list(series.values),
        nice_top(max(series.peak, least), binary=measure.binary),
        history.slot_of(series.peak_ns) if series.peak > 0 else None,
    )
