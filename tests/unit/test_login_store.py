"""Logins written as the docker CLI writes them, with everything else in its files left as it is."""

import base64
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.engine import credentials
from tui.engine.credentials import Credentials, CredentialsError, DockerLogins
from tui.engine.errors import ContextError
from tui.engine.login_store import LoginStore

HUB = "https://index.docker.io/v1/"
HELPER = """#!/bin/sh
echo "$0 $*" >> "$HOME/asked"
case $1 in
store) cat > "$HOME/stored" ;;
get) [ -f "$HOME/stored" ] || { echo credentials not found in native keychain; exit 1; }; cat "$HOME/stored" ;;
erase) rm -f "$HOME/stored" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "docker"
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "home").mkdir()
    return folder


def content(folder: Path) -> dict[str, object]:
    return json.loads((folder / "config.json").read_text())


def write(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "config.json").write_text(text)


def auth(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


@pytest.fixture
def helper(tmp_path: Path, folder: Path) -> Callable[[str], Path]:
    def make(script: str) -> Path:
        path = tmp_path / "docker-credential-mine"
        path.write_text(script)
        path.chmod(0o755)
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text('{"credsStore": "mine"}')
        return path

    return make


async def test_a_first_login_makes_a_file_for_its_owner_alone(folder: Path) -> None:
    store = LoginStore(folder)
    await store.keep("registry.example:5000", "me", Credentials("me", "pass:word"))
    assert content(folder) == {"auths": {"registry.example:5000": auth("me:pass:word")}}
    text = auth("me:pass:word")["auth"]
    shown = f'{{\n\t"auths": {{\n\t\t"registry.example:5000": {{\n\t\t\t"auth": "{text}"\n\t\t}}\n\t}}\n}}'
    assert (folder / "config.json").read_text() == shown  # as the CLI lays it out
    assert stat.S_IMODE(os.stat(folder / "config.json").st_mode) == 0o600
    found = await DockerLogins().find("registry.example:5000")
    assert found is not None
    assert (found.username, found.secret) == ("me", "pass:word")
    await store.keep("docker.io", "hub", Credentials("hub", "x"))
    assert list(content(folder)["auths"]) == ["registry.example:5000", HUB]  # type: ignore[call-overload]
    assert [name for name, _ in await store.known()] == ["docker.io", "registry.example:5000"]


async def test_an_identity_token_is_kept_in_place_of_the_password(folder: Path) -> None:
    await LoginStore(folder).keep("r.example", "me", Credentials("", "tok"))
    assert content(folder) == {"auths": {"r.example": {**auth("me:"), "identitytoken": "tok"}}}
    found = await DockerLogins().find("r.example")
    assert found is not None
    assert (found.username, found.secret) == ("", "tok")


async def test_nothing_else_in_the_file_changes(folder: Path) -> None:
    text = (
        '{\n  "HttpHeaders":   {"a": [1,2]},\n  "auths": {"b.example": {"auth": "Yjpi"} },\n\t"currentContext":"x" }\n'
    )
    write(folder, text)
    store = LoginStore(folder)
    await store.keep("a.example", "me", Credentials("me", "s"))
    after = (folder / "config.json").read_text()
    assert after.startswith('{\n  "HttpHeaders":   {"a": [1,2]},\n  "auths": {"b.example": {"auth": "Yjpi"}')
    assert after.endswith('},\n\t"currentContext":"x" }\n')
    assert await store.forget("a.example")
    assert json.loads((folder / "config.json").read_text()) == json.loads(text)
    assert not await store.forget("a.example")


async def test_log_out_finds_what_older_ones_wrote(folder: Path) -> None:
    write(folder, json.dumps({"auths": {"https://a.example": {}, "a.example": {}, "b": {}}}))
    assert await LoginStore(folder).forget("a.example")
    assert content(folder) == {"auths": {"b": {}}}


@pytest.mark.parametrize("text", ["{", '{"auths": []}', "[]", '{"auths": {"a": {}}} x'])
async def test_a_broken_file_is_left_alone(folder: Path, text: str) -> None:
    write(folder, text)
    with pytest.raises(ContextError, match=r"config\.json"):
        await LoginStore(folder).keep("r.example", "me", Credentials("me", "secret"))
    assert (folder / "config.json").read_text() == text


async def test_a_helper_keeps_it_and_gets_the_secret_by_its_input(
    folder: Path, tmp_path: Path, helper: Callable[[str], Path]
) -> None:
    helper(HELPER)
    store = LoginStore(folder)
    await store.keep("r.example", "me", Credentials("me", "secret"))
    stored = json.loads((tmp_path / "home/stored").read_text())
    assert stored == {"ServerURL": "r.example", "Username": "me", "Secret": "secret"}
    assert content(folder) == {"credsStore": "mine", "auths": {"r.example": {}}}
    assert "secret" not in (tmp_path / "home/asked").read_text()
    found = await DockerLogins().find("r.example")
    assert found is not None
    assert found.secret == "secret"
    assert await store.known() == [("r.example", "docker-credential-mine")]
    assert await store.forget("r.example")
    assert not (tmp_path / "home/stored").exists()
    assert content(folder) == {"credsStore": "mine", "auths": {}}


@pytest.mark.parametrize(
    ("script", "words"),
    [("cat; exit 3", "failed: exit code 3"), ("exec sleep 600", "did not answer"), ("exit 1", "exit code 1")],
)
async def test_a_helper_that_fails_loses_nothing(
    folder: Path, helper: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    monkeypatch.setattr(credentials, "HELPER_SECONDS", 0.5 if "sleep" in script else 20)
    helper(f"#!/bin/sh\n{script}\n")
    with pytest.raises(CredentialsError, match=words) as caught:
        await LoginStore(folder).keep("r.example", "me", Credentials("me", "secret-word"))
    assert "secret-word" not in str(caught.value)  # a helper may print what it was given
    assert content(folder) == {"credsStore": "mine"}
