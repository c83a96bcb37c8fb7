"""What hythe knows of one host, as an immutable value, and the pure reducers that make the next one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec

from tui.model.containers import Container
from tui.model.images import Image
from tui.model.networks import Network
from tui.model.volumes import Volume
from tui.store.table import Record, Table

R = TypeVar("R", bound=Record)

Phase = Literal["connecting", "listing", "live", "polling", "stale", "reconnecting"]
"""`polling`: the daemon answers and tells no events, so that its lists are read again and again."""

Resource = Literal["containers", "images", "volumes", "networks"]


class Condition(msgspec.Struct, frozen=True):
    """How the feed stands. Moments are seconds of the feed's own clock.

    `since`: when this phase began; `heard`: when the daemon last said anything; `error`: why it is not live.
    """

    phase: Phase = "connecting"
    since: float = 0.0
    heard: float | None = None
    error: str = ""
    hint: str = ""
    attempt: int = 0

    @property
    def is_live(self) -> bool:
        """Whether the records are the daemon's state now."""
        return self.phase == "live"

    @property
    def answers(self) -> bool:
        """Whether the daemon answers, though it may tell no events."""
        return self.phase in ("live", "polling")


class State(msgspec.Struct, frozen=True):
    """Everything known of a host. `problems` says why a resource could not be read: its records are the last known."""

    condition: Condition = Condition()
    tables: Mapping[Resource, Table[Any]] = {}
    problems: Mapping[Resource, str] = {}
    listed: frozenset[Resource] = frozenset()
    events: int = 0

    @property
    def containers(self) -> Mapping[str, Container]:
        """The containers by ID."""
        return self.table("containers").records

    @property
    def images(self) -> Mapping[str, Image]:
        """The images by ID."""
        return self.table("images").records

    @property
    def volumes(self) -> Mapping[str, Volume]:
        """The volumes by name."""
        return self.table("volumes").records

    @property
    def networks(self) -> Mapping[str, Network]:
        """The networks by ID."""
        return self.table("networks").records

    def table(self, resource: Resource) -> Table[Any]:
        """Return what is known of a resource; nothing before it was read."""
        return self.tables.get(resource, _EMPTY)


_EMPTY = Table[Any]()


def with_table(state: State, resource: Resource, table: Table[R]) -> State:
    """Return the state with another table of a resource."""
    if table is state.tables.get(resource):
        return state
    return msgspec.structs.replace(state, tables={**state.tables, resource: table})


def with_condition(state: State, condition: Condition) -> State:
    """Return the state in another condition, its records kept."""
    if condition is state.condition:
        return state
    return msgspec.structs.replace(state, condition=condition)


def with_problem(state: State, resource: Resource, problem: str) -> State:
    """Return the state with the reason why `resource` could not be read, or without one when `problem` is empty."""
    problems = {key: text for key, text in state.problems.items() if key != resource}
    if problem:
        problems[resource] = problem
    return state if problems == state.problems else msgspec.structs.replace(state, problems=problems)
