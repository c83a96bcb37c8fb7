"""The pager of the log screen: whose ctrl+c is whose, and how hythe comes back whatever becomes of it."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stage import StageApp, dashboard, until
from textual.pilot import Pilot

from tui.screens.logs import LogsScreen


class LendingApp(StageApp):
    """An app that steps aside from no terminal, and comes back as Textual does: from a clean end alone."""

    def __init__(self, pager: str) -> None:
        super().__init__()
        self.environment = {**self.environment, "PAGER": pager}
        self.came_back = 0

    @contextmanager
    def suspend(self) -> Iterator[None]:
        yield
        self.came_back += 1


async def page(pilot: Pilot[int], app: LendingApp) -> None:
    """Open the pager on a log, and wait until the saver is done with it."""
    await dashboard(pilot)
    await pilot.press("slash", *"shop-api-1", "enter", "l")
    await until(pilot, lambda: isinstance(app.screen, LogsScreen) and app.screen.is_mounted, "the log screen")
    screen = app.screen
    assert isinstance(screen, LogsScreen)
    await until(pilot, lambda: len(screen.log_view.buffer) >= 20, "lines")
    await pilot.press("vertical_line")
    await until(pilot, lambda: not any(worker.group == "log-save" for worker in app.workers), "the pager's end")


async def test_ctrl_c_is_the_pagers_and_afterwards_what_it_was(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = f"kill -INT $PPID; cat > {shlex.quote(str(seen))}"
    app, loop = LendingApp(f"sh -c {shlex.quote(script)}"), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lambda: app.on_signal(signal.SIGINT))  # as run_until_left does
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await page(pilot, app)
            assert b"job done" in seen.read_bytes()
            assert (app.came_back, app.is_running) == (1, True)
            told: asyncio.Future[int] = loop.create_future()
            app.on_signal = told.set_result
            os.kill(os.getpid(), signal.SIGINT)
            assert await asyncio.wait_for(told, 10) == signal.SIGINT
            assert app.is_running
    finally:
        loop.remove_signal_handler(signal.SIGINT)


async def test_a_pager_that_does_not_start_leaves_no_dead_terminal(tmp_path: Path) -> None:
    script = tmp_path / "pager"
    script.write_bytes(b"\x7fELF no program")
    script.chmod(0o755)
    app = LendingApp(str(script))
    async with app.run_test(size=(80, 24)) as pilot:
        await page(pilot, app)
        assert app.came_back == 1
        assert any("Exec format error" in each.message for each in app._notifications)
