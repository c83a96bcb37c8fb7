"""Requests to one daemon and their answers: version negotiation, the read-only door, errors by name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

from tui.engine.connections import CONNECT_TIMEOUT, Connections
from tui.engine.decoding import decode
from tui.engine.endpoint import Endpoint
from tui.engine.errors import (
    ApiError,
    ConnectionFailed,
    ConnectionLost,
    EngineError,
    MalformedAnswer,
    ReadOnly,
    api_error,
)
from tui.engine.failures import describe, hung_up, not_an_engine, other_version
from tui.engine.wire import MOST_WORDS, Params, date_ns, dotted, encode_params, error_words, version_pair
from tui.model.system import Ping, Version

if TYPE_CHECKING:
    from tui.engine.hijack import Hijacked

T = TypeVar("T")
Body = Mapping[str, Any]

OLDEST_API = (1, 41)
NEWEST_API = (1, 51)
"""The newest version that hythe was measured against; a newer daemon is spoken to in this one."""

ANSWER_TIMEOUT = 30.0

NO_OLD_HTTP = (426, 505)
"""Statuses by which a proxy, as Envoy does by itself, says that it speaks no HTTP/1.0."""


class Answer:
    """A streamed answer: its status and headers, and its body in the pieces that arrive."""

    def __init__(self, response: aiohttp.ClientResponse, endpoint: str) -> None:
        self.response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._endpoint = endpoint

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            ConnectionLost: the line broke before the end.
        """
        try:
            async for chunk in self.response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ConnectionLost(self._endpoint, describe(error)) from error

    async def rest(self, seconds: float) -> None:
        """Leave what arrives to the kernel for so long: many small pieces are then one, and wake nobody meanwhile."""
        connection = self.response.connection
        line = None if connection is None else connection.transport
        if line is None:
            return  # all of it is here
        line.pause_reading()
        try:
            await asyncio.sleep(seconds)
        finally:
            line.resume_reading()


class Transport:
    """HTTP to `endpoint`. Every request passes `_open`, where read-only is enforced."""

    def __init__(self, endpoint: Endpoint, *, read_only: bool = False) -> None:
        self.endpoint = endpoint
        self.read_only = read_only
        self.api_version: tuple[int, int] | None = None
        self.requests = 0
        self.connections = Connections(endpoint)
        """What requests go over."""
        self._needs_chunks = False
        """Whether what is in between speaks no HTTP/1.0."""

    async def close(self) -> None:
        """Close each connection, and end its ssh."""
        await self.connections.close()

    async def ping(self, seconds: float = 3.0) -> Ping:
        """Return what `GET /_ping` says, in its headers.

        Raises:
            ConnectionFailed: nobody answers, or who answers is no Docker Engine.
            ConnectionLost: the line broke before the answer was whole.
        """
        limit = aiohttp.ClientTimeout(total=seconds)
        async with self._open("GET", f"{self.connections.base}/_ping", limit=limit, raw=True) as answer:
            headers, status = answer.headers, answer.status
            try:
                body = await answer.response.content.read(MOST_WORDS)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise self.connections.failure(error) from error
        version = headers.get("Api-Version", "")
        if status != 200 or not version:
            raise not_an_engine(self.endpoint, status, body)
        return Ping(
            version,
            headers.get("Server", ""),
            headers.get("Builder-Version", ""),
            "Libpod-Api-Version" in headers or "Libpod" in headers.get("Server", ""),
            date_ns(headers.get("Date", "")),
        )

    async def negotiate(self) -> Ping:
        """Choose the API version, the newest that both sides speak, and return the daemon's ping.

        Raises:
            ConnectionFailed: nobody answers, or the daemon is older than Docker Engine 20.10.
        """
        try:
            ping = await self.ping()
        except ConnectionFailed as error:
            if error.kind == "TLS":
                await self.connections.renew()  # the files may be others at the next attempt
            raise
        except ConnectionLost as error:
            await self.connections.diagnose()
            raise hung_up(self.endpoint) from error
        theirs = version_pair(ping.api_version)
        if theirs is None or theirs < OLDEST_API:
            raise other_version(
                self.endpoint,
                f"it speaks API {ping.api_version}, and hythe needs {dotted(OLDEST_API)} or newer",
                "upgrade the daemon to Docker Engine 20.10 or newer",
            )
        if theirs > NEWEST_API:
            await self._check_that_ours_is_spoken()
        self.api_version = min(theirs, NEWEST_API)
        return ping

    async def _check_that_ours_is_spoken(self) -> None:
        """Ask a daemon that is newer than hythe knows whether it still speaks what hythe does.

        Raises:
            ConnectionFailed: it does not.
        """
        try:
            async with self._open(
                "GET", f"{self.connections.base}/version", limit=aiohttp.ClientTimeout(total=5)
            ) as answer:
                oldest = decode(await answer.response.read(), Version, "GET /version").min_api_version
        except (ApiError, MalformedAnswer, aiohttp.ClientError, OSError, TimeoutError):
            return  # it does not tell, so the first request will
        theirs = version_pair(oldest)
        if theirs is not None and theirs > NEWEST_API:
            detail = f"it speaks API {oldest} and newer, and hythe no newer one than {dotted(NEWEST_API)}"
            raise other_version(self.endpoint, detail, "upgrade hythe")

    def speaks(self, major: int, minor: int) -> bool:
        """Whether the negotiated version is at least `major.minor`."""
        return self.api_version is not None and self.api_version >= (major, minor)

    async def read(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = ANSWER_TIMEOUT,
    ) -> bytes:
        """Return the whole body of an answer. `seconds` is the longest pause between bytes.

        Raises:
            EngineError: as the tree in errors.py says.
        """
        limit = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=seconds)
        async with (
            self.connections.turn(method),
            self.stream(method, path, params=params, body=body, headers=headers, limit=limit) as answer,
        ):
            try:
                return await answer.response.read()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise ConnectionLost(self.endpoint.url, describe(error)) from error

    async def get(self, path: str, kind: type[T], *, params: Params | None = None) -> T:
        """Return the decoded answer to a GET."""
        return decode(await self.read("GET", path, params=params), kind, f"GET {path}")

    async def post(self, path: str, kind: type[T], *, params: Params | None = None, body: Body | None = None) -> T:
        """Return the decoded answer to a POST. Without a body it sends `{}`: /commit answers 400 to less."""
        data = await self.read("POST", path, params=params, body=body if body is not None else {})
        return decode(data, kind, f"POST {path}")

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Body | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        limit: aiohttp.ClientTimeout | None = None,
        chunked: bool = True,
    ) -> AsyncGenerator[Answer]:
        """Open a request and give its answer while it streams; a connection that is left early is closed.

        Without `chunked` it is asked for in HTTP/1.0, as long as that is spoken: the end of the connection is the end
        of the answer, and a line that breaks looks like an end. `data` is then to be bytes: it may be sent twice.

        Raises:
            EngineError: as the tree in errors.py says.
        """
        if self.api_version is None:
            await self.negotiate()
        major, minor = self.api_version or OLDEST_API
        url = f"{self.connections.base}/v{major}.{minor}{path}"
        ask = partial(self._open, method, url, params=params, body=body, data=data, headers=headers, limit=limit)
        async with AsyncExitStack() as stack:
            try:
                answer = await stack.enter_async_context(ask(chunked=chunked or self._needs_chunks))
            except ApiError as error:
                if chunked or self._needs_chunks or error.status not in NO_OLD_HTTP:
                    raise
                self._needs_chunks = True
                answer = await stack.enter_async_context(ask(chunked=True))
            yield answer

    @asynccontextmanager
    async def hijack(
        self,
        method: str,
        path: str,
        *,
        upgrade: str = "tcp",
        params: Params | None = None,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = ANSWER_TIMEOUT,
    ) -> AsyncGenerator[Hijacked]:
        """Open a request whose connection becomes a duplex stream, and give that; it is closed at the end.

        For exec and attach the protocol is `tcp`, for the build session `h2c`:

            async with transport.hijack("POST", f"/exec/{id}/start", body={"Detach": False, "Tty": True}) as line:
                await transport.read("POST", f"/exec/{id}/resize", params={"h": 24, "w": 80})  # once it has started
                await line.write(b"exit\n")
                async for data in line.chunks():
                    ...

            session = {"X-Docker-Expose-Session-Uuid": uuid, ...}
            async with transport.hijack("POST", "/session", upgrade="h2c", headers=session) as line: ...

        The bytes are as they come: framed (see StdcopyDecoder) unless there is a TTY. `seconds` is how long the answer
        to the request may take. It works over every transport; see `Hijacked` for the end of either side.

        Raises:
            EngineError: as the tree in errors.py says; MalformedAnswer where the answer is no 101.
        """
        from tui.engine.hijack import take_over  # no start needs it

        asked: CIMultiDict[str] = CIMultiDict(headers or {})  # a multidict may hold a header several times
        asked["Connection"], asked["Upgrade"] = "Upgrade", upgrade
        limit = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=seconds)
        async with self.stream(method, path, params=params, body=body, headers=asked, limit=limit) as answer:
            hijacked = take_over(answer.response, f"{method} {path}", self.endpoint.url)
            try:
                yield hijacked
            finally:
                hijacked.close()

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        body: Body | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        limit: aiohttp.ClientTimeout | None = None,
        raw: bool = False,
        chunked: bool = True,
    ) -> AsyncGenerator[Answer]:
        request = f"{method} {url.removeprefix(self.connections.base)}"
        if self.read_only and method not in ("GET", "HEAD"):
            raise ReadOnly(request)
        self.requests += 1
        sent: CIMultiDict[str] = CIMultiDict(headers or {})
        if body is not None:
            data = msgspec.json.encode(body)
            sent["Content-Type"] = "application/json"
        async with self.connections.lent(chunked) as session:
            try:
                response = await session.request(
                    method,
                    URL(url, encoded=True),  # as it is: an object named ".." must not make it the path of another
                    params=encode_params(params),
                    data=data,
                    headers=sent,
                    allow_redirects=False,
                    timeout=limit or aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
                )
            except EngineError:
                raise
            except (aiohttp.ClientError, OSError, TimeoutError, UnicodeError) as error:  # the last is of a host's name
                raise self.connections.failure(error) from error
            try:
                if response.status >= 400 and not raw:
                    # a daemon tells its version in each answer
                    in_between = response.status in (401, 403, 405) and "Api-Version" not in response.headers
                    raise api_error(response.status, await error_words(response), request, in_between=in_between)
                if 300 <= response.status < 400 and response.status != 304:
                    raise MalformedAnswer(request, f"a redirect (HTTP {response.status}); is a web server in between?")
                yield Answer(response, self.endpoint.url)
            finally:
                if response.content.is_eof():
                    response.release()
                else:
                    response.close()
