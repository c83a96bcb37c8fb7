"""Logins from the docker CLI's own configuration: its file, its helpers, and what is wrong with either."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.commands.transfers import login_words
from tui.engine import credentials
from tui.engine.credentials import CredentialsError, DockerLogins, UnreadableConfig

HUB = "https://index.docker.io/v1/"


Write = Callable[[object], None]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the docker CLI's configuration: a text as it is, anything else as JSON."""
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def write(content: object) -> None:
        (folder / "config.json").write_text(content if isinstance(content, str) else json.dumps(content))

    return write


def auth(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


def helper(folder: Path, name: str, script: str) -> None:
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


async def found(registry: str) -> tuple[str, str] | None:
    login = await DockerLogins().find(registry)
    return None if login is None else (login.username, login.secret)


async def test_without_a_configuration_there_is_no_login(config: Write) -> None:
    assert await found("registry.example") is None


async def test_the_file_names_registries_in_several_ways(config: Write) -> None:
    auths = {
        HUB: auth("hub:a:b"),
        "registry.example:5000": auth("me:secret"),
        "https://old.example/v1/": auth("old:x"),
        "token.example": {"identitytoken": "tok"},
        "empty.example": {},
    }
    config({"auths": auths})
    for name in ("registry-1.docker.io", "docker.io", "index.docker.io", ""):
        assert await found(name) == ("hub", "a:b")
    assert await found("registry.example:5000") == ("me", "secret")
    assert await found("registry.example") is None
    assert await found("old.example") == ("old", "x")
    assert await found("token.example") == ("", "tok")
    assert await found("empty.example") is None


async def test_a_helper_is_asked_before_the_file(config: Write, tmp_path: Path) -> None:
    helper(tmp_path, "mine", 'read server; echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"$server\\"}"')
    helper(tmp_path, "none", "echo credentials not found in native keychain; exit 1")
    helper(tmp_path, "token", 'echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"t\\"}"')
    config(
        {
            "credsStore": "none",
            "credHelpers": {"a.example": "mine", HUB: "mine", "t.example": "token"},
            "auths": {"b.example": auth("file:x"), "a.example": auth("file:y")},
        }
    )
    assert await found("a.example") == ("u", "a.example")
    assert await found("docker.io") == ("u", HUB)
    assert await found("t.example") == ("", "t")
    assert await found("b.example") == ("file", "x")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo not json", "cannot be read"),
        ("echo '{\"Username\":1}'", "cannot be read"),
        ("echo out of order; exit 3", "failed: out of order"),
        ("exit 3", "exit code 3"),
        ("exec sleep 600", "did not answer"),
    ],
)
async def test_a_helper_that_does_not_help(
    config: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    monkeypatch.setattr(credentials, "HELPER_SECONDS", 0.5 if "sleep" in script else 20)
    helper(tmp_path, "bad", script)
    config({"credsStore": "bad"})
    with pytest.raises(CredentialsError, match=words):
        await found("registry.example")


@pytest.mark.parametrize("name", ["../../bin/sh", "-x", "a b", "missing"])
async def test_a_helper_by_a_name_that_is_none_is_not_run(config: Write, name: str) -> None:
    config({"credsStore": name})
    with pytest.raises(CredentialsError):
        await found("registry.example")


@pytest.mark.parametrize("text", ['{"auths": {"a.example": {"auth": "%%%"}}}', '{"auths": {"a.example": []}}'])
async def test_a_damaged_file_is_named(config: Write, text: str) -> None:
    config(text)
    with pytest.raises(CredentialsError, match=r"config\.json"):
        await found("a.example")


UNREADABLE = ['{"auths": ', "hello", "[]", "null", "[" * 100_000, "folder"]


@pytest.mark.parametrize("text", UNREADABLE, ids=["cut", "words", "list", "null", "deep", "folder"])
async def test_a_file_that_is_no_configuration_is_said_and_is_as_good_as_none(
    config: Write, tmp_path: Path, text: str
) -> None:
    if text == "folder":
        (tmp_path / "docker" / "config.json").mkdir()
    else:
        config(text)
    with pytest.raises(UnreadableConfig, match=r"configuration can't be read: .*config\.json: "):
        await found("a.example")
    words = await login_words("a.example")
    assert words.startswith("without a login: the docker CLI's configuration can't be read: ")
    # the docker CLI warns, and goes on without a login
    assert await DockerLogins().auth("a.example") == ""
    assert await DockerLogins().header({"a.example"}) is None


async def test_the_classic_builder_gets_the_logins_of_its_registries(config: Write) -> None:
    config({"auths": {HUB: auth("hub:h"), "a.example": auth("me:secret")}})
    header = await DockerLogins().header({"", "a.example", "b.example"})
    assert header is not None
    assert json.loads(base64.urlsafe_b64decode(header)) == {
        HUB: {"username": "hub", "password": "h"},
        "a.example": {"username": "me", "password": "secret"},
    }
    assert await DockerLogins().header({"b.example"}) is None
