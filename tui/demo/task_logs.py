"""Requests for the logs of services and tasks, put together by the manager from what the nodes send."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace

from aiohttp import web

from tui.demo import behaviour
from tui.demo.api import MULTIPLEXED, RAW, Call, Router, answer
from tui.demo.errors import NOT_A_MANAGER, ApiError
from tui.demo.handle_streams import UNREADABLE, wanted_of
from tui.demo.jsonish import JsonMap, as_int, as_map, as_str
from tui.demo.logs import Wanted, count, frame, past, rendered, run_output
from tui.demo.programs import Line
from tui.demo.records import Container, Run
from tui.demo.swarm import Service, SwarmState, tasks_of
from tui.demo.world import World

_SYSTEM = 3
_LOOK_SECONDS = 1.0
_INCOMPLETE = (
    "Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream. some logs could not be "
    "retrieved for the following reasons: {}\n"
)


def register(router: Router) -> None:
    """Add the routes."""
    router.add("GET", "/services/{id}/logs", _service_logs)
    router.add("GET", "/tasks/{id}/logs", _task_logs)
    router.add("GET", "/tasks/{id}", _task)


def _managed(call: Call) -> SwarmState:
    if call.world.swarm is None:
        raise ApiError(503, NOT_A_MANAGER)
    return call.world.swarm


def _find(call: Call) -> tuple[Service, JsonMap]:
    swarm, ref = _managed(call), call.params["id"]
    tasks = [(service, task) for service in swarm.services.values() for task in tasks_of(swarm, service)]
    found = [pair for pair in tasks if pair[1]["ID"] == ref] or [p for p in tasks if p[1]["ID"].startswith(ref)]
    if len(found) != 1:
        raise ApiError(404, f"task {ref} not found")
    return found[0]


async def _task(call: Call) -> web.StreamResponse:
    return answer(_find(call)[1])


async def _service_logs(call: Call) -> web.StreamResponse:
    swarm = _managed(call)
    service = swarm.find_service(call.params["id"])
    return await _logs(call, service, tasks_of(swarm, service))


async def _task_logs(call: Call) -> web.StreamResponse:
    service, task = _find(call)
    return await _logs(call, service, [task])


async def _logs(call: Call, service: Service, tasks: list[JsonMap]) -> web.StreamResponse:
    """Send what the nodes have; what follows goes on until the client has gone, whatever becomes of the tasks."""
    wanted = replace(wanted_of(call), until=None)  # the manager knows no end
    spec = as_map(as_map(service.spec.get("TaskTemplate")).get("ContainerSpec"))
    tty, details, follows = bool(spec.get("TTY")), call.flag("details"), call.flag("follow")
    driver = as_str(as_map(as_map(service.spec.get("TaskTemplate")).get("LogDriver")).get("Name"))
    readable = [task for task in tasks if task["Status"]["State"] == "running" and driver not in UNREADABLE]
    containers = [(task, container_of(call.world, service, task)) for task in readable]
    response = await call.stream(RAW if tty else MULTIPLEXED)

    async def send(task: JsonMap, at: int, line: Line) -> None:
        detailed = line._replace(data=_details(task) + line.data) if details else line
        await response.write(rendered(at, detailed, wanted, tty=tty))

    async def follow(task: JsonMap, container: Container, seen: int) -> None:
        async with aclosing(_coming(call.world, container, wanted, seen)) as lines:
            async for at, line in lines:
                await send(task, at, line)

    with suppress(ConnectionResetError):  # who read it has gone
        now = call.world.now()
        seen = {container.id: count(container.runs[-1], now)[1] for _, container in containers}
        for task, container in containers:
            for at, line in past(container, wanted, now):
                await send(task, at, line)
        if follows:
            async with asyncio.TaskGroup() as group:
                for task, container in containers:
                    group.create_task(follow(task, container, seen[container.id]))
                group.create_task(_until_gone(call))
        elif reasons := [f"task {task['ID']} has not been scheduled" for task in tasks if not task.get("NodeID")]:
            text = _INCOMPLETE.format(", ".join(reasons)).encode()
            await response.write(text if tty else frame(_SYSTEM, text))
    return response


async def _coming(world: World, container: Container, wanted: Wanted, seen: int) -> AsyncGenerator[tuple[int, Line]]:
    async for at, line in run_output(world, container, container.runs[-1], seen, 0):
        if wanted.since is None or at >= wanted.since:
            yield at, line


async def _until_gone(call: Call) -> None:
    """Wait for the client to go: the manager itself ends no stream that is followed."""
    while True:
        await call.world.clock.sleep(_LOOK_SECONDS)
        if call.request.transport is None or call.request.transport.is_closing():
            raise ConnectionResetError


def _details(task: JsonMap) -> bytes:
    labels = {"node": task["NodeID"], "service": task["ServiceID"], "task": task["ID"]}
    return ",".join(f"com.docker.swarm.{name}.id={value}" for name, value in labels.items()).encode() + b" "


def container_of(world: World, service: Service, task: JsonMap) -> Container:
    """Return the container of a task that runs, which is on a node that this engine only tells of."""
    spec = as_map(as_map(service.spec.get("TaskTemplate")).get("ContainerSpec"))
    began = (service.updated_ns or service.created_ns) + 1_000_000_000
    container = Container(
        as_str(as_map(as_map(task["Status"]).get("ContainerStatus")).get("ContainerID")),
        f"{service.name}.{as_int(task.get('Slot'), 0)}.{task['ID']}",
        service.image,
        "",
        began,
        {"Tty": bool(spec.get("TTY"))},
        {},
        "service",
        [],
        state="running",
        started_ns=began,
    )
    program = behaviour.program_for(world, container)
    if hasattr(program, "epoch_ns"):
        object.__setattr__(program, "epoch_ns", began)  # it says the same whenever it is asked
    container.runs.append(Run(began, program))
    return container
