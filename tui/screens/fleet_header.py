"""The header of the dashboard: which hosts are shown, whether what is seen of them is live, and what it costs."""

from __future__ import annotations

import time
from functools import partial

from tui.commands.fleet import Fleet
from tui.commands.session import Session, total_budget
from tui.engine.errors import EngineError
from tui.present.header import Light, budget_words, fleet_spans, host_spans, light_spans
from tui.present.units import plural
from widgets.span_line import SpanLine


class FleetHeader(SpanLine):
    """One host with its engine and its light, or the lights of several; running jobs; what is streamed and read."""

    def __init__(self, fleet: Fleet, *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id)
        self._fleet = fleet
        self._engines: dict[Session, str] = {}

    def draw(self) -> None:
        """Show how the hosts stand now."""
        fleet = self._fleet
        left = self._one_host(fleet.front) if not fleet.many else fleet_spans(self._lights(), self.ascii)
        if running := len(fleet.running_jobs):
            left.append((f"  {plural(running, 'job')}", "busy"))
        budget = total_budget(session.budget for session in fleet.sessions)
        words = budget_words(budget.streams, budget.reads)
        if fleet.many:
            right = [(f"{words} ", "dim")] if words else []
        else:
            right = light_spans(self._light(fleet.front), budget=words, ascii_only=self.ascii)
        self.show(left, right)

    def _one_host(self, session: Session) -> list[tuple[str, str]]:
        if session not in self._engines and session.feed.condition.answers:
            self._engines[session] = ""  # asked once, as soon as the daemon is there
            # no coroutine yet: an app that ends before the worker begins would leave it unawaited
            self.run_worker(partial(self._read_version, session), group="version")
        api = ".".join(map(str, session.engine.transport.api_version or ()))
        guarded, read_only = session.guarded, session.engine.read_only
        engine, warning = self._engines.get(session, ""), session.engine.endpoint.warning
        return host_spans(
            session.name, session.tone, engine, api, guarded=guarded, read_only=read_only, warning=warning
        )

    async def _read_version(self, session: Session) -> None:
        try:
            version = await session.engine.version()
        except EngineError:
            del self._engines[session]  # asked again when the header is drawn next; the light tells what is wrong
            return
        self._engines[session] = f"Engine {version.version}"
        self.draw()

    def _lights(self) -> list[Light]:
        return [self._light(session) for session in self._fleet.sessions]

    @staticmethod
    def _light(session: Session) -> Light:
        condition = session.feed.condition
        now = time.monotonic()
        heard = None if condition.heard is None else now - condition.heard
        return Light(
            session.name, session.tone, condition.phase, now - condition.since, heard, condition.error,
            session.engine.endpoint.warning,
        )  # fmt: skip
