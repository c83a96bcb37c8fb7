"""What happened to a container, as events and its inspect answer tell it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tui.model.containers import Wire, WireConfig, WireState
from tui.model.events import Event
from tui.model.times import parse_time_ns

SECOND = 10**9
"""In nanoseconds."""

KEPT = frozenset(
    {
        "create", "start", "kill", "die", "oom", "stop", "restart", "pause", "unpause", "rename", "update",
        "health_status", "destroy", "remove", "commit", "checkpoint", "restore", "died", "init",
    }
)  # fmt: skip
"""The verbs of container events that belong to its story; `remove`, `died` and `init` are Podman's."""


class Happening(msgspec.Struct, frozen=True, gc=False):
    """One event of a container; `detail` is what stands behind the verb: `unhealthy`. Times as in Event.

    `by` is the docker line of hythe's own that it came from, empty where it came from somewhere else; None where that
    is not known: it was before hythe looked.
    """

    time_ns: int
    verb: str
    detail: str = ""
    exit_code: int | None = None
    signal: int | None = None
    by: str | None = None

    @property
    def same(self) -> tuple[object, ...]:
        """What is equal of two that are the same happening, told twice."""
        return self.time_ns, self.verb, self.signal


def happening_from(event: Event, by: str | None = None) -> Happening | None:
    """Return what an event tells of a container's story, None where it tells nothing."""
    verb, _, detail = event.action.partition(":")
    if event.type != "container" or verb not in KEPT or not event.id:
        return None
    # Podman tells the health and the exit code by attributes of its own
    detail = detail.strip() or (event.attributes.get("health_status", "") if verb == "health_status" else "")
    code = _number(event.attributes.get("exitCode", event.attributes.get("containerExitCode", "")))
    verb = {"died": "die", "remove": "destroy"}.get(verb, verb)
    return Happening(event.time_ns, verb, detail, code, _number(event.attributes.get("signal", "")), by)


def deaths(happenings: Iterable[Happening], now: float, seconds: float) -> int:
    """Return how often a container ended in the last so many seconds."""
    since = (now - seconds) * SECOND
    return sum(each.verb == "die" and each.time_ns >= since for each in happenings)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


class WireProbe(Wire):
    start: str = ""
    end: str = ""
    exit_code: int = 0
    output: str = ""


class WireHealthLog(Wire):
    status: str = ""
    failing_streak: int = 0
    log: list[WireProbe] | None = None


class WireStoryState(WireState):
    health: WireHealthLog | None = None  # pyright: ignore[reportIncompatibleVariableOverride] more of the same


class WireRestartPolicy(Wire):
    name: str = ""
    maximum_retry_count: int = 0


class WireStoryHost(Wire):
    memory: int = 0
    restart_policy: WireRestartPolicy | None = None


class WireStory(Wire):
    """The part of `GET /containers/{id}/json` that tells what became of it (API 1.41 to 1.51)."""

    id: str
    name: str
    created: str
    state: WireStoryState
    config: WireConfig
    image: str = ""
    restart_count: int = 0
    host_config: WireStoryHost | None = None


class Probe(msgspec.Struct, frozen=True, gc=False):
    """One health check: when it ended, nanoseconds since the epoch, how long it took, its exit code and output."""

    time_ns: int
    seconds: float
    exit_code: int
    output: str


class Story(msgspec.Struct, frozen=True):
    """What became of a container, by its inspect answer. Times are nanoseconds since the epoch, None: never."""

    id: str
    name: str
    image: str
    image_id: str
    state: str
    created_ns: int
    started_ns: int | None = None
    finished_ns: int | None = None
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    restarts: int = 0
    policy: str = ""
    memory_limit: int = 0
    health: str = ""
    streak: int = 0
    probes: tuple[Probe, ...] = ()


def story_from(wire: WireStory) -> Story:
    """Return what an inspect answer tells."""
    state, host = wire.state, wire.host_config or WireStoryHost()
    health = state.health or WireHealthLog()
    policy = host.restart_policy or WireRestartPolicy()
    most = f":{policy.maximum_retry_count}" if policy.maximum_retry_count else ""
    return Story(
        id=wire.id,
        name=wire.name.removeprefix("/") or wire.id[:12],
        image=wire.config.image,
        image_id=wire.image,
        state=state.status,
        created_ns=parse_time_ns(wire.created) or 0,
        started_ns=parse_time_ns(state.started_at),
        finished_ns=parse_time_ns(state.finished_at),
        exit_code=state.exit_code,
        oom_killed=state.oom_killed,
        error=state.error,
        restarts=wire.restart_count,
        policy="" if policy.name in ("", "no") else policy.name + most,
        memory_limit=host.memory,
        health="" if health.status == "none" else health.status,
        streak=health.failing_streak,
        probes=tuple(_probe(probe) for probe in health.log or ()),
    )


def _probe(wire: WireProbe) -> Probe:
    began, ended = parse_time_ns(wire.start) or 0, parse_time_ns(wire.end) or 0
    return Probe(ended or began, max(0, ended - began) / 1e9 if ended and began else 0.0, wire.exit_code, wire.output)
