"""What a build takes besides its context, as docker writes it down; and the ways that a build may go."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.jobs.build_ways import buildx_arguments
from tui.model.build_sources import (
    AgentSource,
    NamedContext,
    SecretSource,
    is_git,
    is_remote,
    parse_agent,
    parse_context,
    parse_secret,
    problem_with,
    remote_title,
    without_login,
)
from tui.model.build_spec import BuildSpec, check_platform, docker_line
from tui.model.build_way import Abilities, Way, way_of


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("id=a,src=/x/y", SecretSource("a", "file", "/x/y")),
        ("id=a,source=y", SecretSource("a", "file", "y")),
        ("type=file,id=npm.rc,src=~/.npmrc", SecretSource("npm.rc", "file", "~/.npmrc")),
        ("id=a,env=TOKEN", SecretSource("a", "env", "TOKEN")),
        ("id=TOKEN,type=env", SecretSource("TOKEN", "env", "TOKEN")),
        (" id=a,src=b c ", SecretSource("a", "file", "b c")),
    ],
)
def test_secrets(text: str, source: SecretSource) -> None:
    assert parse_secret(text) == source
    assert problem_with(text, "secret") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hunter2", "write id=NAME"),
        ("src=x", "an id is missing"),
        ("id=a", "where does it come from"),
        ("id=a,src=x,env=Y", "exclude each other"),
        ("id=a,id=b,src=x", "twice"),
        ("id=a,type=ssh,src=x", "file or env"),
        ("id=a,env=1x", "environment variable"),
        ("id=a b,src=x", "no secret's id"),
        ("id=a,value=secret", "write id=NAME"),
    ],
)
def test_what_is_no_secret(text: str, words: str) -> None:
    assert words in (problem_with(text, "secret") or "")


def test_agents_and_contexts() -> None:
    assert parse_agent("default") == AgentSource("default")
    assert parse_agent("git=/run/agent") == AgentSource("git", "/run/agent")
    assert parse_context("lib=../lib") == NamedContext("lib", "../lib")
    assert parse_context("lib=../lib").is_local
    assert not parse_context("base=docker-image://busybox:1").is_local
    assert not parse_context("src=https://example.org/x.git#main").is_local
    for text, kind in (("", "agent"), ("a=", "agent"), ("a=x,y", "agent"), ("lib", "context"), ("=x", "context")):
        assert problem_with(text, kind)  # pyright: ignore[reportArgumentType]


@given(st.text())
def test_any_text_is_a_source_or_refused_in_words(text: str) -> None:
    for kind in ("secret", "agent", "context"):
        problem = problem_with(text, kind)
        assert problem is None or problem.strip()


@pytest.mark.parametrize(
    ("text", "remote", "git", "title"),
    [
        ("/home/me/app", False, False, ""),
        ("./git", False, False, ""),
        ("https://github.com/moby/moby.git#master:dir", True, True, "moby"),
        ("https://example.org/context.tar.gz", True, False, "context.tar.gz"),
        ("http://example.org/a.git?ref=x", True, True, "a"),
        ("git@github.com:me/app.git", True, True, "app"),
        ("git://host/x", True, True, "x"),
        ("github.com/me/app", True, True, "app"),
        ("ssh://git@host/x.git", True, True, "x"),
    ],
)
def test_contexts_that_the_daemon_fetches(text: str, remote: bool, git: bool, title: str) -> None:
    assert (is_remote(text), is_git(text)) == (remote, git)
    if remote:
        assert remote_title(text) == title


def test_the_login_in_a_url_is_in_no_line() -> None:
    assert without_login("https://me:hunter2@example.org/x.git") == "https://***@example.org/x.git"
    spec = BuildSpec("https://me:hunter2@example.org/x.git", contexts=("a=https://t0ken@example.org/y.git",))
    assert docker_line(spec, "2") == (
        "docker build --build-context 'a=https://***@example.org/y.git' 'https://***@example.org/x.git'"
    )


def test_the_line_of_all_options() -> None:
    spec = BuildSpec(
        "/c", "docker/Prod", "a:1", "final", ("A=1", "B=2"), True, True, "2",
        ("id=s,src=/k",), ("default",), ("lib=/lib",), "linux/arm64",
    )  # fmt: skip
    assert docker_line(spec, "2", hide="B".__eq__) == (
        "docker build --tag a:1 --file /c/docker/Prod --target final --platform linux/arm64 --build-arg A=1"
        " --build-arg 'B=***' --secret id=s,src=/k --ssh default --build-context lib=/lib --no-cache --pull /c"
    )
    assert docker_line(BuildSpec("/c", builder="x"), "2") == "docker buildx build --load /c"
    assert docker_line(BuildSpec("https://h/x.git", "sub/Dockerfile"), "2") == (
        "docker build --file sub/Dockerfile https://h/x.git"
    )


@pytest.mark.parametrize("text", ["", "linux/amd64", "linux/arm/v7", "linux/amd64,linux/arm64"])
def test_platforms(text: str) -> None:
    assert check_platform(text) is None


@pytest.mark.parametrize("text", ["linux", "linux/", "Linux/amd64", "linux/amd64 "])
def test_what_is_no_platform(text: str) -> None:
    assert check_platform(text)


PLAIN = BuildSpec("/c")
SECRET = BuildSpec("/c", secrets=("id=a,src=b",))
NAMED = BuildSpec("/c", contexts=("a=/b",))


def classic(spec: BuildSpec) -> BuildSpec:
    return BuildSpec(spec.folder, secrets=spec.secrets, contexts=spec.contexts, builder="1")


@pytest.mark.parametrize(
    ("spec", "able", "kind"),
    [
        (PLAIN, Abilities("2", api=(1, 51)), "session"),
        (SECRET, Abilities("2", api=(1, 51)), "session"),
        (NAMED, Abilities("2", api=(1, 51)), "control"),
        (PLAIN, Abilities("2", session=False), "archive"),
        (SECRET, Abilities("2", session=False, buildx="0.29"), "buildx"),
        (classic(PLAIN), Abilities("2"), "classic"),
        (PLAIN, Abilities("1", podman=True), "classic"),
        (BuildSpec("/c", builder="x"), Abilities("2", buildx="0.29"), "buildx"),
    ],
)
def test_the_way_that_a_build_goes(spec: BuildSpec, able: Abilities, kind: str) -> None:
    way = way_of(spec, able)
    assert isinstance(way, Way)
    assert way.kind == kind
    assert way.why


@pytest.mark.parametrize(
    ("spec", "able", "words"),
    [
        (SECRET, Abilities("2", session=False), "secrets need"),
        (classic(SECRET), Abilities("2"), "choose BuildKit"),
        (SECRET, Abilities("2", podman=True), "Podman"),
        (NAMED, Abilities("2", api=(1, 41)), "Engine 23"),
        (BuildSpec("/c", builder="x"), Abilities("2"), "not on this machine"),
    ],
)
def test_what_cannot_be_built_is_said(spec: BuildSpec, able: Abilities, words: str) -> None:
    assert words in str(way_of(spec, able))


@pytest.mark.parametrize("secret", ["id=t,env=TOKEN", "id=t,type=env,src=TOKEN", "type=env,id=TOKEN"])
@pytest.mark.parametrize("there", [True, False])
def test_a_secret_and_an_argument_of_one_name_keep_their_values(
    monkeypatch: pytest.MonkeyPatch, secret: str, there: bool
) -> None:
    monkeypatch.delenv("TOKEN", raising=False)
    if there:
        monkeypatch.setenv("TOKEN", "the secret")
    monkeypatch.setenv("OTHER", "another")
    spec = BuildSpec("/src", args=("TOKEN=the argument",), secrets=("id=o,env=OTHER", secret))
    words, variables = buildx_arguments(spec)
    given = [parse_secret(word.removeprefix("--secret=")) for word in words if word.startswith("--secret=")]
    assert [source.id for source in given] == ["o", "TOKEN" if "id=TOKEN" in secret else "t"]
    environment = {**os.environ, **variables}
    assert [environment.get(source.place) for source in given] == ["another", "the secret" if there else None]
    assert "--build-arg=TOKEN" in words
    assert environment["TOKEN"] == "the argument"
    assert not any("the " in word for word in words), "every user of the machine reads a process's arguments"
