"""Several hosts: whatever is opened or run is of the host and the row that the user saw, wherever the cursor is."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from stage import until
from test_fleet import FleetApp, fleet
from textual.pilot import Pilot

from tui.commands.command import Context, Row, Scope
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.model.containers import Container
from tui.screens.base import HytheScreen
from tui.screens.clean_up import CleanUpScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.details.environment import EnvironmentView
from tui.screens.disk import DiskScreen
from tui.screens.files import FilesScreen
from tui.screens.logs import LogsScreen
from tui.screens.one_off import OneOffScreen
from tui.settings import HostSettings, Settings


@asynccontextmanager
async def two_hosts(
    settings: Settings | None = None,
) -> AsyncIterator[tuple[Pilot[int], DashboardScreen, Session, Session, Callable[[], str]]]:
    """Run the app on alpha and beta, the cursor on a container of alpha."""
    app = FleetApp(("alpha", "beta"), settings)
    async with fleet(app) as (pilot, screen, shown):
        assert app.fleet is not None
        alpha, beta = app.fleet.sessions
        put_cursor(screen, alpha, next(iter(alpha.state.containers)))
        yield pilot, screen, alpha, beta, shown


def put_cursor(screen: DashboardScreen, session: Session, id: str) -> None:
    """Put the cursor on a container, and have its host in front."""
    fleet = screen.hythe.fleet
    assert fleet is not None
    assert screen.containers.move_to(fleet.key(session, id))
    screen.show_state()  # as happens whenever a daemon tells something
    assert fleet.front is session


async def made(pilot: Pilot[int], screen: DashboardScreen, session: Session, name: str, *, start: bool) -> Container:
    """Make a container, and wait until the table has its row."""
    engine = session.engine
    id = (await engine.containers.create({"Image": "busybox:latest", "Cmd": ["sleep", "60"]}, name=name)).id
    if start:
        await engine.containers.start(id)
    assert screen.hythe.fleet is not None
    key = screen.hythe.fleet.key(session, id)
    state = "running" if start else "created"
    await until(
        pilot,
        lambda: screen.containers.row_of(key) is not None and session.state.containers[id].state == state,
        "its row",
    )
    return session.state.containers[id]


def host_of(screen: object) -> str:
    assert isinstance(screen, HytheScreen)
    return screen.session.name


# the problems


@pytest.mark.parametrize(("chosen", "kind"), [("app.disk", DiskScreen), ("app.clean_up", CleanUpScreen)])
async def test_the_full_disk_that_was_chosen_is_looked_at(chosen: str, kind: type[HytheScreen]) -> None:
    async with two_hosts() as (pilot, screen, alpha, beta, shown):
        entry = beta.history.begin("docker start web", beta.name)
        entry.close("failed", "mkdir /var/lib/docker/x: No space left on device")
        entry.ended = beta.now()
        await pilot.press("W")
        await until(pilot, lambda: "disk of beta" in shown(), "the problem")
        await pilot.press("enter")
        await until(pilot, lambda: "go to the images" in shown(), "what can be done")
        await pilot.press(*(["down"] if chosen == "app.clean_up" else []), "enter")
        if chosen == "app.clean_up":
            await until(pilot, lambda: "Clean up: show what" in shown(), "the kinds of prune")
            screen.tick()
            screen.show_state()  # which happens whenever a daemon tells something: the cursor is still on alpha
            await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen.hythe.screen, kind), "the screen")
        assert host_of(screen.hythe.screen) == "beta"
        assert screen.pane.cursor is not None
        assert screen.pane.cursor[0] is alpha


async def test_the_logs_of_a_problem_are_those_of_its_container_though_others_are_marked() -> None:
    async with two_hosts() as (pilot, screen, alpha, beta, shown):
        sick = next(c for c in beta.state.containers.values() if c.state == "restarting")
        assert [c.name for c in alpha.state.containers.values() if c.state == "restarting"] == [sick.name]
        await pilot.press("asterisk", "W")
        await until(pilot, lambda: f"{sick.name}  beta" in shown(), "the problem")
        await pilot.press("down", "enter")
        await until(pilot, lambda: "logs, of several" in shown(), "the commands")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen.hythe.screen, LogsScreen), "the log")
        assert targets_of(screen.hythe.screen) == [("beta", sick.name)]


def targets_of(screen: object) -> list[tuple[str, str]]:
    assert isinstance(screen, LogsScreen)
    found: Sequence[tuple[Session, Container]] = cast("Any", screen)._targets._containers
    return [(session.name, container.name) for session, container in found]


# what commands open


async def opened_by(
    pilot: Pilot[int], screen: DashboardScreen, session: Session, id: str, scope: Scope, *rows: Row
) -> str:
    """Run a command on rows of a host that is not in front; returns the host of the screen that it opens."""
    hythe = screen.hythe
    await screen.run_command(BY_ID[id], Context(session, screen, scope, rows))
    assert hythe.screen is not screen, id
    await pilot.pause()
    found = host_of(hythe.screen)
    await hythe.pop_screen()
    return found


async def test_what_a_command_opens_is_of_the_host_of_its_rows() -> None:
    async with two_hosts() as (pilot, screen, alpha, beta, _shown):
        running = next(c for c in beta.state.containers.values() if c.state == "running")
        images = tuple(beta.state.images.values())[:2]
        network = next(n for n in beta.state.networks.values() if n.driver == "bridge")
        await beta.engine.volumes.create("mine")
        await until(pilot, lambda: "mine" in beta.state.volumes, "the volume")
        containers: Sequence[str] = ("limits", "commit", "layers", "run", "clone", "files")
        ways: list[tuple[str, Scope, tuple[Row, ...]]] = [
            *((f"container.{name}", "containers", (running,)) for name in containers),
            ("image.run", "images", images[:1]),
            ("image.layers", "images", images[:1]),
            ("image.compare", "images", images),
            ("image.pull", "images", images[:1]),
            ("network.create", "networks", ()),
            ("network.connect", "networks", (network,)),
            ("volume.create", "volumes", ()),
            ("volume.files", "volumes", (beta.state.volumes["mine"],)),
            ("app.disk", "app", ()),
            ("app.build", "app", ()),
            ("app.run", "app", ()),
            ("app.events", "app", ()),
            ("app.swarm", "app", ()),
            ("app.registries", "app", ()),
        ]
        assert screen.hythe.session is alpha
        found = {id: await opened_by(pilot, screen, beta, id, scope, *rows) for id, scope, rows in ways}
        assert {id: host for id, host in found.items() if host != "beta"} == {}


async def test_a_screen_stays_with_its_host_and_so_does_what_it_opens() -> None:
    async with two_hosts() as (pilot, screen, alpha, beta, shown):
        running = next(c for c in beta.state.containers.values() if c.state == "running")
        put_cursor(screen, beta, running.id)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(screen.hythe.screen, FilesScreen) and "etc" in shown(), "the files")
        files = screen.hythe.screen
        assert isinstance(files, FilesScreen)
        # the row goes, and with it the cursor to another host
        put_cursor(screen, alpha, next(iter(alpha.state.containers)))
        files._show_file("/etc/hostname")  # pyright: ignore[reportPrivateUsage]
        assert host_of(screen.hythe.screen) == "beta"
        await screen.hythe.pop_screen()
        files.open("events")
        assert host_of(screen.hythe.screen) == "beta"


async def test_the_files_of_a_mount_are_those_of_the_row_that_the_tab_shows() -> None:
    async with two_hosts() as (pilot, screen, alpha, beta, _shown):
        rows = beta.state.containers.values()
        row = next(c for c in rows if any(mount.type == "volume" for mount in c.mounts))
        mount = next(mount for mount in row.mounts if mount.type == "volume")
        fleet = screen.hythe.fleet
        assert fleet is not None
        assert screen.containers.move_to(fleet.key(beta, row.id))
        await pilot.press("v")
        screen.containers.mark([fleet.key(alpha, next(iter(alpha.state.containers)))])
        screen.show_state()
        assert fleet.front is alpha
        view = screen.detail.body
        assert isinstance(view, EnvironmentView)
        leaf = [("mounts",), ("mounts", mount.destination)]
        await until(pilot, lambda: view.source is not None and view.go_to(cast("Any", leaf)), "the mount")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen.hythe.screen, FilesScreen), "the files")
        assert host_of(screen.hythe.screen) == "beta"


async def test_every_host_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with two_hosts() as (pilot, _screen, alpha, beta, _shown):
        read: list[str] = []
        for session in (alpha, beta):
            monkeypatch.setattr(session.feed, "refresh", lambda name=session.name: read.append(name))
        await pilot.press("f5")
        await until(pilot, lambda: len(read) >= 2, "both")
        assert read == ["alpha", "beta"]


# marks on several hosts


async def test_what_is_run_in_all_is_run_where_it_can_be() -> None:
    async with two_hosts() as (pilot, screen, alpha, beta, shown):
        still = await made(pilot, screen, alpha, "still", start=False)
        runs = await made(pilot, screen, beta, "runs", start=True)
        assert screen.hythe.fleet is not None
        screen.containers.mark([screen.hythe.fleet.key(alpha, still.id), screen.hythe.fleet.key(beta, runs.id)])
        await pilot.press("x")
        await until(pilot, lambda: isinstance(screen.hythe.screen_stack[-2], OneOffScreen), "the command's screen")
        await until(pilot, lambda: "on alpha:" in shown() and "not run" in shown(), "why not there")


async def test_nothing_is_run_on_a_host_that_is_read_only_and_the_other_goes_on() -> None:
    settings = Settings(hosts={"alpha": HostSettings("alpha", context="alpha", read_only=True)})
    async with two_hosts(settings) as (pilot, screen, alpha, beta, shown):
        sees = next(c for c in alpha.state.containers.values() if c.state == "running")
        runs = await made(pilot, screen, beta, "runs", start=True)
        assert screen.hythe.fleet is not None
        screen.containers.mark([screen.hythe.fleet.key(alpha, sees.id), screen.hythe.fleet.key(beta, runs.id)])
        await pilot.press("x")
        await until(pilot, lambda: isinstance(screen.hythe.screen_stack[-2], OneOffScreen), "the command's screen")
        await until(pilot, lambda: "on alpha:" in shown() and "read-only" in shown(), "why not there")
        one_off = screen.hythe.screen_stack[-2]
        assert isinstance(one_off, OneOffScreen)
        assert [(pane.session.name, pane.target.name) for pane in one_off.panes] == [("beta", "runs")]


async def test_the_logs_of_projects_of_several_hosts_are_those_that_there_are() -> None:
    async with two_hosts() as (pilot, screen, alpha, beta, shown):
        labels = {"com.docker.compose.project": "solo", "com.docker.compose.service": "web"}
        for session, more in ((alpha, {"com.docker.compose.oneoff": "True"}), (beta, {})):
            body: dict[str, Any] = {"Image": "busybox:latest", "Labels": {**labels, **more}}
            await session.engine.containers.create(body, name="solo-web-1")
        await pilot.press("5", "slash", *"solo", "enter")
        await until(pilot, lambda: screen.table.shown_count == 2, "both projects")
        await pilot.press("asterisk", "l")
        await until(pilot, lambda: isinstance(screen.hythe.screen, LogsScreen), "the log")
        await until(pilot, lambda: "on alpha:" in shown() and "no containers" in shown(), "why not there")
        assert targets_of(screen.hythe.screen) == [("beta", "solo-web-1")]
