"""The screen that says why no daemon answers."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace
from stage import StageApp, text_of, until

from tui.app import HytheApp
from tui.demo.server import DemoEngine
from tui.engine.connect import Attempt, Found
from tui.engine.endpoint import Endpoint
from tui.screens import connect
from tui.screens.connect import ConnectScreen
from tui.screens.dashboard import DashboardScreen
from tui.settings import Settings, load_settings


@pytest.mark.parametrize(
    ("arguments", "file", "environment", "source"),
    [
        ({"host": "foo://x"}, "", {}, "--host"),
        ({"contexts": ["nope"]}, "", {}, "--context"),
        ({"contexts": ["nope", "nor this"]}, "", {}, "--context"),
        ({"groups": ["web"]}, '[groups]\nweb = ["nope"]', {}, "--group"),
        ({}, 'host = "foo://x"', {}, "the settings"),
        ({}, "", {"DOCKER_HOST": "foo://x"}, "the environment"),
        ({}, "", {"DOCKER_CONFIG": "."}, "current context"),
    ],
    ids=["host", "context", "contexts", "group", "settings", "environment", "current"],
)
async def test_an_address_that_is_none_is_told_with_who_named_it(
    tmp_path: Path, arguments: dict[str, object], file: str, environment: dict[str, str], source: str
) -> None:
    (tmp_path / "settings.toml").write_text(file)
    (tmp_path / "config.json").write_text('{"currentContext": "nope"}')
    if environment.get("DOCKER_CONFIG"):
        environment = {"DOCKER_CONFIG": str(tmp_path)}
    settings = load_settings(arguments, {"HYTHE_CONFIG": str(tmp_path / "settings.toml")})
    app = HytheApp(settings, {"HOME": str(tmp_path), **environment})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen), "the connect screen")
        tried = text_of(app).split("Tried", 1)[1].splitlines()[1]
        assert tried.strip().startswith(source)
    await app.shut_down()


async def test_an_address_that_is_none_can_not_be_chosen_and_shows_no_password(tmp_path: Path) -> None:
    chosen: list[str] = []

    class Noting(HytheApp):
        async def connect(self, endpoint: Endpoint | None = None) -> None:
            if endpoint is None:
                await super().connect()
            else:
                chosen.append(endpoint.source)

    app = Noting(Settings(host="ssh://me:secret@there", named_by="--host"), {"HOME": str(tmp_path)})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen), "the connect screen")
        assert "secret" not in text_of(app)
        assert "ssh://me:…@there" in text_of(app)
        await pilot.press("enter")
        await until(pilot, lambda: bool(chosen), "the first that can be chosen")
        assert chosen == ["default socket"]
    await app.shut_down()


async def test_a_daemon_that_comes_later_is_connected_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "LOOK_SECONDS", 0.02)
    socket = tmp_path / "docker.sock"
    app = HytheApp(Settings(host=f"unix://{socket}"), {"HOME": str(tmp_path)})
    engine = DemoEngine(containers=3)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen), "the connect screen")
        assert "no Docker daemon answers; looking again every 0.02 s" in text_of(app)
        await pilot.press("question_mark")
        await until(pilot, lambda: not isinstance(app.screen, ConnectScreen), "the help")
        await engine.start(socket)
        await asyncio.sleep(0.2)  # ten looks, and none of them takes the help away
        assert app.session is None
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
    await app.shut_down()
    await engine.stop()


async def test_who_has_a_host_is_not_taken_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "LOOK_SECONDS", 0.02)
    asked: list[object] = []

    async def none_answers(endpoints: list[Endpoint]) -> Found:
        asked.extend(endpoints)
        return Found(None, None, ())

    monkeypatch.setattr(connect, "first_answering", none_answers)
    app = StageApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.session is not None, "a host")
        await app.connect(Endpoint(f"unix://{tmp_path}/none.sock", "by hand"))
        assert isinstance(app.screen, ConnectScreen)
        await pilot.pause(0.2)
        assert asked == []
        assert "looking again" not in text_of(app)


async def test_ssh_is_not_asked_again_by_itself(tmp_path: Path) -> None:
    tried = Attempt(Endpoint("ssh://me@there", "--host"), "refused")
    app = HytheApp(Settings(host=f"unix://{tmp_path}/none.sock"), {"HOME": str(tmp_path)})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen), "the connect screen")
        assert "looking again" in text_of(app)
        assert isinstance(app.screen, ConnectScreen)
        app.screen.show([tried])
        await until(pilot, lambda: "looking again" not in text_of(app), "nothing to look for")
    await app.shut_down()


async def test_a_reason_is_read_to_its_end_on_a_narrow_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with certificates that has a rather long name"
    env = {"HOME": str(tmp_path), "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(folder)}
    app = HytheApp(replace(Settings(), host="tcp://127.0.0.1:1"), env)
    async with app.run_test(size=(60, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen), "the connect screen")
        shown = "".join(line.strip() for line in text_of(app).splitlines()).replace(" ", "")
        assert f"{folder}/ca.pem is missing".replace(" ", "") in shown
        assert "nameanotherfolderbyDOCKER_CERT_PATH" in shown
        assert all(len(line) <= 60 for line in text_of(app).splitlines())
    await app.shut_down()
