"""A build that goes on whether or not a screen shows it: the context sent, the picture of its steps, its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from itertools import groupby
from typing import Final

import msgspec

from tui.engine.build_context import BuildContext, ContextError
from tui.engine.classic_build import failure
from tui.engine.context_tar import stream_context_async
from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.jobs.job import Job
from tui.model.build import BuildEvent, BuildFailure, BuildLog, BuildState, BuildStep, StepState, apply_all
from tui.model.build_spec import MASK, BuildSpec
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


class BuildFailed(Exception):
    """The builder ended without an image; the message is the daemon's."""


class BuildJob(Job):
    """One build. `sent` counts the bytes of the context that went up, `sent_all` is when the last of them did.

    `to_send` is about how many there are, 0 where nobody has counted.
    """

    screen = "build_job"

    def __init__(self, engine: Engine, spec: BuildSpec, context: BuildContext, text: str, line: str) -> None:
        """`text` is the Dockerfile's, `line` the docker command with secrets masked."""
        super().__init__(f"build {spec.title}", line)
        self.spec = spec
        self.dockerfile = text
        self.build = BuildState()
        self.sent = self.to_send = 0
        self.sent_all: float | None = None
        self.hint = ""
        self._engine = engine
        self._context = context
        names = secret_names(spec.args)
        self._secrets = [value for name, value in spec.arguments.items() if name in names and len(value) >= SHORTEST]
        self._pending: list[BuildEvent] = []
        self._timer: asyncio.TimerHandle | None = None
        self._looked = 0.0

    async def work(self) -> None:
        spec = self.spec
        events = self._engine.builds.build(
            self._upload(),
            dockerfile=self._context.dockerfile,
            tags=[spec.tag] if spec.tag else [],
            target=spec.target,
            build_args=spec.arguments,
            no_cache=spec.no_cache,
            pull=spec.pull,
            version=spec.builder,
        )
        try:
            async for event in events:
                self._pending.append(event)
                self._soon()
        except (EngineError, ContextError, OSError) as error:
            self._pending.append(failure(str(error)))
            self.hint = getattr(error, "hint", "")
            raise
        finally:
            await events.aclose()
            self._take()
            self._end_running()
        if self.build.failure is not None:
            raise BuildFailed(self.build.failure.message)

    async def _upload(self) -> AsyncGenerator[bytes]:
        source = stream_context_async(self._context)
        try:
            async for chunk in source:
                yield chunk
                self.sent += len(chunk)
                self._soon()
            self.sent_all = time.time()
        finally:
            if isinstance(source, AsyncGenerator):
                await source.aclose()

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
            self.build = apply_all(self.build, (masked(event, self._secrets) for event in joined(pending)))

    def _take(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._looked = time.monotonic()
        self._reduce()
        steps = [step for step in self.build.steps.values() if step.number]
        if steps:
            self.fraction = sum(step.state.ended for step in steps) / len(steps)
        elif self.to_send:
            self.fraction = min(1.0, self.sent / self.to_send)
        self.progress = progress_words(self.build) or f"sending the context: {size(self.sent)}"
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


def masked(event: BuildEvent, secrets: Iterable[str]) -> BuildEvent:
    """Return the event without the values of secret arguments, which BuildKit writes into the names of its steps."""
    for secret in secrets:
        match event:
            case BuildStep():
                name, error = event.name.replace(secret, MASK), event.error.replace(secret, MASK)
                event = msgspec.structs.replace(event, name=name, error=error)
            case BuildLog():
                event = msgspec.structs.replace(event, text=event.text.replace(secret, MASK))
            case BuildFailure():
                event = msgspec.structs.replace(event, message=event.message.replace(secret, MASK))
            case _:
                pass
    return event


def _source(event: BuildEvent) -> tuple[str, Stream] | None:
    return (event.step_id, event.stream) if isinstance(event, BuildLog) else None
