"""One container's log as it is followed: over restarts, over its recreation under the same name, over lost lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Literal, Protocol

import msgspec

from tui.engine.errors import ApiError, EngineError, NotFound
from tui.model.containers import Container
from tui.model.log_record import NO_TIME, LogBatch, Stream
from tui.present.logs import ended_mark, recreated_mark, restarted_mark
from tui.store.state import State

RESUME_LINES = 2_000
"""Lines that are read again to find where a stream that is resumed goes on."""

LOOK_SECONDS = 0.1
"""How often the known state is looked at for a container that is waited for; nothing is asked of the daemon."""

EARLY_SECONDS = 0.02
"""How much earlier than the start of a container, as the daemon tells it, its first lines may be."""

WHOLE_SECOND = 1_000_000_000
"""Nanoseconds: Podman tells the second of a line alone."""

RETRY_SECONDS = (0.25, 0.5, 1.0, 2.0)

Phase = Literal["waiting", "reading", "following", "ended", "gone", "lost", "failed"]


class Take(Protocol):
    """Takes the lines of a source, in their order."""

    def __call__(self, source: LogSource, batch: LogBatch, /) -> None: ...


class LogAccess(Protocol):
    """What logs are read through: a daemon's containers, or the tasks of a swarm that look like them."""

    async def read(self, container: str) -> Container:
        """Return the record of one as it is now."""
        ...

    def log_batches(
        self,
        container: str,
        *,
        tty: bool,
        follow: bool = False,
        tail: int | None = None,
        since: str = "",
        until: str = "",
    ) -> AsyncGenerator[LogBatch]:
        """Yield its output, see tui.engine.containers.Containers.log_batches; what is after `until` may come too."""
        ...


class Target(msgspec.Struct, frozen=True):
    """Whose log it is: a container of a host, `label` what its lines are told apart by.

    `state` is what is known of the host now: a container that takes the place of this one, under its name or as the
    same Compose service, is found there. One that runs `once` is not started again: how it ended is told even where
    that was before it was looked at, and then its source is over. `relabel` gives the label where it may change.
    """

    access: LogAccess
    state: Callable[[], State]
    container: Container
    label: str
    once: bool = False
    relabel: Callable[[], str] | None = None


def service_of(container: Container) -> tuple[str, str, str] | None:
    """Return the Compose project, service and number of a container; None for one that Compose did not make."""
    labels = container.labels
    service = labels.get("com.docker.compose.service", "")
    return (container.project, service, labels.get("com.docker.compose.container-number", "")) if service else None


class LogSource:
    """Follows the log of a target; `run` can be cancelled and called again, and goes on where it was.

    `phase` says how it stands and `problem` why it does not go on; `on_phase` is called when they change. With `exact`
    it asks for the last line first, at the price of a request: no pause in what there was is then taken for its end.
    """

    def __init__(self, target: Target, tail: int, on_phase: Callable[[], object], *, exact: bool = False) -> None:
        self.target = target
        self.container = target.container
        self.phase: Phase = "waiting"
        self.problem = ""
        self.caught_up = asyncio.Event()
        """Set when what there was at the beginning has been read."""
        self.newest = NO_TIME
        """The time of the newest line."""
        self.oldest = NO_TIME
        """The time of the oldest line that was taken; what is older may still be read."""
        self.at_oldest = 0
        """How many of the lines that were taken have that time."""
        self.count = 0
        """Lines of this container that were taken, those before them in its log left out."""
        self.at_start = False
        """Whether the first of them is the first there is."""
        self.over = False
        """Whether it ran `once` and has ended, and all its lines were taken: there is nothing more to follow."""
        self._tail = tail
        self._exact = exact
        self._goal = NO_TIME
        self._at_newest = 0
        self._on_phase = on_phase
        self._ended: set[tuple[str, float | None]] = set()
        self._told_gone = False
        self._marked = NO_TIME
        self._lost = 0
        self._fresh = True

    @property
    def label(self) -> str:
        """What its lines are told apart by."""
        return self.target.relabel() if self.target.relabel is not None else self.target.label

    @property
    def known(self) -> Container:
        """The container as it is known now, or was last."""
        return self.target.state().containers.get(self.container.id, self.container)

    @property
    def is_forgotten(self) -> bool:
        """Whether the daemon, as far as is known, has it no more."""
        state = self.target.state()
        return state.condition.is_live and self.container.id not in state.containers

    def _enter(self, phase: Phase, problem: str = "") -> None:
        if (phase, problem) != (self.phase, self.problem):
            self.phase, self.problem = phase, problem
            self._on_phase()

    # ---- the life-cycle
    async def run(self, take: Take) -> None:
        """Give the lines to `take` until cancelled, or until it is over."""
        while not self.over:
            state = self.target.state()
            try:
                wait = await self._step(take)
            except NotFound:
                wait = True
                if not self._is_done():
                    self._gone(take)
                else:  # forgotten so soon after its end that no more can be had
                    self._finish(take)
            except ApiError as error:
                self._ended.add((self.container.id, self.container.started))
                if self._is_done():
                    self._finish(take)
                self._enter("failed", str(error))
                wait = True
            except EngineError as error:
                self._enter("lost", str(error))
                await asyncio.sleep(RETRY_SECONDS[min(self._lost, len(RETRY_SECONDS) - 1)])
                self._lost += 1
                continue
            finally:
                self.caught_up.set()
            self._lost = 0
            while wait and not self.over:  # nobody tells of a change
                await asyncio.sleep(LOOK_SECONDS)
                wait = self.target.state() is state

    async def _step(self, take: Take) -> bool:
        """Read one run of the container to its end; returns whether nothing is to be read until something changes."""
        found = self._find()
        if found is None:
            if self.target.state().condition.is_live:
                self._gone(take)
            return True
        if not found.inspected or found.tty is None:
            found = await self.target.access.read(found.id)
        if (found.id, found.started) in self._ended and not self._fresh:
            if self.phase == "waiting":
                self._enter("ended")
            return True
        earlier = None if self._fresh else self.container.started
        again = found.id == self.container.id and earlier is not None and found.started != earlier
        again = again and not self.target.once
        if found.id != self.container.id:
            self._mark(take, recreated_mark(found), found.created)
            self.newest, self.count, self.at_start = NO_TIME, 0, True
            self._at_newest = 0
        elif again and found.is_running:
            self._mark(take, restarted_mark(found), None)  # the first line may be earlier than the moment it is given
        self.container, self._told_gone = found, False
        watched = found.is_running or not self._fresh
        await self._read(found, take, unseen=earlier is None or self.newest == NO_TIME)
        return await self._is_over(found, take, watched)

    def _find(self) -> Container | None:
        """Return the container, or the one that took its place."""
        known = self.target.state().containers
        if (found := known.get(self.container.id)) is not None:
            return found
        if not known and not self.target.state().condition.is_live:
            return self.container  # nothing is known yet: what was known last must do
        if self.target.once:
            return None  # what another one of its name says is a log of its own
        service, name = service_of(self.container), self.container.name
        return next((c for c in known.values() if c.name == name or (service and service_of(c) == service)), None)

    async def _is_over(self, found: Container, take: Take, watched: bool) -> bool:
        """After the end of a stream: tell how a run ended that was `watched`. While it runs, the line broke instead."""
        if self._is_done() and found.state == "exited":
            self._finish(take)
            return True
        fresh = self.known if self._is_done() else await self.target.access.read(found.id)
        if fresh.is_running and fresh.state != "restarting" and fresh.started == found.started:
            await asyncio.sleep(RETRY_SECONDS[0])  # the daemon ended the stream: it stops, or its log was taken away
            return False
        if self.target.once and fresh.state != found.state:
            self.container = found
            return False  # what was written up to its end is all there only now
        self._ended.add((found.id, found.started))
        if watched and not self.target.once:
            over = found if found.state == "restarting" else fresh
            self._mark(take, ended_mark(over), over.finished)
        if not fresh.is_running:
            self._ended.add((fresh.id, fresh.started))
        self.container = found
        self._enter("ended")
        return True

    def _is_done(self) -> bool:
        """Whether it is known to have ended and never to run again."""
        return self.target.once and self.known.state == "exited"

    def _finish(self, take: Take) -> None:
        """Tell how it ended: there is nothing more to come."""
        end = self.known
        self._mark(take, ended_mark(end), end.finished)
        self.container, self.over = end, True
        self._enter("ended")

    def _gone(self, take: Take) -> None:
        self.over = self.target.once
        if not self._told_gone:
            self._told_gone = True
            if self.count:
                self._mark(take, f"— {self.container.name} was removed —", None)
        self._enter("gone", f"there is no container {self.container.name} any more")

    def _mark(self, take: Take, text: str, moment: float | None) -> None:
        # a moment is known to some hundred nanoseconds: a mark must not come after the line that it announces
        at = NO_TIME if moment is None else round((moment - 1e-6) * 1e9)
        time = self._marked = max(self.newest, self._marked, at)
        batch = LogBatch()
        batch.add(text.encode(), Stream.SYSTEMERR, time)
        take(self, batch)

    # ---- reading
    async def _read(self, container: Container, take: Take, *, unseen: bool) -> None:
        """Read what there is, and with a process that runs what comes. Of an `unseen` start it is not known whether
        there are lines before it: where there are, the start is marked between them."""
        crossing = round((container.started - EARLY_SECONDS) * 1e9) if unseen and container.started else None
        if self.target.once:
            crossing = None
        first = self.newest == NO_TIME
        if first:
            self._enter("reading")
            if self._exact and container.is_running:
                self._goal = await self._last_time(container)
            # what was written since there was nothing, or in another container, is read however much it is
            await self._stream(container, take, None if self.at_start else self._tail, "", crossing)
            return
        # the daemon of one that runs once tells moments exactly, and need not send what was taken already
        since = moment_of(self.newest) if self.target.once else ""
        missed = not await self._stream(container, take, RESUME_LINES, since, crossing)
        if missed:  # more came than was looked at: only a search of the whole log finds where to go on
            await self._stream(container, take, None, moment_of(self.newest), crossing)

    async def _last_time(self, container: Container) -> int:
        """Return the time of the line that is the last one now; NO_TIME where there is none."""
        found = NO_TIME
        batches = self.target.access.log_batches(container.id, tty=bool(container.tty), tail=1)
        async with aclosing(batches):
            async for batch in batches:
                found = max(found, *batch.times) if len(batch) else found
        return found

    async def _stream(
        self, container: Container, take: Take, tail: int | None, since: str, crossing: int | None
    ) -> bool:
        """Read a stream to its end; returns False at once where lines between the last one and its first are lost."""
        after, taken, old, same = self.newest, 0, 0, self._at_newest
        batches = self.target.access.log_batches(
            container.id, tty=bool(container.tty), follow=is_on(container), tail=tail, since=since
        )
        async with aclosing(batches), aclosing(self._with_pauses(batches)) as paused:
            async for batch in paused:
                if batch is None:
                    if self.newest >= self._goal:
                        self.at_start |= tail is not None and after == NO_TIME and taken < tail
                        self._now(container)
                    continue
                if after != NO_TIME and not taken:
                    skip, same = known_lines(batch, after, same)
                    old += skip
                    if len(batch) > skip and (same or not old) and tail is not None:
                        return False
                    batch = batch.part(skip)
                if not len(batch):
                    continue
                taken += len(batch)
                self._take(batch, take, crossing)
                self.count += len(batch)
                if self.newest >= self._goal != NO_TIME and not self.caught_up.is_set():
                    self.at_start |= tail is not None and after == NO_TIME and taken < tail
                    self._now(container)
        self.at_start |= tail is not None and after == NO_TIME and taken < tail
        self._now(container)
        return True

    def _take(self, batch: LogBatch, take: Take, crossing: int | None) -> None:
        """Hand lines on; where the container was started between two of them, that is marked."""
        before = self.newest
        if self.oldest == NO_TIME:
            self.oldest = next((time for time in batch.times if time != NO_TIME), NO_TIME)
        if before in (NO_TIME, self.oldest):
            self.at_oldest += batch.times.count(self.oldest)
        self.newest = max(before, max(batch.times))
        self._at_newest = batch.times.count(self.newest) + (self._at_newest if self.newest == before else 0)
        if crossing is not None and _latest(self.newest) >= crossing:
            at = next(at for at, time in enumerate(batch.times) if _latest(time) >= crossing)
            earlier = batch.times[at - 1] if at else before
            if earlier != NO_TIME and _latest(earlier) < crossing:
                mark = LogBatch()
                mark.add(restarted_mark(self.container).encode(), Stream.SYSTEMERR, crossing)
                if at:
                    take(self, batch.part(0, at))
                take(self, mark)
                take(self, batch.part(at))
                return
        take(self, batch)

    def went_back(self, times: Sequence[int]) -> None:
        """Take note of lines before the oldest one that were taken, by their times."""
        self.count += len(times)
        known = [time for time in times if time != NO_TIME]
        if known:
            oldest = min(self.oldest, min(known))
            self.at_oldest = known.count(oldest) + (self.at_oldest if oldest == self.oldest else 0)
            self.oldest = oldest

    def _now(self, container: Container) -> None:
        """What there was has been read: from here on lines are taken as they are written."""
        self.caught_up.set()
        self._fresh = False
        self._enter("following" if is_on(container) else "ended")

    async def _with_pauses(self, batches: AsyncGenerator[LogBatch]) -> AsyncGenerator[LogBatch | None]:
        """Yield the batches, and once None: when the daemon began to answer and then sent nothing for a moment."""
        coming = asyncio.ensure_future(anext(batches, None))
        quiet = False
        try:
            while True:
                if not quiet:
                    done, _ = await asyncio.wait([coming], timeout=LOOK_SECONDS)
                    if not done:
                        quiet = True
                        yield None
                batch = await coming
                if batch is None:
                    return
                coming = asyncio.ensure_future(anext(batches, None))
                yield batch
        finally:
            if not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)


def is_on(container: Container) -> bool:
    """Return whether its process may write. One that waits to be restarted is between two runs.

    A daemon that is asked to follow it then goes on into the next run, whose start nobody could tell from its lines.
    """
    return container.is_running and container.state != "restarting"


def _latest(time: int) -> int:
    """The latest moment that a line may have been written at."""
    return time + WHOLE_SECOND - 1 if not time % WHOLE_SECOND and time != NO_TIME else time


def known_lines(batch: LogBatch, after: int, same: int) -> tuple[int, int]:
    """How many of the first lines were taken before: those up to a moment, and `same` of that moment itself.

    Also returns how many of these are still to come.
    """
    known = 0
    for time in batch.times:
        if time > after or time == NO_TIME or (time == after and not same):
            break
        same -= time == after
        known += 1
    return known, same


def moment_of(time_ns: int) -> str:
    """Return nanoseconds since the epoch as the Engine API takes moments."""
    return f"{time_ns // 1_000_000_000}.{time_ns % 1_000_000_000:09d}"
