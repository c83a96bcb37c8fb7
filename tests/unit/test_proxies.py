"""The proxy of the environment, by the rules that golang.org/x/net/http/httpproxy documents."""

import asyncio

import pytest
from yarl import URL

from fake_registry import fake_registry
from tui.engine.proxies import BadProxy, proxy_of
from tui.engine.registry import Registry
from tui.engine.registry_words import RegistryError

PROXY = URL("http://proxy:3128")


def proxy(url: str, **variables: str) -> URL | None:
    return proxy_of(URL(url), variables)


def test_which_variable_counts() -> None:
    assert proxy("https://r.example") is None
    assert proxy("https://r.example", HTTPS_PROXY="http://proxy:3128") == PROXY
    assert proxy("https://r.example", https_proxy="http://proxy:3128") == PROXY
    assert proxy("https://r.example", HTTPS_PROXY="http://proxy:3128", https_proxy="http://other:1") == PROXY
    assert proxy("https://r.example", HTTPS_PROXY="", https_proxy="http://proxy:3128") == PROXY
    assert proxy("https://r.example", HTTP_PROXY="http://proxy:3128") is None
    assert proxy("http://r.example", HTTP_PROXY="http://proxy:3128") == PROXY


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("proxy:3128", "http://proxy:3128"),
        ("proxy", "http://proxy"),
        ("127.0.0.1:9", "http://127.0.0.1:9"),
        ("[::1]:3128", "http://[::1]:3128"),
        ("me:secret@proxy:3128", "http://me:secret@proxy:3128"),
        ("https://proxy:3128", "https://proxy:3128"),
        (" http://proxy:3128 ", "http://proxy:3128"),
    ],
)
def test_an_address_without_a_scheme_is_one_of_http(text: str, address: str) -> None:
    assert proxy("https://r.example", HTTPS_PROXY=text) == URL(address)


@pytest.mark.parametrize("text", ["socks5://me:secret@proxy:1080", "http://", "secret:secret:secret", "http://[secret"])
def test_what_is_no_proxy_that_can_be_used(text: str) -> None:
    with pytest.raises(BadProxy, match="HTTPS_PROXY") as caught:
        proxy("https://r.example", HTTPS_PROXY=text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "excepted", "without"),
    [
        ("r.example", "", False),
        ("r.example", "*", True),
        ("r.example", "a.example, r.example", True),
        ("R.example", "r.EXAMPLE", True),
        ("a.r.example", "r.example", True),
        ("ar.example", "r.example", False),
        ("r.example", ".r.example", False),
        ("a.r.example", ".r.example", True),
        ("r.example", "*.r.example", False),
        ("a.r.example", "*.r.example", True),
        ("r.example:5000", "r.example:5000", True),
        ("r.example:5001", "r.example:5000", False),
        ("r.example", "r.example:443", True),
        ("r.example", ":443", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.9.9.9/8", True),
        ("10.1.2.3:5000", "10.1.2.3", True),
        ("10.1.2.3:5000", "10.1.2.3:5000", True),
        ("10.1.2.3:5000", "10.1.2.3:443", False),
        ("10.1.2.3", "2.3", False),
        ("[fd00::1]:5000", "fd00::/8", True),
        ("[fd00::1]:5000", "fd00::1", True),
        ("[fd00::1]:5000", "[fd00::1]:5000", True),
        ("[fd00::1]:5000", "[fd00::1]:443", False),
        ("[fd00::2]:5000", "fd00::1", False),
        ("r.example", "10.0.0.0/8,not/a/range,,.", False),
        ("bücher.example", "bücher.example", True),
        ("localhost:5000", "", True),
        ("127.0.0.5:5000", "", True),
        ("[::1]:5000", "", True),
    ],
)
def test_what_is_reached_without(host: str, excepted: str, *, without: bool) -> None:
    assert (proxy(f"https://{host}/v2/", HTTPS_PROXY="proxy:3128", NO_PROXY=excepted) is None) is without
    assert (proxy(f"https://{host}/v2/", https_proxy="proxy:3128", no_proxy=excepted) is None) is without


async def test_a_registry_says_what_is_wrong_with_its_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens at the first; the second takes no CONNECT; the third is none that is spoken to."""
    async with fake_registry() as other:
        for value, words in (
            ("127.0.0.1:1", "the proxy 127.0.0.1:1: Connection refused"),
            (other.host, "the proxy .*: 4"),
            ("socks5://me:secret@proxy:1080", "HTTPS_PROXY names a proxy of socks5"),
        ):
            monkeypatch.setenv("HTTPS_PROXY", value)
            registry = Registry("registry.example")
            async with asyncio.timeout(20):
                with pytest.raises(RegistryError, match=words) as caught:
                    await registry.digest("app", "one")
            assert "PROXY" in caught.value.hint
            assert "secret" not in str(caught.value)
            await registry.close()
