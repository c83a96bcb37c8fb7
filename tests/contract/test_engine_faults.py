"""The feed and a real daemon that is stopped, killed and frozen under it; and a process that may open no more files.

Each time it says what is wrong, and once the daemon answers its state is soon the truth. How soon is held in virtual
time (tests/unit): three seconds and two. Here a busy machine may take longer.
"""

import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from followed import Followed, followed
from private_engine import PrivateEngine
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.model.containers import Container
from tui.store.state import State
from tui.store.usage import UsageWatch

IMAGE = "busybox:latest"
CURE_SECONDS = 15.0
WORD_SECONDS = 15.0


@asynccontextmanager
async def client(engine: PrivateEngine) -> AsyncIterator[Engine]:
    made = Engine(Endpoint(engine.host, "test"))
    await made.connect()
    try:
        yield made
    finally:
        await made.close()


async def run(engine: Engine, name: str, *command: str, **host: object) -> str:
    # a daemon that ends waits for its containers as long as they may take
    body = {"Image": IMAGE, "Cmd": list(command), "HostConfig": host, "StopTimeout": 1}
    made = (await engine.containers.create(body, name=name)).id
    await engine.containers.start(made)
    return made


def facts(containers: list[Container]) -> set[tuple[str, str, str, int | None]]:
    return {(each.id, each.name, each.state, each.exit_code) for each in containers}


async def is_true(engine: Engine, state: State) -> bool:
    """Whether each table is what a fresh list says."""
    tables: list[tuple[set[object], set[object]]] = [
        (set(facts(list(state.containers.values()))), set(facts(await engine.containers.list_all()))),
        ({(each.id, each.tags) for each in state.images.values()},
         {(each.id, each.tags) for each in await engine.images.list_all()}),
        ({each.name for each in state.volumes.values()}, {each.name for each in await engine.volumes.list_all()}),
        ({(each.id, each.name) for each in state.networks.values()},
         {(each.id, each.name) for each in await engine.networks.list_all()}),
    ]  # fmt: skip
    return all(known == listed for known, listed in tables)


async def cured(watched: Followed, direct: Engine, answering: float) -> None:
    """Hold the state against fresh lists until they agree; it has to be soon after the daemon was `answering`."""
    while not (watched.phase == "live" and await is_true(direct, watched.state)):
        late = time.monotonic() - answering
        assert late < CURE_SECONDS, f"{late:.1f} s after the daemon answered: {watched.state.condition}"
        await asyncio.sleep(0.02)  # fresh lists are to be read again: nothing tells when they would change


@pytest.mark.parametrize("end", [PrivateEngine.stop, PrivateEngine.kill], ids=["stopped", "killed"])
async def test_a_daemon_that_ends_and_starts_again(
    own_engine: PrivateEngine, end: Callable[[PrivateEngine], None]
) -> None:
    async with client(own_engine) as direct, client(own_engine) as engine, followed(engine) as watched:
        running = await run(direct, "running", "sleep", "1000")
        again = await run(direct, "again", "sleep", "1000", RestartPolicy={"Name": "always"})
        await direct.volumes.create("data")
        await watched.until_live()
        watched.feed.inspect_missing([running, again])
        await watched.until(lambda: watched.state.containers[again].inspected)
        kept = set(watched.state.containers)
        started = watched.state.containers[again].started

        ended = time.monotonic()
        await asyncio.to_thread(end, own_engine)
        await watched.until(lambda: watched.phase == "reconnecting", WORD_SECONDS)
        await watched.until(lambda: watched.state.condition.attempt > 1, WORD_SECONDS)
        assert time.monotonic() - ended < 60
        condition = watched.state.condition
        assert condition.error.startswith("refused" if end is PrivateEngine.kill else "no socket")
        assert condition.hint
        assert set(watched.state.containers) == kept, "the last known rows stay on the screen"

        answering = await asyncio.to_thread(own_engine.start)
        await cured(watched, direct, answering)
        assert watched.state.containers[running].state == "exited"
        await watched.until(lambda: watched.state.containers[again].started != started, 10)
        made = await run(direct, "after", "sleep", "1000")
        await watched.until(lambda: made in watched.state.containers, CURE_SECONDS)


async def test_a_daemon_that_is_frozen(own_engine: PrivateEngine) -> None:
    """It was seen with 30 s as well; what counts is that it is longer than any answer is waited for."""
    async with client(own_engine) as direct, client(own_engine) as engine, followed(engine) as watched:
        short = await run(direct, "short", "sleep", "4")
        made = await run(direct, "long", "sleep", "1000")
        await watched.until_live()
        watched.feed.inspect_missing([short, made])
        own_engine.freeze()
        frozen = time.monotonic()
        try:
            await watched.until(lambda: watched.phase == "stale", WORD_SECONDS)
            assert watched.state.condition.error == "timed out: no answer"
            watched.feed.refresh()  # requests that hang meanwhile
            held = frozen + 6 - time.monotonic()
            await asyncio.sleep(held)  # the length of the fault itself
            assert watched.phase == "stale"
        finally:
            own_engine.thaw()
        await cured(watched, direct, time.monotonic())
        assert watched.state.containers[short].state == "exited"
        await direct.containers.kill(made)
        await watched.until(lambda: watched.state.containers[made].state == "exited", CURE_SECONDS)


async def test_streams_of_usage_come_back_by_themselves(own_engine: PrivateEngine) -> None:
    async with client(own_engine) as direct, client(own_engine) as engine:
        made = await run(direct, "again", "sleep", "1000", RestartPolicy={"Name": "always"})
        changed = asyncio.Event()
        watch = UsageWatch(engine, lambda _keys: changed.set())
        watch.watch([made])

        async def until(true: Callable[[], bool]) -> None:
            async with asyncio.timeout(20):
                while not true():
                    changed.clear()
                    await changed.wait()

        await until(lambda: made in watch.usage and watch.usage[made].sample.cpu is not None)
        await asyncio.to_thread(own_engine.kill)
        await until(lambda: made not in watch.usage)
        await asyncio.to_thread(own_engine.start)
        await until(lambda: made in watch.usage and watch.usage[made].sample.cpu is not None)
        await watch.close()


async def test_commands_to_a_daemon_that_is_away_say_so(own_engine: PrivateEngine) -> None:
    async with client(own_engine) as engine:
        made = await run(engine, "some", "sleep", "1000")
        await asyncio.to_thread(own_engine.kill)
        with pytest.raises(EngineError) as caught:
            await engine.containers.stop(made)
        assert str(caught.value)


# a process that may open no more files


async def test_no_more_files_may_be_opened(engine_socket: str) -> None:
    """The reason is said, nothing breaks for good, and no file is left open."""
    engine = Engine(Endpoint(f"unix://{engine_socket}", "test"))
    async with followed(engine) as watched:
        await watched.until_live()
        before = len(os.listdir("/proc/self/fd"))
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, highest + 16), hard))
        held: list[int] = []

        def stuck() -> bool:
            held.extend(_all_files())  # those too that it gave back when it left its connections
            return watched.phase == "reconnecting" and watched.state.condition.attempt > 2

        try:
            await engine.renew_connections()
            stuck()
            watched.feed.refresh()
            await watched.until(stuck)
            assert "Too many open files" in watched.state.condition.error
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for number in held:
                os.close(number)
        await watched.until_live(CURE_SECONDS)
        await watched.until(lambda: len(os.listdir("/proc/self/fd")) <= before + 6)
    await engine.close()


def _all_files() -> list[int]:
    held: list[int] = []
    with suppress(OSError):
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    return held
