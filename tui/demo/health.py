"""Health checks: run on the clock, they change a container's health and tell it by events."""

from tui.demo.clock import NS
from tui.demo.jsonish import as_int, as_map, as_words
from tui.demo.records import Container, Health, Probe, Run
from tui.demo.shell import run_to_end
from tui.demo.world import World

_KEPT = 5
_CHECK_NS = 38_000_000


def command_of(container: Container) -> list[str]:
    """Return the command of the health check; empty when there is none."""
    test = as_words(as_map(container.config.get("Healthcheck")).get("Test"))
    if not test or test[0] == "NONE":
        return []
    if test[0] == "CMD-SHELL":
        return ["/bin/sh", "-c", *test[1:]]
    return test[1:] if test[0] == "CMD" else []


def interval_of(container: Container) -> float:
    """Return the seconds between checks."""
    return (as_int(as_map(container.config.get("Healthcheck")).get("Interval")) or 30 * NS) / NS


def begin(world: World, container: Container) -> None:
    """Set the health of a container that has just started, and plan its first check."""
    if not command_of(container):
        container.health = None
        return
    container.health = Health()
    resume(world, container)


def resume(world: World, container: Container) -> None:
    """Plan the next check of a running container."""
    run = container.run
    if container.health is not None and run is not None:
        world.after(interval_of(container), lambda: _check(world, container, run))


def _check(world: World, container: Container, run: Run) -> None:
    if container.run is not run or container.state != "running" or container.health is None:
        return
    command = command_of(container)
    text = " ".join(command)
    exec_id = world.new_id("exec")
    world.emit_container(container, f"exec_create: {text}", execID=exec_id)
    world.emit_container(container, f"exec_start: {text}", execID=exec_id)
    code, output = probe(world, container)
    world.emit_container(container, "exec_die", execID=exec_id, exitCode=str(code))
    record(world, container, code, output)
    resume(world, container)


def probe(world: World, container: Container) -> tuple[int, str]:
    """Return the exit code and output of one check."""
    if container.id in world.sick:
        return 1, "curl: (7) Failed to connect to localhost port 9200 after 0 ms: Couldn't connect to server\n"
    image = world.images.get(container.image_id)
    root = world.root_of(image.layers) if image else {}
    code, output, _ = run_to_end(command_of(container), root, {}, unknown_is_fine=True)
    return code, output.decode(errors="replace")


def record(world: World, container: Container, code: int, output: str) -> None:
    """Note a check's result; a change of status is an event."""
    health = container.health
    if health is None:
        return
    now = world.now()
    health.log = [*health.log[1 - _KEPT :], Probe(now, now + _CHECK_NS, code, output)]
    before = health.status
    if code == 0:
        health.streak, health.status = 0, "healthy"
    else:
        health.streak += 1
        retries = as_int(as_map(container.config.get("Healthcheck")).get("Retries")) or 3
        if health.streak >= retries:
            health.status = "unhealthy"
    container.touch()
    if health.status != before:
        world.emit_container(container, f"health_status: {health.status}")
