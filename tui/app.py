"""The application: settings to engine to store to screens, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.theme import Theme

from themes.loader import ANSI_THEME, DEFAULT_THEME, load_themes
from themes.schema import variable_defaults
from tui import paths
from tui.asking import let_ssh_ask
from tui.commands.fleet import Fleet
from tui.commands.history import History
from tui.commands.registry import default_keys
from tui.commands.session import Session
from tui.engine.connect import Attempt, Found, first_answering
from tui.engine.endpoint import Endpoint, candidates, named_endpoint
from tui.engine.engine import Engine
from tui.engine.errors import EndpointError
from tui.jobs.job import Job
from tui.keymap import resolve_keymap
from tui.screens.connect import ConnectScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.form_memory import FormMemory
from tui.screens.palette import HythePalette
from tui.screens.registry import make_screen
from tui.settings import Settings
from tui.state_file import State as Remembered
from tui.state_file import load_state, save_state
from widgets.cell_diff import CellDiffDisplay
from widgets.key_order import KeysInOrder
from widgets.span_line import SpanLine

HOST_TONES = {"primary": "info", "secondary": "busy", "success": "good", "warning": "warn", "error": "bad"}
"""The tones of the colours that settings may give a host."""


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
    ) -> None:
        super().__init__(driver_class=driver_class, ansi_color=settings.color != "full")
        self.settings = settings
        self.environment = os.environ if environment is None else environment
        self.now = now
        self.history = History()
        self.forms = FormMemory()
        self.fleet: Fleet | None = None
        self.keys: Mapping[str, tuple[str, ...]] = default_keys()
        self._stack = AsyncExitStack()
        self.own_themes: set[str] = set()
        self._demo: Endpoint | None = None

    # start and end

    def compose(self) -> ComposeResult:
        """Say what is being done until a screen is there to say more."""
        line = SpanLine(ascii=self.settings.ascii)
        line.show([(" hythe ", "head"), ("looking for the Docker daemon …", "dim")])
        yield line

    def on_mount(self) -> None:
        """Take themes and keys, say what is wrong in the settings, and look for the daemon."""
        problems: list[str] = [str(problem) for problem in self.settings.problems]
        found, theme_problems = load_themes(paths.themes_folder())
        for theme in found:
            self.register_theme(theme)
            self.own_themes.add(theme.name)
        problems += [str(problem) for problem in theme_problems]
        self.theme = self._first_theme(problems)
        self.set_class(self.settings.ascii, "-ascii")
        self.keys, key_problems = resolve_keymap(default_keys(), self.settings.keys, self.settings.keymap_preset)
        self.set_keymap({id: ",".join(keys) for id, keys in self.keys.items()})
        problems += [str(problem) for problem in key_problems]
        if problems:
            self.notify("\n".join(problems[:8]), title="Settings", severity="warning", markup=False, timeout=15)
        self.run_worker(self.connect(), group="connect", exclusive=True)

    def _first_theme(self, problems: list[str]) -> str:
        wanted = self.settings.theme or load_state().theme
        if wanted in self.available_themes:
            return wanted
        if self.settings.theme:
            known = ", ".join(sorted(self.available_themes))
            problems.append(f"there is no theme {self.settings.theme!r}; there are: {known}")
        return DEFAULT_THEME if self.settings.color == "full" else ANSI_THEME

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give every theme the variables that hythe's styles use."""
        theme: Theme = self.current_theme
        return variable_defaults(theme)

    def remember_theme(self, name: str) -> None:
        """Keep the choice of a theme for the next run."""
        problem = save_state(Remembered(theme=name))
        if problem:
            self.notify(problem, severity="warning", markup=False)

    # the connection

    async def connect(self, endpoint: Endpoint | None = None) -> None:
        """Connect to an endpoint, or to the first that answers of the settings' own, and show its dashboard.

        Several contexts in the settings are shown together.
        """
        if endpoint is None and len(self.settings.contexts) > 1:
            await self.connect_all(self.settings.contexts)
            return
        try:
            endpoints = [endpoint] if endpoint else await self._endpoints()
        except EndpointError as error:
            asked = self.settings.host or self.settings.context or ""
            await self._show_failure(Found(None, None, (Attempt(Endpoint(asked, ""), str(error), error.hint),)))
            return
        found = await first_answering(endpoints, ask=self.let_ssh_ask)
        if found.engine is None:
            await self._show_failure(found)
            return
        await self._show(Fleet([self._session_of(found.engine)]))

    async def connect_all(self, names: Sequence[str]) -> None:
        """Show the hosts of these contexts (or URLs) in one table, without waiting for any to answer.

        Each connects, fails and comes back by itself. A name that leads nowhere is told, and the others are shown.
        """
        endpoints: dict[str, Endpoint] = {}
        attempts: list[Attempt] = []
        for name in names:
            try:
                endpoint = named_endpoint(name, "--context", self.environment)
            except EndpointError as error:
                attempts.append(Attempt(Endpoint(name, ""), str(error), error.hint))
            else:
                endpoints.setdefault(endpoint.url, endpoint)
        if not endpoints:
            await self._show_failure(Found(None, None, tuple(attempts)))
            return
        await self._show(Fleet([self._session_of(Engine(endpoint)) for endpoint in endpoints.values()]))
        for attempt in attempts:
            text = f"{attempt.reason}\n{attempt.hint}".strip()
            self.notify(text, title="Not shown", severity="error", markup=False, timeout=15)

    def _session_of(self, engine: Engine) -> Session:
        endpoint = engine.endpoint
        treated = self.settings.host_settings(endpoint.url, endpoint.name or None)
        engine.transport.read_only = treated.read_only
        return Session(
            engine,
            self.history,
            guarded=treated.guarded,
            name=endpoint.name or treated.name,
            tone=HOST_TONES.get(treated.color or "", "accent"),
            stop_timeout=self.settings.stop_timeout,
            now=self.now,
        )

    async def _show(self, fleet: Fleet) -> None:
        await self.end_session()
        self.fleet = fleet
        fleet.start()
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        await self.push_screen(DashboardScreen(fleet, self.settings))

    async def let_ssh_ask(self, engine: Engine) -> None:
        """Step aside and let ssh put its questions to the terminal; see tui.asking."""
        await let_ssh_ask(self, engine)

    async def _endpoints(self) -> list[Endpoint]:
        if self.settings.demo:
            return [await self.demo_endpoint()]
        return candidates(self.settings.host, self.settings.context, self.environment)

    async def demo_endpoint(self) -> Endpoint:
        """Start the demo engine in this process, once, and return where it listens."""
        if self._demo is None:
            from tui.demo.server import serve_demo

            path = await self._stack.enter_async_context(serve_demo())
            self._demo = Endpoint(f"unix://{path}", "demo engine", "demo engine")
        return self._demo

    async def _show_failure(self, found: Found) -> None:
        if isinstance(self.screen, ConnectScreen):
            self.screen.show(found.attempts)
        else:
            await self.push_screen(ConnectScreen(found.attempts))

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

    def open_screen(self, name: str, **arguments: Any) -> None:
        """Open one of the screens of tui.screens.registry."""
        self.push_screen(make_screen(name, self, arguments))

    def _handle_exception(self, error: Exception) -> None:
        """End by an unexpected error. Textual's own prints a traceback with every local variable, secrets included."""
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

    def action_help_quit(self) -> None:
        """Say how to leave: ctrl+c goes to no container from here, and quits nothing by accident."""
        self.notify("q quits, esc goes back, ? shows every key", markup=False)

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
        loop.add_signal_handler(number, app.exit, 128 + number)
    try:
        code = await app.run_async(headless=headless, mouse=app.settings.mouse)
    finally:
        await app.shut_down()
    if app.failure is not None:
        raise app.failure
    return code or 0


def run_app(settings: Settings) -> int:
    """Run the dashboard until it is left, and return the exit code. An exception that ended it is raised again."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    app = HytheApp(settings)
    return asyncio.run(run_until_left(app))
