"""A day's churn in minutes, and whether memory stays flat: `python tests/bench/bench_soak.py [EVENTS] [GIGABYTES]`.

The whole application, without a terminal, follows the events of containers that come and go, and the log of one that
writes as fast as it can. Memory is looked at ten times on the way: from the third time on it must not grow.
"""

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "screens"))

import psutil
from stage import until
from textual.pilot import Pilot

from tui.app import HytheApp
from tui.screens.dashboard import DashboardScreen
from tui.screens.logs import LogsScreen
from tui.settings import Settings
from widgets.log_view import LogView

DAEMON = Path(__file__).parents[1] / "soak_daemon.py"
GROWTH = 8 << 20
"""Bytes that memory may have grown from the third look on: what an allocator keeps for itself."""


def resident() -> int:
    """Bytes of memory that this process has now."""
    gc.collect()
    return psutil.Process().memory_info().rss


async def soak(pilot: Pilot[int], app: HytheApp, events: int, gigabytes: float, go: Callable[[], None]) -> list[int]:
    """Follow it all to the end; memory at ten moments on the way."""
    await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
    screen = app.screen
    assert isinstance(screen, DashboardScreen)
    session = app.session
    assert session is not None
    await until(pilot, lambda: session.state.condition.is_live, "a live feed")
    before = session.state.events
    go()
    await until(pilot, lambda: any(c.name == "torrent" for c in session.state.containers.values()), "the torrent")
    torrent = next(c.id for c in session.state.containers.values() if c.name == "torrent")
    screen.go_to("container", torrent)
    await pilot.press("l")
    await until(pilot, lambda: isinstance(app.screen, LogsScreen), "the log")
    view = app.screen.query_one(LogView)

    def read() -> int:
        return view.buffer.end * 4000

    looks: list[int] = []
    began = time.monotonic()
    while len(looks) < 10:
        await asyncio.sleep(0.2)
        done = min((session.state.events - before) / events, read() / (gigabytes * 1e9) if gigabytes else 1.0)
        if done >= (len(looks) + 1) / 10:
            looks.append(resident())
            print(
                f"{time.monotonic() - began:6.0f} s: {session.state.events - before:>9} events, "
                f"{read() / 1e9:5.2f} GB of log, {looks[-1] / 1e6:.1f} MB",
                file=sys.__stdout__,  # the application has the other
                flush=True,
            )
    assert torrent in session.state.containers
    return looks


async def run(path: str, events: int, gigabytes: float, go: Callable[[], None]) -> list[int]:
    app = HytheApp(Settings(host=f"unix://{path}"), {})
    async with app.run_test(size=(120, 40)) as pilot:
        looks = await soak(pilot, app, events, gigabytes, go)
        await app.shut_down()
        return looks


async def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    gigabytes = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    with tempfile.TemporaryDirectory(prefix="hy-", dir="/tmp") as folder:
        path = f"{folder}/docker.sock"
        pipe = asyncio.subprocess.PIPE
        daemon = await asyncio.create_subprocess_exec(
            sys.executable, str(DAEMON), path, str(events), stdin=pipe, stdout=pipe
        )
        assert daemon.stdin is not None
        assert daemon.stdout is not None
        stdin = daemon.stdin
        try:
            assert await daemon.stdout.readline() == b"ready\n"
            looks = await run(path, events, gigabytes, lambda: stdin.write(b"go\n"))
        finally:
            daemon.terminate()
            await daemon.wait()
    grown = max(looks[3:]) - looks[2]
    print(f"grown since the third look: {grown / 1e6:.1f} MB")
    sys.exit(1 if grown > GROWTH else 0)


if __name__ == "__main__":
    asyncio.run(main())
