"""The list of jobs: what enter opens."""

from stage import StageApp, dashboard, text_of, until

from tui.jobs.pull import PullJob
from tui.screens.jobs import JobsScreen


async def test_enter_on_a_pull_stays_in_the_list() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        screen.session.jobs.start(PullJob(screen.session.engine, "busybox:latest"))
        await pilot.press("J")
        await until(pilot, lambda: "pull busybox:latest" in text_of(app))
        await pilot.press("enter", "enter")
        await pilot.pause()
        assert isinstance(app.screen, JobsScreen)
