"""Requests about the engine itself: ping, version, info, events, disk use, login."""

import asyncio
import uuid

from aiohttp import web

from tui.demo import events, images_view
from tui.demo.api import API_VERSION, ENGINE_VERSION, HEADERS, MIN_VERSION, Call, Router, answer
from tui.demo.clock import NS, rfc3339
from tui.demo.errors import ApiError
from tui.demo.handle_swarm import swarm_facts
from tui.demo.jsonish import JsonMap, as_str
from tui.demo.views import list_row, status_text
from tui.demo.volumes_view import volume_references, volume_view
from tui.demo.world import CPUS, DATA_ROOT, HOST_NAME, MEMORY, World

_KERNEL = "6.8.0-45-generic"
_COMMIT = "3ef3c07c883be49a2e8097bcf6d2952fce1d70eb"


def register(router: Router) -> None:
    """Add the routes."""
    router.add("GET", "/_ping", _ping)
    router.add("HEAD", "/_ping", _ping)
    router.add("GET", "/version", _version)
    router.add("GET", "/info", _info)
    router.add("GET", "/events", _events)
    router.add("GET", "/system/df", _disk_use)
    router.add("POST", "/auth", _auth)
    router.add("GET", "/plugins", _plugins)


async def _ping(call: Call) -> web.StreamResponse:
    headers = {
        **HEADERS,
        "Builder-Version": "2",
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Pragma": "no-cache",
        "Swarm": "active/manager" if call.world.swarm else "inactive",
        "Content-Type": "text/plain; charset=utf-8",
    }
    return web.Response(body=b"" if call.request.method == "HEAD" else b"OK", headers=headers)


async def _version(call: Call) -> web.StreamResponse:
    built = "2026-01-14T11:02:57.000000000+00:00"
    details = {
        "ApiVersion": API_VERSION,
        "Arch": "amd64",
        "BuildTime": built,
        "Experimental": "false",
        "GitCommit": _COMMIT[:7],
        "GoVersion": "go1.24.9",
        "KernelVersion": _KERNEL,
        "MinAPIVersion": MIN_VERSION,
        "Os": "linux",
    }
    components = [
        {"Name": "Engine", "Version": ENGINE_VERSION, "Details": details},
        {
            "Name": "containerd",
            "Version": "1.7.28",
            "Details": {"GitCommit": "b98a3aace656320842a23f4a392a33f46af97866"},
        },
        {"Name": "runc", "Version": "1.3.0", "Details": {"GitCommit": "v1.3.0-0-g4ca628d1"}},
    ]
    own = {key: value for key, value in details.items() if key not in ("Experimental",)}
    return answer(
        {"Platform": {"Name": "Docker Engine - Community"}, "Components": components, "Version": ENGINE_VERSION, **own}
    )


async def _info(call: Call) -> web.StreamResponse:
    world = call.world
    states = [c.state for c in world.containers.values()]
    running, paused = states.count("running") + states.count("restarting"), states.count("paused")
    return answer({**_counts(world, len(states), running, paused), **_host_facts(world)})


def _counts(world: World, total: int, running: int, paused: int) -> JsonMap:
    return {
        # another one each time: what is remembered of a daemon is not of the next demo
        "ID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{world.seed}/{world.booted_ns}")),
        "Containers": total,
        "ContainersRunning": running + paused,
        "ContainersPaused": paused,
        "ContainersStopped": total - running - paused,
        "Images": len(world.images),
        "NEventsListener": world.bus.listeners,
        "SystemTime": rfc3339(world.now()),
    }


def _host_facts(world: World) -> JsonMap:
    truths = "MemoryLimit SwapLimit KernelMemoryTCP CpuCfsPeriod CpuCfsQuota CPUShares CPUSet PidsLimit "
    truths += "IPv4Forwarding OomKillDisable"
    index: JsonMap = {"Mirrors": [], "Name": "docker.io", "Official": True, "Secure": True}
    return {
        "Driver": "overlay2",
        "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"], ["Native Overlay Diff", "true"]],
        "Plugins": {
            "Volume": ["local"],
            "Network": ["bridge", "host", "ipvlan", "macvlan", "null", "overlay"],
            "Authorization": None,
            "Log": ["json-file", "local", "journald", "syslog"],
        },
        **dict.fromkeys(truths.split(), True),
        "Debug": False,
        "NFd": 62,
        "NGoroutines": 118,
        "LoggingDriver": "json-file",
        "CgroupDriver": "cgroupfs",
        "CgroupVersion": "1",
        "KernelVersion": _KERNEL,
        "OperatingSystem": "Ubuntu 24.04.1 LTS",
        "OSVersion": "24.04",
        "OSType": "linux",
        "Architecture": "x86_64",
        "IndexServerAddress": "https://index.docker.io/v1/",
        "RegistryConfig": {
            "IndexConfigs": {"docker.io": index},
            "InsecureRegistryCIDRs": ["127.0.0.0/8"],
            "Mirrors": None,
        },
        "NCPU": CPUS,
        "MemTotal": MEMORY,
        "GenericResources": None,
        "DockerRootDir": DATA_ROOT,
        "HttpProxy": "",
        "HttpsProxy": "",
        "NoProxy": "",
        "Name": HOST_NAME,
        "Labels": [],
        "ExperimentalBuild": False,
        "ServerVersion": ENGINE_VERSION,
        "Runtimes": {"io.containerd.runc.v2": {"path": "runc"}, "runc": {"path": "runc"}},
        "DefaultRuntime": "runc",
        "Swarm": swarm_facts(world),
        "LiveRestoreEnabled": False,
        "Isolation": "",
        "InitBinary": "docker-init",
        "ContainerdCommit": {"ID": "b98a3aace656"},
        "RuncCommit": {"ID": "v1.3.0-0-g4ca628d1"},
        "InitCommit": {"ID": "de40ad0"},
        "SecurityOptions": ["name=seccomp,profile=builtin"],
        "Warnings": None,
    }


async def _events(call: Call) -> web.StreamResponse:
    bus = call.world.bus
    since, until = call.moment("since"), call.moment("until")
    filters = call.filters(
        "type", "event", "label", "container", "volume", "network", "image", "scope", "daemon", "node"
    )
    queue = bus.subscribe()
    past = [e for e in bus.ring if since is not None or until is not None]
    response = await call.stream()
    try:
        for event in past:
            early = since is not None and event.time_ns < since
            late = until is not None and event.time_ns > until
            if not early and not late and events.matches(event, filters):
                await response.write(event.encode())
        while until is None or call.world.now() < until:
            event = await _next(call.world, queue, until)
            if event is None:
                break
            if events.matches(event, filters):
                await response.write(event.encode())
    finally:
        bus.unsubscribe(queue)
    return response


async def _next(world: World, queue: asyncio.Queue[events.Event], until: int | None) -> events.Event | None:
    if until is None:
        return await queue.get()
    get = asyncio.ensure_future(queue.get())
    end = asyncio.ensure_future(world.clock.sleep((until - world.now()) / NS))
    try:
        await asyncio.wait([get, end], return_when=asyncio.FIRST_COMPLETED)
        return get.result() if get.done() else None
    finally:
        get.cancel()
        end.cancel()


async def _disk_use(call: Call) -> web.StreamResponse:
    world = call.world
    wanted = call.request.query.getall("type", [])
    body: JsonMap = {}
    if not wanted or "image" in wanted:
        layers = {layer.diff_id: layer.size for image in world.images.values() for layer in image.layers}
        body["LayersSize"] = sum(layers.values())
        body["Images"] = [images_view.list_row(world, image, shared=True) for image in images_view.listed(world)]
    if not wanted or "container" in wanted:
        now = world.now()
        body["Containers"] = [list_row(world, c, status_text(c, now), size=True) for c in world.newest_first()]
    if not wanted or "volume" in wanted:
        used = volume_references(world)
        body["Volumes"] = [volume_view(volume, used[volume.name]) for volume in world.volumes.values()]
    if not wanted or "build-cache" in wanted:
        body["BuildCache"] = [images_view.cache_view(record) for record in world.cache.values()]
    return answer(body)


async def _auth(call: Call) -> web.StreamResponse:
    body = await call.body()
    if not as_str(body.get("username")) or as_str(body.get("password")) == "wrong":
        server = as_str(body.get("serveraddress")) or "https://index.docker.io/v1/"
        raise ApiError(500, f"login attempt to {server.rstrip('/')}/v2/ failed with status: 401 Unauthorized")
    return answer({"IdentityToken": "", "Status": "Login Succeeded"})


async def _plugins(call: Call) -> web.StreamResponse:
    return answer([])
