"""Nothing grows with what passes: containers that come and go, events, reads, broken lines."""

import asyncio
import gc
import sys

from model_daemon import ModelDaemon
from tui.store import knowledge, listening
from watched_feed import QUIET, Watched, virtually

ROUND = 1500
"""Containers that pass between two looks at memory."""

ROUNDS = 5
"""In the first three the events that are remembered fill their bound."""

GROWTH = ROUND // 10
"""Blocks of memory that two rounds may leave in use: one for every twenty containers that passed."""


async def round_of_churn(daemon: ModelDaemon, watched: Watched) -> None:
    """Let containers, volumes and networks pass, each changed and seen on the way; and a line break."""
    for number in range(ROUND):
        key = daemon.create(f"passing{number}")
        daemon.start(key)
        if number % 3 == 0:
            daemon.create_volume(f"volume{number % 40}")
            network = daemon.create_network(f"network{number}")
            daemon.connect_network(key, network)
            daemon.remove_network(network)
        if number % 10 == 0:
            watched.feed.inspect_missing([key])
            await asyncio.sleep(0.01)
        daemon.die(key, 1)
        daemon.destroy(key)
    daemon.cut_lines()
    watched.published.clear()
    daemon.requests.clear()
    daemon.opened.clear()
    await asyncio.sleep(QUIET)


def test_what_passed_leaves_nothing_behind() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        for number in range(50):
            daemon.create(f"stays{number}")
        in_use: list[int] = []
        for _ in range(ROUNDS):
            await round_of_churn(daemon, watched)
            gc.collect()
            in_use.append(sys.getallocatedblocks())
        assert in_use[-1] - in_use[2] < GROWTH, in_use
        assert watched.feed.state.events > ROUNDS * ROUND * 4
        watched.published.append(watched.feed.state)
        watched.assert_true()

    virtually(act)


def test_what_is_remembered_is_bounded() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        daemon.events_at_once = 100
        daemon.had("web")
        await asyncio.sleep(2)
        for _ in range(20):
            for number in range(2000):
                daemon.tell("container", "destroy", f"gone{number}")
            await asyncio.sleep(0.5)
            table = watched.feed.state.table("containers")
            assert len(table.gone) <= knowledge.FORGET_FROM + 1
            assert len(watched.feed.recent) <= 1000
        line = watched.feed._events
        assert len(line._seen) == len(line._marks) <= listening.MOST_SEEN

    virtually(act)
