"""A Compose service of a `docker run` line, read back by a YAML reader that is not ours."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tui.model.compose_service import compose_text, service_name
from tui.model.run_line import parse_run_line
from tui.model.run_spec import RunSpec
from tui.model.yaml_text import yaml_text


def read(line: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The file and its one service."""
    spec = parse_run_line(f"docker run {line}").spec
    assert spec is not None
    document = yaml.safe_load(compose_text(spec))
    (service,) = document["services"].values()
    return document, service


def test_what_is_used_daily() -> None:
    document, service = read(
        "-d --name web -p 8080:80 -p published=53,target=53,protocol=udp -e 'A=$x' -e no=yes "
        "-v data:/data -v ./src:/src --restart no --network front --network name=back,alias=db,ip=10.0.0.2 "
        "-m 512m --cpus 1.5 -w /x -u 1:1 --health-cmd 'test -f $OK' --health-retries 3 -l a=b "
        "nginx:1.27 sh -c 'echo $HOME'"
    )
    assert list(document["services"]) == ["web"]
    assert service == {
        "image": "nginx:1.27",
        "command": ["sh", "-c", "echo $$HOME"],
        "container_name": "web",
        "restart": "no",
        "working_dir": "/x",
        "user": "1:1",
        "ports": ["8080:80", "53:53/udp"],
        "environment": ["A=$$x", "no=yes"],
        "mem_limit": "512m",
        "cpus": 1.5,
        "labels": {"a": "b"},
        "networks": {"front": None, "back": {"aliases": ["db"], "ipv4_address": "10.0.0.2"}},
        "volumes": ["data:/data", "./src:/src"],
        "healthcheck": {"test": ["CMD-SHELL", "test -f $$OK"], "retries": 3},
    }
    assert document["networks"]["front"] == {"name": "front", "external": True}
    assert document["volumes"] == {"data": {"name": "data"}}


def test_what_compose_has_no_word_for_is_a_comment() -> None:
    spec = parse_run_line("docker run --rm -P busybox").spec
    assert spec is not None
    text = compose_text(spec)
    assert text.startswith("# --rm of docker run has no equal here\n# --publish-all of docker run has no equal here\n")
    assert yaml.safe_load(text)["services"]["busybox"] == {"image": "busybox", "network_mode": "bridge"}


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (RunSpec("a/b/nginx:1"), "nginx"),
        (RunSpec("x", options={"name": ("my.web",)}), "my.web"),
        (RunSpec("sha256:" + "0" * 64), "app"),
    ],
)
def test_the_name_of_the_service(spec: RunSpec, name: str) -> None:
    assert service_name(spec) == name


scalars = (
    st.none() | st.booleans() | st.integers(-(1 << 40), 1 << 40) | st.text(st.characters(exclude_categories=["Cs"]))
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values, max_size=4))
def test_what_is_written_is_read_back(document: dict[str, Any]) -> None:
    written = yaml_text(document)
    assert (yaml.safe_load(written) or {}) == document


TRICKY = (
    "no", "1", "1.5", "0x1f", "1:30", "1e3", "~", "null", "", " a", "a ", "#", "- a", "a: b", "a #b", "\u2028", "\x85",
    "'", '"', "*a", "&a", "!a", "%a", "@a", "`a", "=", "<<", "1_000", "2026-11-24", "---", "{}", "[]", "a:",
)  # fmt: skip


@pytest.mark.parametrize("text", TRICKY)
def test_texts_that_look_like_something_else(text: str) -> None:
    assert yaml.safe_load(yaml_text({text: text})) == {text: text}
