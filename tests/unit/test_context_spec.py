"""Contexts in words: which names and hosts docker takes, and the docker lines that equal what is done to them."""

import csv
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.context_spec import (
    ContextSpec,
    check_host,
    check_name,
    create_line,
    remove_line,
    update_line,
    use_line,
)


@pytest.mark.parametrize("name", ["prod", "a1", "9x", "a.b+c_d-1", "x" * 255, "default2"])
def test_names_that_docker_takes(name: str) -> None:
    assert check_name(name) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "needs a name"),
        ("a", "two or more"),
        ("default", "keeps this name"),
        ("../x", "two or more"),
        ("..", "first a letter"),
        ("a/b", "two or more"),
        ("a b", "two or more"),
        ("é1", "two or more"),
        ("prod\n", "two or more"),
        ("a\x1b[31m", "two or more"),
        ("x" * 10_000, "10,000 characters"),
    ],
)
def test_names_that_it_does_not(name: str, words: str) -> None:
    assert words in str(check_name(name))


@pytest.mark.parametrize(
    "host",
    [
        "unix:///var/run/docker.sock",
        "unix:///a b/d.sock",
        "tcp://10.0.0.5",
        "tcp://10.0.0.5:2376",
        "tcp://[::1]:2376",
        "tcp://proxy/path",
        "http://h:1",
        "https://h",
        "ssh://box",
        "ssh://me@box:2222",
        "ssh://me@box/run/user/1000/docker.sock",
    ],
)
def test_hosts(host: str) -> None:
    assert check_host(host) is None


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("", "needs the address"),
        ("box:2375", "begins with"),
        ("ftp://x", "ftp:// is not one of"),
        ("npipe:////./pipe/docker_engine", "npipe:// is not one of"),
        ("unix://docker.sock", "absolute path"),
        ("unix:///" + "x" * 107, "108 bytes"),
        ("tcp://", "names no host"),
        ("tcp://:2375", "names no host"),
        ("tcp://h:port", "not an address"),
        ("tcp://h:99999", "not an address"),
        ("tcp://h:0", "port 0"),
        ("tcp://[::1", "not an address"),
        ("tcp://a b", "blank"),
        ("tcp://me@h", "only ssh:// has one"),
        ("tcp://me:pw@h", "no password"),
        ("ssh://me:pw@h", "use keys"),
        ("ssh://-oProxyCommand=x", "dash"),
        ("ssh://h?x", "no ?"),
        ("tcp://h#x", "no #"),
        ("tcp://h\x1b[2J", "cannot be printed"),
        ("tcp://h\u202e", "cannot be printed"),
    ],
)
def test_hosts_that_cannot_be(host: str, words: str) -> None:
    assert words in str(check_host(host))


def test_lines() -> None:
    spec = ContextSpec("prod", "the big one", "tcp://h:2376", ca="/c/ca.pem", cert="/c/cert.pem", key="/c/key.pem")
    line = (
        "docker context create --description 'the big one' "
        "--docker host=tcp://h:2376,ca=/c/ca.pem,cert=/c/cert.pem,key=/c/key.pem prod"
    )
    assert create_line(spec) == line
    assert create_line(ContextSpec("ab", host="unix:///a,b")) == "docker context create --docker host=unix:///a,b ab"
    assert use_line("prod") == "docker context use prod"
    assert remove_line(["ab", "cd"], force=True) == "docker context rm --force ab cd"


def test_the_update_line_tells_what_differs() -> None:
    spec = ContextSpec("prod", "one", "tcp://h:2376", ca="/ca.pem")
    assert update_line(spec, spec) == ""
    described = ContextSpec("prod", "two", "tcp://h:2376", ca="/ca.pem")
    assert update_line(spec, described) == "docker context update --description two prod"
    moved = ContextSpec("prod", "one", "tcp://i:2376", ca="/ca.pem", skip_tls_verify=True)
    assert update_line(spec, moved) == (
        "docker context update --docker host=tcp://i:2376,ca=/ca.pem,skip-tls-verify=true prod"
    )


TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)


def read_option(text: str) -> dict[str, str]:
    """What docker reads out of the value of `--docker`, which is pflag's stringToString."""
    fields = [text.strip('"')] if text.count("=") == 1 else next(csv.reader([text]))
    return dict(field.split("=", 1) for field in fields)


@given(TEXTS, TEXTS, TEXTS, st.booleans())
def test_a_line_says_all_that_the_spec_holds(description: str, ca: str, key: str, skip: bool) -> None:
    spec = ContextSpec("prod", description, "tcp://h", ca=ca, cert=key and "c", key=key, skip_tls_verify=skip)
    words = shlex.split(create_line(spec))
    assert words[-1] == "prod"
    options = dict(zip(words[3:-1:2], words[4:-1:2], strict=True))
    assert options.get("--description", "") == description
    wanted = {"host": "tcp://h", "ca": ca, "cert": key and "c", "key": key, "skip-tls-verify": "true" if skip else ""}
    assert read_option(options["--docker"]) == {name: value for name, value in wanted.items() if value}
