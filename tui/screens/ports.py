"""The published ports of every host that is shown, live: who has which, those open to the world, and conflicts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

import msgspec
from textual.binding import Binding, BindingType

from tui.commands.session import Session
from tui.engine.errors import EngineError
from tui.engine.host_ports import listeners
from tui.model.containers import Container, Port
from tui.model.published import Claim, claims_of, conflicts, wanted_by
from tui.present.columns import Column
from tui.present.published import PortRow, columns, search_text
from tui.present.units import plural
from tui.screens.base import HytheScreen
from tui.screens.table_screen import TableScreen
from widgets.line_view import Span
from widgets.live_table import LiveTable
from widgets.span_line import SpanLine

MOST_READ = 200
"""Containers of a host that do not run and are read one by one for what they ask for."""

AT_ONCE = 4
BURST_SECONDS = 0.3
"""How long changes are gathered before they are shown."""


class PortsScreen(TableScreen[PortRow]):
    """What the running ones have follows the tables; what the others ask for is read while this is open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5,r", "read", "Read again", show=False, id="ports.read"),
        Binding("y", "copy", "Copy the address", show=False, id="ports.copy"),
    ]
    hints = (("enter", "the container"), ("y", "copy"), ("f5", "read again"))
    own_keys = (
        ("enter", "go to the container"),
        ("y", "copy the port with its address"),
        ("f5 r", "read again what the containers that do not run ask for, and the ports of the machine"),
        ("esc q", "back"),
    )
    sort = ("port", False)
    empty = "no container publishes a port"

    def __init__(self) -> None:
        super().__init__()
        self._wanted: dict[Session, dict[str, list[Claim]]] = {}
        self._programs: dict[Session, list[tuple[Port, str]]] = {}
        self._rows: dict[str, PortRow] = {}
        self._places: dict[str, tuple[Session, str]] = {}
        self._problems: dict[Session, str] = {}

    def columns(self) -> Sequence[Column[PortRow]]:
        return columns(many_hosts=self.many_hosts, ascii=self.ascii)

    def search_text(self) -> Callable[[PortRow], str]:
        return search_text

    def heading(self) -> Sequence[Span]:
        return [("published ports", "accent")]

    def draw_header(self) -> None:
        if not self.many_hosts:
            super().draw_header()
            return
        count = plural(len(self.hosts), "host")
        self.query_one("#header", SpanLine).show([(" hythe ", "head"), *self.heading()], [(f"{count} ", "")])

    def title_spans(self) -> Sequence[Span]:
        rows = [self._rows[key] for key in self.table.order if key in self._rows]
        world = sum(row.claim.to_world and row.claim.bound for row in rows)
        crossed = sum(bool(row.conflicts) for row in rows)
        spans: list[Span] = [(f"  {world} open to the world", "warn" if world else "good")]
        spans.append((f"  {plural(crossed, 'conflict')}", "bad" if crossed else "dim"))
        unknown = [each.name for each in self.hosts if "containers" not in each.state.listed]
        if unknown and self.many_hosts:
            spans.append((f"  without {', '.join(unknown)}: nothing was read of it", "warn"))
        spans += [(f"  {problem}", "warn") for problem in self._problems.values()]
        return spans

    def on_mount(self) -> None:
        super().on_mount()
        self.draw()
        for session in self.hosts:
            self.run_worker(partial(self._follow, session), group="ports")

    # reading

    async def _follow(self, session: Session) -> None:
        """Read what is asked for now, and whenever a container comes or goes."""
        with session.following() as news:
            while True:
                news.clear()
                await self._read(session)
                self.draw()
                await news.wait()
                await asyncio.sleep(BURST_SECONDS)

    async def _read(self, session: Session) -> None:
        known = self._wanted.setdefault(session, {})
        self._problems.pop(session, None)
        containers = session.state.containers
        for gone in [id for id in known if id not in containers]:
            del known[gone]
        missing = [each for id, each in containers.items() if id not in known and not each.is_running]
        if len(missing) > MOST_READ:
            self._problems[session] = f"what {len(missing) - MOST_READ} more ask for is not read"
        limit = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._read_one(session, each, known, limit) for each in missing[:MOST_READ]))
        if session not in self._programs:
            found = await asyncio.to_thread(listeners, session.engine.endpoint)
            self._programs[session] = [(Port(0, each.protocol, each.port, each.ip), each.owner) for each in found]

    async def _read_one(
        self, session: Session, container: Container, known: dict[str, list[Claim]], limit: asyncio.Semaphore
    ) -> None:
        async with limit:
            try:
                made = await session.engine.containers.made(container.id)
            except EngineError as error:
                if container.id in session.state.containers:
                    self._problems[session] = f"{container.name}: {error}"
                return
            # into what this reading began with: `f5` may have begun another meanwhile
            known[container.id] = wanted_by(container, made.host_config.port_bindings or {})

    # what is drawn

    def draw(self) -> None:
        """Show what is known now."""
        if not self.stands:
            return
        rows: dict[str, PortRow] = {}
        self._places = {}
        for number, session in enumerate(self.hosts):
            claims = self._claims(session)
            crossed = conflicts(claims, self._programs.get(session, ()))
            for claim in claims:
                key = f"{number} {claim.key}"
                rows[key] = PortRow(session.name, session.tone, claim, tuple(crossed.get(claim.key, ())))
                self._places[key] = (session, claim.container)
        self._rows = rows
        self.show_rows(rows)

    def _claims(self, session: Session) -> list[Claim]:
        wanted, found = self._wanted.get(session, {}), list[Claim]()
        for id, container in session.state.containers.items():
            if container.is_running:
                found += claims_of(container)
            else:
                # it may have got another name since it was read
                found += [
                    msgspec.structs.replace(claim, name=container.name, state=container.state)
                    for claim in wanted.get(id, ())
                ]
        return found

    # keys

    def action_read(self) -> None:
        """Read everything again."""
        self._wanted.clear()
        self._programs.clear()
        self._problems.clear()
        for session in self.hosts:
            self.run_worker(partial(self._read_again, session), group="ports-again")

    async def _read_again(self, session: Session) -> None:
        await self._read(session)
        self.draw()

    def action_copy(self) -> None:
        """Copy the port under the cursor with its address."""
        if (row := self.table.cursor_row) is not None:
            address = row.claim.addresses[0]
            self.copy(f"{f'[{address}]' if ':' in address else address}:{row.claim.port}")

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        if (place := self._places.get(message.key)) is not None:
            session, id = place
            self.hythe.pop_screen()
            if isinstance(front := self.hythe.screen, HytheScreen):
                front.go_to("container", id, session)
