"""The Logs tab: the tail of a container's log, followed."""

from __future__ import annotations

from contextlib import aclosing

from tui.commands.session import Session
from tui.model.containers import Container
from tui.model.log_record import LogRecord, Stream
from tui.screens.details.tab import DetailTab
from widgets.log_view import LogLine, LogView


class LogsTab(DetailTab):
    """Follows the log while it is seen; the stream ends with the process, so a start is a new stream."""

    name = "logs"

    def make(self) -> LogView:
        self.view = LogView(ascii=self.settings.ascii, max_lines=20_000, max_bytes=32 << 20)
        return self.view

    def wanted(self, row: Container) -> object:
        return row.id, row.state in ("running", "paused", "restarting"), row.started

    async def fill(self, session: Session, row: Container) -> None:
        self.view.clear()
        self.view.set_notice("reading the logs …")
        containers = session.engine.containers
        tty = row.tty if row.tty is not None else bool((await containers.read(row.id)).tty)
        async with aclosing(containers.logs(row.id, tty=tty, follow=True, tail=self.settings.log_tail)) as batches:
            self.view.set_notice("nothing was written yet" if row.is_running else nothing(row))
            async for records in batches:
                self.view.append([line_of(record) for record in records])
        if not row.is_running:
            self.view.set_notice(nothing(row))

    def empty(self, notice: str) -> None:
        self.view.clear()
        self.view.set_notice(notice)

    def failed(self, problem: str) -> None:
        """What was read stays, with the reason under it."""
        self.view.set_notice(f"logs: {problem}")
        self.view.append([LogLine(f"— {problem}", "system")])


def nothing(row: Container) -> str:
    """Return why the log of a container that does not run is empty."""
    return "not started yet: nothing was written" if row.state == "created" else "it ended without writing anything"


def line_of(record: LogRecord) -> LogLine:
    """Return a log line as the log view takes it."""
    text = f"{record.text} … {record.cut} more bytes" if record.cut else record.text
    stream = "stderr" if record.stream is Stream.STDERR else "stdout"
    return LogLine(text, stream, None if record.timestamp is None else record.timestamp / 1e9)
