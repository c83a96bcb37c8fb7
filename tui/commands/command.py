"""What a command is: an id, keys, a title, the docker line that it equals, a guard, and when it is available."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import msgspec

from tui.commands.lending import Left, Lent
from tui.commands.session import Session
from tui.model.compose import ComposeService, Project
from tui.model.containers import Container
from tui.model.hosts import HostRow
from tui.model.images import Image
from tui.model.networks import Network
from tui.model.processes import Process
from tui.model.swarm import SwarmNode, SwarmService
from tui.model.volumes import Volume

if TYPE_CHECKING:
    from tui.commands.host_desk import HostDesk

T = TypeVar("T")

Guard = Literal["free", "guarded", "always"]
"""free; asks on a guarded host; always asks, and on a guarded host wants the name typed."""

Scope = Literal["containers", "images", "volumes", "networks", "projects", "services", "nodes", "hosts", "app"]
"""Where the command acts: on the rows of a table, or on hythe itself."""

Row = Container | Image | Volume | Network | Project | ComposeService | SwarmService | SwarmNode
"""A record that a row of some table shows."""

Severity = Literal["information", "warning", "error"]
Option = tuple[str, str, str]
"""A choice: its value, its label and a hint."""


class Ui(Protocol):
    """What a command may ask of the screens; text from outside is drawn literally by all of it."""

    async def confirm(
        self, title: str, lines: Sequence[str], *, label: str, danger: bool = False, typed: str | None = None
    ) -> bool:
        """Ask yes or no, the objects listed; with `typed`, that text must be typed."""
        ...

    async def choose(self, title: str, options: Sequence[Option]) -> str | None:
        """Let one of the options be chosen; None when cancelled."""
        ...

    async def prompt(
        self, title: str, label: str, value: str, check: Callable[[str], str | None], *, secret: bool = False
    ) -> str | None:
        """Ask for a text that `check` finds nothing wrong with, a `secret` one unseen; None when cancelled."""
        ...

    async def wait_for(self, title: str, text: str, work: Coroutine[Any, Any, T]) -> T | None:
        """Return what `work` does; where that takes a while, say what is waited for. None when it was given up.

        It may ask nothing itself. Raises whatever it raises.
        """
        ...

    async def tell(self, title: str, text: str) -> None:
        """Show a text that has to be closed."""
        ...

    @property
    def many_hosts(self) -> bool:
        """Whether several hosts are shown together, so that a question has to say which one it is about."""
        ...

    @property
    def hosts(self) -> Sequence[Session]:
        """The hosts that are shown together, or the one that is shown."""
        ...

    def note(self, text: str, severity: Severity = "information") -> None:
        """Show a line for a moment."""
        ...

    def open(self, screen: str, *, session: Session | None, **arguments: Any) -> None:
        """Open a screen by its name, on a host: by what the user acted on, whatever has the cursor by now."""
        ...

    def view(self, request: str) -> None:
        """Change what the screen in front shows: filter, sort, freeze …"""
        ...

    def check_terminal(self) -> None:
        """Raise NoTerminal where there is no terminal that a program could have, or one that is too small."""
        ...

    async def lend(self, lent: Lent) -> Left:
        """Step aside and let a program have the terminal until it ends or is left; see tui.screens.hand_over."""
        ...

    async def let_ssh_ask(self) -> None:
        """Step aside and let ssh ask on the terminal, for each host that it needs an answer to reach; mostly none."""
        ...

    def go_to(self, noun: str, id: str, session: Session | None = None) -> bool:
        """Put the cursor on an object of a host, where tables are in front; a screen without tables stays as it is.

        Returns whether the cursor is there: on one that is not known yet it is as soon as that comes.
        """
        ...

    def copy(self, text: str, shown: str | None = None) -> None:
        """Put a text on the clipboard of the user's terminal, and say so.

        Of what may hold a secret, `shown` is what is said instead of it.
        """
        ...


class Context(msgspec.Struct, frozen=True):
    """What a command acts on: a host, and those of its rows that are marked, else the one under the cursor.

    Commands that are `offline` are run without a host too; those on hosts work with the `desk`.
    """

    connected: Session | None
    ui: Ui
    scope: Scope
    rows: Sequence[Row | HostRow] = ()
    desk: HostDesk | None = None
    process: Process | None = None
    """The one of the container's processes that is meant, where one is."""
    group: str = ""
    """What the rows are called together, where they are meant by the one row that stands for all of them."""
    noun: str = ""
    """What one of the rows is called, where that is another word than the scope's."""

    @property
    def session(self) -> Session:
        """The connected host; a command that is not `offline` always has one."""
        if self.connected is None:
            raise RuntimeError("this command needs a connected host")
        return self.connected

    @property
    def containers(self) -> Sequence[Container]:
        """Those of the rows that are containers."""
        return [row for row in self.rows if isinstance(row, Container)]

    @property
    def images(self) -> Sequence[Image]:
        """Those of the rows that are images."""
        return [row for row in self.rows if isinstance(row, Image)]

    @property
    def volumes(self) -> Sequence[Volume]:
        """Those of the rows that are volumes."""
        return [row for row in self.rows if isinstance(row, Volume)]

    @property
    def networks(self) -> Sequence[Network]:
        """Those of the rows that are networks."""
        return [row for row in self.rows if isinstance(row, Network)]

    @property
    def projects(self) -> Sequence[Project]:
        """Those of the rows that are Compose projects."""
        return [row for row in self.rows if isinstance(row, Project)]

    @property
    def compose_services(self) -> Sequence[ComposeService]:
        """Those of the rows that are services of a Compose project."""
        return [row for row in self.rows if isinstance(row, ComposeService)]

    @property
    def services(self) -> Sequence[SwarmService]:
        """Those of the rows that are services of a swarm."""
        return [row for row in self.rows if isinstance(row, SwarmService)]

    @property
    def nodes(self) -> Sequence[SwarmNode]:
        """Those of the rows that are nodes of a swarm."""
        return [row for row in self.rows if isinstance(row, SwarmNode)]

    @property
    def hosts(self) -> Sequence[HostRow]:
        """Those of the rows that are hosts."""
        return [row for row in self.rows if isinstance(row, HostRow)]


def name_of(row: Row | HostRow) -> str:
    """Return what people call the object: the name, or an image's reference."""
    return row.reference if isinstance(row, Image) else row.name


RUNNING: ContextVar[str] = ContextVar("command that runs", default="")
"""The id of the command that runs now, in it and in what it started."""

Available = Callable[[Context], str | None]
"""Says why not; None when the command can run."""


def always(_context: Context) -> str | None:
    """Return None: available at any time."""
    return None


class Command(msgspec.Struct, frozen=True):
    """One entry of the table of commands, from which keys, footer, help and palette are drawn.

    `line` is the docker command that it equals, with placeholders, as the key reference shows it; `hint` orders the
    footer (0: not shown there); `short` is the footer's word. An `immediate` one only changes what is seen: it is done
    before the next key is looked at, so that what is typed after it goes where it leads. One that is `together` is run
    once for the rows of all hosts on which it can be run: it asks the screen for them. An `offline` one needs no
    connected host, a `rowless` one no row under the cursor.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    scope: Scope
    run: Callable[[Context], Awaitable[None]]
    short: str = ""
    line: str = ""
    guard: Guard = "free"
    writes: bool = False
    available: Available = always
    hint: int = 0
    many: bool = False
    immediate: bool = False
    together: bool = False
    offline: bool = False
    rowless: bool = False

    async def run_on(self, context: Context) -> None:
        """Run it; what it sends on the way knows by which command."""
        token = RUNNING.set(self.id)
        try:
            await self.run(context)
        finally:
            RUNNING.reset(token)

    def why_not(self, context: Context) -> str | None:
        """Return why it can't run now, or None."""
        session = context.connected
        if session is None and not self.offline:
            return "no host is connected"
        if session is not None and self.writes and session.engine.read_only:
            return "read-only: nothing is changed on this host"
        if session is not None and (refused := session.refused.get(self.id)) is not None:
            return refused
        if self.scope != "app" and self.rowless:
            return self.available(context)
        if self.scope != "app" and not context.rows:
            return f"no {context.noun or self.scope.removesuffix('s')} under the cursor"
        if self.scope != "app" and not self.many and context.group:
            return f"one container at a time, and {context.group} is a group: enter shows them"
        if self.scope != "app" and not self.many and len(context.rows) > 1:
            return f"{self.title}: one at a time, and {len(context.rows)} are marked"
        return self.available(context)


Keys = Mapping[str, tuple[str, ...]]
"""Keys by command id, after the user's remapping."""
