"""The HTTP side of the demo engine: versions, headers, routing, and the daemon's way of reading requests."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar, cast

import msgspec
from aiohttp import HttpVersion11, web

from tui.demo.clock import NS
from tui.demo.errors import ApiError, NotModified
from tui.demo.jsonish import JsonMap, as_map
from tui.demo.world import World

API_VERSION = "1.51"
MIN_VERSION = "1.24"
ENGINE_VERSION = "28.5.2"
HEADERS = {
    "Api-Version": API_VERSION,
    "Docker-Experimental": "false",
    "Ostype": "linux",
    "Server": f"Docker/{ENGINE_VERSION} (linux)",
}
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"
RAW = "application/vnd.docker.raw-stream"

_T = TypeVar("_T")
_VERSIONED = re.compile(r"/v(\d+)\.(\d+)(/.*)\Z")
_FALSE = ("", "0", "no", "false", "none")


class Call:
    """One request: the world, the parameters in the path, and typed access to query and body."""

    def __init__(
        self, world: World, request: web.BaseRequest, version: tuple[int, int], params: Mapping[str, str]
    ) -> None:
        self.world = world
        self.request = request
        self.version = version
        self.params = params

    def text(self, name: str, default: str = "") -> str:
        """Return a query parameter."""
        return self.request.query.get(name, default)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean query parameter as the daemon reads it: anything but 0, no, false, none and nothing."""
        value = self.request.query.get(name)
        return default if value is None else value.strip().lower() not in _FALSE

    def number(self, name: str) -> int | None:
        """Return an integer query parameter; raises ApiError 400."""
        value = self.request.query.get(name)
        if value is None or value == "":
            return None
        if not re.fullmatch(r"-?\d+", value):
            raise ApiError(400, f'strconv.Atoi: parsing "{value}": invalid syntax')
        return int(value)

    def moment(self, name: str) -> int | None:
        """Return a time query parameter (`sec` or `sec.nanos`) in ns, None when absent or 0; raises ApiError 500."""
        value = self.request.query.get(name, "")
        if value in ("", "0"):
            return None
        found = re.fullmatch(r"(-?\d+)(?:\.(\d{1,9}))?", value)
        if not found:
            raise ApiError(500, f'strconv.ParseInt: parsing "{value}": invalid syntax')
        return int(found[1]) * NS + int((found[2] or "0").ljust(9, "0"))

    def filters(self, *allowed: str) -> dict[str, list[str]]:
        """Return the filters, old and new form alike; raises ApiError 400 for others than `allowed`."""
        raw = self.request.query.get("filters", "")
        if not raw:
            return {}
        try:
            decoded: object = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            raise ApiError(400, "invalid filter") from None
        if not isinstance(decoded, dict):
            raise ApiError(400, "invalid filter")
        found: dict[str, list[str]] = {}
        for key, value in cast("dict[str, object]", decoded).items():
            if key not in allowed:
                raise ApiError(400, f"invalid filter '{key}'")
            if isinstance(value, dict):
                found[key] = [k for k, v in as_map(cast(object, value)).items() if v]
            elif isinstance(value, list):
                found[key] = [str(item) for item in cast("list[object]", value)]
            else:
                raise ApiError(400, "invalid filter")
        return found

    async def payload(self) -> bytes:
        """Return the whole body, however large: contexts and archives are."""
        return await self.request.content.read()

    async def body(self, *, optional: bool = False) -> JsonMap:
        """Return the JSON body; raises ApiError 400 for another type, bad JSON or none."""
        data = await self.payload()
        kind = self.request.headers.get("Content-Type", "")
        if kind.split(";")[0].strip() != "application/json" and (data or kind):
            raise ApiError(400, f"unsupported Content-Type header ({kind}): must be 'application/json'")
        if not data and optional:
            return {}
        if not data:
            raise ApiError(400, "invalid JSON: got EOF while reading request body")
        try:
            decoded: Any = msgspec.json.decode(data)
        except msgspec.DecodeError as error:
            text = "unexpected EOF" if "truncated" in str(error) else str(error)
            raise ApiError(400, f"invalid JSON: {text}") from None
        return as_map(decoded)

    async def stream(self, content_type: str = "application/json") -> web.StreamResponse:
        """Return a started answer: chunked, or up to the end of the connection for a client that speaks HTTP/1.0."""
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": content_type})
        if self.request.version >= HttpVersion11:
            response.enable_chunked_encoding()
        else:
            response.force_close()
        await response.prepare(self.request)
        return response


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


def answer(value: object, status: int = 200) -> web.Response:
    """Return a JSON answer, with the newline that Go's encoder ends with."""
    return encoded(msgspec.json.encode(value) + b"\n", status)


def encoded(data: bytes, status: int = 200) -> web.Response:
    """Return an answer of JSON that is encoded already."""
    return web.Response(body=data, status=status, headers={**HEADERS, "Content-Type": "application/json"})


def nothing(status: int = 204) -> web.Response:
    """Return an answer without body."""
    return web.Response(status=status, headers=HEADERS)


class Router:
    """Finds the handler of a method and path; `{name}` takes one segment, `{name:path}` also slashes."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Register a handler; earlier ones are tried first."""
        text = re.sub(r"\{(\w+):path\}", r"(?P<\1>.+)", pattern)
        text = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text)
        self._routes.append((method, re.compile(text + r"\Z"), handler))

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
        """Return the handler and the parameters of the path."""
        for wanted, pattern, handler in self._routes:
            if wanted == method and (found := pattern.match(path)):
                return handler, found.groupdict()
        return None


def dispatcher(world: World, router: Router) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """Return the one handler of the server: it reads the version, finds the route and words the errors."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        path, version = request.path, (1, 51)
        versioned = _VERSIONED.match(path)
        if versioned:
            version, path = (int(versioned[1]), int(versioned[2])), versioned[3]
        found = router.find(request.method, path)
        if found is None:
            return answer({"message": "page not found"}, 404)
        refused = _refuse_version(version)
        if refused is not None:
            return refused
        handler, params = found
        try:
            return await handler(Call(world, request, version, params))
        except NotModified:
            return nothing(304)
        except ApiError as error:
            return answer({"message": error.message}, error.status)
        except ConnectionResetError:
            raise asyncio.CancelledError from None  # the client went away: there is nobody to tell of an error

    return handle


def _refuse_version(version: tuple[int, int]) -> web.Response | None:
    shown = f"{version[0]}.{version[1]}"
    if version > _numbers(API_VERSION):
        text = f"client version {shown} is too new. Maximum supported API version is {API_VERSION}"
        return answer({"message": text}, 400)
    if version < _numbers(MIN_VERSION):
        text = (
            f"client version {shown} is too old. Minimum supported API version is {MIN_VERSION}, "
            "please upgrade your client to a newer version"
        )
        return answer({"message": text}, 400)
    return None


def _numbers(version: str) -> tuple[int, int]:
    major, minor = version.split(".")
    return int(major), int(minor)


async def unhindered(work: Coroutine[Any, Any, _T]) -> _T:
    """Finish the work even when the client goes away meanwhile, as the daemon does."""
    return await asyncio.shield(asyncio.ensure_future(work))
