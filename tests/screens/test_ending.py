"""How the app ends: an unexpected error is raised again for one line on the terminal, with no traceback of its own."""

import asyncio
import signal

import pytest
from stage import StageApp, dashboard, until

from tui.app import run_until_left


class Broken(StageApp):
    """An app with a bug that shows at the start."""

    def on_mount(self) -> None:
        password = "hunter2"
        raise RuntimeError(f"boom {len(password)}")


async def test_an_unexpected_error_prints_nothing_by_itself(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="boom 7"):
        await run_until_left(Broken(), headless=True)
    out, err = capfd.readouterr()
    assert "hunter2" not in out + err
    assert "Traceback" not in out + err


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 21, 34])
async def test_an_end_while_a_screen_opens_is_no_crash(turns: int) -> None:
    app = StageApp()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await dashboard(pilot)
        image = next(iter(screen.session.state.images))
        app.open_screen("layers", image=image)
        for _ in range(turns):
            await asyncio.sleep(0)
        app.on_signal(signal.SIGHUP)
        await until(pilot, lambda: not app.is_running, "the end")
    assert (app.return_value, app.failure) == (128 + signal.SIGHUP, None)
