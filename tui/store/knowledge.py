"""What is known of a host as time goes on: the latest state, made of what was read, in the order of asking."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from tui.store.state import Condition, Phase, Resource, State, with_condition, with_problem, with_table
from tui.store.table import Table, forgetting, with_list, with_reads

FORGET_FROM = 256
"""So many objects that were found gone are remembered before the old ones are forgotten."""

MOST_NOTED = 4096
"""Single reads of a resource that wait to be applied until somebody looks."""


class Knowledge:
    """Holds the state; `changed` is called when there is a newer one to be shown.

    Single reads are only noted, and applied together when somebody looks: a table of 10,000 is not copied for each.
    """

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed
        self._state = State(Condition("connecting", time.monotonic()))
        self._reads: dict[Resource, list[tuple[int, str, Any]]] = {}
        self._events = 0
        self._moment = 0
        self._under_way: set[int] = set()
        self.heard_at = 0.0
        """When the daemon last said anything: seconds of this process's clock."""

    @property
    def state(self) -> State:
        """The latest state."""
        for resource in tuple(self._reads):
            self.table(resource)
        if self._events:
            self._state = msgspec.structs.replace(self._state, events=self._state.events + self._events)
            self._events = 0
        self._state = with_condition(self._state, self.condition)
        return self._state

    def table(self, resource: Resource) -> Table[Any]:
        """The latest of one resource; what was read of others goes on waiting."""
        if reads := self._reads.pop(resource, None):
            table = self._shortened(with_reads(self._state.table(resource), reads))
            self._state = with_table(self._state, resource, table)
        return self._state.table(resource)

    @property
    def condition(self) -> Condition:
        """How the feed stands now."""
        condition = self._state.condition
        if self.heard_at > (condition.heard or 0.0):
            condition = msgspec.structs.replace(condition, heard=self.heard_at)
        return condition

    @property
    def problems(self) -> Mapping[Resource, str]:
        """Why resources could not be read."""
        return self._state.problems

    def latest(self, resource: Resource, keys: Iterable[str]) -> dict[str, Any]:
        """The latest records of those of these objects that there are: what is held, and what was read since."""
        table = self._state.table(resource)
        wanted = frozenset(keys)
        part: Table[Any] = Table(
            {key: table.records[key] for key in wanted if key in table.records},
            {key: table.as_of[key] for key in wanted if key in table.as_of},
            {key: table.gone[key] for key in wanted if key in table.gone},
            table.listed,
        )
        return dict(with_reads(part, [read for read in self._reads.get(resource, ()) if read[1] in wanted]).records)

    def count(self, resource: Resource) -> int:
        """How many there are of a resource, as far as somebody has looked."""
        return len(self._state.table(resource).records)

    def _shortened(self, table: Table[Any]) -> Table[Any]:
        if len(table.gone) < FORGET_FROM:
            return table
        return forgetting(table, min(self._under_way, default=self._moment + 1))

    def _put(self, state: State) -> None:
        if state is not self._state:
            self._state = state
            self._changed()

    # what was read

    @contextmanager
    def asking(self) -> Generator[int]:
        """Give the moment of a request, which is under way until the block ends."""
        self._moment += 1
        moment = self._moment
        self._under_way.add(moment)
        try:
            yield moment
        finally:
            self._under_way.discard(moment)

    def take(self, resource: Resource, moment: int, key: str, record: Any) -> None:
        """Note what was read of an object, None when it is gone."""
        reads = self._reads.setdefault(resource, [])
        reads.append((moment, key, record))
        if len(reads) >= MOST_NOTED:
            self.table(resource)  # nobody looks: that must not pile up
        self._changed()

    def take_gone(self, resource: Resource, key: str) -> None:
        """Note that an object is gone as of now."""
        self._moment += 1
        self.take(resource, self._moment, key, None)

    def take_list(
        self, resource: Resource, moment: int, listed: Iterable[Any], choose: Callable[[Any, Any], Any]
    ) -> None:
        """Take a whole list, `choose` as in `with_list`; the resource has no problem any more."""
        state = self.state
        state = with_table(state, resource, with_list(state.table(resource), moment, listed, choose))
        if resource not in state.listed:
            state = msgspec.structs.replace(state, listed=state.listed | {resource})
        self._put(with_problem(state, resource, ""))

    def take_problem(self, resource: Resource, problem: str) -> None:
        """Say why a resource can't be read: its records are the last known."""
        self._put(with_problem(self._state, resource, problem))

    # how it stands

    def heard(self) -> None:
        """Note that the daemon said something."""
        self.heard_at = time.monotonic()

    def happened(self) -> None:
        """Count an event. Nobody is told of that alone: what it changes is, and the count goes with it."""
        self._events += 1

    def enter(self, phase: Phase, error: str = "", hint: str = "", attempt: int = 0) -> None:
        """Enter a phase, or stay in it: why and since when it is so stays, unless a new reason is given."""
        before = self._state.condition
        keep = before.phase == phase and phase not in ("live", "polling")
        condition = Condition(
            phase,
            before.since if keep else time.monotonic(),
            before.heard,
            error or (before.error if keep else ""),
            hint if error else (before.hint if keep else ""),
            attempt,
        )
        self._put(with_condition(self._state, condition))
