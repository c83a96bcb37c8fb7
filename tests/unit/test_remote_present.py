"""How tags of a registry are ordered and told, and which addresses of registries docker would take."""

import pytest

from tui.model.images import Image
from tui.model.reference import check_registry, registry_host
from tui.model.registry import Descriptor, Manifest, RemoteConfig, RemoteTag, remote_image
from tui.present.remote import here_words, order_of_tags, remote_lines, tag_spans


def test_tags_are_ordered_as_people_read_versions() -> None:
    assert order_of_tags(["1.9", "1.10", "latest", "alpine", "1.10", "2"]) == ["latest", "2", "1.10", "1.9", "alpine"]
    assert order_of_tags(["٣", "²", "9" * 128]) != []


def test_layers_without_a_history_are_shown_all_the_same() -> None:
    manifest = Manifest(2, layers=[Descriptor("sha256:a", 5)])
    image = remote_image(Descriptor("sha256:m"), manifest, RemoteConfig("linux", "arm", "v7", "0001-01-01T00:00:00Z"))
    assert (image.platform, image.size, len(image.layers)) == ("linux/arm/v7", 5, 1)
    found = RemoteTag("1", "sha256:m", (image,), left_out=2)
    text = "\n".join("".join(text for text, _ in spans) for spans in remote_lines("a:1", found, 1000.0))
    assert "linux/arm/v7" in text
    assert "and 2 platforms more" in text
    assert "linux/arm/v7" in "".join(text for text, _ in tag_spans("1", found, [], 1000.0))


def test_whether_it_is_here() -> None:
    same = Image("sha256:1", ("a:1",), ("a@sha256:m",))
    assert here_words("sha256:m", []) == ("", "")
    assert here_words("sha256:m", [same])[1] == "good"
    assert here_words("sha256:n", [same])[1] == "warn"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://r.example:5000/v2/", "r.example:5000"),
        (" r.example ", "r.example"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("localhost", "localhost"),
    ],
)
def test_an_address_as_people_write_it(text: str, host: str) -> None:
    assert registry_host(text) == host
    assert check_registry(text) is None


@pytest.mark.parametrize("text", ["", "registry", "a b.example", "r.example:port", "http://"])
def test_an_address_that_docker_would_not_take(text: str) -> None:
    assert check_registry(text)
