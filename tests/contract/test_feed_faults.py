"""The feed behind a bad line, against every engine: it says what is wrong, and once cured its state is the truth."""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fault_proxy import FaultProxy, fault_proxy
from tui.demo.server import serve_demo
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import EngineError, NotFound
from tui.model.containers import Container
from tui.store.feed import Feed
from tui.store.state import State

IMAGE = "busybox:latest"
CURE = 15.0
"""Seconds after a cure in which the state is the daemon's again: two, held in virtual time, on a machine with time."""


@dataclass
class Bench:
    """A feed behind the proxy, and an engine with a line of its own that changes and reads the truth."""

    proxy: FaultProxy
    direct: Engine
    feed: Feed
    changed: asyncio.Event
    phases: set[str] = field(default_factory=set[str])
    prefix: str = field(default_factory=lambda: f"feedtest-{secrets.token_hex(3)}")
    made: list[str] = field(default_factory=list[str])

    @property
    def state(self) -> State:
        return self.feed.state

    async def create(self, name: str) -> str:
        body = {"Image": IMAGE, "Cmd": ["sleep", "1000"], "Labels": {"hythe.test": self.prefix}}
        created = await self.direct.containers.create(body, name=f"{self.prefix}-{name}")
        self.made.append(created.id)
        return created.id

    async def until(self, true: Callable[[], bool], seconds: float = CURE) -> None:
        """Wait until the state makes it true."""
        async with asyncio.timeout(seconds):
            while not true():
                self.changed.clear()
                await self.changed.wait()

    async def until_true(self, seconds: float = CURE) -> None:
        """Wait until the feed is live and its state says of this test's containers what a fresh list says."""
        async with asyncio.timeout(seconds + 1):
            truth = _facts(await self.direct.containers.list_all(filters={"label": [f"hythe.test={self.prefix}"]}))
        try:
            await self.until(
                lambda: self.state.condition.is_live and not self.state.problems and self._ours() == truth, seconds
            )
        except TimeoutError:
            pytest.fail(f"{self.state.condition}, {self.state.problems}: {self._ours()} is not {truth}")

    def _ours(self) -> set[tuple[str, str, str, int | None]]:
        return _facts(c for c in self.state.containers.values() if c.labels.get("hythe.test") == self.prefix)

    async def change(self) -> None:
        """One container of each kind of change."""
        for name in ("a", "b", "c", "d"):
            await self.create(name)
        for container in self.made[:3]:
            await self.direct.containers.start(container)
        await self.direct.containers.kill(self.made[0])
        await self.direct.containers.rename(self.made[1], f"{self.prefix}-renamed")
        await self.direct.containers.pause(self.made[2])
        await self.direct.containers.remove(self.made[3])
        await self.direct.transport.read("POST", f"/containers/{self.made[0]}/wait")


def _facts(containers: Iterable[Container]) -> set[tuple[str, str, str, int | None]]:
    return {(c.id, c.name, c.state, c.exit_code) for c in containers}


@pytest.fixture
async def bench(engine_socket: str, short_tmp: Path) -> AsyncIterator[Bench]:
    async with fault_proxy(short_tmp, engine_socket) as proxy:
        direct, behind = (
            Engine(Endpoint(f"unix://{engine_socket}", "test")),
            Engine(Endpoint(f"unix://{proxy.socket}", "test")),
        )
        changed = asyncio.Event()

        def note() -> None:
            bench.phases.add(bench.feed.state.condition.phase)
            changed.set()

        bench = Bench(proxy, direct, Feed(behind, note), changed)
        running = asyncio.create_task(bench.feed.run())
        yield bench
        running.cancel()
        await asyncio.wait([running])
        for container in bench.made:
            with suppress(NotFound):
                await direct.containers.remove(container, force=True)
        await behind.close()
        await direct.close()
        assert running.cancelled(), "the feed goes on whatever happens"


def is_live(bench: Bench) -> bool:
    return bench.state.condition.is_live


async def test_it_follows_what_happens(bench: Bench) -> None:
    await bench.until(lambda: is_live(bench))
    await bench.change()
    await bench.until_true()
    lists = [event.action for event in bench.feed.recent if event.id == bench.made[0]]
    assert lists[0] == "create"
    assert {"start", "die"} <= set(lists)


async def test_lines_that_break_again_and_again_while_things_happen(bench: Bench) -> None:
    await bench.until(lambda: is_live(bench))
    changing = asyncio.create_task(bench.change())
    while not changing.done():
        bench.proxy.cut()
        await bench.until(lambda: not bench.proxy.lines or is_live(bench))
        await asyncio.wait([changing], timeout=0.05)
    await changing
    await bench.until_true()


@pytest.mark.parametrize("left", ["a socket file", "nothing"])
async def test_a_daemon_that_goes_away_and_comes_back(bench: Bench, left: str) -> None:
    await bench.until(lambda: is_live(bench))
    kept = set(bench.state.containers)
    if left == "nothing":
        bench.proxy.down()
    else:
        bench.proxy.die()
    await bench.until(lambda: bench.state.condition.phase == "reconnecting" and bench.state.condition.attempt > 1)
    assert bench.state.condition.error.startswith("no socket" if left == "nothing" else "refused")
    assert set(bench.state.containers) >= kept, "the last known rows stay on the screen"
    await bench.change()
    await bench.proxy.up()
    await bench.until_true()


async def test_a_daemon_that_falls_silent(bench: Bench) -> None:
    await bench.until(lambda: is_live(bench))
    bench.proxy.stall()
    await bench.until(lambda: bench.state.condition.phase == "stale")
    assert bench.state.condition.error == "timed out: no answer"
    await bench.change()
    bench.proxy.flow()
    await bench.until_true()


async def test_bytes_that_are_spoiled_on_the_way(bench: Bench) -> None:
    """A spoiled byte in the stream of events breaks it; what it should have told is read anew."""
    await bench.until(lambda: is_live(bench))
    spoiled: list[bytes] = []

    def spoil(data: bytes) -> bytes:
        if b'"Action"' in data and len(spoiled) < 3:
            spoiled.append(data)
            return data.replace(b'"Action"', b'"Act\x00on"')
        return data

    bench.proxy.corrupt = spoil
    await bench.change()
    await bench.until(lambda: bool(spoiled))
    await bench.until_true()


async def test_answers_cut_after_any_number_of_bytes(bench: Bench) -> None:
    """Each new connection breaks a little later, within the ping, the lists and the stream; the last one holds."""
    await bench.until(lambda: is_live(bench))
    await bench.change()
    for size in (0, 1, 40, 100, 300, 700, 1500):
        bench.proxy.cut_after = size
        before = bench.proxy.accepted
        bench.proxy.cut()
        bench.feed.refresh()
        await bench.until(lambda before=before: bench.proxy.accepted > before)
    bench.proxy.cut_after = None
    bench.proxy.cut()
    await bench.until_true()


async def test_a_late_and_narrow_line(bench: Bench) -> None:
    """20 kB/s with 300 ms to and fro: it is slow, and not taken for dead."""
    bench.proxy.delay = 0.3
    bench.proxy.rate = 20_000
    bench.proxy.cut()
    await bench.until(lambda: is_live(bench), 60)
    phases: set[str] = set()
    bench.phases = phases
    await bench.change()
    await bench.until_true()
    assert phases == {"live"}


async def test_lines_that_are_dead_and_nobody_says_so(bench: Bench) -> None:
    """As when a firewall forgot them: new lines work, and on those that are open nothing ever comes."""
    await bench.until(lambda: is_live(bench))
    bench.proxy.deaden()
    await bench.change()
    assert bench.made[0] not in bench.state.containers
    await bench.until(lambda: bench.state.condition.phase == "stale")
    await bench.until_true()
    assert bench.made[0] in bench.state.containers


async def test_another_daemon_takes_the_place_of_the_socket(bench: Bench, demo_socket: str, tmp_path: Path) -> None:
    """The former one goes on, and answers on the connections that lead to it."""
    await bench.until(lambda: is_live(bench))
    former = set(bench.state.containers)
    os.rename(bench.proxy.socket, f"{bench.proxy.socket}.old")
    async with serve_demo(seed=23, containers=5) as other:
        os.symlink(other, f"{bench.proxy.socket}.new")
        os.rename(f"{bench.proxy.socket}.new", bench.proxy.socket)
        engine = Engine(Endpoint(f"unix://{other}", "other"))
        theirs = {container.id for container in await engine.containers.list_all()}
        assert theirs.isdisjoint(former)
        await bench.until(lambda: is_live(bench) and set(bench.state.containers) == theirs)
        await engine.close()


async def test_thousands_of_events_within_a_second(bench: Bench) -> None:
    await bench.until(lambda: is_live(bench))
    for number in range(8):
        await bench.create(f"storm{number}")
    await bench.until_true()
    before = bench.state.events

    async def rename(container: str) -> None:
        for number in range(250):
            await bench.direct.containers.rename(container, f"{bench.prefix}-{container[:8]}-{number}")

    await asyncio.gather(*map(rename, bench.made))
    await bench.until_true()
    await bench.until(lambda: bench.state.events - before >= 2000)


async def test_the_clock_of_the_daemon_an_hour_off(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is this process's clock that is put forward, which is the same to both."""
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + 3600)
    monkeypatch.setattr(time, "time_ns", lambda: int((clock() + 3600) * 1e9))
    await bench.until(lambda: is_live(bench))
    await bench.change()
    await bench.until_true()
    told = bench.state.events
    bench.proxy.cut()
    await bench.until(lambda: not is_live(bench))
    await bench.direct.containers.unpause(bench.made[2])
    await bench.until_true()
    # the list may be ahead of the stream, which was resumed and tells what happened meanwhile
    await bench.until(lambda: bench.state.events > told)


async def test_commands_over_a_broken_line_say_so(bench: Bench) -> None:
    engine = bench.feed.engine
    made = await bench.create("x")
    bench.proxy.cut_after = 0
    bench.proxy.cut()
    with pytest.raises(EngineError) as caught:
        await engine.containers.start(made)
    assert str(caught.value)
    bench.proxy.cut_after = None
    await bench.until_true()
