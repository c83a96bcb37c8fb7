"""The ground under every screen: it runs commands from the one table and is what they ask the user through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen, Screen

from tui.commands.command import Command, Context, Option, Severity
from tui.commands.lending import Left, Lent
from tui.commands.registry import BY_ID, COMMANDS, key_name
from tui.commands.session import Session
from tui.engine.errors import EngineError
from widgets.literal import literal_lines

if TYPE_CHECKING:
    from tui.app import HytheApp

LONGEST_COPIED = 100

WAIT_SECONDS = 0.3
"""After how long it is said what is waited for."""

T = TypeVar("T")

EVERYWHERE = ("app.palette", "app.help", "app.history", "app.jobs", "app.theme")
"""Commands that work on every screen."""


def bindings_of(commands: Sequence[Command]) -> list[BindingType]:
    """Return a binding for each command, under the command's own id, so that a keymap finds it."""
    return [
        Binding(",".join(command.keys), f"command('{command.id}')", command.title, id=command.id, show=False)
        for command in commands
        if command.keys
    ]


class HytheScreen(Screen[Any]):
    """A screen of hythe. `own_keys` are (key, what it does) pairs that the help shows besides the commands."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of([BY_ID[id] for id in EVERYWHERE])
    own_keys: ClassVar[Sequence[tuple[str, str]]] = ()

    def __init__(self) -> None:
        super().__init__()
        self._asking = asyncio.Lock()
        self._session: Session | None = None

    @property
    def hythe(self) -> HytheApp:
        """The app, as what it is."""
        return cast("HytheApp", self.app)  # pyright: ignore[reportUnknownMemberType] Textual's app is generic in its result

    @property
    def ascii(self) -> bool:
        """Whether nothing but ASCII may be drawn."""
        return self.hythe.settings.ascii

    @property
    def many_hosts(self) -> bool:
        """Whether several hosts are shown together."""
        return self.hythe.many_hosts

    @property
    def hosts(self) -> Sequence[Session]:
        """The hosts that are shown together, or the one that is shown; none while none is connected."""
        return self.hythe.fleet.sessions if self.hythe.fleet else ()

    @property
    def session(self) -> Session:
        """The host that the screen was opened on, and stays on. Screens that need one are opened only with one."""
        if self._session is None:
            self._session = self.hythe.session
        if self._session is None:
            raise RuntimeError("this screen needs a connected host")
        return self._session

    def belong_to(self, session: Session | None) -> None:
        """Be of this host; one that knows by itself of which it is stays with that."""
        if self._session is None:
            self._session = session

    @property
    def is_seen(self) -> bool:
        """Whether nothing but dialogs is in front. Textual's `is_current` is true of any screen right below another."""
        stack = self.hythe.screen_stack
        return self in stack and all(isinstance(screen, ModalScreen) for screen in stack[stack.index(self) + 1 :])

    def commands_here(self) -> Sequence[Command]:
        """Return the commands that this screen's keys reach."""
        return [BY_ID[id] for id in EVERYWHERE]

    def help_commands(self) -> Sequence[Command]:
        """Return the commands that the help of this screen lists."""
        return self.commands_here()

    def command_context(self) -> Context:
        """Return what a command would act on now."""
        return Context(self._own_host(), self, "app")

    def refuses(self, id: str) -> bool:
        """Return whether a command can't run here now, having said why: for keys of a screen's own that lead to it."""
        reason = BY_ID[id].why_not(self.command_context())
        if reason is not None:
            self.note(f"{BY_ID[id].title}: {reason}", "warning")
        return reason is not None

    # commands

    async def action_command(self, id: str) -> None:
        """Run a command from the table: the one way in for keys, palette, clicks and hints."""
        await self.start_command(BY_ID[id], self.command_context())

    async def start_command(self, command: Command, context: Context) -> None:
        """Run a command on what is given, or say why it can't be run; one that takes a while goes on by itself."""
        reason = command.why_not(context)
        if reason is not None:
            self.note(f"{command.title}: {reason}", "warning")
            return
        if command.immediate:
            await self.run_command(command, context)
        else:
            self.run_worker(partial(self.run_command, command, context), group="commands", name=command.id)

    async def run_command(self, command: Command, context: Context) -> None:
        """Run a command, and show the daemon's words when it fails."""
        try:
            await command.run_on(context)
        except EngineError as error:
            hint = f"\n{error.hint}" if error.hint else ""
            self.note(f"{command.title}: {error}{hint}", "error")
        except ImportError as error:  # it is imported when it is first wanted: hythe was upgraded or removed meanwhile
            self.note(
                f"{command.title}: {error}\nhythe is not what it was when it started: leave and start it anew", "error"
            )

    def keys_of(self, command: Command) -> str:
        """Return the command's keys after remapping, for people."""
        return " ".join(key_name(key) for key in self.hythe.keys.get(command.id, command.keys))

    def press_hint(self, key: str) -> None:
        """Do what a key does, as its hint in the footer was clicked; not in this message, which holds events back."""
        self.hythe.call_later(self.hythe.simulate_key, {"esc": "escape"}.get(key, key))

    # what commands ask through (tui.commands.command.Ui); dialogs are imported when there is something to ask

    async def confirm(
        self, title: str, lines: Sequence[str], *, label: str, danger: bool = False, typed: str | None = None
    ) -> bool:
        from widgets.dialogs import ConfirmDialog

        # hosts are asked about side by side, the user one after the other
        async with self._asking:
            return bool(
                await self.hythe.push_screen_wait(
                    ConfirmDialog(title, lines, label, danger=danger, typed=typed, ascii=self.ascii)
                )
            )

    async def choose(self, title: str, options: Sequence[Option]) -> str | None:
        from widgets.choice_dialog import ChoiceDialog

        async with self._asking:
            return await self.hythe.push_screen_wait(ChoiceDialog(title, options, ascii=self.ascii))

    async def prompt(
        self, title: str, label: str, value: str, check: Callable[[str], str | None], *, secret: bool = False
    ) -> str | None:
        from widgets.dialogs import PromptDialog

        async with self._asking:
            return await self.hythe.push_screen_wait(
                PromptDialog(title, label, value, check, password=secret, ascii=self.ascii)
            )

    async def wait_for(self, title: str, text: str, work: Coroutine[Any, Any, T]) -> T | None:
        from widgets.wait_dialog import WaitDialog

        async with self._asking:
            task = asyncio.create_task(work)
            dialog = WaitDialog(title, text, ascii=self.ascii)

            def closed(ended: bool | None) -> None:
                if not ended:
                    task.cancel()

            try:
                done, _ = await asyncio.wait([task], timeout=WAIT_SECONDS)
                if not done:
                    self.hythe.push_screen(dialog, closed)
                    await asyncio.wait([task])
            finally:
                if not task.done():  # nobody waits for this command any more
                    task.cancel()
                    await asyncio.wait([task])
                if dialog.is_current:
                    dialog.dismiss(True)
            return None if task.cancelled() else task.result()

    async def tell(self, title: str, text: str) -> None:
        from widgets.dialogs import MessageDialog

        async with self._asking:
            await self.hythe.push_screen_wait(MessageDialog(title, text, ascii=self.ascii))

    def note(self, text: str, severity: Severity = "information") -> None:
        self.notify(text[:2000], severity=severity, timeout=8 if severity == "error" else 4)

    def open(self, screen: str, *, session: Session | None = None, **arguments: Any) -> None:
        """Open a screen by its name: of a host, or else of this screen's own."""
        self.hythe.open_screen(screen, session=session or self._own_host(), **arguments)

    def push(self, screen: HytheScreen, then: Callable[[Any], None] | None = None) -> None:
        """Put a screen of this one's host in front; `then` is called with what it is left with."""
        screen.belong_to(self._own_host())
        self.hythe.push_screen(screen, then)

    def _own_host(self) -> Session | None:
        return self.hythe.session and self.session

    def view(self, request: str) -> None:
        """Do what a view command asks of this screen; see the subclasses."""
        if request == "palette":
            self.hythe.action_command_palette()

    def check_terminal(self) -> None:
        from tui.screens.hand_over import check_terminal

        check_terminal(self.hythe)

    async def lend(self, lent: Lent) -> Left:
        from tui.screens.hand_over import run_terminal

        return await run_terminal(self.hythe, lent)

    async def let_ssh_ask(self) -> None:
        for session in self.hosts:
            if session.engine.transport.connections.asks:
                try:
                    await self.hythe.let_ssh_ask(session.engine)
                except EngineError as error:
                    self.note(f"{session.name}: {error}", "error")
                session.feed.refresh()

    def go_to(self, noun: str, id: str, session: Session | None = None) -> bool:
        """Put the cursor on an object, and return whether it is there: the dashboard does, others stay as they are."""
        return False

    def copy(self, text: str, shown: str | None = None) -> None:
        self.hythe.copy_to_clipboard(text)
        told = text if shown is None else shown
        self.note(f"copied: {told}" if len(told) <= LONGEST_COPIED else f"copied {len(text)} characters")


def content(text: str, *, ascii: bool) -> Content:
    """Return text from outside as content that Textual draws literally, in ASCII alone where no more can be drawn."""
    return Content(literal_lines(text, ascii=ascii))


ALL_BINDINGS = bindings_of(COMMANDS)
