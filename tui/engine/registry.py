"""A client of a registry's own API (distribution, /v2/), from this machine: it trusts no size, digest or redirect."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shlex
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from tui.engine.credentials import Credentials
from tui.engine.decoding import decode
from tui.engine.errors import EngineError, MalformedAnswer
from tui.engine.proxies import proxy_of
from tui.engine.registry_auth import Challenge, Token, basic, parse_challenges
from tui.engine.registry_trust import trusted, without_check
from tui.engine.registry_words import RegistryError, refusal, unreachable
from tui.model.registry import INDEX_TYPES, MANIFEST_TYPES, Manifest, RemoteConfig, problem_of

T = TypeVar("T")

MOST_JSON: Final = 4 << 20
"""Bytes of one answer; docker's own limit for a manifest."""
MOST_REDIRECTS: Final = 5
MOST_NAMES: Final = 10_000
"""Names of a catalog, or of a repository's tags, that are read."""
MOST_PAGES: Final = 200
PAGE: Final = 1_000
SECONDS: Final = 20.0
"""The longest pause between bytes."""
WHOLE_SECONDS: Final = 60.0
"""How long one answer may take in all: a server that sends a byte now and then is none."""

_NEXT: Final = re.compile(r'<([^<>]+)>\s*;[^,]*\brel\s*=\s*"?next"?')
_HUB_HOST: Final = "registry-1.docker.io"
_ACCEPT: Final = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class Content(NamedTuple):
    """The body of an answer and its headers."""

    body: bytes
    headers: Mapping[str, str]


class _Catalog(msgspec.Struct):
    repositories: list[str] | None = None


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


class Registry:
    """One registry. `plain`: it may be spoken to without TLS, or without a certificate that anybody trusts.

    Each operation raises RegistryError, with the registry's words, or MalformedAnswer. Close it at the end.
    """

    def __init__(self, host: str, login: Credentials | None = None, *, plain: bool = False) -> None:
        self.host = host
        self._login = login
        self._plain = plain
        self._base = URL(f"https://{_HUB_HOST if host == 'docker.io' else host}")
        self._session: aiohttp.ClientSession | None = None
        self._making = asyncio.Lock()
        self._closed = False
        self._tokens: dict[str, str] = {}
        self._scheme_known = not plain
        self._knowing = asyncio.Lock()

    async def close(self) -> None:
        """Close every connection, for good."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    # what it has

    async def repositories(self) -> AsyncGenerator[list[str]]:
        """Yield its repositories a page at a time, at most MOST_NAMES of them. Many registries tell nobody."""
        scope = "registry:catalog:*"
        async for page in self._pages(f"/v2/_catalog?n={PAGE}", scope):
            yield decode(page, _Catalog, f"GET /v2/_catalog of {self.host}").repositories or []

    async def tags(self, name: str) -> AsyncGenerator[list[str]]:
        """Yield a repository's tags a page at a time, at most MOST_NAMES of them."""
        path = f"/v2/{quote(name, safe='/')}/tags/list"
        async for page in self._pages(f"{path}?n={PAGE}", _pulling(name)):
            yield decode(page, _Tags, f"GET {path} of {self.host}").tags or []

    async def digest(self, name: str, reference: str) -> str:
        """Return the digest that a tag names now; the registry is asked for the headers alone."""
        path = _manifest_path(name, reference)
        content = await self._ask("HEAD", path, _pulling(name), headers={"Accept": _ACCEPT})
        digest = content.headers.get("Docker-Content-Digest", "")
        if _DIGEST.fullmatch(digest):
            return digest
        return (await self.manifest(name, reference))[0]

    async def manifest(self, name: str, reference: str) -> tuple[str, Manifest]:
        """Return the digest of a manifest (computed here) and what it says; `reference` is a tag or a digest.

        Raises:
            RegistryError: its content is not what the digest says, or nothing that can be shown.
        """
        path = _manifest_path(name, reference)
        body, headers = await self._ask("GET", path, _pulling(name), headers={"Accept": _ACCEPT})
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        told = reference if reference.startswith("sha256:") else headers.get("Docker-Content-Digest", digest)
        if told.startswith("sha256:") and told != digest:
            raise self._lie(f"{name}@{told}", f"has the content of {digest}")
        manifest = decode(body, Manifest, f"GET {path} of {self.host}")
        if (problem := problem_of(manifest)) is not None:
            raise RegistryError(self.host, f"{name}: {problem}")
        return digest, manifest

    async def config(self, name: str, digest: str, size: int) -> RemoteConfig:
        """Return an image's configuration, checked against its digest; `size` is what the manifest says, in bytes.

        Raises:
            RegistryError: its content is not what the digest or the size says.
        """
        path = f"/v2/{quote(name, safe='/')}/blobs/{digest}"
        body, _ = await self._ask("GET", path, _pulling(name))
        if digest != f"sha256:{hashlib.sha256(body).hexdigest()}":
            raise self._lie(f"the configuration {digest} of {name}", "has another content")
        if len(body) != size:
            raise self._lie(f"the configuration {digest} of {name}", f"has {len(body)} bytes, not {size}")
        return decode(body, RemoteConfig, f"GET {path} of {self.host}")

    async def delete(self, name: str, digest: str) -> None:
        """Delete a manifest, and with it every tag that names it, where the registry lets one (405 where not)."""
        await self._ask("DELETE", _manifest_path(name, digest), f"repository:{name}:delete,pull")

    def delete_line(self, name: str, digest: str) -> str:
        """Return the line that deletes a manifest as `delete` does; docker has none for it."""
        return f"curl --request DELETE {shlex.quote(f'{self._base}{_manifest_path(name, digest)}')}"

    def _lie(self, what: str, words: str) -> RegistryError:
        return RegistryError(self.host, f"{what} {words}", "the registry, or what is in between, changed it")

    # pages

    async def _pages(self, path: str, scope: str) -> AsyncGenerator[bytes]:
        """Yield the pages that follow each other by the Link header (RFC 5988), until there are names enough."""
        seen: set[str] = set()
        count = 0
        while path:
            if path in seen:
                raise RegistryError(self.host, "its pages lead in a circle", f"the page {path[:200]} came twice")
            seen.add(path)
            body, headers = await self._ask("GET", path, scope)
            yield body
            count += body.count(b",") + 1
            following = _NEXT.search(headers.get("Link", ""))
            path = (
                ""
                if following is None or count >= MOST_NAMES or len(seen) >= MOST_PAGES
                else self._own_path(following[1])
            )

    def _own_path(self, link: str) -> str:
        target = self._address(link, "its next page", self._base)
        if target.host != self._base.host:
            raise RegistryError(self.host, f"its next page is said to be on {target.host}")
        return target.raw_path_qs

    def _address(self, text: str, what: str, base: URL | None = None) -> URL:
        """Return an address that the registry gave, `base` with it applied. Raises RegistryError for what is none."""
        try:
            address = URL(text) if base is None else base.join(URL(text, encoded=True))
            _ = address.host, address.port  # which are looked at no sooner, and may be nonsense
        except ValueError as error:
            raise RegistryError(self.host, f"{what} leads to no address: {error}") from error
        return address

    # requests

    async def _ask(self, method: str, path: str, scope: str, *, headers: Mapping[str, str] | None = None) -> Content:
        """Return the answer to a request, after its challenge was met where there was one."""
        await self._know_scheme()
        request = f"{method} {path.partition('?')[0]}"
        sent = dict(headers or {})
        if known := self._tokens.get(scope) or self._tokens.get(""):
            sent["Authorization"] = known
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                status, content = await self._send(method, self._url(path), sent)
                if status == 401:
                    sent["Authorization"] = await self._authorize(content.headers, scope, request)
                    status, content = await self._send(method, self._url(path), sent)
        except TimeoutError as error:
            raise RegistryError(self.host, f"{request}: no whole answer for {WHOLE_SECONDS:.0f} s") from error
        if status >= 400:
            if status == 401:
                self._tokens.clear()
            raise refusal(self.host, status, content.body, content.headers, request, logged_in=self._login is not None)
        return content

    def _url(self, path: str) -> URL:
        return URL(f"{self._base}{path}", encoded=True)

    async def _authorize(self, headers: Mapping[str, str], scope: str, request: str) -> str:
        """Return the value of Authorization that a challenge asks for, and keep it for the next request."""
        challenges = parse_challenges(headers.get("WWW-Authenticate", ""))
        bearer = next((each for each in challenges if each.scheme == "bearer"), None)
        if bearer is not None:
            token = await self._token(bearer, scope)
            self._tokens[scope] = f"Bearer {token}"
            return self._tokens[scope]
        if any(each.scheme == "basic" for each in challenges):
            if self._login is None or not self._login.username:
                raise RegistryError(self.host, f"{request}: it wants a name and a password", "log in to it first")
            self._tokens[""] = basic(self._login)
            return self._tokens[""]
        offered = ", ".join(each.scheme for each in challenges) or "nothing"
        raise RegistryError(self.host, f"{request}: it wants a login, and offers {offered} for it")

    async def _token(self, challenge: Challenge, scope: str) -> str:
        """Fetch a token of the service that a challenge names."""
        realm = self._address(challenge.parameters.get("realm", ""), "its token service")
        if realm.scheme not in ("https", "http") or not realm.host:
            raise RegistryError(self.host, "it names no token service that can be asked")
        if realm.scheme == "http" and self._base.scheme == "https" and not self._plain:
            raise RegistryError(self.host, f"its token service {realm.host} is without TLS: no login is sent there")
        asked = {
            "service": challenge.parameters.get("service", ""),
            "scope": challenge.parameters.get("scope") or scope,
        }
        login = self._login
        if login is not None and not login.username:
            form = {**asked, "grant_type": "refresh_token", "client_id": "hythe", "refresh_token": login.secret}
            status, content = await self._send("POST", realm, {}, form=form)
        else:
            headers = {"Authorization": basic(login)} if login is not None else {}
            status, content = await self._send("GET", realm.update_query(asked), headers)
        if status >= 400:
            request = f"token service {realm.host}"
            raise refusal(self.host, status, content.body, content.headers, request, logged_in=login is not None)
        found = decode(content.body, Token, f"token of {realm.host}")
        if not (token := found.token or found.access_token) or not token.isprintable():
            raise MalformedAnswer(f"token of {realm.host}", "there is no token in it")
        return token

    async def _know_scheme(self) -> None:
        """Find out whether a registry that need not speak TLS does: docker asks so, too."""
        async with self._knowing:
            if self._scheme_known:
                return
            try:
                await self._send("GET", self._base / "v2/", {})
            except RegistryError as error:
                if not error.may_be_plain:
                    raise
                self._base = self._base.with_scheme("http")
            self._scheme_known = True

    async def _send(
        self, method: str, url: URL, headers: Mapping[str, str], *, form: Mapping[str, str] | None = None
    ) -> tuple[int, Content]:
        """Return the status and the answer; redirects are followed, and get no login on another host."""
        seen: set[str] = set()
        sent = dict(headers)
        while True:
            async with self._open(method, url, sent, form) as response:
                if response.status not in (301, 302, 303, 307, 308) or method not in ("GET", "HEAD"):
                    return response.status, Content(await self._body(response), response.headers)
                location = response.headers.get("Location", "")
                target = self._address(location, f"{method} {url.path}: a redirect", url)
            seen.add(str(url))
            if str(target) in seen or len(seen) > MOST_REDIRECTS:
                raise RegistryError(self.host, f"{method} {url.path}: it redirects in a circle, or without end")
            if target.scheme not in ("https", "http") or (url.scheme == "https" and target.scheme == "http"):
                raise RegistryError(self.host, f"{method} {url.path}: it redirects to {target.scheme}://{target.host}")
            if (target.host, target.port) != (url.host, url.port):
                sent.pop("Authorization", None)
            url = target

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        try:
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > MOST_JSON:
                    raise RegistryError(
                        self.host, f"{response.method} {response.url.path}: it sends more than {MOST_JSON >> 20} MiB"
                    )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise unreachable(self.host, error) from error
        return bytes(body)

    async def _connections(self) -> aiohttp.ClientSession:
        """Return what every request goes through: made with the first, of which there may be several at once."""
        async with self._making:
            if self._session is None:
                context = without_check() if self._plain else await asyncio.to_thread(trusted, self.host)
                if not self._closed:
                    self._session = aiohttp.ClientSession(
                        connector=aiohttp.TCPConnector(limit=8, ssl=context),
                        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=SECONDS),
                        headers={"User-Agent": "hythe", "Accept-Encoding": "identity"},
                        cookie_jar=aiohttp.DummyCookieJar(),
                        auto_decompress=False,  # a small answer must not become a big one
                    )
            if self._session is None or self._closed:  # meanwhile: a screen was left, or reads everything again
                raise RegistryError(self.host, "it is not asked any more", "do it once more")
            return self._session

    @asynccontextmanager
    async def _open(
        self, method: str, url: URL, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        session = await self._connections()
        try:
            response = await session.request(
                method, url, headers=dict(headers), data=form, allow_redirects=False, proxy=proxy_of(url)
            )
        except EngineError:
            raise
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise unreachable(self.host, error) from error
        try:
            yield response
        finally:
            if response.content.is_eof():
                response.release()
            else:
                response.close()


def _pulling(name: str) -> str:
    return f"repository:{name}:pull"


def _manifest_path(name: str, reference: str) -> str:
    return f"/v2/{quote(name, safe='/')}/manifests/{quote(reference, safe=':')}"
