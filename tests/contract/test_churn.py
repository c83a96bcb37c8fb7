"""A few seconds of random changes on a real engine, which is killed and started again in their middle."""

import asyncio
import time

from test_engine_faults import client, cured

from churn import Churn
from followed import followed
from private_engine import PrivateEngine

CHURN_SECONDS = 4.0
"""How long things change before each look; `tests/bench/hour_of_churn.py` does it for an hour."""


async def test_whatever_changes_the_store_is_the_truth(own_engine: PrivateEngine) -> None:
    churn = Churn(own_engine.socket, seed=4, pause_seconds=0.005)
    async with client(own_engine) as direct, client(own_engine) as engine, followed(engine) as watched:
        await watched.until_live()
        churn.start()
        try:
            await asyncio.sleep(CHURN_SECONDS)
            await asyncio.to_thread(churn.hold)
            await cured(watched, direct, time.monotonic())
            churn.go_on()

            await asyncio.to_thread(own_engine.kill)
            await asyncio.to_thread(churn.hold)
            answering = await asyncio.to_thread(own_engine.start)
            await cured(watched, direct, answering)
            churn.go_on()

            await asyncio.sleep(CHURN_SECONDS)
        finally:
            await asyncio.to_thread(churn.end)
        await cured(watched, direct, time.monotonic())
        assert sum(churn.done.values()) > 20, churn.last_refusal
