"""A daemon in memory, with an Engine's coroutines: the truth is plain to see, and every answer may be late or fail.

What it copies from real daemons: an event is sent at the moment of its change; the headers of the event stream come
before its subscription; only the last events are kept for a resumed stream, and none over a restart; time stamps are
not quite in order; a list may show a state that is a moment old, an inspect never does; a tag that moves tells nothing
of the image that lost it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Generic, Literal, TypeVar

import msgspec

from tui.engine.endpoint import Endpoint
from tui.engine.errors import ApiError, ConnectionFailed, ConnectionLost, MalformedAnswer, NotFound
from tui.model.containers import Container
from tui.model.events import Event
from tui.model.images import Image
from tui.model.networks import Network
from tui.model.system import Ping
from tui.model.volumes import Volume

T = TypeVar("T")
R = TypeVar("R")
Fault = Literal["", "500", "malformed", "lost", "refused", "hangs"]

KEPT_EVENTS = 6
"""So few that a resumed stream misses some; a real daemon keeps 256."""

STEP = 0.05
"""Seconds in a unit of delay."""


@dataclass(frozen=True)
class Ticket:
    """What happens to one request: `before` and `after` are units of delay around the moment that it tells."""

    before: int = 0
    after: int = 0
    lag: int = 0
    fault: Fault = ""


@dataclass(frozen=True)
class TrueContainer:
    """What a container really is."""

    id: str
    name: str
    state: str = "created"
    exit_code: int | None = None
    health: str = ""
    networks: tuple[tuple[str, str], ...] = ()
    started: float | None = None

    def listed(self) -> Container:
        """What the list says of it."""
        health = self.health if self.state == "running" else ""
        return Container(
            self.id, self.name, "image", self.state, exit_code=self.exit_code, health=health, networks=self.networks
        )

    def inspected(self) -> Container:
        """What an inspect says of it."""
        return Container(
            self.id,
            self.name,
            "image",
            self.state,
            exit_code=self.exit_code,
            health=self.health,
            networks=self.networks,
            started=self.started,
            inspected=True,
        )


@dataclass(eq=False)
class _Stream:
    waiting: deque[Event] = field(default_factory=deque[Event])
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def push(self, events: Iterable[Event]) -> None:
        self.waiting.extend(events)
        if self.waiting:
            self.ready.set()


class ModelDaemon:
    """The truth of one daemon, how it changes, and (as `containers`, `images`, `events`…) what it answers."""

    def __init__(self, tickets: Iterable[Ticket] = ()) -> None:
        self.truth: dict[str, TrueContainer] = {}
        self.true_images: dict[str, Image] = {}
        self.true_volumes: dict[str, Volume] = {}
        self.true_networks: dict[str, Network] = {}
        self.endpoint = Endpoint("unix:///model", "test")
        self.containers = _Containers(self)
        self.images = _Plain(self, "image", self.true_images)
        self.volumes = _Plain(self, "volume", self.true_volumes)
        self.networks = _Plain(self, "network", self.true_networks)
        self.requests: list[str] = []
        self.took_early = False
        self._tickets = deque(tickets)
        self._planned: dict[str, deque[Ticket]] = {}
        self.always: dict[str, Ticket] = {}
        """What happens to each request of a name."""
        self._past: list[tuple[float, dict[str, TrueContainer]]] = []
        self._history: deque[Event] = deque()
        self._kept_since: deque[float] = deque()
        self._streams: set[_Stream] = set()
        self._cut = asyncio.Event()
        self._awake = asyncio.Event()
        self._awake.set()
        self._up = True
        self._made = 0
        self._told = 0
        self.clock_offset = 0.0
        """How far the daemon's clock is from the loop's, in seconds."""
        self.events_at_once = 1
        self.opened: list[int | None] = []
        """The `since` of each stream of events that was asked for."""

    # what changes

    def create(self, name: str) -> str:
        """Make a container and return its ID."""
        self._made += 1
        key = f"c{self._made:03}"
        self._change(TrueContainer(key, name))
        self.tell("container", "create", key)
        return key

    def had(self, name: str) -> str:
        """Have a container since long ago, and return its ID."""
        key = self.create(name)
        self._forget()
        return key

    def start(self, key: str) -> None:
        self._change(replace(self.truth[key], state="running", exit_code=None, started=self.now))
        self.tell("container", "start", key)

    def die(self, key: str, code: int) -> None:
        self._change(replace(self.truth[key], state="exited", exit_code=code, networks=()))
        self.tell("container", "die", key)

    def rename(self, key: str, name: str) -> None:
        self._change(replace(self.truth[key], name=name))
        self.tell("container", "rename", key)

    def set_health(self, key: str, health: str) -> None:
        self._change(replace(self.truth[key], health=health))
        self.tell("container", f"health_status: {health}", key)

    def connect_network(self, key: str, network: str) -> None:
        networks = tuple(sorted({**dict(self.truth[key].networks), network: "10.0.0.2"}.items()))
        self._change(replace(self.truth[key], networks=networks))
        self.tell("network", "connect", network, {"container": key})

    def destroy(self, key: str) -> None:
        self._change(self.truth[key], gone=True)
        self.tell("container", "destroy", key)

    def pull(self, key: str, tag: str) -> None:
        """Bring an image, new or as it once was, and move the tag to it."""
        if key not in self.true_images:
            self.true_images[key] = Image(key, size=len(key))
        self.tag(key, tag, verb="pull")

    def tag(self, key: str, tag: str, verb: str = "tag") -> None:
        for other, image in self.true_images.items():
            tags = set(image.tags) - {tag} | ({tag} if other == key else set())
            self.true_images[other] = Image(other, tuple(sorted(tags)), size=image.size)
        self.tell("image", verb, key)

    def commit(self, key: str) -> None:
        """Make an image without a tag: only an event of the container tells of it."""
        self.true_images.setdefault(key, Image(key, size=len(key)))
        self.tell("container", "commit", "c001")

    def remove_image(self, key: str) -> None:
        del self.true_images[key]
        self.tell("image", "untag", key)
        self.tell("image", "delete", key)

    def create_volume(self, name: str, driver: str = "local") -> None:
        """Make a volume; one that is there already is told of once more and stays as it is."""
        self.true_volumes.setdefault(name, Volume(name, driver, created=self.now))
        self.tell("volume", "create", name)

    def remove_volume(self, name: str) -> None:
        del self.true_volumes[name]
        self.tell("volume", "destroy", name)

    def prune_volumes(self, *, telling: bool) -> None:
        """Remove every volume, and tell of each or (as daemons before 23 do) of the prune alone."""
        for name in list(self.true_volumes):
            if telling:
                self.remove_volume(name)
            else:
                del self.true_volumes[name]
        self.tell("volume", "prune", "")

    def create_network(self, name: str) -> str:
        """Make a network and return its ID."""
        self._made += 1
        key = f"n{self._made:03}"
        self.true_networks[key] = Network(key, name, "bridge")
        self.tell("network", "create", key)
        return key

    def remove_network(self, key: str) -> None:
        del self.true_networks[key]
        self.tell("network", "destroy", key)

    def tell(self, kind: str, action: str, key: str, attributes: dict[str, str] | None = None) -> None:
        """Send an event, and keep it for those who resume."""
        self._told += 1
        late = (0, 3_000_000, 1_000_000)[self._told % 3]
        event = Event(kind, action, key, int(self.clock * 1e9) - late + self._told, attributes or {})
        self._history.append(event)
        self._kept_since.append(self.now)
        # a list lags, and a subscription waits, for less time than a daemon needs to forget an event
        while len(self._history) > KEPT_EVENTS and self._kept_since[0] < self.now - 1.0:
            self._history.popleft()
            self._kept_since.popleft()
        for stream in self._streams:
            stream.push([event])

    def quietly(self, change: Callable[[], object]) -> None:
        """Change something without an event."""
        streams, self._streams, history, kept = self._streams, set(), self._history.copy(), self._kept_since.copy()
        change()
        self._streams, self._history, self._kept_since = streams, history, kept

    def push(self, event: Event) -> None:
        """Send an event as it is, and forget it."""
        for stream in self._streams:
            stream.push([event])

    def repeat(self, count: int) -> None:
        """Send the last events once more."""
        for event in list(self._history)[-count:]:
            self.push(event)

    def disorder(self) -> None:
        """Turn round the order of the events that are still on their way."""
        for stream in self._streams:
            stream.waiting.reverse()

    # what goes wrong

    def cut_lines(self) -> None:
        """Break every connection; what is under way on them is lost."""
        self._cut.set()
        self._cut = asyncio.Event()

    def deafen(self) -> None:
        """Tell nothing more on the streams that are open, as lines whose other end is gone without a word."""
        self._streams.clear()

    def lose_events(self) -> None:
        """Break every connection, and forget what was told: a resumed stream has a hole."""
        for stream in self._streams:
            stream.waiting.clear()
        self._forget()
        self.cut_lines()

    def _forget(self) -> None:
        self._history.clear()
        self._kept_since.clear()

    def go_down(self) -> None:
        self._up = False
        self.cut_lines()

    def restart(self) -> None:
        """Come up (again): the old events are forgotten, and what ran has been started anew without a word of it."""
        self.cut_lines()
        self._forget()
        for true in list(self.truth.values()):
            if true.state == "running":
                self._change(replace(true, started=self.now))
        self._past.clear()
        self._up = True
        self._awake.set()

    def fall_silent(self) -> None:
        """Answer nothing, on connections that stay open."""
        self._awake.clear()

    def wake(self) -> None:
        self._awake.set()

    # what it answers

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def clock(self) -> float:
        """The daemon's own clock."""
        return self.now + self.clock_offset

    @property
    def is_up(self) -> bool:
        return self._up

    async def connect(self) -> Ping:
        return await self.ping(3.0)

    async def ping(self, seconds: float = 3.0) -> Ping:
        self.requests.append("ping")
        try:
            async with asyncio.timeout(seconds):
                ticket = self.always.get("ping", Ticket())
                await self._pass(ticket.before)
                if ticket.fault == "hangs":
                    await first_of(self._cut)
        except TimeoutError:
            raise ConnectionFailed(self.endpoint.url, "timed out", "no answer") from None
        return Ping("1.41", time_ns=int(self.clock) * 10**9)

    async def renew_connections(self) -> None:
        self.requests.append("renew")

    def is_moved(self) -> bool:
        return False

    async def event_documents(self, since_ns: int | None = None) -> AsyncGenerator[list[bytes] | None]:
        ticket = self.take_ticket("events")
        self.opened.append(since_ns)
        cut = self._cut
        await self._pass(ticket.before)
        if ticket.fault == "refused":
            raise ApiError(403, "forbidden by administrative rules", "GET /events")
        if ticket.fault == "500":
            raise ApiError(500, "something broke", "GET /events")
        if ticket.fault == "malformed":
            raise MalformedAnswer("GET /events", "HTML instead of JSON")
        yield None
        await self._delay(ticket.after, cut)
        stream = _Stream()
        self._streams.add(stream)
        try:
            stream.push([] if since_ns is None else [event for event in self._history if event.time_ns >= since_ns])
            while True:
                await first_of(stream.ready, cut)
                await self._pass(self.take_ticket("event").before if stream.waiting else 0, cut)
                together = min(self.events_at_once, len(stream.waiting))
                yield [encoded(stream.waiting.popleft()) for _ in range(together)]
                if not stream.waiting:
                    stream.ready.clear()
        finally:
            self._streams.discard(stream)

    async def answer(self, request: str, take: Callable[[float], T]) -> T:
        """Answer with what `take(lag in seconds)` finds at some moment between now and the return."""
        ticket = self.take_ticket(request)
        cut = self._cut
        await self._pass(ticket.before, cut)
        if ticket.fault == "500":
            raise ApiError(500, "something broke", request)
        if ticket.fault == "refused":
            raise ApiError(403, "forbidden by administrative rules", request)
        if ticket.fault == "hangs":
            await first_of(cut)
        found: T | NotFound
        try:
            found = take(ticket.lag * STEP)
        except NotFound as error:
            found = error
        await self._pass(ticket.after, cut)
        if ticket.fault == "malformed":
            raise MalformedAnswer(request, "cut")
        if ticket.fault == "lost":
            raise ConnectionLost(self.endpoint.url, "the line broke")
        if isinstance(found, NotFound):
            raise found
        return found

    def take_ticket(self, request: str) -> Ticket:
        self.requests.append(request)
        if planned := self._planned.get(request):
            return planned.popleft()
        if always := self.always.get(request):
            return always
        return self._tickets.popleft() if self._tickets else Ticket()

    def plan(self, request: str, *tickets: Ticket) -> None:
        """Say what happens to the next requests of this name, such as `list images` or `read container c001`."""
        self._planned.setdefault(request, deque()).extend(tickets)

    def drop_tickets(self) -> None:
        """From here on answer at once, and without a fault."""
        self._tickets.clear()
        self._planned.clear()

    def listed(self, lag: float) -> list[Container]:
        """What the list shows: who is there now, each in the state that it had `lag` seconds ago."""
        before = next((then for moment, then in reversed(self._past) if moment <= self.now - lag), {})
        return [replace(true, **_state_of(before.get(key, true))).listed() for key, true in self.truth.items()]

    async def _pass(self, delay: int, cut: asyncio.Event | None = None) -> None:
        cut = cut or self._cut
        if not self._up:
            raise ConnectionFailed(self.endpoint.url, "refused")
        await first_of(self._awake, cut)
        await self._delay(delay, cut)
        await first_of(self._awake, cut)
        if cut.is_set():
            raise ConnectionLost(self.endpoint.url, "the line broke")

    async def _delay(self, delay: int, cut: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(delay * STEP if delay else None):
                if delay or cut.is_set():
                    await cut.wait()
        if cut.is_set():
            raise ConnectionLost(self.endpoint.url, "the line broke")

    def _change(self, true: TrueContainer, *, gone: bool = False) -> None:
        self.truth[true.id] = true
        if gone:
            del self.truth[true.id]
        self._past.append((self.now, dict(self.truth)))
        while len(self._past) > 2 and self._past[1][0] < self.now - 1.0:
            del self._past[0]


def encoded(event: Event) -> bytes:
    """An event as a daemon sends it."""
    actor = {"ID": event.id, "Attributes": dict(event.attributes)}
    return msgspec.json.encode(
        {"Type": event.type, "Action": event.action, "Actor": actor, "timeNano": event.time_ns}
        if event.type
        else {"Type": 1}
    )


def _state_of(true: TrueContainer) -> dict[str, object]:
    return {"state": true.state, "exit_code": true.exit_code, "health": true.health}


class _Containers:
    def __init__(self, daemon: ModelDaemon) -> None:
        self._daemon = daemon

    async def list_all(self, *, filters: Mapping[str, Sequence[str]] | None = None) -> list[Container]:
        if filters is None:
            return await self._daemon.answer("list containers", self._daemon.listed)
        wanted = filters["id"]
        return await self._daemon.answer(
            "list some containers", lambda lag: [each for each in self._daemon.listed(lag) if each.id in wanted]
        )

    async def read(self, key: str) -> Container:
        def take(_: float) -> Container:
            if key not in self._daemon.truth:
                raise NotFound(404, f"No such container: {key}")
            return self._daemon.truth[key].inspected()

        return await self._daemon.answer(f"read container {key}", take)


class _Plain(Generic[R]):
    """A resource whose list and inspect say the same."""

    def __init__(self, daemon: ModelDaemon, name: str, truth: Mapping[str, R]) -> None:
        self._daemon = daemon
        self._name = name
        self._truth = truth

    async def list_all(self) -> list[R]:
        return await self._daemon.answer(f"list {self._name}s", lambda _: list(self._truth.values()))

    async def read(self, key: str) -> R:
        def take(_: float) -> R:
            if key not in self._truth:
                raise NotFound(404, f"No such {self._name}: {key}")
            return self._truth[key]

        return await self._daemon.answer(f"read {self._name} {key}", take)


async def first_of(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    if any(event.is_set() for event in events):
        return
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
