"""A storm of events at once, how soon the store is current: `python tests/bench/bench_storm.py [events] [rounds]`."""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from followed import followed
from storm_daemon import storm_daemon
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine

IN_VIEW = 50


class Pauses:
    """The longest time in which the event loop looked at nothing: a key would have waited as long."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def measure(self) -> None:
        while True:
            asked = time.monotonic()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.monotonic() - asked - 0.001)


async def storm(path: str, events: int) -> dict[str, float]:
    """Meet one storm; seconds, but for `lost` (events) and `cpu` (seconds of this process)."""
    engine = Engine(Endpoint(f"unix://{path}", "bench"))
    async with followed(engine) as watched:
        await watched.until_live(60)
        watched.feed.inspect_missing(list(watched.state.containers)[:IN_VIEW])
        pauses = Pauses()
        pausing = asyncio.create_task(pauses.measure())
        cpu = time.process_time()
        told = await engine.transport.post("/storm", dict[str, float])
        truth = {each.id: each.state for each in await engine.containers.list_all()}
        await watched.until(lambda: {key: each.state for key, each in watched.state.containers.items()} == truth, 60)
        current = time.monotonic() - told["ended"]
        pausing.cancel()
        lost = events - watched.state.events
    await engine.close()
    return {
        "storm": told["seconds"], "current": current, "waited": told["waited"], "pause": pauses.longest,
        "lost": lost, "cpu": time.process_time() - cpu,
    }  # fmt: skip


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print(f"{events} events at once; medians of {rounds}. Target: current within 1 s of the last, none lost")
    for containers in (100, 1_000, 10_000):
        found: list[dict[str, float]] = []
        for _ in range(rounds):
            with (
                tempfile.TemporaryDirectory(prefix="hy-", dir="/tmp") as folder,
                storm_daemon(Path(folder), containers, events) as path,
            ):
                found.append(asyncio.run(storm(path, events)))
        middle = {name: statistics.median(each[name] for each in found) for name in found[0]}
        print(
            f"{containers:>7} containers: sent in {middle['storm']:.2f} s, current {1000 * middle['current']:.0f} ms "
            f"after the last, {middle['lost']:.0f} lost, the daemon waited {1000 * middle['waited']:.0f} ms at most, "
            f"longest pause of the loop {1000 * middle['pause']:.0f} ms, CPU {middle['cpu']:.2f} s"
        )


if __name__ == "__main__":
    main()
