"""The usage of a local daemon's containers comes from the kernel, once it is proven that it is theirs."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import SimpleNamespace
from typing import cast

import msgspec

from tui.engine.engine import Engine
from tui.engine.errors import ConnectionLost
from tui.model.cgroups import Counts, HostTimes
from tui.model.containers import Container
from tui.model.stats import Sample
from tui.store.usage import MISSES, RETRY_SECONDS, UsageWatch
from virtual_time import run_virtually

SECOND = 10**9


class Machine:
    """A daemon and the kernel under it: containers `c0` … that use half of one of two processors."""

    def __init__(self, *, local: bool = True) -> None:
        self.local = local
        self.pids = {f"c{number}": 100 + number for number in range(70)}
        self.restarted: dict[str, float] = {}
        self.told_wrong: dict[str, int] = {}
        self.requests: list[str] = []
        self.open: set[str] = set()
        self.hosts_read = 0
        self.looked: list[tuple[str, int, bool]] = []
        self.networks: tuple[tuple[str, str], ...] = (("bridge", ""),)

    @property
    def now_ns(self) -> int:
        return int(asyncio.get_running_loop().time() * SECOND)

    # the kernel

    def host(self) -> HostTimes:
        self.hosts_read += 1
        return HostTimes(2 * self.now_ns, 2)

    def find(self, container: str, pid: int, *, own_network: bool = True) -> object:
        self.looked.append((container, pid, own_network))
        if not self.local or self.pids.get(container) != pid:
            return None
        return SimpleNamespace(read=lambda host: self.count(container, pid, host))

    def count(self, container: str, pid: int, host: HostTimes) -> Counts:
        if self.pids.get(container) != pid:
            raise ProcessLookupError(pid, "it has ended")
        return Counts(self.now_ns // 2, 1000, 5000, 3, rx=10 * self.now_ns // SECOND, host=host, read_ns=self.now_ns)

    # the daemon

    async def read(self, key: str) -> Container:
        self.requests.append(f"read {key}")
        return Container(key, key, "image", "running", pid=self.pids.get(key, 0), networks=self.networks)

    async def counts(self, key: str) -> Counts:
        self.requests.append(f"counts {key}")
        await asyncio.sleep(0.5)
        told = self.count(key, self.pids[key], HostTimes(0, 0))
        return msgspec.structs.replace(told, **self.told_wrong) if self.told_wrong else told

    async def stats(self, key: str) -> AsyncGenerator[Sample]:
        self.requests.append(f"stats {key}")
        self.open.add(key)
        try:
            while True:
                yield Sample(7.0, 1, 2)
                await asyncio.sleep(1)
                if key not in self.pids:
                    raise ConnectionLost("", "cut")
        finally:
            self.open.discard(key)


def virtually(
    act: Callable[[Machine, UsageWatch], Awaitable[None]],
    machine: Machine | None = None,
    known: Callable[[str], Container | None] = lambda _key: None,
) -> None:
    async def main() -> None:
        this = machine or Machine()
        engine = SimpleNamespace(containers=this, local_cgroups=lambda: this)
        watch = UsageWatch(cast(Engine, engine), lambda _keys: None, known=known)
        await act(this, watch)
        await watch.close()
        assert not this.open
        assert (watch.reads, watch.streams, watch.usage) == (0, 0, {})

    run_virtually(main())


def test_containers_are_read_once_a_second_after_one_proof() -> None:
    async def act(machine: Machine, watch: UsageWatch) -> None:
        watch.watch(machine.pids)
        await asyncio.sleep(4.5)
        assert (watch.reads, watch.streams) == (64, 0)
        assert len([request for request in machine.requests if request.startswith("counts")]) == 1
        assert not [request for request in machine.requests if request.startswith("stats")]
        usage = watch.usage["c5"]
        assert usage.sample.cpu == 50.0
        assert (usage.sample.memory, usage.sample.memory_limit, usage.sample.pids) == (1000, 5000, 3)
        assert usage.rx_rate == 10.0
        assert len(usage.cpu_history) >= 3
        machine.requests.clear()
        hosts_read = machine.hosts_read
        await asyncio.sleep(10)
        assert machine.hosts_read - hosts_read <= 11, "once for all of them"
        assert not machine.requests, "no cost to the daemon"

    virtually(act)


def test_what_is_known_already_is_not_asked_for() -> None:
    machine = Machine()

    def known(key: str) -> Container | None:
        pid = machine.pids[key] if key != "c1" else 7
        return Container(key, key, "image", "running", pid=pid, networks=(("host", ""),)) if key != "c2" else None

    async def act(machine: Machine, watch: UsageWatch) -> None:
        watch.watch(["c0", "c1", "c2"])
        await asyncio.sleep(3)
        assert watch.reads == 3
        assert sorted(machine.requests) == ["counts c0", "read c1", "read c2"], "c1 was started again meanwhile"
        assert ("c0", 100, False) in machine.looked, "nothing is counted in the network of the host"
        assert ("c2", 102, True) in machine.looked

    virtually(act, machine, known)


def test_a_daemon_that_says_otherwise_is_streamed() -> None:
    for wrong in ({"cpu_ns": 5}, {"memory_limit": 5001}, {"rx": 0}, {"disk_write": 1}):
        machine = Machine()
        machine.told_wrong = wrong

        async def act(machine: Machine, watch: UsageWatch) -> None:
            watch.watch(["c0", "c1", "c2"])
            await asyncio.sleep(3)
            assert (watch.reads, watch.streams) == (0, 3)
            assert watch.usage["c0"].sample.cpu == 7.0

        virtually(act, machine)


def test_the_containers_of_another_machine_are_streamed_and_not_looked_for_again_and_again() -> None:
    async def act(machine: Machine, watch: UsageWatch) -> None:
        watch.watch([f"c{number}" for number in range(10)])
        await asyncio.sleep(3)
        assert (watch.reads, watch.streams) == (0, 10)
        assert len(machine.looked) <= MISSES + 10
        machine.looked.clear()
        watch.watch([f"c{number}" for number in range(10, 20)])
        await asyncio.sleep(10)
        assert watch.streams == 10
        assert not machine.looked

    virtually(act, Machine(local=False))


def test_a_container_that_is_started_again_is_read_again() -> None:
    async def act(machine: Machine, watch: UsageWatch) -> None:
        watch.watch(["c0", "c1"])
        await asyncio.sleep(3)
        pid = machine.pids.pop("c0")
        await asyncio.sleep(1.5)
        assert "c0" not in watch.usage, "no number on the screen that nothing tells any more"
        assert watch.reads == 1
        await asyncio.sleep(3 * RETRY_SECONDS)
        assert watch.streams == 0, "the daemon would send zeros"
        machine.pids["c0"] = pid + 1000
        await asyncio.sleep(2 * RETRY_SECONDS)
        assert watch.usage["c0"].sample.cpu == 50.0
        assert watch.reads == 2

    virtually(act)


def test_rows_that_come_and_go_leave_nothing_behind() -> None:
    async def act(machine: Machine, watch: UsageWatch) -> None:
        for start in range(60):
            watch.watch([f"c{number}" for number in range(start, start + 8)])
            await asyncio.sleep(0.3)
        await asyncio.sleep(10)
        assert watch.reads == 8
        assert len(watch.usage) == 8

    virtually(act)
