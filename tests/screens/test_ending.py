"""How the app ends: an unexpected error is raised again for one line on the terminal, with no traceback of its own."""

import pytest
from stage import StageApp

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
