"""The event stream of the demo engine: the last 256 events, filters and live subscribers."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tui.demo.clock import NS

RING = 256

Filters = Mapping[str, Sequence[str]]


class Event(msgspec.Struct, frozen=True):
    """One event; `attributes` are the actor's, sorted by name as Go writes a map."""

    type: str
    action: str
    id: str
    attributes: dict[str, str]
    time_ns: int

    def encode(self) -> bytes:
        """Return the JSON line that API versions up to 1.51 send: legacy status, id and from beside Type and Action."""
        body: dict[str, Any] = {}
        if self.type in ("container", "image"):
            body["status"] = self.action
            body["id"] = self.id
            if self.type == "container" and "image" in self.attributes:
                body["from"] = self.attributes["image"]
        body["Type"] = self.type
        body["Action"] = self.action
        body["Actor"] = {"ID": self.id, "Attributes": dict(sorted(self.attributes.items()))}
        body["scope"] = "local"
        body["time"] = self.time_ns // NS
        body["timeNano"] = self.time_ns
        return msgspec.json.encode(body) + b"\n"


def matches(event: Event, filters: Filters) -> bool:
    """Return whether the event passes: any value within a key, every key; labels must all be there."""
    attributes = event.attributes
    for key, wanted in filters.items():
        match key:
            case "type":
                ok = event.type in wanted
            case "event":
                ok = any(event.action == w or event.action.startswith(w + ":") for w in wanted)
            case "label":
                ok = all(_has_label(attributes, w) for w in wanted)
            case "container" | "volume" | "network":
                ok = event.type == key and any(_names(event, w) for w in wanted)
            case "image":
                ok = any(_is_image(event, w) for w in wanted)
            case "scope":
                ok = "local" in wanted
            case _:
                ok = False
        if not ok:
            return False
    return True


def _has_label(attributes: Mapping[str, str], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in attributes and (not equals or attributes[key] == value)


def _names(event: Event, wanted: str) -> bool:
    return event.id.startswith(wanted) or event.attributes.get("name") == wanted.removeprefix("/")


def _is_image(event: Event, wanted: str) -> bool:
    if event.type == "image":
        name = event.attributes.get("name", "")
        return wanted in (event.id, name) or name.split(":")[0] == wanted
    return event.type == "container" and event.attributes.get("image", "") in (wanted, f"{wanted}:latest")


class EventBus:
    """Keeps the ring and hands each event to the subscribers; times never repeat or go back."""

    def __init__(self) -> None:
        self.ring: deque[Event] = deque(maxlen=RING)
        self.emitted = 0
        self._last_ns = 0
        self._queues: set[asyncio.Queue[Event]] = set()

    @property
    def listeners(self) -> int:
        """Return how many streams are open."""
        return len(self._queues)

    @property
    def ahead(self) -> int:
        """Return how many events the slowest stream has still to send."""
        return max((queue.qsize() for queue in self._queues), default=0)

    def emit(self, type_: str, action: str, id_: str, attributes: dict[str, str], now_ns: int) -> None:
        """Record an event and hand it out."""
        self._last_ns = max(now_ns, self._last_ns + 1)
        event = Event(type_, action, id_, attributes, self._last_ns)
        self.ring.append(event)
        self.emitted += 1
        for queue in self._queues:
            queue.put_nowait(event)

    def forget(self) -> None:
        """Drop what has been recorded: a daemon just started remembers nothing."""
        self.ring.clear()
        self.emitted = 0

    def subscribe(self) -> asyncio.Queue[Event]:
        """Return a queue that receives every event from now on, until `unsubscribe`."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._queues.add(queue)
        return queue

    def unsubscribe(self, queue: asyncio.Queue[Event]) -> None:
        """Stop feeding a queue."""
        self._queues.discard(queue)
