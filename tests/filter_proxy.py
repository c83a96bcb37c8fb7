"""A proxy between a client and a daemon that understands HTTP: it refuses requests, fails them, and holds events back.

What stands before many daemons is such a proxy, which lets some of the API through and answers 403 to the rest.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

FORBIDDEN = "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n"
"""What HAProxy says, with which the best known of these proxies are made."""

_DROPPED = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


@dataclass(frozen=True)
class Rule:
    """Answers requests whose method and path (without the version) match, rather than passing them on."""

    method: str
    path: str
    status: int = 403
    body: str = FORBIDDEN
    content_type: str = "text/html"

    def fits(self, method: str, path: str) -> bool:
        return bool(re.fullmatch(self.method, method) and re.fullmatch(self.path, path))


@dataclass
class FilterProxy:
    """`socket` is where the client connects; `rules` and `event_delay` may be changed at any moment.

    `event_delay`: seconds that each piece of a stream of events is late. `seen`: the requests, as "METHOD /path".
    """

    socket: str
    upstream: str
    rules: list[Rule] = field(default_factory=list[Rule])
    event_delay: float = 0.0
    seen: list[str] = field(default_factory=list[str])

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = re.sub(r"^/v\d+\.\d+", "", request.path)
        self.seen.append(f"{request.method} {path}")
        for rule in self.rules:
            if rule.fits(request.method, path):
                return web.Response(status=rule.status, text=rule.body, content_type=rule.content_type)
        headers = {key: value for key, value in request.headers.items() if key.lower() not in _DROPPED}
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(self.upstream), auto_decompress=False) as session,
            session.request(
                request.method,
                URL(f"http://docker{request.raw_path}", encoded=True),
                data=await request.read(),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=None),
            ) as answer,
        ):
            kept = {key: value for key, value in answer.headers.items() if key.lower() not in _DROPPED}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                if path == "/events" and self.event_delay:
                    await asyncio.sleep(self.event_delay)
                await response.write(piece)
            return response


@asynccontextmanager
async def filter_proxy(folder: Path, upstream: str, *rules: Rule) -> AsyncIterator[FilterProxy]:
    """Give a proxy that listens in `folder` in front of the daemon at `upstream`."""
    proxy = FilterProxy(str(folder / "filter.sock"), upstream, list(rules))

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await proxy.handle(request)
        except (aiohttp.ClientError, ConnectionResetError) as error:
            return web.Response(status=502, text=str(error))

    runner = web.ServerRunner(
        web.Server(handle, access_log=None, handler_cancellation=True), shutdown_timeout=0.1
    )  # fmt: skip
    await runner.setup()
    await web.UnixSite(runner, proxy.socket).start()
    try:
        yield proxy
    finally:
        await runner.cleanup()
