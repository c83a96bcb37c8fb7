"""The lists of jobs and of docker lines: what enter opens or copies, and that they follow what happens."""

import pytest
from stage import StageApp, dashboard, text_of, until

from tui.jobs.pull import PullJob
from tui.screens.jobs import JobsScreen
from tui.screens.transfer import TransferScreen


async def test_enter_on_a_pull_opens_its_layers() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        screen.session.jobs.start(PullJob(screen.session.engine, "busybox:latest"))
        await pilot.press("J")
        await until(pilot, lambda: "pull busybox:latest" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TransferScreen))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, JobsScreen))


async def test_the_history_follows_and_enter_copies_the_line_under_the_cursor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await dashboard(pilot)
        copied: list[str] = []
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        first = app.history.begin("docker stop first", "here")
        await pilot.press("H")
        await until(pilot, lambda: "running   docker stop first" in text_of(app))
        first.close("ok")
        app.history.begin("docker stop second", "here")
        await pilot.press("enter")
        assert copied == ["docker stop first"], "what came meanwhile is not under the cursor"
        await until(pilot, lambda: "ok        docker stop first" in text_of(app))
        assert "docker stop second" in text_of(app)
        await pilot.press("enter")
        assert copied == ["docker stop first"] * 2
