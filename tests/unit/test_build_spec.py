"""What a build is asked for: its checks, what its Dockerfile offers, the equal docker line."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.build_spec import (
    BuildSpec,
    Offer,
    check_argument,
    check_tag,
    check_target,
    docker_line,
    offer_of,
)

DOCKERFILE = (
    "ARG VERSION=1.36\nARG VARIANT\nFROM busybox:${VERSION} AS Base\nARG WHO='big world' EMPTY=\nRUN echo\n"
    "FROM base\nARG VERSION\nFROM scratch AS final\n"
)


def test_a_dockerfile_offers_its_stages_and_arguments() -> None:
    offer = offer_of(DOCKERFILE)
    assert offer.stages == ("base", "1", "final")
    assert offer.arguments == {"VERSION": "1.36", "VARIANT": "", "WHO": "big world", "EMPTY": ""}


@given(st.text())
def test_any_text_offers_something_or_nothing(text: str) -> None:
    offer_of(text)


@pytest.mark.parametrize("text", ["", "base", "BASE", "1", "final", "2"])
def test_targets_that_are_there(text: str) -> None:
    assert check_target(text, offer_of(DOCKERFILE)) is None


@pytest.mark.parametrize("text", ["bases", "3", "-1", "²"])
def test_targets_that_are_not(text: str) -> None:
    assert "there are: base, 1, final" in (check_target(text, offer_of(DOCKERFILE)) or "")


def test_a_dockerfile_that_was_not_read_refuses_no_target() -> None:
    assert check_target("anything", Offer()) is None


@pytest.mark.parametrize("text", ["A=1", "A=", "A=b=c", "_x=1", "a.b-c=1", "HTTP_PROXY=http://p:1"])
def test_arguments(text: str) -> None:
    assert check_argument(text) is None


@pytest.mark.parametrize(
    ("text", "said"), [("A", "KEY=VALUE"), ("=1", "name is missing"), ("1A=x", "'1A'"), ("a b=", "a b")]
)
def test_what_is_no_argument(text: str, said: str) -> None:
    assert said in (check_argument(text) or "")


@pytest.mark.parametrize(
    ("text", "said"), [("Upper:1", "lower case"), ("a:", "tag after"), (f"a@sha256:{'0' * 64}", "digest")]
)
def test_tags_that_cannot_be_given(text: str, said: str) -> None:
    assert said in (check_tag(text) or "")


def test_a_tag_may_be_left_out() -> None:
    assert check_tag("") is None
    assert check_tag("localhost:5000/me/app:1") is None


def test_the_line_of_a_plain_build() -> None:
    assert docker_line(BuildSpec("/src/app"), "2") == "docker build /src/app"


def test_the_line_names_all_that_is_asked_for() -> None:
    spec = BuildSpec("/src/my app", "ci/Dockerfile", "app:1", "final", ("A=x y", "B="), True, True, "1")
    assert shlex.split(docker_line(spec, "2")) == [
        "DOCKER_BUILDKIT=0", "docker", "build", "--tag", "app:1", "--file", "/src/my app/ci/Dockerfile",
        "--target", "final", "--build-arg", "A=x y", "--build-arg", "B=", "--no-cache", "--pull", "--force-rm",
        "/src/my app",
    ]  # fmt: skip


def test_the_line_of_a_dockerfile_that_is_outside() -> None:
    assert "--file /etc/Dockerfile /src" in docker_line(BuildSpec("/src", "/etc/Dockerfile"), "2")


@pytest.mark.parametrize(("builder", "default", "said"), [("2", "1", "=1 docker"), ("1", "2", "=0 docker")])
def test_the_line_names_a_builder_that_is_not_the_default(builder: str, default: str, said: str) -> None:
    spec = BuildSpec("/src", builder="2" if builder == "2" else "1")
    assert docker_line(spec, "2" if default == "2" else "1").startswith(f"DOCKER_BUILDKIT{said}")


def test_what_is_hidden_is_masked() -> None:
    line = docker_line(BuildSpec("/src", args=("TOKEN=hunter2", "WHO=me")), "2", hide=lambda name: name == "TOKEN")
    assert "hunter2" not in line
    assert "--build-arg WHO=me" in line


@pytest.mark.parametrize(
    ("spec", "title"), [(BuildSpec("/a/b", tag="x:1"), "x:1"), (BuildSpec("/a/b"), "b"), (BuildSpec("/"), "/")]
)
def test_a_build_has_a_title(spec: BuildSpec, title: str) -> None:
    assert spec.title == title
