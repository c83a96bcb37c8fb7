"""The client of a registry: right answers, both kinds of login, and registries that lie, loop, flood and refuse."""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from certificates import Certificates
from fake_registry import FakeRegistry, Handler, fake_registry
from tui.engine import registry as registry_module
from tui.engine.credentials import Credentials
from tui.engine.errors import EngineError, MalformedAnswer
from tui.engine.registry import Registry
from tui.engine.registry_details import image_id, read_tag
from tui.engine.registry_trust import trusted
from tui.engine.registry_words import RegistryError
from tui.model.registry import WirePlatform
from waiting import until


def client(fake: FakeRegistry, login: Credentials | None = None) -> Registry:
    return Registry(fake.host, login, plain=True)


def answers(body: bytes | str = b"", status: int = 200, **headers: str) -> Handler:
    async def handle(_request: web.BaseRequest) -> web.StreamResponse:
        data = body if isinstance(body, bytes) else body.encode()
        return web.Response(body=data, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return handle


async def test_an_image_and_an_index_are_read_without_a_pull() -> None:
    async with fake_registry() as fake:
        one, several = fake.image("one")["digest"], fake.index("all")
        registry = client(fake)
        assert [page async for page in registry.repositories()] == [["app"]]
        assert [page async for page in registry.tags("app")] == [["one", "all"]]
        assert await registry.digest("app", "all") == several
        found = await read_tag(registry, "app", "one")
        assert (found.digest, [image.platform for image in found.images]) == (one, ["linux/amd64"])
        image = found.images[0]
        assert image.size > 3000
        assert image.created == 1_714_521_600
        assert [(layer.size, layer.made_by) for layer in image.layers] == [(1000, "COPY a /"), (2000, "RUN b")]
        both = await read_tag(registry, "app", "all")
        assert [image.platform for image in both.images] == ["linux/amd64", "linux/arm64"]
        some = await read_tag(registry, "app", "all", most=1)
        assert ([image.platform for image in some.images], some.left_out) == (["linux/amd64"], 1)
        await registry.delete("app", one)
        assert "one" not in fake.tags
        await registry.close()


async def test_the_first_requests_at_once_share_their_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[aiohttp.ClientSession] = []

    session = aiohttp.ClientSession

    def counted(**settings: Any) -> aiohttp.ClientSession:
        made.append(session(**settings))
        return made[-1]

    monkeypatch.setattr("tui.engine.registry.aiohttp.ClientSession", counted)
    registry = Registry("127.0.0.1:1")
    asked = await asyncio.gather(*(registry.digest("app", "one") for _ in range(3)), return_exceptions=True)
    assert all("Connection refused" in str(each) for each in asked)
    await registry.close()
    assert [each.closed for each in made] == [True]


async def test_one_that_is_closed_while_it_begins_keeps_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, goes_on = threading.Event(), threading.Event()

    def slow(host: str) -> ssl.SSLContext:
        reads.set()
        goes_on.wait(20)
        return trusted(host)

    monkeypatch.setattr("tui.engine.registry.trusted", slow)
    registry = Registry("127.0.0.1:1")
    asking = asyncio.create_task(registry.digest("app", "one"))
    await until(reads.is_set)
    await registry.close()
    goes_on.set()
    with pytest.raises(RegistryError, match="not asked any more"):
        await asking


async def test_basic_and_bearer_logins() -> None:
    login = Credentials("me", "secret")
    async with fake_registry(user="me", password="secret") as fake:
        fake.image("one")
        registry = client(fake, login)
        assert (await read_tag(registry, "app", "one")).images
        await registry.close()
        stranger = client(fake)
        with pytest.raises(RegistryError, match="wants a name and a password") as caught:
            await stranger.digest("app", "one")
        assert "log in" in caught.value.hint
        await stranger.close()
        wrong = client(fake, Credentials("me", "other"))
        with pytest.raises(RegistryError, match="authentication required") as caught:
            await wrong.manifest("app", "one")
        assert "refused" in caught.value.hint
        await wrong.close()
    async with fake_registry(user="me", password="secret", token="T") as fake:
        fake.image("one")
        registry = client(fake, login)
        assert (await read_tag(registry, "app", "one")).images
        assert sum(path == "/token" for _, path, _ in fake.seen) == 1  # one for the repository, kept
        await registry.close()
        identity = client(fake, Credentials("", "identity"))
        assert await identity.digest("app", "one")
        await identity.close()
        wrong = client(fake, Credentials("me", "other"))
        with pytest.raises(RegistryError, match="incorrect username or password"):
            await wrong.digest("app", "one")
        await wrong.close()


async def test_a_login_goes_to_no_other_host() -> None:
    async with fake_registry() as other, fake_registry(user="me", password="secret") as fake:
        digest = other.image("one")["digest"]
        config = json.loads(other.blobs[digest])["config"]
        path = f"/v2/app/blobs/{config['digest']}"
        fake.routes[path] = answers(status=307, Location=f"http://{other.host}{path}")
        registry = client(fake, Credentials("me", "secret"))
        with pytest.raises(RegistryError, match="manifest unknown"):
            await registry.manifest("app", "nothing")
        assert fake.seen[-1][2].startswith("Basic ")  # from now on the login goes along
        assert (await registry.config("app", config["digest"], config["size"])).os == "linux"
        assert [given for _, seen, given in other.seen if seen == path] == [""]
        await registry.close()


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (answers(status=302, Location="/v2/app/manifests/one"), "redirects in a circle"),
        (answers(status=302, Location="ftp://elsewhere/x"), "redirects to ftp://elsewhere"),
        (answers(b"{" + b" " * (5 << 20)), "sends more than 4 MiB"),
        (answers(b'{"schemaVersion": 2, "layers": []}', Docker_Content_Digest=f"sha256:{'0' * 64}"), "has the content"),
        (answers(b'{"schemaVersion": 2, "layers": [{"digest": "sha256:a", "size": -4}]}'), "below zero"),
        (answers(b'{"schemaVersion": 1, "name": "x"}'), "schema 1"),
        (answers(b'{"schemaVersion": 2}'), "neither layers"),
        (answers(b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}', 429, Retry_After="30"), "slow down"),
        (answers(b"<html>broken</html>", 500), "HTTP 500"),
        (answers(b"denied", 403), "denied"),
        (answers(b"", 401), "offers nothing"),
        (answers(b"", 401, WWW_Authenticate='Bearer realm="file:///etc/passwd"'), "no token service"),
    ],
)
async def test_what_a_registry_does_wrong_is_told(handler: Handler, words: str) -> None:
    async with fake_registry() as fake:
        fake.routes["/v2/app/manifests/one"] = handler
        registry = client(fake)
        with pytest.raises(RegistryError, match=words) as caught:
            await registry.manifest("app", "one")
        assert str(caught.value).startswith(fake.host)
        await registry.close()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"layers": 3}', b"\xff\xfe", b""])
async def test_what_is_no_manifest_is_told(body: bytes) -> None:
    async with fake_registry() as fake:
        fake.routes["/v2/app/manifests/one"] = answers(body)
        registry = client(fake)
        with pytest.raises(MalformedAnswer, match="/v2/app/manifests/one"):
            await registry.manifest("app", "one")
        await registry.close()


async def test_content_that_is_not_what_its_digest_says() -> None:
    async with fake_registry() as fake:
        manifest = fake.image("one")
        config = json.loads(fake.blobs[manifest["digest"]])["config"]
        body = fake.blobs[config["digest"]]
        registry = client(fake)
        with pytest.raises(RegistryError, match="bytes, not"):
            await registry.config("app", config["digest"], len(body) + 1)
        fake.blobs[config["digest"]] = body.replace(b"linux", b"linuX")
        with pytest.raises(RegistryError, match="another content"):
            await registry.config("app", config["digest"], len(body))
        await registry.close()


async def test_a_catalog_goes_by_pages_and_has_an_end() -> None:
    async with fake_registry() as fake:

        async def pages(request: web.BaseRequest) -> web.StreamResponse:
            last = int(request.query.get("last", "0"))
            names = [f"r{last + each}" for each in range(500)]
            link = {"Link": f'</v2/_catalog?last={last + 500}&n=500>; rel="next"'}
            return web.json_response({"repositories": names}, headers=link)

        fake.routes["/v2/_catalog"] = pages
        registry = client(fake)
        found = [name async for page in registry.repositories() for name in page]
        assert len(found) == len(set(found)) == registry_module.MOST_NAMES
        fake.routes["/v2/_catalog"] = answers('{"repositories": ["a"]}', Link='</v2/_catalog?n=1000>; rel="next"')
        with pytest.raises(RegistryError, match="circle"):
            _ = [page async for page in registry.repositories()]
        fake.routes["/v2/_catalog"] = answers('{"repositories": ["a"]}', Link='<http://elsewhere/x>; rel="next"')
        with pytest.raises(RegistryError, match="elsewhere"):
            _ = [page async for page in registry.repositories()]
        await registry.close()


async def test_one_that_sends_ten_gigabytes_of_catalog_is_left() -> None:
    async with fake_registry() as fake:
        sent = 0

        async def flood(request: web.BaseRequest) -> web.StreamResponse:
            nonlocal sent
            response = web.StreamResponse(headers={"Content-Length": str(10 << 30)})
            await response.prepare(request)
            while True:
                await response.write(b'"a",' * 16_384)
                sent += 65_536

        fake.routes["/v2/_catalog"] = flood
        registry = client(fake)
        with pytest.raises(RegistryError, match="more than 4 MiB"):
            _ = [page async for page in registry.repositories()]
        assert sent < 64 << 20
        await registry.close()


async def test_one_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "WHOLE_SECONDS", 0.2)
    async with fake_registry() as fake:

        async def hang(_request: web.BaseRequest) -> web.StreamResponse:
            await asyncio.Event().wait()
            raise AssertionError

        fake.routes["/v2/_catalog"] = hang
        registry = client(fake)
        with pytest.raises(RegistryError, match="no whole answer"):
            _ = [page async for page in registry.repositories()]
        await registry.close()


async def test_nobody_there() -> None:
    registry = Registry("127.0.0.1:1", plain=True)
    with pytest.raises(RegistryError, match=r"127\.0\.0\.1:1") as caught:
        await registry.digest("app", "one")
    assert "not from the daemon's" in caught.value.hint
    await registry.close()


@pytest.fixture
def tls_registry(certificates: Certificates) -> Callable[[], ssl.SSLContext]:
    return lambda: certificates.server_context(client_ca=None)


async def test_a_certificate_that_nobody_trusts(
    certificates: Certificates, tls_registry: Callable[[], ssl.SSLContext]
) -> None:
    runner = web.ServerRunner(web.Server(answers("{}"), access_log=None), shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls_registry()).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        strict = Registry(host)
        with pytest.raises(RegistryError, match="certificate is not trusted") as caught:
            await strict.digest("app", "one")
        assert f"certs.d/{host}/ca.crt" in caught.value.hint
        await strict.close()
        lenient = Registry(host, plain=True)
        assert [page async for page in lenient.tags("app")] == [[]]
        await lenient.close()
    finally:
        await runner.cleanup()


async def test_a_plain_one_is_not_spoken_to_where_tls_is_wanted() -> None:
    async with fake_registry() as fake:
        registry = Registry(fake.host)
        with pytest.raises(EngineError, match="TLS"):
            await registry.digest("app", "one")
        assert not fake.seen
        await registry.close()


@pytest.mark.parametrize("address", ["http://[::1", "http://a:b/", "http://a:99999999/"])
async def test_what_a_registry_gives_for_an_address_may_be_none(address: str) -> None:
    async with fake_registry() as fake:
        registry = client(fake)
        fake.routes["/v2/app/manifests/one"] = answers(status=302, Location=address)
        fake.routes["/v2/app/tags/list"] = answers('{"tags": ["one"]}', Link=f'<{address}>; rel="next"')
        fake.routes["/v2/_catalog"] = answers(status=401, WWW_Authenticate=f'Bearer realm="{address}"')
        with pytest.raises(RegistryError, match="a redirect leads to no address"):
            await registry.manifest("app", "one")
        with pytest.raises(RegistryError, match="its next page leads to no address"):
            _ = [page async for page in registry.tags("app")]
        with pytest.raises(RegistryError, match="its token service leads to no address"):
            _ = [page async for page in registry.repositories()]
        await registry.close()


async def test_a_client_that_was_closed_meanwhile_says_so() -> None:
    async with fake_registry() as fake:
        fake.image("one")
        registry = client(fake)
        await registry.digest("app", "one")
        await registry.close()
        with pytest.raises(RegistryError, match="not asked any more"):
            await registry.digest("app", "one")


async def test_the_image_of_a_platform_costs_two_requests_and_is_none_where_there_is_none() -> None:
    async with fake_registry() as fake:
        registry = client(fake)
        digest = fake.index("1")
        seen = len(fake.seen)
        found = await image_id(registry, "app", digest, WirePlatform("linux", "arm64", "v8"))
        assert json.loads(fake.blobs[found])["architecture"] == "arm64", "arm64 and arm64/v8 are one"
        assert len([path for _, path, _ in fake.seen[seen:] if "/manifests/" in path]) == 2
        assert await image_id(registry, "app", digest, WirePlatform("linux", "s390x")) == ""
        one = fake.image("one")["digest"]
        found = await image_id(registry, "app", one, WirePlatform("linux", "s390x"))
        assert found == json.loads(fake.blobs[one])["config"]["digest"]
        await registry.close()
