"""The screen that says why no daemon answers."""

from dataclasses import replace
from pathlib import Path

import pytest
from stage import text_of, until

from tui.app import HytheApp
from tui.screens.connect import ConnectScreen
from tui.settings import Settings


@pytest.mark.parametrize(
    ("settings", "environment", "source"),
    [
        (Settings(host="foo://x"), {}, "--host"),
        (Settings(context="nope"), {}, "--context"),
        (Settings(), {"DOCKER_HOST": "foo://x"}, "the environment"),
    ],
    ids=["host", "context", "environment"],
)
async def test_an_address_that_is_none_is_told_with_who_named_it(
    tmp_path: Path, settings: Settings, environment: dict[str, str], source: str
) -> None:
    app = HytheApp(settings, {"HOME": str(tmp_path), **environment})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen), "the connect screen")
        tried = text_of(app).split("Tried", 1)[1].splitlines()[1]
        assert tried.strip().startswith(source)
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
