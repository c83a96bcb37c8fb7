"""The list of jobs: what enter opens."""

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
