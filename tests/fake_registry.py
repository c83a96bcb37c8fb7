"""A registry in this process that does whatever a test tells it to: right answers, lies, redirects, endless pages."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@dataclass
class FakeRegistry:
    """`routes` by path win over what it holds; `seen` are the requests, with their Authorization."""

    host: str = ""
    user: str = ""
    password: str = ""
    token: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict[str, bytes])
    tags: dict[str, str] = field(default_factory=dict[str, str])
    routes: dict[str, Handler] = field(default_factory=dict[str, Handler])
    seen: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])

    def put(self, value: dict[str, Any]) -> dict[str, Any]:
        """Keep a document and return its descriptor."""
        body = json.dumps(value).encode()
        self.blobs[digest_of(body)] = body
        return {"digest": digest_of(body), "size": len(body), "mediaType": value.get("mediaType", "")}

    def image(self, tag: str = "", *, architecture: str = "amd64") -> dict[str, Any]:
        """Keep an image of two layers, under a tag if there is one, and return its descriptor."""
        history = [{"created_by": "COPY a /"}, {"created_by": "CMD x", "empty_layer": True}, {"created_by": "RUN b"}]
        config = self.put({"os": "linux", "architecture": architecture, "created": "2024-05-01T00:00:00Z",
                           "history": history})  # fmt: skip
        config["mediaType"] = "application/vnd.oci.image.config.v1+json"
        layers = [{"digest": f"sha256:{letter * 64}", "size": size, "mediaType": "x"} for letter, size in
                  (("a", 1000), ("b", 2000))]  # fmt: skip
        manifest = self.put({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                             "config": config, "layers": layers})  # fmt: skip
        if tag:
            self.tags[tag] = manifest["digest"]
        return manifest

    def index(self, tag: str) -> str:
        """Keep an index of two platforms and an attestation under a tag, and return its digest."""
        amd = {**self.image(), "platform": {"os": "linux", "architecture": "amd64"}}
        arm = {**self.image(architecture="arm64"), "platform": {"os": "linux", "architecture": "arm64"}}
        unknown = {**self.image(architecture="x"), "platform": {"os": "unknown", "architecture": "unknown"},
                   "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}  # fmt: skip
        found = self.put({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                          "manifests": [amd, arm, unknown]})  # fmt: skip
        self.tags[tag] = found["digest"]
        return found["digest"]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        self.seen.append((request.method, request.path, given))
        if request.path == "/token":
            return await self._give_token(request)
        if request.path in self.routes:
            return await self.routes[request.path](request)
        if refused := self._refused(given):
            return refused
        parts = request.path.removeprefix("/v2/").split("/")
        if request.path == "/v2/":
            return web.json_response({})
        if request.path == "/v2/_catalog":
            return web.json_response({"repositories": ["app"]})
        if parts[-2:] == ["tags", "list"]:
            return web.json_response({"name": "app", "tags": list(self.tags)})
        return self._content(request, parts[-1])

    def _content(self, request: web.BaseRequest, name: str) -> web.StreamResponse:
        digest = self.tags.get(name, name)
        body = self.blobs.get(digest)
        if body is None:
            return web.json_response(
                {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}, status=404
            )
        if request.method == "DELETE":
            self.tags = {tag: held for tag, held in self.tags.items() if held != digest}
            return web.Response(status=202)
        kind = json.loads(body).get("mediaType", "application/json")
        return web.Response(body=body, headers={"Docker-Content-Digest": digest, "Content-Type": kind})

    def _refused(self, given: str) -> web.Response | None:
        basic = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if self.token and given != f"Bearer {self.token}":
            realm = f'Bearer realm="http://{self.host}/token",service="it"'
            return web.json_response({}, status=401, headers={"WWW-Authenticate": realm})
        if not self.token and self.user and given != basic:
            body = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
            return web.json_response(body, status=401, headers={"WWW-Authenticate": 'Basic realm="it"'})
        return None

    async def _give_token(self, request: web.BaseRequest) -> web.Response:
        basic = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        form = (await request.text()) if request.method == "POST" else ""
        if request.headers.get("Authorization") == basic or "refresh_token=identity" in form:
            return web.json_response({"token": self.token})
        return web.json_response({"details": "incorrect username or password"}, status=401)


@asynccontextmanager
async def fake_registry(**state: Any) -> AsyncIterator[FakeRegistry]:
    """Run one on a free port of this machine, without TLS."""
    registry = FakeRegistry(**state)
    runner = web.ServerRunner(web.Server(registry.handle, access_log=None), shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    registry.host = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield registry
    finally:
        await runner.cleanup()
        await asyncio.sleep(0)
