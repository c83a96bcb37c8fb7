"""Requests about containers that stream: logs, stats, wait."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

import msgspec
from aiohttp import web

from tui.demo import stats
from tui.demo.api import MULTIPLEXED, RAW, Call, Router, answer
from tui.demo.errors import ApiError
from tui.demo.handle_containers import target
from tui.demo.jsonish import as_map
from tui.demo.logs import Wanted, past, rendered, run_output
from tui.demo.records import Container, Run

_CHUNK = 64 * 1024

UNREADABLE = ("none",)
"""Log drivers that nothing can be read from; of all others a daemon keeps a copy by itself."""


def register(router: Router) -> None:
    """Add the routes."""
    router.add("GET", "/containers/{id}/logs", _logs)
    router.add("GET", "/containers/{id}/stats", _stats)
    router.add("POST", "/containers/{id}/wait", _wait)


def wanted_of(call: Call) -> Wanted:
    """Return what a logs request asks for; raises ApiError."""
    tail = call.text("tail", "all")
    asked = Wanted(
        call.flag("stdout"),
        call.flag("stderr"),
        call.flag("timestamps"),
        call.moment("since"),
        call.moment("until"),
        int(tail) if tail.isdigit() else None,
    )
    if not asked.stdout and not asked.stderr:
        raise ApiError(400, "Bad parameters: you must choose at least one stream")
    return asked


async def _logs(call: Call) -> web.StreamResponse:
    container, wanted = target(call), wanted_of(call)
    if as_map(container.host.get("LogConfig")).get("Type") in UNREADABLE:
        raise ApiError(501, "configured logging driver does not support reading")
    response = await call.stream(RAW if container.tty else MULTIPLEXED)
    with suppress(ConnectionResetError):  # who read it has gone
        async with aclosing(_log_bytes(call, container, wanted)) as parts:
            async for part in parts:
                await response.write(part)
    return response


async def _log_bytes(call: Call, container: Container, wanted: Wanted) -> AsyncGenerator[bytes]:
    """Yield what was printed, and with `follow` what is being printed, as it goes over the wire."""
    world, run = call.world, container.run
    now = world.now()
    seen, extra = (run.program.lines(run.elapsed(now))[1], len(run.extra)) if run else (0, 0)
    batch = bytearray()
    for at, line in past(container, wanted, now):
        batch += rendered(at, line, wanted, tty=container.tty)
        if len(batch) > _CHUNK:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)
    if not call.flag("follow"):
        return
    while run is None and container.state == "created":
        await world.change_or(container, None)
        run = container.run
    if run is not None and not (run.end_ns and container.run is run):
        async for at, line in run_output(world, container, run, seen, extra, until=wanted.until):
            if wanted.since is None or at >= wanted.since:
                yield rendered(at, line, wanted, tty=container.tty)


async def _stats(call: Call) -> web.StreamResponse:
    world, container = call.world, target(call)
    if not call.flag("stream", default=True):
        previous = 0
        if container.running and not call.flag("one-shot"):
            previous = world.now()
            await world.clock.sleep(1.0)
        return answer(stats.sample(world, container, previous))
    response = await call.stream()
    previous = 0
    while container.state != "removing":
        now = world.now()
        await response.write(msgspec.json.encode(stats.sample(world, container, previous)) + b"\n")
        previous = now if container.running else 0
        await world.clock.sleep(1.0)
    return response


async def _wait(call: Call) -> web.StreamResponse:
    world, container = call.world, target(call)
    condition = call.text("condition", "not-running")
    if condition not in ("", "not-running", "next-exit", "removed"):
        raise ApiError(400, f'invalid condition: "{condition}"')
    ended = container.run if not container.running else None
    # The client reads the headers before it starts the container.
    response = await call.stream()
    await response.write(b"")
    while not _met(container, condition, ended):
        await world.change_or(container, None)
    # Whoever removes the container is done first, as with the daemon.
    await asyncio.sleep(0)
    await response.write(msgspec.json.encode({"StatusCode": container.exit_code}) + b"\n")
    return response


def _met(container: Container, condition: str, ended: Run | None) -> bool:
    if container.state == "removing":
        return True
    if condition == "removed":
        return False
    if condition == "next-exit":
        return container.run is not None and container.run is not ended and bool(container.run.end_ns)
    return not container.running and container.state != "restarting"
