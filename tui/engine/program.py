"""Ends a program that was started in a session of its own, with all that it started."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import Final

GRACE_SECONDS: Final = 10.0
"""How long a program may take to end what it does once it is told to."""


async def end_program(process: asyncio.subprocess.Process, grace: float | None = None) -> None:
    """End a program that may have ended, with its process group: kindly first, so that it takes leave of the daemon."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(GRACE_SECONDS if grace is None else grace):
            # one that waits for its output to be read would never end
            await asyncio.gather(*(_drain(stream) for stream in (process.stdout, process.stderr) if stream))
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(1 << 16):
        pass
