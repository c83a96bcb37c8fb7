"""What a row of the containers table says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from tui.model.containers import Container
from tui.model.stats import Usage
from tui.present.columns import Cell, Column
from tui.present.exits import exit_short
from tui.present.glyphs import RANK, container_mark
from tui.present.ports import ports_text
from tui.present.problems import Problem, row_words
from tui.present.references import shorter_reference
from tui.present.units import ago, memory, percent, rate, span


class ContainerRows(msgspec.Struct):
    """The side data that cells are made of besides the record: the clock (seconds since the epoch) and the usage.

    `host` tells what reaches the daemon's machine, or nothing for this one.
    """

    now: Callable[[], float]
    usage: Mapping[str, Usage] = msgspec.field(default_factory=dict[str, Usage])
    ascii: bool = False
    host: Callable[[], str] = lambda: ""
    problems: Callable[[Container], Iterable[Problem]] = lambda _container: ()
    """What is wrong with a container, for its status to name it."""

    def columns(self) -> Sequence[Column[Container]]:
        """Return the table's columns, in their order; rows that tie are told apart by name."""
        columns: tuple[Column[Container], ...] = (
            Column("name", "NAME", 22, _name, _by_name, min_width=16, flex=3, priority=100),
            Column("state", "STATE", 12, self._state, _state_order, min_width=9, priority=95),
            Column("image", "IMAGE", 22, _image, lambda c: c.image.lower(), min_width=13, flex=2, priority=60,
                   shorter=shorter_reference),
            Column("cpu", "CPU", 7, self._cpu, self._cpu_order, align="right", priority=80),
            Column("memory", "MEM", 8, self._memory, self._memory_order, align="right", priority=75),
            Column("limit", "LIMIT", 8, self._limit, self._limit_order, align="right", priority=22),
            Column("net", "NET RX/TX", 17, self._net, self._net_order, align="right", priority=25),
            Column("disk", "DISK R/W", 17, self._disk, self._disk_order, align="right", priority=20),
            Column("ports", "PORTS", 14, self._ports, lambda c: c.ports, min_width=10, flex=1, priority=70),
            Column("status", "STATUS", 28, self._status, self._status_order, min_width=18, flex=2, priority=90),
            Column("restarts", "RST", 3, _restarts, _restarts_order, align="right", priority=45),
            Column("project", "PROJECT", 12, _project, lambda c: c.project, flex=1, priority=40),
        )  # fmt: skip
        return [column.then_by(_by_name) for column in columns]

    def _usage(self, container: Container) -> Usage | None:
        """Return what it uses now; what was read of a process that ended since says nothing."""
        return self.usage.get(container.id) if container.state == "running" else None

    def _state(self, container: Container) -> Cell:
        mark = container_mark(container)
        return mark.text(self.ascii), mark.tone

    def _status(self, container: Container) -> Cell:
        before, after, tone = row_words(self.problems(container))
        text = ", ".join(part for part in (before, status_text(container, self.now()), after) if part)
        return text, "bad" if failed(container) else tone or "muted"

    def _status_order(self, container: Container) -> float:
        return container.started or container.finished or container.created

    def _cpu(self, container: Container) -> Cell:
        found = self._usage(container)
        if found is None or found.sample.cpu is None:
            return "", ""
        tone = "bad" if found.sample.cpu >= 90 else "warn" if found.sample.cpu >= 50 else ""
        return percent(found.sample.cpu), tone

    def _cpu_order(self, container: Container) -> float:
        found = self._usage(container)
        return (found.sample.cpu or 0.0) if found else -1.0

    def _memory(self, container: Container) -> Cell:
        found = self._usage(container)
        if found is None or not found.sample.memory_limit:
            return "", ""
        share = found.sample.memory / found.sample.memory_limit
        return memory(found.sample.memory), "bad" if share >= 0.9 else "warn" if share >= 0.75 else ""

    def _memory_order(self, container: Container) -> int:
        found = self._usage(container)
        return found.sample.memory if found else -1

    def _limit(self, container: Container) -> Cell:
        found = self._usage(container)
        return (memory(found.sample.memory_limit), "muted") if found and found.sample.memory_limit else ("", "")

    def _limit_order(self, container: Container) -> int:
        found = self._usage(container)
        return found.sample.memory_limit if found else -1

    def _net(self, container: Container) -> Cell:
        found = self._usage(container)
        return (_pair(found.rx_rate, found.tx_rate), "") if found and found.cpu_history else ("", "")

    def _net_order(self, container: Container) -> float:
        found = self._usage(container)
        return found.rx_rate + found.tx_rate if found else -1.0

    def _disk(self, container: Container) -> Cell:
        found = self._usage(container)
        return (_pair(found.read_rate, found.write_rate), "") if found and found.cpu_history else ("", "")

    def _disk_order(self, container: Container) -> float:
        found = self._usage(container)
        return found.read_rate + found.write_rate if found else -1.0

    def _ports(self, container: Container) -> Cell:
        return ports_text(container.ports, "->" if self.ascii else "→", self.host()), "accent"


def failed(container: Container) -> bool:
    """Whether its end, its health or the daemon's last word on it needs a look."""
    return bool(
        (container.state in ("exited", "restarting") and container.exit_code)
        or container.state == "dead"
        or container.error
        or (container.state == "running" and container.health == "unhealthy")
    )


def status_text(container: Container, now: float) -> str:
    """Return the row's own sentence: "up 7m, healthy", "exited 137, out of memory, 3m ago".

    Of a container that is known from a list only, the daemon's words are all there is.
    """
    if not container.inspected:
        return container.status
    if container.state in ("running", "paused"):
        text = f"up {span(now - container.started)}" if container.started else "up"
        return f"{text}, {container.health}" if container.health and container.health != "starting" else text
    if container.state in ("exited", "dead", "restarting"):
        parts = [f"{container.state} {container.exit_code if container.exit_code is not None else ''}".strip()]
        if reason := exit_reason(container):
            parts.append(reason)
        if container.finished:
            parts.append(ago(now - container.finished))
        return ", ".join(parts)
    if container.state == "removing":
        return "being removed"
    return container.error or f"{container.state} {ago(now - container.created)}"


def exit_reason(container: Container) -> str:
    """Return why it ended as far as its record tells, or an empty string."""
    if container.oom_killed:
        return "out of memory"
    return container.error or exit_short(container.exit_code or 0)


def search_text(container: Container) -> str:
    """Return what the table's filter looks into: name, image, state, ID, ports, project and labels."""
    labels = " ".join(f"{key}={value}" for key, value in container.labels.items())
    parts = (container.name, container.image, container.state, container.health, container.short_id)
    return " ".join((*parts, ports_text(container.ports), container.project, labels))


def _pair(left: float, right: float) -> str:
    return f"{rate(left)} {rate(right)}"


def _name(container: Container) -> Cell:
    return container.name, ""


def _by_name(container: Container) -> str:
    return container.name.lower()


def _image(container: Container) -> Cell:
    return container.image, "muted"


def _state_order(container: Container) -> tuple[int, str]:
    return RANK.get(container.state, 9), container.health


def _restarts(container: Container) -> Cell:
    return (str(container.restarts), "warn") if container.restarts else ("", "")


def _restarts_order(container: Container) -> int:
    return container.restarts or 0


def _project(container: Container) -> Cell:
    return container.project, "info"
