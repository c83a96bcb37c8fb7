"""Several hosts in one table: each with its own feed, light and failure; a command goes to the host of its row."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from stage import START_NS, StageApp, text_of, until
from textual.pilot import Pilot

from tui.demo.clock import ManualClock
from tui.demo.server import serve_demo
from tui.engine.endpoint import Endpoint
from tui.screens.dashboard import DashboardScreen
from tui.settings import HostSettings, Settings


class FleetApp(StageApp):
    """StageApp on several demo engines, each of its own clock and seed, and on endpoints where nobody answers."""

    def __init__(
        self, names: tuple[str, ...], settings: Settings | None = None, dead: tuple[str, ...] = (),
        missing: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(settings)
        self._names, self._dead, self._missing = names, dead, missing
        self._folder = Path(self._stack.enter_context(TemporaryDirectory()))
        self.environment = {"DOCKER_CONFIG": str(self._folder)}
        self.clocks: list[ManualClock] = []

    async def connect(self, endpoint: Endpoint | None = None) -> None:
        names: list[str] = []
        for seed, name in enumerate(self._names):
            clock = ManualClock(START_NS)
            self.clocks.append(clock)
            path = await self._stack.enter_async_context(serve_demo(seed=seed, containers=5, clock=clock))
            names.append(context(self._folder, name, f"unix://{path}"))
        names += [context(self._folder, name, f"unix:///nowhere/{name}.sock") for name in self._dead]
        await self.connect_all([*names, *self._missing])


def context(folder: Path, name: str, url: str) -> str:
    """Write a docker context, and return its name."""
    place = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    place.mkdir(parents=True)
    (place / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": url}}}))
    return name


@asynccontextmanager
async def fleet(
    app: FleetApp, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[Pilot[int], DashboardScreen, Callable[[], str]]]:
    """Run the app until every host that lives is live."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        screen = app.screen
        assert isinstance(screen, DashboardScreen)
        assert app.fleet is not None
        sessions = app.fleet.sessions[: len(app.clocks)]
        await until(pilot, lambda: all(session.state.condition.is_live for session in sessions), "live feeds")
        await until(pilot, lambda: screen.containers.total_count == 5 * len(sessions), "every row")
        yield pilot, screen, lambda: text_of(app)


async def test_rows_of_every_host_stand_in_one_table_and_say_whose_they_are() -> None:
    app = FleetApp(("alpha", "beta"))
    async with fleet(app) as (pilot, screen, shown):
        await until(pilot, lambda: "HOST" in shown() and "alpha" in shown() and "beta" in shown())
        assert screen.images.total_count > 0
        await pilot.press("slash", *"beta", "enter")
        assert screen.containers.shown_count == 5


async def test_the_same_image_on_two_hosts_is_two_rows() -> None:
    app = FleetApp(("alpha", "beta"))
    async with fleet(app) as (_pilot, screen, _shown):
        assert app.fleet is not None
        first, second = (set(session.state.images) for session in app.fleet.sessions)
        assert screen.images.total_count == len(first) + len(second)


async def test_a_command_on_marked_rows_goes_to_the_host_of_each() -> None:
    app = FleetApp(("alpha", "beta"))
    async with fleet(app) as (pilot, screen, shown):
        assert app.fleet is not None
        made = [
            (await session.engine.containers.create({"Image": "busybox:latest"}, name="twin")).id
            for session in app.fleet.sessions
        ]
        await until(pilot, lambda: screen.containers.total_count == 12)
        await pilot.press("slash", *"twin", "enter", "asterisk", "d")
        for host, _ in zip(("alpha", "beta"), made, strict=True):
            await until(pilot, lambda host=host: "Remove 1 container?" in shown() and f"on {host}:" in shown())
            await pilot.press("y")
            await until(pilot, lambda: "Remove 1 container?" not in shown() or screen.containers.total_count == 11)
        await until(pilot, lambda: screen.containers.total_count == 10)
        assert [(entry.host, entry.line) for entry in reversed(list(app.history))] == [
            ("alpha", "docker rm twin"),
            ("beta", "docker rm twin"),
        ]


async def test_a_dead_host_slows_no_other_and_says_why() -> None:
    app = FleetApp(("alpha",), dead=("gone",))
    async with fleet(app) as (pilot, screen, shown):
        await until(pilot, lambda: "gone" in shown() and "reconnecting" in shown())
        await until(pilot, lambda: "gone: reconnecting: " in shown(), "the reason above the table")
        await until(pilot, lambda: "reading …" not in shown(), "nothing is read of a host that is not reached")
        assert screen.containers.total_count == 5


async def test_a_context_that_is_not_there_is_told_and_the_others_are_shown() -> None:
    app = FleetApp(("alpha", "beta"), missing=("nowhere",))
    async with fleet(app) as (pilot, _screen, shown):
        await until(pilot, lambda: "no docker context named 'nowhere'" in shown())


async def test_what_takes_one_row_refuses_the_marks_of_two_hosts() -> None:
    app = FleetApp(("alpha", "beta"))
    async with fleet(app) as (pilot, _screen, shown):
        await pilot.press("asterisk", "R")
        await until(pilot, lambda: "one at a time, and 10 are marked" in shown())


async def test_a_read_only_host_refuses_and_the_other_goes_on() -> None:
    hosts = {"beta": HostSettings("beta", context="beta", read_only=True)}
    app = FleetApp(("alpha", "beta"), Settings(hosts=hosts))
    async with fleet(app) as (pilot, screen, shown):
        await pilot.press("asterisk", "d")
        await until(pilot, lambda: "beta: read-only" in shown() and "Remove 5 containers?" in shown())
        await pilot.press("y")
        await until(pilot, lambda: screen.containers.total_count == 5)
        assert {
            screen.pane.record(key) and app.fleet and app.fleet.owner(key)[0].name for key in screen.containers.order
        } == {"beta"}


async def test_the_details_are_read_from_the_host_of_the_row() -> None:
    app = FleetApp(("alpha", "beta"))
    async with fleet(app, (120, 40)) as (pilot, screen, shown):
        await pilot.press("slash", *"beta", "enter", "i")
        cursor = screen.pane.cursor
        assert cursor is not None
        assert cursor[0].name == "beta"
        await until(pilot, lambda: cursor[1].id in shown() or "State:" in shown())


async def test_the_ports_say_of_which_hosts_they_are() -> None:
    app = FleetApp(("alpha", "beta"), dead=("gone",))
    async with fleet(app) as (pilot, _screen, shown):
        await pilot.press("O")
        await until(pilot, lambda: "3 hosts" in shown().splitlines()[0])
        await until(pilot, lambda: "without gone: nothing was read of it" in shown())
