"""The application: settings to engine to store to screens, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.command import CommandPalette, Provider
from textual.css.query import NoMatches
from textual.notifications import SeverityLevel
from textual.theme import Theme

from themes.loader import ANSI_THEME, DEFAULT_THEME, load_built_in, load_themes
from themes.schema import variable_defaults
from tui import paths
from tui.asking import let_ssh_ask
from tui.commands.audit import AuditFile
from tui.commands.fleet import Fleet
from tui.commands.history import History
from tui.commands.registry import default_keys
from tui.commands.session import Session
from tui.engine.connect import Attempt, Found, first_answering, refused
from tui.engine.endpoint import Endpoint, candidates, named_endpoint
from tui.engine.engine import Engine
from tui.engine.errors import EndpointError
from tui.first_paint import FirstPaint
from tui.jobs.job import Job
from tui.jobs.story_book import StoryBook
from tui.keymap import names_sent, resolve_keymap
from tui.present.hosts import HOST_TONES
from tui.screens.container_groups import GroupMemory
from tui.screens.dashboard import DashboardScreen
from tui.screens.form_memory import FormMemory
from tui.screens.palette import HythePalette
from tui.screens.registry import make_screen
from tui.settings import Settings
from tui.state_file import State as Remembered
from tui.state_file import load_state, save_state
from widgets.cell_diff import CellDiffDisplay
from widgets.key_order import KeysInOrder
from widgets.literal import literal, literal_lines
from widgets.scroll_bar import draw_bars
from widgets.span_line import SpanLine


class HytheApp(CellDiffDisplay, KeysInOrder, App[int]):
    """hythe. `environment` is where DOCKER_HOST and its like are looked up; `now` is the clock of ages."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "hythe"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {HythePalette}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "to_background", "To the background", show=False, id="app.suspend")
    ]

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str] | None = None,
        *,
        now: Callable[[], float] = time.time,
        driver_class: type[Any] | None = None,
        first: FirstPaint | None = None,
    ) -> None:
        super().__init__(driver_class=driver_class, ansi_color=settings.color != "full")
        if first is not None:
            self.used_terminal = first.terminal
        self._early = None if first is None else first.lists
        self.pace.setting = settings.slow
        self.settings = settings
        self.environment = os.environ if environment is None else environment
        self.now = now
        self.history = self._audited() if settings.audit else History()
        self.forms = FormMemory()
        self.groups = GroupMemory(settings.by_project)
        self.fleet: Fleet | None = None
        self.keys: Mapping[str, tuple[str, ...]] = default_keys()
        self.on_signal: Callable[[int], object] = lambda number: self.exit(128 + number)
        """What a signal that ends programs does; who has lent the terminal to another program sees to that first."""
        self._stack = AsyncExitStack()
        self.own_themes: set[str] = set()
        self._demo: Endpoint | None = None
        self._themes_taken = False
        self._wanted_theme: str | None = None
        self._variables: dict[str, str] = {}
        self._take_first_theme()

    # start and end

    def compose(self) -> ComposeResult:
        """Say what is being done until a screen is there to say more."""
        if self.used_terminal is not None and self.used_terminal.shown:
            self.veil()
        line = SpanLine(ascii=self.settings.ascii)
        line.show([(" hythe ", "head"), ("looking for the Docker daemon …", "dim")])
        yield line

    def on_mount(self) -> None:
        """Take the keys, say what is wrong in the settings, and look for the daemon."""
        self.set_class(self.settings.ascii, "-ascii")
        draw_bars(ascii=self.settings.ascii)
        self.keys, key_problems = resolve_keymap(default_keys(), self.settings.keys, self.settings.keymap_preset)
        # only what is remapped: Textual goes through all of it at each key
        own = default_keys()
        remapped = {id: keys for id, keys in self.keys.items() if tuple(keys) != tuple(own[id])}
        self.set_keymap({id: ",".join(names_sent(keys)) for id, keys in remapped.items()})
        self._tell_problems([*self.settings.problems, *key_problems])
        self.hold_keys()
        self.run_worker(self.connect, group="connect", exclusive=True)

    def _audited(self) -> History:
        """Return a history that is appended to the audit file too; what is wrong with that file is told once."""
        path = Path(os.path.expanduser(self.settings.audit or ""))

        def tell(text: str) -> None:
            self.notify(text, title="Audit", severity="error", timeout=15)

        return History(AuditFile(path, tell).write)

    def _tell_problems(self, problems: Sequence[object]) -> None:
        if problems:
            text = "\n".join(map(str, problems[:8]))
            self.notify(text, title="Settings", severity="warning", timeout=15)

    # themes

    def _take_first_theme(self) -> None:
        """Begin in the theme that is wanted, where it is ours: to read all and change to one would delay the start."""
        self._wanted_theme = self.settings.theme or load_state().theme
        default = DEFAULT_THEME if self.settings.color == "full" else ANSI_THEME
        theme = load_built_in(self._wanted_theme or default) or load_built_in(default)
        if theme is not None:
            self.register_theme(theme)
            self.own_themes.add(theme.name)
            self.set_reactive(HytheApp.theme, theme.name)
            self._variables = self.get_css_variables()
            self.stylesheet.set_variables(self._variables)

    def take_themes(self) -> None:
        """Take all the other themes, and change to the one that is wanted if it is among them."""
        themes, problems = load_themes(paths.themes_folder())
        for theme in themes:
            self.register_theme(theme)
            self.own_themes.add(theme.name)
        told: list[object] = [*problems]
        if self._wanted_theme in self.available_themes:
            self.theme = self._wanted_theme
            if self.get_css_variables() != self._variables:  # the user's own of that name
                self.refresh_css(animate=False)
        elif self.settings.theme:
            known = ", ".join(sorted(self.available_themes))
            told.append(f"there is no theme {self.settings.theme!r}; there are: {known}")
        self._tell_problems(told)

    def refresh_css(self, animate: bool = True) -> None:
        """Parse the styles again if the theme's variables are others: at the start Textual asks for it all the same."""
        variables = self.get_css_variables()
        if variables == self._variables:
            self.stylesheet.update(self, animate=animate)
            return
        self._variables = variables
        super().refresh_css(animate=animate)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give every theme the variables that hythe's styles use."""
        theme: Theme = self.current_theme
        return variable_defaults(theme)

    def remember_theme(self, name: str) -> None:
        """Keep the choice of a theme for the next run."""
        problem = save_state(Remembered(theme=name))
        if problem:
            self.notify(problem, severity="warning")

    # the connection

    async def connect(self, endpoint: Endpoint | None = None) -> None:
        """Connect to an endpoint, or to the first that answers of the settings' own, and show its dashboard.

        Several contexts in the settings are shown together.
        """
        if endpoint is None and len(self.settings.contexts) > 1:
            await self.connect_all(self.settings.contexts, self.settings.named_by)
            return
        try:
            endpoints = [endpoint] if endpoint else await self._endpoints()
        except EndpointError as error:
            asked = self.settings.host or self.settings.context or ""
            by_variable = any(map(self.environment.get, ("DOCKER_HOST", "DOCKER_CONTEXT")))
            source = self.settings.named_by or ("the environment" if by_variable else "current context")
            await self._show_failure(Found(None, None, (refused(asked, source, error),)))
            return
        found = await first_answering(endpoints, ask=self.let_ssh_ask)
        if found.engine is None:
            await self._show_failure(found)
            return
        await self._show(Fleet([self._session_of(found.engine)]))

    async def connect_all(self, names: Sequence[str], named_by: str = "--context") -> None:
        """Show the hosts of these contexts (or URLs) in one table, without waiting for any to answer.

        `named_by` is what named them. Each connects, fails and comes back by itself. A name that leads nowhere is told,
        and the others are shown.
        """
        endpoints: dict[str, Endpoint] = {}
        attempts: list[Attempt] = []
        for name in names:
            try:
                endpoint = named_endpoint(name, named_by, self.environment)
            except EndpointError as error:
                attempts.append(refused(name, named_by, error))
            else:
                endpoints.setdefault(endpoint.url, endpoint)
        if not endpoints:
            await self._show_failure(Found(None, None, tuple(attempts)))
            return
        await self.show_together(list(endpoints.values()))
        for attempt in attempts:
            text = f"{attempt.reason}\n{attempt.hint}".strip()
            self.notify(text, title="Not shown", severity="error", timeout=15)

    async def show_together(self, endpoints: Sequence[Endpoint]) -> None:
        """Show several hosts in one table, without waiting for any to answer."""
        await self._show(Fleet([self._session_of(Engine(endpoint)) for endpoint in endpoints]))

    def _session_of(self, engine: Engine) -> Session:
        endpoint = engine.endpoint
        others: Sequence[str] = ()
        if self.settings.hosts:
            from tui.engine.hosts import aliases  # with docker's store of contexts: few name hosts

            others = aliases(endpoint.url, self.environment)
        treated = self.settings.host_settings(endpoint.url, endpoint.name or None, others)
        engine.transport.read_only = treated.read_only
        return Session(
            engine,
            self.history,
            guarded=treated.guarded,
            name=treated.name,
            tone=HOST_TONES.get(treated.color or "", "accent"),
            stop_timeout=self.settings.stop_timeout,
            now=self.now,
            # the demo's past is made anew each time
            book=None if self.settings.demo else StoryBook(),
            environment=self.environment,
            scanner=self.settings.scanner,
        )

    async def _show(self, fleet: Fleet) -> None:
        await self.end_session()
        self.fleet = fleet
        if self._early is not None:
            fleet.front.engine.take_early(self._early)
            self._early = None
        fleet.start()
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        await self.push_screen(DashboardScreen(fleet, self.settings, self.groups))
        self._begin_to_show()

    def _begin_to_show(self) -> None:
        """Let the screen be seen that is there now, and have the keys that were meant for it."""
        self.call_after_refresh(self.unveil)
        self.call_after_refresh(self.release_keys)
        if not self._themes_taken:
            self._themes_taken = True
            self.call_after_refresh(self.take_themes)

    async def let_ssh_ask(self, engine: Engine) -> None:
        """Step aside and let ssh put its questions to the terminal; see tui.asking."""
        await let_ssh_ask(self, engine)

    async def _endpoints(self) -> list[Endpoint]:
        if self.settings.demo:
            return [await self.demo_endpoint()]
        return candidates(self.settings.host, self.settings.context, self.environment, self.settings.named_by)

    async def demo_endpoint(self) -> Endpoint:
        """Start the demo engine in this process, once, and return where it listens."""
        if self._demo is None:
            from tui.demo.server import serve_demo

            path = await self._stack.enter_async_context(serve_demo())
            self._demo = Endpoint(f"unix://{path}", "demo engine", "demo engine")
        return self._demo

    async def _show_failure(self, found: Found) -> None:
        from tui.screens.connect import ConnectScreen  # most starts do without

        if isinstance(self.screen, ConnectScreen):
            self.screen.show(found.attempts)
        else:
            await self.push_screen(ConnectScreen(found.attempts))
        self._begin_to_show()

    async def end_session(self) -> None:
        """Close the connections to the hosts, if there are any."""
        fleet, self.fleet = self.fleet, None
        if fleet is not None:
            await fleet.close()

    @property
    def session(self) -> Session | None:
        """The host in front: that of the row that was acted on last."""
        return None if self.fleet is None else self.fleet.front

    @property
    def many_hosts(self) -> bool:
        """Whether several hosts are shown together."""
        return self.fleet is not None and self.fleet.many

    def jobs(self) -> Sequence[tuple[Session, Job]]:
        """Return the jobs of every host, newest first."""
        return () if self.fleet is None else tuple(self.fleet.jobs)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text; what is no character in it, as in names of files that are no UTF-8, is copied as U+FFFD."""
        super().copy_to_clipboard(re.sub("[\ud800-\udfff]", "\ufffd", text))

    def open_screen(self, name: str, *, session: Session | None = None, **arguments: Any) -> None:
        """Open one of the screens of tui.screens.registry, of a host: without one, of that in front."""
        screen = make_screen(name, self, arguments)
        screen.belong_to(session or self.session)
        self.push_screen(screen)

    def _handle_exception(self, error: Exception) -> None:
        """End by an unexpected error. Textual's own prints a traceback with every local variable, secrets included.

        A screen that was just opening as the app was told to end finds no widgets any more: that is no error.
        """
        if self._exit and isinstance(error, NoMatches):
            return
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()  # pyright: ignore[reportUnknownMemberType] Textual does not type it
        self._close_messages_no_wait()

    async def action_to_background(self) -> None:
        """Go to the background as other programs do, with no stream left open that nobody would read."""
        fleet = self.fleet
        if fleet is not None:
            await fleet.pause()
        self.action_suspend_process()
        if fleet is not None and fleet is self.fleet:
            fleet.start()

    def action_command_palette(self) -> None:
        """Show the command palette; what Textual writes in its field is not ASCII."""
        if CommandPalette.is_open(self):
            return
        words = literal("Search for commands…", ascii=self.settings.ascii)
        self.push_screen(CommandPalette(placeholder=words, id="--command-palette"))

    def action_help_quit(self) -> None:
        """Say how to leave: ctrl+c goes to no container from here, and quits nothing by accident."""
        self.notify("q quits, esc goes back, ? shows every key")

    def notify(
        self, message: str, *, title: str = "", severity: SeverityLevel = "information", timeout: float | None = None,
        markup: bool = False,
    ) -> None:  # fmt: skip
        """Show a text for a moment, drawn literally: it may be from outside. There is no markup in hythe's."""
        text = literal_lines(message, ascii=self.settings.ascii)
        super().notify(text, title=title, severity=severity, timeout=timeout, markup=False)

    @property
    def can_lend(self) -> bool:
        """Whether there is a terminal that another program can have for a while."""
        return self._driver is not None and self._driver.can_suspend

    @property
    def failure(self) -> Exception | None:
        """The unexpected error that ended the app, if one did."""
        return self._exception

    async def shut_down(self) -> None:
        """End the session, its jobs and the demo engine."""
        await self.end_session()
        await self._stack.aclose()


async def run_until_left(app: HytheApp, *, headless: bool = False) -> int:
    """Run the app, clean up after it, and return its exit code; an unexpected error that ended it is raised again."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, lambda number=number: app.on_signal(number))
    try:
        code = await app.run_async(headless=headless, mouse=app.settings.mouse)
    finally:
        await app.shut_down()
    if app.failure is not None:
        raise app.failure
    return code or 0


def run_app(settings: Settings, first: FirstPaint | None = None) -> int:
    """Run the dashboard until it is left, and return the exit code. An exception that ended it is raised again."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    app = HytheApp(settings, first=first)
    return asyncio.run(run_until_left(app))
