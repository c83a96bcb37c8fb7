"""What the daemon asks of registries for its client: logging in, searching, and what a reference names there."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from tui.engine.decoding import decode
from tui.engine.transport import Transport

ASK_SECONDS = 60.0
"""The longest pause between bytes: the daemon waits for the registry meanwhile."""


class LoggedIn(msgspec.Struct, frozen=True, rename="pascal"):
    """The answer to `POST /auth`: the daemon's words, and a token to keep in place of the password (or none)."""

    status: str = ""
    identity_token: str = ""

    def __repr__(self) -> str:
        return "LoggedIn(…)"  # never in a log or a traceback


class SearchHit(msgspec.Struct, frozen=True):
    """An entry of `GET /images/search`."""

    name: str
    description: str = ""
    star_count: int = 0
    is_official: bool = False


class _Descriptor(msgspec.Struct, frozen=True):
    digest: str = ""


class _Distribution(msgspec.Struct, frozen=True, rename="pascal"):
    descriptor: _Descriptor


class _RegistryConfig(msgspec.Struct, rename="pascal"):
    index_configs: dict[str, dict[str, object]] | None = None


class _Info(msgspec.Struct, rename="pascal"):
    registry_config: _RegistryConfig | None = None


class Registries:
    """Requests that one daemon makes of registries. Each raises EngineError as errors.py says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def log_in(self, registry: str, username: str, password: str) -> LoggedIn:
        """Try a login at a registry, from the daemon's machine.

        Raises:
            ApiError: the registry refuses it, or can't be reached; 20.10 and 28 answer 500 with its words.
        """
        body = {"username": username, "password": password, "serveraddress": registry}
        data = await self._transport.read("POST", "/auth", body=body, seconds=ASK_SECONDS)
        return decode(data, LoggedIn, "POST /auth")

    async def search(self, term: str, *, limit: int = 100) -> list[SearchHit]:
        """Return what Docker Hub (or the registry that `term` begins with) finds, as it orders it."""
        data = await self._transport.read(
            "GET", "/images/search", params={"term": term, "limit": limit}, seconds=ASK_SECONDS
        )
        return decode(data, list[SearchHit], "GET /images/search")

    async def digest_of(self, reference: str, *, auth: str = "") -> str:
        """Return the digest that a reference names in its registry now, as the daemon sees it.

        `auth` is the value of X-Registry-Auth, empty for none.
        """
        path = f"/distribution/{quote(reference, safe='/:@')}/json"
        headers = {"X-Registry-Auth": auth} if auth else None
        data = await self._transport.read("GET", path, headers=headers, seconds=ASK_SECONDS)
        return decode(data, _Distribution, f"GET {path}").descriptor.digest

    async def insecure(self) -> frozenset[str]:
        """Return the registries that the daemon's settings allow without TLS (`insecure-registries`)."""
        configured = (await self._transport.get("/info", _Info)).registry_config
        indexes = (configured.index_configs if configured else None) or {}
        return frozenset(name for name, each in indexes.items() if each.get("Secure") is False)
