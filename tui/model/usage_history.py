"""What a container used of the machine since it was first watched: bounded, coarser the longer it gets."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping

import msgspec

from tui.model.stats import Usage

SLOTS = 240
"""Slots of time that are kept; when they are full, each two become one that is twice as long."""

GAP = math.nan
"""Stands in a slot in which it was not watched."""

READERS: Mapping[str, Callable[[Usage], float]] = {
    "cpu": lambda usage: usage.sample.cpu or 0.0,
    "memory": lambda usage: usage.sample.memory,
    "cache": lambda usage: usage.sample.cache,
    "rx": lambda usage: usage.rx_rate,
    "tx": lambda usage: usage.tx_rate,
    "read": lambda usage: usage.read_rate,
    "write": lambda usage: usage.write_rate,
    "pids": lambda usage: usage.sample.pids,
}
"""The series by name: percent of one core, bytes, bytes, four rates in bytes a second, a count."""


class Series(msgspec.Struct):
    """The greatest value of each slot (GAP where there is none), and the greatest of all, with when that was."""

    values: array[float] = msgspec.field(default_factory=lambda: array("d"))
    peak: float = GAP
    peak_ns: int = 0

    def note(self, slot: int, value: float, now_ns: int) -> None:
        """Take a value that falls into a slot, which is the last one or a later one."""
        missing = slot - len(self.values)
        if missing == 1 and self.values:
            # a sample a second does not hit each second: one missed between two is no gap
            self.values.append(value)
        elif missing > 0:
            self.values.extend([GAP] * missing)
        if slot == len(self.values):
            self.values.append(value)
        elif math.isnan(self.values[slot]) or value > self.values[slot]:
            self.values[slot] = value
        if math.isnan(self.peak) or value > self.peak:
            self.peak, self.peak_ns = value, now_ns

    def halve(self) -> None:
        """Make one slot of each two."""
        self.values = array("d", (greatest(self.values[at : at + 2]) for at in range(0, len(self.values), 2)))


class UsageHistory:
    """The series of one container. Times are by the daemon's clock, nanoseconds since the epoch."""

    def __init__(self) -> None:
        self.series: Mapping[str, Series] = {name: Series() for name in READERS}
        self.began_ns = 0
        self.slot_seconds = 1
        self.last: Usage | None = None
        """The last usage of which the CPU was known."""

    def __len__(self) -> int:
        return len(self.series["cpu"].values)

    def add(self, usage: Usage) -> None:
        """Take a usage; one whose CPU is not known yet is the first of its kind, and has no rates either."""
        if usage.sample.cpu is None:
            return
        now_ns = usage.sample.read_ns
        self.began_ns = self.began_ns or now_ns
        while (slot := self._slot(now_ns)) >= SLOTS:
            for series in self.series.values():
                series.halve()
            self.slot_seconds *= 2
        slot = max(slot, len(self) - 1, 0)  # after a clock was put back, time stands still until it is caught up
        for name, read in READERS.items():
            self.series[name].note(slot, read(usage), now_ns)
        self.last = usage

    def slot_of(self, moment_ns: int) -> int:
        """Return the slot that a moment of it lies in."""
        return max(0, min(self._slot(moment_ns), len(self) - 1))

    def columns(self, name: str, start_ns: int, column_ns: int, count: int) -> list[float]:
        """Return the greatest of a series in each of `count` columns of time from a moment on; GAP where none is."""
        found = [GAP] * count
        for slot, value in enumerate(self.series[name].values):
            at = (self.began_ns + slot * self.slot_seconds * 10**9 - start_ns) // column_ns
            last = (self.began_ns + (slot + 1) * self.slot_seconds * 10**9 - 1 - start_ns) // column_ns
            for column in range(max(0, at), min(count, last + 1)):
                if not math.isnan(value) and not found[column] >= value:
                    found[column] = value
        return found

    @property
    def until_ns(self) -> int:
        """When its last slot ends; `began_ns` where there is none."""
        return self.began_ns + len(self) * self.slot_seconds * 10**9

    def _slot(self, moment_ns: int) -> int:
        return (moment_ns - self.began_ns) // (self.slot_seconds * 10**9)


def greatest(values: array[float]) -> float:
    """Return the greatest of the values that are no gaps; GAP where there is none."""
    return max((value for value in values if not math.isnan(value)), default=GAP)
