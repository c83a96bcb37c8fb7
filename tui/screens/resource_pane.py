"""One table of the dashboard with its title: the rows of a resource, of every host that is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import is_
from typing import Any

from textual.app import ComposeResult

from tui.commands.fleet import Fleet
from tui.commands.session import Session
from tui.model.containers import Container
from tui.present.columns import Column, sort_after, sort_options
from tui.present.header import count_spans
from tui.present.hosted import Hosted, hosted_columns, merge
from tui.present.tally import Tally
from tui.present.units import plural
from tui.screens.container_groups import ContainerGroups, GroupMemory
from tui.screens.resource_views import ResourceView
from widgets.ground import GroundStack
from widgets.grouped_table import GroupedTable
from widgets.line_view import Span
from widgets.live_table import LiveTable
from widgets.live_table_groups import Group
from widgets.span_line import SpanLine

NOTHING: Mapping[str, Any] = {}


class ResourcePane(GroundStack):
    """A title and a LiveTable, fed from the states of the fleet's hosts by `show_state`."""

    def __init__(self, fleet: Fleet, view: ResourceView, *, ascii: bool, memory: GroupMemory) -> None:
        super().__init__(id=f"{view.name}-pane", classes="pane")
        self.view = view
        self._fleet = fleet
        bound = [view.columns(session, ascii) for session in fleet.sessions]
        self._follow = [follow for _, follow in bound]
        self._columns: Sequence[Column[Any]] = (
            hosted_columns(
                [session.name for session in fleet.sessions],
                [session.tone for session in fleet.sessions],
                [columns for columns, _ in bound],
            )
            if fleet.many
            else bound[0][0]
        )
        self.title_line = SpanLine(id=f"{view.name}-title", classes="title", ascii=ascii)
        options: dict[str, Any] = {
            "search_text": self._search_text,
            "sort": view.sort,
            "empty": view.empty,
            "ascii": ascii,
            "row_busy": self._is_busy,
            "id": view.name,
        }
        self._memory = memory
        self._groups = ContainerGroups(fleet, ascii=ascii) if view.by_project else None
        self.grouped_table: GroupedTable[Any] | None = None
        """The table, where its rows can be grouped by Compose project."""
        if self._groups is not None:
            folds = memory.folds(fleet)
            self.grouped_table = GroupedTable(self._columns, self._groups, folded=folds, **options)
            self.grouped_table.group(memory.grouped)
        self.table: LiveTable[Any] = self.grouped_table or LiveTable(self._columns, **options)
        self.only_running = False
        self._merged: dict[str, Hosted[Any]] = {}
        self._tables: Sequence[Mapping[str, Any]] = ()
        self._running_shown = False
        self._users: list[object] = [None] * len(fleet.sessions)
        self._counts = {
            session: Tally[Container, str](lambda container: (container.state,)) for session in fleet.sessions
        }

    def compose(self) -> ComposeResult:
        yield self.title_line
        yield self.table

    # rows

    def show_state(self) -> None:
        """Hand the latest records of every host to the table."""
        for session in self._fleet.sessions:
            self.view.opened(session)
        self._follow_groups()
        tables = [self._known(session) for session in self._fleet.sessions]
        same = len(tables) == len(self._tables) and all(map(is_, tables, self._tables))
        if not same or self._running_shown != self.only_running:
            self._tables, self._running_shown = tables, self.only_running
            self.table.show(self._rows(tables))
        elif self.grouped_table is not None:
            self.table.touch(())  # what projects should be may be known anew
        self._follow_containers()
        self.table.set_problem(self._problem())
        self.draw_title()

    def _known(self, session: Session) -> Mapping[str, Any]:
        """Return a host's records, once they were listed: the first that an event tells of would draw the cursor."""
        return self.view.records(session) if self.view.is_known(session) else NOTHING

    def _rows(self, tables: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        running = self.view.running if self.only_running else None
        if running is not None:
            tables = [{key: row for key, row in table.items() if running(row)} for table in tables]
        if not self._fleet.many:
            return tables[0]
        sessions = self._fleet.sessions
        self._merged = merge(self._merged, tables, lambda host, id: self._fleet.key(sessions[host], id))
        return self._merged

    def _follow_containers(self) -> None:
        """Let cells that tell who uses an object follow the containers."""
        changed = False
        for at, (session, follow) in enumerate(zip(self._fleet.sessions, self._follow, strict=True)):
            containers = session.state.containers
            if follow is not None and self._users[at] is not containers:
                self._users[at] = containers
                follow(containers)
                changed = True
        if changed:
            self.table.touch()

    def _problem(self) -> str | None:
        """Return why the rows may not be the daemons' state, or None."""
        found = [(session, problem_of(session, self.view)) for session in self._fleet.sessions]
        texts = [f"{session.name}: {text}" if self._fleet.many else text for session, text in found if text]
        return "; ".join(texts) or None

    def _search_text(self, row: Any) -> str:
        if isinstance(row, Hosted):
            host = self._fleet.sessions[row.host].name
            return f"{host} {self.view.search_text(row.record)}"  # pyright: ignore[reportUnknownMemberType] rows are of any resource
        return self.view.search_text(row)

    def _follow_groups(self) -> None:
        """Have what the rows of groups say ready before they are drawn."""
        if self._groups is not None and self.grouped_table is not None and self.grouped_table.grouped:
            self._groups.follow()

    def _is_busy(self, key: str) -> bool:
        if (table := self.grouped_table) is not None and (group := table.group_at(key)) is not None:
            session = self._owner(group)[0]
            return any(table.group_with(self._fleet.key(session, id)) is group for id in session.busy)
        session, id = self._fleet.owner(key)
        return id in session.busy

    def touch(self, session: Session, ids: set[str]) -> None:
        """Draw these rows of a host again."""
        self._follow_groups()
        self.table.touch({self._fleet.key(session, id) for id in ids})

    def tick(self) -> None:
        """Let ages move on."""
        self._follow_groups()
        self.table.touch()
        if any(self.view.note(session)[0] for session in self._fleet.sessions):
            self.draw_title()

    def sides_changed(self, column: str) -> None:
        """Follow what the cells of a column are made of besides the record, as it is another thing now."""
        if self.is_mounted and self.display:
            if self.table.sort[0] == column:
                self.table.resort()
            self.tick()
            self.draw_title()

    # what is asked of it

    def record(self, key: str) -> tuple[Session, Any] | None:
        """Return the host and the latest record of a row, or None when the object is gone."""
        session, id = self._fleet.owner(key)
        found = self.view.records(session).get(id)
        return None if found is None else (session, found)

    @property
    def cursor(self) -> tuple[Session, Any] | None:
        """The host and the record under the cursor, which may be gone at the daemon while the table is frozen.

        None on the row of a group, and where there is no row.
        """
        row = self.table.cursor_row
        if row is None or self.table.cursor_key is None:
            return None
        return self._fleet.owner(self.table.cursor_key)[0], row.record if isinstance(row, Hosted) else row  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] rows are of any resource

    @property
    def cursor_group(self) -> tuple[Session, str] | None:
        """The host and the Compose project, or nothing for those without, whose group's own row has the cursor."""
        group = self.grouped_table.cursor_group if self.grouped_table is not None else None
        return None if group is None else self._owner(group)

    def _owner(self, group: Group) -> tuple[Session, str]:
        if self._groups is None:
            raise RuntimeError("a table without groups has the row of none")
        return self._groups.owner(group)

    def targets(self) -> list[tuple[Session, list[Any]]]:
        """Return what a command acts on, by host: the marked rows that are shown, else those under the cursor.

        These are one, or those of a group that the filter lets through.
        """
        found: dict[int, tuple[Session, list[Any]]] = {}
        for key in self.table.targets:
            if (owned := self.record(key)) is not None:
                found.setdefault(id(owned[0]), (owned[0], []))[1].append(owned[1])
        return list(found.values())

    def in_sight(self) -> dict[Session, list[str]]:
        """Return the IDs of the rows in sight, by host; every host is there."""
        found: dict[Session, list[str]] = {session: [] for session in self._fleet.sessions}
        for key in self.table.visible_keys:
            if self._group_at(key) is None:
                session, id = self._fleet.owner(key)
                found[session].append(id)
        return found

    def folded_in_sight(self, session: Session) -> Iterator[str]:
        """Yield the IDs of what of a host is folded into the rows of groups in sight: thousands, it may be."""
        groups = filter(None, map(self._group_at, self.table.visible_keys))
        for group in groups:
            if group.folded and self._owner(group)[0] is session:
                yield from (self._fleet.owner(member)[1] for member in group.keys)

    def _group_at(self, key: str) -> Group | None:
        return self.grouped_table.group_at(key) if self.grouped_table is not None else None

    def toggle_groups(self) -> None:
        """Group the rows by Compose project, or not, and remember it."""
        if self.grouped_table is not None:
            self._memory.grouped = not self.grouped_table.grouped
            if self._groups is not None:
                self._groups.follow()
            self.grouped_table.group(self._memory.grouped)
            self.draw_title()

    def sort_options(self) -> list[tuple[str, str, str]]:
        """Return the columns to sort by, as choices."""
        return sort_options(self._columns, self.table.sort[0])

    def sort_by(self, chosen: str) -> None:
        """Sort by a column; by the one that sorts already, the other way round."""
        self.table.sort_by(*sort_after(chosen, self.table.sort, self.view.greatest))

    # the title

    def draw_title(self) -> None:
        """Say how many rows there are, which are shown, and what holds them."""
        table, view = self.table, self.view
        shown, total = table.shown_count, table.total_count
        left: list[Span] = [(f" {view.name}", "head"), (f" {shown}" if shown == total else f" {shown} of {total}", "")]
        if view.name == "containers":
            counted = [tally.count(session.state.containers) for session, tally in self._counts.items()]
            left += count_spans(sum(map(Counter[str], counted), Counter[str]()))
        if self.grouped_table is not None and self.grouped_table.grouped:
            left.append(("  by project", "dim"))
        if view.running is not None and self.only_running:
            left.append(("  only running", "warn"))
        if table.filter_text:
            left.append((f"  filter: {table.filter_text}", "warn"))
        if table.marks:
            left.append((f"  {len(table.marks)} marked", "accent"))
            if hidden := len(table.marks) - len(table.shown_marks):
                left.append((f", {hidden} of them hidden", "warn"))
        if table.frozen:
            left.append((f"  frozen, {plural(table.pending_changes, 'change')} held", "warn"))
        # of a host that is not reached nothing is read: what is wrong with it stands above the rows
        if not all(view.is_known(session) or problem_of(session, view) for session in self._fleet.sessions):
            left.append(("  reading …", "dim"))
        for session in self._fleet.sessions:
            text, tone = self.view.note(session)
            if text:
                left.append((f"  {session.name}: {text}" if self._fleet.many else f"  {text}", tone))
        self.title_line.show(left)


def problem_of(session: Session, view: ResourceView) -> str | None:
    """Return why a resource of one host may not be the daemon's state, or None."""
    condition = session.state.condition
    if problem := view.problem(session):
        return problem
    if condition.phase in ("stale", "reconnecting"):
        hint = f" ({condition.hint})" if condition.hint else ""
        return f"{condition.phase}: {condition.error or 'the daemon does not answer'}{hint}"
    return None
