"""What hythe knows of one host, as an immutable value, and the pure reducers that make the next one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from tui.model.containers import Container
from tui.model.images import Image
from tui.store.table import Table

Phase = Literal["connecting", "listing", "live", "stale", "reconnecting"]
Resource = Literal["containers", "images"]


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


class State(msgspec.Struct, frozen=True):
    """Everything known of a host. `problems` says why a resource could not be read: its records are the last known."""

    condition: Condition = Condition()
    container_table: Table[Container] = Table[Container]()
    image_table: Table[Image] = Table[Image]()
    problems: Mapping[Resource, str] = {}
    listed: frozenset[Resource] = frozenset()
    events: int = 0

    @property
    def containers(self) -> Mapping[str, Container]:
        """The containers by ID."""
        return self.container_table.records

    @property
    def images(self) -> Mapping[str, Image]:
        """The images by ID."""
        return self.image_table.records


def with_condition(state: State, condition: Condition) -> State:
    """Return the state in another condition, its records kept."""
    return msgspec.structs.replace(state, condition=condition)


def with_problem(state: State, resource: Resource, problem: str) -> State:
    """Return the state with the reason why `resource` could not be read, or without one when `problem` is empty."""
    problems = {key: text for key, text in state.problems.items() if key != resource}
    if problem:
        problems[resource] = problem
    return state if problems == state.problems else msgspec.structs.replace(state, problems=problems)


def counts(state: State) -> dict[str, int]:
    """Return how many containers there are in each state."""
    found: dict[str, int] = {}
    for container in state.containers.values():
        found[container.state] = found.get(container.state, 0) + 1
    return found
