"""What belongs to the swarm besides services and nodes: the daemon's part, stacks, names of secrets and configs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tui.engine.errors import EngineError
from tui.model.swarm import SwarmName, SwarmService, SwarmStatus
from tui.present.units import plural
from tui.screens.text_list import ListScreen
from widgets.choice_list import Choice


class SwarmScreen(ListScreen):
    """One list, read when it is opened."""

    heading = "swarm"
    own_keys = (("esc q", "back"),)

    def __init__(self) -> None:
        super().__init__()
        self._told: list[Choice] = [Choice.note("reading …", "dim")]

    def on_mount(self) -> None:
        super().on_mount()
        self.run_worker(self._read, group="read", exclusive=True)

    def choices(self) -> Sequence[Choice]:
        return self._told

    async def _read(self) -> None:
        swarm = self.session.engine.swarm
        try:
            status = await swarm.status()
            self._told = [Choice.heading(self.session.name), Choice.note(_part(status), "")]
            if not status.why_not:
                services = await swarm.services()
                names = (("Secrets", await swarm.secrets()), ("Configs", await swarm.configs()))
                self._told += [*_stacks(services), *_named(names)]
        except EngineError as error:
            self._told.append(Choice.note(str(error), "bad"))
        self.fill()


def _part(status: SwarmStatus) -> str:
    if status.why_not:
        return status.why_not
    counted = f"{plural(status.nodes, 'node')}, {plural(status.managers, 'manager')}"
    return f"manager, {counted}{f': {status.error}' if status.error else ''}"


def _stacks(services: Sequence[SwarmService]) -> Iterator[Choice]:
    yield Choice.note("", "")
    yield Choice.heading("Stacks")
    counts = Counter(service.stack for service in services if service.stack)
    for name, count in sorted(counts.items()):
        yield Choice.note(f"{name}  {plural(count, 'service')}", "")
    if not counts:
        yield Choice.note("none", "dim")


def _named(groups: Sequence[tuple[str, Sequence[SwarmName]]]) -> Iterator[Choice]:
    for heading, names in groups:
        yield Choice.note("", "")
        yield Choice.heading(f"{heading} (names only)")
        for each in names:
            yield Choice.note(f"{each.name}{f'  of the stack {each.stack}' if each.stack else ''}", "")
        if not names:
            yield Choice.note("none", "dim")
