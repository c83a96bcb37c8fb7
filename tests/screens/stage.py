"""The app on a demo engine that stands still: fixed seed, fixed clock, no events but those that a test makes."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from quiet import painted, rested
from tui.app import HytheApp
from tui.demo.clock import ManualClock
from tui.demo.server import serve_demo
from tui.engine.endpoint import Endpoint
from tui.screens import show_pace
from tui.screens.dashboard import DashboardScreen
from tui.settings import Settings
from tui.store import usage

START_NS = 1_790_000_000 * 10**9
PATIENCE_SECONDS = 60
# longer than what follows the cursor or gathers news waits
REST_SECONDS = 0.15


def stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what depends on the clock of the machine, for a test that looks at screens.

    The dashboard shows news at once: in the field it rests in between for as long as the machine is busy. What nobody
    looks at any more is followed on: it is told how many streams there are, and a slow test is no reason to end some.
    """
    monkeypatch.setattr(show_pace, "SHARE", 0.0)
    monkeypatch.setattr(usage, "LINGER_SECONDS", 3600.0)


class StageApp(HytheApp):
    """HytheApp whose demo engine's clock is moved by hand, and whose ages are told by that clock."""

    def __init__(self, settings: Settings | None = None, *, containers: int = 12, seed: int = 7,
                 swarm: bool = False) -> None:  # fmt: skip
        self.clock = ManualClock(START_NS)
        settings = replace(settings or Settings(), demo=True)
        super().__init__(settings, {}, now=lambda: self.clock.now_ns() / 1e9)
        self._containers, self._seed, self._swarm = containers, seed, swarm
        self.socket: Path | None = None

    async def demo_endpoint(self) -> Endpoint:
        if self.socket is None:
            served = serve_demo(seed=self._seed, containers=self._containers, clock=self.clock, swarm=self._swarm)
            self.socket = await self._stack.enter_async_context(served)
        return Endpoint(f"unix://{self.socket}", "demo engine", "demo engine")

    async def on_unmount(self) -> None:
        await self.shut_down()


async def until(pilot: Pilot[int], true: Callable[[], bool], what: str = "") -> None:
    """Let the app go on until `true` says so.

    Raises:
        AssertionError: it never did, or the app has ended by an unexpected error; names `what` and shows the screen.
    """
    app = pilot.app
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        await painted()
        if true():
            return
        if isinstance(app, HytheApp) and app.failure is not None:
            raise AssertionError(f"the app ended before {what or true} came") from app.failure
        if monotonic() > deadline:
            break
        await asyncio.sleep(0.01)
    shown = text_of(app) if isinstance(app, HytheApp) else ""
    raise AssertionError(f"never came: {what or true}\n{shown}")


async def dashboard(pilot: Pilot[int]) -> DashboardScreen:
    """Return the dashboard once it is live and knows what every row in view uses."""
    app = pilot.app
    assert isinstance(app, StageApp)
    await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
    screen = app.screen
    assert isinstance(screen, DashboardScreen)
    session = screen.session

    def settled() -> bool:
        known = session.state.containers
        # the table is told later than the state: a row that came then would move another one out of view
        shown = screen.containers.total_count >= len(known)
        inspected = all(known[key].inspected for key in screen.containers.visible_keys)
        return session.state.condition.is_live and bool(known) and shown and inspected

    await until(pilot, settled, "a live feed with inspected rows")
    running = [key for key in screen.containers.visible_keys if session.state.containers[key].state == "running"]
    await until(pilot, lambda: all(key in session.usage.usage for key in running), "a first sample of each")
    await app.clock.advance(1)
    samples = session.usage.usage
    await until(pilot, lambda: all(samples[key].sample.cpu is not None for key in running), "a second sample of each")
    await until(pilot, lambda: text_of(app).count("% ") >= len(running), "the CPU of each on the screen")
    screen.tick()  # the clock was moved: let the ages follow now, not within the next second
    return screen


def text_of(app: HytheApp) -> str:
    """Return what the screen shows, as plain text, a line each."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()  # the strips as they would be written
    return "\n".join("".join(segment.text for segment in strip) for strip in lines[:height])[: width * height * 4]


async def settle(pilot: Pilot[int]) -> None:
    """Wait until two looks at the screen show the same, and nothing is about to change it."""
    app = pilot.app
    assert isinstance(app, StageApp)
    for field in app.screen.query(Input):
        field.cursor_blink = False
    shown = None
    while shown != (shown := text_of(app)):
        await rested(REST_SECONDS)
