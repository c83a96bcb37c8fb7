"""A demo engine where a day passes in minutes: `python tests/soak_daemon.py SOCKET EVENTS`.

Beside a dozen containers that stay, others are created, started, ended and destroyed as fast as a client takes the
events, until so many events were sent; and the container named torrent writes as fast as it is read.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tui.demo import creating, life
from tui.demo.clock import NS
from tui.demo.programs import STDOUT, Line
from tui.demo.records import Container
from tui.demo.server import DemoEngine
from tui.demo.world import World

MOST_AHEAD = 2_000
"""Events that wait for a client before the engine does, so that it is the client that sets the pace."""

LINE = b"the quick brown fox " * 200 + b"\n"
LINES_A_SECOND = 25_000


class Torrent:
    """A program that writes more than anybody can read, of which the last lines are kept."""

    on_term = None
    ends = False

    def lines(self, elapsed_ns: int) -> tuple[int, int]:
        count = elapsed_ns * LINES_A_SECOND // NS
        return max(0, count - 500), count

    def line(self, number: int) -> Line:
        return Line(number * NS // LINES_A_SECOND, STDOUT, b"%12d " % number + LINE)

    def next_ns(self, elapsed_ns: int) -> int:
        return elapsed_ns + NS // 1000

    def exited(self, elapsed_ns: int) -> None:
        return None


def make(world: World, name: str) -> Container:
    body = {"Image": "busybox:latest", "Cmd": ["sleep", "100000"], "Labels": {"soak": "x" * 100}}
    container = creating.create(world, name, body)
    life.start(world, container)
    return container


async def pass_a_day(world: World, events: int) -> None:
    torrent = make(world, "torrent")
    assert torrent.run is not None
    torrent.run.program = Torrent()
    before = world.bus.emitted
    number = 0
    alive: list[Container] = []
    while world.bus.emitted - before < events:
        if world.bus.ahead > MOST_AHEAD:
            await asyncio.sleep(0.001)
            continue
        number += 1
        alive.append(make(world, f"passing-{number}"))
        if len(alive) > 200:
            doomed = alive.pop(0)
            life.die(world, doomed, number % 2)
            life.remove(world, doomed, force=True)
        if number % 20 == 0:
            await asyncio.sleep(0)
    for container in alive:
        life.remove(world, container, force=True)
    print(f"{number} containers, {world.bus.emitted - before} events", flush=True)


async def main(path: Path, events: int) -> None:
    engine = DemoEngine(containers=12)
    await engine.start(path)
    try:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await pass_a_day(engine.world, events)
        await asyncio.to_thread(sys.stdin.readline)
    finally:
        await engine.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
