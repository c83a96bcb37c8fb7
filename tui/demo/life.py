"""The life-cycle of containers: start, stop, pause, die, restart, remove, with the daemon's events in its order."""

from tui.demo import behaviour, health, joining, links, netports
from tui.demo.clock import NS
from tui.demo.errors import ApiError, NotModified, not_running
from tui.demo.jsonish import as_int, as_map
from tui.demo.records import Container, Run
from tui.demo.signals import SIGNALS
from tui.demo.world import World

_BACKOFF_FIRST = 0.1
_BACKOFF_MOST = 60.0
_KEPT_RUNS = 50


def start(world: World, container: Container) -> None:
    """Start the process; raises NotModified when it runs, ApiError when it cannot."""
    if container.state == "paused":
        raise ApiError(409, "cannot start a paused container, try unpause instead")
    if container.running:
        raise NotModified
    if container.removing:
        raise ApiError(409, "container is marked for removal and cannot be started")
    container.stopped_by_user = False
    container.restart_count = 0
    launch(world, container)


def launch(world: World, container: Container) -> None:
    """Bring the process up, whoever asked for it."""
    try:
        links.check_running(world, container)
        joining.take_names(world, container)
        netports.bind(world, container)
        behaviour.check_command(world, container)
    except ApiError as error:
        netports.release(world, container)
        container.error = error.message
        container.exit_code = 127 if error.status == 400 else 128
        container.touch()
        raise
    now = world.now()
    for mount in container.mounts:
        if mount.type == "volume":
            detail = {"destination": mount.destination, "driver": "local", "propagation": ""}
            read_write = "true" if mount.rw else "false"
            more = {"container": container.id, **detail, "read/write": read_write}
            world.emit("volume", "mount", mount.name, more)
    netports.connect_all(world, container)
    run = Run(now, behaviour.program_for(world, container))
    container.runs.append(run)
    del container.runs[:-_KEPT_RUNS]
    container.state = "running"
    container.pid = world.new_pid()
    container.started_ns = now
    container.exit_code, container.error, container.oom = 0, "", False
    health.begin(world, container)
    container.touch()
    world.emit_container(container, "start")
    watch(world, container, run)


def watch(world: World, container: Container, run: Run) -> None:
    """Follow a process that may end by itself; a paused one is watched again when it goes on."""
    if (
        container.run is not run
        or container.state != "running"
        or not (run.program.ends or run.program.exited(1 << 62))
    ):
        return
    now = world.now()
    elapsed = run.elapsed(now)
    ended = run.program.exited(elapsed)
    if ended:
        die(world, container, ended[1])
        return
    following = run.program.next_ns(elapsed)
    if following is not None:
        run.timer = world.after(max(0, run.wall(following) - now) / NS, lambda: watch(world, container, run))


def die(world: World, container: Container, exit_code: int, *, oom: bool = False, by_stop: bool = False) -> None:
    """End the process: events, exit code, then the restart policy or the automatic removal."""
    if not container.running:
        return
    now = world.now()
    run = container.run
    if run is not None:
        run.end_ns = run.end_ns or now
        if run.timer is not None:
            run.timer.cancel()  # it may be due in days, and holds all of this
    if oom:
        world.emit_container(container, "oom")
    duration = (now - container.started_ns) // NS
    container.state, container.pid = "exited", 0
    container.exit_code, container.oom, container.finished_ns = exit_code, oom, now
    for exec_id in container.execs:
        running = world.execs.get(exec_id)
        if running is not None and running.running:
            running.running, running.exit_code = False, 137
    if container.health is not None:
        container.health.status = "unhealthy"
    netports.disconnect_all(world, container)
    for mount in container.mounts:
        if mount.type == "volume":
            world.emit("volume", "unmount", mount.name, {"container": container.id, "driver": "local"})
    if by_stop:
        world.emit_container(container, "stop")
    container.touch()
    world.emit_container(container, "die", execDuration=str(duration), exitCode=str(exit_code))
    _afterwards(world, container, exit_code, duration)


def _afterwards(world: World, container: Container, exit_code: int, seconds: int) -> None:
    policy = as_map(container.host.get("RestartPolicy"))
    name, most = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    again = name in ("always", "unless-stopped") or (
        name == "on-failure" and exit_code != 0 and (not most or container.restart_count < most)
    )
    if again and not container.stopped_by_user:
        quick = 0 if seconds >= 10 else container.restart_count
        container.restart_count += 1
        container.state = "restarting"
        container.touch()
        delay = min(_BACKOFF_MOST, _BACKOFF_FIRST * 2 ** min(quick, 20))
        world.after(delay, lambda: relaunch(world, container))
    elif container.host.get("AutoRemove"):
        remove(world, container, volumes=True)


def relaunch(world: World, container: Container) -> None:
    """Start a container again that waits for its restart policy; nothing when it no longer waits."""
    if container.state != "restarting" or container.id not in world.containers:
        return
    try:
        launch(world, container)
    except ApiError:
        container.state = "exited"
        container.touch()


async def stop(world: World, container: Container, patience: int | None, signal: str = "") -> None:
    """Send the stop signal, then SIGKILL after `patience` seconds (its own or 10); raises NotModified if it is down."""
    if container.state == "restarting":
        container.stopped_by_user = True
        container.state = "exited"
        container.touch()
        world.emit_container(container, "stop")
        return
    if not container.running:
        raise NotModified
    await _end(world, container, patience, signal)


async def _end(world: World, container: Container, patience: int | None, signal: str) -> None:
    container.stopped_by_user = True
    number = signal_number(signal or container.config.get("StopSignal") or "SIGTERM")
    world.emit_container(container, "kill", signal=str(number))
    run = container.run
    code = run.program.on_term if run is not None and container.state == "running" else None
    if number == 9:
        code = 137
    if patience is None:
        patience = as_int(container.config.get("StopTimeout"), 10)
    if code is None:
        if patience != 0:
            await _until_dead(world, container, None if patience < 0 else float(patience))
        if container.running and container.run is run:
            world.emit_container(container, "kill", signal="9")
            die(world, container, 137, by_stop=True)
    else:
        await world.clock.sleep(0.05 if code != 137 else 0)
        if container.running and container.run is run:
            die(world, container, code, by_stop=True)


async def _until_dead(world: World, container: Container, seconds: float | None) -> None:
    deadline = None if seconds is None else world.now() + round(seconds * NS)
    run = container.run
    while container.running and container.run is run:
        left = None if deadline is None else (deadline - world.now()) / NS
        if left is not None and left <= 0:
            return
        await world.change_or(container, left)


async def restart(world: World, container: Container, patience: int | None, signal: str = "") -> None:
    """Stop if it runs, start again; the restart count of the policy is not touched."""
    if container.running:
        await _end(world, container, patience, signal)
    container.stopped_by_user = False
    if not container.running and container.id in world.containers:
        launch(world, container)
    world.emit_container(container, "restart")


def kill(world: World, container: Container, signal: str, ref: str) -> None:
    """Send a signal; raises ApiError when it is unknown or the container is not running."""
    try:
        number = signal_number(signal or "SIGKILL")
    except ApiError as error:
        raise ApiError(400, f"cannot kill container: {ref}: {error.message}") from None
    if not container.running:
        raise ApiError(409, f"cannot kill container: {ref}: container {container.id} is not running")
    run = container.run
    world.emit_container(container, "kill", signal=str(number))
    if number == 9:
        container.stopped_by_user = True
        die(world, container, 137)
    elif number in (15, 2, 3) and run is not None and run.program.on_term is not None and container.state == "running":
        container.stopped_by_user = True
        die(world, container, run.program.on_term)


def signal_number(signal: str) -> int:
    """Return the number of a signal given by number or by name, with or without SIG; raises ApiError 400."""
    if signal.isdigit() and 0 < int(signal) <= 64:
        return int(signal)
    name = signal.upper().removeprefix("SIG")
    if name not in SIGNALS:
        raise ApiError(400, f"invalid signal: {signal}")
    return SIGNALS[name]


def pause(world: World, container: Container) -> None:
    """Freeze the process."""
    if container.state == "paused":
        raise ApiError(409, f"Container {container.id} is already paused")
    if container.state == "restarting":
        raise ApiError(409, f"Container {container.id} is restarting, wait until the container is running")
    if not container.running:
        raise not_running(container.id)
    container.state = "paused"
    if container.run is not None:
        container.run.paused_ns = world.now()
    container.touch()
    world.emit_container(container, "pause")


def unpause(world: World, container: Container) -> None:
    """Let the process go on."""
    if container.state != "paused":
        raise ApiError(500, f"Container {container.id} is not paused")
    container.state = "running"
    run = container.run
    if run is not None:
        at = run.elapsed(world.now())
        run.pauses.append((at, world.now() - run.paused_ns))
        run.paused_ns = 0
        watch(world, container, run)
    health.resume(world, container)
    container.touch()
    world.emit_container(container, "unpause")


def remove(world: World, container: Container, *, force: bool = False, volumes: bool = False, ref: str = "") -> None:
    """Remove a container, with `force` killing it first; raises ApiError 409 when it runs."""
    if container.running or container.state == "restarting":
        if not force:
            shown = ref or container.name
            if container.state == "paused":
                text = "container is paused and must be unpaused first"
            elif container.state == "restarting":
                text = "container is restarting: stop the container before removing or force remove"
            else:
                text = "container is running: stop the container before removing or force remove"
            raise ApiError(409, f'cannot remove container "{shown}": {text}')
        container.stopped_by_user = True
        container.removing = True
        if container.running:
            world.emit_container(container, "kill", signal="9")
            container.host = {**container.host, "AutoRemove": False}
            die(world, container, 137)
    container.removing = True
    netports.detach_all(world, container)
    world.drop_container(container)
    links.touch_linked(world, container)
    container.state = "removing"
    container.touch()
    if volumes:
        for mount in container.mounts:
            volume = world.volumes.get(mount.name)
            if mount.type == "volume" and volume is not None and volume.anonymous:
                del world.volumes[mount.name]
                world.emit("volume", "destroy", mount.name, {"driver": "local"})
    world.emit_container(container, "destroy")
