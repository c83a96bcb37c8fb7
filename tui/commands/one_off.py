"""A command that is run once inside a container, with its output kept: how it stands, its exit code, its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from tui.commands.session import Session
from tui.commands.shell import shell_of
from tui.engine.errors import EngineError, NotFound
from tui.engine.exec import PidMark, telling_its_pid
from tui.engine.log_lines import LineAssembler
from tui.model.containers import Container
from tui.model.exec_spec import ExecSpec, exec_line
from tui.model.log_record import LogBatch, Stream

OneOffState = Literal["running", "done", "failed", "cancelled"]


class OneOff:
    """Runs `command` in one container. `show` is given lines as they come, `changed` is called at the end.

    `problem` says why it failed, or what is not as asked; `seconds` is how long it took, or takes by now.
    """

    def __init__(
        self,
        session: Session,
        target: Container,
        command: tuple[str, ...],
        show: Callable[[LogBatch], object],
        changed: Callable[[], object],
    ) -> None:
        self.session = session
        self.target = target
        self.spec = ExecSpec(command)
        self.state: OneOffState = "running"
        self.exit_code: int | None = None
        self.problem = ""
        self._show = show
        self._changed = changed
        self._began = time.monotonic()
        self._ended: float | None = None
        self._mark = PidMark()
        self._shell: str | None = None
        self._exec_id = ""
        self._task: asyncio.Task[None] | None = None
        self._is_cancelled = False

    @property
    def seconds(self) -> float:
        """How long it took, or takes by now."""
        return (self._ended or time.monotonic()) - self._began

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def wait(self) -> None:
        """Wait for its end, however it comes."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def cancel(self) -> None:
        """End it inside the container too: closing the connection alone would leave it running."""
        if self.state != "running":
            return
        self._is_cancelled = True
        ended = False
        if self._shell is not None and self._mark.pid is not None:
            with suppress(EngineError):
                ended = await self.session.engine.execs.end(self.target.id, self._exec_id, self._shell, self._mark.pid)
        if self.state == "running":
            self.state = "cancelled"
            self.problem = "" if ended or not self._exec_id else "it may go on running: no shell there could end it"
        if self._task is not None:
            self._task.cancel()
            await self.wait()

    async def _run(self) -> None:
        entry = self.session.history.begin(exec_line(self.target.name, self.spec), self.session.name)
        try:
            await self._carry()
            if self._is_cancelled:
                self.state = "cancelled"
            elif self.state == "running":
                self.state = "done" if self.exit_code == 0 else "failed"
        except EngineError as error:
            if self.state == "running":
                self.state, self.problem = "failed", str(error)
        except asyncio.CancelledError:
            if self.state == "running":
                self.state = "cancelled"
        finally:
            self._ended = time.monotonic()
            code = "" if self.exit_code is None else f"exit {self.exit_code}"
            entry.close("ok" if self.state == "done" else self.state, self.problem or code)
            self._changed()

    async def _carry(self) -> None:
        execs = self.session.engine.execs
        self._shell = await shell_of(self.session, self.target)
        argv = telling_its_pid(self._shell, self.spec.command) if self._shell else self.spec.command
        self._exec_id = await execs.create(self.target.id, self.spec, argv)
        lines = LineAssembler()
        async for frames in execs.output(self._exec_id):
            own = [(stream, self._mark(data) if stream is Stream.STDOUT else data) for stream, data in frames]
            self._show(lines.feed([(stream, data) for stream, data in own if data]))
        self._show(lines.close())
        try:
            state = await execs.ended(self._exec_id)
        except NotFound:
            self.problem = "the container ended"
            return
        self.exit_code = state.exit_code
        if state.running:
            self.problem = "the daemon closed the connection; it goes on running"
