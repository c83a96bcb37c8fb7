"""A build that goes on whether or not a screen shows it: the context sent, the picture of its steps, its end."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from typing import Final

import msgspec

from tui.engine.build_context import ContextError
from tui.engine.buildkit_session import SecretError, read_secret
from tui.engine.classic_build import failure
from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.jobs.build_report import BuildReport, report_of
from tui.jobs.build_ways import NoSession, Plan, Sending, build_events
from tui.jobs.job import Job
from tui.jobs.masking import Masking
from tui.model.build import BuildEvent, BuildLog, BuildState, StepState, apply_all
from tui.model.build_sources import SourceError, parse_secret
from tui.model.build_spec import BuildSpec
from tui.model.build_way import Abilities, way_of
from tui.model.log_record import Stream
from tui.present.build import progress_words
from tui.present.secrets import secret_names
from tui.present.units import size

PACE: Final = 0.1
"""The least seconds between two looks at what came."""

MOST_PENDING: Final = 4_000
"""Events that wait for such a look; with more, they are taken at once."""

SHORTEST: Final = 4
"""Shorter values are not masked in what the builder says: they would be found in innocent words."""


SHORTEST_LINE: Final = 6
MOST_MASKED: Final = 64 << 10


class BuildFailed(Exception):
    """The builder ended without an image; the message is the daemon's."""


class BuildJob(Job):
    """One build, by the way that its plan says, or, where the daemon turns out to have no session, by another."""

    screen = "build_job"

    def __init__(self, engine: Engine, plan: Plan, line: str, able: Abilities | None = None) -> None:
        """`line` is the docker command with secrets masked; `able` is what there is to build with."""
        super().__init__(f"build {plan.spec.title}", line)
        self.plan = plan
        self.build = BuildState()
        self.sending = Sending()
        self.hint = ""
        self.report: BuildReport | None = None
        """What came of it, once that has been looked at; see build_report.py."""
        self._reporting: asyncio.Task[None] | None = None
        self._engine = engine
        self._able = able or Abilities("2")
        self._masking = Masking(secret_values(plan.spec))
        self._pending: list[BuildEvent] = []
        self._timer: asyncio.TimerHandle | None = None
        self._looked = 0.0

    @property
    def spec(self) -> BuildSpec:
        """What was asked for."""
        return self.plan.spec

    @property
    def dockerfile(self) -> str:
        """The text of the Dockerfile, empty where the daemon fetched it."""
        return self.plan.dockerfile

    async def work(self) -> None:
        try:
            secrets = await asyncio.to_thread(values_of_secrets, self.plan)
            self._masking = Masking([*secret_values(self.spec), *secrets])
            try:
                await self._follow()
            except NoSession as error:
                self._go_another_way(error)
                await self._follow()
        except (EngineError, ContextError, OSError) as error:
            if self.build.failure is None:  # else the builder's own words say more
                self._pending.append(failure(str(error)))
            self.hint = getattr(error, "hint", "")
            raise
        finally:
            self._take()
            self.build = apply_all(self.build, self._masking.rest())
            self._masking = Masking(())
            self._end_running()
        if self.build.failure is not None:
            raise BuildFailed(self.build.failure.message)
        self._reporting = asyncio.create_task(self._report())

    async def _report(self) -> None:
        """Look at the image and at what was rebuilt, once the build itself is over."""
        self.report = await report_of(self._engine, self.plan, self.build)
        self.changed()

    async def cancel(self) -> None:
        await super().cancel()
        if self._reporting is not None and not self._reporting.done():
            self._reporting.cancel()
            await asyncio.wait([self._reporting])

    async def reported(self) -> None:
        """Return when the report of a good build is there."""
        if self._reporting is not None:
            await asyncio.wait([self._reporting])

    def _go_another_way(self, error: NoSession) -> None:
        self._able = msgspec.structs.replace(self._able, session=False)
        way = way_of(self.spec, self._able)
        if isinstance(way, str):
            raise BuildFailed(f"{way}; the daemon says: {error}") from error
        self.plan = dataclasses.replace(self.plan, way=way)
        self.sending = Sending()

    async def _follow(self) -> None:
        events = build_events(self._engine, self.plan, self.sending)
        ticking = asyncio.create_task(self._tick())
        try:
            async for event in events:
                self._pending.append(event)
                self._soon()
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            await events.aclose()

    async def _tick(self) -> None:
        """Look at what was sent while the builder says nothing."""
        sent = 0
        while True:
            await asyncio.sleep(PACE)
            if self.sending.sent != sent:
                sent = self.sending.sent
                self._soon()

    def _soon(self) -> None:
        """Look at what came, at once where the last look was long ago, else when its time has come."""
        if len(self._pending) >= MOST_PENDING:
            self._reduce()
        if self._timer is None:
            wait = max(0.0, self._looked + PACE - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait, self._take)

    def _reduce(self) -> None:
        pending, self._pending = self._pending, []
        if pending:
            self.build = apply_all(self.build, self._masking.events(joined(pending)))

    def _take(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._looked = time.monotonic()
        self._reduce()
        steps = [step for step in self.build.steps.values() if step.number]
        if steps:
            self.fraction = sum(step.state.ended for step in steps) / len(steps)
        elif self.sending.total:
            self.fraction = min(1.0, self.sending.sent / self.sending.total)
        self.progress = progress_words(self.build) or f"sending the context: {size(self.sending.sent)}"
        self.changed()

    def _end_running(self) -> None:
        """Mark what was under way when the build ended as left: nobody will tell of it any more."""
        now = time.time()
        steps = {
            key: step
            if step.state is not StepState.RUNNING
            else msgspec.structs.replace(step, state=StepState.CANCELLED, ended=now)
            for key, step in self.build.steps.items()
        }
        self.build = msgspec.structs.replace(self.build, steps=steps)


def joined(events: Iterable[BuildEvent]) -> list[BuildEvent]:
    """Return the events with neighbouring pieces of one step's output made one, which is cheaper to take in."""
    found: list[BuildEvent] = []
    for source, group in groupby(events, _source):
        if source is None:
            found += group
        else:
            text = "".join(event.text for event in group if isinstance(event, BuildLog))
            found.append(BuildLog(*source, text))
    return found


def secret_values(spec: BuildSpec) -> list[str]:
    """Return the values of build arguments that look like secrets, which the builder writes into its steps' names."""
    names = secret_names(spec.args)
    return [value for name, value in spec.arguments.items() if name in names and len(value) >= SHORTEST]


def values_of_secrets(plan: Plan) -> list[str]:
    """Return the lines of the secrets that are given to a build, to mask them where a step prints them.

    One that cannot be read is told when the builder asks for it.
    """
    folder = "" if plan.context is None else str(plan.context.folder)
    found: list[str] = []
    for text in plan.spec.secrets:
        with suppress(SourceError, SecretError):
            lines = read_secret(parse_secret(text), folder)[:MOST_MASKED].decode("utf-8", "replace").splitlines()
            found += [line.strip() for line in lines if len(line.strip()) >= SHORTEST_LINE]
    return found


def _source(event: BuildEvent) -> tuple[str, Stream] | None:
    return (event.step_id, event.stream) if isinstance(event, BuildLog) else None
