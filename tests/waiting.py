"""Waiting for what no event of this process tells: what other processes do."""

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until `true` says so.

    Raises:
        TimeoutError: it never did.
    """
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 see above
            await asyncio.sleep(0.02)
