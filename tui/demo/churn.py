"""Random life: containers that start, stop, die, come and go at a given rate of events."""

from tui.demo import creating, health, life
from tui.demo.clock import NS
from tui.demo.errors import ApiError, NotModified
from tui.demo.records import Container
from tui.demo.world import World

_TICK = 0.02


async def live(world: World, events_per_second: float) -> None:
    """Make about that many events a second, for ever; the same seed and clock give the same row of them."""
    started, before = world.now(), world.bus.emitted
    while True:
        await world.clock.sleep(max(_TICK, min(1.0, 1 / events_per_second)))
        due = (world.now() - started) / NS * events_per_second
        if due - (world.bus.emitted - before) > 4 * events_per_second + 100:
            # Somebody held the process up: what was missed is not made up for.
            started, before = world.now(), world.bus.emitted
            continue
        while world.bus.emitted - before < due:
            step(world)


def step(world: World) -> None:
    """Do one random thing."""
    everything = world.newest_first()
    if not everything:
        _create(world)
        return
    container = everything[world.rng.randrange(len(everything))]
    roll = world.rng.random()
    try:
        if roll < 0.06:
            _create(world)
        elif roll < 0.11 and container.labels.get("demo.churn"):
            life.remove(world, container, force=True)
        elif container.state == "paused":
            life.unpause(world, container)
        elif container.running:
            _disturb(world, container, world.rng.random())
        elif container.state != "restarting":
            life.start(world, container)
        else:
            world.emit_container(container, "top")
    except (ApiError, NotModified):
        # A port taken or a state that moved on: the next step tries another.
        world.emit_container(container, "top")


def _disturb(world: World, container: Container, roll: float) -> None:
    if roll < 0.35:
        life.die(world, container, world.rng.choice((0, 0, 1, 137, 143)), oom=roll < 0.02)
    elif roll < 0.5:
        life.pause(world, container)
    elif container.health is not None:
        healthy = container.health.status == "healthy"
        container.health.streak = 2 if healthy else 0
        health.record(world, container, 1 if healthy else 0, "")
    else:
        world.emit_container(container, "exec_create: sh", execID=world.new_id("exec"))


def _create(world: World) -> None:
    body = {"Image": "busybox:latest", "Cmd": ["sleep", "3600"], "Labels": {"demo.churn": "1"}}
    try:
        creating.create(world, "", body)
    except ApiError:
        # The image was removed by a client.
        world.emit("daemon", "reload", "demo", {"name": "demo"})
