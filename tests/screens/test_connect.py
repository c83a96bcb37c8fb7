"""The screen that says why no daemon answers."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from stage import text_of, until

from tui.app import HytheApp
from tui.engine.endpoint import Endpoint
from tui.screens.connect import ConnectScreen
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
