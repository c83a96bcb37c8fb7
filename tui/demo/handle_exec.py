"""Requests that take the connection over: attach, and exec with its start, resize and inspect."""

import asyncio
from functools import partial

from aiohttp import web

from tui.demo import behaviour, life, processes
from tui.demo.api import MULTIPLEXED, RAW, Call, Router, answer, nothing
from tui.demo.clock import NS
from tui.demo.config_edit import variables_of
from tui.demo.errors import ApiError, not_running
from tui.demo.handle_containers import target
from tui.demo.hijack import RawConnection
from tui.demo.jsonish import JsonMap, as_words
from tui.demo.logs import Wanted, past, rendered, run_output
from tui.demo.programs import STDOUT, Line
from tui.demo.records import Container, Exec, Run
from tui.demo.sessions import ShellSession
from tui.demo.shell_commands import COMMANDS
from tui.demo.world import World

_GIVES_WAY = 'exec "$@"'


def register(router: Router) -> None:
    """Add the routes."""
    router.add("POST", "/containers/{id}/attach", _attach)
    router.add("POST", "/containers/{id}/exec", _create)
    router.add("POST", "/exec/{id}/start", _start)
    router.add("POST", "/exec/{id}/resize", _resize)
    router.add("GET", "/exec/{id}/json", _inspect)


async def _attach(call: Call) -> web.StreamResponse:
    world, container = call.world, target(call)
    if container.state == "paused":
        raise ApiError(409, f"container {container.id} is paused, unpause the container before attach")
    if container.state == "restarting":
        raise ApiError(409, f"container {container.id} is restarting, wait until the container is running")
    wanted = Wanted(call.flag("stdout"), call.flag("stderr"))
    connection = RawConnection(call.request)
    before = container.run
    seen, extra = _position(world, before)
    world.emit_container(container, "attach")
    await connection.upgrade(call.request, RAW if container.tty else MULTIPLEXED)
    typing: asyncio.Task[None] | None = None
    try:
        if call.flag("logs"):
            for at, line in past(container, wanted, world.now()):
                await connection.send(rendered(at, line, wanted, tty=container.tty))
        if call.flag("stream"):
            if call.flag("stdin"):
                typing = asyncio.ensure_future(_type(world, container, connection))
            run = before if container.running else None
            while run is None:
                if container.run is not before:
                    run, seen, extra = container.run, 0, 0
                elif container.state == "removing":
                    break
                else:
                    await world.change_or(container, None)
            if run is not None:
                async for at, line in run_output(world, container, run, seen, extra):
                    await connection.send(rendered(at, line, wanted, tty=container.tty))
    finally:
        if typing is not None:
            typing.cancel()
    return connection.finish()


def _position(world: World, run: Run | None) -> tuple[int, int]:
    return (run.program.lines(run.elapsed(world.now()))[1], len(run.extra)) if run else (0, 0)


async def _type(world: World, container: Container, connection: RawConnection) -> None:
    """Carry what a client types to the main process, where that reads it."""
    while not container.running:
        if container.state == "removing" or container.finished_ns:
            return
        await world.change_or(container, None)
    run = container.run
    if run is None or not behaviour.interactive(container):
        return
    session = None if container.path == "cat" else ShellSession(behaviour.shell_in(world, container), tty=container.tty)
    if session is not None:
        _printed(world, container, run, [(STDOUT, session.prompt())])
    while container.run is run and container.running:
        data = await connection.read()
        if not data and (container.tty or not container.config.get("StdinOnce")):
            connection.finish()  # who detaches leaves the input of the process open
            return
        if session is None:
            _printed(world, container, run, [(STDOUT, data)])
            if not data or data == b"\x04":
                life.die(world, container, 0)
            continue
        _printed(world, container, run, session.feed(data) if data else session.end())
        if session.exit_code is not None:
            life.die(world, container, session.exit_code)


def _printed(world: World, container: Container, run: Run, output: list[tuple[int, bytes]]) -> None:
    for stream, data in output:
        if data:
            run.extra.append(Line(run.elapsed(world.now()), stream, data))
    container.touch()


# Exec


def _find(call: Call) -> Exec:
    found = call.world.execs.get(call.params["id"])
    if found is None:
        raise ApiError(404, f"No such exec instance: {call.params['id']}")
    return found


async def _create(call: Call) -> web.StreamResponse:
    world, container, body = call.world, target(call), await call.body()
    command = as_words(body.get("Cmd"))
    if not command:
        raise ApiError(400, "No exec command specified")
    if container.state == "paused":
        raise ApiError(409, f"container {container.id} is paused, unpause the container before exec")
    if not container.running:
        raise not_running(container.id)
    made = Exec(world.new_id("exec"), container.id, command, body)
    world.execs[made.id] = made
    container.execs.append(made.id)
    world.emit_container(container, f"exec_create: {' '.join(command)}", execID=made.id)
    return answer({"Id": made.id}, 201)


async def _start(call: Call) -> web.StreamResponse:
    world, made, body = call.world, _find(call), await call.body(optional=True)
    container = world.find_container(made.container_id)
    if not container.running:
        raise not_running(container.id)
    if made.started:
        raise ApiError(409, f"Error: Exec command {made.id} is already running")
    made.started = made.running = True
    made.pid = world.new_pid()
    world.emit_container(container, f"exec_start: {' '.join(made.command)}", execID=made.id)
    if body.get("Detach"):
        world.spawn(_play(world, container, made, None))
        return nothing(200)
    connection = RawConnection(call.request)
    await connection.upgrade(call.request, RAW if made.spec.get("Tty") else MULTIPLEXED)
    await _play(world, container, made, connection)
    return connection.finish()


async def _play(world: World, container: Container, made: Exec, connection: RawConnection | None) -> None:
    try:
        code = await _run(world, container, made, connection)
    finally:
        # A client that goes away leaves a shell behind in a real container; here it ends with its connection.
        made.running = False
        made.exit_code = 137 if made.exit_code is None else made.exit_code
    made.exit_code = code
    if container.running:
        world.emit_container(container, "exec_die", execID=made.id, exitCode=str(code))


async def _run(world: World, container: Container, made: Exec, connection: RawConnection | None) -> int:
    shell, tty, words = behaviour.shell_in(world, container), bool(made.spec.get("Tty")), made.command
    if made.spec.get("WorkingDir"):
        shell.cwd = str(made.spec["WorkingDir"])
    shell.env.update(variables_of(as_words(made.spec.get("Env"))))
    shell.pid, shell.kill = made.pid, partial(_kill, world, container)
    shell.processes = partial(processes.inner_listing, world, container)
    while _gives_way(words):
        for step in shell.script([words[0], "-c", words[2].removesuffix(_GIVES_WAY), *words[3:]]):
            if connection is not None:
                await connection.print(step.stream, step.data, tty=tty)
        words = words[4:]
    if (
        words[0].rpartition("/")[2] not in COMMANDS
        and words[0] not in ("bash", "ash")
        and not shell.is_program(words[0])
    ):
        reason = f'exec: "{words[0]}": executable file not found in $PATH'
        text = f"OCI runtime exec failed: exec failed: unable to start container process: {reason}: unknown\r\n"
        if connection is not None:
            await connection.print(STDOUT, text.encode(), tty=tty)
        return 127
    if connection is not None and made.spec.get("AttachStdin"):
        if behaviour.is_shell(words):
            made.hang_up = connection.hang_up
            return await _converse(ShellSession(shell, tty=tty), connection)
        if words[0].rpartition("/")[2] == "cat" and len(words) == 1:
            while (data := await connection.read()) and data != b"\x04":
                await connection.print(STDOUT, data, tty=tty)
            return 0
    started = world.now()
    for step in shell.script(words):
        while (wait := (started + step.offset_ns - world.now()) / NS) > 0 and container.running and not made.killed:
            await world.change_or(container, wait)
        if not container.running:
            return 137
        if made.killed:
            return 129
        if connection is not None:
            await connection.print(step.stream, step.data, tty=tty)
        if step.exit_code is not None:
            return step.exit_code
    return 0


def _gives_way(words: list[str]) -> bool:
    """Return whether a shell's script is there for the command after it, which it becomes."""
    return len(words) > 4 and behaviour.is_shell(words[:1]) and words[1] == "-c" and words[2].endswith(_GIVES_WAY)


def _kill(world: World, container: Container, pid: int, signal: str) -> bool:
    """Hang up the command of that number, where one runs; or send the signal to another process."""
    found = next((world.execs[id] for id in container.execs if world.execs[id].pid == pid), None)
    if found is None or not found.running:
        return processes.kill(world, container, pid, signal)
    if found.hang_up is not None:
        found.hang_up()
    found.killed = True
    container.touch()
    return True


async def _converse(session: ShellSession, connection: RawConnection) -> int:
    await connection.print(STDOUT, session.prompt(), tty=session.tty)
    while session.exit_code is None:
        data = await connection.read()
        for stream, text in session.feed(data) if data else session.end():
            await connection.print(stream, text, tty=session.tty)
    return session.exit_code


async def _resize(call: Call) -> web.StreamResponse:
    made = _find(call)
    height, width = call.number("h"), call.number("w")
    if height is None or width is None:
        raise ApiError(400, 'strconv.Atoi: parsing "": invalid syntax')
    if not made.running:
        raise ApiError(500, f"exec {made.id} is not running")
    made.size = (height, width)
    return nothing(200)


async def _inspect(call: Call) -> web.StreamResponse:
    made = _find(call)
    spec = made.spec
    process: JsonMap = {
        "arguments": made.command[1:],
        "entrypoint": made.command[0],
        "privileged": bool(spec.get("Privileged")),
        "tty": bool(spec.get("Tty")),
        "user": spec.get("User") or "",
    }
    return answer(
        {
            "ID": made.id,
            "Running": made.running,
            "ExitCode": made.exit_code,
            "ProcessConfig": process,
            "OpenStdin": bool(spec.get("AttachStdin")),
            "OpenStderr": bool(spec.get("AttachStderr")),
            "OpenStdout": bool(spec.get("AttachStdout")),
            "CanRemove": False,
            "ContainerID": made.container_id,
            "DetachKeys": "",
            "Pid": made.pid,
        }
    )
