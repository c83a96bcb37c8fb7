"""Which daemon is spoken to: the docker CLI's precedence, and errors that say what is wrong with what was named."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.endpoint import (
    DEFAULT_SOCKET,
    Endpoint,
    candidates,
    config_folder,
    context_endpoint,
    parse_endpoint,
    read_contexts,
    well_known,
)
from tui.engine.errors import EndpointError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "docker-config"
    folder.mkdir()
    return folder


def add_context(config: Path, name: str, host: str = "", text: str | bytes | None = None) -> Path:
    """Write a context as the docker CLI does, or `text` in its place."""
    path = config / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    path.parent.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {"Description": "d"}, "Endpoints": {"docker": {"Host": host}}}
    data = json.dumps(meta) if text is None else text
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def one(host: str | None, context: str | None, env: Mapping[str, str]) -> Endpoint:
    (endpoint,) = candidates(host, context, env)
    return endpoint


def test_each_source_gives_way_to_the_one_before(config: Path) -> None:
    for name in ("flag", "variable", "current"):
        add_context(config, name, f"unix:///{name}.sock")
    (config / "config.json").write_text('{"currentContext": "current", "auths": {}}')
    env = {
        "DOCKER_CONFIG": str(config),
        "DOCKER_HOST": "tcp://env:1",
        "DOCKER_CONTEXT": "variable",
        "HOME": str(config),
    }

    assert one("tcp://opt:1", "flag", env) == Endpoint("tcp://opt:1", "--host")
    assert one(None, "flag", env) == Endpoint("unix:///flag.sock", "context flag", "flag")
    assert one(None, None, env) == Endpoint("tcp://env:1", "DOCKER_HOST")
    del env["DOCKER_HOST"]
    assert one(None, None, env) == Endpoint("unix:///variable.sock", "context variable", "variable")
    del env["DOCKER_CONTEXT"]
    assert one(None, None, env) == Endpoint("unix:///current.sock", "context current", "current")
    (config / "config.json").write_text("{}")
    assert candidates(None, None, env) == well_known(env)


@pytest.mark.parametrize("text", ["", "  \n", "{}", '{"currentContext": ""}', '{"currentContext": null}', None])
def test_a_config_that_names_nothing_leaves_the_known_sockets(config: Path, text: str | None) -> None:
    if text is not None:
        (config / "config.json").write_text(text)
    env = {"DOCKER_CONFIG": str(config), "HOME": "/home/me", "XDG_RUNTIME_DIR": "/run/user/7", "DOCKER_HOST": ""}
    found = candidates(None, None, env)
    assert [endpoint.socket_path for endpoint in found][:3] == [
        DEFAULT_SOCKET,
        "/run/user/7/docker.sock",
        "/home/me/.docker/run/docker.sock",
    ]
    assert all(endpoint.source for endpoint in found)


def test_the_default_context_is_what_the_environment_says(config: Path) -> None:
    env = {"DOCKER_CONFIG": str(config)}
    assert one(None, "default", env) == Endpoint(f"unix://{DEFAULT_SOCKET}", "--context", "default")
    assert one(None, "default", env | {"DOCKER_HOST": "tcp://h:1"}).url == "tcp://h:1"
    (config / "config.json").write_text('{"currentContext": "default"}')
    assert len(candidates(None, None, env)) > 1


def test_a_missing_context_is_an_error_that_names_those_there_are(config: Path) -> None:
    add_context(config, "prod", "unix:///p.sock")
    with pytest.raises(EndpointError, match="DOCKER_CONTEXT: no docker context named 'prdo'") as caught:
        candidates(None, None, {"DOCKER_CONFIG": str(config), "DOCKER_CONTEXT": "prdo"})
    assert caught.value.hint == "there are: default, prod"


BROKEN = ["{", "[]", '{"Name": 1}', '{"Endpoints": {}}', b'{"Name": "a\xff"}', b"\xff", '{"x":' + "[" * 100_000]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_context_file_is_named(config: Path, text: str | bytes) -> None:
    path = add_context(config, "bad", text=text)
    add_context(config, "good", "unix:///g.sock")
    env = {"DOCKER_CONFIG": str(config)}
    with pytest.raises(EndpointError) as caught:
        context_endpoint("bad", "--context", env)
    assert str(path) in str(caught.value)
    found = read_contexts(env)
    assert found.pop("good") == Endpoint("unix:///g.sock", "context good", "good")
    (error,) = found.values()
    assert isinstance(error, EndpointError)
    assert str(path) in str(error)


@pytest.mark.parametrize("host", ["", "ssh://me@host", "unix://relative"])
def test_a_context_that_cannot_be_used_is_listed_with_the_reason(config: Path, host: str) -> None:
    add_context(config, "odd", host)
    env = {"DOCKER_CONFIG": str(config)}
    error = read_contexts(env)["odd"]
    assert isinstance(error, EndpointError)
    assert str(error).startswith("context odd: ")
    with pytest.raises(EndpointError, match="context odd: "):
        context_endpoint("odd", "--context", env)


@pytest.mark.parametrize("text", ["{", "[]", '{"currentContext": 3}', b"\xff\xfe", b'{"currentContext": "\xff"}'])
def test_a_broken_config_is_named(config: Path, text: str | bytes) -> None:
    (config / "config.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(EndpointError, match=r"config\.json") as caught:
        candidates(None, None, {"DOCKER_CONFIG": str(config)})
    assert "repair or remove" in caught.value.hint


def test_a_config_that_is_a_folder_is_named(config: Path) -> None:
    (config / "config.json").mkdir()
    with pytest.raises(EndpointError, match=r"config\.json"):
        candidates(None, None, {"DOCKER_CONFIG": str(config)})


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("  unix:///a b.sock ", "unix:///a b.sock"),
        ("/run/d.sock", "unix:///run/d.sock"),
        ("tcp://10.0.0.1:2375", "tcp://10.0.0.1:2375"),
        ("tcp://host", "tcp://host:2375"),
        ("host:99", "tcp://host:99"),
        ("http://host:99/", "tcp://host:99"),
        ("tcp://[::1]:2375", "tcp://[::1]:2375"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    assert parse_endpoint(text, "--host").url == url


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("unix://docker.sock", "absolute path"),
        ("unix://", "absolute path"),
        ("tcp://", "no host"),
        ("tcp://:2375", "no host"),
        ("tcp://h:port", "not an address"),
        ("tcp://h:99999", "not an address"),
        ("tcp://[::1", "not an address"),
        ("ssh://me@host", "ssh:// is not supported"),
        ("npipe:////./pipe/docker_engine", "npipe:// is not supported"),
        ("fd://", "fd:// is not supported"),
    ],
)
def test_addresses_that_cannot_be_used_say_why_and_what_to_write(text: str, words: str) -> None:
    with pytest.raises(EndpointError, match=words) as caught:
        parse_endpoint(text, "DOCKER_HOST")
    assert str(caught.value).startswith("DOCKER_HOST: ")
    assert caught.value.hint


@given(st.text(max_size=30))
def test_any_address_is_an_endpoint_or_an_error(text: str) -> None:
    with suppress(EndpointError):
        endpoint = parse_endpoint(text, "--host")
        assert endpoint.url.startswith(("unix:///", "tcp://"))
        assert parse_endpoint(endpoint.url, "--host") == endpoint


def test_where_the_configuration_is() -> None:
    assert config_folder({"HOME": "/home/me"}) == Path("/home/me/.docker")
    assert config_folder({"HOME": "/home/me", "DOCKER_CONFIG": "/c"}) == Path("/c")


def test_the_label_is_the_context_or_the_address() -> None:
    assert Endpoint("tcp://h:1", "context prod", "prod").label == "prod"
    assert Endpoint("tcp://h:1", "--host").label == "tcp://h:1"
    assert Endpoint("tcp://h:1", "--host").socket_path is None
