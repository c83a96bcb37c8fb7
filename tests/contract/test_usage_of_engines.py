"""Usage against `docker stats` of the same containers, from the kernel's files and from the daemon's streams."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from engine_bench import IMAGE, Bench, bench_on
from engines import RealEngine
from private_engine import PrivateEngine
from tui.model.stats import Usage
from tui.store.usage import UsageWatch

UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
BUSY = "dd if=/dev/zero of=/file bs=1024 count=3000 2>/dev/null; while :; do :; done"
"""Some cache that nobody uses, and work; how much of that is limited for it to be even."""

CPU_POINTS = 15.0
"""How far a second of `docker stats` may lie from all of ours around it, in points: they are not the same seconds."""


@dataclass
class Watched:
    """A watch of some containers, and every usage that it told of each."""

    watch: UsageWatch
    changed: asyncio.Event
    told: dict[str, list[Usage]] = field(default_factory=dict[str, list[Usage]])

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not true():
                self.changed.clear()
                await self.changed.wait()


def watched(bench: Bench) -> Watched:
    def note(keys: set[str]) -> None:
        for key in keys & found.watch.usage.keys():
            found.told.setdefault(key, []).append(found.watch.usage[key])
        found.changed.set()

    found = Watched(UsageWatch(bench.engine, note, interval=0.05), asyncio.Event())
    return found


async def docker_stats(cli: str, host: str, container: str) -> dict[str, str]:
    """One row of `docker stats`."""
    process = await asyncio.create_subprocess_exec(
        cli, "-H", host, "stats", "--no-stream", "--no-trunc", "--format", "{{json .}}", container,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    return json.loads(out)


def size(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text.strip()).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]


def pair(text: str) -> tuple[float, float]:
    first, second = text.split("/")
    return size(first), size(second)


async def run_busy(bench: Bench, **more: object) -> str:
    host = {"NanoCpus": 300_000_000, "Memory": 64 << 20, "MemorySwap": 64 << 20} | more
    return await bench.run("sh", "-c", BUSY, HostConfig=host)


async def agree(bench: Bench, found: Watched, cli: str, host: str, made: str) -> None:
    """Hold what is told of a container while `docker stats` looks against what that says."""
    await found.until(lambda: len([u for u in found.told.get(made, ()) if u.sample.cpu is not None]) >= 2)
    found.told.clear()
    row = await docker_stats(cli, host, made)
    await found.until(lambda: len(found.told.get(made, ())) >= 1)
    samples = [usage.sample for usage in found.told[made]]
    last = samples[-1]
    cpu = float(row["CPUPerc"].rstrip("%"))
    ours = [sample.cpu for sample in samples if sample.cpu is not None]
    assert min(ours) - CPU_POINTS <= cpu <= max(ours) + CPU_POINTS
    memory, limit = pair(row["MemUsage"])
    assert memory == pytest.approx(last.memory, rel=0.02)
    assert limit == pytest.approx(last.memory_limit, rel=0.001)
    assert pair(row["NetIO"]) == (pytest.approx(last.rx, rel=0.05, abs=500), pytest.approx(last.tx, rel=0.05, abs=500))
    assert pair(row["BlockIO"]) == (pytest.approx(last.disk_read, rel=0.01), pytest.approx(last.disk_write, rel=0.01))
    assert int(row["PIDs"]) == last.pids
    history = found.watch.histories[made]
    assert history.last is not None
    assert len(history) >= 2
    assert history.series["memory"].peak >= max(sample.memory for sample in samples)
    assert history.series["cpu"].peak >= max(ours)
    told = await bench.engine.containers.counts(made)
    assert told.cache == pytest.approx(found.watch.usage[made].sample.cache, abs=1 << 20)


@pytest.fixture
async def bench(real_engine: RealEngine) -> AsyncIterator[Bench]:
    async with bench_on(real_engine.socket) as bench:
        yield bench


@pytest.mark.parametrize("source", ["as it comes", "streamed"])
async def test_it_is_what_docker_stats_shows(
    bench: Bench, real_engine: RealEngine, docker_cli: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "streamed":
        monkeypatch.setattr(bench.engine, "local_cgroups", lambda: None)
    made = await run_busy(bench)
    found = watched(bench)
    found.watch.watch([made])
    try:
        await agree(bench, found, docker_cli, real_engine.host, made)
        assert source == "as it comes" or (found.watch.streams, found.watch.reads) == (1, 0)
    finally:
        await found.watch.close()


async def test_a_daemon_of_this_machine_is_read_from_the_kernel(own_engine: PrivateEngine, docker_cli: str) -> None:
    """In every kind of network; and what a container in the host's network sends is not its own."""
    async with bench_on(own_engine.socket) as bench:
        made = await run_busy(bench)
        others = [
            await bench.run("sleep", "1000", name=mode, HostConfig={"NetworkMode": network})
            for mode, network in (("host", "host"), ("none", "none"), ("shared", f"container:{made}"))
        ]
        found = watched(bench)
        found.watch.watch([made, *others])
        try:
            await found.until(lambda: found.watch.reads == 4)
            assert found.watch.streams == 0
            await agree(bench, found, docker_cli, own_engine.host, made)
            told = {key: await bench.engine.containers.counts(key) for key in others}
            ours = {key: found.watch.usage[key].sample for key in others}
            assert {key: (each.rx > 0) for key, each in told.items()} == {
                key: each.rx > 0 for key, each in ours.items()
            }
            assert [ours[key].rx > 0 for key in others] == [False, False, True]

            before = bench.engine.transport.requests
            told_before = len(found.told[made])
            await found.until(lambda: len(found.told[made]) >= told_before + 3)
            assert bench.engine.transport.requests == before, "no cost to the daemon"

            await bench.engine.containers.restart(made, grace=0)
            await found.until(lambda: made not in found.watch.usage)
            await found.until(lambda: found.watch.reads == 4)
        finally:
            await found.watch.close()


async def test_a_stats_answer_of_a_moment(bench: Bench) -> None:
    made = await run_busy(bench)
    first = await bench.engine.containers.counts(made)
    second = await bench.engine.containers.counts(made)
    assert 0 < first.cpu_ns <= second.cpu_ns
    assert first.memory_limit == 64 << 20
    assert (await bench.engine.containers.read(made)).image == IMAGE
