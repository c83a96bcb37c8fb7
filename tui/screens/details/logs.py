"""The Logs tab: the tail of a container's log, followed; `l` opens it with everything else that a log is read for."""

from __future__ import annotations

from tui import paths
from tui.commands.session import Session
from tui.jobs.log_source import Target
from tui.model.containers import Container
from tui.present.logs import emphasis, fold_out
from tui.screens.details.tab import DetailTab
from tui.screens.log_reading import LogReading
from widgets.log_view import LogView

MOST_LINES = 1_000_000
MOST_BYTES = 64 << 20


class LogsTab(DetailTab):
    """Follows the log while it is seen, over restarts too; what was read stays when it is seen again."""

    name = "logs"

    def make(self) -> LogView:
        self.view = LogView(
            ascii=self.settings.ascii,
            max_lines=MOST_LINES,
            max_bytes=MOST_BYTES,
            folder=paths.spill_folder(),
            fold_out=fold_out,
            emphasis=emphasis,
        )
        self._reading: LogReading | None = None
        self._key: tuple[Session, str] | None = None
        return self.view

    def wanted(self, row: Container) -> object:
        return row.id

    async def fill(self, session: Session, row: Container) -> None:
        if self._reading is None or self._key != (session, row.id):
            await self._give_up()
            target = Target(session.engine.containers, lambda: session.state, row, row.name)
            self._key = (session, row.id)
            self._reading = LogReading(
                self.view,
                [target],
                tail=self.settings.log_tail,
                on_change=lambda: None,
                no_room="l opens the log with more room",
            )
        await self._reading.run()

    async def _give_up(self) -> None:
        reading, self._reading, self._key = self._reading, None, None
        if reading is not None:
            await reading.close()

    def empty(self, notice: str) -> None:
        if notice:  # without one the pane is only not seen now, and what was read is wanted again
            self._key = None
            if self._reading is not None:
                self._reading.cancel()  # else what it reads would stand below the notice
            self.view.clear()
            self.view.set_notice(notice)

    def failed(self, problem: str) -> None:
        self.view.set_notice(f"logs: {problem}")
