"""HTTP to one daemon: unix sockets and TCP, version negotiation, errors in words, and the read-only door."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

from tui.engine.decoding import decode
from tui.engine.endpoint import Endpoint
from tui.engine.errors import (
    ConnectionFailed,
    ConnectionLost,
    EngineError,
    FailureKind,
    MalformedAnswer,
    ReadOnly,
    api_error,
)
from tui.engine.hijack import Hijacked, take_over
from tui.model.system import Ping

T = TypeVar("T")
Params = Mapping[str, object]
Body = Mapping[str, Any]

OLDEST_API = (1, 41)
NEWEST_API = (1, 51)
"""The newest version that hythe was measured against; a newer daemon is spoken to in this one."""

MOST_WORDS = 64 << 10
"""Bytes of an error answer that are read."""

CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 30.0


class Message(msgspec.Struct):
    """The body of an error answer."""

    message: str


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


class Transport:
    """One HTTP session to `endpoint`. Every request passes `_open`, where read-only is enforced."""

    def __init__(self, endpoint: Endpoint, *, read_only: bool = False) -> None:
        self.endpoint = endpoint
        self.read_only = read_only
        self.api_version: tuple[int, int] | None = None
        self.requests = 0
        path = endpoint.socket_path
        if path is not None:
            connector: aiohttp.BaseConnector = aiohttp.UnixConnector(path, limit=0)
            self._base = "http://docker"
        else:
            connector = aiohttp.TCPConnector(limit=0)
            self._base = endpoint.url.replace("tcp://", "http://", 1)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
            headers={"User-Agent": "hythe", "Accept-Encoding": "identity"},
            read_bufsize=1 << 20,
        )

    async def close(self) -> None:
        """Close the session and each of its connections."""
        await self._session.close()

    async def ping(self, seconds: float = 3.0) -> Ping:
        """Return what `GET /_ping` says, in its headers.

        Raises:
            ConnectionFailed: nobody answers, or who answers is no Docker Engine.
        """
        limit = aiohttp.ClientTimeout(total=seconds)
        async with self._open("GET", f"{self._base}/_ping", limit=limit, raw=True) as answer:
            headers, status = answer.headers, answer.status
            await answer.response.read()
        version = headers.get("Api-Version", "")
        if status != 200 or not version:
            raise ConnectionFailed(
                self.endpoint.url,
                "not an engine",
                f"it answers HTTP {status} without an API version",
                "check the address",
            )
        return Ping(
            version,
            headers.get("Server", ""),
            headers.get("Builder-Version", ""),
            "Libpod-Api-Version" in headers or "Libpod" in headers.get("Server", ""),
            _date_ns(headers.get("Date", "")),
        )

    async def negotiate(self) -> Ping:
        """Choose the API version, the newest that both sides speak, and return the daemon's ping.

        Raises:
            ConnectionFailed: nobody answers, or the daemon is older than Docker Engine 20.10.
        """
        ping = await self.ping()
        theirs = _version(ping.api_version)
        if theirs is None or theirs < OLDEST_API:
            raise ConnectionFailed(
                self.endpoint.url,
                "not an engine",
                f"it speaks API {ping.api_version}, and hythe needs {OLDEST_API[0]}.{OLDEST_API[1]} or newer",
                "upgrade the daemon to Docker Engine 20.10 or newer",
            )
        self.api_version = min(theirs, NEWEST_API)
        return ping

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
        async with self.stream(method, path, params=params, body=body, headers=headers, limit=limit) as answer:
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
    ) -> AsyncGenerator[Answer]:
        """Open a request and give its answer while it streams; a connection that is left early is closed.

        Raises:
            EngineError: as the tree in errors.py says.
        """
        if self.api_version is None:
            await self.negotiate()
        major, minor = self.api_version or OLDEST_API
        url = f"{self._base}/v{major}.{minor}{path}"
        async with self._open(method, url, params=params, body=body, data=data, headers=headers, limit=limit) as answer:
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
    ) -> AsyncGenerator[Answer]:
        request = f"{method} {url.removeprefix(self._base)}"
        if self.read_only and method not in ("GET", "HEAD"):
            raise ReadOnly(request)
        self.requests += 1
        sent: CIMultiDict[str] = CIMultiDict(headers or {})
        if body is not None:
            data = msgspec.json.encode(body)
            sent["Content-Type"] = "application/json"
        try:
            response = await self._session.request(
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
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise connection_error(self.endpoint, error) from error
        try:
            if response.status >= 400 and not raw:
                raise api_error(response.status, await _message(response), request)
            if 300 <= response.status < 400 and response.status != 304:
                raise MalformedAnswer(request, f"a redirect (HTTP {response.status}); is a web server in between?")
            yield Answer(response, self.endpoint.url)
        finally:
            if response.content.is_eof():
                response.release()
            else:
                response.close()


async def _message(response: aiohttp.ClientResponse) -> str:
    """Return the daemon's words in an error answer, whatever its shape."""
    data = b""
    try:
        async with asyncio.timeout(5):
            while len(data) < MOST_WORDS and (piece := await response.content.read(MOST_WORDS)):
                data += piece
    except (aiohttp.ClientError, OSError, TimeoutError):
        return f"HTTP {response.status}"
    try:
        return decode(data, Message, "").message
    except MalformedAnswer:
        text = data.decode("utf-8", "replace").strip()
        return f"HTTP {response.status}" if not text or text.startswith("<") else text[:500]


def encode_params(params: Params | None) -> dict[str, str]:
    """Return query parameters as the Engine API takes them: booleans as 1 and 0, maps and lists as JSON."""
    encoded: dict[str, str] = {}
    for key, value in (params or {}).items():
        if value is None:
            continue
        if isinstance(value, bool):
            encoded[key] = "1" if value else "0"
        elif isinstance(value, (dict, list, tuple)):
            encoded[key] = msgspec.json.encode(value).decode()
        else:
            encoded[key] = str(value)
    return encoded


def describe(error: BaseException) -> str:
    """Return a short reason for an exception of aiohttp or the system."""
    cause = getattr(error, "os_error", None) or error
    if isinstance(cause, aiohttp.ClientPayloadError):
        return "the daemon closed the connection before the answer was whole"
    if isinstance(cause, OSError) and cause.errno:
        return os.strerror(cause.errno)
    text = getattr(cause, "strerror", None) or str(cause)
    return text or type(cause).__name__


def connection_error(endpoint: Endpoint, error: BaseException) -> EngineError:
    """Return which way a request failed before its answer began."""
    cause = getattr(error, "os_error", None) or error
    kind: FailureKind = "unreachable"
    hint = ""
    if isinstance(cause, FileNotFoundError):
        kind, hint = "no socket", "is the Docker daemon running on this machine?"
    elif isinstance(cause, PermissionError):
        kind, hint = "permission denied", socket_hint(endpoint)
    elif isinstance(cause, ConnectionRefusedError):
        kind = "refused"
        local = "nothing listens there; start the daemon (systemctl start docker)"
        hint = local if endpoint.socket_path else "nothing listens there; is the daemon set up to listen on TCP?"
    elif isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        hint = "the daemon hangs, or a firewall drops the packets"
        return ConnectionFailed(endpoint.url, "timed out", "no answer", hint)
    elif isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, ConnectionResetError)):
        return ConnectionLost(endpoint.url, describe(error) or "the daemon closed the connection")
    elif isinstance(error, aiohttp.ClientResponseError):
        kind, hint = "not an engine", "what answers there does not speak HTTP"
    return ConnectionFailed(endpoint.url, kind, describe(error), hint)


def socket_hint(endpoint: Endpoint) -> str:
    """Return which group would give access to the endpoint's socket."""
    import grp
    from pathlib import Path

    path = endpoint.socket_path
    try:
        owner = Path(path or "").stat()
        group = grp.getgrgid(owner.st_gid).gr_name
    except (OSError, KeyError):
        return "run hythe as a user who may open the socket"
    if group == "root" or not owner.st_mode & 0o020:
        return "only root may open this socket: use sudo, or a rootless daemon"
    return f"join the group {group}: sudo usermod -aG {group} $USER, then log in again"


def _date_ns(header: str) -> int | None:
    """Return the time of an HTTP Date header in nanoseconds since the epoch, or None where there is none to read."""
    try:
        return int(parsedate_to_datetime(header).timestamp()) * 1_000_000_000
    except ValueError:
        return None


def _version(text: str) -> tuple[int, int] | None:
    major, dot, minor = text.partition(".")
    return (int(major), int(minor)) if dot and major.isdigit() and minor.isdigit() else None
