"""Every screen while each request to the engine fails: it stays, says what is wrong, and lets itself be left."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from stage import StageApp, dashboard, text_of, until
from test_snapshots import settle
from textual.pilot import Pilot

from tui.engine.errors import ApiError, ConnectionLost, EngineError, MalformedAnswer
from tui.engine.transport import Answer, Transport
from tui.screens.dashboard import DashboardScreen

WORDS = "the line of Damocles"
IMAGE = ("2", "slash", *"team/api:1.4.2", "enter")
WEB = ("slash", *"web", "enter")

FAULTS: dict[str, Callable[[], EngineError]] = {
    "lost": lambda: ConnectionLost("unix:///run/demo.sock", WORDS),
    "refused": lambda: ApiError(500, WORDS),
    "malformed": lambda: MalformedAnswer("GET /it", WORDS),
}
ODD_BODIES = {"list": b"[3]", "null": b"null", "object": b'{"Id": 3, "State": [], "Layers": {}}', "cut": b'{"Id": "'}
"""What a daemon, or what is before it, might answer to anything."""

SCREENS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "logs-tab": ((*WEB, "enter"), ("g", "G", "n")),
    "inspect-tab": ((*WEB, "i"), ("slash", "x", "enter", "n")),
    "history-tab": ((*IMAGE, "enter"), ("j",)),
    "layers": ((*IMAGE, "L"), ("r", "tab", "v", "f", "o", "i", "escape", "w", "e", "E", "y")),
    "logs": ((*WEB, "l"), ("g", "G", "A", "x", "l", "s", "t", "w", "k", "k")),
    "run-form": ((*IMAGE, "n"), ("f3", "escape", "f2")),
    "commit-form": ((*WEB, "c"), ("f5", "f2")),
    "build-form": (("b",), ("f2",)),
    "hosts": (("D",), ("f5", "j", "enter")),
    "history": (("H",), ()),
    "jobs": (("J",), ()),
    "palette": (("colon",), ()),
    "help": (("question_mark",), ()),
    "volumes": (("3",), ("i",)),
    "networks": (("4",), ("i",)),
    "stop": (WEB, ("s",)),
    "restart": (WEB, ("r",)),
    "pause": (WEB, ("p",)),
    "kill": (WEB, ("K", "enter", "enter")),
    "remove": (WEB, ("d", "tab", "enter")),
    "rename": (WEB, ("R", "x", "enter")),
    "clone": (WEB, ("N",)),
    "recreate": (WEB, ("u", "enter")),
    "go-back": (WEB, ("B", "enter")),
    "container-layers": (WEB, ("L",)),
    "copy": (WEB, ("y", "j", "j", "j", "j", "j", "enter")),
    "copy-compose": (WEB, ("y", "G", "enter")),
    "tag": (IMAGE, ("t", *"x:1", "enter")),
    "image-remove": (IMAGE, ("d", "tab", "enter")),
    "image-copy": (IMAGE, ("y", "enter")),
    "volume-remove": (("3",), ("d", "tab", "enter")),
    "network-remove": (("4",), ("d", "tab", "enter")),
    "refresh": ((), ("f5",)),
    "projects": (("5", "j"), ("enter", "j", "y", "enter")),
    "project-up": (("5", "j"), ("u", "P", "B", "C", "equals_sign", "j", "enter")),
    "project-stop": (("5", "j"), ("s",)),
    "project-down": (("5", "j"), ("d", "y")),
    "project-logs": (("5", "j"), ("l",)),
    "files": (
        (*WEB, "f"),
        ("r", "c", "o", "j", "enter", "y", "f", "ctrl+u", *"/etc", "enter", "e", "enter", "p", "enter", "enter"),
    ),
    "environment": ((*WEB, "v"), ("j", "enter", "slash", "x", "enter", "n")),
    "processes": ((*WEB, "h"), ("o", "j", "enter", "t", "K", "enter")),
    "signal": (WEB, ("colon", *"send a signal to a process", "enter")),
    "limits": ((*WEB, "m"), ("9", "f2")),
    "stats-tab": ((*WEB, "S"), ("j", "w")),
    "compare-stats": (("space", "j", "space", "S"), ("tab", "escape", "asterisk", "escape")),
    "problems": (("W",), ("enter", "enter")),
}
"""What opens each screen, and what is pressed there."""

SWARM: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "services": (
        ("6", "j"),
        ("equals_sign", "ctrl+u", "9", "enter", "u", "ctrl+u", *"x:1", "enter", "enter", "i", "right_square_bracket"),
    ),
    "service-remove": (("6", "j"), ("d", "y", "B", "l", "y", "enter")),
    "nodes": (("7", "j"), ("v", "enter", "p", "y", "i", "escape", "d", "y")),
}
"""The same for the tables of a swarm."""


class OddContent:
    """A body that comes in one piece."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def iter_any(self) -> AsyncIterator[bytes]:
        yield self.body

    async def read(self, most: int = -1) -> bytes:
        return self.body

    def is_eof(self) -> bool:
        return True


class OddResponse:
    """An answer of 200 that is not what was asked for."""

    status = 200
    headers: ClassVar[dict[str, str]] = {}
    connection = None

    def __init__(self, body: bytes) -> None:
        self.body, self.content = body, OddContent(body)

    async def read(self) -> bytes:
        return self.body

    def close(self) -> None: ...

    release = close


async def break_engine(app: StageApp, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Let every request fail from now on, and break those that are under way."""

    @asynccontextmanager
    async def failing(_self: Transport, *_: object, **__: object) -> AsyncGenerator[Answer]:
        if fault in FAULTS:
            raise FAULTS[fault]()
        yield Answer(cast("Any", OddResponse(ODD_BODIES[fault])), "unix:///run/demo.sock")

    monkeypatch.setattr(Transport, "_open", failing)
    session = app.session
    assert session is not None
    await session.engine.transport.connections.renew()
    for client in tuple(session.engine.transport.connections._users):  # pyright: ignore[reportPrivateUsage] the lines under way
        await client.close()


async def press(pilot: Pilot[int], keys: Sequence[str]) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)
        app = cast("StageApp", pilot.app)
        assert app.failure is None, f"{key}: {app.failure!r}"


async def back(pilot: Pilot[int], dashboard: DashboardScreen) -> None:
    """Go back to the table of containers, with no filter, by nothing but escape."""
    for _ in range(12):
        if pilot.app.screen is dashboard and not dashboard.detail.display and not dashboard.table.filter_text:
            break
        await press(pilot, ["escape"])
    assert pilot.app.screen is dashboard
    await press(pilot, ["1"])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A context to build, as the current folder."""
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN true\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("fault", ["refused", "object"])
async def test_every_screen_opens_and_is_left_while_nothing_works(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await break_engine(app, monkeypatch, fault)
        for opening, keys in SCREENS.values():
            await pilot.press(*opening)
            await settle(pilot)
            await press(pilot, keys)
            await back(pilot, screen)
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running or app.screen is not screen, "the end, or the question about it")
    assert app.failure is None


@pytest.mark.parametrize("fault", ["refused", "object"])
@pytest.mark.parametrize("name", SWARM)
async def test_a_swarm_while_nothing_works(name: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opening, keys = SWARM[name]
    app = StageApp(swarm=True)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await until(pilot, lambda: screen.session.swarm.status is not None)
        await pilot.press(opening[0])
        await until(pilot, lambda: "ledger" in text_of(app) or "worker-2" in text_of(app), "the rows")
        await break_engine(app, monkeypatch, fault)
        await press(pilot, [*opening[1:], *keys])
        await screen.action_command("app.swarm")
        await settle(pilot)
        await back(pilot, screen)
    assert app.failure is None


@pytest.mark.parametrize(
    "name",
    [
        "logs-tab",
        "logs",
        "commit-form",
        "run-form",
        "build-form",
        "hosts",
        "layers",
        "files",
        "environment",
        "processes",
        "limits",
        "stats-tab",
        "problems",
    ],
)
async def test_a_screen_stays_that_is_open_when_the_engine_goes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opening, keys = SCREENS[name]
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press(*opening)
        await settle(pilot)
        await break_engine(app, monkeypatch, "lost")
        await press(pilot, keys)
        await back(pilot, screen)
        await until(pilot, lambda: "reconnecting" in text_of(app), "what is wrong, in the header")
