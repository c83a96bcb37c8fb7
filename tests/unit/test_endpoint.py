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
    Tls,
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


@pytest.mark.parametrize("host", ["", "ssh://me@host?x", "unix://relative"])
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
        ("https://host", "https://host:443"),
        ("https://host:2376", "https://host:2376"),
        ("ssh://host", "ssh://host"),
        ("ssh://me@Build-Box:2222", "ssh://me@Build-Box:2222"),
        ("ssh://me@[::1]:22/run/user/7/docker.sock", "ssh://me@[::1]:22/run/user/7/docker.sock"),
        ("ssh://host/", "ssh://host"),
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
        ("ssh://", "names no host"),
        ("ssh://me:secret@host", "a password in the address"),
        ("ssh://host?x=1", "nothing may follow"),
        ("ssh://host#x", "nothing may follow"),
        ("ssh://-oProxyCommand=x", "no name of a host"),
        ("ssh://-l@host", "no name of a user"),
        ("ssh://$(reboot)@host", "no name of a user"),
        ("ssh://ho st", "no name of a host"),
        ("ssh://host:99999", "out of range"),
        ("ssh://host/run/d%0aocker.sock", "control characters"),
        ("https://", "no host"),
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
        assert endpoint.url.startswith(("unix:///", "tcp://", "https://", "ssh://"))
        assert parse_endpoint(endpoint.url, "--host") == endpoint


def test_where_the_configuration_is() -> None:
    assert config_folder({"HOME": "/home/me"}) == Path("/home/me/.docker")
    assert config_folder({"HOME": "/home/me", "DOCKER_CONFIG": "/c"}) == Path("/c")


def test_the_label_is_the_context_or_the_address() -> None:
    assert Endpoint("tcp://h:1", "context prod", "prod").label == "prod"
    assert Endpoint("tcp://h:1", "--host").label == "tcp://h:1"
    assert Endpoint("tcp://h:1", "--host").socket_path is None


def test_a_port_with_tls_is_another() -> None:
    tls = Tls(ca="/ca.pem")
    assert parse_endpoint("tcp://host", "--host", tls=tls) == Endpoint("tcp://host:2376", "--host", tls=tls)
    assert parse_endpoint("https://host", "--host").tls == Tls()
    assert parse_endpoint("unix:///d.sock", "--host", tls=tls).tls is None


def test_the_environment_asks_for_tls(config: Path, tmp_path: Path) -> None:
    certs = tmp_path / "certs"
    certs.mkdir()
    (certs / "cert.pem").touch()
    base = {"DOCKER_CONFIG": str(config)}
    verified = base | {"DOCKER_TLS_VERIFY": "0", "DOCKER_CERT_PATH": str(certs)}
    tls = Tls(ca=str(certs / "ca.pem"), cert=str(certs / "cert.pem"))
    assert one("tcp://h", None, verified) == Endpoint("tcp://h:2376", "--host", tls=tls)
    assert one(None, None, verified | {"DOCKER_HOST": "tcp://h:1"}).tls == tls
    assert one(None, "default", verified | {"DOCKER_HOST": "tcp://h:1"}).tls == tls
    assert one("unix:///d.sock", None, verified).tls is None
    assert one("ssh://h", None, verified).tls is None
    assert one("https://h", None, verified).tls == tls
    unverified = one("tcp://h", None, base | {"DOCKER_TLS": "1", "DOCKER_TLS_VERIFY": ""})
    assert unverified.tls == Tls(ca=str(config / "ca.pem"), verify=False)
    assert unverified.warning
    for off in ({}, {"DOCKER_TLS_VERIFY": ""}, {"DOCKER_CERT_PATH": str(certs)}):
        assert one("tcp://h", None, base | off) == Endpoint("tcp://h:2375", "--host")


def test_a_context_brings_its_own_tls(config: Path) -> None:
    env = {"DOCKER_CONFIG": str(config), "DOCKER_TLS_VERIFY": "1"}
    meta = add_context(config, "prod", "tcp://h")
    assert context_endpoint("prod", "--context", env).tls is None, "the environment is not for contexts"
    folder = config / "contexts" / "tls" / meta.parent.name / "docker"
    folder.mkdir(parents=True)
    for name in ("ca", "cert", "key"):
        (folder / f"{name}.pem").touch()
    tls = Tls(*(str(folder / f"{name}.pem") for name in ("ca", "cert", "key")))
    assert context_endpoint("prod", "--context", env) == Endpoint("tcp://h:2376", "context prod", "prod", tls)
    assert read_contexts(env)["prod"] == context_endpoint("prod", "--context", env)
    text = json.dumps({"Name": "lax", "Endpoints": {"docker": {"Host": "tcp://h", "SkipTLSVerify": True}}})
    add_context(config, "lax", text=text)
    lax = context_endpoint("lax", "--context", env)
    assert (lax.tls, lax.warning) == (Tls(verify=False), "TLS not verified")


def test_where_a_daemon_is_seen_from_here() -> None:
    for url, host in (
        ("unix:///d.sock", ""),
        ("tcp://127.0.0.1:1", ""),
        ("tcp://localhost:1", ""),
        ("tcp://[::1]:1", ""),
        ("tcp://10.0.0.5:1", "10.0.0.5"),
        ("https://docker.example.com", "docker.example.com"),
        ("ssh://me@Box/run/d.sock", "Box"),
    ):
        assert parse_endpoint(url, "--host").remote_host == host


@pytest.mark.parametrize(
    ("url", "arguments", "line"),
    [
        ("ssh://box", ["--", "box"], "ssh -N -L 8080:localhost:8080 box"),
        (
            "ssh://me@box:2222/d.sock",
            ["-l", "me", "-p", "2222", "--", "box"],
            "ssh -N -p 2222 -L 8080:localhost:8080 me@box",
        ),
        ("ssh://me@[::1]", ["-l", "me", "--", "::1"], "ssh -N -L 8080:localhost:8080 me@::1"),
    ],
)
def test_what_ssh_is_told(url: str, arguments: list[str], line: str) -> None:
    address = parse_endpoint(url, "--host").ssh
    assert address is not None
    assert (address.arguments(), address.forward_line(8080)) == (arguments, line)
    assert "-L 53:127.0.0.53:53 " in address.forward_line(53, "127.0.0.53")


@pytest.mark.parametrize("url", ["ssh://me:hunter2@host", "tcp://me:hunter2@:1", "tcp://me:hunter2@h:x"])
def test_a_password_in_an_address_is_not_shown(url: str) -> None:
    with pytest.raises(EndpointError) as caught:
        parse_endpoint(url, "DOCKER_HOST")
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert "me:…@" in str(caught.value)


def test_a_name_that_is_no_utf8_names_no_context(config: Path) -> None:
    with pytest.raises(EndpointError, match="caf"):
        context_endpoint("caf\udce9", "--context", {"DOCKER_CONFIG": str(config)})
