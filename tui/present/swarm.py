"""What a row of the services table says, one of the nodes table, and a service's tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tui.model.swarm import SwarmNode, SwarmPort, SwarmService, SwarmTask
from tui.present.columns import Cell, Column
from tui.present.exits import exit_short
from tui.present.glyphs import Mark
from tui.present.references import shorter_reference
from tui.present.units import ago

Span = tuple[str, str]

_TASKS = {
    "running": Mark("●", "+", "running", "good"),
    "complete": Mark("○", "-", "complete", "muted"),
    "shutdown": Mark("○", "-", "shutdown", "muted"),
    "remove": Mark("−", "-", "remove", "muted"),
    "failed": Mark("✗", "x", "failed", "bad"),
    "rejected": Mark("✗", "x", "rejected", "bad"),
    "orphaned": Mark("▲", "!", "orphaned", "bad"),
}
_UNDER_WAY = "◌", "."
"""new, pending, assigned, accepted, preparing, ready, starting: on the way to running."""

_UPDATES = {
    "updating": "busy", "rollback_started": "busy", "paused": "bad", "rollback_paused": "bad", "completed": "muted",
    "rollback_completed": "warn",
}  # fmt: skip
# the daemon's own words are longer than the column, and would be told apart by what is cut off
_ROLLBACKS = {
    "rollback_started": "rolling back",
    "rollback_paused": "back, paused",
    "rollback_completed": "rolled back",
}


class ServiceRows(msgspec.Struct):
    """The cells of a service."""

    ascii: bool = False

    def columns(self) -> Sequence[Column[SwarmService]]:
        """Return the table's columns, in their order."""
        columns: tuple[Column[SwarmService], ...] = (
            Column("name", "NAME", 22, lambda s: (s.name, ""), _by_name, min_width=14, flex=2, priority=100),
            Column("mode", "MODE", 10, lambda s: (s.mode, "muted"), lambda s: s.mode, priority=60),
            Column("replicas", "REPLICAS", 8, _replicas, _replicas_order, align="right", priority=95),
            Column("image", "IMAGE", 26, lambda s: (s.short_image, "muted"), lambda s: s.image.lower(), min_width=14,
                   flex=2, priority=80, shorter=shorter_reference),
            Column("ports", "PORTS", 16, self._ports, lambda s: len(s.ports), min_width=10, flex=1, priority=70),
            Column("update", "UPDATE", 12, _update, lambda s: s.update, flex=1, priority=75),
            Column("stack", "STACK", 12, lambda s: (s.stack, "info"), lambda s: s.stack, flex=1, priority=50),
        )  # fmt: skip
        return [column.then_by(_by_name) for column in columns]

    def _ports(self, service: SwarmService) -> Cell:
        return swarm_ports(service.ports, "->" if self.ascii else "→"), "accent"


def swarm_ports(ports: Sequence[SwarmPort], arrow: str = "→") -> str:
    """Return the published ports: "8080→80, 53→53/udp host"."""
    texts = [
        f"{port.published or '?'}{arrow}{port.target}{'' if port.protocol == 'tcp' else f'/{port.protocol}'}"
        f"{' host' if port.mode == 'host' else ''}"
        for port in ports
    ]
    return ", ".join(texts)


def _by_name(service: SwarmService) -> str:
    return service.name.lower()


def _replicas(service: SwarmService) -> Cell:
    if service.wanted is None or service.running is None:
        return ("?" if service.replicas is None else f"?/{service.replicas}"), "muted"
    if service.mode.endswith("-job"):
        return f"{service.running}/{service.wanted}, {service.completed} done", "muted"
    return f"{service.running}/{service.wanted}", "good" if service.running == service.wanted else "warn"


def _replicas_order(service: SwarmService) -> tuple[int, int]:
    return (service.wanted or 0) - (service.running or 0), service.wanted or 0


def _update(service: SwarmService) -> Cell:
    words = _ROLLBACKS.get(service.update) or service.update.replace("_", " ")
    return words, _UPDATES.get(service.update, "")


def service_text(service: SwarmService) -> str:
    """Return what the table's filter looks into: name, ID, mode, image, ports, stack and labels."""
    labels = " ".join(f"{key}={value}" for key, value in service.labels.items())
    return " ".join((service.name, service.id, service.mode, service.image, swarm_ports(service.ports), labels))


class NodeRows(msgspec.Struct):
    """The cells of a node."""

    ascii: bool = False

    def columns(self) -> Sequence[Column[SwarmNode]]:
        """Return the table's columns, in their order."""
        columns: tuple[Column[SwarmNode], ...] = (
            Column("name", "NAME", 22, lambda n: (n.label, ""), _node_name, min_width=14, flex=2, priority=100,
                   shorter=_shorter_label),
            Column("state", "STATE", 14, self._state, lambda n: n.state, min_width=9, priority=95),
            Column("availability", "AVAILABILITY", 12, _availability, lambda n: n.availability, priority=90),
            Column("role", "ROLE", 20, _role, lambda n: (n.role, not n.leader), min_width=8, priority=85),
            Column("address", "ADDRESS", 15, lambda n: (n.address, "muted"), lambda n: n.address, flex=1, priority=60),
            Column("engine", "ENGINE", 10, lambda n: (n.engine, "muted"), lambda n: n.engine, priority=50),
            Column("id", "NODE ID", 12, lambda n: (n.id[:12], "muted"), lambda n: n.id, priority=40),
        )  # fmt: skip
        return [column.then_by(_node_name) for column in columns]

    def _state(self, node: SwarmNode) -> Cell:
        well = node.state == "ready"
        glyph = ("+" if well else "!") if self.ascii else ("●" if well else "▲")
        return f"{glyph} {node.state}", "good" if well else "bad"


def _node_name(node: SwarmNode) -> str:
    return node.label.lower()


def _shorter_label(text: str, width: int, ellipsis: str) -> Iterator[str]:
    """Yield a node's name without what does not fit before its last part: there an ID or a number tells it apart."""
    name, dash, last = text.rpartition("-")
    if dash and len(last) <= width // 2:
        yield f"{name[: max(0, width - len(dash + last) - len(ellipsis))]}{ellipsis}{dash}{last}"
    yield text


def _availability(node: SwarmNode) -> Cell:
    return node.availability, "" if node.availability == "active" else "warn"


def _role(node: SwarmNode) -> Cell:
    if not node.is_manager:
        return node.role, "muted"
    reached = node.reachability if node.reachability not in ("", "reachable") else ""
    words = ["manager", *(["leader"] if node.leader else []), *([reached] if reached else [])]
    return ", ".join(words), "bad" if reached else "info"


def node_text(node: SwarmNode) -> str:
    """Return what the table's filter looks into: name, ID, state, availability, role, address and engine."""
    role, _ = _role(node)
    parts = (node.label, node.id, node.state, node.message, node.availability, role, node.address, node.engine)
    return " ".join(parts)


def task_lines(
    service: SwarmService, tasks: Sequence[SwarmTask], nodes: Mapping[str, SwarmNode], now: float, *, ascii: bool
) -> list[list[Span]]:
    """Return a line each task, what runs or should run first in each slot, and below it why it failed."""
    lines: list[list[Span]] = []
    if service.update_message:
        lines.append([(f"last update: {service.update_message}", _UPDATES.get(service.update, ""))])
    for task in tasks:
        node = nodes.get(task.node)
        name = f"{service.name}.{task.slot}" if task.slot else service.name
        mark = _TASKS.get(task.state) or Mark(*_UNDER_WAY, task.state or "unknown", "info")
        age = ago(now - task.time) if task.time else ""
        wanted = f", to be {task.desired}" if task.desired not in ("", task.state, "running") else ""
        where = f" on {node.label if node else task.node[:12]}" if task.node else ""
        lines.append(
            [(f"{mark.text(ascii)} ", mark.tone), (name, ""), (f"{where}  {task.image}", "muted"),
             (f"  {age}{wanted}", "muted")]
        )  # fmt: skip
        if why := _why(task):
            lines.append([(f"  {why}", "bad")])
    return lines


def _why(task: SwarmTask) -> str:
    """Return why a task failed or waits, in the swarm's words and what the exit code means."""
    if not task.error:
        return ""
    meaning = exit_short(task.exit_code) if task.exit_code else ""
    return f"{task.error} ({meaning})" if meaning else task.error
