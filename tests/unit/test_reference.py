"""References agree with Docker's grammar, and errors name the part that is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.reference import (
    InvalidReference,
    Reference,
    check_container_name,
    check_reference,
    parse_reference,
)

SHA = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "normal", "familiar"),
    [
        ("busybox", "docker.io/library/busybox", "busybox"),
        ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox", "busybox"),
        ("docker.io/me/app:v1", "docker.io/me/app:v1", "me/app:v1"),
        ("library/busybox", "docker.io/library/busybox", "busybox"),
        ("library/a/b", "docker.io/library/a/b", "library/a/b"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"),
        ("localhost:5000/app:x", "localhost:5000/app:x", "localhost:5000/app:x"),
        ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
        ("Registry/app", "Registry/app", "Registry/app"),
        (f"ghcr.io/a/b-c/d__e@{SHA}", f"ghcr.io/a/b-c/d__e@{SHA}", f"ghcr.io/a/b-c/d__e@{SHA}"),
        (f"busybox:1@{SHA}", f"docker.io/library/busybox:1@{SHA}", f"busybox:1@{SHA}"),
        ("a" * 247, "docker.io/library/" + "a" * 247, "a" * 247),
        ("x:" + "t" * 128, "docker.io/library/x:" + "t" * 128, "x:" + "t" * 128),
    ],
)
def test_normal_and_familiar_names(text: str, normal: str, familiar: str) -> None:
    reference = parse_reference(text)
    assert str(reference) == normal
    assert reference.familiar() == familiar
    assert parse_reference(familiar) == reference
    assert check_reference(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing"),
        ("App", "lower case: 'library/app'"),
        ("me/App", "lower case: 'me/app'"),
        ("app:", "tag after ':' is empty"),
        ("app:" + "t" * 129, "tag has 129 characters"),
        ("app:.x", "a tag starts with"),
        ("app:a:b", "':' cannot be part of a tag"),
        ("app:a+b", "'+' cannot be part of a tag"),
        ("a b", "' ' cannot be part"),
        ("é", "'é' cannot be part"),
        ("a//b", "empty part"),
        ("/a", "empty part"),
        ("a/", "empty part"),
        ("-a", "starts and ends with"),
        ("a..b", "single dots"),
        ("a___b", "one or two underscores"),
        ("a$b", "'$' cannot be part of a repository name"),
        ("host.:80/a", "'host.' is not a registry's host name"),
        ("foo:bar/baz", "port 'bar' is not a number"),
        ("host.io/", "repository name is missing"),
        (":tag", "repository name is missing"),
        ("a@", "digest after '@' is empty"),
        ("a@sha256:12", "64 hexadecimal digits"),
        ("a@sha256:" + "a" * 63, "64 lower-case hexadecimal digits, not 63"),
        ("a@sha256:" + "A" * 64, "lower-case"),
        ("a@md5:" + "a" * 32, "'md5' is unknown"),
        ("a" * 248, "256 characters"),
        ("ab" * 32, "image ID"),
    ],
)
def test_errors_name_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        parse_reference(text)
    assert words in str(caught.value)
    assert check_reference(text) == str(caught.value)


def test_a_tag_can_be_asked_for() -> None:
    assert check_reference("app", tag_required=True) == "a tag is missing: write app:latest"
    assert check_reference("app:1", tag_required=True) is None
    assert parse_reference("app").tagged() == Reference("docker.io", "library/app", "latest")
    assert parse_reference("app:1").tagged().tag == "1"


@given(st.text(alphabet="aA0/:@.-_[] é", max_size=30) | st.text(max_size=20))
def test_any_text_parses_to_what_parses_again_or_is_refused_in_words(text: str) -> None:
    words = check_reference(text)
    if words is None:
        reference = parse_reference(text)
        assert parse_reference(str(reference)) == reference
        assert parse_reference(reference.familiar()) == reference
    else:
        assert words


@pytest.mark.parametrize("name", ["ab", "a1_.-", "/web", "A" * 300])
def test_container_names(name: str) -> None:
    assert check_container_name(name) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "missing"),
        ("a", "at least two"),
        ("-a", "not '-'"),
        ("a b", "' ' cannot"),
        ("aé", "'é' cannot"),
        ("a/b", "'/'"),
    ],
)
def test_container_names_that_the_daemon_refuses(name: str, words: str) -> None:
    assert words in (check_container_name(name) or "")
