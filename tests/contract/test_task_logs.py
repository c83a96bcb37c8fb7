"""The logs of a service's tasks: on the demo engine, on a real swarm of one node, and on one of two."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from subprocess import run
from typing import Any

import pytest

from private_engine import PrivateEngine, private_engine
from tui.demo.server import serve_demo
from tui.engine.decoding import decode
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import NotFound
from tui.engine.swarm import set_replicas
from tui.jobs.log_feed import LogFeed
from tui.jobs.log_merge import Merged
from tui.jobs.log_source import Target
from tui.jobs.task_logs import TaskLogs
from tui.model.swarm import SwarmService
from tui.present.logs import why_empty
from waiting import until

SAYS = 'i=0; while true; do i=$((i+1)); echo "line $i"; echo "error $i" >&2; sleep 0.2; done'


class Reader:
    """Follows the tasks of a service, and keeps what it is given."""

    def __init__(self, engine: Engine, service: SwarmService) -> None:
        self.tasks = TaskLogs(engine.swarm, [service])
        self._changed = asyncio.Event()
        self.feed = LogFeed([], self, tail=100, on_phase=self._phase_changed, growing=True)
        self.lines: list[tuple[str, str]] = []

    def _phase_changed(self) -> None:
        self._changed.set()

    def append(self, found: Merged) -> None:
        for record, number in zip(found.batch.records(), found.sources, strict=True):
            self.lines.append((self.feed.label(number), record.text))
        self._changed.set()

    def add(self, found: Sequence[Target]) -> None:
        for target in found:
            self.feed.add(target)

    def texts(self, text: str) -> list[str]:
        """Return the lines that have a text."""
        return [line for _, line in self.lines if text in line]

    def labels(self, text: str) -> set[str]:
        """Return the labels of the lines that have a text."""
        return {label for label, line in self.lines if text in line}

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until it is true, looking with each line and each new phase."""
        async with asyncio.timeout(90):
            while not true():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def reading(engine: Engine, service: SwarmService) -> AsyncIterator[Reader]:
    """Follow the tasks of a service for a while."""
    reader = Reader(engine, service)
    reader.add(await reader.tasks.refresh())
    workers = [asyncio.create_task(reader.feed.run()), asyncio.create_task(reader.tasks.follow(reader.add))]
    try:
        yield reader
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


@asynccontextmanager
async def engine_at(socket: str) -> AsyncIterator[Engine]:
    engine = Engine(Endpoint(f"unix://{socket}", "test"))
    await engine.connect()
    try:
        yield engine
    finally:
        await engine.close()


async def named(engine: Engine, name: str) -> SwarmService:
    return next(service for service in await engine.swarm.services() if service.name == name)


# the demo engine


async def test_each_task_is_told_apart_by_slot_and_node_and_in_order() -> None:
    async with serve_demo(swarm=True) as path, engine_at(str(path)) as engine:
        async with reading(engine, await named(engine, "shop_web")) as reader:
            await reader.until(lambda: len({label for label, _ in reader.lines}) == 3)
        assert {label for label, _ in reader.lines} == {"web.1@demo", "web.2@worker-1", "web.3@demo"}
        whole = [line async for found in reader.feed.everything() for line in found.batch.times]
        assert whole == sorted(whole)


async def test_tasks_that_come_later_are_followed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.jobs.task_logs.POLL_SECONDS", 0.1)
    async with serve_demo(swarm=True) as path, engine_at(str(path)) as engine:
        web = await named(engine, "shop_web")
        async with reading(engine, web) as reader:
            await reader.until(lambda: bool(reader.lines))
            await engine.swarm.change_service(web.id, set_replicas(4))
            await reader.until(lambda: "web.4@worker-1" in {label for label, _ in reader.lines})


async def test_what_can_not_be_run_says_why() -> None:
    async with serve_demo(swarm=True) as path, engine_at(str(path)) as engine:
        ledger = await named(engine, "ledger")
        async with reading(engine, ledger) as reader:
            await reader.until(lambda: bool(reader.labels("No such image")))
        with pytest.raises(NotFound):
            await engine.swarm.task("nothing")


async def test_the_docker_cli_takes_the_demo_engines_logs(docker_cli: str) -> None:
    async with serve_demo(swarm=True) as path:
        process = await asyncio.create_subprocess_exec(
            docker_cli, "--host", f"unix://{path}", "service", "logs", "--tail", "2", "shop_web",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, problem = await process.communicate()
        assert process.returncode == 0, problem.decode()
        prefixes = {line.split(" ")[0].rpartition(".")[0] for line in out.decode().splitlines()}
        assert prefixes == {"shop_web.1", "shop_web.2", "shop_web.3"}
        assert {line.split("|")[0].rstrip().rpartition("@")[2] for line in out.decode().splitlines()} == {
            "demo",
            "worker-1",
        }


# real ones


async def service_that(
    engine: Engine, name: str, command: str, *, driver: str = "", replicas: int = 1, again: bool = False
) -> SwarmService:
    """Make a service of the image busybox; `again`: its tasks are started again at once when they end."""
    task: dict[str, object] = {
        "ContainerSpec": {"Image": "busybox:latest", "Command": ["sh", "-c", command], "StopGracePeriod": 1},
        "RestartPolicy": {"Condition": "any", "Delay": 0} if again else {"Condition": "none"},
    }
    if driver:
        task["LogDriver"] = {"Name": driver}
    spec = {"Name": name, "TaskTemplate": task, "Mode": {"Replicated": {"Replicas": replicas}}}
    await engine.transport.read("POST", "/services/create", body=spec)
    return await named(engine, name)


async def test_tasks_of_a_real_swarm_with_their_ends_and_reasons(own_engine: PrivateEngine) -> None:
    async with engine_at(own_engine.socket) as engine:
        await engine.swarm.init("127.0.0.1")
        web = await service_that(engine, "web", SAYS)
        crash = await service_that(engine, "crash", "echo boom; exit 3")
        mute = await service_that(engine, "mute", "echo nobody hears it; sleep 600", driver="none")
        async with reading(engine, web) as reader:
            await reader.until(lambda: bool(reader.labels("line 3") and reader.labels("error 3")))
        texts = [line for _, line in reader.lines if line.startswith("line")]
        assert texts == [f"line {number}" for number in range(1, len(texts) + 1)], "each once, and in order"
        async with reading(engine, crash) as reader:
            await reader.until(lambda: bool(reader.labels("boom") and reader.labels("exit code 3")))
        async with reading(engine, mute) as reader:
            await reader.until(lambda: "following" in [source.phase for source in reader.feed.sources])
            source = reader.feed.sources[0]
            assert "its log driver is none" in why_empty(source.container, source.phase, source.problem)


async def test_a_real_service_that_crashes_again_and_again_loses_no_task(own_engine: PrivateEngine) -> None:
    async with engine_at(own_engine.socket) as engine:
        await engine.swarm.init("127.0.0.1")
        crash = await service_that(engine, "crash", "echo begins $HOSTNAME; sleep 0.2; exit 3", again=True)
        async with reading(engine, crash) as reader:
            await reader.until(lambda: len(reader.texts("exit code 3")) >= 15)
            assert reader.feed.followed <= 3
            await engine.swarm.remove_service(crash.id)
            await until(lambda: reader.feed.followed == 0)
        begun = reader.texts("begins")
        assert len(begun) == len(set(begun))
        ends = reader.texts("exit code 3") + reader.texts("was removed")
        assert len(ends) == len(set(ends))
        assert len(begun) <= len(ends) + 1, "how each ended is told; of the last one it may not be known"
        params = {"since": "0", "until": str(time.time()), "filters": {"type": ["container"], "event": ["start"]}}
        told = (await engine.transport.read("GET", "/events", params=params)).splitlines()
        started = [decode(line, dict[str, Any], "GET /events")["Actor"]["ID"][:12] for line in told]
        assert len(started) >= 15
        lost = [id for id in started if f"begins {id}" not in begun]
        assert len(lost) <= 1, "the last one may have been removed before it wrote"


async def test_tasks_on_another_node_and_what_is_said_when_it_goes_away(own_engine: PrivateEngine) -> None:
    if shutil.which("ip") is None:
        pytest.skip("two networks are joined by ip, which is not here")
    with private_engine(own_engine.binaries) as worker:
        join(own_engine, worker)
        async with engine_at(own_engine.socket) as engine, engine_at(worker.socket) as other:
            await engine.swarm.init("10.213.7.1", "10.213.7.1:2377")
            tokens = decode(await engine.transport.read("GET", "/swarm"), dict[str, Any], "GET /swarm")["JoinTokens"]
            body = {"ListenAddr": "10.213.7.2:2377", "RemoteAddrs": ["10.213.7.1:2377"], "JoinToken": tokens["Worker"]}
            await other.transport.read("POST", "/swarm/join", body=body)
            web = await service_that(engine, "web", SAYS, replicas=2)
            async with reading(engine, web) as reader:
                await reader.until(lambda: len(reader.labels("line 3")) == 2)
                own = (await engine.swarm.status()).node_id[:4]
                there = next(label for label in reader.labels("line 3") if not label.endswith(own))
                worker.kill()
                await reader.until(lambda: reader.labels("is down") == {there})
            async with reading(engine, web) as reader:
                await reader.until(lambda: there in reader.labels("is not available"))


def join(manager: PrivateEngine, worker: PrivateEngine) -> None:
    """Join the networks of two engines by a pair of addresses."""
    pair = ["ip", "link", "add", "hythe1", "type", "veth", "peer", "name", "hythe2", "netns", str(worker.space)]
    run(manager.inside(*pair), check=True)
    for engine, name, address in ((manager, "hythe1", "10.213.7.1/24"), (worker, "hythe2", "10.213.7.2/24")):
        run(engine.inside("ip", "addr", "add", address, "dev", name), check=True)
        run(engine.inside("ip", "link", "set", name, "up"), check=True)
